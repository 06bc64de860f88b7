#include "support/test.h"

#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "report/grid.h"
#include "report/story.h"

static const char *const heads[] = { "Name", "What it is" };

static const struct clean_row {
	const char *name, *text, *want;
} clean_rows[] = {
	{ "plain text stays", "a b", "a b" },
	{ "an escape sequence is shown, not obeyed", "\x1b[31m", "␛[31m" },
	{ "a newline becomes its picture", "a\nb", "a␊b" },
	{ "DEL becomes its picture", "\x7f", "␡" },
	{ "non-ASCII stays", "é✔", "é✔" },
	{ "a byte that is not UTF-8 is replaced", "a\xff", "a\xef\xbf\xbd" },
	{ "a cut sequence is replaced byte by byte", "\xe2\x9c",
		"\xef\xbf\xbd\xef\xbf\xbd" },
	{ "a C1 control is replaced", "\xc2\x9b", "\xef\xbf\xbd" },
	{ "U+FFFF is no character", "\xef\xbf\xbf", "\xef\xbf\xbd" },
};

static void test_clean(void **state)
{
	const struct clean_row *row = *state;
	struct str s = STR_INIT;

	put_clean(&s, row->text);
	assert_string_equal(s.data, row->want);
	str_clear(&s);
}

static void columns_are_aligned_whatever_the_bytes(void **state)
{
	struct arena *a = arena_new();
	struct grid *g = grid_new(a, heads, 2);
	struct str s = STR_INIT;

	(void)state;
	grid_cell(g, TONE_GOOD, "✔ é");
	grid_cell(g, TONE_PLAIN, "x");
	grid_cell(g, TONE_PLAIN, "long name");
	grid_cell(g, TONE_PLAIN, "y");
	grid_put_terminal(g, &s, 100, false);
	assert_non_null(strstr(s.data, "\n✔ é        x\nlong name  y\n"));
	str_clear(&s);
	arena_free(a);
}

static void wide_cells_wrap_at_spaces(void **state)
{
	struct arena *a = arena_new();
	struct grid *g = grid_new(a, heads, 2);
	struct str s = STR_INIT;

	(void)state;
	grid_cell(g, TONE_PLAIN, "a");
	grid_cell(g, TONE_PLAIN, "one two three four");
	grid_put_terminal(g, &s, 16, false);
	assert_non_null(strstr(s.data, "one two"));
	assert_null(strstr(s.data, "one two three four"));
	for (const char *p = s.data; *p != '\0'; p += strcspn(p, "\n") + 1)
		assert_in_range(strcspn(p, "\n"), 1, 16 * 3);
	str_clear(&s);
	arena_free(a);
}

static void an_empty_grid_is_its_heads(void **state)
{
	struct arena *a = arena_new();
	struct grid *g = grid_new(a, heads, 2);
	struct str s = STR_INIT;

	(void)state;
	assert_int_equal(grid_rows(g), 0);
	grid_put_markdown(g, &s);
	assert_string_equal(s.data, "| Name | What it is |\n|---|---|\n");
	str_clear(&s);
	arena_free(a);
}

int main(void)
{
	TESTS_ADD_ROWS(clean_rows, test_clean);
	TESTS_ADD(columns_are_aligned_whatever_the_bytes);
	TESTS_ADD(wide_cells_wrap_at_spaces);
	TESTS_ADD(an_empty_grid_is_its_heads);
	return tests_run("report-grid");
}
