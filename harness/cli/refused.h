/* refused.h - zones that a strict server refuses: all their names are SERVFAIL, and the
 * user should hear why. */
#ifndef CLI_REFUSED_H
#define CLI_REFUSED_H

#include "server/server.h"

/* A line for each on standard error: what stands where, and the advice. */
void refused_warn(const struct server *server, const char *advice);

#endif
