#include "lab/box.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/bug.h"
#include "base/str.h"
#include "lab/box-init.h"

/* Files a box may make: more than any program needs. Their inodes are memory that the
 * bound on octets does not count. */
#define INODES_MAX 65536
#define OCTETS_PER_INODE 1024

/* Some twenty system calls; what is beyond is an ill machine. */
#define START_LIMIT_US UINT64_C(30000000)

/* For a killed shell to end. */
#define KILL_LIMIT_US UINT64_C(10000000)

struct box {
	int control;
	pid_t pid;
	bool gone;
	struct str output;
};

static uint64_t now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

static uint64_t after(uint64_t us)
{
	uint64_t now = now_us();

	return us > UINT64_MAX - now ? UINT64_MAX : now + us;
}

/* Milliseconds until then, rounded up, for poll(2). */
static int until(uint64_t then_us)
{
	uint64_t now = now_us();
	uint64_t ms = then_us <= now ? 0 : (then_us - now - 1) / 1000 + 1;

	return ms > INT_MAX ? INT_MAX : (int)ms;
}

static void close_all(int *fds, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (fds[i] >= 0)
			close(fds[i]);
		fds[i] = -1;
	}
}

/* ---- a new one ----------------------------------------------------------- */

static char *copy(const char *text)
{
	char *ret = strdup(text);

	if (ret == NULL)
		bug("out of memory");
	return ret;
}

/* The caller frees it by free_env(). */
static char **env_of(const struct box_options *o)
{
	char **env = calloc(o->n_env + 4, sizeof(*env));
	size_t n = 0;

	if (env == NULL)
		bug("out of memory");
	env[n++] = copy("PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:"
			"/bin");
	env[n++] = copy("HOME=/root");
	env[n++] = copy("LC_ALL=C");
	for (size_t i = 0; i < o->n_env; i++)
		env[n++] = copy(o->env[i]);
	return env;
}

static void free_env(char **env)
{
	for (size_t i = 0; env[i] != NULL; i++)
		free(env[i]);
	free(env);
}

#define NEW_FOR_ALL (CLONE_NEWNS | CLONE_NEWUTS | CLONE_NEWIPC)

#ifdef __SANITIZE_THREAD__
/* ThreadSanitizer has locks of its own, which only fork(3) leaves as they should be for
 * the copy. Needs root: there is no way back to the PID namespace else. */
static pid_t clone_process(void)
{
	int own = open("/proc/thread-self/ns/pid", O_RDONLY | O_CLOEXEC);
	pid_t pid = unshare(CLONE_NEWPID) != 0 ? -1 : fork();

	if (pid == 0 && unshare(NEW_FOR_ALL) != 0)
		_exit(1);
	if (pid != 0 && setns(own, CLONE_NEWPID) != 0)
		bug("no way back to the PID namespace: %s", strerror(errno));
	close(own);
	return pid;
}
#else
/* In its bare form it gives what fork(2) does: glibc's clone() wants another stack. */
static pid_t clone_process(void)
{
	return (pid_t)syscall(
		SYS_clone, CLONE_NEWPID | NEW_FOR_ALL | SIGCHLD, 0, 0, 0, 0);
}
#endif

/* The copy of this process is process 1 of the namespaces at once, and a child of this
 * one. No handler of ours runs in it. */
static pid_t clone_init(const struct box_plan *plan)
{
	sigset_t all, before;
	pid_t pid;
	int error;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	pid = clone_process();
	if (pid == 0)
		box_init(plan);
	error = errno;
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	errno = error;
	return pid;
}

/* 0; -1 when it is gone, -2 when the time is up. */
static int await_report(int control, uint64_t deadline, struct box_report *ret)
{
	struct pollfd p = { .fd = control, .events = POLLIN };
	int n;

	do
		n = poll(&p, 1, until(deadline));
	while ((n < 0 && errno == EINTR) || (n == 0 && until(deadline) > 0));
	if (n == 0)
		return -2;
	return recv(control, ret, sizeof(*ret), 0) == (ssize_t)sizeof(*ret) ? 0 : -1;
}

static int await_start(int control, char why[BOX_WHY_MAX])
{
	struct box_report r = { 0 };

	switch (await_report(control, after(START_LIMIT_US), &r)) {
	case 0:
		break;
	case -1:
		snprintf(why, BOX_WHY_MAX, "the box's first process ended at once");
		return -1;
	default:
		snprintf(why, BOX_WHY_MAX, "the box does not get ready");
		return -1;
	}
	if (r.what == NULL)
		return 0;
	snprintf(why, BOX_WHY_MAX, "%s%s%s: %s", r.what, r.detail == NULL ? "" : " ",
		r.detail == NULL ? "" : r.detail, strerror(r.error));
	return -1;
}

static int start(struct box *b, struct box_plan *plan, char why[BOX_WHY_MAX])
{
	int pair[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) != 0) {
		snprintf(why, BOX_WHY_MAX, "socketpair: %s", strerror(errno));
		return -1;
	}
	b->control = pair[0];
	plan->control = pair[1];
	b->pid = clone_init(plan);
	close(pair[1]);
	if (b->pid < 0) {
		snprintf(why, BOX_WHY_MAX, "no namespaces for a box: %s",
			strerror(errno));
		return -1;
	}
	return await_start(b->control, why);
}

#define TMPFS_MAX 96

static void put_tmpfs(char to[TMPFS_MAX], uint64_t bytes)
{
	uint64_t inodes = bytes / OCTETS_PER_INODE;

	if (inodes > INODES_MAX)
		inodes = INODES_MAX;
	snprintf(to, TMPFS_MAX, "size=%" PRIu64 ",nr_inodes=%" PRIu64 ",mode=0755",
		bytes, inodes);
}

struct box *box_new(const struct box_options *o, char why[BOX_WHY_MAX])
{
	struct box *b = malloc(sizeof(*b));
	char **env = env_of(o);
	char tmpfs[TMPFS_MAX];
	struct box_plan plan = {
		.root = o->root,
		.netns = o->netns,
		.side = o->side,
		.tmpfs = tmpfs,
		.hostname = o->hostname,
		.files = o->files,
		.n_files = o->n_files,
		.env = env,
	};
	int rc;

	if (b == NULL)
		bug("out of memory");
	*b = (struct box){ .control = -1, .pid = -1, .output = STR_INIT };
	put_tmpfs(tmpfs, o->bytes != 0 ? o->bytes : BOX_BYTES);
	rc = start(b, &plan, why);
	free_env(env);
	if (rc == 0)
		return b;
	box_free(b);
	return NULL;
}

/* Process 1 would end by itself; killed, it does so whatever it is at. It has ended
 * when all of its namespace have (pid_namespaces(7)). */
void box_free(struct box *b)
{
	if (b == NULL)
		return;
	if (b->control >= 0)
		close(b->control);
	if (b->pid > 0) {
		(void)kill(b->pid, SIGKILL);
		(void)TEMP_FAILURE_RETRY(waitpid(b->pid, NULL, 0));
	}
	str_clear(&b->output);
	free(b);
}

int box_pid(const struct box *b)
{
	return (int)b->pid;
}

/* ---- a command ----------------------------------------------------------- */

union control {
	struct cmsghdr align;
	char bytes[CMSG_SPACE(sizeof(int) * BOX_FDS)];
};

/* fds: BOX_FDS of them, or NULL. */
static int tell(const struct box *b, const struct box_request *q, const int *fds)
{
	union control control = { .bytes = { 0 } };
	struct iovec iov = { (void *)(uintptr_t)q, sizeof(*q) };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };

	if (fds != NULL) {
		struct cmsghdr *c = &control.align;

		msg.msg_control = control.bytes;
		msg.msg_controllen = sizeof(control.bytes);
		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		c->cmsg_len = CMSG_LEN(sizeof(int) * BOX_FDS);
		memcpy(CMSG_DATA(c), fds, sizeof(int) * BOX_FDS);
	}
	return sendmsg(b->control, &msg, MSG_NOSIGNAL) == (ssize_t)sizeof(*q) ? 0 : -1;
}

/* A file in memory, at its beginning, or -1. */
static int file_of(const char *data, size_t n)
{
	int fd = memfd_create("lab", MFD_CLOEXEC);

	for (size_t done = 0; fd >= 0 && done < n;) {
		ssize_t w = write(fd, data + done, n - done);

		if (w < 0) {
			close(fd);
			return -1;
		}
		done += (size_t)w;
	}
	if (fd >= 0)
		lseek(fd, 0, SEEK_SET);
	return fd;
}

static int script_of(
	const char *script, const char *const *args, struct box_request *ret)
{
	struct str s = STR_INIT;
	int fd;

	*ret = (struct box_request){ .op = BOX_RUN };
	str_put(&s, script, strlen(script) + 1);
	for (; args != NULL && args[ret->n_args] != NULL; ret->n_args++)
		str_put(&s, args[ret->n_args], strlen(args[ret->n_args]) + 1);
	ret->octets = s.len;
	fd = file_of(s.data, s.len);
	str_clear(&s);
	return fd;
}

/* At most n octets of what is there. 0 at the end of it. */
static ssize_t take_output(struct box *b, int fd, size_t n, struct box_result *ret)
{
	char bytes[16384];
	ssize_t got = read(fd, bytes, n < sizeof(bytes) ? n : sizeof(bytes));
	size_t room = BOX_OUTPUT_MAX - b->output.len;

	if (got <= 0)
		return got < 0 && (errno == EAGAIN || errno == EINTR) ? 1 : 0;
	if ((size_t)got > room)
		ret->cut = true;
	str_put(&b->output, bytes, (size_t)got < room ? (size_t)got : room);
	return got;
}

/* What a shell wrote is in the pipe when it has ended; what comes later is of others
 * and may never end. */
static void take_rest(struct box *b, int fd, struct box_result *ret)
{
	int there = 0;

	if (ioctl(fd, FIONREAD, &there) != 0)
		return;
	while (there > 0) {
		ssize_t n = take_output(b, fd, (size_t)there, ret);

		if (n <= 0)
			return;
		there -= (int)n;
	}
}

/* Until the shell has ended. As await_report(). */
static int follow(struct box *b, int output, uint64_t deadline, struct box_result *ret)
{
	struct pollfd p[2] = { { .fd = b->control, .events = POLLIN },
		{ .fd = output, .events = POLLIN } };

	for (;;) {
		int n = poll(p, 2, until(deadline));

		if (n < 0 && errno != EINTR)
			return -1;
		if (n > 0 && p[0].revents != 0) {
			struct box_report r;

			if (recv(b->control, &r, sizeof(r), 0) != (ssize_t)sizeof(r))
				return -1;
			ret->status = r.status;
			return 0;
		}
		if (n > 0 && p[1].revents != 0 &&
			take_output(b, output, SIZE_MAX, ret) == 0)
			p[1].fd = -1;
		if (until(deadline) == 0)
			return -2;
	}
}

static void run(struct box *b, const struct box_request *q, int fds[BOX_FDS],
	uint64_t limit_us, struct box_result *ret)
{
	uint64_t deadline = after(limit_us);
	int rc = tell(b, q, fds);

	close_all(fds, BOX_FD_READ);
	if (rc == 0)
		rc = follow(b, fds[BOX_FD_READ], deadline, ret);
	if (rc == -2 && tell(b, &(struct box_request){ .op = BOX_KILL }, NULL) == 0) {
		rc = follow(b, fds[BOX_FD_READ], after(KILL_LIMIT_US), ret);
		ret->status = -1;
	}
	take_rest(b, fds[BOX_FD_READ], ret);
	if (rc != 0 || tell(b, &(struct box_request){ .op = BOX_READ }, NULL) != 0)
		b->gone = true;
	if (rc != 0)
		ret->status = -2;
}

void box_run(struct box *b, const char *script, const char *const *args,
	const char *input, uint64_t limit_us, struct box_result *ret)
{
	struct box_request q;
	int fds[BOX_FDS] = { -1, -1, -1, -1 }, ends[2];

	*ret = (struct box_result){ .status = -2 };
	str_reset(&b->output);
	fds[BOX_FD_SCRIPT] = script_of(script, args, &q);
	fds[BOX_FD_INPUT] = file_of(input, input == NULL ? 0 : strlen(input));
	if (pipe2(ends, O_CLOEXEC) == 0) {
		fds[BOX_FD_READ] = ends[0];
		fds[BOX_FD_OUTPUT] = ends[1];
	}
	if (fds[BOX_FD_SCRIPT] < 0 || fds[BOX_FD_INPUT] < 0 || fds[BOX_FD_READ] < 0)
		str_printf(&b->output, "no command can be run: %s", strerror(errno));
	else if (!b->gone)
		run(b, &q, fds, limit_us, ret);
	close_all(fds, BOX_FDS);
	ret->output = b->output.data;
	ret->output_len = b->output.len;
}
