#include "support/test.h"

#include "cli/select.h"

static const struct row {
	const char *name, *text;
	unsigned long long min, max;
	int rc;
	unsigned long long want;
} rows[] = {
	{ "the smallest is taken", "1", 1, 8, 0, 1 },
	{ "the largest is taken", "8", 1, 8, 0, 8 },
	{ "one less is refused", "0", 1, 8, -1, 0 },
	{ "one more is refused", "9", 1, 8, -1, 0 },
	{ "a sign is refused", "-1", 0, 8, -1, 0 },
	{ "a plus is refused", "+1", 0, 8, -1, 0 },
	{ "a space is refused", " 1", 0, 8, -1, 0 },
	{ "what follows is refused", "1x", 0, 8, -1, 0 },
	{ "nothing is refused", "", 0, 8, -1, 0 },
	{ "2^64 - 1 is taken", "18446744073709551615", 0, ~0ULL, 0, ~0ULL },
	{ "2^64 is refused", "18446744073709551616", 0, ~0ULL, -1, 0 },
};

static void test_number(void **state)
{
	const struct row *row = *state;
	unsigned long long got = 0;

	assert_int_equal(
		number_from_text(row->text, row->min, row->max, &got), row->rc);
	assert_true(got == row->want);
}

int main(void)
{
	TESTS_ADD_ROWS(rows, test_number);
	return tests_run("cli-select");
}
