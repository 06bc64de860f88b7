/* progress.h - how far a run with real programs is: one line on standard error, painted
 * again and again, when that is a terminal. Nothing of it stays.
 *
 * There is at most one; what is said on standard error meanwhile wipes it away first
 * (cli_complain() does). From any thread. */
#ifndef CLI_PROGRESS_H
#define CLI_PROGRESS_H

#include <stdbool.h>
#include <stddef.h>

/* `lines`: where there is no terminal, a line for each end of progress_next(). */
void progress_begin(bool lines);

/* Something else is run from now on: one of what is run then. */
void progress_next(void);
void progress_name(const char *name);

/* Of the cases. */
void progress_at(size_t done, size_t of);
void progress_differs(void);

void progress_end(void);

/* Takes the line away until it is painted again. In a signal handler, too. */
void progress_wipe(void);

#endif
