/*
 * The sandbox of a worker: Landlock leaves it its inputs, the converters of
 * iconv and the folder that it writes to; seccomp takes away sockets, programs
 * and the memory of other processes. The numbers of the kernel's interface
 * stand here because the system's headers may be older than its kernel. Knows
 * no command.
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

/* A sanitizer reads /proc at the end, a measured build writes its counts. */
#if defined(__SANITIZE_ADDRESS__) || defined(TMGPORT_NO_SANDBOX)
#undef ARCH
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(memory_sanitizer)
#undef ARCH
#endif
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

static const int forbidden[] = {
	SYS_socket, SYS_socketpair, SYS_execve, SYS_execveat, SYS_ptrace, SYS_process_vm_readv, SYS_process_vm_writev,
#ifdef SYS_io_uring_setup
	SYS_io_uring_setup, /* it opens sockets too */
#endif
};

#define FORBIDDEN (sizeof(forbidden) / sizeof(forbidden[0]))
#define REFUSE (SECCOMP_RET_ERRNO | EPERM)

static struct sock_filter
step(uint16_t code, uint32_t k, uint8_t yes, uint8_t no)
{
	struct sock_filter f = { code, yes, no, k };

	return f;
}

/* Calls by another table of numbers (32 bits) are refused altogether. */
static bool
restrict_calls(void)
{
	struct sock_filter code[FORBIDDEN + 8];
	struct sock_fprog program = { 0, code };
	size_t n = 0, i;

	code[n++] = step(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch), 0, 0);
	code[n++] = step(BPF_JMP | BPF_JEQ | BPF_K, ARCH, 1, 0);
	code[n++] = step(BPF_RET | BPF_K, REFUSE, 0, 0);
	code[n++] = step(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr), 0, 0);
#if defined(__x86_64__)
	code[n++] = step(BPF_JMP | BPF_JGE | BPF_K, 0x40000000u, FORBIDDEN + 1, 0);
#endif
	for (i = 0; i < FORBIDDEN; i++)
		code[n++] = step(BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)forbidden[i], (uint8_t)(FORBIDDEN - i), 0);
	code[n++] = step(BPF_RET | BPF_K, SECCOMP_RET_ALLOW, 0, 0);
	code[n++] = step(BPF_RET | BPF_K, REFUSE, 0, 0);
	program.len = (unsigned short)n;
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
	calls = restrict_calls();
	return files && calls;
}

#endif
