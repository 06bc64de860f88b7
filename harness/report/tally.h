/* tally.h - what the tables are made of: small counters per scenario, client and
 * resolver, never whole records, so that a run of any size fits in memory.
 *
 * The first address of a scenario is the one a layout is judged by; further addresses
 * count among the cases. */
#ifndef REPORT_TALLY_H
#define REPORT_TALLY_H

#include "report/format.h"
#include "report/reasons.h"

struct arena;

/* One scenario x client x resolver. */
struct tally_cell {
	bool seen;
	uint8_t verdict;    /* enum verdict */
	uint8_t web, moved; /* enum tally_web: at the start, after the steps */
};

enum tally_web { WEB_NOT_ASKED, WEB_AS_INTENDED, WEB_ELSEWHERE };

struct tally_scenario {
	const char *id, *title, *group, *file, *layout, *cost, *loads_why;
	bool loads, refused;
	unsigned long results[RESULT_KNOWN + 1];
	const char *first_address;
	struct tally_cell *cells; /* clients x resolvers; NULL: no case yet */
	const char **went; /* per resolver: where the reference client's mail went */
};

/* A failed case, or a known defect. */
struct tally_failure {
	const char *id, *expected, *got;
	const char *differs; /* or NULL */
	const char *step;    /* title of the step it is about, or NULL */
	const char *known;   /* why, or NULL */
	const char *refused; /* why the scenario's server refuses its zone, or NULL */
	const char *file;    /* of the scenario, or NULL */
};

/* More failures than this are counted, not kept: nobody reads on, and a run in which
 * everything fails must not fill memory. */
#define TALLY_FAILURES_MAX 5000

/* Shown unless all are asked for. */
#define TALLY_FAILURES_SHOWN 20

/* The client whose mail shows what a cache did: it follows the standards only. */
#define TALLY_REFERENCE "rfc5321"

struct tally {
	struct arena *arena;
	const struct report_options *options;
	const char *tool, *version, *sha256, *shard, *network;
	uint64_t seed;
	const char **clients, **resolvers;
	bool *validates, *models;
	bool *hopeless; /* clients x resolvers: no layout of several helps */
	unsigned n_clients, n_resolvers, reference;
	struct tally_scenario *scenarios;
	size_t n;
	unsigned long results[RESULT_KNOWN + 1];
	struct reasons skipped;
	struct tally_failure *failures, *known;
	size_t n_failures, n_known;			  /* kept */
	size_t last_scenario, last_client, last_resolver; /* where the next is likely */
};

struct tally *tally_new(struct arena *a, const struct report_options *options,
	const struct record_run *run, const struct record_scenario *scenarios,
	size_t n);
void tally_add(struct tally *t, const struct record *r);

const struct tally_cell *tally_cell(const struct tally *t,
	const struct tally_scenario *s, unsigned client, unsigned resolver);

/* Seen, and not skipped. */
bool tally_ran(const struct tally_cell *cell);

unsigned long tally_cases(const struct tally *t);

/* Delivering clients that were run in the scenario behind any resolver. */
unsigned tally_delivering(const struct tally *t, const struct tally_scenario *s);

/* How many of them had the mail delivered behind this resolver; -1: none was run. */
int tally_delivered(
	const struct tally *t, const struct tally_scenario *s, unsigned resolver);

/* Finds the pairs of client and resolver that deliver in no layout, when there are
 * several: that is held against the pair, not against a layout. To be called once all
 * records are in. */
void tally_find_hopeless(struct tally *t);

/* How many delivering clients are hopeless behind this resolver. */
unsigned tally_hopeless(const struct tally *t, unsigned resolver);

/* "harness 0.1.0, seed 1: 2 scenarios, 29 clients, 9 resolvers, 522 cases". */
void tally_put_made_of(struct str *s, const struct tally *t);

/* "3 skipped: no namespaces here", a line for each reason with `before` in front. */
void tally_put_skipped(struct str *s, const struct tally *t, const char *before);

/* "12 passed, 0 failed, 3 skipped"; known defects count as passed. */
void tally_put_last_line(struct str *s, const struct tally *t);

#endif
