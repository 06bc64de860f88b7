#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "base/ip.h"
#include "base/rng.h"
#include "base/str.h"
#include "base/trace.h"
#include "support/test.h"

/* ---- arena ---- */

static void count_up(void *ptr)
{
	++*(int *)ptr;
}

static char order[8];

static void note_a(void *ptr)
{
	(void)ptr;
	strcat(order, "a");
}

static void note_b(void *ptr)
{
	(void)ptr;
	strcat(order, "b");
}

static void destructors_run_newest_first(void **state)
{
	struct arena *a = arena_new();

	(void)state;
	arena_defer(a, note_a, NULL);
	arena_defer(a, note_b, NULL);
	arena_free(a);
	assert_string_equal(order, "ba");
}

static void a_reset_arena_runs_destructors_once(void **state)
{
	struct arena *a = arena_new();
	int runs = 0;

	(void)state;
	arena_defer(a, count_up, &runs);
	arena_reset(a);
	arena_free(a);
	assert_int_equal(runs, 1);
}

static void memory_is_zeroed_after_a_reset(void **state)
{
	struct arena *a = arena_new();
	unsigned char *p = arena_alloc(a, 100);

	(void)state;
	memset(p, 0xff, 100);
	arena_reset(a);
	p = arena_alloc(a, 100);
	for (int i = 0; i < 100; i++)
		assert_int_equal(p[i], 0);
	arena_free(a);
}

static void a_big_allocation_gets_a_block_of_its_own(void **state)
{
	struct arena *a = arena_new();
	char *small = arena_strdup(a, "before");
	char *big = arena_alloc(a, 9 * 1024 * 1024);

	(void)state;
	big[9 * 1024 * 1024 - 1] = 'x';
	assert_string_equal(small, "before");
	assert_true(arena_footprint(a) > 9u * 1024 * 1024);
	arena_reset(a);
	assert_true(arena_footprint(a) < 1024u * 1024);
	arena_free(a);
}

/* ---- str ---- */

struct json_row {
	const char *name;
	const char *text, *json;
};

static const struct json_row json_rows[] = {
	{ "plain text is quoted", "a b", "\"a b\"" },
	{ "empty text is two quotes", "", "\"\"" },
	{ "quotes and backslashes are escaped", "a\"b\\c", "\"a\\\"b\\\\c\"" },
	{ "newline and tab have short forms", "a\nb\tc", "\"a\\nb\\tc\"" },
	{ "other control characters are \\u", "\x01\x1f\x7f",
		"\"\\u0001\\u001f\\u007f\"" },
	{ "UTF-8 passes", "b\xc3\xbcro", "\"b\xc3\xbcro\"" },
	{ "a stray octet becomes U+FFFD",
		"a\xff"
		"b",
		"\"a\xef\xbf\xbd"
		"b\"" },
	{ "an overlong form is not UTF-8", "\xc0\x80", "\"\xef\xbf\xbd\xef\xbf\xbd\"" },
	{ "a surrogate is not UTF-8", "\xed\xa0\x80",
		"\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\"" },
	{ "a cut-off sequence is not UTF-8", "a\xe2\x9c",
		"\"a\xef\xbf\xbd\xef\xbf\xbd\"" },
};

static void json_text(void **state)
{
	const struct json_row *row = *state;
	struct str s = STR_INIT;

	str_put_json(&s, row->text);
	assert_string_equal(s.data, row->json);
	str_clear(&s);
}

static void padding_counts_columns_not_octets(void **state)
{
	struct str s = STR_INIT;

	(void)state;
	str_puts(&s, "\xe2\x9c\x94 ok");
	str_pad(&s, 0, 6);
	str_putc(&s, '|');
	assert_string_equal(s.data, "\xe2\x9c\x94 ok  |");
	str_clear(&s);
}

static void wrapped_text_stays_within_its_width(void **state)
{
	struct str s = STR_INIT;

	(void)state;
	str_puts(&s, "to: ");
	str_put_wrapped(&s, 0, 4, 12, "\xc3\xa4\xc3\xa4 bbbb ccccc d eeeeeeeeeeeee f");
	assert_string_equal(s.data,
		"to: \xc3\xa4\xc3\xa4 bbbb\n    ccccc d\n    eeeeeeeeeeeee\n    f");
	str_clear(&s);
}

/* ---- ip ---- */

struct ip_row {
	const char *name;
	const char *text;
	int family, loopback, global;
};

static const struct ip_row ip_rows[] = {
	{ "127/8 is loopback", "127.9.9.9", 4, 1, 0 },
	{ "::1 is loopback", "::1", 6, 1, 0 },
	{ "10/8 is private", "10.0.0.1", 4, 0, 0 },
	{ "172.16/12 ends at 172.31", "172.31.255.255", 4, 0, 0 },
	{ "172.32 is public", "172.32.0.0", 4, 0, 1 },
	{ "100.64/10 is shared", "100.127.0.1", 4, 0, 0 },
	{ "documentation addresses stand for public ones", "192.0.2.1", 4, 0, 1 },
	{ "2001:db8::/32 stands for public ones", "2001:db8::1", 6, 0, 1 },
	{ "fc00::/7 is private", "fd00::1", 6, 0, 0 },
	{ "link-local is not public", "fe80::1", 6, 0, 0 },
	{ "multicast is not public", "224.0.0.1", 4, 0, 0 },
	{ "brackets are not part of an address", "[::1]", 0, 0, 0 },
	{ "three octets are no address", "1.2.3", 0, 0, 0 },
	{ "leading zeros are no address", "192.000.002.001", 0, 0, 0 },
};

static void ip(void **state)
{
	const struct ip_row *row = *state;
	struct ip got = { 0 };
	char text[IP_TEXT_MAX];
	int rc = ip_from_text(row->text, &got);

	assert_int_equal(rc == 0 ? got.family : 0, row->family);
	if (rc != 0)
		return;
	assert_int_equal(ip_is_loopback(&got), row->loopback);
	assert_int_equal(ip_is_global(&got), row->global);
	assert_string_equal(ip_to_text(&got, text), row->text);
}

/* ---- rng, trace ---- */

static void the_same_seed_gives_the_same_numbers(void **state)
{
	struct rng a = { 7 }, b = { 7 };

	(void)state;
	for (int i = 0; i < 100; i++)
		assert_true(rng_next(&a) == rng_next(&b));
	assert_true(rng_seed_from(1, "x") != rng_seed_from(1, "y"));
	assert_true(rng_seed_from(1, "x") != rng_seed_from(2, "x"));
}

static void numbers_below_n_reach_all_of_them(void **state)
{
	struct rng r = { 1 };
	int seen[5] = { 0 };

	(void)state;
	for (int i = 0; i < 500; i++) {
		uint32_t v = rng_below(&r, 5);

		assert_in_range(v, 0, 4);
		seen[v]++;
	}
	for (int i = 0; i < 5; i++)
		assert_true(seen[i] > 50);
}

static void a_trace_stops_growing_at_its_limit(void **state)
{
	struct arena *a = arena_new();
	struct trace t = { .arena = a };

	(void)state;
	for (int i = 0; i < TRACE_MAX + 10; i++)
		trace_add(&t, (uint64_t)i, "R3", "line %d", i);
	assert_int_equal(t.n, TRACE_MAX);
	assert_string_equal(t.lines[TRACE_MAX - 1].text, "line 511");
	arena_free(a);
}

int main(void)
{
	TESTS_ADD(destructors_run_newest_first);
	TESTS_ADD(a_reset_arena_runs_destructors_once);
	TESTS_ADD(memory_is_zeroed_after_a_reset);
	TESTS_ADD(a_big_allocation_gets_a_block_of_its_own);
	TESTS_ADD_ROWS(json_rows, json_text);
	TESTS_ADD(padding_counts_columns_not_octets);
	TESTS_ADD(wrapped_text_stays_within_its_width);
	TESTS_ADD_ROWS(ip_rows, ip);
	TESTS_ADD(the_same_seed_gives_the_same_numbers);
	TESTS_ADD(numbers_below_n_reach_all_of_them);
	TESTS_ADD(a_trace_stops_growing_at_its_limit);
	return tests_run("base-base");
}
