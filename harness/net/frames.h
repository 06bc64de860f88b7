/* frames.h - DNS messages in a stream of octets: two octets of length before each
 * (RFC 1035 4.2.2), split anywhere.
 *
 * Feed what was read, take the messages out one by one, keep the rest before the octets
 * go. Messages lie where they were read, unless they came in pieces: only those are
 * copied. Between messages nothing is kept, so an idle connection costs no buffer. */
#ifndef NET_FRAMES_H
#define NET_FRAMES_H

#include <stddef.h>
#include <stdint.h>

/* The longest message with its length. */
#define FRAME_MAX (2 + 65535)

struct frames {
	uint8_t *kept; /* what goes before the fed octets; a message may end in those */
	size_t at, n, room;
	const uint8_t *fed;
	size_t n_fed;
};

enum frame {
	FRAME_MORE,    /* no whole message is left */
	FRAME_MESSAGE, /* *ret_message and *ret_len are set */
	FRAME_END,     /* a length of zero: no message follows */
};

/* Only after frames_keep(), or first. The octets are borrowed until then. */
void frames_feed(struct frames *f, const uint8_t *octets, size_t n);

/* The message is valid until the next call of any of these functions. */
enum frame frames_next(struct frames *f, const uint8_t **ret_message, size_t *ret_len);

/* Copies what was not taken out. */
void frames_keep(struct frames *f);

/* Drops everything and frees. */
void frames_clear(struct frames *f);

#endif
