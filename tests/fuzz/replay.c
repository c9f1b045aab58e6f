/*
 * Runs a fuzz target over the files in folders, without a fuzzing engine: any
 * compiler can build it, and what was found once is tried again by every run of
 * the tests. Prints how many inputs there were. With --oracle it tries instead
 * whether the assertions refuse what they should. Must not know the targets.
 */
#include "fuzz.h"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static size_t inputs;

static void
one(const char *path)
{
	struct strbuf b;
	uint8_t *copy;
	char piece[8192];
	size_t n;
	FILE *f = fopen(path, "rb");

	FZ(f != NULL, "cannot read %s", path);
	sb_init(&b, NULL);
	while ((n = fread(piece, 1, sizeof(piece), f)) > 0)
		sb_putn(&b, piece, n);
	fclose(f);
	/* Exactly as large as it is, so that a sanitizer sees a byte too many. */
	copy = malloc(b.len + (b.len == 0));
	FZ(copy != NULL && !b.failed, "no memory");
	memcpy(copy, b.s, b.len);
	printf("%s\n", path);
	fflush(stdout);
	LLVMFuzzerTestOneInput(copy, b.len);
	inputs++;
	free(copy);
	sb_free(&b);
}

static void
all(const char *path)
{
	struct dirent **list;
	struct stat st;
	int n;

	FZ(stat(path, &st) == 0, "there is no %s", path);
	if (!S_ISDIR(st.st_mode)) {
		one(path);
		return;
	}
	n = scandir(path, &list, NULL, alphasort);
	for (int i = 0; i < n; i++) {
		char below[4096];

		if (list[i]->d_name[0] != '.') {
			snprintf(below, sizeof(below), "%s/%s", path, list[i]->d_name);
			all(below);
		}
		free(list[i]);
	}
	if (n >= 0)
		free(list);
}

/* ---- the assertions themselves --------------------------------------------------- */

typedef void oracle(const char *what, const char *s, size_t n);

/* A file and a folder beside the scratch folder, and a way out of it. */
static void
guard(const char *what, const char *s, size_t n)
{
	char path[200];

	(void)n;
	snprintf(path, sizeof(path), "%s%s", fz_scratch(), s);
	fz_guard(true);
	FZ(mkdir(path, 0700) == 0 && open(path, O_RDONLY | O_DIRECTORY) >= 0, "%s", what);
	fz_guard(false);
	rmdir(path);
}

static const struct {
	const char *name;
	oracle *run;
	const char *good, *bad[6];
} oracles[] = {
	{ "plain", fz_plain, "one\n\ttwo \xc3\xa4\n", { "\x1b[31m", "\xff", "a\xe2\x80\xae", "\xc3", "\x7f" } },
	{ "json", fz_json, "{\"a\": [1]}\n", { "{\"a\": [1}", "{\"a\": 1, \"a\": 2}", "{\"a\": \"\xff\"}", "" } },
	{ "nginx", fz_nginx, "# a }\nmap $x $y {\n\tany 1;\n}\nserver {\n\tserver_name \"a;}b\" 'c';\n}\n",
	    { "server {\n\tserver_name a; lua_code b;\n}\n", "server {\n", "server_name \"a;\n",
		"server_name \"a\"b;\n", "}\n", "map $x $y {\n\ta b c;\n}\n" } },
	{ "haproxy", fz_haproxy, "# it's\nbackend b\n\tserver s 'a b' \"c\\\"\" # it's\n",
	    { "backend b\n\texternal-check command x\n", "peers p\n", "backend b\n\tserver 'a\n",
		"backend b\n\tserver a \\\n", "backend b" } },
	{ "map", fz_map, "# comment\na/ b\n", { "a\n", " b\n", "a b" } },
	{ "guard", guard, "/out", { "-beside", "/../beside-tmgport-fuzz" } },
};

/* In a process of its own, since an assertion ends it. */
static bool
refuses(oracle *run, const char *text)
{
	int status = 0;
	pid_t pid = fork();

	if (pid == 0) {
		const struct rlimit none = { 0, 0 };

		setrlimit(RLIMIT_CORE, &none);
		FZ(freopen("/dev/null", "w", stderr) != NULL, "no /dev/null");
		run("test", text, strlen(text));
		_exit(0);
	}
	FZ(pid > 0 && waitpid(pid, &status, 0) == pid, "no process");
	return WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT;
}

static int
try_oracle(const char *name)
{
	size_t i = 0;

	while (i < ARRAY_LEN(oracles) && strcmp(oracles[i].name, name) != 0)
		i++;
	FZ(i < ARRAY_LEN(oracles), "no oracle %s", name);
	fz_scratch();
	FZ(!refuses(oracles[i].run, oracles[i].good), "refuses what is good");
	for (size_t k = 0; k < ARRAY_LEN(oracles[i].bad) && oracles[i].bad[k] != NULL; k++)
		FZ(refuses(oracles[i].run, oracles[i].bad[k]), "lets %zu pass", k);
	return 0;
}

int
main(int argc, char **argv)
{
	if (argc == 3 && strcmp(argv[1], "--oracle") == 0)
		return try_oracle(argv[2]);
	for (int i = 1; i < argc; i++)
		all(argv[i]);
	printf("%zu inputs\n", inputs);
	return inputs > 0 ? 0 : 1;
}
