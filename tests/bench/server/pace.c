/* pace HOST PORT QUERIES RATE SECONDS [QUERIES2 RATE2] - asks at a steady rate over
 * UDP, whatever comes back (an open loop), and prints how long answers took:
 *
 *   ASKED ANSWERED MEDIAN-US P99-US MEAN-US
 *
 * It never sleeps, so what it measures is the server and the kernel, not its own
 * waking up: give it a processor of its own. The second questions go out in between
 * over another socket; their answers are not waited for. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/arena.h"
#include "support/queries.h"

#define IDS 65536
#define SECONDS_MAX 60
#define STRAGGLERS_NS 200000000

struct asker {
	struct queries queries;
	int fd;
	double interval_ns;
	uint64_t next_ns;
	size_t asked;
};

static uint64_t sent_ns[IDS]; /* 0: not under way */
static float *took_us;
static size_t n_took;

static uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * UINT64_C(1000000000) + (uint64_t)t.tv_nsec;
}

static void asker_init(struct arena *a, struct asker *k, const char *host,
	const char *port, const char *file, double rate)
{
	struct sockaddr_in to = { .sin_family = AF_INET,
		.sin_port = htons((uint16_t)atoi(port)) };

	queries_read(a, file, &k->queries);
	k->interval_ns = 1e9 / rate;
	k->fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
	if (k->fd < 0 || inet_pton(AF_INET, host, &to.sin_addr) != 1 ||
		connect(k->fd, (struct sockaddr *)&to, sizeof(to)) != 0) {
		perror("pace");
		exit(1);
	}
}

static const struct query *query_of(const struct asker *k, size_t number)
{
	return &k->queries.list[number % k->queries.n];
}

static bool ask_when_due(struct asker *k, uint64_t now)
{
	uint8_t buf[QUERY_MAX];
	size_t len;

	if (now < k->next_ns)
		return false;
	len = query_put(query_of(k, k->asked), (uint16_t)k->asked, buf);
	(void)!send(k->fd, buf, len, 0);
	k->asked++;
	k->next_ns += (uint64_t)k->interval_ns;
	return true;
}

static void read_answers(struct asker *k, bool timed)
{
	uint8_t buf[4096];
	ssize_t n;

	while ((n = recv(k->fd, buf, sizeof(buf), 0)) >= 12) {
		unsigned id = (unsigned)buf[0] << 8 | buf[1];

		if (!timed || sent_ns[id] == 0)
			continue;
		took_us[n_took++] = (float)(now_ns() - sent_ns[id]) / 1000;
		sent_ns[id] = 0;
	}
}

static int compare(const void *a, const void *b)
{
	float x = *(const float *)a, y = *(const float *)b;

	return (x > y) - (x < y);
}

static void report(size_t asked)
{
	double sum = 0;

	if (n_took == 0) {
		printf("%zu 0 0 0 0\n", asked);
		return;
	}
	for (size_t i = 0; i < n_took; i++)
		sum += (double)took_us[i];
	qsort(took_us, n_took, sizeof(*took_us), compare);
	printf("%zu %zu %.2f %.2f %.2f\n", asked, n_took, (double)took_us[n_took / 2],
		(double)took_us[n_took * 99 / 100], sum / (double)n_took);
}

int main(int argc, char **argv)
{
	struct arena *a = arena_new();
	struct asker main_one = { 0 }, other = { 0 };
	double rate = argc > 4 ? atof(argv[4]) : 0,
	       seconds = argc > 5 ? atof(argv[5]) : 0;
	uint64_t start, end, now;
	bool two = argc == 8;

	if ((argc != 6 && argc != 8) || rate <= 0 || rate > 1e6 || seconds <= 0 ||
		seconds > SECONDS_MAX || (two && atof(argv[7]) <= 0)) {
		fprintf(stderr, "usage: pace HOST PORT QUERIES RATE SECONDS "
				"[QUERIES2 RATE2]\n");
		return 2;
	}
	asker_init(a, &main_one, argv[1], argv[2], argv[3], rate);
	if (two)
		asker_init(a, &other, argv[1], argv[2], argv[6], atof(argv[7]));
	took_us = arena_array(a, (size_t)(rate * seconds) + 2, sizeof(*took_us));
	start = now_ns();
	end = start + (uint64_t)(seconds * 1e9);
	main_one.next_ns = other.next_ns = start;
	while ((now = now_ns()) < end + STRAGGLERS_NS) {
		if (now < end && main_one.asked < (size_t)(rate * seconds) &&
			ask_when_due(&main_one, now))
			sent_ns[(main_one.asked - 1) % IDS] = now;
		if (two && now < end)
			ask_when_due(&other, now);
		read_answers(&main_one, true);
		if (two)
			read_answers(&other, false);
	}
	report(main_one.asked);
	arena_free(a);
	return 0;
}
