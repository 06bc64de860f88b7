/* json.h - the record and the header as JSON (docs/design.md section 6, schema 1). */
#ifndef REPORT_JSON_H
#define REPORT_JSON_H

#include "base/str.h"
#include "report/record.h"

/* One object on one line, without the newline. */
void record_put_json(struct str *s, const struct record *r);

/* The members of the header, without the braces: what a run is, its clients, resolvers
 * and scenarios. */
void run_put_json(struct str *s, const struct record_run *run,
	const struct record_scenario *scenarios, size_t n);

#endif
