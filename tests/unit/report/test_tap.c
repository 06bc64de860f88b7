/* Test Anything Protocol 13. */
#include "support/test.h"

#include "unit/report/sample.h"

static void assert_has(const char *text, const char *want)
{
	if (strstr(text, want) == NULL)
		fail_msg("no \"%s\" in:\n%s", want, text);
}

static void nothing_run_is_a_skipped_plan(void **state)
{
	char *text = sample_render("tap", NULL, sample_scenarios, 3, NULL, 0);

	(void)state;
	assert_int_equal(strncmp(text, "TAP version 13\n", 15), 0);
	assert_has(text, "\n1..0 # SKIP");
	free(text);
}

static void there_is_one_plan_for_all_cases(void **state)
{
	struct record records[SAMPLE_VERDICTS];
	char *text, *plan;

	(void)state;
	sample_every_verdict(records);
	text = sample_render(
		"tap", NULL, sample_scenarios, 3, records, SAMPLE_VERDICTS);
	plan = strstr(text, "\n1..8\n");
	assert_non_null(plan);
	assert_null(strstr(plan + 1, "1..8\nok"));
	assert_has(text, "\nok 1 - first/u0@c/postfix/ideal\n");
	free(text);
}

static void a_failure_carries_its_evidence(void **state)
{
	struct record records[SAMPLE_VERDICTS];
	char *text;

	(void)state;
	sample_every_verdict(records);
	text = sample_render(
		"tap", NULL, sample_scenarios, 3, records, SAMPLE_VERDICTS);
	assert_has(text, "\nnot ok 6 - first/u5@c/postfix/ideal\n  ---\n");
	assert_has(text, "  expected: \"delivered\"\n");
	assert_has(text, "  message: \"expected delivered, got bounced\"\n");
	assert_has(text, "\n  ...\n");
	free(text);
}

/* prove takes a list entry that begins `"word: ` for a map, and gives up. */
static void decisions_are_lines_of_a_block(void **state)
{
	static const struct record_decision decisions[] = {
		{ 0, "R3", "mail.example: refused" },
		{ 0, "R4", "  a\nb" },
	};
	struct record r = sample_record("first/a@b/x/y", "first", "x", "y");
	char *text;

	(void)state;
	r.outcome.decisions = decisions;
	r.outcome.n_decisions = 2;
	r.outcome.result = r.result = RESULT_FAILED;
	text = sample_render("tap", NULL, sample_scenarios, 3, &r, 1);
	assert_has(text, "\n  decisions: |\n    mail.example: refused\n    a");
	assert_has(text, "b\n  ...\n");
	assert_null(strstr(text, "\nb"));
	free(text);
}

static void a_known_defect_is_to_do_and_a_skip_is_a_skip(void **state)
{
	struct record records[SAMPLE_VERDICTS];
	char *text;

	(void)state;
	sample_every_verdict(records);
	text = sample_render(
		"tap", NULL, sample_scenarios, 3, records, SAMPLE_VERDICTS);
	assert_has(text, "not ok 5 - first/u4@c/postfix/ideal # TODO bug 1");
	assert_has(text, "\nok 8 - first/u7@c/postfix/ideal # SKIP");
	free(text);
}

/* A # of the address must not become a directive, a newline not a line. */
static void hostile_names_stay_inside_their_line(void **state)
{
	struct record r = sample_full();
	char *text = sample_render("tap", NULL, sample_scenarios, 3, &r, 1);

	(void)state;
	assert_has(text, "\\# y/rfc5321/ideal\n");
	assert_null(strstr(text, "\n# y"));
	assert_null(strchr(text, '\x1b'));
	free(text);
}

int main(void)
{
	TESTS_ADD(nothing_run_is_a_skipped_plan);
	TESTS_ADD(there_is_one_plan_for_all_cases);
	TESTS_ADD(a_failure_carries_its_evidence);
	TESTS_ADD(decisions_are_lines_of_a_block);
	TESTS_ADD(a_known_defect_is_to_do_and_a_skip_is_a_skip);
	TESTS_ADD(hostile_names_stay_inside_their_line);
	return tests_run("report-tap");
}
