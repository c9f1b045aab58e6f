/*
 * The sandbox of a worker, and of what reads other inputs: Landlock leaves it its
 * inputs, the converters of iconv and the folder that it writes to; seccomp takes
 * away sockets, programs, the memory of other processes, typing into the terminal,
 * the owners and modes of files, and writing where nothing may be written; of a worker
 * also signals to others. The numbers of the kernel's interface stand here because the
 * system's headers may be older than its kernel. Knows no command.
 */
#include "cli/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <link.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>

#if defined(__x86_64__)
#define ARCH AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define ARCH AUDIT_ARCH_AARCH64
#elif defined(__riscv) && __riscv_xlen == 64
#define ARCH AUDIT_ARCH_RISCV64
#elif defined(__powerpc64__) && defined(__LITTLE_ENDIAN__)
#define ARCH AUDIT_ARCH_PPC64LE
#endif

#ifdef WATCHED_BUILD
#undef ARCH
#endif

#ifndef ARCH

bool
sandbox_available(void)
{
	return false;
}

bool
sandbox_enter(const struct sandbox *s)
{
	(void)s;
	return false;
}

#else

/* ---- Landlock ------------------------------------------------------------------------- */

#define CALL_CREATE 444
#define CALL_ADD 445
#define CALL_RESTRICT 446
#define ASK_VERSION 1u
#define RULE_PATH 1

#define FS_WRITE (1ull << 1)
#define FS_READ (1ull << 2)
#define FS_LIST (1ull << 3)
#define FS_MAKE_DIR (1ull << 7)
#define FS_MAKE_FILE (1ull << 8)
#define FS_TRUNCATE (1ull << 14)

struct ruleset {
	uint64_t fs, net, scoped;
};

struct rule {
	uint64_t access;
	int32_t folder;
} __attribute__((packed));

static int
landlock_version(void)
{
	long n = syscall(CALL_CREATE, NULL, (size_t)0, ASK_VERSION);

	return n > 0 ? (int)n : 0;
}

/* Everything that this version of the kernel can forbid; the size of what it
 * knows of the structure goes with it. */
static struct ruleset
everything(int version, size_t *size)
{
	struct ruleset all = { 0, 0, 0 };
	unsigned bits = version >= 5 ? 16 : version >= 3 ? 15 : version >= 2 ? 14 : 13;

	all.fs = (1ull << bits) - 1;
	*size = sizeof(all.fs);
	if (version >= 4) {
		all.net = 3; /* bind, connect */
		*size += sizeof(all.net);
	}
	if (version >= 6) {
		all.scoped = 3; /* abstract sockets, signals */
		*size += sizeof(all.scoped);
	}
	return all;
}

/* A right that the kernel does not know would be refused, and one for folders
 * on a file too. */
static void
allow_fd(int rules, const struct ruleset *all, int fd, uint64_t access)
{
	struct rule rule = { access & all->fs, fd };
	struct stat st;

	if (fstat(fd, &st) == 0 && !S_ISDIR(st.st_mode))
		rule.access &= FS_READ | FS_WRITE | FS_TRUNCATE;
	if (rule.access != 0)
		syscall(CALL_ADD, rules, RULE_PATH, &rule, 0u); /* what fails stays forbidden */
}

static void
allow(int rules, const struct ruleset *all, const char *path, uint64_t access)
{
	int fd = open(path, O_PATH | O_CLOEXEC);

	if (fd < 0)
		return;
	allow_fd(rules, all, fd, access);
	close(fd);
}

struct search {
	char path[PATH_MAX];
};

/* The converters lie beside the C library. */
static int
find_converters(struct dl_phdr_info *info, size_t size, void *ctx)
{
	struct search *s = ctx;
	const char *name = info->dlpi_name, *slash = name != NULL ? strrchr(name, '/') : NULL;

	(void)size;
	if (slash == NULL || strncmp(slash, "/libc.", 6) != 0)
		return 0;
	if (snprintf(s->path, sizeof(s->path), "%.*s/gconv", (int)(slash - name), name) >= (int)sizeof(s->path))
		s->path[0] = '\0';
	return 1;
}

static void
allow_converters(int rules, const struct ruleset *all)
{
	struct search s = { "" };
	const char *list = getenv("GCONV_PATH"), *end;

	dl_iterate_phdr(find_converters, &s);
	if (s.path[0] != '\0')
		allow(rules, all, s.path, FS_READ | FS_LIST);
	for (; list != NULL && *list != '\0'; list = *end == ':' ? end + 1 : end) {
		end = list + strcspn(list, ":");
		if (snprintf(s.path, sizeof(s.path), "%.*s", (int)(end - list), list) < (int)sizeof(s.path))
			allow(rules, all, s.path, FS_READ | FS_LIST);
	}
}

static bool
restrict_files(const struct sandbox *s)
{
	int version = landlock_version(), rules;
	struct ruleset all;
	size_t size, i;
	bool good;

	if (version == 0)
		return false;
	all = everything(version, &size);
	rules = (int)syscall(CALL_CREATE, &all, size, 0u);
	if (rules < 0)
		return false;
	for (i = 0; i < s->file_count; i++)
		allow(rules, &all, s->files[i], FS_READ | FS_LIST);
	if (s->folder != NULL)
		allow(rules, &all, s->folder, FS_READ | FS_LIST);
	allow_converters(rules, &all);
	if (s->write >= 0)
		allow_fd(
		    rules, &all, s->write, FS_READ | FS_LIST | FS_WRITE | FS_TRUNCATE | FS_MAKE_DIR | FS_MAKE_FILE);
	good = syscall(CALL_RESTRICT, rules, 0u) == 0;
	close(rules);
	return good;
}

/* ---- seccomp -------------------------------------------------------------------------- */

/* Ways to another process, to the network, or to files past what Landlock watches: it leaves
 * owners, modes, times and attributes of files alone. */
static const int forbidden[] = {
	SYS_socket,
	SYS_socketpair,
	SYS_execve,
	SYS_execveat,
	SYS_ptrace,
	SYS_process_vm_readv,
	SYS_process_vm_writev,
	SYS_fchownat,
	SYS_fchown,
	SYS_fchmodat,
	SYS_fchmod,
	SYS_utimensat,
	SYS_setxattr,
	SYS_lsetxattr,
	SYS_fsetxattr,
	SYS_removexattr,
	SYS_lremovexattr,
	SYS_fremovexattr,
	SYS_mount,
	SYS_umount2,
	SYS_pivot_root,
	SYS_chroot,
	SYS_unshare,
	SYS_setns,
	SYS_bpf,
	SYS_perf_event_open,
	SYS_keyctl,
	SYS_add_key,
	SYS_request_key,
	SYS_open_by_handle_at,
	SYS_init_module,
	SYS_finit_module,
	SYS_kexec_load,
	SYS_reboot,
	SYS_tkill,
	SYS_rt_sigqueueinfo,
	SYS_rt_tgsigqueueinfo,
	SYS_mknodat, /* as open below: a file could be born with rights that no one may give it later */

#ifdef SYS_chmod
	SYS_chmod,
	SYS_chown,
	SYS_lchown,
	SYS_utime,
	SYS_utimes,
	SYS_futimesat,
#endif
#ifdef SYS_creat
	SYS_creat,
	SYS_mknod,
#endif
#ifdef SYS_openat2
	SYS_openat2, /* its flags cannot be seen here */
#endif
#ifdef SYS_fsopen
	SYS_open_tree,
	SYS_move_mount,
	SYS_fsopen,
	SYS_fsmount,
#endif
#ifdef SYS_mount_setattr
	SYS_mount_setattr,
#endif
#ifdef SYS_pidfd_send_signal
	SYS_pidfd_send_signal,
#endif
#ifdef SYS_userfaultfd
	SYS_userfaultfd,
#endif
#ifdef SYS_io_uring_setup
	SYS_io_uring_setup, /* it opens sockets and files too */
#endif
#ifdef SYS_pidfd_getfd
	SYS_pidfd_getfd,
#endif
#ifdef SYS_fchmodat2
	SYS_fchmodat2,
#endif
};

/* What changes a file system, for a process that has no folder to write to: on a kernel
 * without Landlock, too, it can then change nothing but what is open already. */
static const int writing[] = {
	SYS_mkdirat,
	SYS_unlinkat,
	SYS_linkat,
	SYS_symlinkat,
	SYS_truncate,
#ifdef SYS_renameat
	SYS_renameat,
#endif
#ifdef SYS_mkdir
	SYS_mkdir,
	SYS_unlink,
	SYS_rmdir,
	SYS_rename,
	SYS_link,
	SYS_symlink,
#endif
#ifdef SYS_renameat2
	SYS_renameat2,
#endif
};

/* Orders to a terminal that is open already: what they put into it, the user's shell would run. */
static const uint32_t typing[] = { TIOCSTI, TIOCLINUX };

#define FORBIDDEN (sizeof(forbidden) / sizeof(forbidden[0]))
#define WRITING (sizeof(writing) / sizeof(writing[0]))
#define REFUSE (SECCOMP_RET_ERRNO | EPERM)
#define WRITE_FLAGS (O_ACCMODE | O_CREAT | O_TRUNC)
#define MAKE_FLAGS (O_CREAT | (O_TMPFILE & ~O_DIRECTORY))
#define ROOM_BESIDE 40 /* steps that are not one of the above */
#define LOW_HALF(n) \
	((uint32_t)(offsetof(struct seccomp_data, args) + 8 * (n))) /* the machines above are little-endian */
#define TO_REFUSE 255                                               /* a jump that is set at the end */

struct filter {
	struct sock_filter code[FORBIDDEN + WRITING + ROOM_BESIDE];
	size_t n;
};

static void
step(struct filter *f, uint16_t code, uint32_t k, uint8_t yes, uint8_t no)
{
	f->code[f->n++] = (struct sock_filter){ code, yes, no, k };
}

static void
refuse_calls(struct filter *f, const int *calls, size_t count)
{
	for (size_t i = 0; i < count; i++)
		step(f, BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)calls[i], TO_REFUSE, 0);
}

/* A call whose argument `n` holds flags of open; the number of the call is loaded. */
static void
refuse_flags(struct filter *f, int call, int n)
{
	step(f, BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)call, 0, 3);
	step(f, BPF_LD | BPF_W | BPF_ABS, LOW_HALF(n), 0, 0);
	step(f, BPF_JMP | BPF_JSET | BPF_K, WRITE_FLAGS, TO_REFUSE, 0);
	step(f, BPF_RET | BPF_K, SECCOMP_RET_ALLOW, 0, 0);
}

/* A call that may make a file, `flags` and `mode` being its arguments: no file is born set-user-ID. */
static void
refuse_modes(struct filter *f, int call, int flags, int mode)
{
	step(f, BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)call, 0, 5);
	step(f, BPF_LD | BPF_W | BPF_ABS, LOW_HALF(flags), 0, 0);
	step(f, BPF_JMP | BPF_JSET | BPF_K, MAKE_FLAGS, 0, 2);
	step(f, BPF_LD | BPF_W | BPF_ABS, LOW_HALF(mode), 0, 0);
	step(f, BPF_JMP | BPF_JSET | BPF_K, S_ISUID | S_ISGID, TO_REFUSE, 0);
	step(f, BPF_RET | BPF_K, SECCOMP_RET_ALLOW, 0, 0);
}

static void
refuse_typing(struct filter *f)
{
	size_t n = sizeof(typing) / sizeof(typing[0]);

	step(f, BPF_JMP | BPF_JEQ | BPF_K, SYS_ioctl, 0, (uint8_t)(n + 2));
	step(f, BPF_LD | BPF_W | BPF_ABS, LOW_HALF(1), 0, 0);
	for (size_t i = 0; i < n; i++)
		step(f, BPF_JMP | BPF_JEQ | BPF_K, typing[i], TO_REFUSE, 0);
	step(f, BPF_RET | BPF_K, SECCOMP_RET_ALLOW, 0, 0);
}

/* Who ends workers may signal by number; any process may signal itself, as abort() does. */
static void
refuse_signals(struct filter *f, bool alone)
{
	if (!alone)
		return;
	step(f, BPF_JMP | BPF_JEQ | BPF_K, SYS_kill, TO_REFUSE, 0);
	step(f, BPF_JMP | BPF_JEQ | BPF_K, SYS_tgkill, 0, 3);
	step(f, BPF_LD | BPF_W | BPF_ABS, LOW_HALF(0), 0, 0);
	step(f, BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)getpid(), 0, TO_REFUSE);
	step(f, BPF_RET | BPF_K, SECCOMP_RET_ALLOW, 0, 0);
}

/* Calls by another table of numbers (32 bits) are refused altogether. */
static bool
restrict_calls(bool writes, bool alone)
{
	struct filter f = { .n = 0 };
	struct sock_fprog program = { 0, f.code };

	step(&f, BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch), 0, 0);
	step(&f, BPF_JMP | BPF_JEQ | BPF_K, ARCH, 0, TO_REFUSE);
	step(&f, BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr), 0, 0);
#if defined(__x86_64__)
	step(&f, BPF_JMP | BPF_JGE | BPF_K, 0x40000000u, TO_REFUSE, 0);
#endif
	refuse_calls(&f, forbidden, FORBIDDEN);
	refuse_typing(&f);
	refuse_signals(&f, alone);
	if (writes) {
#ifdef SYS_open
		refuse_modes(&f, SYS_open, 1, 2);
#endif
		refuse_modes(&f, SYS_openat, 2, 3);
	} else {
		refuse_calls(&f, writing, WRITING);
#ifdef SYS_open
		refuse_flags(&f, SYS_open, 1);
#endif
		refuse_flags(&f, SYS_openat, 2);
	}
	step(&f, BPF_RET | BPF_K, SECCOMP_RET_ALLOW, 0, 0);
	step(&f, BPF_RET | BPF_K, REFUSE, 0, 0);
	for (size_t i = 0; i < f.n; i++) {
		if (f.code[i].jt == TO_REFUSE)
			f.code[i].jt = (uint8_t)(f.n - 2 - i);
		if (f.code[i].jf == TO_REFUSE)
			f.code[i].jf = (uint8_t)(f.n - 2 - i);
	}
	program.len = (unsigned short)f.n;
	return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program, 0, 0) == 0;
}

/* ---- both ------------------------------------------------------------------------------ */

bool
sandbox_available(void)
{
	return landlock_version() > 0 && prctl(PR_GET_SECCOMP, 0, 0, 0, 0) >= 0;
}

bool
sandbox_enter(const struct sandbox *s)
{
	bool files, calls;

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
		return false;
	files = restrict_files(s);
	calls = restrict_calls(s->write >= 0, s->alone);
	return files && calls;
}

#endif
