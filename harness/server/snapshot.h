/* snapshot.h - inside server: what a service answers from, read without locks.
 *
 * A worker says which snapshot it reads before it reads it (a hazard pointer), once for
 * each batch of messages. What lasts longer than a batch - a zone transfer, a request
 * that waits for an upstream - holds the snapshot by a count. A snapshot that was
 * replaced goes when nobody reads or holds it, on the thread that sees this first. */
#ifndef SERVER_SNAPSHOT_H
#define SERVER_SNAPSHOT_H

#include <pthread.h>
#include <stdatomic.h>

#include "server/quirk.h"
#include "server/service.h"

/* How often quirks have acted: for the workers together, and for all snapshots whose
 * server has the same quirks (a changed zone does not bring a used quirk back). */
struct quirk_counts {
	atomic_uint owners;
	pthread_mutex_t lock;
	struct server_state state;
	struct arena *arena;
};

struct snapshot {
	struct service_data data;
	struct quirk_counts *counts;
	atomic_uint held;
	struct snapshot *next; /* of those replaced */
};

struct snapshot_reader {
	_Alignas(64) _Atomic(struct snapshot *) reading; /* a cache line each */
};

struct snapshots {
	_Atomic(struct snapshot *) current;
	struct snapshot_reader *readers;
	unsigned n_readers;
	pthread_mutex_t lock; /* of what follows; and replacing is one at a time */
	struct snapshot *replaced;
	atomic_bool any_replaced;
};

void snapshots_init(
	struct snapshots *ss, unsigned readers, const struct service_data *first);
void snapshots_clear(struct snapshots *ss);

/* From any thread. */
void snapshots_replace(struct snapshots *ss, const struct service_data *data);

/* The snapshot is good until snapshots_leave() by the same reader. */
struct snapshot *snapshots_enter(struct snapshots *ss, unsigned reader);
void snapshots_leave(struct snapshots *ss, unsigned reader);

/* Between enter and leave, or by who holds it already: keeps the snapshot until
 * snapshot_let_go(). */
void snapshot_hold(struct snapshot *s);
void snapshot_let_go(struct snapshots *ss, struct snapshot *s);

/* quirk_choose() under the snapshot's counts. */
struct quirk_choice snapshot_choose_quirk(
	struct snapshot *s, enum proto proto, const struct msg *query);

#endif
