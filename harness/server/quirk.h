/* quirk.h - inside server: which quirk acts on a query, and what it does. */
#ifndef SERVER_QUIRK_H
#define SERVER_QUIRK_H

#include "server/server.h"

enum quirk_action {
	QUIRK_DELAY,	    /* adds to the delay; the search for a quirk goes on */
	QUIRK_DROP,	    /* no reply */
	QUIRK_RCODE,	    /* the row's rcode, nothing else */
	QUIRK_NXDOMAIN,	    /* NXDOMAIN with the zone's SOA */
	QUIRK_TRUNCATE,	    /* TC without records, on UDP only */
	QUIRK_LAME,	    /* NOERROR without AA and without records */
	QUIRK_RAW,	    /* bytes instead of a message */
	QUIRK_BARE_CNAME,   /* answers, but follows no CNAME */
	QUIRK_NO_SYNTHESIS, /* answers, but makes no CNAME from a DNAME */
	QUIRK_WRONG_ID,	    /* answers with another id */
	QUIRK_FOREIGN,	    /* answers, with more records in the answer section */
};

struct quirk_choice {
	const struct quirk *quirk; /* that acts beside delay, or NULL */
	uint64_t delay_us;
};

/* Fills what quirk_may_act() reads. */
void quirk_prepare(struct server *s);

/* False when no quirk can act on the question, whatever the transport: at the price of
 * a hash of the name, and of nothing for a server without quirks. */
bool quirk_may_act(const struct server *s, const struct question *q);

/* Counts the query and says which quirks act on it. */
struct quirk_choice quirk_choose(const struct server *s, struct server_state *st,
	enum proto proto, const struct msg *query);

/* Of the quirk that acts, "delay" when there is nothing else, NULL when none does. */
const char *quirk_name(const struct quirk_choice *choice);

/* Writes the whole reply when the quirk puts one in place of the answer; else false,
 * and the answer is to be made from quirk_zones() and given to quirk_change(). */
bool quirk_replace(struct arena *a, const struct server *s, const struct quirk *q,
	struct reply *ret);

/* The server's zones under the rules that the quirk leaves; q may be NULL. */
struct answer_zones quirk_zones(
	struct arena *a, const struct server *s, const struct quirk *q);

/* server_respond() after quirk_choose(): a request that is answered once more, when
 * something it waited for has come, counts as one. */
void server_respond_as(struct arena *a, const struct server *s,
	const struct quirk_choice *choice, const struct server_upstream *upstream,
	enum proto proto, const struct msg *query, struct reply *ret);

void quirk_change(struct arena *a, const struct quirk *q, struct msg *answer);

#endif
