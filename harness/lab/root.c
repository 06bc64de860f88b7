#include "lab/root.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mount.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/str.h"
#include "dns/digest.h"
#include "lab/program.h"
#include "lab/root-clean.h"
#include "lab/sources.h"
#include "lab/which.h"

/* The shell file that does the work, in the program itself. */
__asm__(".pushsection .rodata\n"
	".global root_script\n"
	"root_script:\n"
	".incbin \"harness/lab/root.sh\"\n"
	".byte 0\n"
	".popsection\n");
extern const char root_script[];

/* Raised when roots that were built before are of no use any more. */
#define FORM 1

/* A recipe is a few lines; so is the last line of a log. */
#define TEXT_MAX 4096

/* Lists of versions are some 10 KiB. */
#define VERSIONS_MAX (1u << 20)

/* What is ended gets this long to take its own children along. */
#define GRACE_MS 10000

const char *root_dir(void)
{
	const char *dir = getenv("HARNESS_LAB");

	return dir != NULL && dir[0] != '\0' ? dir : "build/lab";
}

/* ---- what is there ------------------------------------------------------ */

/* At most `max` octets of it, or NULL. */
static char *read_text(struct arena *a, const char *path, size_t max)
{
	FILE *fp = fopen(path, "re");
	char *text;

	if (fp == NULL)
		return NULL;
	text = arena_alloc(a, max + 1);
	text[fread(text, 1, max, fp)] = '\0';
	fclose(fp);
	return text;
}

static const char *or_dash(const char *text)
{
	return text == NULL ? "-" : text;
}

static const char *recipe_text(struct arena *a, const struct root_recipe *r)
{
	struct digest *d = digest_new(a);

	if (r->driver != NULL) {
		digest_add(d, driver_common, strlen(driver_common));
		digest_add(d, r->driver, strlen(r->driver));
	}
	return arena_printf(a,
		"form %d\nname %s\nsuite %s\npackages %s\nnpm %s %s\ndriver %s\n", FORM,
		r->name, r->suite, r->packages, or_dash(r->npm), or_dash(r->npm_before),
		r->driver == NULL ? "-" : digest_end(d, a));
}

enum state { ROOT_MISSING, ROOT_OTHER, ROOT_WHOLE };

static enum state state_of(struct arena *a, const char *root, const char *recipe)
{
	const char *text =
		read_text(a, arena_printf(a, "%s/lab/recipe", root), TEXT_MAX);

	if (text == NULL)
		return ROOT_MISSING;
	return strcmp(text, recipe) == 0 ? ROOT_WHOLE : ROOT_OTHER;
}

const char *root_version(struct arena *a, const char *root, const char *package)
{
	char *text =
		read_text(a, arena_printf(a, "%s/lab/versions", root), VERSIONS_MAX);
	size_t len = strlen(package);

	while (text != NULL && *text != '\0') {
		char *end = text + strcspn(text, "\n");

		if (strncmp(text, package, len) == 0 && text[len] == ' ')
			return arena_strndup(
				a, text + len + 1, (size_t)(end - text) - len - 1);
		text = *end == '\0' ? end : end + 1;
	}
	return NULL;
}

/* ---- a child, and the end of it ----------------------------------------- */

struct child {
	const char *folder; /* its working folder */
	const char *log;    /* its output, begun anew; or NULL: none */
	char *const *argv;  /* or NULL: it waits for the lock and ends */
	int lock;
	int go[2]; /* what it waits for, so that it cannot miss our end */
};

/* After fork: no more than system calls until exec. */
static _Noreturn void be_child(const struct child *c, bool isolated)
{
	char byte;
	int fd;

	setsid();
	prctl(PR_SET_PDEATHSIG, isolated || c->argv == NULL ? SIGKILL : SIGTERM);
	close(c->go[1]);
	if (read(c->go[0], &byte, 1) != 1)
		_exit(1);
	if (c->argv == NULL)
		_exit(flock(c->lock, LOCK_EX) == 0 ? 0 : 1);
	if (isolated) {
		/* Its processes are in a /proc of their own. Where that is not
		 * allowed the one that is there does. */
		mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL);
		mount("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL);
		(void)!sethostname("lab", 3);
	}
	fd = open(c->log, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	if (fd < 0 || chdir(c->folder) != 0)
		_exit(1);
	dup2(fd, STDOUT_FILENO);
	dup2(fd, STDERR_FILENO);
	fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	dup2(fd, STDIN_FILENO);
	execv("/bin/sh", c->argv);
	_exit(127);
}

/* As root in PID, mount and UTS namespaces of its own: nothing that a package starts
 * outlives the child, no mount is left behind, and its host name is not this machine's.
 * Another user's mmdebstrap makes its own. */
static pid_t start(struct child *c)
{
	pid_t pid = -1;
	bool isolated = false;

	if (pipe2(c->go, O_CLOEXEC) != 0)
		return -1;
	if (c->argv != NULL && geteuid() == 0) {
		isolated = true;
		pid = (pid_t)syscall(SYS_clone,
			CLONE_NEWPID | CLONE_NEWNS | CLONE_NEWUTS | SIGCHLD, 0L, 0L, 0L,
			0L);
	}
	if (pid < 0) {
		isolated = false;
		pid = fork();
	}
	if (pid == 0)
		be_child(c, isolated);
	close(c->go[0]);
	if (pid > 0)
		(void)!write(c->go[1], "", 1);
	close(c->go[1]);
	return pid;
}

static int64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* True when it has ended by then. */
static bool ends_by(int pidfd, int64_t deadline)
{
	struct pollfd p = { .fd = pidfd, .events = POLLIN };
	int64_t left;
	int n;

	do {
		left = deadline - now_ms();
		n = poll(&p, 1, left > 0 ? (int)left : 0);
	} while (n < 0 && errno == EINTR);
	return n > 0;
}

/* Exit status; -1 when it could not be run or was killed, with *ret_late when that was
 * for the time. */
static int run(struct child *c, int64_t deadline, bool *ret_late)
{
	pid_t pid = start(c);
	int pidfd = pid < 0 ? -1 : pidfd_open(pid, 0), status = -1;

	if (pid < 0)
		return -1;
	*ret_late = pidfd >= 0 && !ends_by(pidfd, deadline);
	if (*ret_late) {
		kill(-pid, SIGTERM);
		if (!ends_by(pidfd, now_ms() + GRACE_MS))
			kill(-pid, SIGKILL);
	}
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	if (pidfd >= 0)
		close(pidfd);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/* ---- building ----------------------------------------------------------- */

struct build {
	struct arena *a;
	const struct root_recipe *recipe;
	const char *root, *work, *log, *lock, *text;
	int64_t deadline;
	char *why;
};

static int fail(struct build *b, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

static int fail(struct build *b, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(b->why, ROOT_WHY_MAX, fmt, ap);
	va_end(ap);
	/* Logs hold what programs and servers say. */
	for (char *p = b->why; *p != '\0'; p++) {
		if ((unsigned char)*p < 0x20 || *p == 0x7f)
			*p = ' ';
	}
	return -1;
}

static int make_folders(struct build *b, const char *path)
{
	char *copy = arena_strdup(b->a, path);

	for (char *p = copy; p != NULL;) {
		p = strchr(p + 1, '/');
		if (p != NULL)
			*p = '\0';
		if (mkdir(copy, 0755) != 0 && errno != EEXIST)
			return fail(b, "%s: %s", copy, strerror(errno));
		if (p != NULL)
			*p = '/';
	}
	return 0;
}

static int write_input(struct build *b, const char *name, const char *text)
{
	const char *path = arena_printf(b->a, "%s/%s", b->work, name);
	FILE *fp = fopen(path, "we");
	int rc;

	if (fp == NULL)
		return fail(b, "%s: %s", path, strerror(errno));
	fputs(text, fp);
	rc = ferror(fp);
	if (fclose(fp) != 0 || rc != 0)
		return fail(b, "%s: %s", path, strerror(errno));
	return 0;
}

static int write_inputs(struct build *b)
{
	const char *driver = b->recipe->driver;

	if (mkdir(b->work, 0755) != 0)
		return fail(b, "%s: %s", b->work, strerror(errno));
	if (write_input(b, "sources", sources_of(b->a, "/etc/apt", b->recipe->suite)) !=
			0 ||
		write_input(b, "recipe", b->text) != 0)
		return -1;
	return driver == NULL
		       ? 0
		       : write_input(b, "driver.sh",
				 arena_printf(b->a, "%s\n%s", driver_common, driver));
}

/* What apt and npm say first is the cause, what they and mmdebstrap say next is what
 * came of it; without such a line, the last. */
static const char *telling_line(struct arena *a, const char *log)
{
	static const char *const marks[] = { "E: ", "npm ERR! ", "npm error " };
	FILE *fp = fopen(log, "re");
	char line[TEXT_MAX], *ret = arena_strdup(a, "");

	while (fp != NULL && fgets(line, sizeof(line), fp) != NULL) {
		line[strcspn(line, "\r\n")] = '\0';
		if (line[0] != '\0')
			ret = arena_strdup(a, line);
		for (size_t i = 0; i < sizeof(marks) / sizeof(marks[0]); i++) {
			if (strncmp(line, marks[i], strlen(marks[i])) == 0)
				goto out;
		}
		if (strstr(line, strerror(ENOSPC)) != NULL)
			goto out;
	}
out:
	if (fp != NULL)
		fclose(fp);
	return ret;
}

static int run_script(struct build *b)
{
	const struct root_recipe *r = b->recipe;
	const char *words[] = { "sh", "-c", root_script, "root.sh", r->suite,
		r->packages, r->npm == NULL ? "" : r->npm,
		r->npm_before == NULL ? "" : r->npm_before, NULL };
	char *argv[sizeof(words) / sizeof(words[0])];
	struct child c = { .folder = b->work, .log = b->log, .argv = argv };
	bool late = false;
	int rc;

	memcpy(argv, words, sizeof(words));
	rc = run(&c, b->deadline, &late);
	if (late)
		return fail(b, "%s was not built within %d s; %s says: %s", r->name,
			ROOT_LIMIT_S, b->log, telling_line(b->a, b->log));
	if (rc != 0)
		return fail(b, "%s could not be built; %s says: %s", r->name, b->log,
			telling_line(b->a, b->log));
	return 0;
}

/* A root for an older recipe makes place; it goes with the work folder. */
static int put_in_place(struct build *b)
{
	const char *made = arena_printf(b->a, "%s/root", b->work);
	const char *old = arena_printf(b->a, "%s/old", b->work);

	if (rename(b->root, old) != 0 && errno != ENOENT)
		return fail(b, "%s: %s", b->root, strerror(errno));
	if (rename(made, b->root) != 0)
		return fail(b, "%s: %s", b->root, strerror(errno));
	return 0;
}

static int build(struct build *b)
{
	char why[ROOT_WHY_MAX];
	int rc;

	if (root_remove(b->work, why) != 0)
		return fail(b, "%s", why);
	rc = write_inputs(b);
	if (rc == 0)
		rc = run_script(b);
	if (rc == 0)
		rc = put_in_place(b);
	/* What cannot be removed now the next builder removes, or says why not. */
	root_remove(b->work, why);
	return rc;
}

/* The child waits, since flock() knows no time limit; the lock is of the open file,
 * which both have. */
static int take_lock(
	struct build *b, void (*tell)(void *ctx, const char *), void *ctx, int *ret_fd)
{
	struct child c = { .argv = NULL };
	bool late = false;

	c.lock = open(b->lock, O_RDWR | O_CREAT | O_CLOEXEC, 0644);
	if (c.lock < 0)
		return fail(b, "%s: %s", b->lock, strerror(errno));
	*ret_fd = c.lock;
	if (flock(c.lock, LOCK_EX | LOCK_NB) == 0)
		return 0;
	if (tell != NULL)
		tell(ctx, arena_printf(b->a, "waiting for another builder of %s",
				  b->recipe->name));
	if (run(&c, b->deadline, &late) == 0)
		return 0;
	close(c.lock);
	return fail(b,
		late ? "%s is locked by another builder for %d s"
		     : "%s cannot be locked",
		b->lock, ROOT_LIMIT_S);
}

static int check_builder(struct build *b)
{
	if (which(b->a, "mmdebstrap") == NULL)
		return fail(b,
			"%s is not built, and there is no mmdebstrap to build it: "
			"install the package mmdebstrap",
			b->recipe->name);
	if (b->recipe->npm != NULL && which(b->a, "npm") == NULL)
		return fail(b,
			"%s is not built, and there is no npm to build it: install the "
			"package npm",
			b->recipe->name);
	return 0;
}

/* Another one may have built it while we waited for the lock. */
static int get_locked(struct build *b, void (*tell)(void *ctx, const char *), void *ctx)
{
	if (state_of(b->a, b->root, b->text) == ROOT_WHOLE)
		return 0;
	if (tell != NULL)
		tell(ctx, arena_printf(b->a,
				  "building %s: half a minute, more for the first",
				  b->recipe->name));
	return build(b);
}

const char *root_get(struct arena *a, const struct root_recipe *recipe, bool may_build,
	void (*tell)(void *ctx, const char *text), void *ctx, char why[ROOT_WHY_MAX])
{
	const char *root = arena_printf(a, "%s/%s", root_dir(), recipe->name);
	struct build b = {
		.a = a,
		.recipe = recipe,
		.root = root,
		.work = arena_printf(a, "%s.tmp", root),
		.log = arena_printf(a, "%s.log", root),
		.lock = arena_printf(a, "%s.lock", root),
		.text = recipe_text(a, recipe),
		.deadline = now_ms() + ROOT_LIMIT_S * 1000,
		.why = why,
	};
	enum state state = state_of(a, root, b.text);
	int lock = -1, rc;

	if (state == ROOT_WHOLE)
		return root;
	if (!may_build) {
		fail(&b, "%s %s: `harness lab build %s'", recipe->name,
			state == ROOT_OTHER ? "was built for another recipe"
					    : "is not built yet",
			recipe->name);
		return NULL;
	}
	if (make_folders(&b, root_dir()) != 0 || check_builder(&b) != 0 ||
		take_lock(&b, tell, ctx, &lock) != 0)
		return NULL;
	rc = get_locked(&b, tell, ctx);
	close(lock);
	return rc == 0 ? root : NULL;
}
