#include "run/lab-site.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "base/str.h"
#include "host/visitor.h"
#include "lab/program.h"
#include "net/ask.h"
#include "net/fetch.h"
#include "net/loop.h"
#include "run/drive.h"
#include "scenario/scenario.h"
#include "zone/sign.h"

/* What tells that a resolver is up: one try, and the next when it is over. */
#define PROBE_US UINT64_C(300000)

#define HTTP_PORT 80

/* Of what a program said, in a reason. */
#define WORDS_MAX 240

static int fail(struct lab_site *s, const char *what, const char *why)
{
	if (s->failure == NULL)
		s->failure = arena_printf(s->arena, "%s: %s", what, why);
	return -1;
}

const char *lab_words(struct arena *a, const struct box_result *r)
{
	const char *end = r->output + r->output_len, *from;
	struct str s = STR_INIT;
	const char *ret;

	if (r->status == -1)
		return "did not end within its time";
	if (r->status == -2)
		return "its box is gone";
	if (r->cut)
		return "said more than anybody reads";
	while (end > r->output && (unsigned char)end[-1] <= ' ')
		end--;
	from = end - r->output > WORDS_MAX ? end - WORDS_MAX : r->output;
	str_puts(&s, from > r->output ? "..." : "");
	for (; from < end; from++) {
		if (*from == '\n')
			str_puts(&s, "; ");
		else
			str_putc(&s, (unsigned char)*from < ' ' ? ' ' : *from);
	}
	if (s.len == 0 && r->status > 128)
		str_printf(&s, "ended by signal %d", r->status - 128);
	ret = s.len == 0 ? "failed without a word" : arena_strdup(a, s.data);
	str_clear(&s);
	return ret;
}

/* ---- asking ---- */

struct asking {
	struct arena *arena;
	bool done, heard;
	struct msg *came;
};

static void on_reply(void *ctx, const uint8_t *reply, size_t len)
{
	struct asking *a = ctx;
	struct msg m;

	a->done = true;
	a->heard = reply != NULL;
	if (reply != NULL && msg_decode(a->arena, reply, len, &m) == 0)
		a->came = arena_memdup(a->arena, &m, sizeof(m));
}

static void ask(struct lab_site *s, const struct question *q, uint64_t patience_us,
	struct asking *a)
{
	uint8_t wire[EDNS_PAYLOAD];
	struct endpoint to = { .port = 53 };
	struct net_ask *asked;
	struct msg query;
	size_t len;

	msg_init_query(&query, 0, q, true);
	len = msg_encode(&query, wire, sizeof(wire));
	ip_from_text(LAB_RESOLVER, &to.ip);
	asked = net_ask(s->loop, &to, wire, len, patience_us, on_reply, a);
	/* It ends by itself; twice its time is for a clock that jumps. */
	if (!net_loop_until(s->loop, &a->done, 2 * patience_us))
		net_ask_cancel(asked);
}

const struct msg *lab_site_ask(
	struct lab_site *s, struct arena *a, const struct question *q)
{
	struct asking asking = { .arena = a };

	if (s->failure == NULL)
		ask(s, q, s->was_silent ? LAB_PATIENCE_LEFT_US : LAB_PATIENCE_US,
			&asking);
	if (asking.came == NULL) {
		s->was_silent = true;
		lab_site_check(s);
	}
	return asking.came;
}

/* ---- visiting ---- */

struct visiting {
	struct arena *arena;
	bool done;
	struct visitor_reply *reply;
};

static void on_page(void *ctx, const struct fetched *page)
{
	struct visiting *v = ctx;

	v->done = true;
	v->reply->connected = page->connected;
	v->reply->status = page->status;
	if (page->location != NULL)
		v->reply->location = arena_strdup(v->arena, page->location);
}

void lab_site_fetch(struct lab_site *s, struct arena *a,
	const struct visitor_page *page, struct visitor_reply *ret)
{
	const struct world_stage *stage = &s->options.world->stages[s->stage];
	const struct host *host = hosts_at(&stage->hosts, &page->ip);
	const struct endpoint to = { page->ip, HTTP_PORT };
	struct visiting v = { .arena = a, .reply = ret };
	struct net_fetch *fetch;

	*ret = (struct visitor_reply){ .host = host == NULL ? NULL : host->name };
	if (s->failure != NULL)
		return;
	fetch = net_fetch(s->loop, &to, page->host, "/", LAB_VISIT_US, on_page, &v);
	/* As above. */
	if (!net_loop_until(s->loop, &v.done, 2 * LAB_VISIT_US))
		net_fetch_cancel(fetch);
}

/* ---- the resolver's box ---- */

static void put_hints(struct str *s, const struct resolver_hints *hints)
{
	char text[IP_TEXT_MAX];

	str_puts(s, ". 3600000 IN NS a.root.\n");
	for (unsigned i = 0; i < hints->n; i++)
		str_printf(s, "a.root. 3600000 IN %s %s\n",
			hints->root[i].family == 4 ? "A" : "AAAA",
			ip_to_text(&hints->root[i], text));
}

/* The DS of a signed root; nothing of another. */
static void put_anchor(struct str *s, struct arena *a, const struct world *world)
{
	const struct world_stage *stage = &world->stages[0];
	struct ds_list ds = { .n = 0 };

	for (unsigned i = 0; i < stage->n_servers; i++) {
		const struct server *server = &stage->servers[i];

		for (unsigned k = 0; k < server->n_zones; k++) {
			const struct zone *zone = server->zones[k].zone;

			if (name_equal(zone_origin(zone), name_root))
				zone_add_ds(a, zone, &ds);
		}
	}
	for (size_t i = 0; i < ds.n; i++)
		str_printf(s, "%s\n", rr_text(a, &ds.rr[i]));
}

static const char *driver_text(struct arena *a, const struct program *p)
{
	return arena_printf(a, "%s\n%s", driver_common, p->driver);
}

static int start_resolver(struct lab_site *s)
{
	const struct program *p = s->options.resolver;
	struct str hints = STR_INIT, anchor = STR_INIT;
	struct box_options o = {
		.root = s->options.resolver_root,
		.netns = s->netns,
		.side = NETNS_WORLD,
		.hostname = "resolver",
	};
	const char *env[8];
	char why[BOX_WHY_MAX];

	put_hints(&hints, &s->options.world->hints);
	put_anchor(&anchor, s->arena, s->options.world);
	const struct box_file files[] = {
		{ "/lab/driver.sh", driver_text(s->arena, p), 0 },
		{ "/lab/hints", hints.data, 0 },
		{ "/lab/anchor", anchor.data, 0 },
		{ "/etc/resolv.conf", "", 0 },
		{ "/etc/hosts", "127.0.0.1 localhost\n", 0 },
	};

	o.files = files;
	o.n_files = sizeof(files) / sizeof(files[0]);
	env[o.n_env++] = "LAB_AT=" LAB_RESOLVER;
	env[o.n_env++] = "LAB_UPSTREAM=" LAB_UPSTREAM;
	env[o.n_env++] = "LAB_HINTS=/lab/hints";
	env[o.n_env++] = anchor.len > 0 ? "LAB_ANCHOR=/lab/anchor" : "LAB_ANCHOR=";
	env[o.n_env++] = "LAB_CLOCK=/lab/clock";
	env[o.n_env++] = "LAB_HOSTNAME=resolver";
	if (p->settings != NULL)
		env[o.n_env++] = p->settings;
	o.env = env;
	s->resolver = box_new(&o, why);
	str_clear(&hints);
	str_clear(&anchor);
	return s->resolver == NULL ? fail(s, "no box for the resolver", why) : 0;
}

/* A function of the driver, with an argument or NULL. */
static int drive_with(struct lab_site *s, const char *function, const char *argument,
	uint64_t limit_us)
{
	const char *args[] = { function, argument, NULL };
	struct box_result r;

	if (s->failure != NULL)
		return -1;
	box_run(s->resolver, ". /lab/driver.sh; \"$@\"", args, NULL, limit_us, &r);
	if (r.status == 0)
		return 0;
	return fail(s,
		arena_printf(s->arena, "%s: %s", s->options.resolver->name, function),
		lab_words(s->arena, &r));
}

static int drive(struct lab_site *s, const char *function, uint64_t limit_us)
{
	return drive_with(s, function, NULL, limit_us);
}

/* As launch() of drivers/common.sh wrote it down. */
int lab_site_check(struct lab_site *s)
{
	static const char script[] = "pid=/run/lab-resolver.pid\n"
				     "[ ! -e $pid ] || kill -0 $(cat $pid)";
	struct box_result r;

	if (s->failure != NULL)
		return -1;
	if (s->resolver == NULL)
		return 0;
	box_run(s->resolver, script, NULL, NULL, s->options.limits.command_us, &r);
	return r.status == 0 ? 0
			     : fail(s, s->options.resolver->name,
				       "it ended while it was asked");
}

/* Any answer will do: what it has cached of it is forgotten again. */
static int await_resolver(struct lab_site *s)
{
	struct question q = { .name = name_root, .type = TYPE_SOA, .class = CLASS_IN };
	struct asking a = { .arena = s->arena };

	for (uint64_t t = 0; t < s->options.limits.start_us; t += PROBE_US) {
		a.done = false;
		ask(s, &q, PROBE_US, &a);
		if (a.heard)
			return drive(s, "flush", s->options.limits.command_us);
	}
	if (lab_site_check(s) != 0)
		return -1;
	return fail(s, s->options.resolver->name, "started, and answers nothing");
}

static int open_resolver(struct lab_site *s)
{
	if (s->options.resolver == NULL)
		return 0;
	if (start_resolver(s) != 0 ||
		drive(s, "start", s->options.limits.start_us) != 0)
		return -1;
	return await_resolver(s);
}

/* ---- the site ---- */

static int open_netns(struct lab_site *s)
{
	const struct world *world = s->options.world;
	const struct scenario *scenario = world->scenario;
	struct netns_options o = {
		.client = scenario->self_ips,
		.n_client = scenario->n_self_ips,
		.no_ipv4 = scenario->no_ipv4,
		.no_ipv6 = scenario->no_ipv6,
	};
	char why[NETNS_WHY_MAX];

	o.n_world = lab_world_addresses(s->arena, world, &o.world);
	s->netns = netns_new(&o, why);
	if (s->netns == NULL)
		return fail(s, "no network", why);
	if (netns_enter(s->netns, NETNS_WORLD) != 0)
		return fail(s, "no network", "its namespace cannot be entered");
	return 0;
}

static int open_world(struct lab_site *s)
{
	const struct lab_world_options o = {
		.world = s->options.world,
		.netns = s->netns,
		.emulated = s->options.resolver == NULL ? s->options.policy : NULL,
		.seed = s->options.seed,
	};
	char why[LAB_WHY_MAX];

	s->world = lab_world_new(&o, why);
	s->stage = 0;
	return s->world == NULL ? fail(s, "no world", why) : 0;
}

int lab_site_open(struct lab_site *s, const struct lab_site_options *o)
{
	struct lab_limits *l = &s->options.limits;

	*s = (struct lab_site){ .options = *o, .arena = arena_new() };
	l->start_us = l->start_us != 0 ? l->start_us : LAB_START_LIMIT_US;
	l->case_us = l->case_us != 0 ? l->case_us : LAB_CASE_LIMIT_US;
	l->command_us = l->command_us != 0 ? l->command_us : LAB_COMMAND_LIMIT_US;
	if (open_netns(s) != 0 || open_world(s) != 0)
		return -1;
	/* Its sockets are opened when something is asked: on this side. */
	s->loop = net_loop_new();
	return open_resolver(s);
}

void lab_site_close(struct lab_site *s)
{
	box_free(s->resolver);
	lab_world_free(s->world);
	if (s->loop != NULL)
		net_loop_free(s->loop);
	netns_free(s->netns);
	arena_free(s->arena);
}

int lab_site_restart(struct lab_site *s)
{
	char why[LAB_WHY_MAX];

	if (s->failure != NULL)
		return -1;
	s->stage = 0;
	if (lab_world_restart(s->world, why) != 0)
		return fail(s, "no world", why);
	return s->resolver == NULL ? 0
				   : drive(s, "flush", s->options.limits.command_us);
}

/* ---- time ---- */

void lab_site_wait(struct lab_site *s, uint64_t us)
{
	char text[24];

	if (s->resolver == NULL || s->failure != NULL)
		return;
	s->ahead_us += us;
	snprintf(text, sizeof(text), "%" PRIu64, s->ahead_us / 1000);
	drive_with(s, "clock", text, s->options.limits.command_us);
}

/* Since stage 0 has seen less than a step's time go by, the clock moves on by the whole
 * distance between two stages. */
void lab_site_enter(struct lab_site *s, unsigned stage)
{
	const struct world_stage *stages = s->options.world->stages;
	char why[LAB_WHY_MAX];

	if (s->failure != NULL)
		return;
	lab_site_wait(s, stages[stage].at_us - stages[s->stage].at_us);
	s->stage = stage;
	if (lab_world_enter(s->world, stage, why) != 0)
		fail(s, "no world", why);
}

/* ---- for a drive ---- */

static const struct msg *outside_ask(
	void *ctx, struct arena *a, const struct question *q, uint64_t *ret_took_us)
{
	struct lab_site *s = ctx;
	const struct msg *answer = s->resolver == NULL ? NULL : lab_site_ask(s, a, q);

	*ret_took_us = answer == NULL ? LAB_PATIENCE_US : DRIVE_ROUND_TRIP_US;
	return answer;
}

static void outside_wait(void *ctx, uint64_t us)
{
	lab_site_wait(ctx, us);
}

static void outside_enter(void *ctx, unsigned stage)
{
	lab_site_enter(ctx, stage);
}

static void outside_fetch(void *ctx, struct arena *a, const struct visitor_page *page,
	struct visitor_reply *ret)
{
	lab_site_fetch(ctx, a, page, ret);
}

static void outside_prime(void *ctx)
{
	struct lab_site *s = ctx;

	if (s->failure == NULL)
		lab_world_prime(s->world);
}

struct drive_outside lab_site_outside(struct lab_site *s)
{
	return (struct drive_outside){
		.ask = outside_ask,
		.wait = outside_wait,
		.enter = outside_enter,
		.fetch = outside_fetch,
		.prime = s->options.resolver == NULL ? outside_prime : NULL,
		.ctx = s,
	};
}
