/* journal.h - accepted updates on disk, so that they survive the end of the program.
 *
 * A file of one server, NAME.journal in a folder, only ever appended to: a line that
 * says what it is, then a record for each update - its length, a checksum, the name of
 * the zone, and the UPDATE message without its TSIG. A record is on the disk before the
 * update is answered; so what was acknowledged is there, and what is torn at the end of
 * the file was not. A record damaged anywhere else is not passed over in silence: the
 * journal is refused. Nothing shortens a journal but its owner, who may delete it when
 * the master files have caught up.
 *
 * One thread at a time; one process at a time (flock). */
#ifndef SERVER_JOURNAL_H
#define SERVER_JOURNAL_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "dns/name.h"

struct journal;

/* Opens or creates it (0600, in a folder that is created with 0700 when there is none)
 * and cuts off a torn end. Characters of the name that are not fit for a file become
 * "_". NULL with a mistake: in use, damaged, not ours, or errno's. */
struct journal *journal_open(const char *dir, const char *name, struct errs *errs);
void journal_close(struct journal *j);

const char *journal_path(const struct journal *j);

/* Octets that journal_open() cut off: an update that nobody was told about. */
size_t journal_torn(const struct journal *j);

/* Returns when the record is on the disk. -1 with errno set when it is not; then it is
 * not in the file either, and what was there before is as it was. When even that cannot
 * be had, every further call fails. */
int journal_append(
	struct journal *j, const struct name *zone, const uint8_t *message, size_t len);

/* Calls fn for each record, oldest first; what it is given lasts for the call. -1 with
 * errno set when the file cannot be read. */
struct journal_record {
	unsigned long number; /* from 1 */
	const struct name *zone;
	const uint8_t *message;
	size_t len;
};
int journal_each(struct journal *j,
	void (*fn)(void *ctx, const struct journal_record *r), void *ctx);

#endif
