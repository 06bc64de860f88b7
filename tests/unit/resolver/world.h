/* world.h - root, com, net, two zones and a resolver, pumped in memory: what the tests
 * of the resolver stand on. */
#ifndef TESTS_UNIT_RESOLVER_WORLD_H
#define TESTS_UNIT_RESOLVER_WORLD_H

#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "base/lookup.h"
#include "base/rng.h"
#include "base/str.h"
#include "resolver/policy.h"
#include "resolver/resolver.h"
#include "server/server.h"
#include "support/test.h"

#define WORLD_SERVERS 8
#define SECOND UINT64_C(1000000)

struct world {
	struct arena *arena;
	struct server servers[WORLD_SERVERS];
	struct server_state states[WORLD_SERVERS];
	unsigned n;
	struct resolver *resolver;
	struct ip root;
	struct resolver_hints hints;
	struct trace *trace;
	uint64_t now_us;
	unsigned exchanges; /* in all */
	struct str log; /* "A customer.mywebservice.com@198.18.0.13\n" an exchange */
	bool silent;	/* nobody answers */
	/* Changes a reply on its way, if set. */
	void (*twist)(struct world *w, const struct exchange *x, struct msg *reply);
};

static inline const struct zone *world_zone(
	struct world *w, const char *origin, const char *text)
{
	struct errs errs;
	struct zone_source src = {
		.origin = name_literal(w->arena, origin),
		.text = text,
		.len = strlen(text),
		.at = { "test", 1, 1 },
	};
	struct zone *z = NULL;

	errs_init(&errs, w->arena);
	if (zone_load(w->arena, &src, &errs, &z) != 0) {
		errs_print(&errs, stderr, false);
		fail_msg("the zone %s does not load", origin);
	}
	return z;
}

static inline struct server *world_serve(struct world *w, const char *ip,
	const char *mode, const char *origin, const char *text)
{
	struct server *s = &w->servers[w->n];
	struct server_zone *z = arena_alloc(w->arena, sizeof(*z));
	struct ip *at = arena_alloc(w->arena, sizeof(*at));

	assert_int_equal(ip_from_text(ip, at), 0);
	z->zone = world_zone(w, origin, text);
	z->mode = server_mode(mode);
	*s = (struct server){
		.name = origin, .at = at, .n_at = 1, .zones = z, .n_zones = 1
	};
	server_prepare(w->arena, s);
	server_state_init(w->arena, s, &w->states[w->n]);
	w->n++;
	return s;
}

static inline void world_quirk(struct world *w, struct server *s, struct quirk q)
{
	s->quirks = arena_memdup(w->arena, &q, sizeof(q));
	s->n_quirks = 1;
	server_prepare(w->arena, s);
	server_state_init(w->arena, s, &w->states[s - w->servers]);
}

/* Replaces the zone of a server, as a step of a timeline would. */
static inline void world_change(struct world *w, struct server *s, const char *text)
{
	struct server_zone *z = arena_alloc(w->arena, sizeof(*z));

	z->zone = world_zone(w, s->name, text);
	z->mode = s->zones[0].mode;
	s->zones = z;
	server_prepare(w->arena, s);
}

static inline void world_start(struct world *w, const char *policy, uint64_t seed)
{
	ip_from_text("198.18.0.11", &w->root);
	w->hints = (struct resolver_hints){ &w->root, 1 };
	w->resolver = resolver_new(
		w->arena, resolver_policy(policy), &w->hints, seed, w->trace);
}

/* Root, com and net: one server each zone. */
static inline void world_init(struct world *w)
{
	*w = (struct world){ .arena = arena_new(), .log = STR_INIT };
	world_serve(w, "198.18.0.11", "strict", ".",
		"$TTL 86400\n. SOA a.root. h.root. 1 1 1 1 60\n. NS a.root.\n"
		"a.root. A 198.18.0.11\ncom. NS ns.com.\nns.com. A 198.18.0.12\n"
		"net. NS ns.net.\nns.net. A 198.18.0.15\n");
	world_serve(w, "198.18.0.12", "strict", "com",
		"$TTL 86400\n@ SOA ns h 1 1 1 1 60\n@ NS ns\nns A 198.18.0.12\n"
		"mywebservice NS ns1.mywebservice\nns1.mywebservice A 198.18.0.13\n"
		"glueless NS ns1.offsite.net.\n"
		"two NS ns1.two\ntwo NS ns2.two\nns1.two A 198.18.0.16\n"
		"ns2.two A 198.18.0.17\n"
		"lost NS ns1.lost2.com.\nlost2 NS ns1.lost.com.\n");
	world_serve(w, "198.18.0.15", "strict", "net",
		"$TTL 86400\n@ SOA ns h 1 1 1 1 60\n@ NS ns\nns A 198.18.0.15\n"
		"offsite NS ns1.offsite\nns1.offsite A 198.18.0.14\n");
}

static inline void world_clear(struct world *w)
{
	str_clear(&w->log);
	arena_free(w->arena);
}

static inline bool world_exchange(
	struct world *w, const struct exchange *x, struct reply *ret)
{
	for (unsigned i = 0; i < w->n; i++) {
		if (!ip_equal(&w->servers[i].at[0], &x->to))
			continue;
		server_respond(w->arena, &w->servers[i], &w->states[i], NULL,
			x->tcp ? PROTO_TCP : PROTO_UDP, &x->query, ret);
		return !ret->dropped && ret->raw == NULL &&
		       ret->delay_us < x->timeout_us;
	}
	return false;
}

static inline void world_log(struct world *w, const struct exchange *x)
{
	char name[NAME_TEXT_MAX], type[RRTYPE_TEXT_MAX], ip[IP_TEXT_MAX];

	str_printf(&w->log, "%s %s@%s%s\n",
		rrtype_to_text(x->query.question.type, type),
		name_to_text(x->query.question.name, name), ip_to_text(&x->to, ip),
		x->tcp ? "/tcp" : "");
}

static inline const struct msg *world_ask(
	struct world *w, const char *type, const char *name)
{
	struct question q = { name_literal(w->arena, name), rrtype_from_text(type),
		CLASS_IN };
	struct exchange x;
	struct reply reply;

	resolver_ask(w->resolver, &q, w->now_us);
	while (resolver_want(w->resolver, &x) == RESOLVER_SEND) {
		bool came = !w->silent && world_exchange(w, &x, &reply);

		w->exchanges++;
		world_log(w, &x);
		if (came && w->twist != NULL)
			w->twist(w, &x, &reply.msg);
		w->now_us += came ? reply.delay_us : x.timeout_us;
		resolver_feed(w->resolver, came ? &reply.msg : NULL, w->now_us);
	}
	return resolver_answer(w->resolver);
}

/* "NOERROR; customer.mywebservice.com 300 CNAME t.offsite.net; ..." */
static inline const char *world_text(struct world *w, const struct msg *m)
{
	char rcode[RCODE_TEXT_MAX];
	struct str s = STR_INIT;
	const char *text;

	str_puts(&s, rcode_to_text(m->rcode, rcode));
	for (int id = ANSWER; id <= AUTHORITY; id++) {
		for (unsigned i = 0; i < m->section[id].n; i++) {
			str_puts(&s, id == ANSWER ? "; " : "; authority ");
			rr_put_text(&s, &m->section[id].rr[i]);
		}
	}
	text = arena_strdup(w->arena, s.data);
	str_clear(&s);
	return text;
}

#endif
