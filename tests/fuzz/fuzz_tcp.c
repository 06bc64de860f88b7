/* fuzz_tcp.c - octets of a connection: the first is a seed, the rest is the stream, cut
 * into pieces by chance and taken out by chance. The same messages come out as from the
 * whole. */
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/rng.h"
#include "net/frames.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The whole stream, and how much of it has come out. */
struct stream {
	const uint8_t *data;
	size_t n, at;
};

static void fail(const struct stream *s, const char *why)
{
	fprintf(stderr, "%s at octet %zu of %zu\n", why, s->at, s->n);
	abort();
}

/* The length of the message that begins here; -1 when it is not all there. */
static long length_here(const struct stream *s)
{
	size_t left = s->n - s->at;
	size_t len = left < 2 ? 0 : (size_t)s->data[s->at] * 256 + s->data[s->at + 1];

	return left < 2 || left - 2 < len ? -1 : (long)len;
}

static void check_message(struct stream *s, const uint8_t *message, size_t len)
{
	if (length_here(s) != (long)len || len == 0)
		fail(s, "a message of another length");
	if (memcmp(message, s->data + s->at + 2, len) != 0)
		fail(s, "another message");
	s->at += 2 + len;
}

/* At most so many; false at the end of the stream. */
static bool take(struct frames *f, struct stream *s, unsigned at_most)
{
	const uint8_t *message;
	size_t len;

	for (unsigned i = 0; i < at_most; i++) {
		switch (frames_next(f, &message, &len)) {
		case FRAME_MESSAGE:
			check_message(s, message, len);
			break;
		case FRAME_END:
			if (length_here(s) != 0)
				fail(s, "an end where there is none");
			return false;
		case FRAME_MORE:
			return true;
		}
	}
	return true;
}

/* A copy of its own, so that the sanitizer sees what is read after the piece is gone.
 */
static bool feed(struct frames *f, struct stream *s, const uint8_t *piece, size_t n,
	unsigned at_most)
{
	uint8_t *copy = malloc(n + 1);
	bool goes_on;

	if (copy == NULL)
		abort();
	if (n > 0)
		memcpy(copy, piece, n);
	frames_feed(f, copy, n);
	goes_on = take(f, s, at_most);
	if (goes_on)
		frames_keep(f);
	free(copy);
	return goes_on;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct rng rng = { .state = size > 0 ? data[0] : 0 };
	struct stream s = { .data = data + 1, .n = size > 0 ? size - 1 : 0 };
	struct frames f = { .n = 0 };
	bool goes_on = true;

	for (size_t at = 0; goes_on && at < s.n;) {
		uint32_t widest = rng_below(&rng, 4) == 0 ? 70000 : 4;
		size_t n = 1 + rng_below(&rng, widest);

		if (n > s.n - at)
			n = s.n - at;
		goes_on = feed(&f, &s, s.data + at, n, rng_below(&rng, 4));
		at += n;
	}
	if (goes_on && feed(&f, &s, NULL, 0, UINT32_MAX) && length_here(&s) >= 0)
		fail(&s, "a message did not come out");
	if (goes_on && length_here(&s) < 0 && f.n != s.n - s.at)
		fail(&s, "the rest is not kept");
	frames_clear(&f);
	return 0;
}
