#include "support/test.h"

#include <string.h>

#include "base/arena.h"
#include "zone/zone.h"

static const struct row {
	const char *name, *text;
	const char *want; /* records joined by ", "; or the line of the mistake */
} rows[] = {
	{ "no text is no record", "", "" },
	{ "a comment is no record", "; nothing\n\n", "" },
	{ "one record", "victim.example.net. 300 MX 10 evil.example.org.",
		"victim.example.net 300 MX 10 evil.example.org" },
	{ "records keep the order of the text",
		"b.example. 60 A 192.0.2.2\na.example. 60 A 192.0.2.1\n"
		"b.example. 60 A 192.0.2.2",
		"b.example 60 A 192.0.2.2, a.example 60 A 192.0.2.1, "
		"b.example 60 A 192.0.2.2" },
	{ "a name without final dot is complete", "a.example 60 A 192.0.2.1",
		"a.example 60 A 192.0.2.1" },
	{ "an hour is the TTL where none is written", "a.example. A 192.0.2.1",
		"a.example 3600 A 192.0.2.1" },
	{ "the root may own a record", ". 60 NS a.example.", ". 60 NS a.example" },
	{ "a mistake is said with its line",
		"a.example. 60 A 192.0.2.1\nb.example. 60 A x", "8" },
	{ "files are not included", "$INCLUDE /etc/passwd", "7" },
};

static const char *join(struct arena *a, const struct rr *rr, unsigned n)
{
	const char *text = "";

	for (unsigned i = 0; i < n; i++)
		text = arena_printf(
			a, "%s%s%s", text, i > 0 ? ", " : "", rr_text(a, &rr[i]));
	return text;
}

static void reads_as(void **state)
{
	const struct row *row = *state;
	struct arena *a = arena_new();
	struct place at = { "test", 7, 1 };
	const struct rr *rr = NULL;
	struct errs errs;
	unsigned n = 0;

	errs_init(&errs, a);
	if (zone_parse_records(a, row->text, at, &errs, &rr, &n) == 0) {
		assert_int_equal(errs.n, 0);
		assert_string_equal(join(a, rr, n), row->want);
	} else {
		assert_true(errs.n > 0);
		assert_string_equal(
			arena_printf(a, "%d", errs.list[0].at.line), row->want);
	}
	arena_free(a);
}

/* The list grows by doubling from 4. */
static void many_records_are_kept(void **state)
{
	struct arena *a = arena_new();
	const struct rr *rr;
	struct errs errs;
	const char *text = "";
	unsigned n;

	(void)state;
	errs_init(&errs, a);
	for (unsigned i = 1; i <= 9; i++) {
		text = arena_printf(a, "%sa.example. 60 A 192.0.2.%u\n", text, i);
		assert_int_equal(zone_parse_records(
					 a, text, (struct place){ 0 }, &errs, &rr, &n),
			0);
		assert_int_equal(n, i);
		for (unsigned k = 0; k < n; k++)
			assert_int_equal(rr[k].rdata[3], k + 1);
	}
	arena_free(a);
}

int main(void)
{
	TESTS_ADD_ROWS(rows, reads_as);
	TESTS_ADD(many_records_are_kept);
	return tests_run("zone-records");
}
