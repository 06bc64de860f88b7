/* drain PORT QUERIES ROUNDS PID... - what a server can do when nothing keeps it
 * waiting, on a machine that has no processor left for a load generator: stops the
 * server's processes (SIGSTOP), fills the UDP socket buffers, lets them go (SIGCONT)
 * and sleeps; the kernel's time stamps on the answers say how long it took for them.
 * Prints
 *
 *   QUERIES-A-SECOND CPU-US-A-QUERY QUESTIONS-A-ROUND
 *
 * the rate as the median of the rounds. The questions come from many ports, so that the
 * workers of a server that shares a port among sockets (SO_REUSEPORT) get about the
 * same number. */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/arena.h"
#include "support/queries.h"

#define SOCKETS 512
#define ROUNDS_MAX 1000
#define PIDS_MAX 16
#define ASK_MIN 128
#define ASK_MAX 8192
#define SETTLE_US 5000 /* for the server to stop, and to wake up after it goes on */
#define A_QUERY_US 10  /* more than any server here needs for one */

static int fds[SOCKETS];
static struct queries queries;
static size_t n_asked;
static pid_t pids[PIDS_MAX];
static unsigned n_pids;

static uint64_t ns_of(const struct timespec *t)
{
	return (uint64_t)t->tv_sec * UINT64_C(1000000000) + (uint64_t)t->tv_nsec;
}

static void pause_us(long us)
{
	const struct timespec t = { .tv_nsec = us * 1000 };

	nanosleep(&t, NULL);
}

static void open_sockets(const char *port)
{
	struct sockaddr_in to = { .sin_family = AF_INET,
		.sin_port = htons((uint16_t)atoi(port)),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	const int on = 1;

	for (unsigned i = 0; i < SOCKETS; i++) {
		fds[i] = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
		if (fds[i] < 0 ||
			setsockopt(fds[i], SOL_SOCKET, SO_TIMESTAMPNS, &on,
				sizeof(on)) != 0 ||
			connect(fds[i], (struct sockaddr *)&to, sizeof(to)) != 0) {
			perror("drain");
			exit(1);
		}
	}
}

static void ask(unsigned n)
{
	uint8_t buf[QUERY_MAX];

	for (unsigned i = 0; i < n; i++, n_asked++) {
		const struct query *q = &queries.list[n_asked % queries.n];
		size_t len = query_put(q, (uint16_t)n_asked, buf);

		(void)!send(fds[i % SOCKETS], buf, len, 0);
	}
}

struct span {
	uint64_t first, last;
	unsigned n;
};

static void take(int fd, struct span *s)
{
	union {
		char buf[256];
		struct cmsghdr align;
	} control;
	uint8_t buf[4096];
	struct iovec iov = { buf, sizeof(buf) };

	for (;;) {
		struct msghdr m = { .msg_iov = &iov,
			.msg_iovlen = 1,
			.msg_control = control.buf,
			.msg_controllen = sizeof(control.buf) };
		struct timespec t;
		struct cmsghdr *c;
		uint64_t at;

		if (recvmsg(fd, &m, 0) < 0)
			return;
		c = CMSG_FIRSTHDR(&m);
		if (c == NULL || c->cmsg_type != SCM_TIMESTAMPNS)
			continue;
		memcpy(&t, CMSG_DATA(c), sizeof(t));
		at = ns_of(&t);
		s->first = s->n == 0 || at < s->first ? at : s->first;
		s->last = s->n == 0 || at > s->last ? at : s->last;
		s->n++;
	}
}

static void signal_all(int signo)
{
	for (unsigned i = 0; i < n_pids; i++)
		kill(pids[i], signo);
}

static double cpu_us(void)
{
	double sum = 0;

	for (unsigned i = 0; i < n_pids; i++) {
		struct timespec t;
		clockid_t clock;

		if (clock_getcpuclockid(pids[i], &clock) == 0 &&
			clock_gettime(clock, &t) == 0)
			sum += (double)ns_of(&t) / 1e3;
	}
	return sum;
}

static struct span one_round(unsigned n)
{
	struct span s = { 0 };

	signal_all(SIGSTOP);
	pause_us(SETTLE_US);
	ask(n);
	signal_all(SIGCONT);
	pause_us(SETTLE_US + (long)n * A_QUERY_US);
	for (unsigned i = 0; i < SOCKETS; i++)
		take(fds[i], &s);
	return s;
}

/* As many as its buffers hold, so that a round is long beside the time two workers
 * need to wake up. */
static unsigned find_room(void)
{
	unsigned n = ASK_MIN;

	while (n < ASK_MAX && one_round(2 * n).n == 2 * n)
		n *= 2;
	return n;
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static void measure(unsigned rounds)
{
	double rates[ROUNDS_MAX], cpu;
	unsigned room = find_room(), n = 0, answers = 0;

	cpu = cpu_us();
	for (unsigned i = 0; i < rounds; i++) {
		struct span s = one_round(room);

		answers += s.n;
		if (s.n > room / 2 && s.last > s.first)
			rates[n++] = (s.n - 1) * 1e9 / (double)(s.last - s.first);
	}
	cpu = cpu_us() - cpu;
	if (n == 0) {
		fprintf(stderr, "drain: no answers\n");
		exit(1);
	}
	qsort(rates, n, sizeof(rates[0]), compare);
	printf("%.0f %.3f %u\n", rates[n / 2], cpu / answers, room);
}

int main(int argc, char **argv)
{
	struct arena *a = arena_new();
	int rounds = argc > 4 ? atoi(argv[3]) : 0;

	if (rounds < 1 || rounds > ROUNDS_MAX || argc > 4 + PIDS_MAX) {
		fprintf(stderr, "usage: drain PORT QUERIES ROUNDS PID...\n");
		return 2;
	}
	for (int i = 4; i < argc; i++)
		if ((pids[n_pids] = atoi(argv[i])) > 1)
			n_pids++;
	queries_read(a, argv[2], &queries);
	open_sockets(argv[1]);
	measure((unsigned)rounds);
	arena_free(a);
	return 0;
}
