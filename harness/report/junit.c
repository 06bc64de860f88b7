/* JUnit XML as Jenkins and GitLab read it: GitLab takes the evidence from the body of
 * <failure> only (its issue 299086), and identifies a case by classname and name, so
 * the pair is unique. */
#include "report/formats.h"

#include <string.h>

#include <libxml/xmlwriter.h>

#include "base/arena.h"
#include "base/bug.h"
#include "report/story.h"

struct suite_file {
	const char *id, *file;
};

struct counts {
	unsigned long tests, failures, skipped;
};

/* Counts stand in the opening tag, so the cases of a suite, and the suites, are
 * gathered first. */
struct junit {
	struct arena *arena;
	const char *tool;
	const struct suite_file *files;
	size_t n_files;
	char *suite; /* id of the open suite, or NULL */
	struct counts in_suite, total;
	xmlBufferPtr cases, suites;
	xmlTextWriterPtr case_writer, suite_writer;
};

static xmlTextWriterPtr writer_on(struct arena *a, xmlBufferPtr *ret)
{
	xmlBufferPtr buffer = xmlBufferCreate();
	xmlTextWriterPtr w = buffer == NULL ? NULL : xmlNewTextWriterMemory(buffer, 0);

	if (w == NULL)
		bug("out of memory");
	arena_defer(a, (void (*)(void *))xmlBufferFree, buffer);
	*ret = buffer;
	return w;
}

void *junit_begin(struct arena *a, const struct report_options *options,
	const struct record_run *run, const struct record_scenario *scenarios, size_t n,
	struct str *out)
{
	struct junit *j = arena_alloc(a, sizeof(*j));
	struct suite_file *files = arena_array(a, n, sizeof(*files));

	(void)options;
	(void)out;
	for (size_t i = 0; i < n; i++) {
		files[i].id = arena_strdup(a, scenarios[i].id);
		files[i].file = scenarios[i].file == NULL
					? NULL
					: arena_strdup(a, scenarios[i].file);
	}
	j->arena = a;
	j->tool = arena_strdup(a, run->tool);
	j->files = files;
	j->n_files = n;
	j->case_writer = writer_on(a, &j->cases);
	j->suite_writer = writer_on(a, &j->suites);
	/* After the buffers were tied to the arena, so that the writers go first. */
	arena_defer(a, (void (*)(void *))xmlFreeTextWriter, j->case_writer);
	arena_defer(a, (void (*)(void *))xmlFreeTextWriter, j->suite_writer);
	return j;
}

static void attribute(xmlTextWriterPtr w, const char *name, const char *value)
{
	struct str clean = STR_INIT;

	put_clean(&clean, value);
	xmlTextWriterWriteAttribute(w, BAD_CAST name, BAD_CAST clean.data);
	str_clear(&clean);
}

static void attribute_number(xmlTextWriterPtr w, const char *name, unsigned long n)
{
	xmlTextWriterWriteFormatAttribute(w, BAD_CAST name, "%lu", n);
}

static void attributes_counts(xmlTextWriterPtr w, const struct counts *c)
{
	attribute_number(w, "tests", c->tests);
	attribute_number(w, "failures", c->failures);
	attribute_number(w, "errors", 0);
	attribute_number(w, "skipped", c->skipped);
}

static void raw(xmlTextWriterPtr w, xmlBufferPtr text)
{
	if (xmlBufferLength(text) > 0)
		xmlTextWriterWriteRaw(w, xmlBufferContent(text));
}

static const char *file_of(const struct junit *j, const char *id)
{
	for (size_t i = 0; i < j->n_files; i++) {
		if (strcmp(j->files[i].id, id) == 0)
			return j->files[i].file;
	}
	return NULL;
}

static void close_suite(struct junit *j)
{
	xmlTextWriterPtr w = j->suite_writer;
	const char *file;

	if (j->suite == NULL)
		return;
	file = file_of(j, j->suite);
	xmlTextWriterFlush(j->case_writer);
	xmlTextWriterWriteString(w, BAD_CAST "\n  ");
	xmlTextWriterStartElement(w, BAD_CAST "testsuite");
	attribute(w, "name", j->suite);
	if (file != NULL)
		attribute(w, "file", file);
	attributes_counts(w, &j->in_suite);
	raw(w, j->cases);
	xmlTextWriterWriteString(w, BAD_CAST "\n  ");
	xmlTextWriterEndElement(w);
	xmlBufferEmpty(j->cases);
	j->total.tests += j->in_suite.tests;
	j->total.failures += j->in_suite.failures;
	j->total.skipped += j->in_suite.skipped;
	j->in_suite = (struct counts){ 0 };
	j->suite = NULL;
}

/* The lines of the story, each cleaned; its newlines stay. */
static void write_lines(xmlTextWriterPtr w, const struct record *r)
{
	struct str text = STR_INIT;

	str_putc(&text, '\n');
	story_put(&text, r, false);
	str_puts(&text, "look closer: harness explain '");
	put_clean(&text, r->id);
	str_puts(&text, "'\n");
	xmlTextWriterWriteString(w, BAD_CAST text.data);
	str_clear(&text);
}

static void write_failure(xmlTextWriterPtr w, const struct record *r)
{
	const struct record_outcome *o = story_outcome(r, RESULT_FAILED);
	struct str got = STR_INIT;

	story_put_got(&got, o);
	xmlTextWriterStartElement(w, BAD_CAST "failure");
	attribute(w, "type", verdict_name(o->verdict));
	attribute(w, "message", o->difference == NULL ? got.data : o->difference);
	write_lines(w, r);
	xmlTextWriterEndElement(w);
	str_clear(&got);
}

static void write_known(xmlTextWriterPtr w, const struct record *r)
{
	struct str text = STR_INIT;

	str_puts(&text, "known defect: ");
	put_clean(&text, r->known == NULL ? "" : r->known);
	xmlTextWriterWriteElement(w, BAD_CAST "system-out", BAD_CAST text.data);
	str_clear(&text);
}

void junit_record(void *state, const struct record *r, struct str *out)
{
	struct junit *j = state;
	xmlTextWriterPtr w = j->case_writer;
	struct str name = STR_INIT;
	const char *file = file_of(j, r->scenario);

	(void)out;
	if (j->suite == NULL || strcmp(j->suite, r->scenario) != 0) {
		close_suite(j);
		j->suite = arena_strdup(j->arena, r->scenario);
	}
	j->in_suite.tests++;
	j->in_suite.failures += r->result == RESULT_FAILED;
	j->in_suite.skipped += r->result == RESULT_SKIPPED;
	str_printf(&name, "%s/%s %s", r->client, r->resolver, r->address);
	xmlTextWriterWriteString(w, BAD_CAST "\n    ");
	xmlTextWriterStartElement(w, BAD_CAST "testcase");
	attribute(w, "classname", r->scenario);
	attribute(w, "name", name.data);
	if (file != NULL)
		attribute(w, "file", file);
	/* No clock: the same run gives the same bytes. */
	attribute(w, "time", "0");
	if (r->result == RESULT_FAILED)
		write_failure(w, r);
	else if (r->result == RESULT_SKIPPED)
		xmlTextWriterWriteElement(w, BAD_CAST "skipped", NULL);
	else if (r->result == RESULT_KNOWN)
		write_known(w, r);
	xmlTextWriterEndElement(w);
	str_clear(&name);
}

void junit_end(void *state, struct str *out)
{
	struct junit *j = state;
	xmlBufferPtr all;
	xmlTextWriterPtr w = writer_on(j->arena, &all);

	close_suite(j);
	xmlTextWriterFlush(j->suite_writer);
	xmlTextWriterStartDocument(w, NULL, "UTF-8", NULL);
	xmlTextWriterStartElement(w, BAD_CAST "testsuites");
	attribute(w, "name", j->tool);
	attributes_counts(w, &j->total);
	raw(w, j->suites);
	xmlTextWriterWriteString(w, BAD_CAST "\n");
	xmlTextWriterEndElement(w);
	xmlTextWriterEndDocument(w);
	xmlFreeTextWriter(w);
	str_put(out, (const char *)xmlBufferContent(all), (size_t)xmlBufferLength(all));
}
