/* formats.h - the renderings behind the rows of format.c; nobody else's business. */
#ifndef REPORT_FORMATS_H
#define REPORT_FORMATS_H

#include "report/format.h"

#define REPORT_FORMAT(prefix)                                                          \
	void *prefix##_begin(struct arena *a, const struct report_options *options,    \
		const struct record_run *run, const struct record_scenario *scenarios, \
		size_t n, struct str *out);                                            \
	void prefix##_record(void *state, const struct record *r, struct str *out);    \
	void prefix##_end(void *state, struct str *out)

REPORT_FORMAT(table);
REPORT_FORMAT(brief);
REPORT_FORMAT(clients);
REPORT_FORMAT(matrix);
REPORT_FORMAT(markdown);
REPORT_FORMAT(compat);
REPORT_FORMAT(ndjson);
REPORT_FORMAT(json);
REPORT_FORMAT(tap);
REPORT_FORMAT(junit);
REPORT_FORMAT(github);

#endif
