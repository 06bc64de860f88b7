/* stub.h - the resolver library inside a client: what the client sees of an answer.
 *
 * Two clients behind one resolver see different things, because a library stands
 * between: it turns rcodes into its own errors, counts or ignores records of foreign
 * owners, follows an alias or does not. A library is a row. */
#ifndef MTA_STUB_H
#define MTA_STUB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "dns/msg.h"

/* What a look-up came to, in the words of <netdb.h>. */
enum outcome {
	OUTCOME_SUCCESS, /* an answer with records, not always of the wanted type */
	OUTCOME_NO_DATA, /* the name exists, without the type */
	OUTCOME_HOST_NOT_FOUND, /* the name does not exist */
	OUTCOME_TRY_AGAIN,	/* soft: ask later */
	OUTCOME_NO_RECOVERY,	/* hard: the servers cannot answer this */
};

const char *outcome_name(enum outcome o); /* "success", "no-data", ... */

/* With an owner check: which records of an answer that has aliases count. */
enum stub_view {
	VIEW_CHAIN, /* the name's own, else those of the end of its chain */
	VIEW_NAME,  /* the name's own only */
	VIEW_ALIAS, /* an alias outranks the name's own */
	VIEW_ORDER, /* read once, from first to last: each alias moves the name on, and
		     * what its old owner has behind it does not count */
	VIEW_BOTH,  /* the name's own and those of the end of its chain */
};

struct stub_row {
	const char *name;
	const char *help;
	const char *source; /* project and file where it was read */
	uint8_t nxdomain, servfail, refused, notimp, formerr, other,
		timeout; /* outcomes */
	/* NOERROR with a CNAME and nothing of the wanted type: SUCCESS leaves it to the
	 * client, NO_DATA hides the CNAME. */
	uint8_t cname_only;
	bool any_rr_counts; /* records make an answer a success, whatever its rcode */
	bool owner_check;   /* a record counts only for the name that was asked, or the
			     * end of that name's chain inside the answer */
	uint8_t view;
	bool follow_dname;
	bool last_counts; /* with a search list the last failure of an MX look-up is
			   * told, not that of the name as it stands */
	uint8_t follow;	  /* further questions it puts itself to follow CNAMEs */
	/* Aliases it follows in all, inside answers and by questions, and what a longer
	 * chain is; 0: as many as the answer has. */
	uint8_t hops_max, too_long;
};

extern const struct stub_row stubs[];
extern const size_t stubs_n;

/* The row, or NULL. */
const struct stub_row *stub_find(const char *name);

/* What the library makes of the message; answer NULL: nothing came.
 *
 * Precedence: nothing came; then records, where the library lets them outrank the
 * rcode; then the rcode, unless it is NOERROR; then whether there are any records; then
 * whether the only ones are aliases. */
enum outcome stub_outcome(
	const struct stub_row *s, const struct msg *answer, uint16_t type);

#endif
