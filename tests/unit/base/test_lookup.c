#include "base/lookup.h"

#include "support/test.h"

static const struct {
	const char *name;
} words[] = { { "strict" }, { "exact-type" }, { "cname-wins" }, { "both" },
	{ "postfix" }, { "exim-4.98" }, { "TXT" } };

struct near_row {
	const char *name;
	const char *typed, *meant;
};

static const struct near_row near_rows[] = {
	{ "one wrong letter is near", "exact_type", "exact-type" },
	{ "two swapped letters are one edit", "stirct", "strict" },
	{ "a missing letter is near", "postfx", "postfix" },
	{ "a beginning is near", "exim", "exim-4.98" },
	{ "letter case does not count", "BOTH", "both" },
	{ "another word is not near", "sendmail", NULL },
	{ "one of three letters wrong is near", "TXX", "TXT" },
	{ "two of three letters wrong is another word", "FOT", NULL },
	{ "of one letter nothing is near", "T", NULL },
	{ "an empty word is near nothing", "", NULL },
};

static void nearest_word(void **state)
{
	const struct near_row *row = *state;
	const char *got =
		lookup_nearest(words, ARRAY_LEN(words), sizeof(words[0]), row->typed);

	if (row->meant == NULL)
		assert_null(got);
	else
		assert_string_equal(got == NULL ? "(none)" : got, row->meant);
}

struct glob_row {
	const char *name;
	const char *pattern, *text;
	int matches;
};

static const struct glob_row glob_rows[] = {
	{ "a star matches all", "*", "postfix", 1 },
	{ "a star matches a tail", "exim-*", "exim-4.98", 1 },
	{ "a word matches itself only", "exim", "exim-4.98", 0 },
	{ "the second alternative matches", "postfix,exim-*", "exim-4.98", 1 },
	{ "a space after the comma is skipped", "postfix, exim-*", "exim-4.98", 1 },
	{ "letter case does not count in a glob", "POSTFIX", "postfix", 1 },
	{ "an empty pattern matches nothing", "", "postfix", 0 },
	{ "a set matches one letter", "unbound-[1n]*", "unbound-noqmin", 1 },
};

static void glob(void **state)
{
	const struct glob_row *row = *state;

	assert_int_equal(glob_match(row->pattern, row->text), row->matches);
}

static void a_row_is_found_by_its_exact_name(void **state)
{
	(void)state;
	assert_ptr_equal(lookup_row(words, ARRAY_LEN(words), sizeof(words[0]), "both"),
		&words[3]);
	assert_null(lookup_row(words, ARRAY_LEN(words), sizeof(words[0]), "Both"));
}

int main(void)
{
	TESTS_ADD_ROWS(near_rows, nearest_word);
	TESTS_ADD_ROWS(glob_rows, glob);
	TESTS_ADD(a_row_is_found_by_its_exact_name);
	return tests_run("base-lookup");
}
