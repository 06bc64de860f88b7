/* updates.h - inside server: the updates of a service, one at a time.
 *
 * Who may change what: a zone is changed by its own key and no other (RFC 2136 3.3, RFC
 * 8945). An update is in the journal, when there is one, before it is served, and
 * served before it is answered. */
#ifndef SERVER_UPDATES_H
#define SERVER_UPDATES_H

#include <pthread.h>

#include "dns/tsig.h"
#include "server/snapshot.h"

struct updates {
	pthread_mutex_t lock; /* who changes what is served has it */
	struct journal *journal;
	void (*tell)(void *ctx, const char *text);
	void *ctx;
};

void updates_init(struct updates *u, const struct service_options *o);
void updates_clear(struct updates *u);

/* Makes a new description ready: its zones can be exchanged from now on, and what the
 * journal holds is done to them. Takes the lock, which updates_ready() gives back when
 * the description is served. */
void updates_prepare(struct updates *u, struct service_data *data);
void updates_ready(struct updates *u);

/* Answers an UPDATE message; `key` is what it was signed with, or NULL. Returns the
 * RCODE. The message is without its TSIG. */
uint16_t updates_apply(struct updates *u, struct snapshots *ss,
	const struct tsig_key *key, const uint8_t *message, size_t len);

#endif
