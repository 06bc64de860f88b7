/* machine.h - the inside of struct mta, for the files of this folder.
 *
 *   mta.c      birth, wants, what is fed, the end
 *   lookup.c   one look-up: a name and a type to records, through stub and aliases
 *   canon.c    questions before MX that find the canonical name
 *   exchange.c the MX answer becomes a list of hosts
 *   hosts.c    hosts get addresses
 *   targets.c  addresses become an order of attempts, or there is none
 *   deliver.c  attempts and what their failure means */
#ifndef MTA_MACHINE_H
#define MTA_MACHINE_H

#include "base/rng.h"
#include "mta/knobs.h"
#include "mta/mta.h"

enum phase {
	PHASE_CANON, /* the canonical name of the domain is looked for */
	PHASE_STS,   /* TXT of _mta-sts is asked; the answer does not matter here */
	PHASE_MX,    /* MX is asked */
	PHASE_ALIAS, /* no MX: CNAME is asked (hMailServer) */
	PHASE_AGAIN, /* no MX: the implicit host is canonicalised (sendmail) */
	PHASE_HOST_ALIAS, /* the alias of hosts[at] is asked */
	PHASE_HOST,	  /* addresses of hosts[at] are asked */
	PHASE_SPF,	  /* TXT of a domain without MX is asked (a validator) */
	PHASE_TRY,	  /* targets[target] is to be tried */
	PHASE_DONE,
};

/* More exchanges than a 64 KiB message of ordinary names holds are not looked at: no
 * client of the catalogue would get through them. */
#define MTA_HOSTS_MAX 1000
/* Addresses kept of one host, for the same reason. */
#define MTA_HOST_IPS_MAX 100
/* Ends any exchange of questions, whatever the answers are. Above what the longest
 * honest case needs: 1000 hosts with two families. */
#define MTA_QUESTIONS_MAX 4000
/* Exim routes a changed address again; a parent of its own address ends it there. */
#define MTA_REROUTES_MAX 10
/* Hops of a chain that goes round inside one answer: over any limit. */
#define HOPS_OVER 1000

/* One look-up on its way. */
struct lookup {
	const struct name *name; /* what is asked now */
	const struct name *base; /* the same without a suffix of the search list */
	uint16_t type, rounds;
	uint16_t hops, chain; /* further questions; aliases inside answers, too */
	bool searches, shortened;
	bool has_first; /* `first` is what the name as it stands came to */
	uint8_t first;
	unsigned suffix;
};

/* Go's LookupCNAME: A, AAAA and CNAME of one name, which tell its alias. */
struct probe {
	const struct name *name;
	const struct name *alias; /* what the answers so far say, or NULL */
	unsigned at;		  /* the question: see probe_types */
	bool failed;		  /* the first answer without use was a failure */
	bool has_first;
};

enum probe_result { PROBE_MORE, PROBE_NONE, PROBE_ALIAS, PROBE_FAILED };

/* A look-up that gave nothing, for clients that do not put it again. */
struct failure {
	struct failure *next;
	struct question q;
	const struct msg *answer; /* NULL: silence */
};

/* What it came to. */
struct found {
	enum outcome outcome;
	bool loop;		  /* more aliases than are followed */
	bool alias_only;	  /* an alias and nothing else */
	bool foreign;		  /* records, but neither the type nor an alias */
	const struct msg *answer; /* with OUTCOME_SUCCESS */
	struct section records;	  /* of it, those that count are here... */
	const struct name *owner; /* ... and have this owner; NULL: any */
};

enum host_state {
	HOST_PENDING,
	HOST_GOOD,   /* has addresses */
	HOST_ABSENT, /* does not exist */
	HOST_NODATA, /* exists without addresses */
	HOST_ALIAS,  /* only an alias came */
	HOST_SOFT,   /* could not be looked up now */
	HOST_FAILED, /* cannot be answered */
};

struct host {
	const struct name *name;
	uint64_t key; /* order: preference, chance, place in the answer */
	struct ip *ips;
	const char *text;	  /* its name, made when needed */
	const struct name *asked; /* the name, or with a suffix of the search list */
	uint16_t preference, n_ips, room_ips;
	uint16_t n_tried; /* of a family that gave no connection */
	uint8_t state;
	bool literal;	    /* the name is an address; ips holds it */
	bool asked_literal; /* ... and is asked for in vain before it is used */
};

struct target {
	uint64_t key;
	struct ip ip;
	uint32_t host;
};

struct mta {
	struct arena *arena;
	const struct mta_profile *p;
	const struct mta_setting *setting;
	struct trace *trace;
	struct rng rng;
	uint64_t now_us;
	enum phase phase;
	unsigned questions;

	/* The recipient. */
	const char *local; /* with its length: up to the last @ */
	size_t local_len;
	const char *rcpt;	      /* as it is offered */
	const struct name *domain;    /* as it came, in A-labels */
	const struct name *canonical; /* the end of its chain, when the client looked */
	const struct name *canon_implicit; /* the implicit host, if canonicalising
					    * fails; NULL: on-nxdomain holds then */
	const struct name *qualified; /* Exim: what the first answer says the name is */
	unsigned reroutes;
	bool rewritten;

	const struct name *mx_name; /* whose MX is asked */
	unsigned alias_hops;
	uint64_t seed;

	struct lookup lookup;
	struct probe probe;
	struct failure *failures;
	bool first_answer;

	struct {
		const struct name *name;
		unsigned type, suffix, hops;
		bool soft, sender_soft;
		const struct name *sender; /* the domain of MAIL FROM, while it is the
					    * one looked for */
	} canon;

	/* Hosts, sorted. */
	struct host *hosts;
	unsigned n_hosts, room_hosts;
	unsigned host;	 /* the one being looked up */
	uint8_t family;	 /* index of its family */
	unsigned suffix; /* of the search list, for its addresses */
	/* What its questions came to so far. */
	bool got_soft, got_alias, got_nodata, got_failed, last_question_soft;
	unsigned host_aliases; /* followed by questions of their own */
	unsigned questions_of_host, soft_questions;
	bool implicit;
	const struct name *restart; /* dma: MX of this is asked after these addresses */
	struct section additional;
	const struct ruling *spoilt; /* judges-last: what will be said in the end */
	const char *spoilt_rule;
	unsigned best_preference;
	bool any_soft, any_hard, any_good, last_soft, last_failed, dropped_self;
	bool fell_back; /* to the domain's address, after all hosts */

	/* Attempts. */
	struct target *targets;
	unsigned n_targets, target;
	unsigned sessions;
	bool skip_host; /* the rest of the host's addresses, too */
	struct ruling last_failure;
	const char *last_status;

	struct mta_result result;
	struct mta_rewrite rewrites[3]; /* rcpt, headers, mail_from */
	struct mta_rewrite sender_rewritten;
};

#define TRACE(m, rule, ...) trace_add((m)->trace, (m)->now_us, rule, __VA_ARGS__)

/* lookup.c */
bool searches_mx(const struct mta *m);
bool searches_addresses(const struct mta *m); /* of the current host */
void lookup_begin(struct mta *m, const struct name *name, uint16_t type,
	unsigned rounds, bool searches);
/* True when *f is filled; false: ask again. */
bool lookup_feed(struct mta *m, const struct msg *answer, struct found *f);

/* canon.c */
void probe_begin(struct mta *m, const struct name *name);
void probe_question(const struct mta *m, struct question *ret);
/* PROBE_ALIAS: m->probe.alias is set. */
enum probe_result probe_feed(struct mta *m, const struct msg *answer);
void canon_begin(struct mta *m, enum phase phase);
/* The sender's domain first, where the client rewrites that, too; then mta_start(). */
void canon_sender(struct mta *m);
void canon_question(struct mta *m, struct question *ret);
void canon_answer(struct mta *m, const struct msg *answer);

/* exchange.c */
void mx_begin(struct mta *m, const struct name *name);
void mx_answer(struct mta *m, const struct msg *answer);
void mx_restart(struct mta *m);
void sts_begin(struct mta *m); /* for mx_name */
void sts_answer(struct mta *m, const struct msg *answer);
void note_qualified(struct mta *m, const struct msg *answer, uint16_t type);
void alias_answer(struct mta *m, const struct msg *answer);
void go_implicit(struct mta *m, const struct name *name);

/* hosts.c */
void hosts_begin(struct mta *m);
void host_answer(struct mta *m, const struct msg *answer);
void host_alias_question(const struct mta *m, struct question *ret);
void host_alias_answer(struct mta *m, const struct msg *answer);
/* The one CNAME that the name owns, or NULL: none, or several. */
const struct rr *single_alias(
	const struct mta *m, const struct msg *answer, const struct name *owner);
bool is_own_name(const struct mta *m, const struct name *n);
const char *host_text(struct mta *m, struct host *h);
/* Lazy clients: the next host's turn. */
void hosts_next(struct mta *m);

bool is_own_ip(const struct mta *m, const struct ip *ip);
bool is_unspecified(
	const struct ip *ip); /* 0.0.0.0 and ::, which lead to the host itself */

/* targets.c */
void targets_build(struct mta *m); /* every host has been looked up */
void targets_add(struct mta *m, unsigned host);
void targets_none(struct mta *m); /* no host has an address */
void spf_answer(struct mta *m, const struct msg *answer);

/* deliver.c */
void deliver_reaction(struct mta *m, const struct smtp_reaction *r);
void deliver_exhausted(struct mta *m);
/* Passes over attempts at addresses of a family that the host lacks. */
void deliver_skip_absent(struct mta *m);

/* mta.c */
void mta_start(struct mta *m);
void mta_rule_out(struct mta *m, const struct ruling *r, const char *rule);
void mta_finish(
	struct mta *m, enum mta_end end, const char *status, const char *reason);
void mta_rewrite_domain(
	struct mta *m, const struct name *to, bool headers, const char *rule);
void mta_rewrite_sender(struct mta *m, const struct name *to);
void mta_fill_route(struct mta *m);

#endif
