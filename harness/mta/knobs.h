/* knobs.h - what a profile holds: one member for each field of the table in profile.c.
 * For the files of this folder. */
#ifndef MTA_KNOBS_H
#define MTA_KNOBS_H

#include <stdbool.h>
#include <stdint.h>

#include "mta/profile.h"
#include "mta/stub.h"

/* What a client does about something that went wrong. */
enum action {
	ACTION_NONE,	/* not said: another ruling holds (see the field's help) */
	ACTION_ADDRESS, /* go on with the addresses of the name, as an implicit MX */
	ACTION_SKIP,	/* pay no attention */
	ACTION_DEFER,
	ACTION_BOUNCE,
};

struct ruling {
	enum action action;
	const char *status; /* enhanced code, or NULL */
	const char *reason;
};

enum profile_kind { KIND_MTA, KIND_VALIDATOR };

enum canon {
	CANON_NONE,
	CANON_SENDMAIL, /* AAAA, A, MX of the name until one is there; again at each
			   CNAME */
	CANON_ANY,	/* ANY until the answer has no CNAME */
	CANON_CNAME,	/* CNAME likewise */
	CANON_MOX,	/* Go's LookupCNAME (A, AAAA, CNAME) likewise; failures count */
	CANON_REQUIRED, /* one CNAME question that must have an answer */
};

enum rewrite { REWRITE_NONE, REWRITE_ALL, REWRITE_RCPT, REWRITE_PENULTIMATE };
enum mx_name { MX_NAME_ORIGINAL, MX_NAME_CANONICAL };
enum cname_restart { RESTART_IF_ABSENT, RESTART_ALWAYS };
enum hop_count { HOPS_QUESTIONS, HOPS_ALL };

enum null_mx {
	NULL_UNKNOWN,
	NULL_STRICT,	/* one record, preference 0, the root */
	NULL_SINGLE,	/* one record, any preference; beside others still an error */
	NULL_ANY,	/* one such record spoils the whole list */
	NULL_ZERO,	/* the same, preference 0 only */
	NULL_SKIP,	/* such records are left out; none left: null MX */
	NULL_SKIP_ZERO, /* the same, preference 0 only */
	NULL_LEVEL,	/* alone at preference 0; others are tried if there are any */
	NULL_REACHED,	/* fatal when its turn comes */
};

enum literal {
	LITERAL_ACCEPT,
	LITERAL_KEPT,	/* used, and not cut for standing behind the own host */
	LITERAL_ASKED,	/* asked as a name, then used all the same */
	LITERAL_NAME,	/* a name like others */
	LITERAL_SKIP,	/* left out; none left: on-literal */
	LITERAL_REJECT, /* one spoils the whole list */
};
enum empty {
	EMPTY_ASKED,   /* the root's addresses are asked for, as of any host */
	EMPTY_NOTHING, /* has no address, without a question */
	EMPTY_TURN,    /* asked, once, when it is its turn to be tried */
};
enum local {
	LOCAL_NONE,
	LOCAL_NAME, /* the exchange's name is one of its own */
	LOCAL_IP,   /* an address of the exchange is its own, or loopback */
	LOCAL_NAME_OR_INTERFACE, /* name, or own IPv4 or loopback address, of a host
				    that has an address */
	LOCAL_ANY,		 /* all of these */
	LOCAL_DROP, /* own and loopback addresses are left out, nothing is cut */
	LOCAL_DROP_LOOPBACK, /* loopback addresses only */
	LOCAL_DROP_ZERO,     /* 0.0.0.0 and :: only */
};
enum ask { ASK_A, ASK_A_AAAA, ASK_AAAA_A, ASK_NOTHING };
enum when { WHEN_EAGER, WHEN_LAZY };
enum family_first { FAMILY_ASKED, FAMILY_V6, FAMILY_V4, FAMILY_ALTERNATE };
enum order { ORDER_ANSWER, ORDER_SHUFFLE, ORDER_HASH };
enum pool {
	POOL_HOST,
	POOL_SHUFFLE,
	POOL_V6,
	POOL_IMPLICIT, /* shuffled, of an implicit MX only */
};
enum bad_host { BAD_HOST_SKIP, BAD_HOST_STOP };
enum host_alias {
	HOST_ALIAS_NONE,
	HOST_ALIAS_BEFORE, /* Go's LookupCNAME until there is no alias, then addresses
			    */
	HOST_ALIAS_AFTER,  /* CNAME is asked when there is no address */
};
enum additional {
	ADDITIONAL_NO,
	ADDITIONAL_YES,	   /* in place of the question for that family */
	ADDITIONAL_ENOUGH, /* one address there, and no question is put */
};
enum foreign { FOREIGN_NOTHING, FOREIGN_SOFT, FOREIGN_ABSENT };
enum limit_then { LIMIT_STOP, LIMIT_PREFERENCE };
enum reply_status { STATUS_HOST, STATUS_OWN };
enum soft_host { SOFT_ANY, SOFT_BOTH, SOFT_NEVER, SOFT_LAST };
enum mix { MIX_DEFER, MIX_BOUNCE };
enum search {
	SEARCH_NONE,
	SEARCH_MX,
	SEARCH_ADDRESSES,
	SEARCH_BOTH,
	SEARCH_DOMAIN, /* MX, and addresses of an implicit MX */
};
enum mta_sts { STS_NONE, STS_BEFORE_MX, STS_AFTER_MX };
enum idn {
	IDN_CONVERT,
	IDN_RAW,
	IDN_REFUSE, /* such an address is none */
};
enum next { NEXT_ADDRESS, NEXT_HOST, NEXT_STOP };

/* Room for the source of each field; profile.c asserts that it is enough. */
#define FIELDS_MAX 100

struct mta_profile {
	const char *name, *aliases, *inherits, *versions;
	const struct stub_row *stub;
	uint8_t kind;

	uint8_t idn, search;
	uint16_t answer_limit;

	uint8_t canon, rewrite, mx_name, implicit;
	uint16_t canon_max;
	struct ruling on_canon_soft, on_canon_loop, on_sender_soft;
	bool canon_again; /* the implicit MX is canonicalised once more */

	uint16_t cname_rounds;
	uint8_t cname_restart, hop_count;
	bool owner_check, random_answer, remembers_failures;
	uint8_t foreign_answer;
	struct ruling on_loop;

	struct ruling on_nodata, on_nxdomain, on_soft, on_norecovery;

	uint8_t null_mx;
	struct ruling on_null_mx;
	bool localhost_null;
	uint8_t empty_exchange;
	uint8_t literal_exchange;
	struct ruling on_literal, on_literal_recipient;

	uint8_t local;
	bool alias_exempt, ignore_loopback;
	struct ruling on_self_best, on_self_rest;

	uint8_t ask, when;
	bool short_name, second_if_needed, ask_absent, host_canonical, host_loop_final,
		judges_last;
	uint8_t additional;
	uint8_t host_alias;
	uint16_t address_rounds;
	bool aaaa_soft_fatal, fallback_address;
	uint8_t soft_host, bad_host, mix;
	struct ruling on_host_nodata;
	struct ruling on_no_address, on_no_address_soft, on_no_address_mixed;
	struct ruling on_no_address_failed;
	struct ruling on_implicit_hard, on_implicit_soft, on_implicit_empty;

	uint8_t order, pool, family_first;
	bool dedupe;
	uint16_t max_mx, max_addresses, max_sessions, max_per_host, max_attempts;
	uint8_t limit_then;

	uint8_t after_greeting_4xx, after_greeting_5xx, after_rcpt_4xx;
	bool first_connection_final;
	uint8_t reply_status;
	struct ruling on_unreachable, on_greeting_4xx, on_greeting_5xx, on_rcpt_4xx;

	uint8_t mta_sts;
	bool cname_query, trust_mx, implicit_if_empty;
	bool spf_check; /* validators: an implicit MX with SPF "-all" does not count */
	bool global_only;

	const char *source[FIELDS_MAX]; /* of each field's value, by its index */
};

/* The built-in rows as text: applied to a copy of `inherits` in order. */
struct setting {
	const char *key, *value, *source;
};

struct catalogue_row {
	const char *name;
	const char *aliases; /* joined by spaces */
	const char *inherits;
	const char *versions;
	const struct setting *settings; /* ends with a NULL key */
};

extern const struct catalogue_row catalogue[];
extern const size_t catalogue_n;

#endif
