/* run.h - from scenarios to judged cases.
 *
 * A case is scenario x address x client x resolver. Cases run with a virtual clock, in
 * memory or over sockets of the loopback interface, to the same end; scenarios are
 * spread over threads; records come out in a fixed order whatever the number of
 * threads. */
#ifndef RUN_RUN_H
#define RUN_RUN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "report/record.h"
#include "scenario/scenario.h"

struct drive_arrange;
struct evidence_writer;
struct lab_options;
struct live;
struct profile_set;

enum run_network {
	NETWORK_SIM,	  /* messages are handed over in memory */
	NETWORK_LOOPBACK, /* they travel through sockets (loopback.h) */
	NETWORK_LAB,	  /* real programs take part (lab.h) */
	NETWORK_LIVE,	  /* a real resolver answers (live.h); run_lookup() only */
};
const char *run_network_name(enum run_network network);

struct run_options {
	const char *clients, *resolvers; /* globs; NULL: all */
	const char *filter;		 /* glob on scenario id or group; NULL: all */
	enum run_network network;
	struct live *live; /* for NETWORK_LIVE: in place of all resolvers, and world */
	const struct lab_options *lab; /* for NETWORK_LAB */
	uint64_t seed;
	unsigned jobs;		/* threads; 0: one per processor */
	unsigned shard, shards; /* this is shard 1..shards; 0: no sharding */
	bool fail_fast;		/* stop after the first scenario with a failure */
	bool details;		/* queries and decisions in the records */
	bool wire; /* every message is encoded and decoded on its way, as on a real
		    * network; the outcome must be the same */
	struct evidence_writer *evidence; /* of what went over the network; or NULL */
	const struct drive_arrange *arrange; /* of the clients' answers, or NULL; one
					      * thread only */
	const char *scenarios_sha256;	     /* of the files' bytes, for the header */
};

/* Receives the run. Called from one thread, in order. The record and what it borrows
 * are valid during the call only. */
struct run_sink {
	void (*begin)(void *ctx, const struct record_run *run,
		const struct record_scenario *scenarios, size_t n);
	void (*record)(void *ctx, const struct record *r);
	void *ctx;
};

struct run_totals {
	unsigned long passed, failed, skipped, known;
};

enum run_end {
	RUN_DONE = 0,
	RUN_MISTAKES = -1, /* in the input */
	RUN_BROKEN = -2,   /* there is no network; the run ended there */
};

/* Runs what the options select. Mistakes that only a run shows (a case that no row of
 * `expect` covers) go to errs, and what ails the network: no records were sent for that
 * scenario then. */
enum run_end run_scenarios(const struct scenario *const *list, size_t n,
	const struct profile_set *profiles, const struct run_options *options,
	const struct run_sink *sink, struct run_totals *ret, struct errs *errs);

/* Tells the sink how such a run begins, and runs nothing. */
void run_header(const struct scenario *const *list, size_t n,
	const struct profile_set *profiles, const struct run_options *options,
	const struct run_sink *sink);

/* One address through the eyes of every selected client, without expectations: the
 * scenario's addresses are judged against what the reference client behind the ideal
 * (or the live) resolver does. Records go to the sink with scenario "lookup"; none do
 * when the live one never answered: RUN_BROKEN. */
enum run_end run_lookup(const struct scenario *world,
	const struct profile_set *profiles, const struct run_options *options,
	const struct run_sink *sink, struct run_totals *ret, struct errs *errs);

#endif
