#include "scenario/keywords.h"

#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "base/str.h"
#include "mta/profile.h"
#include "scenario/parse.h"
#include "server/server.h"
#include "support/test.h"

static void test_width(void **state)
{
	struct str s = STR_INIT;
	char *rest;

	(void)state;
	keywords_explain(&s);
	for (char *line = strtok_r(s.data, "\n", &rest); line != NULL;
		line = strtok_r(NULL, "\n", &rest)) {
		if (text_columns(line) >= 100)
			fail_msg("%s", line);
	}
	str_clear(&s);
}

static void test_complete(void **state)
{
	struct str s = STR_INIT;

	(void)state;
	keywords_explain(&s);
	for (int b = 0; b < BLOCKS; b++) {
		const struct block *block = keywords_block((enum block_id)b);

		assert_non_null(strstr(s.data, block->title));
		for (size_t i = 0; i < block->n; i++) {
			char key[64];

			snprintf(key, sizeof(key), "\n  %s ", block->keys[i].name);
			assert_non_null(strstr(s.data, key));
		}
	}
	for (size_t i = 0; i < server_modes_n; i++)
		assert_non_null(strstr(s.data, server_modes[i].name));
	for (size_t i = 0; i < quirk_rows_n; i++)
		assert_non_null(strstr(s.data, quirk_rows[i].name));
	str_clear(&s);
}

/* Cuts the example out of the page, as a reader would. */
static void test_example(void **state)
{
	struct str s = STR_INIT;
	struct arena *a = arena_new();
	struct profile_set *set = profile_set_new(a);
	struct scenario *list;
	struct errs errs;
	const char *from, *to;
	unsigned n;

	(void)state;
	keywords_explain(&s);
	from = strstr(s.data, "  scenario:");
	to = strstr(from, "\n\n");
	errs_init(&errs, a);
	assert_int_equal(scenario_parse_text(a, "page.conf", from,
				 (size_t)(to - from) + 1, set, &errs, &list, &n),
		0);
	assert_int_equal(n, 1);
	arena_free(a);
	str_clear(&s);
}

static void test_rows(void **state)
{
	(void)state;
	for (int b = 0; b < BLOCKS; b++) {
		const struct block *block = keywords_block((enum block_id)b);

		assert_true(block->n <= 32); /* KEYS_MAX of check.c */
		for (size_t i = 0; i < block->n; i++) {
			const struct keyword *k = &block->keys[i];

			assert_non_null(k->help);
			assert_true((k->type == VALUE_WORD) == (k->words != NULL));
			assert_true(k->example != NULL || k->type == VALUE_MAP);
			assert_ptr_equal(keywords_find((enum block_id)b, k->name), k);
		}
	}
}

int main(void)
{
	tests_add("the page is under 100 columns", test_width);
	tests_add("the page has every key, mode and quirk", test_complete);
	tests_add("the scenario on the page has no mistakes", test_example);
	tests_add("each key has help and an example, and comes once", test_rows);
	return tests_run("scenario-keywords");
}
