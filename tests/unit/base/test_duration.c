#include "support/test.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/duration.h"

static const struct row {
	const char *name, *text;
	const char *want; /* microseconds, or "-" */
} rows[] = {
	{ "microseconds", "20us", "20" },
	{ "milliseconds", "500ms", "500000" },
	{ "seconds", "3s", "3000000" },
	{ "minutes", "10m", "600000000" },
	{ "hours", "1h", "3600000000" },
	{ "days", "1d", "86400000000" },
	{ "nothing at all is a duration", "0s", "0" },
	{ "leading zeros do no harm", "007s", "7000000" },
	{ "a day under ten years is in", "3649d", "315273600000000" },
	{ "ten years are in", "3650d", "315360000000000" },
	{ "a day over ten years is out", "3651d", "-" },
	{ "a microsecond over ten years is out", "315360000000001us", "-" },
	{ "a number beyond 64 bits is out", "99999999999999999999999s", "-" },
	{ "a number that would wrap to a small one is out", "18446744073709551617us",
		"-" },
	{ "an empty text is none", "", "-" },
	{ "a unit without a number is none", "ms", "-" },
	{ "a number without a unit is none", "5", "-" },
	{ "zero without a unit is none", "0", "-" },
	{ "an unknown unit is none", "3y", "-" },
	{ "a unit in capitals is none", "3S", "-" },
	{ "a space before the unit is none", "3 s", "-" },
	{ "a space after the unit is none", "3s ", "-" },
	{ "a space before the number is none", " 3s", "-" },
	{ "a sign is none", "-3s", "-" },
	{ "a fraction is none", "1.5s", "-" },
	{ "two parts are none", "1h30m", "-" },
};

static void reads_as(void **state)
{
	const struct row *row = *state;
	char got[32] = "-";
	uint64_t us = 42;

	if (duration_from_text(row->text, &us) == 0)
		snprintf(got, sizeof(got), "%" PRIu64, us);
	else
		assert_int_equal(us, 42);
	assert_string_equal(got, row->want);
}

int main(void)
{
	TESTS_ADD_ROWS(rows, reads_as);
	return tests_run("base-duration");
}
