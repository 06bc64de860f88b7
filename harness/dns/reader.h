/* reader.h - reading a message piece by piece.
 *
 * msg_decode() gives what a query or a reply says. Who needs what it leaves out - the
 * classes of an UPDATE, a TSIG - reads with this. Every length is checked; what cannot
 * be read moves nothing past the end. */
#ifndef DNS_READER_H
#define DNS_READER_H

#include <stddef.h>
#include <stdint.h>

#include "dns/rr.h"

struct arena;

#define READER_HEADER_LEN 12 /* RFC 1035 4.1.1 */
#define MESSAGE_MAX 65535

/* Names and RDATA go to the arena; reader_skip_name() needs none. */
struct reader {
	struct arena *arena;
	const uint8_t *start, *at, *end;
};

/* A record as it stands in the message; its RDATA is not looked at yet. */
struct reader_record {
	const struct name *owner;
	const uint8_t *rdata; /* in the message: names may be compressed */
	uint32_t ttl;
	uint16_t type, class, rdlen;
};

/* Reads the name at *at, following pointers, into `to` (NAME_WIRE_MAX octets); moves
 * *at past it. Each pointer must lead backwards, so that the walk ends. Returns the
 * length or 0. */
size_t reader_name_to(const struct reader *in, const uint8_t **at, uint8_t *to);

/* The name at in->at, which moves past it; NULL when there is none. */
const struct name *reader_name(struct reader *in);

/* Moves in->at past the name there without reading it. -1 when there is none. */
int reader_skip_name(struct reader *in);

/* The record at in->at, which moves past it. -1 when there is none. */
int reader_record(struct reader *in, struct reader_record *ret);

/* The record's RDATA as its type has it, names uncompressed, into ret (all of it but
 * the class). -1 when it is not what its type says; this knows the types of
 * rr_is_well_formed(), and takes others as they are. */
int reader_rdata(struct reader *in, const struct reader_record *r, struct rr *ret);

/* As reader_rdata(), for records that somebody is going to keep: every type that ldns
 * knows must be what it says, and the names in it are uncompressed (RFC 3597 4 has
 * receivers do so for the older types). */
int reader_rdata_strict(
	struct reader *in, const struct reader_record *r, struct rr *ret);

#endif
