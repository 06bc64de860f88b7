#include "run/evidence.h"

#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/bug.h"
#include "net/capture.h"
#include "server/querylog.h"

struct octets {
	const uint8_t *at;
	size_t len;
};

/* One query and what came of it. A moment is a place on the clock; where clocks say the
 * same (a provider's look-ups take no time) the order of what happened decides. */
struct seen {
	const char *case_id;
	const char *server;
	struct ip from, to;
	bool tcp;
	struct octets query, reply; /* no reply: none was sent */
	const char *quirk;
	uint64_t delay_us;
	uint64_t t_us, back_us, over_us;
	unsigned order, back_order;
	bool heard;
};

struct evidence {
	struct arena *arena;
	const char *case_id;
	struct seen *list;
	size_t n, room;
	unsigned order; /* of what happened in this case */
};

/* ---- gathering ---- */

struct evidence *evidence_new(struct arena *a)
{
	struct evidence *e = arena_alloc(a, sizeof(*e));

	e->arena = a;
	return e;
}

void evidence_begin(struct evidence *e, const char *case_id)
{
	e->case_id = case_id;
	e->order = 0;
}

static struct seen *add(struct evidence *e)
{
	if (e->n == e->room) {
		size_t room = e->room == 0 ? 64 : e->room * 2;
		struct seen *grown = arena_array(e->arena, room, sizeof(*grown));

		if (e->n > 0)
			memcpy(grown, e->list, e->n * sizeof(*grown));
		e->list = grown;
		e->room = room;
	}
	return &e->list[e->n++];
}

static struct octets copy(struct arena *a, const uint8_t *from, size_t len)
{
	return (struct octets){ arena_memdup(a, from, len), len };
}

static struct octets encode(struct arena *a, const struct msg *m)
{
	uint8_t wire[UINT16_MAX];

	return copy(a, wire, msg_encode(m, wire, sizeof(wire)));
}

/* The client's resolver is at the last address but one of the range: the root that we
 * make is the next one (world.c), and providers go on below. */
static struct ip asker(unsigned depth, const struct ip *to)
{
	static const struct ip four = { 4, { 198, 19, 255, 254 } };
	static const struct ip six = { 6, { 0x20, 1, 0, 2, [14] = 0xff, 0xfe } };
	struct ip at = to->family == 4 ? four : six;

	if (depth > 0)
		at.bytes[to->family == 4 ? 3 : 15] -= (uint8_t)(1 + depth);
	return at;
}

size_t evidence_query(struct evidence *e, uint64_t t_us, unsigned depth,
	const char *server, const struct ip *to, bool tcp, const struct msg *query)
{
	struct seen *s = add(e);

	*s = (struct seen){ .case_id = e->case_id,
		.server = server,
		.from = asker(depth, to),
		.to = *to,
		.tcp = tcp,
		.query = encode(e->arena, query),
		.t_us = t_us,
		.order = e->order++ };
	return e->n - 1;
}

void evidence_reply(struct evidence *e, size_t index, const struct reply *reply,
	uint64_t back_us, uint64_t over_us, bool heard)
{
	struct seen *s = &e->list[index];

	s->back_us = back_us;
	s->over_us = over_us;
	s->heard = heard;
	s->back_order = e->order++;
	if (reply == NULL)
		return;
	s->quirk = reply->quirk;
	s->delay_us = reply->delay_us;
	if (reply->raw != NULL)
		s->reply = copy(e->arena, reply->raw, reply->raw_len);
	else if (!reply->dropped)
		s->reply = encode(e->arena, &reply->msg);
}

/* ---- writing ---- */

enum what { ASKED, ANSWERED, OVER };

struct event {
	uint64_t t_us;
	unsigned order;
	enum what what;
	const struct seen *seen;
	uint64_t number; /* of the exchange in the run */
};

static int by_time(const void *left, const void *right)
{
	const struct event *a = left, *b = right;

	if (a->t_us != b->t_us)
		return a->t_us < b->t_us ? -1 : 1;
	if (a->order != b->order)
		return a->order < b->order ? -1 : 1;
	return (int)a->what - (int)b->what;
}

/* RFC 6056 3.2: any but the well-known ones. A port of its own for each exchange, as
 * resolvers do it (RFC 5452 9.2), so that they can be told apart. */
static struct endpoint client_of(const struct seen *s, uint64_t number)
{
	return (struct endpoint){ s->from, (uint16_t)(1024 + number % (65536 - 1024)) };
}

static struct endpoint server_of(const struct seen *s)
{
	return (struct endpoint){ s->to, 53 };
}

static void write_packet(struct capture *c, const struct event *e)
{
	struct endpoint client = client_of(e->seen, e->number);
	struct endpoint server = server_of(e->seen);
	uint64_t conn = e->seen->tcp ? e->number : 0;

	switch (e->what) {
	case ASKED:
		capture_message(c, e->t_us, &client, &server, conn, e->seen->query.at,
			e->seen->query.len);
		break;
	case ANSWERED:
		capture_message(c, e->t_us, &server, &client, conn, e->seen->reply.at,
			e->seen->reply.len);
		break;
	case OVER:
		capture_end(c, e->t_us, conn);
		break;
	}
}

static void write_line(struct query_log *log, const struct event *e)
{
	const struct seen *s = e->seen;

	if (e->what != ASKED || s->server == NULL)
		return;
	query_log_add(log, &(struct query_log_line){
				   .t_us = s->t_us,
				   .case_id = s->case_id,
				   .server = s->server,
				   .from = client_of(s, e->number),
				   .to = server_of(s),
				   .tcp = s->tcp,
				   .query = s->query.at,
				   .query_len = s->query.len,
				   .reply = s->reply.at,
				   .reply_len = s->reply.len,
				   .quirk = s->quirk,
				   .delay_us = s->delay_us,
			   });
}

/* A TCP connection is closed by who asked, with the reply or without: what comes later
 * finds nobody. A datagram is on its way whether it is waited for or not. */
static size_t events_of(const struct seen *s, uint64_t number, struct event *to)
{
	size_t n = 0;

	to[n++] = (struct event){ s->t_us, s->order, ASKED, s, number };
	if (s->reply.len > 0 && (!s->tcp || s->heard))
		to[n++] = (struct event){ s->back_us, s->back_order, ANSWERED, s,
			number };
	if (s->tcp)
		to[n++] = (struct event){ s->over_us, s->back_order, OVER, s, number };
	return n;
}

static void write_case(const struct seen *list, size_t n, struct evidence_writer *to)
{
	struct event *events = calloc(n, 3 * sizeof(*events));
	size_t n_events = 0;

	if (events == NULL)
		bug("out of memory");
	for (size_t i = 0; i < n; i++)
		n_events += events_of(&list[i], ++to->exchanges, &events[n_events]);
	qsort(events, n_events, sizeof(*events), by_time);
	for (size_t i = 0; i < n_events; i++) {
		if (to->capture != NULL)
			write_packet(to->capture, &events[i]);
		if (to->log != NULL)
			write_line(to->log, &events[i]);
	}
	free(events);
}

void evidence_write(const struct evidence *e, struct evidence_writer *to)
{
	size_t from = 0;

	for (size_t i = 1; i <= e->n; i++) {
		if (i < e->n && e->list[i].case_id == e->list[from].case_id)
			continue;
		write_case(&e->list[from], i - from, to);
		from = i;
	}
}
