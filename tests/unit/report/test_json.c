/* The record's shape is docs/design.md section 6; jansson says whether it is JSON. */
#include "support/test.h"

#include <jansson.h>

#include "unit/report/sample.h"

static json_t *parse(const char *text)
{
	json_error_t e;
	json_t *j = json_loads(text, JSON_REJECT_DUPLICATES, &e);

	if (j == NULL)
		fail_msg("%d:%d: %s", e.line, e.column, e.text);
	return j;
}

/* Line i of the text, parsed. */
static json_t *line(const char *text, int i)
{
	char *copy = strdup(text), *p = copy;
	json_t *j;

	while (i-- > 0)
		p = strchr(p, '\n') + 1;
	p[strcspn(p, "\n")] = '\0';
	j = parse(p);
	free(copy);
	return j;
}

static size_t count_lines(const char *text)
{
	size_t n = 0;

	for (; *text != '\0'; text++)
		n += *text == '\n';
	return n;
}

static const char *text_at(const json_t *j, const char *key)
{
	return json_string_value(json_object_get(j, key));
}

static void the_header_says_what_ran(void **state)
{
	char *text = sample_render("ndjson", NULL, sample_scenarios, 3, NULL, 0);
	json_t *j = line(text, 0);

	(void)state;
	assert_int_equal(count_lines(text), 1);
	assert_int_equal(json_integer_value(json_object_get(j, "schema")), 1);
	assert_string_equal(text_at(j, "tool"), "harness");
	assert_string_equal(text_at(j, "version"), "0.0.1");
	assert_int_equal(json_integer_value(json_object_get(j, "seed")), 7);
	assert_string_equal(text_at(j, "scenarios_sha256"), "00ff");
	assert_string_equal(text_at(j, "shard"), "1/1");
	assert_int_equal(json_array_size(json_object_get(j, "scenarios")), 3);
	assert_int_equal(json_array_size(json_object_get(j, "clients")), 3);
	json_decref(j);
	free(text);
}

static void a_case_has_the_fixed_keys(void **state)
{
	static const char *const keys[] = { "case", "scenario", "address", "client",
		"resolver", "network", "verdict", "status", "route", "delivered_to",
		"rcpt", "mail_from", "rewrites", "queries", "decisions", "web",
		"expected", "result" };
	struct record r =
		sample_record("second/a@b/postfix/ideal", "second", "postfix", "ideal");
	char *text = sample_render("ndjson", NULL, sample_scenarios, 3, &r, 1);
	json_t *j = line(text, 1), *host;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(keys); i++) {
		if (json_object_get(j, keys[i]) == NULL)
			fail_msg("no key \"%s\"", keys[i]);
	}
	assert_string_equal(text_at(j, "case"), "second/a@b/postfix/ideal");
	assert_string_equal(text_at(j, "verdict"), "delivered");
	assert_string_equal(text_at(j, "result"), "passed");
	assert_string_equal(
		text_at(json_object_get(j, "route"), "disposition"), "deliver");
	host = json_array_get(json_object_get(json_object_get(j, "route"), "hosts"), 0);
	assert_int_equal(json_integer_value(json_object_get(host, "preference")), 10);
	assert_string_equal(text_at(host, "name"), "mail.mywebservice.com");
	assert_int_equal(json_array_size(json_object_get(host, "addresses")), 2);
	assert_string_equal(text_at(json_object_get(j, "delivered_to"), "host"),
		"mail.mywebservice.com");
	assert_string_equal(
		text_at(json_object_get(j, "web"), "ends_at"), "198.51.100.7");
	json_decref(j);
	free(text);
}

static void a_deferral_has_status_and_reason(void **state)
{
	struct record records[SAMPLE_VERDICTS];
	char *text;
	json_t *j, *route;

	(void)state;
	sample_every_verdict(records);
	text = sample_render(
		"ndjson", NULL, sample_scenarios, 3, records, SAMPLE_VERDICTS);
	assert_int_equal(count_lines(text), 1 + SAMPLE_VERDICTS);
	j = line(text, 1 + VERDICT_DEFERRED);
	route = json_object_get(j, "route");
	assert_string_equal(text_at(route, "status"), "4.4.3");
	assert_string_equal(text_at(route, "reason"), "no answer");
	assert_true(json_is_null(json_object_get(j, "delivered_to")));
	assert_true(json_is_null(json_object_get(j, "status")));
	assert_string_equal(text_at(j, "known"), "bug 1 | `x`");
	json_decref(j);
	free(text);
}

static void every_verdict_is_written_by_its_name(void **state)
{
	struct record records[SAMPLE_VERDICTS];
	char *text;

	(void)state;
	sample_every_verdict(records);
	text = sample_render(
		"ndjson", NULL, sample_scenarios, 3, records, SAMPLE_VERDICTS);
	for (int v = 0; v < VERDICTS; v++) {
		json_t *j = line(text, 1 + v);

		assert_string_equal(
			text_at(j, "verdict"), verdict_name((enum verdict)v));
		json_decref(j);
	}
	free(text);
}

static void hostile_text_comes_back_as_it_was(void **state)
{
	struct record r = sample_full();
	char *text = sample_render("ndjson", NULL, sample_scenarios, 3, &r, 1);
	json_t *j = line(text, 1), *step, *query;

	(void)state;
	assert_string_equal(text_at(j, "address"), HOSTILE);
	query = json_array_get(json_object_get(j, "queries"), 1);
	assert_string_equal(text_at(query, "name"), HOSTILE);
	assert_string_equal(text_at(query, "rcode"), "TIMEOUT");
	assert_int_equal(json_integer_value(json_object_get(query, "t_us")), 30000);
	step = json_array_get(json_object_get(j, "steps"), 0);
	assert_int_equal(json_integer_value(json_object_get(step, "at_us")), 600000000);
	assert_string_equal(text_at(step, "result"), "failed");
	assert_string_equal(
		text_at(step, "difference"), "expected web x, got " HOSTILE);
	json_decref(j);
	free(text);
}

static void the_document_has_its_cases_in_an_array(void **state)
{
	struct record records[SAMPLE_VERDICTS];
	json_t *j;

	(void)state;
	sample_every_verdict(records);
	for (size_t n = 0; n <= SAMPLE_VERDICTS; n++) {
		char *text =
			sample_render("json", NULL, sample_scenarios, 3, records, n);

		j = parse(text);
		assert_int_equal(json_array_size(json_object_get(j, "cases")), n);
		assert_int_equal(json_integer_value(json_object_get(j, "schema")), 1);
		json_decref(j);
		free(text);
	}
}

static void nothing_is_left_out_for_absent_texts(void **state)
{
	struct record r = { .id = "x/y/z/w",
		.scenario = "first",
		.address = "y",
		.client = "z",
		.resolver = "w",
		.network = "sim" };
	char *text = sample_render("ndjson", NULL, NULL, 0, &r, 1);
	json_t *j = line(text, 1);

	(void)state;
	assert_true(json_is_null(json_object_get(j, "rcpt")));
	assert_true(json_is_null(json_object_get(j, "web")));
	json_decref(j);
	free(text);
}

int main(void)
{
	TESTS_ADD(the_header_says_what_ran);
	TESTS_ADD(a_case_has_the_fixed_keys);
	TESTS_ADD(a_deferral_has_status_and_reason);
	TESTS_ADD(every_verdict_is_written_by_its_name);
	TESTS_ADD(hostile_text_comes_back_as_it_was);
	TESTS_ADD(the_document_has_its_cases_in_an_array);
	TESTS_ADD(nothing_is_left_out_for_absent_texts);
	return tests_run("report-json");
}
