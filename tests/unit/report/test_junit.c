#include "support/test.h"

#include <libxml/parser.h>
#include <libxml/tree.h>

#include "base/arena.h"
#include "unit/report/sample.h"

static xmlDocPtr parse(const char *text)
{
	xmlDocPtr doc = xmlReadMemory(
		text, (int)strlen(text), "junit.xml", NULL, XML_PARSE_NONET);

	if (doc == NULL)
		fail_msg("not XML:\n%s", text);
	return doc;
}

static xmlNodePtr child(xmlNodePtr node, const char *name, int i)
{
	for (xmlNodePtr c = node->children; c != NULL; c = c->next) {
		if (c->type == XML_ELEMENT_NODE &&
			strcmp((const char *)c->name, name) == 0 && i-- == 0)
			return c;
	}
	return NULL;
}

static void assert_attribute(xmlNodePtr node, const char *name, const char *want)
{
	xmlChar *got = xmlGetProp(node, BAD_CAST name);

	assert_non_null(got);
	assert_string_equal((const char *)got, want);
	xmlFree(got);
}

static void an_empty_run_is_a_whole_document(void **state)
{
	char *text = sample_render("junit", NULL, sample_scenarios, 3, NULL, 0);
	xmlDocPtr doc = parse(text);

	(void)state;
	assert_string_equal(
		(const char *)xmlDocGetRootElement(doc)->name, "testsuites");
	assert_null(xmlDocGetRootElement(doc)->children->next);
	xmlFreeDoc(doc);
	free(text);
}

static void every_scenario_is_a_suite_with_its_counts(void **state)
{
	struct record records[SAMPLE_VERDICTS + 1];
	xmlNodePtr root, suite;
	xmlDocPtr doc;
	char *text;

	(void)state;
	sample_every_verdict(records);
	records[SAMPLE_VERDICTS] =
		sample_record("second/a@b/postfix/ideal", "second", "postfix", "ideal");
	text = sample_render(
		"junit", NULL, sample_scenarios, 3, records, SAMPLE_VERDICTS + 1);
	doc = parse(text);
	root = xmlDocGetRootElement(doc);
	suite = child(root, "testsuite", 0);
	assert_attribute(suite, "name", "first");
	assert_attribute(suite, "tests", "8");
	assert_attribute(suite, "failures", "1");
	suite = child(root, "testsuite", 1);
	assert_attribute(suite, "name", "second");
	assert_attribute(suite, "tests", "1");
	assert_null(child(root, "testsuite", 2));
	xmlFreeDoc(doc);
	free(text);
}

/* A run of half a million cases must not be held in memory. */
static void a_finished_suite_does_not_wait_for_the_end(void **state)
{
	const struct report_format *format = report_format("junit", FOR_RUN);
	const struct report_options plain = { 0 };
	struct record one = sample_record("first/a@b/x/y", "first", "x", "y");
	struct record two = sample_record("second/a@b/x/y", "second", "x", "y");
	struct arena *a = arena_new();
	struct str out = STR_INIT;
	void *junit = format->begin(a, &plain, &sample_run, sample_scenarios, 3, &out);

	(void)state;
	format->record(junit, &one, &out);
	assert_null(strstr(out.data, "<testsuite "));
	format->record(junit, &two, &out);
	assert_non_null(strstr(out.data, "<testsuite name=\"first\""));
	assert_null(strstr(out.data, "second"));
	str_reset(&out);
	format->end(junit, &out);
	assert_null(strstr(out.data, "first"));
	assert_non_null(strstr(out.data, "<testsuite name=\"second\""));
	str_clear(&out);
	arena_free(a);
}

static void a_case_is_named_by_a_unique_pair(void **state)
{
	struct record r =
		sample_record("second/a@b/postfix/ideal", "second", "postfix", "ideal");
	char *text = sample_render("junit", NULL, sample_scenarios, 3, &r, 1);
	xmlDocPtr doc = parse(text);
	xmlNodePtr suite = child(xmlDocGetRootElement(doc), "testsuite", 0);

	(void)state;
	assert_attribute(child(suite, "testcase", 0), "classname", "second");
	assert_attribute(child(suite, "testcase", 0), "name",
		"postfix/ideal user@customer.mywebservice.com");
	xmlFreeDoc(doc);
	free(text);
}

/* GitLab shows the body of <failure> only. */
static void the_evidence_is_in_the_body_of_the_failure(void **state)
{
	struct record r = sample_full();
	char *text = sample_render("junit", NULL, sample_scenarios, 3, &r, 1);
	xmlDocPtr doc = parse(text);
	xmlNodePtr suite = child(xmlDocGetRootElement(doc), "testsuite", 0);
	xmlNodePtr failure = child(child(suite, "testcase", 0), "failure", 0);
	xmlChar *body;

	(void)state;
	assert_non_null(failure);
	body = xmlNodeGetContent(failure);
	assert_non_null(strstr((char *)body, "MX customer.mywebservice.com"));
	assert_non_null(strstr((char *)body, "expected web x, got"));
	assert_non_null(strstr((char *)body, "harness explain"));
	assert_null(strchr((char *)body, '\x1b'));
	xmlFree(body);
	xmlFreeDoc(doc);
	free(text);
}

static void a_skipped_case_says_why(void **state)
{
	struct record records[SAMPLE_VERDICTS];
	xmlNodePtr suite, skipped;
	xmlDocPtr doc;
	char *text;

	(void)state;
	sample_every_verdict(records);
	records[VERDICT_SKIPPED].outcome.reason = "no namespaces here";
	text = sample_render(
		"junit", NULL, sample_scenarios, 3, records, SAMPLE_VERDICTS);
	doc = parse(text);
	suite = child(xmlDocGetRootElement(doc), "testsuite", 0);
	skipped = child(child(suite, "testcase", VERDICT_SKIPPED), "skipped", 0);
	assert_non_null(skipped);
	assert_null(skipped->children);
	assert_attribute(skipped, "message", "no namespaces here");
	xmlFreeDoc(doc);
	free(text);
}

int main(void)
{
	int failed;

	TESTS_ADD(an_empty_run_is_a_whole_document);
	TESTS_ADD(every_scenario_is_a_suite_with_its_counts);
	TESTS_ADD(a_finished_suite_does_not_wait_for_the_end);
	TESTS_ADD(a_case_is_named_by_a_unique_pair);
	TESTS_ADD(the_evidence_is_in_the_body_of_the_failure);
	TESTS_ADD(a_skipped_case_says_why);
	failed = tests_run("report-junit");
	xmlCleanupParser();
	return failed;
}
