#include "report/format.h"

#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/bug.h"
#include "base/lookup.h"
#include "report/formats.h"

#define BOTH (FOR_RUN | FOR_LOOKUP)

const struct report_format report_formats[] = {
	{ "table", "scorecard, counts and failures for a terminal", FOR_RUN, false,
		table_begin, table_record, table_end },
	{ "table", "what each client makes of one address, for a terminal", FOR_LOOKUP,
		false, clients_begin, clients_record, clients_end },
	{ "brief", "what was not as expected, and the last line", FOR_RUN, false,
		brief_begin, brief_record, brief_end },
	{ "matrix", "for each address, clients by resolvers, for a terminal", FOR_RUN,
		false, matrix_begin, matrix_record, matrix_end },
	{ "markdown", "the same tables for a web page or a pull request", FOR_RUN,
		false, markdown_begin, markdown_record, markdown_end },
	{ "compatibility",
		"the published matrices: layouts, clients, resolvers, caches", FOR_RUN,
		false, compat_begin, compat_record, compat_end },
	{ "ndjson", "one JSON object a line: a header, then every case (schema 1)",
		BOTH, true, ndjson_begin, ndjson_record, ndjson_end },
	{ "json", "one JSON document: the header with an array of cases", BOTH, true,
		json_begin, json_record, json_end },
	{ "tap", "Test Anything Protocol, version 13: what prove reads", FOR_RUN, true,
		tap_begin, tap_record, tap_end },
	{ "junit", "JUnit XML: a suite for each scenario", FOR_RUN, true, junit_begin,
		junit_record, junit_end },
	{ "github", "annotations of a GitHub workflow: one error a failed case",
		FOR_RUN, false, github_begin, github_record, github_end },
};
const size_t report_formats_n = ARRAY_LEN(report_formats);

const struct report_format *report_format(const char *name, enum report_use use)
{
	for (size_t i = 0; i < report_formats_n; i++) {
		if ((report_formats[i].use & use) != 0 &&
			strcmp(report_formats[i].name, name) == 0)
			return &report_formats[i];
	}
	return NULL;
}

struct report {
	const struct report_format *format;
	struct report_options options;
	FILE *to;
	struct arena *arena;
	struct str out;
	void *state;
	bool begun, failed;
};

/* Text gathered before it goes to the file: a few writes a megabyte. */
#define FLUSH_AT 65536

static void flush(struct report *r)
{
	if (r->out.len > 0 && fwrite(r->out.data, 1, r->out.len, r->to) != r->out.len)
		r->failed = true;
	str_reset(&r->out);
}

struct report *report_new(const struct report_format *format,
	const struct report_options *options, FILE *to)
{
	struct report *r = calloc(1, sizeof(*r));

	if (r == NULL)
		bug("out of memory");
	*r = (struct report){
		.format = format,
		.options = *options,
		.to = to,
		.arena = arena_new(),
		.out = STR_INIT,
	};
	return r;
}

void report_begin(struct report *r, const struct record_run *run,
	const struct record_scenario *scenarios, size_t n)
{
	r->state = r->format->begin(r->arena, &r->options, run, scenarios, n, &r->out);
	r->begun = true;
	flush(r);
}

void report_record(struct report *r, const struct record *rec)
{
	r->format->record(r->state, rec, &r->out);
	if (r->out.len >= FLUSH_AT)
		flush(r);
}

int report_end(struct report *r)
{
	if (r->begun)
		r->format->end(r->state, &r->out);
	flush(r);
	if (fflush(r->to) != 0)
		r->failed = true;
	return r->failed ? -1 : 0;
}

void report_free(struct report *r)
{
	if (r == NULL)
		return;
	str_clear(&r->out);
	arena_free(r->arena);
	free(r);
}
