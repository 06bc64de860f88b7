#include "support/test.h"

#include "base/str.h"
#include "unit/report/sample.h"

#define WIDE 100

static void assert_has(const char *text, const char *want)
{
	if (strstr(text, want) == NULL)
		fail_msg("no \"%s\" in:\n%s", want, text);
}

static void assert_last_line(const char *text, const char *want)
{
	const char *p = text + strlen(text) - 1;

	assert_int_equal(*p, '\n');
	while (p > text && p[-1] != '\n')
		p--;
	assert_string_equal(p, want);
}

static void assert_fits(const char *text)
{
	char *copy = strdup(text);

	for (char *line = strtok(copy, "\n"); line != NULL; line = strtok(NULL, "\n")) {
		if (text_columns(line) > WIDE && strstr(line, "explain") == NULL)
			fail_msg("%zu columns: %s", text_columns(line), line);
	}
	free(copy);
}

/* "first" works for one of two clients behind one of two resolvers; "second" always. */
static size_t mixed_run(struct record *records)
{
	size_t n = 0;

	for (int s = 0; s < 2; s++) {
		for (int c = 0; c < 3; c++) {
			for (int r = 0; r < 2; r++) {
				struct record *rec = &records[n++];

				*rec = sample_record("id", sample_scenarios[s].id,
					sample_clients[c], sample_resolvers[r]);
				rec->is_validator = sample_validates[c];
				if (s == 0 && (c != 0 || r != 0))
					rec->outcome.verdict = VERDICT_MISDELIVERED;
			}
		}
	}
	return n;
}

static void a_cell_shows_worst_and_best_resolver(void **state)
{
	struct record records[12];
	size_t n = mixed_run(records);
	char *text = sample_render("table", NULL, sample_scenarios, 2, records, n);

	(void)state;
	assert_has(text, "◐ 0–1 of 2");
	assert_has(text, "✔ 2 of 2");
	assert_has(text, "✖ refuse");
	assert_has(text, "✔ load");
	assert_has(text, "new address, a patched server");
	assert_fits(text);
	assert_last_line(text, "12 passed, 0 failed, 0 skipped\n");
	free(text);
}

static void the_best_layout_comes_first(void **state)
{
	struct record records[12];
	size_t n = mixed_run(records);
	char *text = sample_render("table", NULL, sample_scenarios, 2, records, n);
	char *good = strstr(text, "\nA + MX"), *bad = strstr(text, "\nCNAME + MX");

	(void)state;
	assert_non_null(good);
	assert_non_null(bad);
	assert_true(good < bad);
	free(text);
}

static void validators_deliver_nothing(void **state)
{
	struct record r = sample_record("id", "second", "checker", "ideal");
	char *text;

	(void)state;
	r.is_validator = true;
	text = sample_render("table", NULL, sample_scenarios, 2, &r, 1);
	assert_has(text, "– not run");
	free(text);
}

static void known_defects_pass_and_are_mentioned(void **state)
{
	struct record records[SAMPLE_VERDICTS];
	char *text;

	(void)state;
	sample_every_verdict(records);
	text = sample_render(
		"table", NULL, sample_scenarios, 3, records, SAMPLE_VERDICTS);
	assert_has(text, "\n1 known defect\n");
	assert_last_line(text, "6 passed, 1 failed, 1 skipped\n");
	assert_has(text, "✖ first/u5@c/postfix/ideal");
	assert_has(text, "harness explain 'first/u5@c/postfix/ideal'");
	free(text);
}

static void failures_past_twenty_are_counted_unless_all_are_wanted(void **state)
{
	struct report_options all = { .verbose = true };
	struct record records[25];
	char *text;

	(void)state;
	for (int i = 0; i < 25; i++) {
		records[i] = sample_record("id-of-a-case", "first", "postfix", "ideal");
		records[i].result = records[i].outcome.result = RESULT_FAILED;
	}
	text = sample_render("table", NULL, sample_scenarios, 3, records, 20);
	assert_null(strstr(text, "more"));
	free(text);
	text = sample_render("table", NULL, sample_scenarios, 3, records, 25);
	assert_has(text, "... and 5 more (-v shows them)");
	free(text);
	text = sample_render("table", &all, sample_scenarios, 3, records, 25);
	assert_null(strstr(text, "more"));
	assert_has(text, "scenarios/first.conf:12: CNAME and MX (RFC 1034 3.6.2)");
	free(text);
}

static void an_empty_run_has_a_last_line(void **state)
{
	char *text = sample_render("table", NULL, NULL, 0, NULL, 0);

	(void)state;
	assert_last_line(text, "0 passed, 0 failed, 0 skipped\n");
	free(text);
}

static void colour_is_only_there_when_asked_for(void **state)
{
	struct report_options colour = { .colour = true, .verbose = true };
	struct record r = sample_full();
	char *text;

	(void)state;
	text = sample_render("table", NULL, sample_scenarios, 3, &r, 1);
	assert_null(strchr(text, '\x1b'));
	free(text);
	text = sample_render("table", &colour, sample_scenarios, 3, &r, 1);
	assert_non_null(strchr(text, '\x1b'));
	free(text);
}

static void quiet_is_the_last_line_when_all_is_well(void **state)
{
	struct record r = sample_record("id", "second", "postfix", "ideal");
	char *text = sample_render("brief", NULL, sample_scenarios, 3, &r, 1);

	(void)state;
	assert_string_equal(text, "1 passed, 0 failed, 0 skipped\n");
	free(text);
}

/* postfix weighs 3 of 4 and is misdelivered behind every resolver; rfc5321 weighs 1 of
 * 4 and is delivered behind ideal, half of the resolvers' weight: 1/8 of the mail. */
static void shares_weigh_what_becomes_of_the_mail(void **state)
{
	static const struct report_share clients[] = { { "postfix", 3 },
		{ "rfc*", 1 } };
	static const struct report_share resolvers[] = { { "*", 10 } };
	struct report_mix mix = { "a survey", clients, resolvers, 2, 1 };
	struct report_options options = { .mix = &mix };
	struct record records[12];
	size_t n = mixed_run(records);
	char *text = sample_render("table", &options, sample_scenarios, 2, records, n);

	(void)state;
	assert_has(text, "12.5 %");
	assert_has(text, "87.5 %");
	assert_has(text, "100.0 %");
	assert_has(text, "Shares from: a survey");
	free(text);
}

/* "*" gives 1 to each of the two that deliver, so postfix weighs 2 of 3 and rfc5321,
 * which delivers behind one of two resolvers, 1 of 3: 1/6 of the mail. */
static void a_globs_weight_is_divided_between_what_it_matches(void **state)
{
	static const struct report_share clients[] = { { "postfix", 1 }, { "*", 2 } };
	struct report_mix mix = { NULL, clients, NULL, 2, 0 };
	struct report_options options = { .mix = &mix };
	struct record records[12];
	size_t n = mixed_run(records);
	char *text = sample_render("table", &options, sample_scenarios, 2, records, n);

	(void)state;
	assert_has(text, "16.7 %");
	assert_has(text, "83.3 %");
	free(text);
}

/* A scenario that expects the web out of reach has no merit of it. */
static void nowhere_is_not_reached_even_when_expected(void **state)
{
	struct record r = sample_record("id", "second", "postfix", "ideal");
	char *text;

	(void)state;
	r.outcome.web.ends_at = r.outcome.web.host = NULL;
	text = sample_render("table", NULL, sample_scenarios, 2, &r, 1);
	assert_has(text, "✖ no");
	free(text);
}

static void markdown_cells_do_not_break_the_table(void **state)
{
	static const struct record_scenario odd[] = { { .id = "odd",
		.group = "layouts",
		.layout = "a | b `c` <d>",
		.loads = true } };
	struct record r = sample_record("id", "odd", "postfix", "ideal");
	char *text = sample_render("markdown", NULL, odd, 1, &r, 1);

	(void)state;
	assert_has(text, "a \\| b \\`c\\` &lt;d&gt;");
	assert_last_line(text, "1 passed, 0 failed, 0 skipped\n");
	free(text);
}

static void columns_never_exceed_eight(void **state)
{
	struct record records[12];
	size_t n = mixed_run(records);
	char *text =
		sample_render("compatibility", NULL, sample_scenarios, 2, records, n);
	char *copy = strdup(text);

	(void)state;
	for (char *line = strtok(copy, "\n"); line != NULL; line = strtok(NULL, "\n")) {
		int bars = 0;

		for (char *p = line; *p != '\0'; p++)
			bars += *p == '|' && (p == line || p[-1] != '\\');
		assert_in_range(bars, 0, 9);
	}
	assert_has(text, "◐ by resolver [^1]");
	assert_has(text, "[^1]: misdelivered behind unbound-1.17; else delivered.");
	free(copy);
	free(text);
}

static void the_cache_table_shows_where_mail_went(void **state)
{
	struct record r = sample_record("id", "third", "rfc5321", "ideal");
	char *text;

	(void)state;
	r.outcome.verdict = VERDICT_MISDELIVERED;
	r.outcome.to_host = "shop.offsite.net";
	text = sample_render("compatibility", NULL, sample_scenarios, 3, &r, 1);
	assert_has(text, "| third | ✖ shop.offsite.net | · not run |");
	free(text);
}

static void the_same_records_make_the_same_bytes(void **state)
{
	struct record records[12];
	size_t n = mixed_run(records);
	char *one =
		sample_render("compatibility", NULL, sample_scenarios, 2, records, n);
	char *two =
		sample_render("compatibility", NULL, sample_scenarios, 2, records, n);

	(void)state;
	assert_string_equal(one, two);
	free(one);
	free(two);
}

static void an_annotation_escapes_its_properties(void **state)
{
	struct record r = sample_full();
	char *text;

	(void)state;
	r.id = "a:b,c%d";
	text = sample_render("github", NULL, sample_scenarios, 3, &r, 1);
	assert_has(text, "::error file=scenarios/first.conf,title=a%3Ab%2Cc%25d::");
	assert_has(text, "%0A# y");
	assert_int_equal(strchr(text, '\n') - text + 1, (long)strlen(text));
	free(text);
}

static void a_matrix_has_a_cell_for_each_client_and_resolver(void **state)
{
	struct record records[12];
	size_t n = mixed_run(records);
	char *text;

	(void)state;
	records[1].result = RESULT_FAILED;
	records[2].outcome.verdict = VERDICT_UNKNOWN;
	/* One pair was not run. */
	text = sample_render("matrix", NULL, sample_scenarios, 1, records, 5);
	assert_has(text, sample_scenarios[0].title);
	assert_has(text, "✔ ok    ✖ misd!\n");
	assert_has(text, "?       ✖ misd\n");
	assert_has(text, "✖ misd  ·\n");
	assert_fits(text);
	assert_last_line(text, "4 passed, 1 failed, 0 skipped\n");
	assert_true(n == 12);
	free(text);
}

/* A client that no layout serves behind a resolver is named, and no layout is blamed.
 */
static void a_pair_that_no_layout_helps_is_held_against_none(void **state)
{
	struct record records[12];
	size_t n = mixed_run(records);
	char *text;

	(void)state;
	for (size_t i = 0; i < n; i++) {
		bool hopeless = strcmp(records[i].client, sample_clients[0]) == 0 &&
				strcmp(records[i].resolver, sample_resolvers[1]) == 0;

		records[i].outcome.verdict =
			hopeless ? VERDICT_DEFERRED : VERDICT_DELIVERED;
	}
	text = sample_render("table", NULL, sample_scenarios, 2, records, n);
	assert_has(text, "✔ 1–2 of 2");
	assert_has(text, "none is blamed for: ");
	free(text);
}

static void a_lookup_has_a_row_for_each_client(void **state)
{
	struct record r = sample_record("id", "lookup", "postfix", "ideal");
	struct report_options options = { 0 };
	const struct report_format *format = report_format("table", FOR_LOOKUP);
	struct report *report;
	char *text = NULL;
	size_t len;
	FILE *fp = open_memstream(&text, &len);

	(void)state;
	report = report_new(format, &options, fp);
	report_begin(report, &sample_run, NULL, 0);
	report_record(report, &r);
	report_end(report);
	report_free(report);
	fclose(fp);
	assert_has(text, "user@customer.mywebservice.com behind ideal\n");
	assert_has(text, "mail.mywebservice.com (10)");
	assert_fits(text);
	free(text);
}

int main(void)
{
	TESTS_ADD(a_cell_shows_worst_and_best_resolver);
	TESTS_ADD(the_best_layout_comes_first);
	TESTS_ADD(validators_deliver_nothing);
	TESTS_ADD(known_defects_pass_and_are_mentioned);
	TESTS_ADD(failures_past_twenty_are_counted_unless_all_are_wanted);
	TESTS_ADD(an_empty_run_has_a_last_line);
	TESTS_ADD(colour_is_only_there_when_asked_for);
	TESTS_ADD(quiet_is_the_last_line_when_all_is_well);
	TESTS_ADD(shares_weigh_what_becomes_of_the_mail);
	TESTS_ADD(a_globs_weight_is_divided_between_what_it_matches);
	TESTS_ADD(nowhere_is_not_reached_even_when_expected);
	TESTS_ADD(markdown_cells_do_not_break_the_table);
	TESTS_ADD(columns_never_exceed_eight);
	TESTS_ADD(the_cache_table_shows_where_mail_went);
	TESTS_ADD(the_same_records_make_the_same_bytes);
	TESTS_ADD(an_annotation_escapes_its_properties);
	TESTS_ADD(a_matrix_has_a_cell_for_each_client_and_resolver);
	TESTS_ADD(a_pair_that_no_layout_helps_is_held_against_none);
	TESTS_ADD(a_lookup_has_a_row_for_each_client);
	return tests_run("report-table");
}
