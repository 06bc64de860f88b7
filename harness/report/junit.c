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

/* Counts stand in the opening tag of a suite, so its cases are gathered first. The root
 * has none (as with pytest): a run of half a million cases would have to wait in memory
 * for them. */
struct junit {
	struct arena *arena;
	const struct suite_file *files;
	size_t n_files, next; /* scenarios come in the order of the header */
	const char *suite;    /* id of the open suite, or NULL */
	const char *file;     /* its scenario's, or NULL */
	struct counts counts; /* of it */
	xmlBufferPtr cases, whole;
	xmlTextWriterPtr case_writer, writer;
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
	j->files = files;
	j->n_files = n;
	j->case_writer = writer_on(a, &j->cases);
	j->writer = writer_on(a, &j->whole);
	/* After the buffers were tied to the arena, so that the writers go first. */
	arena_defer(a, (void (*)(void *))xmlFreeTextWriter, j->case_writer);
	arena_defer(a, (void (*)(void *))xmlFreeTextWriter, j->writer);
	xmlTextWriterStartDocument(j->writer, NULL, "UTF-8", NULL);
	xmlTextWriterStartElement(j->writer, BAD_CAST "testsuites");
	xmlTextWriterWriteAttribute(j->writer, BAD_CAST "name", BAD_CAST run->tool);
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

static void move_to(struct str *out, struct junit *j)
{
	xmlTextWriterFlush(j->writer);
	str_put(out, (const char *)xmlBufferContent(j->whole),
		(size_t)xmlBufferLength(j->whole));
	xmlBufferEmpty(j->whole);
}

static void open_suite(struct junit *j, const char *id)
{
	size_t i = 0;

	while (i < j->n_files &&
		strcmp(j->files[(j->next + i) % j->n_files].id, id) != 0)
		i++;
	if (i < j->n_files) {
		size_t found = (j->next + i) % j->n_files;

		j->suite = j->files[found].id;
		j->file = j->files[found].file;
		j->next = found + 1;
	} else {
		j->suite = arena_strdup(j->arena, id);
		j->file = NULL;
	}
	j->counts = (struct counts){ 0 };
}

static void close_suite(struct junit *j, struct str *out)
{
	xmlTextWriterPtr w = j->writer;

	if (j->suite == NULL)
		return;
	xmlTextWriterFlush(j->case_writer);
	xmlTextWriterWriteString(w, BAD_CAST "\n  ");
	xmlTextWriterStartElement(w, BAD_CAST "testsuite");
	attribute(w, "name", j->suite);
	if (j->file != NULL)
		attribute(w, "file", j->file);
	attributes_counts(w, &j->counts);
	raw(w, j->cases);
	xmlTextWriterWriteString(w, BAD_CAST "\n  ");
	xmlTextWriterEndElement(w);
	xmlBufferEmpty(j->cases);
	j->suite = NULL;
	move_to(out, j);
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

static void write_skipped(xmlTextWriterPtr w, const struct record *r)
{
	xmlTextWriterStartElement(w, BAD_CAST "skipped");
	if (r->outcome.reason != NULL)
		attribute(w, "message", r->outcome.reason);
	xmlTextWriterEndElement(w);
}

void junit_record(void *state, const struct record *r, struct str *out)
{
	struct junit *j = state;
	xmlTextWriterPtr w = j->case_writer;
	struct str name = STR_INIT;

	if (j->suite == NULL || strcmp(j->suite, r->scenario) != 0) {
		close_suite(j, out);
		open_suite(j, r->scenario);
	}
	j->counts.tests++;
	j->counts.failures += r->result == RESULT_FAILED;
	j->counts.skipped += r->result == RESULT_SKIPPED;
	str_printf(&name, "%s/%s %s", r->client, r->resolver, r->address);
	xmlTextWriterWriteString(w, BAD_CAST "\n    ");
	xmlTextWriterStartElement(w, BAD_CAST "testcase");
	attribute(w, "classname", r->scenario);
	attribute(w, "name", name.data);
	if (j->file != NULL)
		attribute(w, "file", j->file);
	/* No clock: the same run gives the same bytes. */
	attribute(w, "time", "0");
	if (r->result == RESULT_FAILED)
		write_failure(w, r);
	else if (r->result == RESULT_SKIPPED)
		write_skipped(w, r);
	else if (r->result == RESULT_KNOWN)
		write_known(w, r);
	xmlTextWriterEndElement(w);
	str_clear(&name);
}

void junit_end(void *state, struct str *out)
{
	struct junit *j = state;

	close_suite(j, out);
	xmlTextWriterWriteString(j->writer, BAD_CAST "\n");
	xmlTextWriterEndElement(j->writer);
	xmlTextWriterEndDocument(j->writer);
	move_to(out, j);
}
