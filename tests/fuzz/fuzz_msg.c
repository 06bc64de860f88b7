/* fuzz_msg.c - any bytes as a message: what can be read can be written, and reads the
 * same again. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/str.h"
#include "dns/msg.h"

#define MESSAGE_MAX 65535

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void compare(const struct msg *first, const struct msg *second)
{
	struct str a = STR_INIT, b = STR_INIT;

	msg_put_text(&a, first);
	msg_put_text(&b, second);
	if (strcmp(a.data, b.data) != 0) {
		fprintf(stderr, "first:\n%s\nsecond:\n%s\n", a.data, b.data);
		abort();
	}
	str_clear(&a);
	str_clear(&b);
}

static void check(struct arena *a, const struct msg *m)
{
	static uint8_t wire[MESSAGE_MAX];
	struct msg again;
	size_t len = msg_encode(m, wire, sizeof(wire));

	if (len == 0 || msg_decode(a, wire, len, &again) != 0)
		abort();
	/* Names are written out in full on reading, so that a message of many pointers
	 * may not fit any more. */
	if (msg_size(m) > MESSAGE_MAX)
		return;
	compare(m, &again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena *a = arena_new();
	struct msg m;

	if (size <= MESSAGE_MAX && msg_decode(a, data, size, &m) == 0)
		check(a, &m);
	arena_free(a);
	return 0;
}
