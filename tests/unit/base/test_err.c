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

static void errors_come_sorted_by_file_and_line(void **state)
{
	struct arena *a = arena_new();
	struct errs errs;
	char *text;

	(void)state;
	errs_init(&errs, a);
	errs_add(&errs, (struct place){ "b.conf", 1, 0 }, "third");
	errs_add(&errs, (struct place){ "a.conf", 9, 0 }, "second");
	errs_add(&errs, (struct place){ "a.conf", 2, 0 }, "first");
	text = printed(&errs);
	assert_string_equal(text, "a.conf:2: error: first\na.conf:9: error: second\n"
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

int main(void)
{
	TESTS_ADD(an_error_shows_its_line_and_a_caret);
	TESTS_ADD(errors_come_sorted_by_file_and_line);
	TESTS_ADD(a_repeated_error_is_kept_once);
	TESTS_ADD(errors_past_the_limit_are_counted_only);
	TESTS_ADD(control_characters_do_not_reach_the_terminal);
	return tests_run("base-err");
}
