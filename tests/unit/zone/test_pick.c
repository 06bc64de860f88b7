#include "zone/answer.h"

#include <stdio.h>

#include "base/arena.h"
#include "support/test.h"
#include "support/zones.h"

/* Enough that answer_zones_index() makes an index. */
#define MANY 300

static const char *const origins[] = { "example", "customer.example",
	"deep.down.in.example", "org" };

static void many_zones(struct arena *a, struct answer_zone list[MANY])
{
	for (int i = 0; i < MANY; i++) {
		const char *origin =
			i < 4 ? origins[i] : arena_printf(a, "z%d.example.net", i);

		list[i] = (struct answer_zone){ .zone = zone_with_apex(a, origin, "") };
	}
}

static const char *picked(
	struct arena *a, const struct answer_zones *zones, const struct question *q)
{
	const struct answer_zone *z = answer_zone_for(zones, q);

	return z == NULL ? "none" : name_text(a, zone_origin(z->zone));
}

static const struct row {
	const char *name, *asked;
	uint16_t type;
	const char *origin;
} rows[] = {
	{ "an apex is in its zone", "example", TYPE_MX, "example" },
	{ "a name is in the closest zone above it", "www.customer.example", TYPE_A,
		"customer.example" },
	{ "case does not count", "WWW.Customer.EXAMPLE", TYPE_A, "customer.example" },
	{ "a name between two zones is in the upper one", "down.in.example", TYPE_A,
		"example" },
	{ "DS of an apex is the parent's (RFC 4035 3.1.4.1)", "customer.example",
		TYPE_DS, "example" },
	{ "DS below an apex is the zone's", "x.customer.example", TYPE_DS,
		"customer.example" },
	{ "DS of an apex without a parent here is its own", "org", TYPE_DS, "org" },
	{ "the last zone is found", "mail.z299.example.net", TYPE_A,
		"z299.example.net" },
	{ "a longer label is another name", "xexample", TYPE_A, "none" },
	{ "what no zone is above is in none", "example.net", TYPE_A, "none" },
	{ "the root is in none of these", ".", TYPE_NS, "none" },
	{ "DS of the root is in none of these", ".", TYPE_DS, "none" },
};

/* With the index, and without it. */
static void test_row(void **state)
{
	const struct row *row = *state;
	struct arena *a = arena_new();
	struct answer_zone list[MANY];
	struct answer_zones zones = { .zones = list, .n = MANY };
	struct question q = { .name = name_literal(a, row->asked),
		.type = row->type,
		.class = CLASS_IN };

	many_zones(a, list);
	assert_string_equal(picked(a, &zones, &q), row->origin);
	answer_zones_index(a, &zones);
	assert_non_null(zones.index);
	assert_string_equal(picked(a, &zones, &q), row->origin);
	arena_free(a);
}

static void a_root_zone_has_what_no_other_has(void **state)
{
	struct arena *a = arena_new();
	struct answer_zone list[MANY];
	struct answer_zones zones = { .zones = list, .n = MANY };
	struct question q = { .name = name_literal(a, "com"), .type = TYPE_DS };

	(void)state;
	many_zones(a, list);
	list[7].zone = zone_with_apex(a, ".", "");
	answer_zones_index(a, &zones);
	assert_string_equal(picked(a, &zones, &q), ".");
	q.name = name_root;
	assert_string_equal(picked(a, &zones, &q), ".");
	q.name = name_literal(a, "org");
	assert_string_equal(picked(a, &zones, &q), ".");
	arena_free(a);
}

static void of_two_zones_of_one_name_the_first_answers(void **state)
{
	struct arena *a = arena_new();
	struct answer_zone list[MANY];
	struct answer_zones zones = { .zones = list, .n = MANY };
	struct question q = { .name = name_literal(a, "org"), .type = TYPE_A };

	(void)state;
	many_zones(a, list);
	list[200].zone = zone_with_apex(a, "ORG", "");
	answer_zones_index(a, &zones);
	assert_ptr_equal(answer_zone_for(&zones, &q), &list[3]);
	arena_free(a);
}

static void few_zones_need_no_index(void **state)
{
	struct arena *a = arena_new();
	struct answer_zones zones = zones_of_one(a, zone_with_apex(a, "org", ""));

	(void)state;
	answer_zones_index(a, &zones);
	assert_null(zones.index);
	arena_free(a);
}

int main(void)
{
	TESTS_ADD_ROWS(rows, test_row);
	TESTS_ADD(a_root_zone_has_what_no_other_has);
	TESTS_ADD(of_two_zones_of_one_name_the_first_answers);
	TESTS_ADD(few_zones_need_no_index);
	return tests_run("zone-pick");
}
