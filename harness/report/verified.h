/* verified.h - which emulation was last verified with which real program: a file of
 * JSON lines, docs/verified.ndjson, that is also inside the program. */
#ifndef REPORT_VERIFIED_H
#define REPORT_VERIFIED_H

#include <stddef.h>

#include "base/str.h"

struct arena;

/* One line: {"emulation":"postfix","kind":"client","program":"postfix-3.7", ...} */
struct verified {
	const char *emulation; /* "postfix" */
	const char *kind;      /* of the emulation: "client" or "resolver" */
	const char *program;   /* "postfix-3.7" */
	const char *name;      /* as people say it: "Postfix 3.7.11" */
	const char *version;   /* of the package: "3.7.11-0+deb12u1" */
	unsigned long agree, of;
	const char *date; /* "2026-11-22" */
	const char *scenarios_sha256;
};

struct verified_list {
	struct verified *list;
	size_t n;
};

#define VERIFIED_WHY_MAX 160

/* Reads such a file's text. -1, with the line and the reason in why. */
int verified_parse(struct arena *a, const char *text, size_t len,
	struct verified_list *ret, char why[VERIFIED_WHY_MAX]);

/* What is inside this program. */
struct verified_list verified_built_in(struct arena *a);

/* Puts a line in the place of that of its program, or beside the others; the texts are
 * borrowed. The list stays sorted: by kind, emulation and program. */
void verified_set(
	struct arena *a, struct verified_list *list, const struct verified *line);

/* The file's text. */
void verified_put_file(struct str *s, const struct verified_list *list);

/* "Postfix 3.7.11 (2026-11-22), Postfix 3.10.13: 99 of 100 (2026-11-22)"; nothing when
 * none is known. */
void verified_put(struct str *s, const struct verified_list *list, const char *kind,
	const char *emulation);

/* From what a driver says of its version, "Postfix 3.7.11 (3.7.11-0+deb12u1)": both
 * parts, in a; one without the other is both. */
void verified_split(
	struct arena *a, const char *program, const char **name, const char **version);

#endif
