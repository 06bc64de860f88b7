/* newfile.h - a file that is whole or not there.
 *
 * It is written under another name beside its own and renamed at the end. A link stays
 * a link: what it points to is replaced. A device or a pipe is written to as it stands.
 */
#ifndef BASE_NEWFILE_H
#define BASE_NEWFILE_H

#include <stdbool.h>

struct newfile;

/* More files at a time than a program of ours writes. */
#define NEWFILES_MAX 32

/* NULL with errno set. */
struct newfile *newfile_open(const char *path);

/* To write to; the file's own: who wants to close something takes a dup(). */
int newfile_fd(const struct newfile *f);

/* The second of the two ends: puts the file in place. -1 with errno set when that
 * failed, and then it is gone as with newfile_drop(). */
int newfile_keep(struct newfile *f);

/* Removes what was written. NULL is fine. */
void newfile_drop(struct newfile *f);

/* Removes all that are unfinished: for signal handlers, when the program ends. */
void newfile_remove_all(void);

/* Both names mean one file (and it is no device, which may be written to twice). */
bool newfile_is_same(const char *path, const char *other);

#endif
