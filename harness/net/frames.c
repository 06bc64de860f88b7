#include "net/frames.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/bug.h"
#include "base/octets.h"

/* Holds most queries, and no more than an idle connection's own struct. */
#define KEPT_MIN 512

void frames_feed(struct frames *f, const uint8_t *octets, size_t n)
{
	f->fed = octets;
	f->n_fed = n;
}

/* Room follows what has come, not what a length promises. */
static void make_room(struct frames *f, size_t n)
{
	size_t room = f->room < KEPT_MIN ? KEPT_MIN : f->room;

	if (n <= f->room)
		return;
	while (room < n)
		room *= 2;
	f->kept = realloc(f->kept, room);
	if (f->kept == NULL)
		bug("no memory for a message");
	f->room = room;
}

static void append(struct frames *f, size_t n)
{
	if (n == 0)
		return;
	make_room(f, f->n + n);
	memcpy(f->kept + f->n, f->fed, n);
	f->n += n;
	f->fed += n;
	f->n_fed -= n;
}

/* The length of the message and its length octets, or 2 when those are not there. */
static size_t frame_size(const uint8_t *p, size_t n)
{
	return n < 2 ? 2 : 2 + get16(p);
}

/* Completes the message that is kept in part, as far as the fed octets go. */
static void complete(struct frames *f)
{
	for (;;) {
		size_t have = f->n - f->at;
		size_t size = frame_size(f->kept + f->at, have);
		size_t missing = have < size ? size - have : 0;

		if (missing == 0 || f->n_fed == 0)
			return;
		append(f, missing < f->n_fed ? missing : f->n_fed);
	}
}

static enum frame look(
	const uint8_t *p, size_t n, const uint8_t **ret_message, size_t *ret_len)
{
	size_t size = frame_size(p, n);

	if (n < size)
		return FRAME_MORE;
	if (size == 2)
		return FRAME_END;
	*ret_message = p + 2;
	*ret_len = size - 2;
	return FRAME_MESSAGE;
}

enum frame frames_next(struct frames *f, const uint8_t **ret_message, size_t *ret_len)
{
	enum frame found;

	if (f->at < f->n) {
		complete(f);
		found = look(f->kept + f->at, f->n - f->at, ret_message, ret_len);
		if (found == FRAME_MESSAGE)
			f->at += 2 + *ret_len;
		return found;
	}
	f->at = f->n = 0;
	found = look(f->fed, f->n_fed, ret_message, ret_len);
	if (found == FRAME_MESSAGE) {
		f->fed += 2 + *ret_len;
		f->n_fed -= 2 + *ret_len;
	}
	return found;
}

void frames_keep(struct frames *f)
{
	if (f->at > 0) {
		memmove(f->kept, f->kept + f->at, f->n - f->at);
		f->n -= f->at;
		f->at = 0;
	}
	append(f, f->n_fed);
	if (f->n == 0)
		frames_clear(f);
}

void frames_clear(struct frames *f)
{
	free(f->kept);
	*f = (struct frames){ .n = 0 };
}
