/* Requests that are answered later, and replies with a delay: net_later() in listen.h.
 */
#include "net/listener.h"

#include <stdlib.h>
#include <string.h>

#include "base/bug.h"
#include "net/loop.h"

static void link_to(struct net_later *later, struct listener *l, struct laters *list)
{
	later->listener = l;
	l->n_laters++;
	LIST_INSERT_HEAD(list, later, link);
}

/* It waits for nobody any more. */
static void unlink_from(struct net_later *later, struct listener *l)
{
	LIST_REMOVE(later, link);
	l->n_laters--;
	later->listener = NULL;
	later->conn = NULL;
}

static struct net_later *later_new(const struct net_request *rq)
{
	struct listener *l = rq->tcp ? conn_listener(rq->where) : rq->where;
	struct net_later *later;

	if (l->n_laters == NET_LATER_MAX) {
		count(&l->counters.later_dropped, 1);
		return NULL;
	}
	later = calloc(1, sizeof(*later));
	if (later == NULL)
		bug("no memory for an answer");
	if (rq->tcp) {
		later->conn = rq->where;
		link_to(later, l, conn_new_later(rq->where));
	} else {
		udp_path_of(rq, &later->path);
		link_to(later, l, &l->laters);
	}
	return later;
}

static void later_free(struct net_later *later)
{
	net_timer_cancel(later->timer);
	stream_drop(&later->stream);
	free(later->message);
	free(later);
}

/* Sending may close the connection, which drops what waits for it: this does not. */
static void send_it(struct net_later *later, const uint8_t *message, size_t len)
{
	struct listener *l = later->listener;
	struct conn *c = later->conn;

	if (l != NULL)
		unlink_from(later, l);
	if (c != NULL)
		conn_answer(c, message, len, &later->stream);
	else if (l != NULL && later->path.len > 0 && len > 0)
		udp_send_one(l, &later->path, message, len);
	later_free(later);
}

struct net_later *net_later(const struct net_request *rq)
{
	return later_new(rq);
}

void net_answer(struct net_later *later, const uint8_t *message, size_t len)
{
	send_it(later, message, len);
}

static void on_due(void *ctx)
{
	struct net_later *later = ctx;

	later->timer = NULL;
	send_it(later, later->message, later->len);
}

void later_delay(struct net_request *rq)
{
	struct net_later *later = later_new(rq);

	if (later == NULL) {
		stream_drop(&rq->stream);
		return;
	}
	later->message = malloc(rq->out_len + 1);
	if (later->message == NULL)
		bug("no memory for a reply with a delay");
	memcpy(later->message, rq->out, rq->out_len);
	later->len = rq->out_len;
	later->stream = rq->stream;
	later->timer =
		net_loop_after(later->listener->loop, rq->delay_us, on_due, later);
}

/* The analyser does not follow LIST_REMOVE(): it takes the next first for the last. */
void laters_of_a_closed_connection(struct laters *list, struct listener *l)
{
	struct net_later *later;

	while ((later = LIST_FIRST(list)) != NULL) {
		unlink_from(later, l); /* NOLINT(clang-analyzer-unix.Malloc) */
		if (later->timer != NULL)
			later_free(later);
		else
			link_to(later, l, &l->laters);
	}
}

void laters_of_a_closed_listener(struct listener *l)
{
	struct net_later *later;

	while ((later = LIST_FIRST(&l->laters)) != NULL) {
		unlink_from(later, l); /* NOLINT(clang-analyzer-unix.Malloc) */
		if (later->timer != NULL)
			later_free(later);
	}
}
