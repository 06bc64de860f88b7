/* Requests that are answered later, and replies with a delay: net_later() in listen.h.
 */
#include "net/listener.h"

#include <stdlib.h>
#include <string.h>

#include "base/bug.h"
#include "net/loop.h"

static struct net_later *later_new(const struct net_request *rq)
{
	struct conn *c = rq->tcp ? rq->where : NULL;
	struct listener *l = c != NULL ? conn_listener(c) : rq->where;
	struct net_later *later;

	if (l->n_laters == NET_LATER_MAX) {
		count(&l->counters.later_dropped, 1);
		return NULL;
	}
	later = calloc(1, sizeof(*later));
	if (later == NULL)
		bug("no memory for an answer");
	later->listener = l;
	later->conn = c;
	l->n_laters++;
	if (c != NULL) {
		conn_add_later(c, later);
	} else {
		udp_path_of(rq, &later->path);
		LIST_INSERT_HEAD(&l->laters, later, link);
	}
	return later;
}

/* It waits for nobody any more. */
static void later_unlink(struct net_later *later)
{
	if (later->listener == NULL)
		return;
	LIST_REMOVE(later, link);
	later->listener->n_laters--;
	later->listener = NULL;
	later->conn = NULL;
}

static void later_free(struct net_later *later)
{
	later_unlink(later);
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

	later_unlink(later);
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

void laters_of_a_closed_connection(struct laters *list, struct listener *l)
{
	while (!LIST_EMPTY(list)) {
		struct net_later *later = LIST_FIRST(list);

		if (later->timer != NULL) {
			later_free(later);
			continue;
		}
		LIST_REMOVE(later, link);
		later->conn = NULL;
		LIST_INSERT_HEAD(&l->laters, later, link);
	}
}

void laters_of_a_closed_listener(struct listener *l)
{
	while (!LIST_EMPTY(&l->laters)) {
		struct net_later *later = LIST_FIRST(&l->laters);

		if (later->timer != NULL)
			later_free(later);
		else
			later_unlink(later);
	}
}
