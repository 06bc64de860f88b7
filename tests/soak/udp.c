#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "soak.h"

/* So few under way that the server's buffer holds them all while it is busy with
 * something else for a moment, so many that it always has work. */
#define SOCKETS 8
#define WINDOW 16
#define GIVE_UP_NS UINT64_C(2000000000)
#define STRAGGLERS_US 500000
#define REPLY_ROOM 65535

struct slot {
	const struct query *query; /* NULL: nothing under way */
	uint16_t id;
	uint64_t sent_ns;
};

struct asker {
	int fd;
	uint16_t turn;
	struct slot slots[WINDOW];
};

/* The low bits of the id are the slot. */
static void ask(struct soak *s, struct rng *r, struct asker *k, unsigned i)
{
	struct slot *slot = &k->slots[i];
	uint8_t buf[QUERY_MAX];
	size_t len;

	slot->query = &s->queries.list[rng_below(r, (uint32_t)s->queries.n)];
	slot->id = (uint16_t)(k->turn++ * WINDOW + i);
	slot->sent_ns = soak_now_ns();
	len = query_put(slot->query, slot->id, buf);
	if (send(k->fd, buf, len, 0) == (ssize_t)len)
		atomic_fetch_add(&s->udp_asked, 1);
	else
		slot->query = NULL;
}

static void take(struct soak *s, struct asker *k, const uint8_t *reply, size_t len)
{
	unsigned id = len >= 12 ? (unsigned)reply[0] << 8 | reply[1] : 0;
	struct slot *slot = &k->slots[id % WINDOW];

	if (slot->query == NULL || slot->id != id) {
		/* Given up on, or never asked: the sum at the end tells which. */
		atomic_fetch_add(&s->udp_late, 1);
		return;
	}
	if (!query_answered_by(slot->query, (uint16_t)id, reply, len))
		soak_mistake(s, "UDP: a wrong answer of %zu octets, rcode %d", len,
			len >= 12 ? reply[3] & 15 : -1);
	atomic_fetch_add(&s->udp_answered, 1);
	slot->query = NULL;
}

static bool read_answers(struct soak *s, struct asker *k, uint8_t *buf)
{
	bool any = false;
	ssize_t n;

	while ((n = recv(k->fd, buf, REPLY_ROOM, 0)) >= 0) {
		take(s, k, buf, (size_t)n);
		any = true;
	}
	return any;
}

static void fill_window(struct soak *s, struct rng *r, struct asker *k)
{
	for (unsigned i = 0; i < WINDOW; i++) {
		struct slot *slot = &k->slots[i];

		if (slot->query != NULL && soak_now_ns() > slot->sent_ns + GIVE_UP_NS)
			slot->query = NULL;
		if (slot->query == NULL)
			ask(s, r, k, i);
	}
}

void *soak_valid_udp(void *arg)
{
	struct soak *s = arg;
	struct rng r = { 4711 };
	struct asker askers[SOCKETS] = { 0 };
	uint8_t *buf = malloc(REPLY_ROOM);

	for (unsigned i = 0; i < SOCKETS; i++)
		askers[i].fd = soak_socket(s, false, false);
	while (!soak_over(s)) {
		bool any = false;

		for (unsigned i = 0; i < SOCKETS; i++) {
			fill_window(s, &r, &askers[i]);
			any |= read_answers(s, &askers[i], buf);
		}
		if (!any)
			soak_pause_us(20);
	}
	soak_pause_us(STRAGGLERS_US);
	for (unsigned i = 0; i < SOCKETS; i++) {
		read_answers(s, &askers[i], buf);
		soak_close_udp(s, askers[i].fd);
	}
	free(buf);
	return NULL;
}

/* ---- hostile ---- */

/* A socket a kind, so that a reply tells which kind it is to. */
static void read_replies(
	struct soak *s, int fd, const struct packet_row *row, uint8_t *buf)
{
	ssize_t n;

	while ((n = recv(fd, buf, REPLY_ROOM, 0)) >= 0)
		if ((size_t)n > row->reply_max)
			soak_mistake(s, "%s: a reply of %zd octets, polite are %zu",
				row->name, n, row->reply_max);
}

/* One packet in five is hostile: enough of them, and too few to fill the server's
 * buffer and starve the others. */
static void wait_for_turn(const struct soak *s, unsigned long *answered)
{
	for (int i = 0; i < 100 && !soak_over(s); i++) {
		if (s->udp_answered >= *answered + 4ul * n_packet_rows)
			break;
		soak_pause_us(500);
	}
	*answered = s->udp_answered;
}

void *soak_hostile_udp(void *arg)
{
	struct soak *s = arg;
	struct rng r = { 815 };
	int *fds = malloc(n_packet_rows * sizeof(*fds));
	uint8_t *buf = malloc(PACKET_MAX + 1);
	unsigned long answered = 0;

	for (unsigned i = 0; i < n_packet_rows; i++)
		fds[i] = soak_socket(s, false, false);
	while (!soak_over(s)) {
		for (unsigned i = 0; i < n_packet_rows; i++) {
			size_t len = packet_rows[i].make(&r, s, buf);

			if (send(fds[i], buf, len, 0) >= 0)
				atomic_fetch_add(&s->hostile_packets, 1);
			read_replies(s, fds[i], &packet_rows[i], buf);
		}
		wait_for_turn(s, &answered);
	}
	soak_pause_us(STRAGGLERS_US);
	for (unsigned i = 0; i < n_packet_rows; i++) {
		read_replies(s, fds[i], &packet_rows[i], buf);
		soak_close_udp(s, fds[i]);
	}
	free(buf);
	free(fds);
	return NULL;
}
