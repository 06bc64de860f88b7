#include "support/test.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/lookup.h"
#include "lab/box.h"
#include "support/smallroot.h"

/* No machine under load takes longer; a right program never waits it out. */
#define PATIENCE_MS 10000
#define PATIENCE_US (PATIENCE_MS * UINT64_C(1000))

/* A limit that is waited out. */
#define SHORT_US UINT64_C(100000)

/* ---- a box of a few programs ----------------------------------------------- */

/* Characters that mean something in the options of an overlay; below the place that a
 * box hides. */
static char root[] = "/tmp/lab-box,:\\ XXXXXX";
static struct netns *ns;
static char why_not[BOX_WHY_MAX];

static void set_up(void)
{
	struct ip world = { 4, { 192, 0, 2, 53 } };
	struct netns_options o = { .world = &world, .n_world = 1 };

	ns = netns_new(&o, why_not);
	if (ns == NULL)
		return;
	if (smallroot_make(root, 0) != 0)
		snprintf(why_not, sizeof(why_not), "no root for tests: %s",
			strerror(errno));
}

static void tear_down(void)
{
	netns_free(ns);
	smallroot_remove(root);
}

static struct box *try(struct box_options o, char why[BOX_WHY_MAX])
{
	o.netns = ns;
	if (o.root == NULL)
		o.root = root;
	if (o.hostname == NULL)
		o.hostname = "mx.sender.example";
	return box_new(&o, why);
}

static struct box *make_or_skip(struct box_options o)
{
	struct box *b = NULL;

	if (why_not[0] == '\0')
		b = try(o, why_not);
	if (b == NULL) {
		print_message("skipped: %s\n", why_not);
		skip();
	}
	return b;
}

static struct box *plain(void)
{
	return make_or_skip((struct box_options){ 0 });
}

static void expect(struct box *b, const char *script, int status, const char *output)
{
	struct box_result r;

	box_run(b, script, NULL, NULL, PATIENCE_US, &r);
	assert_string_equal(r.output, output);
	assert_int_equal(r.status, status);
}

/* ---- one command ---------------------------------------------------------- */

static const char *const odd[] = { "it's \"$HOME\"\n*", "", "\\", NULL };
static const char *const environment[] = { "LAB_SENDER=a b@'x'", "LAB_IPV6=no" };

static const struct run_row {
	const char *name, *script;
	int status;
	const char *output;
	const char *const *args;
	const char *input;
} runs[] = {
	{ "nothing is said", ":", 0, "" },
	{ "output and status come back", "echo out; exit 3", 3, "out\n" },
	{ "errors are among the output", "echo a; echo b >&2; echo c", 0, "a\nb\nc\n" },
	{ "arguments arrive unharmed", "printf '<%s>' \"$@\"", 0,
		"<it's \"$HOME\"\n*><><\\>", odd },
	{ "input arrives", "cat; echo end", 0, "in\nputend\n", NULL, "in\nput" },
	{ "no input is an empty one", "cat; echo end", 0, "end\n" },
	{ "a crash has its signal", "kill -SEGV $$", 128 + SIGSEGV, "" },
	{ "a killed shell has its signal", "kill -KILL $$", 128 + SIGKILL, "" },
	{ "a missing program is the shell's business", "exec nothing 2>/dev/null", 127,
		"" },
	{ "the environment is what was said, and no more",
		"echo $PATH; echo $HOME $LC_ALL $LAB_IPV6; echo \"$LAB_SENDER$USER\"",
		0,
		"/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin\n"
		"/root C no\na b@'x'\n" },
	{ "the host has its name", "cat /proc/sys/kernel/hostname", 0,
		"mx.sender.example\n" },
	{ "a shell starts at the root, and files are for all to read",
		"pwd; umask; echo >/tmp/x; stat -c %a /tmp/x", 0, "/\n0022\n644\n" },
	{ "other processes are not seen", "set -- /proc/[0-9]*; echo $#", 0, "2\n" },
	{ "no descriptor but three",
		"i=0; while [ $i -lt 100 ]; do [ ! -e /proc/$$/fd/$i ] || echo $i; "
		"i=$((i+1)); done",
		0, "0\n1\n2\n" },
	{ "devices work",
		"head -c 3 /dev/zero | wc -c; echo >/dev/null\n"
		"head -c 3 /dev/urandom | wc -c; echo x 2>/dev/null >/dev/full || echo "
		"full",
		0, "3\n3\nfull\n" },
	{ "the kernel's settings are not to be changed",
		"(echo 1 >/proc/sys/kernel/panic) 2>/dev/null || echo no; "
		"(echo >/proc/sysrq-trigger) 2>/dev/null || echo no",
		0, "no\nno\n" },
	{ "nothing of the host is mounted",
		"while read -r what at type rest; do case $type in\n"
		"overlay|proc|devpts|devtmpfs) ;; tmpfs) case $at in /dev*) ;;\n"
		"*) echo $at $type;; esac;; *) echo $at $type;; esac\n"
		"done </proc/self/mounts",
		0, "" },
};

static void comes_back(void **state)
{
	const struct run_row *row = *state;
	struct box *b =
		make_or_skip((struct box_options){ .env = environment, .n_env = 2 });
	struct box_result r;

	box_run(b, row->script, row->args, row->input, PATIENCE_US, &r);
	assert_string_equal(r.output, row->output);
	assert_int_equal(r.output_len, strlen(row->output));
	assert_int_equal(r.status, row->status);
	assert_false(r.cut);
	box_free(b);
}

static void long_ones(void **state)
{
	/* More than a packet of a socket or a pipe takes. */
	enum { LONG = 100000, ARGS = 1000 };
	char *script = malloc(LONG + 32), *input = malloc(LONG * 10 + 1);
	const char *args[ARGS + 1];
	struct box *b = plain();
	struct box_result r;

	(void)state;
	memset(script, ' ', LONG);
	snprintf(script + LONG, 32, "wc -c; echo $#");
	memset(input, 'x', LONG * 10);
	input[LONG * 10] = '\0';
	for (size_t i = 0; i < ARGS; i++)
		args[i] = "an argument of some length, and another one";
	args[ARGS] = NULL;
	box_run(b, script, args, input, PATIENCE_US, &r);
	assert_string_equal(r.output, "1000000\n1000\n");
	/* Longer than the kernel takes as one argument (execve(2)). */
	box_run(b, input, NULL, NULL, PATIENCE_US, &r);
	assert_string_equal(r.output, "cannot run /bin/sh: Argument list too long\n");
	assert_int_equal(r.status, 126);
	free(script);
	free(input);
	box_free(b);
}

/* ---- too much ------------------------------------------------------------- */

static const struct much_row {
	const char *name, *script;
	bool cut;
	size_t len;
} much[] = {
	{ "output just below the limit is whole", "yes | head -c 1048575", false,
		BOX_OUTPUT_MAX - 1 },
	{ "output at the limit is whole", "yes | head -c 1048576", false,
		BOX_OUTPUT_MAX },
	{ "output above the limit is cut", "yes | head -c 1048577", true,
		BOX_OUTPUT_MAX },
	{ "much output is cut", "yes | head -c 9000000", true, BOX_OUTPUT_MAX },
};

static void is_bounded(void **state)
{
	const struct much_row *row = *state;
	struct box *b = plain();
	struct box_result r;

	box_run(b, row->script, NULL, NULL, PATIENCE_US, &r);
	assert_int_equal(r.status, 0);
	assert_int_equal(r.output_len, row->len);
	assert_int_equal(r.cut, row->cut);
	expect(b, "echo alive", 0, "alive\n");
	box_free(b);
}

static void endless_output(void **state)
{
	struct box *b = plain();
	struct box_result r;

	(void)state;
	box_run(b, "yes", NULL, NULL, SHORT_US, &r);
	assert_int_equal(r.status, -1);
	assert_true(r.output_len <= BOX_OUTPUT_MAX);
	expect(b, "echo alive", 0, "alive\n");
	box_free(b);
}

static const struct disk_row {
	const char *name, *script, *output;
} disks[] = {
	{ "a file that fits is written",
		"head -c 3000000 /dev/zero >/x && stat -c %s /x", "3000000\n" },
	{ "a full disk is ENOSPC", "head -c 9000000 /dev/zero >/x",
		"head: error writing 'standard output': No space left on device\n" },
	{ "shared memory counts, too", "head -c 9000000 /dev/zero >/dev/shm/x",
		"head: error writing 'standard output': No space left on device\n" },
	{ "there is no end of small files before there is no room",
		"i=0; while [ $i -lt 9000 ] && true 2>/dev/null >/tmp/$i; do "
		"i=$((i+1)); done; [ $i -gt 1000 ] && [ $i -lt 5000 ] && echo enough",
		"enough\n" },
};

static void disk_is_bounded(void **state)
{
	const struct disk_row *row = *state;
	struct box *b = make_or_skip((struct box_options){ .bytes = 4 << 20 });
	struct box_result r;

	box_run(b, row->script, NULL, NULL, PATIENCE_US, &r);
	assert_string_equal(r.output, row->output);
	expect(b, "echo alive", 0, "alive\n");
	box_free(b);
}

/* ---- time, and what goes on in the background ----------------------------- */

static void time_is_up(void **state)
{
	struct box *b = plain();
	struct box_result r;

	(void)state;
	box_run(b, "sleep 1000 & echo $!; trap '' TERM; sleep 1000; echo no", NULL,
		NULL, SHORT_US, &r);
	assert_int_equal(r.status, -1);
	/* Nobody but process 1 and the one that looks. */
	expect(b,
		"while set -- /proc/[0-9]*; [ $# -gt 2 ]; do sleep 0.01; done; echo "
		"gone",
		0, "gone\n");
	box_free(b);
}

static void background(void **state)
{
	struct box *b = plain();

	(void)state;
	/* Writes more than a pipe holds, to nobody, after the shell has ended. */
	expect(b,
		"mkfifo /go /done; "
		"(read x </go; yes | head -c 300000; echo $? >/done) & echo started",
		0, "started\n");
	expect(b, "echo >/go; cat /done", 0, "0\n");
	box_free(b);
}

/* More of them than outputs are kept. */
static void many_in_the_background(void **state)
{
	struct box *b = plain();

	(void)state;
	for (int i = 0; i < 40; i++)
		expect(b, "sleep 1000 & echo x", 0, "x\n");
	expect(b, "set -- /proc/[0-9]*; echo $#", 0, "42\n");
	box_free(b);
}

static int pidfd(pid_t pid)
{
	return (int)syscall(SYS_pidfd_open, pid, 0);
}

static bool ended(int fd, int ms)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };

	return poll(&p, 1, ms) == 1;
}

/* One of the children of process 1, which is a daemon then. */
static int pidfd_of_child(pid_t init)
{
	char path[64], text[32] = "";
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/task/%d/children", (int)init, (int)init);
	f = fopen(path, "r");
	if (f == NULL)
		return -1;
	if (fgets(text, sizeof(text), f) == NULL)
		text[0] = '\0';
	fclose(f);
	return pidfd((pid_t)strtol(text, NULL, 10));
}

static const char daemon_script[] =
	"mkfifo /up; (setsid sh -c 'trap \"\" TERM INT HUP; echo up >/up; "
	"exec sleep 1000 >/dev/null 2>&1' &); cat /up";

static void daemons_end(void **state)
{
	struct box *b = plain();
	int fd;

	(void)state;
	expect(b, daemon_script, 0, "up\n");
	fd = pidfd_of_child((pid_t)box_pid(b));
	assert_true(fd >= 0);
	assert_false(ended(fd, 0));
	box_free(b);
	assert_true(ended(fd, 0));
	close(fd);
}

/* ---- the end of process 1 ------------------------------------------------- */

static void init_is_killed(void **state)
{
	struct box *b = plain();
	struct box_result r;

	(void)state;
	assert_int_equal(kill(box_pid(b), SIGKILL), 0);
	box_run(b, "echo no", NULL, NULL, PATIENCE_US, &r);
	assert_int_equal(r.status, -2);
	box_run(b, "echo no", NULL, NULL, PATIENCE_US, &r);
	assert_int_equal(r.status, -2);
	assert_string_equal(r.output, "");
	box_free(b);
}

/* Until a child is seen: some seconds. */
#define LOOKS 1000000

static void *run_long(void *ctx)
{
	struct box_result r;

	box_run(ctx, "mkfifo /x; cat /x", NULL, NULL, PATIENCE_US, &r);
	return (void *)(intptr_t)r.status;
}

static void init_is_killed_at_work(void **state)
{
	struct box *b = plain();
	pthread_t t;
	void *status;
	int fd = -1;

	(void)state;
	assert_int_equal(pthread_create(&t, NULL, run_long, b), 0);
	for (int i = 0; fd < 0 && i < LOOKS; i++)
		fd = pidfd_of_child((pid_t)box_pid(b));
	assert_true(fd >= 0);
	assert_int_equal(kill(box_pid(b), SIGKILL), 0);
	assert_int_equal(pthread_join(t, &status), 0);
	assert_int_equal((int)(intptr_t)status, -2);
	assert_true(ended(fd, PATIENCE_MS));
	close(fd);
	box_free(b);
}

/* ---- the end of the owner ------------------------------------------------- */

static long mounts(void)
{
	FILE *f = fopen("/proc/self/mounts", "r");
	long n = 0;

	assert_non_null(f);
	for (int c; (c = fgetc(f)) != EOF;)
		n += c == '\n';
	fclose(f);
	return n;
}

static void *box_with_daemon(void *ctx)
{
	struct box *b = try((struct box_options){ 0 }, why_not);
	struct box_result r;

	(void)ctx;
	if (b == NULL)
		return NULL;
	box_run(b, daemon_script, NULL, NULL, PATIENCE_US, &r);
	return r.status == 0 ? b : NULL;
}

enum { BOXES = 3 };

/* Makes boxes, each in a thread of its own, frees the first and says which processes
 * the others are. */
static void own(int to)
{
	pthread_t t[BOXES];
	void *b[BOXES];
	struct box_result r;
	pid_t pids[BOXES - 1];

	for (size_t i = 0; i < BOXES; i++)
		pthread_create(&t[i], NULL, box_with_daemon, NULL);
	for (size_t i = 0; i < BOXES; i++) {
		pthread_join(t[i], &b[i]);
		if (b[i] == NULL)
			_exit(1);
	}
	box_free(b[0]);
	for (size_t i = 1; i < BOXES; i++) {
		box_run(b[i], "echo alive", NULL, NULL, PATIENCE_US, &r);
		if (r.status != 0 || strcmp(r.output, "alive\n") != 0)
			_exit(2);
		pids[i - 1] = (pid_t)box_pid(b[i]);
	}
	(void)!write(to, pids, sizeof(pids));
	for (;;)
		pause();
}

static void kill_leaves_nothing(void **state)
{
	pid_t owner, inits[BOXES - 1];
	int to[2], fds[2 * (BOXES - 1)];
	long before;

	(void)state;
	box_free(plain());
	before = mounts();
	assert_int_equal(pipe(to), 0);
	owner = fork();
	if (owner == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		own(to[1]);
	}
	close(to[1]);
	assert_int_equal(read(to[0], inits, sizeof(inits)), sizeof(inits));
	for (size_t i = 0; i < BOXES - 1; i++) {
		fds[2 * i] = pidfd(inits[i]);
		fds[2 * i + 1] = pidfd_of_child(inits[i]);
	}
	assert_int_equal(kill(owner, SIGKILL), 0);
	assert_int_equal(waitpid(owner, NULL, 0), owner);
	for (size_t i = 0; i < ARRAY_LEN(fds); i++) {
		assert_true(fds[i] >= 0);
		assert_true(ended(fds[i], PATIENCE_MS));
		close(fds[i]);
	}
	assert_int_equal(mounts(), before);
	close(to[0]);
}

static void heed(int signal)
{
	(void)signal;
}

/* As the program is when somebody types Ctrl-C: all of its process group hear it. */
static int interrupted(void)
{
	struct box_result r;
	struct box *b;

	if (setpgid(0, 0) != 0 || signal(SIGINT, heed) == SIG_ERR)
		return 1;
	b = try((struct box_options){ 0 }, why_not);
	if (b == NULL || kill(0, SIGINT) != 0 || kill(box_pid(b), SIGINT) != 0)
		return 2;
	box_run(b, "echo alive", NULL, NULL, PATIENCE_US, &r);
	box_free(b);
	return r.status == 0 ? 0 : 3;
}

static int status_of(pid_t pid)
{
	int status;

	assert_true(pid > 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static void ctrl_c(void **state)
{
	pid_t pid;

	(void)state;
	box_free(plain());
	pid = fork();
	if (pid == 0)
		_exit(interrupted());
	assert_int_equal(status_of(pid), 0);
}

/* ---- files ---------------------------------------------------------------- */

static void files(void **state)
{
	static const struct box_file list[] = {
		{ "/etc/deep/er/x", "text", 0600 },
		{ "/etc/file", "after\n" },
		{ "/etc/link", "" },
		{ "/bin/tool", "#!/bin/sh\necho tool\n", 0755 },
	};
	struct box *b = make_or_skip(
		(struct box_options){ .files = list, .n_files = ARRAY_LEN(list) });

	(void)state;
	expect(b,
		"stat -c '%a %s %F' /etc/deep/er/x /etc/file /etc/link; "
		"cat /etc/file; tool",
		0,
		"600 4 regular file\n644 6 regular file\n644 0 regular empty file\n"
		"after\ntool\n");
	box_free(b);
}

static void root_stays(void **state)
{
	struct box *b = plain();
	struct stat before, after;
	char path[sizeof(root) + 16];

	(void)state;
	snprintf(path, sizeof(path), "%s/etc/file", root);
	assert_int_equal(stat(path, &before), 0);
	expect(b, "echo more >>/etc/file; rm -r /etc /bin/cat; echo >/new", 0, "");
	box_free(b);
	assert_int_equal(stat(path, &after), 0);
	assert_int_equal(after.st_size, before.st_size);
	assert_int_equal(after.st_mtim.tv_nsec, before.st_mtim.tv_nsec);
	snprintf(path, sizeof(path), "%s/new", root);
	assert_int_equal(access(path, F_OK), -1);
	b = plain();
	expect(b, "cat /etc/file", 0, "before\n");
	box_free(b);
}

/* ---- the log -------------------------------------------------------------- */

static void syslog_arrives(void **state)
{
	struct box *b = plain();

	(void)state;
	expect(b, "logger -p mail.info -t postfix 'to=<a@b>, status=sent'", 0, "");
	expect(b,
		"while read -r mon day time rest; do echo \"$rest\"; done "
		"</var/log/lab.log; stat -c %a /dev/log",
		0, "postfix: to=<a@b>, status=sent\n666\n");
	box_free(b);
}

static void syslog_is_bounded(void **state)
{
	struct box *b = plain();
	struct box_result r;
	long size;

	(void)state;
	/* Lines of 901 octets, 6 million. */
	box_run(b,
		"x=123456789; x=$x$x$x$x$x$x$x$x$x$x; x=$x$x$x$x$x$x$x$x$x$x; "
		"yes $x | head -c 6000000 | logger -t flood",
		NULL, NULL, PATIENCE_US, &r);
	assert_int_equal(r.status, 0);
	box_run(b, "stat -c %s /var/log/lab.log", NULL, NULL, PATIENCE_US, &r);
	size = strtol(r.output, NULL, 10);
	assert_true(size <= (long)BOX_LOG_MAX);
	assert_true(size > (long)BOX_LOG_MAX - 1000);
	box_free(b);
}

/* ---- what cannot be ------------------------------------------------------- */

static const struct bad_row {
	const char *name;
	struct box_options options;
	const char *why;
} bad[] = {
	{ "a root that is not there", { .root = "/tmp/no/root" },
		"cannot enter the package root /tmp/no/root: No such file or "
		"directory" },
	{ "a name that is too long",
		{ .hostname = "a123456789a123456789a123456789a123456789a123456789a12345"
			      "6789a123456789" },
		"cannot set the host's name "
		"a123456789a123456789a123456789a123456789a123456789a123456789a123456789"
		": Invalid argument" },
	{ "a file that cannot be",
		{ .files = &(struct box_file){ "/etc/file/x", "" }, .n_files = 1 },
		"cannot replace /etc/file/x: Not a directory" },
};

static void is_refused(void **state)
{
	const struct bad_row *row = *state;
	char why[BOX_WHY_MAX] = "";

	box_free(plain());
	assert_null(try(row->options, why));
	assert_string_equal(why, row->why);
}

/* ---- another user --------------------------------------------------------- */

#define NOBODY 65534
#define CANNOT 77

static int as_nobody(void)
{
	static char own_root[] = "/tmp/lab-box-XXXXXX";
	struct box_result r = { .status = -3 };
	char why[BOX_WHY_MAX];
	struct box *b = NULL;

	if (geteuid() == 0 &&
		(setgroups(0, NULL) != 0 || setgid(NOBODY) != 0 || setuid(NOBODY) != 0))
		return CANNOT;
	/* A change of user takes /proc/self away from it. */
	prctl(PR_SET_DUMPABLE, 1);
	if (netns_is_unprivileged())
		return CANNOT;
	if (netns_prepare(why) != 0) {
		print_message("skipped: %s\n", why);
		return CANNOT;
	}
	ns = netns_new(&(struct netns_options){ 0 }, why);
	if (ns != NULL && smallroot_make(own_root, 0) == 0)
		b = try((struct box_options){ .root = own_root }, why);
	if (b != NULL)
		box_run(b,
			"set -e; rm -r /etc; mkdir /etc; ls /etc; logger x; "
			"cat /proc/sys/kernel/hostname; set -- /proc/[0-9]*; echo $#",
			NULL, NULL, PATIENCE_US, &r);
	else
		print_message("%s\n", why);
	if (r.status == 0 && strcmp(r.output, "mx.sender.example\n2\n") != 0)
		r.status = 1;
	if (r.status != 0)
		print_message("%d %s\n", r.status, b == NULL ? "" : r.output);
	box_free(b);
	smallroot_remove(own_root);
	return r.status;
}

static void another_user(void **state)
{
	pid_t pid;
	int status;

	(void)state;
	box_free(plain());
	fflush(NULL);
	pid = fork();
	if (pid == 0) {
		status = as_nobody();
		fflush(NULL);
		_exit(status);
	}
	status = status_of(pid);
	if (status == CANNOT)
		skip();
	assert_int_equal(status, 0);
}

int main(void)
{
	int failed;

	/* Another user than root is root of its own from here on. */
	if (netns_prepare(why_not) == 0)
		set_up();
	TESTS_ADD_ROWS(runs, comes_back);
	tests_add("long scripts, many arguments and much input arrive", long_ones);
	TESTS_ADD_ROWS(much, is_bounded);
	tests_add("endless output ends with its time", endless_output);
	TESTS_ADD_ROWS(disks, disk_is_bounded);
	tests_add("when the time is up all of the process group is killed", time_is_up);
	tests_add("what is in the background runs on, and may speak", background);
	tests_add("much may be in the background", many_in_the_background);
	tests_add("a daemon that heeds no signal ends with the box", daemons_end);
	tests_add("a box without process 1 is gone", init_is_killed);
	tests_add("a command ends when process 1 does", init_is_killed_at_work);
	tests_add("kill -9 of the owner leaves nothing of boxes of several threads",
		kill_leaves_nothing);
	tests_add("Ctrl-C does not end a box", ctrl_c);
	tests_add("files are there, with their modes", files);
	tests_add("the root is not written to", root_stays);
	tests_add("what is sent to /dev/log is a line of /var/log/lab.log",
		syslog_arrives);
	tests_add("a flood of log lines is bounded", syslog_is_bounded);
	TESTS_ADD_ROWS(bad, is_refused);
	tests_add("another user than root has boxes, too", another_user);
	failed = tests_run("lab-box");
	tear_down();
	return failed;
}
