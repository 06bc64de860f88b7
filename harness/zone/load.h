/* load.h - master-file text to records; for the files of this folder only. */
#ifndef ZONE_LOAD_H
#define ZONE_LOAD_H

#include <stdint.h>
#include <sys/types.h>

#include "zone/lex.h"
#include "zone/zone.h"

struct zs_scanner;

/* Where records go. The record borrows the scanner's memory: copy it. */
struct sink {
	void *ctx;
	void (*take)(void *ctx, const struct rr *rr, struct place at);
};

/* Reads all records under source->origin and hands them to the sink; -1 when there were
 * mistakes. ttl is for records before the first $TTL. */
int load_text(const struct zone_source *source, uint32_t ttl, const struct sink *sink,
	struct errs *errs);

/* The same into a list in an arena. */
struct record_list {
	struct arena *arena;
	struct rr *rr;
	struct place *at; /* of each */
	unsigned n, room;
};
int load_records(struct arena *a, const struct zone_source *source, uint32_t ttl,
	struct errs *errs, struct record_list *ret);

/* RFC 2308 4 leaves open what holds without $TTL; NSD and Knot take an hour. */
#define LOAD_DEFAULT_TTL 3600

/* malloc() that cannot fail as far as callers see. */
void *load_get(size_t size);

/* The whole file, with a final NUL that is not counted; free() it. -1 with errno set.
 * regular_only is for $INCLUDE, which must not hang on a FIFO. */
struct file_id {
	dev_t dev;
	ino_t ino;
};
int load_read_file(const char *path, bool regular_only, struct file_id *ret_id,
	char **ret_text, size_t *ret_len);

/* The folder of a path, in malloc()ed memory. */
char *load_folder(const char *path);

/* ---- inside: one text being read, and the wording of its mistakes ---- */

/* What went wrong so far, in a text and those around it. */
struct damage {
	size_t mistakes;
	bool soa,
		ns; /* in such a record: that it is missing is no mistake of its own */
};

struct input {
	const struct zone_source *source;
	struct errs *errs;
	struct damage *damage;
	const char *text; /* the source's, or a copy made fit for the scanner */
	size_t len;
	size_t *alias; /* offsets of ALIAS types in it, n_alias of them */
	size_t n_alias, next_alias;
	size_t next;	    /* where the next entry may start */
	unsigned next_line; /* its line, from 1 */
};

/* Sets text and len (and the ALIAS offsets) from the source. Returns a copy to free, or
 * NULL when the source's own text will do. */
char *input_prepare(struct input *in);

/* Adds the mistakes of the zone as a whole: no SOA, two, one below the apex, no NS. The
 * place of the source is used where no record can be blamed. */
int zone_check_apex(const struct zone *z, const struct zone_source *source,
	const struct damage *damage, struct errs *errs);

/* What stands at the offset (>= in->next) of the text. */
struct place input_place(const struct input *in, size_t offset);

/* Adds a mistake there, with its source line. */
struct err *input_mistake(const struct input *in, size_t offset, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* Adds "unknown record type", with the nearest there is. */
struct err *input_unknown_type(const struct input *in, size_t offset, const char *type);

/* Words the scanner's error at the offset, in the entry that starts at in->next. */
void input_scanner_mistake(const struct input *in, const struct zs_scanner *s,
	const struct entry *e, size_t offset);

#endif
