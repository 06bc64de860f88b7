#include "base/trace.h"

#include <stdarg.h>
#include <string.h>

#include "base/arena.h"

void trace_put(struct trace *t, uint64_t t_us, const char *rule, const char *fmt, ...)
{
	va_list ap;

	if (t->n == TRACE_MAX)
		return;
	if (t->n == t->room) {
		size_t room = t->room == 0 ? 16 : t->room * 2;
		struct trace_line *lines = arena_array(t->arena, room, sizeof(*lines));

		if (t->n > 0)
			memcpy(lines, t->lines, t->n * sizeof(*lines));
		t->lines = lines;
		t->room = room;
	}
	va_start(ap, fmt);
	t->lines[t->n++] = (struct trace_line){
		.t_us = t_us,
		.rule = rule,
		.text = arena_vprintf(t->arena, fmt, ap),
	};
	va_end(ap);
}
