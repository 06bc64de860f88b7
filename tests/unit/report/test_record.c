#include "support/test.h"

#include <string.h>

#include "report/record.h"

/* docs/design.md section 2: the verdicts' names are fixed. */
static const struct row {
	const char *name;
	enum verdict verdict;
	const char *text;
} rows[] = {
	{ "the intended host took it unchanged: delivered", VERDICT_DELIVERED,
		"delivered" },
	{ "the recipient was changed: rewritten", VERDICT_REWRITTEN, "rewritten" },
	{ "another host took it: misdelivered", VERDICT_MISDELIVERED, "misdelivered" },
	{ "a host refused it: rejected", VERDICT_REJECTED, "rejected" },
	{ "later: deferred", VERDICT_DEFERRED, "deferred" },
	{ "given up: bounced", VERDICT_BOUNCED, "bounced" },
	{ "could not tell: unknown", VERDICT_UNKNOWN, "unknown" },
	{ "not run: skipped", VERDICT_SKIPPED, "skipped" },
};

static void test_row(void **state)
{
	const struct row *row = *state;

	assert_string_equal(verdict_name(row->verdict), row->text);
	assert_int_equal(verdict_from_text(row->text), row->verdict);
}

static void unknown_words_are_no_verdict(void **state)
{
	(void)state;
	assert_int_equal(verdict_from_text("Delivered"), -1);
	assert_int_equal(verdict_from_text(""), -1);
}

static void results_are_named(void **state)
{
	(void)state;
	assert_string_equal(case_result_name(RESULT_PASSED), "passed");
	assert_string_equal(case_result_name(RESULT_FAILED), "failed");
	assert_string_equal(case_result_name(RESULT_SKIPPED), "skipped");
	assert_string_equal(case_result_name(RESULT_KNOWN), "known");
}

int main(void)
{
	TESTS_ADD_ROWS(rows, test_row);
	TESTS_ADD(unknown_words_are_no_verdict);
	TESTS_ADD(results_are_named);
	return tests_run("report-record");
}
