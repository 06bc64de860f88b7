#include "report/formats.h"

#include "base/arena.h"
#include "report/json.h"

void *ndjson_begin(struct arena *a, const struct report_options *options,
	const struct record_run *run, const struct record_scenario *scenarios, size_t n,
	struct str *out)
{
	(void)a;
	(void)options;
	str_putc(out, '{');
	run_put_json(out, run, scenarios, n);
	str_puts(out, "}\n");
	return NULL;
}

void ndjson_record(void *state, const struct record *r, struct str *out)
{
	(void)state;
	record_put_json(out, r);
	str_putc(out, '\n');
}

void ndjson_end(void *state, struct str *out)
{
	(void)state;
	(void)out;
}

/* Counts of the whole document, for its end. */
struct json {
	unsigned long cases, results[RESULT_KNOWN + 1];
};

void *json_begin(struct arena *a, const struct report_options *options,
	const struct record_run *run, const struct record_scenario *scenarios, size_t n,
	struct str *out)
{
	(void)options;
	str_putc(out, '{');
	run_put_json(out, run, scenarios, n);
	str_puts(out, ",\"cases\":[");
	return arena_alloc(a, sizeof(struct json));
}

void json_record(void *state, const struct record *r, struct str *out)
{
	struct json *j = state;

	str_puts(out, j->cases++ == 0 ? "\n" : ",\n");
	j->results[r->result]++;
	record_put_json(out, r);
}

void json_end(void *state, struct str *out)
{
	const struct json *j = state;

	str_printf(out,
		"\n],\"totals\":{\"passed\":%lu,\"failed\":%lu,\"skipped\":%lu,"
		"\"known\":%lu}}\n",
		j->results[RESULT_PASSED], j->results[RESULT_FAILED],
		j->results[RESULT_SKIPPED], j->results[RESULT_KNOWN]);
}
