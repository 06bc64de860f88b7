/* format.h - reports: observers of a run that render what they see.
 *
 * A report is opened before the run, told of its beginning and of every record in
 * order, and ended:
 *
 *   r = report_new(format, &options, stdout);
 *   report_begin(r, run, scenarios, n);
 *   report_record(r, record);		(for each case)
 *   report_end(r);			-1: the text could not be written
 *   report_free(r);
 *
 * A report that is freed without an end has written part of its text, or none. Reports
 * copy what they keep: nothing they are given needs to outlive the call. */
#ifndef REPORT_FORMAT_H
#define REPORT_FORMAT_H

#include <stdio.h>

#include "base/str.h"
#include "report/record.h"

struct arena;
struct report;

/* Shares of real traffic, for the table of expected outcomes. The weight of a glob is
 * divided evenly between the members it matches; a member that several globs match adds
 * up; one that none matches weighs nothing. Shares are relative: their sum is 100 %. */
struct report_share {
	const char *glob;
	double weight;
};
struct report_mix {
	const char *source; /* where the shares come from, or NULL */
	const struct report_share *clients, *resolvers;
	unsigned n_clients, n_resolvers; /* none: all weigh the same */
};

struct report_options {
	bool colour;		      /* for a terminal */
	bool verbose;		      /* every scenario and every failure */
	const struct report_mix *mix; /* or NULL; must outlive the report */
};

/* Where a format can be used. */
enum report_use { FOR_RUN = 1, FOR_LOOKUP = 2 };

struct report_format {
	const char *name;
	const char *help;
	unsigned use; /* of enum report_use, or-ed */
	bool details; /* shows queries and decisions: the run must record them */
	/* What it keeps between the calls lives in a. Text goes to out, which is
	 * emptied between calls. */
	void *(*begin)(struct arena *a, const struct report_options *options,
		const struct record_run *run, const struct record_scenario *scenarios,
		size_t n, struct str *out);
	void (*record)(void *state, const struct record *r, struct str *out);
	void (*end)(void *state, struct str *out);
};

extern const struct report_format report_formats[];
extern const size_t report_formats_n;

/* The row of that name for that use, or NULL. */
const struct report_format *report_format(const char *name, enum report_use use);

/* `to` is borrowed, and flushed but not closed at the end. */
struct report *report_new(const struct report_format *format,
	const struct report_options *options, FILE *to);
void report_begin(struct report *r, const struct record_run *run,
	const struct record_scenario *scenarios, size_t n);
void report_record(struct report *r, const struct record *rec);
int report_end(struct report *r);
void report_free(struct report *r);

#endif
