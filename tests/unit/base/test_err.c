#include "base/err.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "support/test.h"

static char *printed(const struct errs *errs)
{
	char *text = NULL;
	size_t len = 0;
	FILE *f = open_memstream(&text, &len);

	errs_print(errs, f, false);
	fclose(f);
	return text;
}

static void an_error_shows_its_line_and_a_caret(void **state)
{
	static const char file[] = "servers:\n  - zone: x\n    mode: exact_type\n";
	struct arena *a = arena_new();
	struct errs errs;
	struct err *e;
	char *text;

	(void)state;
	errs_init(&errs, a);
	e = errs_add(&errs, (struct place){ "a.conf", 3, 11 }, "unknown mode \"%s\"",
		"exact_type");
	err_source(&errs, e, file, strlen(file));
	err_hint(&errs, e, "did you mean \"exact-type\"?");
	text = printed(&errs);
	assert_string_equal(text, "a.conf:3:11: error: unknown mode \"exact_type\"\n"
				  "     3 |     mode: exact_type\n"
				  "       |           ^\n"
				  "       = did you mean \"exact-type\"?\n");
	free(text);
	arena_free(a);
}

static void errors_come_sorted_by_file_line_and_column(void **state)
{
	struct arena *a = arena_new();
	struct errs errs;
	char *text;

	(void)state;
	errs_init(&errs, a);
	errs_add(&errs, (struct place){ "b.conf", 1, 0 }, "third");
	errs_add(&errs, (struct place){ "a.conf", 9, 7 }, "more of the second");
	errs_add(&errs, (struct place){ "a.conf", 9, 3 }, "second");
	errs_add(&errs, (struct place){ "a.conf", 2, 0 }, "first");
	text = printed(&errs);
	assert_string_equal(text, "a.conf:2: error: first\n"
				  "a.conf:9:3: error: second\n"
				  "a.conf:9:7: error: more of the second\n"
				  "b.conf:1: error: third\n");
	free(text);
	arena_free(a);
}

static void a_repeated_error_is_kept_once(void **state)
{
	struct arena *a = arena_new();
	struct errs errs;

	(void)state;
	errs_init(&errs, a);
	errs_add(&errs, (struct place){ "a.conf", 1, 1 }, "same");
	errs_add(&errs, (struct place){ "a.conf", 1, 1 }, "same");
	errs_add(&errs, (struct place){ "a.conf", 1, 2 }, "same");
	assert_int_equal(errs.n, 2);
	arena_free(a);
}

static void errors_past_the_limit_are_counted_only(void **state)
{
	struct arena *a = arena_new();
	struct errs errs;

	(void)state;
	errs_init(&errs, a);
	for (int i = 0; i < ERRS_MAX + 3; i++)
		errs_add(&errs, (struct place){ "a.conf", i + 1, 0 }, "wrong");
	assert_int_equal(errs.n, ERRS_MAX);
	assert_int_equal(errs.dropped, 3);
	arena_free(a);
}

static void control_characters_do_not_reach_the_terminal(void **state)
{
	struct arena *a = arena_new();
	struct errs errs;
	char *text;

	(void)state;
	errs_init(&errs, a);
	errs_add(
		&errs, (struct place){ "a.conf", 1, 0 }, "bad word \"%s\"", "\033[31m");
	text = printed(&errs);
	assert_null(strchr(text, '\033'));
	free(text);
	arena_free(a);
}

static void nor_do_those_of_a_file_name(void **state)
{
	struct arena *a = arena_new();
	struct errs errs;
	char *text;

	(void)state;
	errs_init(&errs, a);
	errs_add(&errs, (struct place){ "\033[2Ja.conf", 1, 0 }, "wrong");
	text = printed(&errs);
	assert_string_equal(text, "?[2Ja.conf:1: error: wrong\n");
	free(text);
	arena_free(a);
}

/* Many mistakes in a file of one long line. */
static void a_long_line_is_quoted_in_part(void **state)
{
	enum { LENGTH = 1 << 20 };
	struct arena *a = arena_new();
	char *line = arena_alloc(a, LENGTH);
	size_t before = arena_footprint(a);
	struct errs errs;

	(void)state;
	memset(line, 'x', LENGTH);
	errs_init(&errs, a);
	for (int i = 0; i < ERRS_MAX; i++) {
		struct err *e =
			errs_add(&errs, (struct place){ "a.conf", 1, i + 1 }, "wrong");

		err_source(&errs, e, line, LENGTH);
		assert_in_range(strlen(e->source), 100, 1000);
	}
	assert_in_range(arena_footprint(a) - before, 0, 8 * LENGTH);
	arena_free(a);
}

int main(void)
{
	TESTS_ADD(an_error_shows_its_line_and_a_caret);
	TESTS_ADD(errors_come_sorted_by_file_line_and_column);
	TESTS_ADD(a_repeated_error_is_kept_once);
	TESTS_ADD(errors_past_the_limit_are_counted_only);
	TESTS_ADD(control_characters_do_not_reach_the_terminal);
	TESTS_ADD(nor_do_those_of_a_file_name);
	TESTS_ADD(a_long_line_is_quoted_in_part);
	return tests_run("base-err");
}
