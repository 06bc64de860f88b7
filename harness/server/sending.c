#include <stdlib.h>

#include "base/bug.h"
#include "server/transfer.h"
#include "server/worker.h"

struct sending {
	struct service *service;
	struct snapshot *snap;
	struct transfer *transfer;
	bool is_signed;
	struct tsig tsig;
};

/* RFC 8945 5.3.1: each message is signed, though only the first and the last must be.
 */
static size_t sending_next(void *ctx, uint8_t *out)
{
	struct sending *s = ctx;
	size_t kept = s->is_signed ? tsig_room(&s->tsig) : 0;
	size_t len = transfer_next(s->transfer, out, NET_TCP_ROOM - kept);

	if (s->is_signed && len > 0)
		len = tsig_sign(&s->tsig, out, len, NET_TCP_ROOM, job_now_s());
	return len;
}

static void sending_free(void *ctx)
{
	struct sending *s = ctx;

	transfer_free(s->transfer);
	snapshot_let_go(&s->service->snapshots, s->snap);
	free(s);
}

static bool may_have_transfers(
	const struct service_worker *w, const struct net_request *rq)
{
	struct endpoint to;

	if (w->service->options.allow_transfer)
		return true;
	net_request_to(rq, &to);
	return ip_is_loopback(&to.ip);
}

static void start_stream(struct service_worker *w, struct snapshot *snap, struct job *j,
	struct net_request *rq, struct transfer *t)
{
	struct sending *s = malloc(sizeof(*s));

	if (s == NULL)
		bug("out of memory");
	*s = (struct sending){ w->service, snap, t, job_is_signed(j), { 0 } };
	if (s->is_signed)
		s->tsig = *j->tsig;
	snapshot_hold(snap);
	j->out_len = sending_next(s, j->out);
	j->signature = TSIG_NONE; /* it has its own */
	rq->stream = (struct net_stream){ sending_next, sending_free, s };
}

void job_send_zone(struct service_worker *w, struct snapshot *snap, struct job *j,
	struct net_request *rq)
{
	struct transfer *t;

	if (!may_have_transfers(w, rq))
		return;
	t = transfer_new(j->transfer, &j->query, !j->tcp);
	j->rcode = RCODE_NOERROR;
	worker_count(&w->counters.transfers);
	if (j->tcp) {
		start_stream(w, snap, j, rq, t);
		return;
	}
	j->out_len = transfer_next(t, j->out, job_limit(j));
	transfer_free(t);
}
