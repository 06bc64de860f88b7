#include "base/arena.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "base/bug.h"

/* The first block fits a whole case; later ones double, so a big zone needs few. */
#define BLOCK_FIRST (64 * 1024)
#define BLOCK_MAX (4 * 1024 * 1024)
#define ALIGN 8

struct block {
	struct block *next; /* older */
	size_t size;
	char data[];
};

struct deferred {
	struct deferred *next;
	void (*fn)(void *);
	void *ptr;
};

struct arena {
	char *at, *end; /* free room of the newest block */
	struct block *blocks;
	struct deferred *deferred;
	size_t footprint;
};

/* Blocks of this size hold tables that are read all over: with pages this large most
 * reads find their address translated. */
#define HUGE_PAGE ((size_t)2 * 1024 * 1024)

static struct block *block_get(size_t size)
{
	void *p;

	if (size < HUGE_PAGE)
		return malloc(size);
	size = (size + HUGE_PAGE - 1) & ~(HUGE_PAGE - 1);
	p = aligned_alloc(HUGE_PAGE, size);
	if (p != NULL)
		madvise(p, size, MADV_HUGEPAGE);
	return p;
}

static struct block *block_new(struct arena *a, size_t size)
{
	struct block *b = block_get(sizeof(*b) + size);

	if (b == NULL)
		bug("out of memory (%zu bytes)", size);
	b->next = a->blocks;
	b->size = size;
	a->blocks = b;
	a->at = b->data;
	a->end = b->data + size;
	a->footprint += sizeof(*b) + size;
	return b;
}

struct arena *arena_new(void)
{
	struct arena *a = calloc(1, sizeof(*a));

	if (a == NULL)
		bug("out of memory");
	return a;
}

static void run_deferred(struct arena *a)
{
	while (a->deferred != NULL) {
		struct deferred *d = a->deferred;

		a->deferred = d->next;
		d->fn(d->ptr);
	}
}

void arena_free(struct arena *a)
{
	if (a == NULL)
		return;
	run_deferred(a);
	while (a->blocks != NULL) {
		struct block *b = a->blocks;

		a->blocks = b->next;
		free(b);
	}
	free(a);
}

void arena_reset(struct arena *a)
{
	run_deferred(a);
	while (a->blocks != NULL && a->blocks->next != NULL) {
		struct block *b = a->blocks;

		a->blocks = b->next;
		a->footprint -= sizeof(*b) + b->size;
		free(b);
	}
	if (a->blocks != NULL) {
		a->at = a->blocks->data;
		a->end = a->blocks->data + a->blocks->size;
	}
}

static void *take_from_new_block(struct arena *a, size_t size)
{
	size_t want = a->blocks == NULL ? BLOCK_FIRST
					: (a->blocks->size + sizeof(struct block)) * 2;

	if (want > BLOCK_MAX)
		want = BLOCK_MAX;
	/* With its head the block is a whole number of pages. */
	want -= sizeof(struct block);
	if (want < size)
		want = size;
	block_new(a, want);
	a->at += size;
	return a->blocks->data;
}

void *arena_alloc_raw(struct arena *a, size_t size)
{
	void *p;

	if (size > SIZE_MAX / 2)
		bug("allocation of %zu bytes", size);
	size = (size + ALIGN - 1) & ~(size_t)(ALIGN - 1);
	if ((size_t)(a->end - a->at) < size || a->blocks == NULL)
		return take_from_new_block(a, size);
	p = a->at;
	a->at += size;
	return p;
}

void *arena_alloc(struct arena *a, size_t size)
{
	return memset(arena_alloc_raw(a, size), 0, size);
}

void *arena_array(struct arena *a, size_t n, size_t size)
{
	size_t total;

	if (__builtin_mul_overflow(n, size, &total))
		bug("array of %zu times %zu bytes", n, size);
	return arena_alloc(a, total);
}

void *arena_memdup(struct arena *a, const void *data, size_t size)
{
	void *p = arena_alloc_raw(a, size);

	return size > 0 ? memcpy(p, data, size) : p;
}

char *arena_strndup(struct arena *a, const char *s, size_t n)
{
	char *p = arena_alloc_raw(a, n + 1);

	memcpy(p, s, n);
	p[n] = '\0';
	return p;
}

char *arena_strdup(struct arena *a, const char *s)
{
	return arena_strndup(a, s, strlen(s));
}

char *arena_vprintf(struct arena *a, const char *fmt, va_list ap)
{
	va_list again;
	char *p;
	int n;

	va_copy(again, ap);
	n = vsnprintf(NULL, 0, fmt, again);
	va_end(again);
	if (n < 0)
		bug("bad format \"%s\"", fmt);
	p = arena_alloc_raw(a, (size_t)n + 1);
	vsnprintf(p, (size_t)n + 1, fmt, ap);
	return p;
}

char *arena_printf(struct arena *a, const char *fmt, ...)
{
	va_list ap;
	char *p;

	va_start(ap, fmt);
	p = arena_vprintf(a, fmt, ap);
	va_end(ap);
	return p;
}

void arena_defer(struct arena *a, void (*fn)(void *), void *ptr)
{
	struct deferred *d = arena_alloc(a, sizeof(*d));

	d->fn = fn;
	d->ptr = ptr;
	d->next = a->deferred;
	a->deferred = d;
}

size_t arena_footprint(const struct arena *a)
{
	return sizeof(*a) + a->footprint;
}
