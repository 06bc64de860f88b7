/* spawn CPUS PORT NAME TYPE COMMAND... - starts a name server on these processors ("1",
 * "0,1"), prints "PID MICROSECONDS", the time from fork to its first good answer
 * (NOERROR, AA) from 127.0.0.1, and stays until it is told to end; then it ends the
 * server and whatever that has started. The server dies with it, however it goes.
 *
 * Exit status: 0 ended as told, 1 the server gave up or did not answer in time. */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/arena.h"
#include "dns/msg.h"
#include "dns/name.h"
#include "dns/rr.h"

#define ANSWER_MAX_S                                                                   \
	120 /* a million names in the slowest server, several times over               \
	     */
#define END_MAX_S 5
/* Between two questions: a tenth of a millisecond, as first answers are told apart by
 * milliseconds, and longer when it takes long anyway. */
#define ASK_US 100
#define ASK_LATER_US 1000
#define LATER_US 50000

static double now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

static void pin(const char *cpus)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	for (const char *p = cpus; p != NULL && *p != '\0'; p = strchr(p, ',')) {
		p += *p == ',';
		CPU_SET((size_t)atoi(p), &set);
	}
	if (sched_setaffinity(0, sizeof(set), &set) != 0)
		perror("spawn: sched_setaffinity");
}

static pid_t start(const char *cpus, char **command, const sigset_t *blocked)
{
	pid_t parent = getpid();
	pid_t pid = fork();

	if (pid != 0)
		return pid;
	sigprocmask(SIG_UNBLOCK, blocked, NULL);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(1);
	pin(cpus);
	/* Standard output is for our own line. */
	dup2(STDERR_FILENO, STDOUT_FILENO);
	execvp(command[0], command);
	perror(command[0]);
	_exit(127);
}

static int ask_socket(const char *port)
{
	struct sockaddr_in to = { .sin_family = AF_INET,
		.sin_port = htons((uint16_t)atoi(port)),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);

	if (fd < 0 || connect(fd, (struct sockaddr *)&to, sizeof(to)) != 0) {
		perror("spawn: socket");
		exit(1);
	}
	return fd;
}

static size_t make_query(const char *name, const char *type, uint8_t *buf, size_t room)
{
	struct arena *a = arena_new();
	struct question q = { .name = name_literal(a, name),
		.type = rrtype_from_text(type),
		.class = 1 };
	struct msg m;
	size_t len;

	msg_init_query(&m, 0x4711, &q, false);
	m.has_edns = false;
	len = msg_encode(&m, buf, room);
	arena_free(a);
	return len;
}

static bool good_answer(int fd)
{
	uint8_t buf[4096];
	ssize_t n;

	while ((n = recv(fd, buf, sizeof(buf), 0)) >= 0)
		if (n >= 12 && (buf[2] & 0x84) == 0x84 && (buf[3] & 0x0f) == 0)
			return true;
	return false;
}

/* Waits for a signal, at most so long. True when we are told to end or the server is
 * gone; a child of the server that ended is none of our business. */
static bool is_over(pid_t pid, const sigset_t *signals, const struct timespec *pause)
{
	int signo = pause != NULL ? sigtimedwait(signals, NULL, pause)
				  : sigwaitinfo(signals, NULL);

	if (signo == SIGCHLD)
		return waitpid(pid, NULL, WNOHANG) == pid;
	return signo > 0;
}

/* False when it is over before, or the time is up. */
static bool wait_for_answer(int fd, const uint8_t *query, size_t len, pid_t pid,
	const sigset_t *signals, double since, double *ret_us)
{
	for (;;) {
		double passed = now_us() - since;
		long us = passed < LATER_US ? ASK_US : ASK_LATER_US;
		struct timespec pause = { .tv_nsec = us * 1000 };

		if (good_answer(fd)) {
			*ret_us = now_us() - since;
			return true;
		}
		if (passed > ANSWER_MAX_S * 1e6)
			return false;
		(void)!send(fd, query, len, 0);
		if (is_over(pid, signals, &pause))
			return false;
	}
}

/* As a subreaper we are the parent of all that it leaves behind. */
static void kill_children(int signo)
{
	char path[64];
	int pid;
	FILE *fp;

	snprintf(path, sizeof(path), "/proc/self/task/%d/children", (int)getpid());
	fp = fopen(path, "r");
	while (fp != NULL && fscanf(fp, "%d", &pid) == 1)
		kill(pid, signo);
	if (fp != NULL)
		fclose(fp);
}

static void end(pid_t pid)
{
	double since = now_us();
	const struct timespec pause = { .tv_nsec = 2000000 };
	int signo = SIGTERM;

	kill(pid, SIGTERM);
	/* Children that come to us as others go are found on the next turn. */
	while (waitpid(-1, NULL, WNOHANG) >= 0) {
		if (signo == SIGTERM && now_us() - since > END_MAX_S * 1e6)
			signo = SIGKILL;
		if (signo == SIGKILL || kill(pid, 0) != 0)
			kill_children(signo);
		nanosleep(&pause, NULL);
	}
}

int main(int argc, char **argv)
{
	uint8_t query[512];
	sigset_t signals;
	double since, us;
	size_t len;
	pid_t pid;
	int fd, rc = 1;

	if (argc < 6) {
		fprintf(stderr, "usage: spawn CPUS PORT NAME TYPE COMMAND...\n");
		return 2;
	}
	sigemptyset(&signals);
	sigaddset(&signals, SIGTERM);
	sigaddset(&signals, SIGINT);
	sigaddset(&signals, SIGHUP);
	sigaddset(&signals, SIGCHLD);
	sigprocmask(SIG_BLOCK, &signals, NULL);
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	fd = ask_socket(argv[2]);
	len = make_query(argv[3], argv[4], query, sizeof(query));

	since = now_us();
	pid = start(argv[1], argv + 5, &signals);
	if (pid > 0 && wait_for_answer(fd, query, len, pid, &signals, since, &us)) {
		printf("%d %.0f\n", (int)pid, us);
		fflush(stdout);
		while (!is_over(pid, &signals, NULL))
			;
		rc = 0;
	}
	if (pid > 0)
		end(pid);
	return rc;
}
