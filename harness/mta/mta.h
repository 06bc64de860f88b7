/* mta.h - what one mail client asks the DNS, and what becomes of the message.
 *
 * A machine without I/O. mta_want() says what it needs next:
 *   MTA_ASK   a question to the resolver; give the resolver's message to mta_answer()
 *   MTA_TRY   one delivery attempt; give the host's reaction to mta_reaction()
 *   MTA_DONE  the result is in mta_result()
 * Its stub (stub.h) reads the messages, its profile (profile.h) decides. */
#ifndef MTA_MTA_H
#define MTA_MTA_H

#include "base/ip.h"
#include "base/trace.h"
#include "dns/msg.h"

struct arena;
struct mta;
struct mta_profile; /* profile.h: the rows */

/* Who is sending: the same for every client of a case. Borrowed. */
struct mta_setting {
	const struct name *const
		*self_names; /* names the client takes for its own host */
	unsigned n_self_names;
	const struct ip *self_ips;
	unsigned n_self_ips;
	const struct name *const *search; /* resolv.conf search list */
	unsigned n_search;
	const char *mail_from; /* "sender@sender.example" */
	bool foreign_sender;   /* its domain is not the client's own: sendmail looks it
				* up, its own (class w) never */
	bool no_ipv6, no_ipv4; /* address families the host lacks */
	/* Which turn chance gives a host among those of equal preference, the first 0;
	 * false, or NULL: the seed says. Only clients that shuffle them ask. */
	bool (*turn)(void *ctx, const struct name *host, unsigned *ret);
	void *turn_ctx;
};

/* The message's one recipient, "local@domain"; the domain may be an address literal
 * "[192.0.2.1]" or a U-label domain. */
struct mta *mta_new(struct arena *a, const struct mta_profile *profile,
	const struct mta_setting *setting, const char *recipient, uint64_t seed,
	struct trace *trace);

enum mta_want { MTA_ASK, MTA_TRY, MTA_DONE };

/* One delivery attempt: connect to ip:25 and offer this envelope. */
struct mta_attempt {
	struct ip ip;
	const char *host; /* the exchange's name as the client has it */
	const char *mail_from, *rcpt;
};

enum mta_want mta_want(
	struct mta *m, struct question *ret_q, struct mta_attempt *ret_try);

/* The resolver's message, or NULL: nothing came within the stub's patience. Its records
 * are borrowed until the arena goes, the struct itself for this call. now_us is for the
 * trace. */
void mta_answer(struct mta *m, const struct msg *answer, uint64_t now_us);

enum smtp_stage { SMTP_CONNECT, SMTP_GREETING, SMTP_RCPT, SMTP_ACCEPTED };

/* How far the attempt came, and the reply that ended it. */
struct smtp_reaction {
	enum smtp_stage stage; /* SMTP_CONNECT: no connection; code 0 */
	bool timed_out;	       /* SMTP_CONNECT: silence rather than a refusal */
	int code;	       /* 421, 550, ...; 250 when accepted */
	const char *status;    /* enhanced code of the reply, or NULL */
	const char *text;
};

void mta_reaction(struct mta *m, const struct smtp_reaction *reaction, uint64_t now_us);

enum disposition { DISPOSITION_DELIVER, DISPOSITION_DEFER, DISPOSITION_BOUNCE };
const char *disposition_name(enum disposition d); /* "deliver", "defer", "bounce" */

/* What the DNS part yields. */
struct route_host {
	unsigned preference;
	const char *name;
	const struct ip *ips; /* in the order they would be tried */
	unsigned n_ips;
};

struct route {
	enum disposition disposition;
	const char *status; /* enhanced code (RFC 3463) of a deferral or bounce, or NULL
			     * where the client has none */
	const char *reason; /* in the client's words, for a deferral or bounce */
	const struct route_host *hosts; /* in the order they would be tried */
	unsigned n_hosts;
};

struct mta_rewrite {
	const char *what; /* "rcpt", "mail_from", "headers" */
	const char *from, *to;
};

enum mta_end {
	MTA_DELIVERED, /* `host` accepted `rcpt` */
	MTA_REJECTED,  /* a host refused the recipient for good */
	MTA_DEFERRED,
	MTA_BOUNCED,
};

struct mta_result {
	struct route route; /* as of the end of the DNS part */
	enum mta_end end;
	const char *status, *reason; /* of the end; "2.0.0" when delivered */
	const char *host; /* MTA_DELIVERED, MTA_REJECTED: as in the attempt */
	struct ip ip;
	const char *rcpt, *mail_from; /* as last offered, or as they would be */
	const struct mta_rewrite *rewrites;
	unsigned n_rewrites;
	unsigned attempts;
};

/* Valid after MTA_DONE, lives in the machine's arena. */
const struct mta_result *mta_result(const struct mta *m);

#endif
