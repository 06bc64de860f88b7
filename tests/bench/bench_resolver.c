/* bench_resolver - what the resolver itself costs: warm look-ups a second, and cold
 * resolutions with replies that are there already. */
#include <stdio.h>
#include <time.h>

#include "base/arena.h"
#include "resolver/policy.h"
#include "resolver/resolver.h"

static double seconds(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

/* Replies made by hand, so that only the resolver is measured: root refers to the zone,
 * the zone has a CNAME and the target's address. */
struct replies {
	struct rr ns, glue, cname, a;
	struct ip root;
};

static void make_replies(struct arena *a, struct replies *r)
{
	static const uint8_t ip[4] = { 198, 18, 0, 13 };
	const struct name *zone = name_literal(a, "mywebservice.com");
	const struct name *ns = name_literal(a, "ns1.mywebservice.com");
	const struct name *customer = name_literal(a, "customer.mywebservice.com");
	const struct name *web = name_literal(a, "web.mywebservice.com");

	r->ns = (struct rr){ zone, name_wire(ns), 86400, TYPE_NS,
		(uint16_t)name_len(ns) };
	r->glue = (struct rr){ ns, ip, 86400, TYPE_A, 4 };
	r->cname = (struct rr){ customer, name_wire(web), 300, TYPE_CNAME,
		(uint16_t)name_len(web) };
	r->a = (struct rr){ web, ip, 300, TYPE_A, 4 };
	ip_from_text("198.18.0.11", &r->root);
}

static void reply_to(
	struct arena *a, struct replies *r, const struct exchange *x, struct msg *ret)
{
	msg_init_reply(ret, &x->query);
	if (x->to.bytes[3] == 11) {
		msg_add(ret, a, AUTHORITY, &r->ns);
		msg_add(ret, a, ADDITIONAL, &r->glue);
		return;
	}
	ret->aa = true;
	if (name_equal(x->query.question.name, r->cname.owner))
		msg_add(ret, a, ANSWER, &r->cname);
	msg_add(ret, a, ANSWER, &r->a);
}

static unsigned pump(struct arena *a, struct resolver *r, struct replies *replies,
	const struct question *q, uint64_t now_us)
{
	struct exchange x;
	struct msg reply;

	resolver_ask(r, q, now_us);
	while (resolver_want(r, &x) == RESOLVER_SEND) {
		reply_to(a, replies, &x, &reply);
		resolver_feed(r, &reply, now_us);
	}
	return resolver_exchanges(r);
}

static void bench(const struct resolver_policy *p, unsigned rounds)
{
	struct arena *fixed = arena_new(), *a = arena_new();
	struct replies replies;
	struct resolver_hints hints = { &replies.root, 1 };
	struct question q = { name_literal(fixed, "customer.mywebservice.com"), TYPE_A,
		CLASS_IN };
	struct resolver *r = NULL;
	unsigned long exchanges = 0;
	double cold, warm, start;

	make_replies(fixed, &replies);
	start = seconds();
	for (unsigned i = 0; i < rounds / 10; i++) {
		arena_reset(a);
		r = resolver_new(a, p, &hints, i, NULL);
		exchanges += pump(a, r, &replies, &q, 0);
	}
	cold = seconds() - start;
	start = seconds();
	for (unsigned i = 0; i < rounds; i++)
		pump(a, r, &replies, &q, i); /* a second of virtual time a million */
	warm = seconds() - start;
	printf("%-24s %6.1f M warm look-ups/s  %6.0f ns a cold exchange  %zu kB\n",
		p->name, rounds / warm / 1e6, cold * 1e9 / (double)exchanges,
		arena_footprint(a) / 1024);
	arena_free(a);
	arena_free(fixed);
}

int main(void)
{
	for (size_t i = 0; i < resolver_policies_n; i++)
		bench(&resolver_policies[i], 3000000);
	return 0;
}
