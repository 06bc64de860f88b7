/* Zone text from a stranger: loads or is refused with mistakes, and what was loaded
 * answers, changes and lists itself. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "base/arena.h"
#include "zone/answer.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const uint16_t asked[] = { TYPE_A, TYPE_MX, TYPE_NS, TYPE_CNAME, TYPE_DS,
	TYPE_DNAME, TYPE_SRV, TYPE_ANY };

struct asker {
	struct arena *a;
	struct answer_zone zone;
};

static void ask(struct asker *asker, const struct name *name)
{
	struct answer_zones zones = { .zones = &asker->zone, .n = 1 };
	uint8_t wire[65535];

	for (size_t i = 0; i < sizeof(asked) / sizeof(asked[0]); i++) {
		struct question q = {
			.name = name, .type = asked[i], .class = CLASS_IN
		};
		struct msg query, reply;

		msg_init_query(&query, 1, &q, false);
		msg_init_reply(&reply, &query);
		asker->zone.rules.beside = (enum beside_cname)(i % 4);
		zone_answer(asker->a, &zones, &query, &reply);
		if (msg_encode(&reply, wire, sizeof(wire)) == 0)
			abort();
	}
}

/* The owner itself, a name below it, and what it points to. */
static void ask_about(void *ctx, const struct rr *rr)
{
	struct asker *asker = ctx;
	struct name *below =
		name_join(asker->a, name_literal(asker->a, "x"), 1, rr->owner);

	ask(asker, rr->owner);
	if (below != NULL)
		ask(asker, below);
	if (rr->type == TYPE_CNAME || rr->type == TYPE_DNAME)
		ask(asker, rr_target(rr));
}

/* Enough to reach every branch; more only slows the fuzzer. */
#define RECORDS_ASKED 200

static void use(struct arena *a, const struct zone *z, struct errs *errs)
{
	struct asker asker = { .a = a, .zone = { .zone = z } };
	const struct zone_conflict *conflicts;
	struct zone *changed;

	zone_conflicts(z, &conflicts);
	if (zone_records(z) <= RECORDS_ASKED)
		zone_each(z, ask_about, &asker);
	if (zone_change(a, z, ZONE_SET, "shop 60 A 192.0.2.1\n",
		    (struct place){ .file = "step", .line = 1, .col = 1 }, errs,
		    &changed) == 0)
		zone_change(a, changed, ZONE_DELETE, "shop A\n",
			(struct place){ .file = "step", .line = 1, .col = 1 }, errs,
			&changed);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena *a = arena_new();
	struct zone_source source = {
		.origin = name_literal(a, "example.test"),
		.text = (const char *)data,
		.len = size,
		.at = { .file = "fuzz.zone", .line = 1, .col = 1 },
	};
	struct zone *z;
	struct errs errs;

	errs_init(&errs, a);
	if (zone_load(a, &source, &errs, &z) == 0)
		use(a, z, &errs);
	else if (errs.n == 0)
		abort(); /* refused without a reason */
	arena_free(a);
	return 0;
}
