/* world.h - the world of a scenario: its servers at their addresses under a root, and
 * its hosts, at each stage of the timeline. Read-only once built; cases share it. */
#ifndef RUN_WORLD_H
#define RUN_WORLD_H

#include "host/host.h"
#include "resolver/resolver.h"
#include "scenario/scenario.h"
#include "server/server.h"

struct arena;

struct world_stage {
	uint64_t at_us;
	const struct server *servers; /* the scenario's, and the root when we made it */
	unsigned n_servers;
	struct hosts hosts;
};

struct world {
	const struct scenario *scenario;
	const struct world_stage *stages;
	unsigned n_stages;
	struct resolver_hints hints;
};

/* A scenario that brings no zone "." gets a root that delegates to each of its zones
 * that no other zone of it stands above; signed when any zone is. Lives in a, borrows
 * the scenario. */
void world_build(struct arena *a, const struct scenario *scenario, struct world *ret);

/* The server's index in the stage, or -1 when nothing is at the address. */
int world_server_at(const struct world_stage *stage, const struct ip *ip);

#endif
