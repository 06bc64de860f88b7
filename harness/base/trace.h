/* trace.h - what a machine decided, in order, for people.
 *
 * Machines take a `struct trace *` that may be NULL: then nothing is formatted and
 * tracing costs one branch. Use trace_add() through the macro only. */
#ifndef BASE_TRACE_H
#define BASE_TRACE_H

#include <stddef.h>
#include <stdint.h>

struct arena;

struct trace_line {
	uint64_t t_us; /* virtual time */
	const char
		*rule; /* "R3", "RFC 2308 2.2", a knob's name; static or in the arena */
	const char *text;
};

struct trace {
	struct arena *arena;
	struct trace_line *lines;
	size_t n, room;
};

#define trace_add(t, when, rule, ...)                                                  \
	do {                                                                           \
		if ((t) != NULL)                                                       \
			trace_put((t), (when), (rule), __VA_ARGS__);                   \
	} while (0)

/* A run away machine must not fill memory with its diary: lines past TRACE_MAX are not
 * kept. Longer than any case that ends within its limits. */
#define TRACE_MAX 512

void trace_put(struct trace *t, uint64_t t_us, const char *rule, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));

#endif
