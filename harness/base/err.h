/* err.h - mistakes in the input, with their place.
 *
 * Functions that can be handed bad input end in `struct errs *errs`: they add one entry
 * for each mistake they find, go on as far as they can, and return -1 when they added
 * any. One run therefore shows every mistake of a file. */
#ifndef BASE_ERR_H
#define BASE_ERR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

struct arena;

/* A place in a file; line and col count from 1, 0 means "not known". The file name is
 * borrowed and must outlive the errs. */
struct place {
	const char *file;
	int line, col;
};

struct err {
	struct place at;
	const char *text;   /* what is wrong, one sentence, no full stop */
	const char *hint;   /* what to do, or NULL */
	const char *source; /* the source line, or NULL */
};

struct errs {
	struct arena *arena; /* texts live here */
	struct err *list;
	size_t n, room;
	size_t dropped; /* mistakes past ERRS_MAX, counted only */
};

/* Nobody reads on after this many; a hostile file must not fill memory either. */
#define ERRS_MAX 100

void errs_init(struct errs *errs, struct arena *a);

/* Returns the entry, so that the caller can add a hint or the source line; never NULL.
 * An entry that repeats an earlier one word for word is not kept. */
struct err *errs_add(struct errs *errs, struct place at, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
void err_hint(struct errs *errs, struct err *e, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* Copies the at.line-th line out of the whole text of the file. */
void err_source(struct errs *errs, struct err *e, const char *text, size_t len);

/* Sorted by file, line and column:
 *   scenarios/a.conf:12:13: error: unknown mode "exact_type"
 *      12 |     mode: exact_type
 *         |           ^
 *         = did you mean "exact-type"? */
void errs_print(const struct errs *errs, FILE *to, bool colour);

#endif
