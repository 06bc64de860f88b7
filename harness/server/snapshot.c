#include "server/snapshot.h"

#include <stdlib.h>

#include "base/arena.h"
#include "base/bug.h"

static void *get(size_t align, size_t size)
{
	void *p = aligned_alloc(align, size);

	if (p == NULL)
		bug("out of memory");
	return p;
}

/* ---- quirks ---- */

static struct quirk_counts *counts_new(const struct server *server)
{
	struct arena *a = arena_new();
	struct quirk_counts *c = arena_alloc(a, sizeof(*c));

	c->arena = a;
	atomic_init(&c->owners, 1);
	pthread_mutex_init(&c->lock, NULL);
	server_state_init(a, server, &c->state);
	return c;
}

static void counts_drop(struct quirk_counts *c)
{
	if (c == NULL || atomic_fetch_sub(&c->owners, 1) > 1)
		return;
	pthread_mutex_destroy(&c->lock);
	arena_free(c->arena);
}

/* `before` may be NULL. */
static struct quirk_counts *counts_for(
	const struct server *server, struct snapshot *before)
{
	if (server->n_quirks == 0)
		return NULL;
	if (before == NULL || before->data.server.quirks != server->quirks)
		return counts_new(server);
	atomic_fetch_add(&before->counts->owners, 1);
	return before->counts;
}

struct quirk_choice snapshot_choose_quirk(
	struct snapshot *s, enum proto proto, const struct msg *query)
{
	struct quirk_choice choice = { 0 };

	if (s->counts == NULL)
		return choice;
	pthread_mutex_lock(&s->counts->lock);
	choice = quirk_choose(&s->data.server, &s->counts->state, proto, query);
	pthread_mutex_unlock(&s->counts->lock);
	return choice;
}

/* ---- snapshots ---- */

static struct snapshot *snapshot_new(
	const struct service_data *data, struct snapshot *before)
{
	struct snapshot *s = get(_Alignof(struct snapshot), sizeof(*s));

	*s = (struct snapshot){ .data = *data };
	s->counts = counts_for(&s->data.server, before);
	return s;
}

static void snapshot_free(struct snapshot *s)
{
	counts_drop(s->counts);
	if (s->data.release != NULL)
		s->data.release(s->data.memory);
	free(s);
}

void snapshots_init(
	struct snapshots *ss, unsigned readers, const struct service_data *first)
{
	*ss = (struct snapshots){ .n_readers = readers };
	ss->readers =
		get(_Alignof(struct snapshot_reader), readers * sizeof(*ss->readers));
	for (unsigned i = 0; i < readers; i++)
		atomic_init(&ss->readers[i].reading, NULL);
	pthread_mutex_init(&ss->lock, NULL);
	atomic_init(&ss->current, snapshot_new(first, NULL));
}

void snapshots_clear(struct snapshots *ss)
{
	struct snapshot *s = ss->replaced, *next;

	for (; s != NULL; s = next) {
		next = s->next;
		snapshot_free(s);
	}
	snapshot_free(atomic_load(&ss->current));
	pthread_mutex_destroy(&ss->lock);
	free(ss->readers);
}

/* Readers are looked at before the count: who holds it counts up while reading. */
static bool is_used(struct snapshots *ss, struct snapshot *s)
{
	for (unsigned i = 0; i < ss->n_readers; i++) {
		if (atomic_load(&ss->readers[i].reading) == s)
			return true;
	}
	return atomic_load(&s->held) > 0;
}

static void collect(struct snapshots *ss)
{
	struct snapshot *unused = NULL, *s;

	pthread_mutex_lock(&ss->lock);
	for (struct snapshot **at = &ss->replaced; *at != NULL;) {
		s = *at;
		if (is_used(ss, s)) {
			at = &s->next;
			continue;
		}
		*at = s->next;
		s->next = unused;
		unused = s;
	}
	atomic_store(&ss->any_replaced, ss->replaced != NULL);
	pthread_mutex_unlock(&ss->lock);
	while ((s = unused) != NULL) {
		unused = s->next;
		snapshot_free(s);
	}
}

void snapshots_replace(struct snapshots *ss, const struct service_data *data)
{
	struct snapshot *old;

	pthread_mutex_lock(&ss->lock);
	old = atomic_load(&ss->current);
	atomic_store(&ss->current, snapshot_new(data, old));
	old->next = ss->replaced;
	ss->replaced = old;
	atomic_store(&ss->any_replaced, true);
	pthread_mutex_unlock(&ss->lock);
	collect(ss);
}

struct snapshot *snapshots_enter(struct snapshots *ss, unsigned reader)
{
	struct snapshot *s = atomic_load(&ss->current), *again;

	/* What is current after we said that we read it cannot have been freed before:
	 * who frees looks at the readers after it was replaced. */
	for (;;) {
		atomic_store(&ss->readers[reader].reading, s);
		again = atomic_load(&ss->current);
		if (again == s)
			return s;
		s = again;
	}
}

void snapshots_leave(struct snapshots *ss, unsigned reader)
{
	atomic_store(&ss->readers[reader].reading, NULL);
	if (atomic_load(&ss->any_replaced))
		collect(ss);
}

void snapshot_hold(struct snapshot *s)
{
	atomic_fetch_add(&s->held, 1);
}

void snapshot_let_go(struct snapshots *ss, struct snapshot *s)
{
	if (atomic_fetch_sub(&s->held, 1) == 1 && atomic_load(&ss->any_replaced))
		collect(ss);
}
