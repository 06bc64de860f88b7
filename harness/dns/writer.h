/* writer.h - a message being written, with name compression (RFC 1035 4.1.4).
 *
 * A name that comes from the same memory as one written before - an owner that is a
 * tail of the question's name, an address whose owner is the exchange just written -
 * is found by its pointer, at the price of a few comparisons; others through a hash of
 * their labels, by exact letter case, so that a name comes out as it went in. */
#ifndef DNS_WRITER_H
#define DNS_WRITER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "dns/rr.h"

#define WRITER_HEADER_LEN 12
#define WRITER_SLOTS 256
#define WRITER_KNOWN 16

/* A name as it was written: [from, split) label by label at `at`, then what stands at
 * `tail` (0: the root). */
struct writer_known {
	const uint8_t *from, *split;
	uint16_t at, tail;
};

struct writer {
	uint8_t *buf;
	size_t len, limit;
	unsigned n_known;
	bool has_slots; /* they are filled when the first name needs them */
	struct writer_known known[WRITER_KNOWN];
	uint16_t slot[WRITER_SLOTS]; /* offset of a written suffix; 0 is free */
};

/* Room for a header is left at the start; limit must be WRITER_HEADER_LEN or more. */
void writer_init(struct writer *w, uint8_t *buf, size_t limit);

/* Each returns false when there is no room; then nothing more is to be written until
 * writer_cut() has taken back what was begun. */
bool writer_put(struct writer *w, const void *data, size_t n);
bool writer_put16(struct writer *w, unsigned v);
bool writer_question(
	struct writer *w, const struct name *name, uint16_t type, uint16_t class);

/* The record (class IN), which must be well formed. */
bool writer_record(struct writer *w, const struct name *owner, uint16_t type,
	uint32_t ttl, const uint8_t *rdata, uint16_t rdlen);

/* Takes back what was written since the length was `len`. Nothing can be written after
 * it that is compressed. */
void writer_cut(struct writer *w, size_t len);

/* Where the names are in the RDATA of types that hold some: so many octets before them,
 * so many names. False for other types. */
bool writer_rdata_layout(uint16_t type, unsigned *skip, unsigned *names);

#endif
