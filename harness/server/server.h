/* server.h - a scripted name server: zones, each in a mode, and quirks.
 *
 * A machine without I/O: a query in, a reply out. The description is read-only and
 * shared; what changes while it serves (how often a quirk has acted) is in a
 * server_state that belongs to one case or one listener. */
#ifndef SERVER_SERVER_H
#define SERVER_SERVER_H

#include "base/ip.h"
#include "dns/msg.h"
#include "dns/tsig.h"
#include "zone/answer.h"

struct arena;
struct errs;

/* How a server treats data beside a CNAME. A row each; source names the real program.
 */
struct server_mode {
	const char *name;
	const char *help;
	const char *source;
	enum beside_cname beside;
	bool refuses_conflicts; /* strict: a zone with a conflict is SERVFAIL throughout
				 */
	bool flattens;		/* A/AAAA of a CNAME's target are served at its owner */
	bool has_alias;		/* ALIAS records are served as the target's A/AAAA */
};

extern const struct server_mode server_modes[];
extern const size_t server_modes_n;
#define SERVER_MODE_DEFAULT "strict"
const struct server_mode *server_mode(const char *name); /* NULL when unknown */

enum quirk_arg {
	QUIRK_ARG_NONE,
	QUIRK_ARG_DURATION, /* "500ms", "3s" */
	QUIRK_ARG_RECORDS,  /* master-file records with absolute names */
	QUIRK_ARG_HEX,	    /* octets; spaces allowed */
};

struct quirk;
struct quirk_row {
	const char *name;
	enum quirk_arg arg;
	const char *help;
	const char *source;
	/* The rest is the server's own. */
	int action;
	uint16_t rcode;
};

extern const struct quirk_row quirk_rows[];
extern const size_t quirk_rows_n;
const struct quirk_row *quirk_row(const char *name);

/* One use of a quirk. It acts on a query that matches name, type and transport, after
 * the first `after` matching queries, `count` times at most. Of several quirks of a
 * server the first that would act does, the others wait: "servfail count 2" before
 * "refused" means two SERVFAILs, then REFUSED. Only delay does not end the search: it
 * adds its time to whatever comes after it. */
struct quirk {
	const struct quirk_row *row;
	const struct name *name; /* NULL: any; a wildcard owner "*.x" matches below x */
	uint16_t type;		 /* 0: any */
	bool udp_only;		 /* leave TCP alone; truncate always does */
	unsigned after, count;	 /* count 0: always */
	uint64_t delay_us;	 /* QUIRK_ARG_DURATION */
	const struct rr *records; /* QUIRK_ARG_RECORDS, put into the answer section */
	unsigned n_records;
	const uint8_t
		*bytes; /* QUIRK_ARG_HEX; the query's id is written over 0 and 1 */
	size_t n_bytes;
};

/* Parses the value of a quirk by its row's arg into q (in a). `value` is NULL where
 * none is written: right for QUIRK_ARG_NONE, a mistake for all others. -1 with
 * mistakes. */
int quirk_set_value(struct arena *a, struct quirk *q, const char *value,
	struct place at, struct errs *errs);

struct server_zone {
	const struct zone *zone;
	const struct server_mode *mode;
	const struct tsig_key *key; /* who has it may change the zone; NULL: nobody */
};

struct server {
	const char *name;
	const struct ip *at; /* addresses it answers at */
	unsigned n_at;
	const struct server_zone *zones;
	unsigned n_zones;
	const struct quirk *quirks;
	unsigned n_quirks;
	bool minimal_any; /* RFC 8482 4.1: over UDP, ANY gets one RRset */
	/* Set by server_prepare(). */
	struct answer_zones every;    /* all zones, in the order of `zones` */
	struct answer_zones answer;   /* those that are not refused */
	const struct tsig_keys *keys; /* of all zones; NULL when none has one */
	const bool *refused; /* per zone: has conflicts and the mode refuses them */
	bool any_refused;
	bool any_alias;	      /* a mode flattens or has ALIAS */
	uint64_t quirk_names; /* a bit for each hash of a name with quirks */
	bool quirks_all;      /* one is for any name, or for all below one */
};

/* Completes a description whose public members are set; what it adds lives in `a`. */
void server_prepare(struct arena *a, struct server *s);

struct server_state {
	unsigned *seen;	 /* per quirk: matching queries so far */
	unsigned *acted; /* per quirk: how often it has acted */
};
void server_state_init(
	struct arena *a, const struct server *s, struct server_state *st);

/* How flatten and alias get at a target outside the server's own zones: a lookup by the
 * provider's own resolver. Returns 0 and a message whose answer section has the chain
 * and the addresses, or -1 when it cannot be had (the client then sees SERVFAIL). The
 * lookup may come back to a server with an upstream of its own (two providers whose
 * names point at each other): whoever implements it ends such nesting with -1. */
struct server_upstream {
	int (*lookup)(
		void *ctx, struct arena *a, const struct question *q, struct msg *ret);
	void *ctx;
};

enum proto { PROTO_UDP, PROTO_TCP };

struct reply {
	bool dropped;	    /* nothing comes back */
	uint64_t delay_us;  /* before it is sent */
	struct msg msg;	    /* unless raw is set */
	const uint8_t *raw; /* bytes to send instead */
	size_t raw_len;
	const char *quirk; /* that acted: its row's name, or NULL */
	/* Asked for (AXFR over TCP, IXFR): for who can and may send a zone. The message
	 * is what everybody else answers, REFUSED. */
	const struct zone *transfer;
};

/* Query types that name no data (RFC 6895 3.1: 128 to 255, and OPT), but for ANY. */
bool server_is_meta_type(uint16_t type);

/* The name is in a zone that the server refuses to serve: SERVFAIL. */
bool server_is_refused(const struct server *s, const struct question *q);

/* What fits the datagram of a reply to a query with, or without, EDNS. */
size_t server_udp_limit(bool has_edns, uint16_t udp_size);

/* The reply lives in `a` and borrows from the server's zones. upstream may be NULL.
 * An answer over the query's UDP payload size comes back truncated on UDP. */
void server_respond(struct arena *a, const struct server *s, struct server_state *st,
	const struct server_upstream *upstream, enum proto proto,
	const struct msg *query, struct reply *ret);

#endif
