/* index.h - a list of zones: one a line,
 * `origin<TAB>master-file[<TAB>mode[<TAB>[hmac:]name:secret]]`. */
#ifndef CLI_INDEX_H
#define CLI_INDEX_H

#include "base/err.h"
#include "server/server.h"

struct arena;

/* Loads every zone of the index onto one server; paths are relative to the index, lines
 * that are blank or begin with # do not count. `mode` is for lines without one, or with
 * an empty one; the key is whose owner may change the zone (dns/tsig.h). All mistakes,
 * of the index and of its zones, go to errs: -1 then. */
int index_load(struct arena *a, const char *path, const struct server_mode *mode,
	struct errs *errs, struct server *ret);

#endif
