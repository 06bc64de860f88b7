/* agree.h - how many cases of each real program its emulation agrees with, and what
 * the others look like.
 *
 * Told of programs and their cases one after another; then it is put: a table with a
 * row for each program, each disagreement, and "12 agree, 1 differ, 0 skipped" (and
 * "2 could not be run"). Copies what it keeps. */
#ifndef REPORT_AGREE_H
#define REPORT_AGREE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/str.h"
#include "report/compare.h"
#include "report/record.h"

struct arena;
struct agreement;

/* Disagreements that are shown in full unless all are wanted. */
#define AGREE_SHOWN 20

/* One row of the table. */
struct agree_row {
	const char *part;      /* what it stands beside: "every client" */
	const char *name;      /* "postfix-3.7" */
	const char *emulation; /* what stands for it: "postfix" */
	/* As the program says it, "Postfix 3.7.11 (3.7.11-0+deb12u1)"; NULL: it never
	 * ran. */
	const char *program;
	/* lost: not run, although the program is here. */
	unsigned long agree, differ, skipped, lost;
	/* Points of a case that the real side could not see, in all cases. */
	unsigned long unseen;
};

struct agreement *agreement_new(struct arena *a, bool colour, bool verbose);

/* The number of the row with these texts; a new one the first time. */
size_t agreement_row(
	struct agreement *g, const char *part, const char *name, const char *emulation);

/* `program` is the record's; NULL where it did not run. */
void agreement_agrees(struct agreement *g, size_t row, const char *program,
	const struct comparison *c);
void agreement_differs(struct agreement *g, size_t row, const char *program,
	const struct record *emulated, const struct record *real,
	const struct comparison *c);
void agreement_skips(
	struct agreement *g, size_t row, const char *program, const char *reason);
void agreement_loses(
	struct agreement *g, size_t row, const char *program, const char *reason);

const struct agree_row *agreement_rows(const struct agreement *g, size_t *n);
struct agree_row agreement_sum(const struct agreement *g);

void agreement_put_table(const struct agreement *g, struct str *s);
void agreement_put_differences(const struct agreement *g, struct str *s);
void agreement_put_last_line(const struct agreement *g, struct str *s);

/* One disagreement: the fields that differ, then what was asked, with a sign before
 * each question: = both, - emulation alone, + program alone. */
void agree_put_difference(struct str *s, const char *program,
	const struct record *emulated, const struct record *real,
	const struct comparison *c, bool colour);

#endif
