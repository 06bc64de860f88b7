/* Why cases were skipped. */
#include "report/reasons.h"

#include <stdio.h>

#include "base/arena.h"
#include "support/test.h"

static void a_reason_is_counted_with_its_like(void **state)
{
	struct arena *a = arena_new();
	struct reasons r = { 0 };

	(void)state;
	reasons_add(a, &r, "one");
	reasons_add(a, &r, "two");
	reasons_add(a, &r, "one");
	reasons_add(a, &r, NULL);
	assert_int_equal(r.n, 3);
	assert_string_equal(r.list[0].text, "one");
	assert_int_equal(r.list[0].n, 2);
	assert_string_equal(r.list[1].text, "two");
	assert_int_equal(r.list[1].n, 1);
	assert_string_equal(r.list[2].text, "no reason was given");
	arena_free(a);
}

/* Just under, at and over the room there is. */
static void too_many_reasons_share_the_last_place(void **state)
{
	struct arena *a = arena_new();
	struct reasons r = { 0 };
	char text[16];

	(void)state;
	for (int i = 0; i < REASONS_MAX + 2; i++) {
		snprintf(text, sizeof(text), "reason %d", i);
		reasons_add(a, &r, text);
	}
	reasons_add(a, &r, "reason 0");
	assert_int_equal(r.n, REASONS_MAX);
	assert_int_equal(r.list[0].n, 2);
	assert_string_equal(r.list[REASONS_MAX - 2].text, "reason 6");
	assert_int_equal(r.list[REASONS_MAX - 2].n, 1);
	assert_string_equal(r.list[REASONS_MAX - 1].text, "other reasons");
	assert_int_equal(r.list[REASONS_MAX - 1].n, 3);
	arena_free(a);
}

int main(void)
{
	TESTS_ADD(a_reason_is_counted_with_its_like);
	TESTS_ADD(too_many_reasons_share_the_last_place);
	return tests_run("report-reasons");
}
