#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "soak.h"

#define MESSAGE_MAX 65535

/* ---- valid ---- */

/* What is asked at once fits in the buffers of both ends, so that writing it all
 * before reading cannot lock up. */
#define AT_ONCE_MAX 100
#define ROUNDS_MAX 50
#define ANSWER_MAX_S 10

static bool write_in_pieces(struct rng *r, int fd, const uint8_t *buf, size_t len)
{
	while (len > 0) {
		size_t piece = rng_below(r, 4) == 0 ? 1 + rng_below(r, 40) : len;
		ssize_t k = send(fd, buf, piece < len ? piece : len, MSG_NOSIGNAL);

		if (k <= 0)
			return false;
		buf += k;
		len -= (size_t)k;
	}
	return true;
}

static bool read_all(int fd, uint8_t *buf, size_t len)
{
	while (len > 0) {
		ssize_t k = recv(fd, buf, len, 0);

		if (k <= 0)
			return false;
		buf += k;
		len -= (size_t)k;
	}
	return true;
}

/* The length, 0 when nothing comes. */
static size_t read_message(int fd, uint8_t *buf)
{
	uint8_t head[2];
	size_t len;

	if (!read_all(fd, head, 2))
		return 0;
	len = (size_t)head[0] << 8 | head[1];
	return read_all(fd, buf, len) ? len : 0;
}

static bool ask_some(struct soak *s, struct rng *r, int fd, uint8_t *buf)
{
	const struct query *asked[AT_ONCE_MAX];
	unsigned n = 1 + rng_below(r, AT_ONCE_MAX);
	size_t len = 0;

	for (unsigned i = 0; i < n; i++) {
		size_t k;

		asked[i] = &s->queries.list[rng_below(r, (uint32_t)s->queries.n)];
		k = query_put(asked[i], (uint16_t)i, buf + len + 2);
		buf[len] = (uint8_t)(k >> 8);
		buf[len + 1] = (uint8_t)k;
		len += 2 + k;
	}
	atomic_fetch_add(&s->tcp_asked, n);
	if (!write_in_pieces(r, fd, buf, len)) {
		soak_mistake(s, "TCP: writing questions: %s", strerror(errno));
		return false;
	}
	for (unsigned i = 0; i < n; i++) {
		size_t got = read_message(fd, buf);
		unsigned id = got >= 12 ? (unsigned)buf[0] << 8 | buf[1] : n;

		if (got == 0) {
			soak_mistake(s, "TCP: %u of %u answers, then nothing", i, n);
			return false;
		}
		if (id >= n || asked[id] == NULL ||
			!query_answered_by(asked[id], (uint16_t)id, buf, got)) {
			soak_mistake(s, "TCP: a wrong answer of %zu octets", got);
			return false;
		}
		asked[id] = NULL;
		atomic_fetch_add(&s->tcp_answered, 1);
	}
	return true;
}

void *soak_valid_tcp(void *arg)
{
	struct soak *s = arg;
	struct rng r = { atomic_fetch_add(&s->seeds, 1) };
	uint8_t *buf = malloc(MESSAGE_MAX);
	const struct timeval limit = { .tv_sec = ANSWER_MAX_S };

	while (!soak_over(s)) {
		int fd = soak_socket(s, true, true);
		unsigned rounds = 1 + rng_below(&r, ROUNDS_MAX);

		setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
		setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
		while (rounds-- > 0 && !soak_over(s) && ask_some(s, &r, fd, buf))
			;
		close(fd);
	}
	free(buf);
	return NULL;
}

/* ---- hostile ---- */

#define HELD 200 /* connections left lying about */
#define SCRATCH (2 + PACKET_MAX)

static void put_length(uint8_t *at, size_t len)
{
	at[0] = (uint8_t)(len >> 8);
	at[1] = (uint8_t)len;
}

/* Whatever the kernel takes of it; the rest is left out, as by one who went away. */
static void send_some(int fd, const uint8_t *buf, size_t len)
{
	(void)!send(fd, buf, len, MSG_NOSIGNAL | MSG_DONTWAIT);
}

static void nothing(struct rng *r, const struct soak *s, int fd, uint8_t *buf)
{
	(void)r;
	(void)s;
	(void)fd;
	(void)buf;
}

static void half_a_length(struct rng *r, const struct soak *s, int fd, uint8_t *buf)
{
	(void)r;
	(void)s;
	buf[0] = 0;
	send_some(fd, buf, 1);
}

static void length_of_zero(struct rng *r, const struct soak *s, int fd, uint8_t *buf)
{
	(void)r;
	(void)s;
	put_length(buf, 0);
	send_some(fd, buf, 2);
}

static void too_long_a_length(struct rng *r, const struct soak *s, int fd, uint8_t *buf)
{
	size_t len = packet_rows[0].make(r, s, buf + 2);

	put_length(buf, len + 1 + rng_below(r, 60000));
	send_some(fd, buf, 2 + len);
}

static void bad_packets(struct rng *r, const struct soak *s, int fd, uint8_t *buf)
{
	for (unsigned n = 1 + rng_below(r, 10); n > 0; n--) {
		const struct packet_row *row =
			&packet_rows[rng_below(r, (uint32_t)n_packet_rows)];
		size_t len = row->make(r, s, buf + 2);

		put_length(buf, len);
		send_some(fd, buf, 2 + len);
	}
}

static void noise(struct rng *r, const struct soak *s, int fd, uint8_t *buf)
{
	size_t len = rng_below(r, 4000);

	(void)s;
	for (size_t i = 0; i < len; i++)
		buf[i] = (uint8_t)rng_next(r);
	send_some(fd, buf, len);
}

/* Closed in the middle, most often. */
static void transfer(struct rng *r, const struct soak *s, int fd, uint8_t *buf)
{
	size_t len = packet_axfr(s, buf + 2);
	unsigned n = 1 + rng_below(r, 4);

	put_length(buf, len);
	for (unsigned i = 0; i < n; i++)
		send_some(fd, buf, 2 + len);
	(void)!recv(fd, buf, 1 + rng_below(r, 20000), MSG_DONTWAIT);
}

/* Asks for many times what the buffers hold, and reads nothing. */
static void slow_reader(struct rng *r, const struct soak *s, int fd, uint8_t *buf)
{
	const int room = 2048;
	size_t len = packet_axfr(s, buf + 2);

	(void)r;
	setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &room, sizeof(room));
	put_length(buf, len);
	for (unsigned i = 0; i < 100; i++)
		send_some(fd, buf, 2 + len);
}

static void no_more_questions(struct rng *r, const struct soak *s, int fd, uint8_t *buf)
{
	bad_packets(r, s, fd, buf);
	shutdown(fd, SHUT_WR);
}

static void (*const deeds[])(struct rng *, const struct soak *, int, uint8_t *) = {
	nothing,
	half_a_length,
	length_of_zero,
	too_long_a_length,
	bad_packets,
	noise,
	transfer,
	slow_reader,
	no_more_questions,
};

/* By a reset as often as in order. */
static void drop(struct rng *r, int fd)
{
	const struct linger reset = { .l_onoff = 1 };

	if (fd < 0)
		return;
	if (rng_below(r, 2) == 0)
		setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
	close(fd);
}

void *soak_hostile_tcp(void *arg)
{
	struct soak *s = arg;
	struct rng r = { 42 };
	uint8_t *buf = malloc(SCRATCH);
	int held[HELD];

	for (unsigned i = 0; i < HELD; i++)
		held[i] = -1;
	while (!soak_over(s)) {
		unsigned i = rng_below(&r, HELD), other = rng_below(&r, HELD);

		drop(&r, held[i]);
		held[i] = soak_socket(s, true, false);
		deeds[rng_below(&r, sizeof(deeds) / sizeof(deeds[0]))](
			&r, s, held[i], buf);
		atomic_fetch_add(&s->hostile_connections, 1);
		/* One octet now and then: the slowest of all. */
		buf[0] = (uint8_t)rng_next(&r);
		if (held[other] >= 0)
			send_some(held[other], buf, 1);
		soak_pause_us(2000);
	}
	for (unsigned i = 0; i < HELD; i++)
		drop(&r, held[i]);
	free(buf);
	return NULL;
}
