#include "run/loopback.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/bug.h"
#include "net/link.h"
#include "net/listen.h"
#include "net/loop.h"
#include "run/drive.h"
#include "server/service.h"

/* Real time for a message from one socket of this machine to another. Only one that was
 * lost takes it: a machine that is this busy does nothing else any more. */
#define LOST_US UINT64_C(20000000)

#define DEPTHS (DRIVE_DEPTH_MAX + 1)

/* What a server made of the query under way. */
struct decision {
	bool made;
	bool answered;
	uint64_t delay_us;
	const char *quirk;
};

/* An address of the world, as it is at one depth. */
struct site {
	struct level *level;
	const struct ip *ip;
	struct listener *listener;
	struct net_link *udp;
};

/* A loop cannot run inside itself, and a look-up of a provider's runs inside the
 * callback of the server that needs it: a level for each depth. */
struct level {
	struct net_loop *loop;
	struct site *sites; /* NULL: this depth is not open */
	/* The exchange under way. */
	struct service_worker *worker; /* who answers it; NULL: none is under way */
	const uint8_t *sent;
	size_t sent_len;
	struct decision decision;
	uint8_t query[NET_TCP_ROOM], reply[NET_TCP_ROOM];
};

/* A server of a stage. */
struct live {
	struct service *service;
	struct service_worker *workers[DEPTHS];
};

struct loopback {
	struct arena *arena; /* of the world that is open */
	const struct world *world;
	const struct ip **ips; /* of its servers, in any stage */
	unsigned n_ips;
	struct live **live; /* [stage][server] */
	struct level *levels[DEPTHS];
	const struct server_upstream *upstream; /* of the innermost exchange */
	const char *failure;
};

struct loopback *loopback_new(void)
{
	struct loopback *lb = calloc(1, sizeof(*lb));

	if (lb == NULL)
		bug("no memory for a network");
	lb->arena = arena_new();
	return lb;
}

const char *loopback_failure(const struct loopback *lb)
{
	return lb->failure;
}

/* ---- the servers' side ---- */

/* Other programs may send what they like to a port of ours. */
static bool is_under_way(const struct level *v, const struct net_request *rq)
{
	return v->worker != NULL && !v->decision.made && rq->in_len == v->sent_len &&
	       memcmp(rq->in, v->sent, rq->in_len) == 0;
}

static void decide(struct level *v, struct net_request *rq)
{
	service_handle(v->worker, rq, 1);
	v->decision = (struct decision){
		.made = true,
		.answered = rq->out_len > 0,
		.delay_us = rq->delay_us,
		.quirk = service_worker_last_quirk(v->worker),
	};
	rq->delay_us = 0;
}

static void handle(void *ctx, struct net_request *rq, unsigned n)
{
	struct site *site = ctx;

	for (unsigned i = 0; i < n; i++) {
		if (is_under_way(site->level, &rq[i]))
			decide(site->level, &rq[i]);
	}
}

static int look_up(
	void *ctx, struct arena *a, const struct question *q, struct msg *ret)
{
	const struct server_upstream *u = ((struct loopback *)ctx)->upstream;

	return u->lookup(u->ctx, a, q, ret);
}

/* ---- opening ---- */

static int fail(struct loopback *lb, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
static int fail(struct loopback *lb, const char *fmt, ...)
{
	va_list ap;

	/* What follows from the first is no news. */
	if (lb->failure != NULL)
		return -1;
	va_start(ap, fmt);
	lb->failure = arena_vprintf(lb->arena, fmt, ap);
	va_end(ap);
	return -1;
}

static int fail_at(struct loopback *lb, const char *what, const struct ip *ip)
{
	int error = errno;
	char text[IP_TEXT_MAX];

	return fail(lb, "the loopback network cannot %s a port for %s: %s", what,
		ip_to_text(ip, text), strerror(error));
}

/* A machine without IPv6 carries the messages all the same: who talks to whom is the
 * world's business, and the portmap's. */
static struct listener *listen_for(struct site *site, const char **ret_what)
{
	static const struct ip four = { 4, { 127, 0, 0, 1 } };
	static const struct ip six = { 6, { [15] = 1 } };
	const struct net_handler handler = { .handle = handle, .ctx = site };
	struct listener_options o = { .at = { site->ip->family == 6 ? six : four, 0 } };
	struct listener *l = listener_new(site->level->loop, &o, &handler, ret_what);

	if (l == NULL && site->ip->family == 6 &&
		(errno == EADDRNOTAVAIL || errno == EAFNOSUPPORT)) {
		o.at.ip = four;
		l = listener_new(site->level->loop, &o, &handler, ret_what);
	}
	return l;
}

static int open_site(struct loopback *lb, struct site *site)
{
	const char *what = "bind";
	struct endpoint at;

	site->listener = listen_for(site, &what);
	if (site->listener == NULL)
		return fail_at(lb, what, site->ip);
	at = listener_at(site->listener);
	site->udp = net_link_open(site->level->loop, &at, false);
	return site->udp == NULL ? fail_at(lb, "connect to", site->ip) : 0;
}

static void add_workers(struct loopback *lb, unsigned depth)
{
	for (unsigned i = 0; i < lb->world->n_stages; i++) {
		for (unsigned k = 0; k < lb->world->stages[i].n_servers; k++)
			lb->live[i][k].workers[depth] =
				service_worker(lb->live[i][k].service, depth, NULL);
	}
}

/* NULL with errno set. */
static struct level *level_new(void)
{
	struct level *v;

	if (!net_loop_has_room())
		return NULL;
	v = calloc(1, sizeof(*v));
	if (v == NULL)
		bug("no memory for a network");
	v->loop = net_loop_new();
	return v;
}

static int cannot_start(struct loopback *lb)
{
	return fail(lb, "the loopback network cannot start: %s", strerror(errno));
}

/* Deeper levels open when they are needed first, which is seldom. */
static int open_level(struct loopback *lb, unsigned depth)
{
	struct level *v = lb->levels[depth];

	if (v == NULL)
		v = lb->levels[depth] = level_new();
	if (v == NULL)
		return cannot_start(lb);
	v->sites = arena_array(lb->arena, lb->n_ips, sizeof(*v->sites));
	add_workers(lb, depth);
	for (unsigned i = 0; i < lb->n_ips; i++) {
		v->sites[i].level = v;
		v->sites[i].ip = lb->ips[i];
	}
	for (unsigned i = 0; i < lb->n_ips; i++) {
		if (open_site(lb, &v->sites[i]) != 0)
			return -1;
	}
	/* A server that cannot accept a connection would be waited for in vain. */
	return net_loop_has_room() ? 0 : cannot_start(lb);
}

static struct service *new_service(struct loopback *lb, const struct server *server)
{
	const struct service_options o = {
		.minimal_any = server->minimal_any,
		.workers = DEPTHS,
	};
	const struct service_data d = { .server = *server,
		.upstream = { look_up, lb } };

	return service_new(&o, &d);
}

static void add_ip(struct loopback *lb, const struct ip *ip)
{
	for (unsigned i = 0; i < lb->n_ips; i++) {
		if (ip_equal(lb->ips[i], ip))
			return;
	}
	lb->ips[lb->n_ips++] = ip;
}

static void open_stage(struct loopback *lb, unsigned stage)
{
	const struct world_stage *from = &lb->world->stages[stage];
	struct live *live = arena_array(lb->arena, from->n_servers, sizeof(*live));

	for (unsigned i = 0; i < from->n_servers; i++) {
		const struct server *s = &from->servers[i];

		live[i].service = new_service(lb, s);
		for (unsigned k = 0; k < s->n_at; k++)
			add_ip(lb, &s->at[k]);
	}
	lb->live[stage] = live;
}

static unsigned count_ips(const struct world *w)
{
	unsigned n = 0;

	for (unsigned i = 0; i < w->n_stages; i++) {
		for (unsigned k = 0; k < w->stages[i].n_servers; k++)
			n += w->stages[i].servers[k].n_at;
	}
	return n;
}

int loopback_open(struct loopback *lb, const struct world *world)
{
	lb->world = world;
	lb->ips = arena_array(lb->arena, count_ips(world), sizeof(*lb->ips));
	lb->live = arena_array(lb->arena, world->n_stages, sizeof(*lb->live));
	for (unsigned i = 0; i < world->n_stages; i++)
		open_stage(lb, i);
	return open_level(lb, 0);
}

/* ---- closing ---- */

static void close_level(const struct loopback *lb, struct level *v)
{
	for (unsigned i = 0; v->sites != NULL && i < lb->n_ips; i++) {
		net_link_close(v->sites[i].udp);
		listener_free(v->sites[i].listener);
	}
	v->sites = NULL;
}

void loopback_close(struct loopback *lb)
{
	if (lb->world == NULL)
		return;
	for (unsigned i = 0; i < DEPTHS; i++) {
		if (lb->levels[i] != NULL)
			close_level(lb, lb->levels[i]);
	}
	for (unsigned i = 0; i < lb->world->n_stages; i++) {
		for (unsigned k = 0; k < lb->world->stages[i].n_servers; k++)
			service_free(lb->live[i][k].service);
	}
	lb->world = NULL;
	lb->ips = NULL;
	lb->n_ips = 0;
	lb->failure = NULL;
	arena_reset(lb->arena);
}

void loopback_free(struct loopback *lb)
{
	if (lb == NULL)
		return;
	loopback_close(lb);
	for (unsigned i = 0; i < DEPTHS; i++) {
		if (lb->levels[i] != NULL)
			net_loop_free(lb->levels[i]->loop);
		free(lb->levels[i]);
	}
	arena_free(lb->arena);
	free(lb);
}

/* ---- one exchange ---- */

static struct site *site_at(
	const struct loopback *lb, const struct level *v, const struct ip *ip)
{
	for (unsigned i = 0; i < lb->n_ips; i++) {
		if (ip_equal(lb->ips[i], ip))
			return &v->sites[i];
	}
	return NULL;
}

bool loopback_find(const struct loopback *lb, const struct ip *ip, struct endpoint *ret)
{
	struct site *site = site_at(lb, lb->levels[0], ip);

	if (site != NULL)
		*ret = listener_at(site->listener);
	return site != NULL;
}

/* There and, when the server answers, back. The reply's length or -1 with errno set. */
static ssize_t send_and_receive(struct level *v, struct net_link *link)
{
	if (net_link_send(link, v->sent, v->sent_len) != 0)
		return -1;
	if (!net_loop_until(v->loop, &v->decision.made, LOST_US)) {
		errno = ETIMEDOUT;
		return -1;
	}
	return v->decision.answered
		       ? net_link_receive(link, v->reply, sizeof(v->reply), LOST_US)
		       : 0;
}

static ssize_t over_tcp(struct level *v, const struct site *site)
{
	struct endpoint at = listener_at(site->listener);
	struct net_link *link = net_link_open(v->loop, &at, true);
	ssize_t n;
	int saved;

	if (link == NULL)
		return -1;
	n = send_and_receive(v, link);
	saved = errno;
	net_link_close(link);
	errno = saved;
	return n;
}

static int lost(struct loopback *lb, const struct loopback_query *q)
{
	int error = errno;
	char text[IP_TEXT_MAX];

	return fail(lb, "an exchange with %s over %s on the loopback interface: %s",
		ip_to_text(q->to, text), q->tcp ? "TCP" : "UDP",
		error == ETIMEDOUT ? "a message was lost" : strerror(error));
}

/* The length of the reply in the level's buffer, 0 for none, or -1 after a failure. */
static ssize_t converse(
	struct loopback *lb, struct level *v, const struct loopback_query *q)
{
	struct site *site = site_at(lb, v, q->to);
	ssize_t n;

	if (site == NULL)
		bug("no server of the world is asked");
	v->sent = v->query;
	v->sent_len = msg_encode(q->query, v->query, sizeof(v->query));
	v->decision = (struct decision){ .made = false };
	n = q->tcp ? over_tcp(v, site) : send_and_receive(v, site->udp);
	return n < 0 ? lost(lb, q) : n;
}

/* The level at this depth, which is open, or NULL. */
static struct level *level_at(struct loopback *lb, unsigned depth)
{
	if (lb->failure != NULL)
		return NULL;
	if (lb->levels[depth] == NULL || lb->levels[depth]->sites == NULL) {
		if (open_level(lb, depth) != 0)
			return NULL;
	}
	return lb->levels[depth];
}

void loopback_exchange(
	struct loopback *lb, const struct loopback_query *q, struct reply *ret)
{
	const struct server_upstream *outer = lb->upstream;
	struct level *v = level_at(lb, q->depth);
	ssize_t n;

	*ret = (struct reply){ .dropped = true };
	if (v == NULL)
		return;
	lb->upstream = q->upstream;
	v->worker = lb->live[q->stage][q->server].workers[q->depth];
	service_worker_count_quirks(v->worker, q->state);
	n = converse(lb, v, q);
	v->worker = NULL;
	lb->upstream = outer;
	if (n < 0)
		return;
	ret->dropped = !v->decision.answered;
	ret->delay_us = v->decision.delay_us;
	ret->quirk = v->decision.quirk;
	ret->raw = v->decision.answered ? v->reply : NULL;
	ret->raw_len = (size_t)n;
}
