#include "run/lab-world.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/bug.h"
#include "host/web.h"
#include "lab/netns.h"
#include "net/listen.h"
#include "net/loop.h"
#include "resolver/policy.h"
#include "run/drive.h"
#include "run/lab-book.h"
#include "run/lab-front.h"
#include "run/lab-own.h"
#include "server/service.h"

#define DNS_PORT 53
#define SMTP_PORT 25
#define HTTP_PORT 80

/* A server of a stage. */
struct live {
	struct service *service;
	struct service_worker *worker;
};

/* An address that some stage has a server at. In a stage without one it is silent. */
struct site {
	struct lab_world *world;
	struct ip ip;
	struct listener *listener;
};

/* A host of the current stage. */
struct live_host {
	const struct host *host;
	struct endpoint *smtp_at, *http_at;
	unsigned n_at;
	struct sink *sink;
	struct web *web;
};

/* What another thread wants to be done on the loop's. */
struct errand {
	struct lab_world *world;
	int (*run)(struct lab_world *w, const struct errand *e);
	unsigned stage;
	bool done;
	int rc;
};

/* All is the thread's, but for what says otherwise. */
struct lab_world {
	struct lab_world_options o; /* read-only */
	struct lab_book *book;	    /* anybody's */
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t done;   /* an errand is, under the lock */
	char why[LAB_WHY_MAX]; /* of the errand that is done */
	struct net_loop *loop; /* made before the thread */
	struct errand start;   /* the first */
	struct arena *arena;
	unsigned stage;
	struct lab_own *own;
	struct lab_front *front, *upstream;
	struct live **live;	     /* [stage][server] */
	struct server_state *states; /* of the stage's servers */
	struct site *sites;
	unsigned n_sites;
	struct live_host *hosts;
	unsigned n_hosts;
	struct sink **own_sinks; /* on the client's side */
	unsigned n_own_sinks;
	struct host sender_host;
	struct endpoint sender_at;
	struct sink *sender;
};

/* ---- reasons ---- */

static int fail(struct lab_world *w, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
static int fail(struct lab_world *w, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(w->why, sizeof(w->why), fmt, ap);
	va_end(ap);
	return -1;
}

static int fail_at(struct lab_world *w, const char *what, const struct endpoint *at)
{
	int error = errno;
	char text[ENDPOINT_TEXT_MAX];

	return fail(w, "cannot %s %s: %s", what, endpoint_to_text(at, text),
		strerror(error));
}

/* ---- addresses ---- */

static struct ip literal(const char *text)
{
	struct ip ip;

	if (ip_from_text(text, &ip) != 0)
		bug("%s is no address", text);
	return ip;
}

static struct endpoint port_of(const char *text, uint16_t port)
{
	return (struct endpoint){ literal(text), port };
}

struct addresses {
	const struct lab_own *own;
	struct ip *list;
	size_t n;
};

/* The client has these itself, and what it sends there does not leave it. */
static bool is_outside(const struct lab_own *own, const struct ip *ip)
{
	return !ip_is_loopback(ip) && !lab_own_is_client(own, ip);
}

static void add_once(struct addresses *to, const struct ip *ip)
{
	for (size_t i = 0; i < to->n; i++) {
		if (ip_equal(&to->list[i], ip))
			return;
	}
	to->list[to->n++] = *ip;
}

static void add_address(struct addresses *to, const struct ip *ip)
{
	if (is_outside(to->own, ip))
		add_once(to, ip);
}

static void add_servers(struct addresses *to, const struct world_stage *stage)
{
	for (unsigned i = 0; i < stage->n_servers; i++) {
		for (unsigned k = 0; k < stage->servers[i].n_at; k++)
			add_address(to, &stage->servers[i].at[k]);
	}
}

static void add_hosts(struct addresses *to, const struct world_stage *stage)
{
	for (unsigned i = 0; i < stage->hosts.n; i++) {
		for (unsigned k = 0; k < stage->hosts.list[i].n_at; k++)
			add_address(to, &stage->hosts.list[i].at[k]);
	}
}

/* The hosts' addresses that are the client's. */
static void add_own(struct addresses *to, const struct world_stage *stage)
{
	for (unsigned i = 0; i < stage->hosts.n; i++) {
		const struct host *h = &stage->hosts.list[i];

		for (unsigned k = 0; k < h->n_at; k++) {
			if (!is_outside(to->own, &h->at[k]))
				add_once(to, &h->at[k]);
		}
	}
}

static const char *const lab_places[] = { LAB_FRONT, LAB_RESOLVER, LAB_UPSTREAM,
	LAB_SENDER_HOST };
#define LAB_PLACES (sizeof(lab_places) / sizeof(lab_places[0]))

static size_t count_addresses(const struct world *world)
{
	size_t n = LAB_PLACES;

	for (unsigned i = 0; i < world->n_stages; i++) {
		const struct world_stage *stage = &world->stages[i];

		for (unsigned k = 0; k < stage->n_servers; k++)
			n += stage->servers[k].n_at;
		for (unsigned k = 0; k < stage->hosts.n; k++)
			n += stage->hosts.list[k].n_at;
	}
	return n;
}

size_t lab_world_addresses(
	struct arena *a, const struct world *world, const struct ip **ret)
{
	struct addresses to = { .own = lab_own_new(a, world) };

	to.list = arena_array(a, count_addresses(world), sizeof(*to.list));
	for (size_t i = 0; i < LAB_PLACES; i++) {
		struct ip ip = literal(lab_places[i]);

		add_address(&to, &ip);
	}
	for (unsigned i = 0; i < world->n_stages; i++) {
		add_servers(&to, &world->stages[i]);
		add_hosts(&to, &world->stages[i]);
	}
	*ret = to.list;
	return to.n;
}

/* ---- name servers ---- */

static const struct world_stage *stage_of(const struct lab_world *w)
{
	return &w->o.world->stages[w->stage];
}

static void handle(void *ctx, struct net_request *rq, unsigned n)
{
	const struct site *site = ctx;
	struct lab_world *w = site->world;
	int at = world_server_at(stage_of(w), &site->ip);
	struct service_worker *worker;

	if (at < 0)
		return;
	worker = w->live[w->stage][at].worker;
	service_worker_count_quirks(worker, &w->states[at]);
	service_handle(worker, rq, n);
}

static int look_up(
	void *ctx, struct arena *a, const struct question *q, struct msg *ret)
{
	const struct lab_world *w = ctx;

	return drive_look_up(a, w->o.world, w->stage, q, ret);
}

static void make_service(
	struct lab_world *w, const struct server *server, struct live *ret)
{
	const struct service_options o = {
		.minimal_any = server->minimal_any,
		.workers = 1,
	};
	const struct service_data d = { .server = *server, .upstream = { look_up, w } };

	ret->service = service_new(&o, &d);
	ret->worker = service_worker(ret->service, 0, NULL);
}

static void make_services(struct lab_world *w)
{
	const struct world *world = w->o.world;

	w->live = arena_array(w->arena, world->n_stages, sizeof(*w->live));
	for (unsigned i = 0; i < world->n_stages; i++) {
		const struct world_stage *stage = &world->stages[i];

		w->live[i] = arena_array(
			w->arena, stage->n_servers + 1u, sizeof(struct live));
		for (unsigned k = 0; k < stage->n_servers; k++)
			make_service(w, &stage->servers[k], &w->live[i][k]);
	}
}

static struct server_state *new_states(struct lab_world *w)
{
	const struct world_stage *stage = stage_of(w);
	struct server_state *states =
		arena_array(w->arena, stage->n_servers + 1u, sizeof(*states));

	for (unsigned i = 0; i < stage->n_servers; i++)
		server_state_init(w->arena, &stage->servers[i], &states[i]);
	return states;
}

/* As drive_enter(): a quirk that has done its work stays done, unless the step replaced
 * it. */
static void carry_states(struct lab_world *w, unsigned stage)
{
	const struct world_stage *from = stage_of(w), *to = &w->o.world->stages[stage];
	struct server_state *old = w->states;

	w->stage = stage;
	w->states = new_states(w);
	for (unsigned i = 0; i < to->n_servers && i < from->n_servers; i++) {
		if (to->servers[i].quirks == from->servers[i].quirks)
			w->states[i] = old[i];
	}
}

static int open_site(struct lab_world *w, struct site *site, const struct ip *ip)
{
	const struct listener_options o = { .at = { *ip, DNS_PORT } };
	const struct net_handler handler = { .handle = handle, .ctx = site };
	const char *what = "bind";

	*site = (struct site){ .world = w, .ip = *ip };
	site->listener = listener_new(w->loop, &o, &handler, &what);
	return site->listener == NULL ? fail_at(w, what, &o.at) : 0;
}

static int open_sites(struct lab_world *w)
{
	const struct world *world = w->o.world;
	struct addresses at = { .own = w->own };

	at.list = arena_array(w->arena, count_addresses(world), sizeof(*at.list));
	for (unsigned i = 0; i < world->n_stages; i++)
		add_servers(&at, &world->stages[i]);
	w->sites = arena_array(w->arena, at.n + 1, sizeof(*w->sites));
	for (size_t i = 0; i < at.n; i++) {
		if (open_site(w, &w->sites[w->n_sites++], &at.list[i]) != 0)
			return -1;
	}
	return 0;
}

/* ---- hosts ---- */

static void on_mail(void *ctx, const struct sink_message *m)
{
	struct lab_world *w = ctx;

	lab_book_mail(w->book, m, false);
}

static void on_notification(void *ctx, const struct sink_message *m)
{
	struct lab_world *w = ctx;

	lab_book_mail(w->book, m, true);
}

static void on_visit(void *ctx, const struct web_visit *v)
{
	struct lab_world *w = ctx;

	(void)v;
	lab_book_moved(w->book);
}

static void on_connection(void *ctx)
{
	struct lab_world *w = ctx;

	lab_book_met(w->book);
}

static void on_offer(void *ctx, const struct sink_message *m)
{
	struct lab_world *w = ctx;

	lab_book_offer(w->book, m);
}

static void on_notifier(void *ctx)
{
	struct lab_world *w = ctx;

	lab_book_moved(w->book);
}

/* An address of two hosts is that of the first, as hosts_at() has it. */
static void place_host(struct lab_world *w, const struct world_stage *stage,
	const struct host *host, struct live_host *ret)
{
	*ret = (struct live_host){ .host = host };
	ret->smtp_at = arena_array(w->arena, host->n_at + 1u, sizeof(*ret->smtp_at));
	ret->http_at = arena_array(w->arena, host->n_at + 1u, sizeof(*ret->http_at));
	for (unsigned i = 0; i < host->n_at; i++) {
		const struct ip *ip = &host->at[i];

		if (hosts_at(&stage->hosts, ip) != host || !is_outside(w->own, ip))
			continue;
		ret->smtp_at[ret->n_at] = (struct endpoint){ *ip, SMTP_PORT };
		ret->http_at[ret->n_at++] = (struct endpoint){ *ip, HTTP_PORT };
	}
}

/* A child that another thread has just made, for a box, has copies of the sockets that
 * we have closed, until it closes them, too: some milliseconds. */
#define COPY_CLOSED_MS 5
#define COPY_CLOSED_TRIES 400

static struct sink *open_sink(
	struct lab_world *w, const struct sink_options *o, const char **ret_what)
{
	struct sink *s = sink_new(w->loop, o, ret_what);

	for (int i = 0; s == NULL && errno == EADDRINUSE && i < COPY_CLOSED_TRIES;
		i++) {
		poll(NULL, 0, COPY_CLOSED_MS);
		s = sink_new(w->loop, o, ret_what);
	}
	return s;
}

static struct web *open_web(
	struct lab_world *w, const struct web_options *o, const char **ret_what)
{
	struct web *s = web_new(w->loop, o, ret_what);

	for (int i = 0; s == NULL && errno == EADDRINUSE && i < COPY_CLOSED_TRIES;
		i++) {
		poll(NULL, 0, COPY_CLOSED_MS);
		s = web_new(w->loop, o, ret_what);
	}
	return s;
}

static int open_host(struct lab_world *w, struct live_host *h)
{
	const struct sink_options mail = { .host = h->host,
		.at = h->smtp_at,
		.n_at = h->n_at,
		.record = on_mail,
		.met = on_connection,
		.offered = on_offer,
		.ctx = w };
	const struct web_options web = { .host = h->host,
		.at = h->http_at,
		.n_at = h->n_at,
		.record = on_visit,
		.ctx = w };
	const char *what = "bind";
	int error;

	h->sink = open_sink(w, &mail, &what);
	if (h->sink != NULL)
		h->web = open_web(w, &web, &what);
	if (h->sink != NULL && h->web != NULL)
		return 0;
	error = errno;
	return fail(
		w, "cannot %s a port of %s: %s", what, h->host->name, strerror(error));
}

static void close_host(struct live_host *h)
{
	sink_free(h->sink);
	web_free(h->web);
	h->sink = NULL;
	h->web = NULL;
}

static bool same_smtp(const struct smtp_host *a, const struct smtp_host *b)
{
	return a->behaviour == b->behaviour && a->greeting == b->greeting &&
	       a->rcpt == b->rcpt && a->accepts == b->accepts &&
	       a->n_accepts == b->n_accepts && a->recipients == b->recipients &&
	       a->n_recipients == b->n_recipients && a->accepts_all == b->accepts_all;
}

static bool same_http(const struct http_host *a, const struct http_host *b)
{
	return a->listens == b->listens && a->serves == b->serves &&
	       a->n_serves == b->n_serves && a->redirect == b->redirect;
}

static bool same_host(const struct live_host *a, const struct live_host *b)
{
	if (strcmp(a->host->name, b->host->name) != 0 || a->n_at != b->n_at ||
		!same_smtp(&a->host->smtp, &b->host->smtp) ||
		!same_http(&a->host->http, &b->host->http))
		return false;
	for (unsigned i = 0; i < a->n_at; i++) {
		if (!ip_equal(&a->smtp_at[i].ip, &b->smtp_at[i].ip))
			return false;
	}
	return true;
}

/* One that has not changed goes on listening, with the connections it has. */
static void take_over(struct live_host *to, struct live_host *from, unsigned n_from)
{
	for (unsigned i = 0; i < n_from; i++) {
		if (from[i].sink != NULL && same_host(to, &from[i])) {
			to->sink = from[i].sink;
			to->web = from[i].web;
			from[i].sink = NULL;
			from[i].web = NULL;
			return;
		}
	}
}

static void close_hosts(struct live_host *hosts, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		close_host(&hosts[i]);
}

/* Old ones first: an address may have moved from one to another. */
static int open_hosts(struct lab_world *w)
{
	const struct world_stage *stage = stage_of(w);
	struct live_host *old = w->hosts;
	unsigned n_old = w->n_hosts;

	w->hosts = arena_array(w->arena, stage->hosts.n + 1u, sizeof(*w->hosts));
	w->n_hosts = stage->hosts.n;
	for (unsigned i = 0; i < w->n_hosts; i++) {
		place_host(w, stage, &stage->hosts.list[i], &w->hosts[i]);
		take_over(&w->hosts[i], old, n_old);
	}
	close_hosts(old, n_old);
	for (unsigned i = 0; i < w->n_hosts; i++) {
		if (w->hosts[i].sink == NULL && open_host(w, &w->hosts[i]) != 0)
			return -1;
	}
	return 0;
}

static int open_sender_host(struct lab_world *w)
{
	const struct sink_options o = { .host = &w->sender_host,
		.at = &w->sender_at,
		.n_at = 1,
		.record = on_notification,
		.met = on_notifier,
		.ctx = w };
	const char *what = "bind";

	w->sender_host = (struct host){
		.name = "notify",
		.smtp = { .behaviour = HOST_SMTP_OPEN, .accepts_all = true },
	};
	w->sender_at = port_of(LAB_SENDER_HOST, SMTP_PORT);
	w->sender = sink_new(w->loop, &o, &what);
	return w->sender == NULL ? fail_at(w, what, &w->sender_at) : 0;
}

/* ---- hosts of the client's own ---- */

static void close_own_sinks(struct lab_world *w)
{
	for (unsigned i = 0; i < w->n_own_sinks; i++)
		sink_free(w->own_sinks[i]);
	w->n_own_sinks = 0;
}

/* The port is the mail server's, or the client has no such address, as that family was
 * left out. */
static bool is_not_free(int error)
{
	return error == EADDRINUSE || error == EADDRNOTAVAIL || error == EAFNOSUPPORT;
}

static int open_own_sink(struct lab_world *w, const struct host *host, struct ip ip)
{
	const struct endpoint at = { ip, SMTP_PORT };
	const struct sink_options o = { .host = host,
		.at = &at,
		.n_at = 1,
		.record = on_mail,
		.met = on_connection,
		.offered = on_offer,
		.ctx = w };
	const char *what = "bind";
	struct sink *s = sink_new(w->loop, &o, &what);

	if (s == NULL)
		return is_not_free(errno) ? 0 : fail_at(w, what, &at);
	w->own_sinks[w->n_own_sinks++] = s;
	return 0;
}

/* On the client's side. A sink for each address: each may be taken. */
static int open_own_sinks(struct lab_world *w)
{
	const struct world_stage *stage = stage_of(w);
	struct addresses at = { .own = w->own };

	at.list = arena_array(w->arena, count_addresses(w->o.world), sizeof(*at.list));
	add_own(&at, stage);
	w->own_sinks = arena_array(w->arena, at.n + 1, sizeof(*w->own_sinks));
	for (size_t i = 0; i < at.n; i++) {
		if (open_own_sink(
			    w, hosts_at(&stage->hosts, &at.list[i]), at.list[i]) != 0)
			return -1;
	}
	return 0;
}

static int open_own(struct lab_world *w, const struct errand *e)
{
	int rc;

	(void)e;
	close_own_sinks(w);
	if (netns_enter(w->o.netns, NETNS_CLIENT) != 0)
		return fail(w, "cannot enter the client's network namespace: %s",
			strerror(errno));
	rc = open_own_sinks(w);
	if (netns_enter(w->o.netns, NETNS_WORLD) != 0)
		return fail(w, "cannot return to the world's network namespace: %s",
			strerror(errno));
	return rc;
}

static int close_own(struct lab_world *w, const struct errand *e)
{
	(void)e;
	close_own_sinks(w);
	return 0;
}

/* ---- resolvers ---- */

static int open_front(struct lab_world *w)
{
	const struct lab_front_options o = {
		.loop = w->loop,
		.world = w->o.world,
		.at = port_of(LAB_FRONT, DNS_PORT),
		.emulated = w->o.emulated,
		.seed = w->o.seed,
		.to = port_of(LAB_RESOLVER, DNS_PORT),
		.own = w->own,
		.book = w->book,
	};
	const char *what = "bind";

	w->front = lab_front_new(&o, &what);
	return w->front == NULL ? fail_at(w, what, &o.at) : 0;
}

static int open_upstream(struct lab_world *w)
{
	const struct lab_front_options o = {
		.loop = w->loop,
		.world = w->o.world,
		.at = port_of(LAB_UPSTREAM, DNS_PORT),
		.emulated = resolver_policy("ideal"),
	};
	const char *what = "bind";

	w->upstream = lab_front_new(&o, &what);
	return w->upstream == NULL ? fail_at(w, what, &o.at) : 0;
}

/* ---- the thread ---- */

static int open_all(struct lab_world *w, const struct errand *e)
{
	(void)e;
	if (netns_enter(w->o.netns, NETNS_WORLD) != 0)
		return fail(w, "cannot enter the world's network namespace: %s",
			strerror(errno));
	w->own = lab_own_new(w->arena, w->o.world);
	make_services(w);
	w->states = new_states(w);
	return open_sites(w) != 0 || open_hosts(w) != 0 || open_sender_host(w) != 0 ||
			       open_front(w) != 0 || open_upstream(w) != 0
		       ? -1
		       : 0;
}

static void close_all(struct lab_world *w)
{
	lab_front_free(w->front);
	lab_front_free(w->upstream);
	close_hosts(w->hosts, w->n_hosts);
	close_own_sinks(w);
	sink_free(w->sender);
	for (unsigned i = 0; i < w->n_sites; i++)
		listener_free(w->sites[i].listener);
	for (unsigned i = 0; w->live != NULL && i < w->o.world->n_stages; i++) {
		for (unsigned k = 0; k < w->o.world->stages[i].n_servers; k++)
			service_free(w->live[i][k].service);
	}
}

static void run_errand(void *ctx)
{
	struct errand *e = ctx;
	struct lab_world *w = e->world;
	int rc = e->run(w, e);

	pthread_mutex_lock(&w->lock);
	e->rc = rc;
	e->done = true;
	pthread_cond_broadcast(&w->done);
	pthread_mutex_unlock(&w->lock);
}

static void *work(void *ctx)
{
	struct lab_world *w = ctx;

	run_errand(&w->start);
	/* If that failed, lab_world_free() has it end at once. */
	net_loop_run(w->loop);
	close_all(w);
	return NULL;
}

/* Every errand ends: none waits for anything. */
static int await(struct lab_world *w, struct errand *e, char why[LAB_WHY_MAX])
{
	int rc;

	pthread_mutex_lock(&w->lock);
	while (!e->done)
		pthread_cond_wait(&w->done, &w->lock);
	rc = e->rc;
	if (rc != 0 && why != NULL)
		memcpy(why, w->why, LAB_WHY_MAX);
	pthread_mutex_unlock(&w->lock);
	return rc;
}

static int send_on(struct lab_world *w, struct errand *e, char why[LAB_WHY_MAX])
{
	e->world = w;
	net_loop_call(w->loop, run_errand, e);
	return await(w, e, why);
}

/* Signals are for the thread that started us. */
static int start_thread(struct lab_world *w)
{
	sigset_t all, before;
	int error;

	w->start = (struct errand){ .world = w, .run = open_all };
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	error = pthread_create(&w->thread, NULL, work, w);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return error;
}

static void free_all(struct lab_world *w)
{
	net_loop_free(w->loop);
	lab_book_free(w->book);
	arena_free(w->arena);
	pthread_cond_destroy(&w->done);
	pthread_mutex_destroy(&w->lock);
	free(w);
}

static struct lab_world *make(const struct lab_world_options *o)
{
	struct lab_world *w = calloc(1, sizeof(*w));

	if (w == NULL)
		bug("no memory for a world");
	w->o = *o;
	w->arena = arena_new();
	w->book = lab_book_new();
	w->loop = net_loop_new();
	pthread_mutex_init(&w->lock, NULL);
	pthread_cond_init(&w->done, NULL);
	return w;
}

struct lab_world *lab_world_new(
	const struct lab_world_options *o, char why[LAB_WHY_MAX])
{
	struct lab_world *w;
	int error;

	if (!net_loop_has_room()) {
		snprintf(why, LAB_WHY_MAX, "the lab's world cannot start: %s",
			strerror(errno));
		return NULL;
	}
	w = make(o);
	error = start_thread(w);
	if (error != 0) {
		snprintf(why, LAB_WHY_MAX, "the lab's world has no thread: %s",
			strerror(error));
		free_all(w);
		return NULL;
	}
	if (await(w, &w->start, why) == 0)
		return w;
	lab_world_free(w);
	return NULL;
}

void lab_world_free(struct lab_world *w)
{
	if (w == NULL)
		return;
	net_loop_stop(w->loop);
	pthread_join(w->thread, NULL);
	free_all(w);
}

/* ---- errands ---- */

static int enter(struct lab_world *w, const struct errand *e)
{
	carry_states(w, e->stage);
	lab_own_enter(w->own, e->stage);
	lab_front_enter(w->front, e->stage);
	lab_front_enter(w->upstream, e->stage);
	return open_hosts(w);
}

int lab_world_enter(struct lab_world *w, unsigned stage, char why[LAB_WHY_MAX])
{
	struct errand e = { .run = enter, .stage = stage };

	if (stage >= w->o.world->n_stages)
		bug("stage %u of a world that has %u", stage, w->o.world->n_stages);
	return send_on(w, &e, why);
}

static int restart(struct lab_world *w, const struct errand *e)
{
	bool moved = w->stage != 0;

	(void)e;
	w->stage = 0;
	w->states = new_states(w);
	lab_own_enter(w->own, 0);
	lab_front_restart(w->front);
	lab_front_restart(w->upstream);
	return moved ? open_hosts(w) : 0;
}

int lab_world_restart(struct lab_world *w, char why[LAB_WHY_MAX])
{
	struct errand e = { .run = restart };

	return send_on(w, &e, why);
}

int lab_world_open_own(struct lab_world *w, char why[LAB_WHY_MAX])
{
	struct errand e = { .run = open_own };

	return send_on(w, &e, why);
}

void lab_world_close_own(struct lab_world *w)
{
	struct errand e = { .run = close_own };

	send_on(w, &e, NULL);
}

static int prime(struct lab_world *w, const struct errand *e)
{
	(void)e;
	lab_front_prime(w->front);
	return 0;
}

void lab_world_prime(struct lab_world *w)
{
	struct errand e = { .run = prime };

	send_on(w, &e, NULL);
}

/* ---- the log ---- */

void lab_world_log(struct lab_world *w, struct arena *a, struct lab_log *ret)
{
	lab_book_copy(w->book, a, ret);
}

struct lab_news lab_world_news(struct lab_world *w)
{
	return lab_book_news(w->book);
}

uint64_t lab_world_wait(struct lab_world *w, uint64_t moves, uint64_t us)
{
	return lab_book_wait(w->book, moves, us);
}

void lab_world_forget(struct lab_world *w)
{
	lab_book_forget(w->book);
}
