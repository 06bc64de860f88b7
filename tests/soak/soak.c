/* soak PID PORT ORIGIN QUERIES SECONDS [SLACK-KIB] - drives the name server PID at
 * 127.0.0.1:PORT with everything at once: questions whose answers are known, over UDP
 * and TCP, at full speed; packets nobody should send; connections that lie, crawl, read
 * nothing and go away. Then it checks that
 *
 * - every answer was right, and to a question that was asked;
 * - every question was answered over TCP, and over UDP all that the kernel did not
 * drop;
 * - the server's memory did not grow after the first third, but for SLACK-KIB;
 * - as many descriptors are open as before;
 * - it still answers, also when more idle connections stand than it allows.
 *
 * It ends by itself, and tells on the last line of its output what the kernel dropped
 * at the server ("dropped N"), to be held against the server's own count. Exit status:
 * 0 or 1; 2 when the test could not be made. */
#include "soak.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include "base/arena.h"

#define SECONDS_MAX 3600
#define SAMPLE_US 250000
#define SAMPLES_MAX (SECONDS_MAX * 4 + 4)
#define TCP_THREADS 4
#define SETTLE_S 20 /* for connections to go: twice the server's idle limit */
#define SLACK_KIB 2048
#define CROWD 1200 /* more than a server keeps (net/listen.h: NET_TCP_MAX) */
#define MISTAKES_PRINTED 20

/* ---- what the threads use ---- */

uint64_t soak_now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * UINT64_C(1000000000) + (uint64_t)t.tv_nsec;
}

bool soak_over(const struct soak *s)
{
	return soak_now_ns() >= s->until_ns;
}

void soak_pause_us(long us)
{
	const struct timespec t = { us / 1000000, us % 1000000 * 1000 };

	nanosleep(&t, NULL);
}

static void fail(const char *what)
{
	perror(what);
	exit(2);
}

int soak_socket(const struct soak *s, bool tcp, bool blocks)
{
	struct sockaddr_in to = { .sin_family = AF_INET,
		.sin_port = htons(s->port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, tcp ? SOCK_STREAM : SOCK_DGRAM, 0);
	const int room = 1 << 20;

	if (fd < 0 || connect(fd, (struct sockaddr *)&to, sizeof(to)) != 0)
		fail("soak: connect");
	if (!tcp)
		setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &room, sizeof(room));
	if (!blocks)
		fcntl(fd, F_SETFL, O_NONBLOCK);
	return fd;
}

void soak_close_udp(struct soak *s, int fd)
{
	uint32_t info[SK_MEMINFO_VARS];
	socklen_t len = sizeof(info);

	if (getsockopt(fd, SOL_SOCKET, SO_MEMINFO, info, &len) == 0 &&
		len > SK_MEMINFO_DROPS * sizeof(info[0]))
		atomic_fetch_add(&s->dropped_here, info[SK_MEMINFO_DROPS]);
	close(fd);
}

void soak_mistake(struct soak *s, const char *format, ...)
{
	va_list ap;

	if (atomic_fetch_add(&s->mistakes, 1) >= MISTAKES_PRINTED)
		return;
	va_start(ap, format);
	fprintf(stderr, "soak: ");
	vfprintf(stderr, format, ap);
	fprintf(stderr, "\n");
	va_end(ap);
}

/* ---- the server, seen from outside ---- */

static unsigned long rss_kib(int pid)
{
	char path[64], line[256];
	unsigned long kib = 0;
	FILE *fp;

	snprintf(path, sizeof(path), "/proc/%d/status", pid);
	fp = fopen(path, "r");
	while (fp != NULL && fgets(line, sizeof(line), fp) != NULL)
		if (sscanf(line, "VmRSS: %lu", &kib) == 1)
			break;
	if (fp != NULL)
		fclose(fp);
	return kib;
}

static unsigned descriptors(int pid)
{
	char path[64];
	unsigned n = 0;
	DIR *dir;

	snprintf(path, sizeof(path), "/proc/%d/fd", pid);
	dir = opendir(path);
	while (dir != NULL && readdir(dir) != NULL)
		n++;
	if (dir != NULL)
		closedir(dir);
	return n;
}

/* At the sockets bound to the port: the last column of /proc/net/udp. */
static unsigned long dropped_at(uint16_t port)
{
	FILE *fp = fopen("/proc/net/udp", "r");
	unsigned long sum = 0;
	char line[512];

	while (fp != NULL && fgets(line, sizeof(line), fp) != NULL) {
		unsigned local;
		unsigned long drops;

		if (sscanf(line,
			    "%*d: %*8x:%x %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %lu",
			    &local, &drops) == 2 &&
			local == port)
			sum += drops;
	}
	if (fp != NULL)
		fclose(fp);
	return sum;
}

/* ---- checks ---- */

static bool answers_by_udp(const struct soak *s)
{
	const struct timeval limit = { .tv_sec = 3 };
	uint8_t buf[4096];
	int fd = soak_socket(s, false, true);
	ssize_t n;

	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
	(void)!send(fd, buf, query_put(&s->queries.list[0], 7, buf), 0);
	n = recv(fd, buf, sizeof(buf), 0);
	close(fd);
	return n > 0 && query_answered_by(&s->queries.list[0], 7, buf, (size_t)n);
}

static bool answers_by_tcp(const struct soak *s)
{
	const struct timeval limit = { .tv_sec = 5 };
	uint8_t buf[4096];
	int fd = soak_socket(s, true, true);
	size_t len = query_put(&s->queries.list[0], 7, buf + 2);
	ssize_t n;

	buf[0] = 0;
	buf[1] = (uint8_t)len;
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
	(void)!send(fd, buf, len + 2, MSG_NOSIGNAL);
	n = recv(fd, buf, len + 2, MSG_WAITALL);
	close(fd);
	return n == (ssize_t)len + 2 &&
	       query_answered_by(&s->queries.list[0], 7, buf + 2, len);
}

static void check_alive(struct soak *s, const char *when)
{
	if (!answers_by_udp(s))
		soak_mistake(s, "%s, no answer by UDP", when);
	if (!answers_by_tcp(s))
		soak_mistake(s, "%s, no answer by TCP", when);
}

/* RFC 7766 6.2.2: a server may limit connections; it closes an idle one rather than
 * leave out who has a question. */
static void check_crowd(struct soak *s)
{
	struct rlimit limit;
	unsigned n = 0;
	int fds[CROWD];

	getrlimit(RLIMIT_NOFILE, &limit);
	while (n < CROWD && n + 50 < limit.rlim_cur)
		fds[n++] = soak_socket(s, true, false);
	if (!answers_by_tcp(s))
		soak_mistake(s, "with %u idle connections, no answer on another", n);
	while (n > 0)
		close(fds[--n]);
}

static void check_descriptors(struct soak *s, int pid, unsigned before)
{
	uint64_t until = soak_now_ns() + SETTLE_S * UINT64_C(1000000000);

	while (descriptors(pid) > before && soak_now_ns() < until)
		soak_pause_us(SAMPLE_US);
	if (descriptors(pid) != before)
		soak_mistake(s, "%u descriptors were open before, now %u", before,
			descriptors(pid));
}

static void check_answers(struct soak *s, unsigned long dropped)
{
	unsigned long asked = s->udp_asked, came = s->udp_answered + s->udp_late;

	if (came > asked)
		soak_mistake(s, "UDP: %lu answers to %lu questions", came, asked);
	else if (asked - came > dropped + s->dropped_here)
		soak_mistake(s,
			"UDP: %lu questions have no answer, the kernel dropped %lu",
			asked - came, dropped + s->dropped_here);
	if (s->udp_answered == 0 || s->tcp_answered == 0)
		soak_mistake(s, "nothing was answered");
	if (s->tcp_asked != s->tcp_answered)
		soak_mistake(s, "TCP: %lu answers to %lu questions", s->tcp_answered,
			s->tcp_asked);
}

struct samples {
	unsigned long kib[SAMPLES_MAX];
	unsigned n;
};

static unsigned long highest(const struct samples *m, unsigned from, unsigned to)
{
	unsigned long most = 0;

	for (unsigned i = from; i < to; i++)
		most = m->kib[i] > most ? m->kib[i] : most;
	return most;
}

static void check_memory(struct soak *s, const struct samples *m, unsigned long slack)
{
	unsigned long middle = highest(m, m->n / 3, m->n * 2 / 3);
	unsigned long end = highest(m, m->n * 2 / 3, m->n);

	printf("memory: %lu KiB at first, at most %lu in the second third, %lu in the "
	       "last\n",
		m->kib[0], middle, end);
	if (end > middle + slack)
		soak_mistake(
			s, "memory grew by %lu KiB after the warm-up", end - middle);
}

/* ---- the run ---- */

static void drive(struct soak *s, int pid, struct samples *m)
{
	void *(*const mains[])(
		void *) = { soak_valid_udp, soak_hostile_udp, soak_hostile_tcp };
	pthread_t threads[3 + TCP_THREADS];

	for (unsigned i = 0; i < 3 + TCP_THREADS; i++)
		if (pthread_create(&threads[i], NULL, i < 3 ? mains[i] : soak_valid_tcp,
			    s) != 0)
			fail("soak: thread");
	while (!soak_over(s) && m->n < SAMPLES_MAX) {
		m->kib[m->n++] = rss_kib(pid);
		soak_pause_us(SAMPLE_US);
	}
	for (unsigned i = 0; i < 3 + TCP_THREADS; i++)
		pthread_join(threads[i], NULL);
}

static void print_sums(const struct soak *s)
{
	printf("UDP: %lu asked, %lu answered in time, %lu late; TCP: %lu asked, "
	       "%lu answered; %lu hostile packets, %lu hostile connections\n",
		s->udp_asked, s->udp_answered, s->udp_late, s->tcp_asked,
		s->tcp_answered, s->hostile_packets, s->hostile_connections);
}

static void raise_limit(void)
{
	struct rlimit limit;

	getrlimit(RLIMIT_NOFILE, &limit);
	limit.rlim_cur = limit.rlim_max;
	setrlimit(RLIMIT_NOFILE, &limit);
}

int main(int argc, char **argv)
{
	static struct samples samples;
	static struct soak s;
	struct arena *a = arena_new();
	unsigned long slack = argc > 6 ? strtoul(argv[6], NULL, 10) : SLACK_KIB;
	int pid = argc > 5 ? atoi(argv[1]) : 0, seconds = argc > 5 ? atoi(argv[5]) : 0;
	unsigned long dropped;
	unsigned before;

	if (pid <= 1 || seconds < 1 || seconds > SECONDS_MAX) {
		fprintf(stderr, "usage: soak PID PORT ORIGIN QUERIES SECONDS "
				"[SLACK-KIB]\n");
		return 2;
	}
	raise_limit();
	s.port = (uint16_t)atoi(argv[2]);
	s.origin = argv[3];
	queries_read(a, argv[4], &s.queries);
	check_alive(&s, "at the start");
	soak_pause_us(SAMPLE_US); /* for its end of our connection to go */
	before = descriptors(pid);
	dropped = dropped_at(s.port);
	s.until_ns = soak_now_ns() + (uint64_t)seconds * UINT64_C(1000000000);
	drive(&s, pid, &samples);
	dropped = dropped_at(s.port) - dropped;

	print_sums(&s);
	check_answers(&s, dropped);
	check_memory(&s, &samples, slack);
	check_alive(&s, "at the end");
	check_crowd(&s);
	check_descriptors(&s, pid, before);
	printf("dropped %lu\n", dropped);
	arena_free(a);
	return s.mistakes == 0 ? 0 : 1;
}
