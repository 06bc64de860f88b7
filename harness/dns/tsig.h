/* tsig.h - signed messages (TSIG, RFC 8945), the server's side.
 *
 * A request is checked where it lies, in wire form; what the reply needs is kept in a
 * `struct tsig`, which borrows only its key, and signs the reply, or one message of a
 * stream after another. Time is passed in. A request that is older than another of the
 * same key is not refused: RFC 8945 5.2.3 has servers remember the latest time, but
 * UDP may change the order of two honest updates of the same second.
 *
 * From ldns this takes base64, and from libcrypto, which ldns brings along, HMAC. The
 * TSIG functions of ldns 1.8 are not used: they work on a parsed ldns_pkt, read the
 * clock, leave time, class and MAC size unchecked, and compare MACs in a time that
 * tells how much of one was right. */
#ifndef DNS_TSIG_H
#define DNS_TSIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "dns/name.h"

struct arena;
struct tsig_algorithm;

#define TSIG_MAC_MAX 64 /* SHA-512 */

struct tsig_key {
	const struct name *name;
	const struct tsig_algorithm *algorithm;
	const uint8_t *secret;
	size_t secret_len;
};

/* A key as `dig -y` and `nsupdate -y` take it: "[hmac:]name:secret", hmac-sha256 when
 * none is named. hmac-md5 is refused (RFC 8945 6, table 3: must not be used). -1 with
 * the reason, which never quotes the secret, in *ret_why (in the arena). The key lives
 * in the arena. */
int tsig_key_from_text(
	struct arena *a, const char *text, struct tsig_key *ret, const char **ret_why);

/* The keys of a file as tsig-keygen writes it, as many as there are:
 *   key "name" { algorithm hmac-sha256; secret "..."; };
 * Comments are those of named.conf. -1 with mistakes, which do not quote the line. */
int tsig_keys_from_file(struct arena *a, const char *path, struct errs *errs,
	struct tsig_key **ret, size_t *ret_n);

/* "hmac-sha256" */
const char *tsig_algorithm_name(const struct tsig_algorithm *algorithm);

bool tsig_key_equal(const struct tsig_key *a, const struct tsig_key *b);

/* Keys by name. The keys are borrowed; of two with one name the first is found. */
struct tsig_keys;
struct tsig_keys *tsig_keys_new(struct arena *a, const struct tsig_key *keys, size_t n);
const struct tsig_key *tsig_keys_find(
	const struct tsig_keys *k, const struct name *name);

/* What goes into the error field of a TSIG (RFC 8945 3). */
enum tsig_error {
	TSIG_NOERROR = 0,
	TSIG_BADSIG = 16,
	TSIG_BADKEY = 17,
	TSIG_BADTIME = 18,
	TSIG_BADTRUNC = 22,
};

/* How a request stands. */
enum tsig_verdict {
	TSIG_NONE,	/* not signed */
	TSIG_GOOD,	/* signed with the key */
	TSIG_BAD,	/* NOTAUTH, with a TSIG that says why: tsig_sign() adds it */
	TSIG_MALFORMED, /* FORMERR, without a TSIG */
};

struct tsig {
	const struct tsig_key *key; /* NULL: none known (BADKEY) */
	uint16_t error;		    /* enum tsig_error */
	size_t unsigned_len;	    /* of the request without its TSIG */
	uint16_t original_id;
	/* The rest is for tsig_sign(). */
	uint64_t time;
	uint16_t fudge;
	bool timers_only;
	uint8_t mac[TSIG_MAC_MAX];
	size_t mac_len;
	uint8_t owner[NAME_WIRE_MAX], algorithm[NAME_WIRE_MAX];
};

/* Checks a request in the order of RFC 8945 5.2: key, MAC, time, truncation. now_s are
 * seconds since the epoch. `keys` may be NULL: no key is known. A MAC shorter than its
 * algorithm's is BADTRUNC even where 5.2.2.1 would let policy allow it. *ret is set
 * when the verdict is TSIG_GOOD or TSIG_BAD. */
enum tsig_verdict tsig_check(struct tsig *ret, const struct tsig_keys *keys,
	const uint8_t *message, size_t len, uint64_t now_s);

/* The request as it was before it was signed (RFC 8945 4.3.2): t->unsigned_len octets
 * into `to`, without the TSIG and with the original id. */
void tsig_strip(const struct tsig *t, const uint8_t *message, uint8_t *to);

/* Octets that tsig_sign() will add. Write the reply with that much less room. */
size_t tsig_room(const struct tsig *t);

/* Adds the TSIG to a reply of len octets in a buffer of `room`: after TSIG_GOOD a
 * signed one, after BADKEY and BADSIG one without a MAC (RFC 8945 5.3.2). What has no
 * room, and what has been truncated before (it has TC), becomes the question with TC
 * and NOERROR (RFC 8945 5.3). Called again for each further
 * message of a stream, it signs with the timers only (RFC 8945 5.3.1). Returns the new
 * length, or 0 when even the question does not fit. */
size_t tsig_sign(
	struct tsig *t, uint8_t *message, size_t len, size_t room, uint64_t now_s);

#endif
