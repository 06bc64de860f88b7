#include "server/updates.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/bug.h"
#include "server/journal.h"
#include "server/live.h"
#include "server/update.h"

/* A journal of another world than the master files' has the same to say a thousand
 * times. */
#define TOLD_MAX 10

void updates_init(struct updates *u, const struct service_options *o)
{
	pthread_mutex_init(&u->lock, NULL);
	u->journal = o->journal;
	u->tell = o->tell;
	u->ctx = o->tell_ctx;
}

void updates_clear(struct updates *u)
{
	pthread_mutex_destroy(&u->lock);
}

static void tell(const struct updates *u, struct arena *a, const char *what)
{
	if (u->tell != NULL)
		u->tell(u->ctx,
			arena_printf(a, "%s: %s", journal_path(u->journal), what));
}

/* The zone of that name, by its index; -1 when there is none. */
static long find_zone(const struct server *s, const struct name *name)
{
	struct question q = { name, TYPE_SOA, CLASS_IN };
	const struct answer_zone *z = answer_zone_for(&s->every, &q);

	if (z == NULL || !name_equal(zone_origin(z->zone), name))
		return -1;
	return z - s->every.zones;
}

/* ---- one update ---- */

static bool is_key_of(const struct server_zone *z, const struct tsig_key *key)
{
	return key != NULL && z->key != NULL && tsig_key_equal(z->key, key);
}

static uint16_t write_down(struct updates *u, struct arena *a, const struct update *up,
	const uint8_t *message, size_t len)
{
	if (u->journal == NULL ||
		journal_append(u->journal, up->zone, message, len) == 0)
		return RCODE_NOERROR;
	tell(u, a,
		arena_printf(a, "an update of %s is not done: cannot write: %s",
			name_text(a, up->zone), strerror(errno)));
	return RCODE_SERVFAIL;
}

static void serve(struct snapshots *ss, const struct service_data *data, unsigned zone,
	const struct zone_edit *e)
{
	struct live_change change = { .zone = zone, .memory = arena_new() };
	struct service_data now;

	change.now = update_finish(change.memory, data->server.zones[zone].zone, e);
	live_exchange(data, &change, 1, &now);
	snapshots_replace(ss, &now);
}

/* With the lock held, what is current stays so. */
static uint16_t apply_locked(struct updates *u, struct snapshots *ss, struct arena *a,
	const struct tsig_key *key, const struct update *up, const uint8_t *message,
	size_t len)
{
	const struct service_data *data = &atomic_load(&ss->current)->data;
	long zone = find_zone(&data->server, up->zone);
	struct zone_edit *e;
	uint16_t rcode;

	if (zone < 0)
		return RCODE_NOTAUTH;
	if (!is_key_of(&data->server.zones[zone], key))
		return RCODE_REFUSED;
	/* A strict server has not loaded it: there is nothing to change. */
	if (data->server.refused[zone])
		return RCODE_SERVFAIL;
	if (!update_is_possible(data->server.zones[zone].zone))
		return RCODE_REFUSED;
	e = zone_edit_new(a, data->server.zones[zone].zone);
	rcode = update_apply(a, up, e);
	if (rcode != RCODE_NOERROR || !zone_edit_differs(e))
		return rcode;
	rcode = write_down(u, a, up, message, len);
	if (rcode == RCODE_NOERROR)
		serve(ss, data, (unsigned)zone, e);
	return rcode;
}

uint16_t updates_apply(struct updates *u, struct snapshots *ss,
	const struct tsig_key *key, const uint8_t *message, size_t len)
{
	struct arena *a = arena_new();
	struct update up;
	uint16_t rcode = update_read(a, message, len, &up);

	if (rcode == RCODE_NOERROR) {
		pthread_mutex_lock(&u->lock);
		rcode = apply_locked(u, ss, a, key, &up, message, len);
		pthread_mutex_unlock(&u->lock);
	}
	arena_free(a);
	return rcode;
}

/* ---- what the journal holds ---- */

struct replay {
	struct updates *u;
	const struct server *server;
	struct arena *arena;	  /* until the zones are made */
	struct zone_edit **edits; /* for each zone; NULL: not changed */
	unsigned long done, left_out;
};

static void leave_out(
	struct replay *r, const struct journal_record *record, const char *why)
{
	if (r->left_out++ < TOLD_MAX)
		tell(r->u, r->arena,
			arena_printf(r->arena, "update %lu, of %s, is left out: %s",
				record->number, name_text(r->arena, record->zone),
				why));
}

/* The prerequisites count again: where the master file has changed meanwhile they say
 * whether the sender would still want it. */
static void do_again(void *ctx, const struct journal_record *record)
{
	struct replay *r = ctx;
	long zone = find_zone(r->server, record->zone);
	char text[RCODE_TEXT_MAX];
	struct update up;
	uint16_t rcode;

	if (zone < 0) {
		leave_out(r, record, "there is no such zone any more");
		return;
	}
	if (r->edits[zone] == NULL &&
		!update_is_possible(r->server->zones[zone].zone)) {
		leave_out(r, record, "the zone is signed by others now");
		return;
	}
	if (r->edits[zone] == NULL)
		r->edits[zone] = zone_edit_new(r->arena, r->server->zones[zone].zone);
	rcode = update_read(r->arena, record->message, record->len, &up);
	if (rcode == RCODE_NOERROR)
		rcode = update_apply(r->arena, &up, r->edits[zone]);
	if (rcode != RCODE_NOERROR)
		leave_out(r, record,
			arena_printf(r->arena, "%s, in the zone as loaded",
				rcode_to_text(rcode, text)));
	else
		r->done++;
}

static void make_zones(const struct replay *r, struct service_data *data)
{
	const struct server *s = r->server;
	struct live_change *changes =
		arena_array(r->arena, s->n_zones, sizeof(*changes));
	struct service_data old = *data;
	unsigned n = 0;

	for (unsigned i = 0; i < s->n_zones; i++) {
		struct live_change *c = &changes[n];

		if (r->edits[i] == NULL)
			continue;
		n++;
		c->zone = i;
		c->memory = arena_new();
		c->now = update_finish(c->memory, s->zones[i].zone, r->edits[i]);
	}
	if (n == 0)
		return;
	live_exchange(&old, changes, n, data);
	old.release(old.memory);
}

static void tell_result(const struct replay *r)
{
	const char *more = "";

	if (r->left_out > 0)
		more = arena_printf(r->arena, ", %lu left out", r->left_out);
	if (r->done > 0 || r->left_out > 0)
		tell(r->u, r->arena,
			arena_printf(r->arena, "%lu update%s done again%s", r->done,
				r->done == 1 ? "" : "s", more));
}

void updates_prepare(struct updates *u, struct service_data *data)
{
	struct replay r = { .u = u };

	pthread_mutex_lock(&u->lock);
	live_begin(data);
	if (u->journal == NULL)
		return;
	r.server = &data->server;
	r.arena = arena_new();
	r.edits =
		arena_array(r.arena, data->server.n_zones, sizeof(struct zone_edit *));
	if (journal_each(u->journal, do_again, &r) != 0)
		tell(u, r.arena,
			arena_printf(r.arena, "cannot read: %s", strerror(errno)));
	make_zones(&r, data);
	tell_result(&r);
	arena_free(r.arena);
}

void updates_ready(struct updates *u)
{
	pthread_mutex_unlock(&u->lock);
}
