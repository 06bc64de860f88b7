/* msg.h - messages (RFC 1035 4, RFC 6891).
 *
 * A `struct msg` is what both ends of an exchange think in; the simulated network hands
 * it over as it is, the real one encodes and decodes it. Its records are borrowed. */
#ifndef DNS_MSG_H
#define DNS_MSG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "dns/rr.h"

struct arena;
struct str;

enum opcode { OPCODE_QUERY = 0, OPCODE_NOTIFY = 4, OPCODE_UPDATE = 5 };

enum rcode {
	RCODE_NOERROR = 0,
	RCODE_FORMERR = 1,
	RCODE_SERVFAIL = 2,
	RCODE_NXDOMAIN = 3,
	RCODE_NOTIMP = 4,
	RCODE_REFUSED = 5,
	RCODE_YXDOMAIN = 6,
	RCODE_YXRRSET = 7,
	RCODE_NXRRSET = 8,
	RCODE_NOTAUTH = 9,
	RCODE_NOTZONE = 10,
	RCODE_BADVERS = 16,
};

/* "NXDOMAIN"; "RCODE77" for numbers without a name. */
#define RCODE_TEXT_MAX 12
const char *rcode_to_text(uint16_t rcode, char buf[RCODE_TEXT_MAX]);

/* The number, or -1. */
int rcode_from_text(const char *text);

struct question {
	const struct name *name;
	uint16_t type, class;
};

struct section {
	struct rr *rr;
	uint16_t n, room; /* room: what rr has space for; 0 when rr is borrowed */
};

enum section_id { ANSWER, AUTHORITY, ADDITIONAL };

struct msg {
	uint16_t id;
	uint8_t opcode;
	uint16_t rcode; /* 12 bits with EDNS */
	bool qr, aa, tc, rd, ra, ad, cd;
	bool has_question;
	bool has_edns, dnssec_ok;
	uint8_t edns_version;
	uint16_t udp_size; /* the sender's EDNS payload size; 512 without EDNS */
	struct question question;
	struct section section[3];
};

/* The payload size we say is ours: fits every path without fragments (RFC 9715 3.1). */
#define EDNS_PAYLOAD 1232

/* A query for one question, RD as given, EDNS with a payload size of 1232 octets. */
void msg_init_query(struct msg *m, uint16_t id, const struct question *q, bool rd);

/* Header and question of a reply to the query; no records, NOERROR. */
void msg_init_reply(struct msg *m, const struct msg *query);

/* Appends a copy of the record (not of what it borrows). */
void msg_add(struct msg *m, struct arena *a, enum section_id id, const struct rr *rr);

/* True when the section holds the same owner, type and RDATA already. */
bool msg_has(const struct msg *m, enum section_id id, const struct rr *rr);

/* Wire to message; names are decompressed into the arena, other RDATA too. -1 when the
 * bytes are not a message (then *ret has at least the id and the flags when there were
 * 12 octets). Records of a class other than IN are left out. */
int msg_decode(struct arena *a, const uint8_t *wire, size_t len, struct msg *ret);

/* Message to wire, with name compression (RFC 1035 4.1.4), at most `limit` octets
 * (which buf must have). What does not fit: additional records are dropped silently,
 * else answer and authority are cut and TC set (RFC 2181 9). Returns the length, 0 when
 * not even the header fits. */
size_t msg_encode(const struct msg *m, uint8_t *buf, size_t limit);

/* Octets msg_encode() would need without a limit. */
size_t msg_size(const struct msg *m);

/* dig-like, for explanations and failed tests. */
void msg_put_text(struct str *s, const struct msg *m);

#endif
