/* record.h - one finished case, as plain text and numbers. Knows no DNS.
 *
 * A record is one NDJSON line (docs/design.md, section 6, schema 1); every report is
 * rendered from records and nothing else. All strings are UTF-8, borrowed, and may be
 * NULL where it says so. */
#ifndef REPORT_RECORD_H
#define REPORT_RECORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define RECORD_SCHEMA 1

/* The verdicts; their names are fixed. Order: best first. */
enum verdict {
	VERDICT_DELIVERED,
	VERDICT_REWRITTEN,
	VERDICT_MISDELIVERED,
	VERDICT_REJECTED,
	VERDICT_DEFERRED,
	VERDICT_BOUNCED,
	VERDICT_UNKNOWN,
	VERDICT_SKIPPED,
	VERDICTS
};
const char *verdict_name(enum verdict v);
int verdict_from_text(const char *text); /* -1 when it is none */

enum case_result { RESULT_PASSED, RESULT_FAILED, RESULT_SKIPPED, RESULT_KNOWN };
const char *case_result_name(enum case_result r);

struct record_host {
	unsigned preference;
	const char *name;
	const char *const *addresses;
	unsigned n_addresses;
};

struct record_query {
	uint64_t t_us;
	const char *name, *type, *rcode; /* rcode "TIMEOUT" when nothing came */
	const char *const *answer;
	unsigned n_answer;
	unsigned after; /* so many decisions were made before it was asked */
};

/* The `rule` of what is a line of a real program's log. */
#define RECORD_RULE_LOG "log"

struct record_decision {
	uint64_t t_us;
	const char *rule, *text;
};

struct record_rewrite {
	const char *what, *from, *to;
};

struct record_web {
	bool tried; /* false: the scenario says nothing about the web */
	bool as_intended;
	const char *ends_at; /* address, or NULL: nowhere */
	const char *host;    /* may be NULL */
	const char *url;     /* host name in the address bar at the end; may be NULL */
};

/* The mail and web side at one point of the timeline. */
struct record_outcome {
	uint64_t at_us;	   /* 0 for the case itself, the step's time for a step */
	const char *title; /* of the step; NULL for the case itself */
	enum verdict verdict;
	const char *status, *reason;		 /* status may be NULL, reason too */
	const char *disposition;		 /* "deliver", "defer", "bounce" */
	const char *route_status, *route_reason; /* of a deferred or bounced route */
	const struct record_host *hosts;
	unsigned n_hosts;
	const char *to_host, *to_address; /* delivered_to; NULL when nobody took it */
	const char *rcpt, *mail_from;
	const struct record_rewrite *rewrites;
	unsigned n_rewrites;
	const struct record_query *queries; /* what the client asked its resolver */
	unsigned n_queries;
	const struct record_decision *decisions;
	unsigned n_decisions;
	struct record_web web;
	const char *expected; /* verdict(s), "delivered" or "delivered|deferred" */
	enum case_result result;
	const char *difference; /* when failed: what was expected, what came */
};

struct arena;

struct record {
	const char *id; /* scenario/address/client/resolver */
	const char *scenario, *address, *client, *resolver, *network;
	/* The real programs that took part, "Postfix 3.7.11 (3.7.11-0+deb12u1)", or
	 * NULL for the emulation. */
	const char *client_program, *resolver_program;
	bool is_validator; /* the client judges addresses, it does not deliver */
	struct record_outcome outcome;
	const struct record_outcome *steps;
	unsigned n_steps;
	enum case_result result; /* worst of outcome and steps */
	const char *known;	 /* reason of a known defect, or NULL */
};

/* All of it, in a: a record outlives the call that brought it then. */
struct record *record_copy(struct arena *a, const struct record *from);

/* What a scorecard row needs to know about a scenario, beside its cases. */
struct record_scenario {
	const char *id, *title, *group, *file;
	const char *const *source;
	unsigned n_source;
	const char *layout;    /* the scorecard row's name, or NULL: no layout */
	bool loads;	       /* standard servers load its zones */
	const char *loads_why; /* first conflict, when they do not */
	bool refused; /* the scenario's own server refuses it, too: mode strict */
	const char *mail_cost; /* "new address", ... or NULL */
	const char *web_cost;
	const char *needs; /* provider feature, or NULL */
};

/* The header: first line of a run. */
struct record_run {
	const char *tool, *version;
	uint64_t seed;
	const char *scenarios_sha256;
	const char *shard; /* "1/1" */
	const char *network;
	const char *const *clients; /* in catalogue order, with is_validator beside */
	const bool *clients_validate;
	unsigned n_clients;
	const char *const *resolvers;
	const bool *resolvers_model; /* a yardstick, no program: not in the headline */
	unsigned n_resolvers;
};

#endif
