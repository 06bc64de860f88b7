/* live.h - inside server: descriptions whose zones are exchanged one by one.
 *
 * What a service answers from is never changed, but replaced (snapshot.h). A new
 * description shares all zones with the one before but those that have changed; each
 * zone's memory goes with the last description that has it. */
#ifndef SERVER_LIVE_H
#define SERVER_LIVE_H

#include "server/service.h"

/* Takes the data over, so that zones of it can be exchanged. */
void live_begin(struct service_data *data);

/* A zone in place of another. */
struct live_change {
	unsigned zone; /* index into server.zones */
	const struct zone *now;
	struct arena *memory; /* of it; belongs to the description afterwards */
};

/* *ret is `data`, which live_begin() or this has made, with n changes. `data` stays as
 * it is, and is released by its owner. */
void live_exchange(const struct service_data *data, const struct live_change *changes,
	unsigned n, struct service_data *ret);

#endif
