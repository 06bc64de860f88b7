/* scenario.h - one .conf file as a model: every name checked, every zone loaded.
 *
 * The language is described by keywords.h; parse.h reads it. All of a scenario lives in
 * one arena and is read-only once parsed. */
#ifndef SCENARIO_SCENARIO_H
#define SCENARIO_SCENARIO_H

#include <stdint.h>

#include "base/err.h"
#include "dns/msg.h"
#include "host/host.h"
#include "server/server.h"

struct mta_profile;

/* Words with wildcards, as the file gives them: "exim-*", or a list joined by commas.
 */
struct expect_row {
	struct place at;
	const char *clients, *resolvers; /* globs; "*" when left out */
	/* What is said about the mail; NULL: not judged. has_mail: the row says
	 * anything about it, and so decides mail for the cases it matches. */
	bool has_mail;
	const char *verdict;	 /* one or several of the fixed names joined by "|" */
	const char *disposition; /* of the route: deliver, defer, bounce */
	const char *host;	 /* who took it */
	const char *rcpt, *mail_from;
	const char *status;	  /* enhanced code; "5.*" globs */
	const char *const *route; /* names of the route's hosts, in order */
	unsigned n_route;
	bool has_route;
	const char *const *queries; /* "MX customer.mywebservice.com", in order */
	unsigned n_queries;
	bool has_queries;
	const char *web;   /* host name, address or "nowhere"; NULL: not judged */
	const char *known; /* a documented defect: why the rest is not met today */
};

/* A query that primes the resolver's cache, or time that passes. */
struct before {
	struct question question; /* name NULL: wait */
	uint64_t wait_us;
};

struct scenario_address {
	struct place at;
	const char *address;
	const char *const
		*intended; /* mail host names; none: mail is meant to bounce */
	unsigned n_intended;
	const char *visit; /* where the visitor starts: host name; NULL: no web */
	const char *web;   /* where it should end: host name, address, "nowhere" */
	const struct expect_row *expect;
	unsigned n_expect;
};

/* A server as the world has it from some point of the timeline on. */
struct stage {
	uint64_t at_us; /* since the start; 0 for the first */
	const char *title;
	const struct server *servers; /* prepared */
	unsigned n_servers;
	/* Their `at` is complete: as written, or what the zones say at that time. */
	const struct host *hosts;
	unsigned n_hosts;
	const struct before *before;
	unsigned n_before;
	const struct expect_row *expect; /* of a step, for every address */
	unsigned n_expect;
	bool says_mail; /* the step's rows speak about mail: it is sent again */
};

struct scenario_layout {
	const char *row;      /* the scorecard row's name; NULL: not a layout */
	const char *customer; /* the name customers were promised */
	const char *needs;    /* provider feature that must exist, or NULL */
};

struct scenario {
	const char *file;
	const char *id, *title, *group;
	const char *const *source;
	unsigned n_source;
	struct scenario_layout layout;
	const char *clients, *resolvers; /* globs: what it is run with */
	const char *const *self_names;
	unsigned n_self_names;
	const struct ip *self_ips;
	unsigned n_self_ips;
	const struct name *const *search;
	unsigned n_search;
	const char *sender;
	bool sender_given;	    /* the file names it: not the client's own domain */
	bool no_ipv4, no_ipv6;	    /* families the client's host lacks */
	const struct stage *stages; /* [0]: the world at the start; one more per step */
	unsigned n_stages;
	const struct scenario_address *addresses;
	unsigned n_addresses;
	/* Zones a standard server refuses, in the first stage: for the scorecard. */
	const struct zone_conflict *conflict;	   /* the first, or NULL */
	const struct mta_profile *const *profiles; /* defined by the file */
	unsigned n_profiles;
};

#endif
