#include "dns/name.h"

#include "base/arena.h"
#include "support/test.h"

static struct arena *a;

struct text_row {
	const char *name;
	const char *in, *out; /* out NULL: refused */
};

#define L63 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define L61 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

static const struct text_row text_rows[] = {
	{ "a final dot is not printed", "a.b.", "a.b" },
	{ "a name without final dot is complete", "a.b", "a.b" },
	{ "the root is a dot", ".", "." },
	{ "letter case is kept", "A.bC", "A.bC" },
	{ "an escaped dot is part of the label", "a\\.b.c", "a\\.b.c" },
	{ "a decimal escape is an octet", "a\\046b", "a\\.b" },
	{ "an octet that does not print is escaped", "a\\000b", "a\\000b" },
	{ "a label of 63 octets fits", L63 ".b", L63 ".b" },
	{ "a label of 64 octets does not", L63 "a.b", NULL },
	{ "a name of 255 octets fits", L63 "." L63 "." L63 "." L61,
		L63 "." L63 "." L63 "." L61 },
	{ "a name of 256 octets does not", L63 "." L63 "." L63 "." L61 "a", NULL },
	{ "an empty label is refused", "a..b", NULL },
	{ "a leading dot is refused", ".a", NULL },
	{ "an escape over 255 is refused", "a\\256", NULL },
	{ "a backslash at the end is refused", "a\\", NULL },
	{ "nothing is no name", "", NULL },
};

static void text(void **state)
{
	const struct text_row *row = *state;
	char buf[NAME_TEXT_MAX];
	const char *why;
	struct name *n = name_from_text(a, row->in, NULL, &why);

	if (row->out == NULL) {
		assert_null(n);
		assert_non_null(why);
		return;
	}
	assert_non_null(n);
	assert_string_equal(name_to_text(n, buf), row->out);
}

struct pair_row {
	const char *name;
	const char *x, *y;
	int equal, under, common, order; /* order: sign of x against y */
};

/* The order is that of the example in RFC 4034 6.1. */
static const struct pair_row pair_rows[] = {
	{ "case does not count", "WWW.example", "www.EXAMPLE", 1, 1, 2, 0 },
	{ "a child is under its parent", "a.example", "example", 0, 1, 1, 1 },
	{ "a parent is not under its child", "example", "a.example", 0, 0, 1, -1 },
	{ "all is under the root", "example", ".", 0, 1, 0, 1 },
	{ "a longer label is another label", "xexample", "example", 0, 0, 0, 1 },
	{ "a label boundary counts", "a.xexample", "example", 0, 0, 0, 1 },
	{ "yljkjljk.a sorts before Z.a", "yljkjljk.a.example", "Z.a.example", 0, 0, 2,
		-1 },
	{ "zABC.a sorts before z", "zABC.a.EXAMPLE", "z.example", 0, 0, 1, -1 },
	{ "\\001.z sorts before *.z", "\\001.z.example", "*.z.example", 0, 0, 2, -1 },
	{ "*.z sorts before \\200.z", "*.z.example", "\\200.z.example", 0, 0, 2, -1 },
};

static void pair(void **state)
{
	const struct pair_row *row = *state;
	const struct name *x = name_literal(a, row->x), *y = name_literal(a, row->y);
	int order = name_compare(x, y);

	assert_int_equal(name_equal(x, y), row->equal);
	assert_int_equal(name_is_under(x, y), row->under);
	assert_int_equal(name_common_labels(x, y), row->common);
	assert_int_equal((order > 0) - (order < 0), row->order);
	if (row->equal)
		assert_int_equal(name_hash(x), name_hash(y));
}

static void a_suffix_is_replaced(void **state)
{
	char buf[NAME_TEXT_MAX];
	struct name *n = name_replace_suffix(a, name_literal(a, "x.y.old.net"),
		name_literal(a, "old.net"), name_literal(a, "new.example.org"));

	(void)state;
	assert_string_equal(name_to_text(n, buf), "x.y.new.example.org");
}

static void a_replacement_over_255_octets_is_refused(void **state)
{
	(void)state;
	assert_null(name_replace_suffix(a, name_literal(a, L63 "." L63 "." L63 ".x"),
		name_literal(a, "x"), name_literal(a, L63)));
}

static void a_cut_off_name_is_no_name(void **state)
{
	static const uint8_t wire[] = { 3, 'a', 'b', 'c', 0 };
	static const uint8_t pointer[] = { 1, 'a', 0xc0, 0 };

	(void)state;
	assert_int_equal(name_check(wire, wire + 5), 5);
	for (int n = 0; n < 5; n++)
		assert_int_equal(name_check(wire, wire + n), 0);
	assert_int_equal(name_check(pointer, pointer + 4), 0);
}

int main(void)
{
	int rc;

	a = arena_new();
	TESTS_ADD_ROWS(text_rows, text);
	TESTS_ADD_ROWS(pair_rows, pair);
	TESTS_ADD(a_suffix_is_replaced);
	TESTS_ADD(a_replacement_over_255_octets_is_refused);
	TESTS_ADD(a_cut_off_name_is_no_name);
	rc = tests_run("dns-name");
	arena_free(a);
	return rc;
}
