/* The file of what was verified. */
#include "report/verified.h"

#include <string.h>

#include "base/arena.h"
#include "support/test.h"

#define LINE(kind, emulation, program, name, agree, of)                                \
	"{\"emulation\":\"" emulation "\",\"kind\":\"" kind                            \
	"\",\"program\":\"" program "\",\"name\":\"" name                              \
	"\",\"version\":\"1-2+deb12u1\",\"agree\":" agree ",\"of\":" of                \
	",\"date\":\"2026-11-22\",\"scenarios_sha256\":\"00ff\"}\n"

static const char three[] = LINE("client", "exim-4.96", "exim-4.96", "Exim 4.96", "7",
	"7") LINE("client", "postfix", "postfix-3.10", "Postfix 3.10.13", "6", "7")
	LINE("client", "postfix", "postfix-3.7", "Postfix 3.7.11", "7", "7");

static struct verified_list given(struct arena *a, const char *text)
{
	char why[VERIFIED_WHY_MAX] = "";
	struct verified_list list;
	int rc = verified_parse(a, text, strlen(text), &list, why);

	assert_string_equal(why, "");
	assert_int_equal(rc, 0);
	return list;
}

static void a_file_is_written_as_it_was_read(void **state)
{
	struct arena *a = arena_new();
	struct verified_list list = given(a, three);
	struct str s = STR_INIT;

	(void)state;
	verified_put_file(&s, &list);
	assert_string_equal(s.data, three);
	str_clear(&s);
	arena_free(a);
}

static void an_empty_file_has_no_lines(void **state)
{
	struct arena *a = arena_new();

	(void)state;
	assert_int_equal(given(a, "").n, 0);
	assert_int_equal(given(a, "\n").n, 0);
	arena_free(a);
}

static void lines_are_sorted_and_one_a_program(void **state)
{
	struct arena *a = arena_new();
	struct verified_list list = given(a,
		LINE("resolver", "a", "b", "B 1", "1", "1") LINE("client", "z", "z-1",
			"Z 1", "1", "1") LINE("client", "a", "a-2", "A 2", "1", "1")
			LINE("client", "a", "a-2", "A 3", "2", "2"));

	(void)state;
	assert_int_equal(list.n, 3);
	assert_string_equal(list.list[0].name, "A 3");
	assert_string_equal(list.list[1].name, "Z 1");
	assert_string_equal(list.list[2].name, "B 1");
	arena_free(a);
}

struct bad_row {
	const char *name, *text, *why;
};

static const struct bad_row bad_rows[] = {
	{ "what is no JSON is refused", "{\"emulation\"\n", "line 1: " },
	{ "the line is named", "\n[]\n",
		"line 2: a key is missing or is of another type" },
	{ "a count that is none is refused",
		LINE("client", "a", "a", "A", "\"x\"", "1"), "line 1: a key" },
	{ "more than all is refused", LINE("client", "a", "a", "A", "2", "1"),
		"line 1: a key" },
};

static void a_bad_file(void **state)
{
	const struct bad_row *row = *state;
	struct arena *a = arena_new();
	char why[VERIFIED_WHY_MAX];
	struct verified_list list;

	assert_int_equal(
		verified_parse(a, row->text, strlen(row->text), &list, why), -1);
	assert_int_equal(strncmp(why, row->why, strlen(row->why)), 0);
	arena_free(a);
}

struct said_row {
	const char *name, *kind, *emulation, *text;
};

static const struct said_row said_rows[] = {
	{ "a profile says its program and the day", "client", "exim-4.96",
		"Exim 4.96 (2026-11-22)" },
	{ "a profile says all its programs, and what does not agree", "client",
		"postfix",
		"Postfix 3.10.13: 6 of 7 (2026-11-22), Postfix 3.7.11 (2026-11-22)" },
	{ "a profile without a program says nothing", "client", "qmail-1.03", "" },
	{ "a resolver is no client", "resolver", "postfix", "" },
};

static void what_is_said(void **state)
{
	const struct said_row *row = *state;
	struct arena *a = arena_new();
	struct verified_list list = given(a, three);
	struct str s = STR_INIT;

	verified_put(&s, &list, row->kind, row->emulation);
	assert_string_equal(s.data, row->text);
	str_clear(&s);
	arena_free(a);
}

struct split_row {
	const char *name, *program, *said, *version;
};

static const struct split_row split_rows[] = {
	{ "the package's version stands in parentheses",
		"Postfix 3.7.11 (3.7.11-0+deb12u1)", "Postfix 3.7.11",
		"3.7.11-0+deb12u1" },
	{ "the last parentheses count", "Unbound 1.17 (x) (1.17-3)", "Unbound 1.17 (x)",
		"1.17-3" },
	{ "a name without a version is both", "postfix", "postfix", "postfix" },
	{ "parentheses alone are no version", "(x)", "(x)", "(x)" },
	{ "nothing is nothing", "", "", "" },
};

static void a_program(void **state)
{
	const struct split_row *row = *state;
	struct arena *a = arena_new();
	const char *name, *version;

	verified_split(a, row->program, &name, &version);
	assert_string_equal(name, row->said);
	assert_string_equal(version, row->version);
	arena_free(a);
}

/* What is in docs/ when this is built: that nothing of it is refused. */
static void the_built_in_file_can_be_read(void **state)
{
	extern const char verified_file[];
	struct arena *a = arena_new();
	struct verified_list list = given(a, verified_file);

	(void)state;
	assert_int_equal(verified_built_in(a).n, list.n);
	arena_free(a);
}

int main(void)
{
	TESTS_ADD(a_file_is_written_as_it_was_read);
	TESTS_ADD(an_empty_file_has_no_lines);
	TESTS_ADD(lines_are_sorted_and_one_a_program);
	TESTS_ADD_ROWS(bad_rows, a_bad_file);
	TESTS_ADD_ROWS(said_rows, what_is_said);
	TESTS_ADD_ROWS(split_rows, a_program);
	TESTS_ADD(the_built_in_file_can_be_read);
	return tests_run("report-verified");
}
