/* arena.h - memory that is freed together.
 *
 * What a scenario makes lives in its arena; what a case makes lives in the case's
 * arena, which is rewound, not freed, between cases. Allocation cannot fail as far as
 * callers see: when memory is gone the program ends. */
#ifndef BASE_ARENA_H
#define BASE_ARENA_H

#include <stdarg.h>
#include <stddef.h>

struct arena;

struct arena *arena_new(void);

/* Runs the deferred destructors, newest first, and frees everything. NULL is fine. */
void arena_free(struct arena *a);

/* As arena_free(), but keeps the first block for the next user of the arena. */
void arena_reset(struct arena *a);

/* Zeroed, aligned for any object, never NULL. */
void *arena_alloc(struct arena *a, size_t size);

/* As arena_alloc(), not zeroed: for buffers that are written at once. */
void *arena_alloc_raw(struct arena *a, size_t size);

/* n objects of a size, zeroed; an overflowing product ends the program. */
void *arena_array(struct arena *a, size_t n, size_t size);

void *arena_memdup(struct arena *a, const void *data, size_t size);
char *arena_strdup(struct arena *a, const char *s);
char *arena_strndup(struct arena *a, const char *s, size_t n);
char *arena_printf(struct arena *a, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
char *arena_vprintf(struct arena *a, const char *fmt, va_list ap)
	__attribute__((format(printf, 2, 0)));

/* Ties something with a destructor of its own to the arena: fn(ptr) runs before the
 * memory goes. */
void arena_defer(struct arena *a, void (*fn)(void *ptr), void *ptr);

/* Bytes taken from the system, for memory figures. */
size_t arena_footprint(const struct arena *a);

#endif
