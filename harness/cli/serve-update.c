#include "cli/serve.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/bug.h"
#include "cli/cli.h"
#include "cli/output.h"
#include "server/journal.h"

/* ---- keys ---- */

/* The zone in the lists of copies, or NULL. */
static struct server_zone *find_zone(const struct serve_data *d,
	struct server_zone *const *copies, const struct name *name)
{
	for (unsigned i = 0; i < d->n; i++) {
		for (unsigned k = 0; k < d->list[i].server.n_zones; k++) {
			if (name_equal(zone_origin(copies[i][k].zone), name))
				return &copies[i][k];
		}
	}
	return NULL;
}

static void give_key(struct arena *a, const struct serve_data *d,
	struct server_zone *const *copies, const char *option, struct errs *errs)
{
	const char *equals = strchr(option, '='),
		   *why = "a key is given as ZONE=[hmac:]NAME:SECRET";
	struct tsig_key *key = arena_alloc(a, sizeof(*key));
	struct place at = { .file = "--key" };
	const struct name *name = NULL;
	struct server_zone *zone;

	if (equals != NULL)
		name = name_from_text(a,
			arena_strndup(a, option, (size_t)(equals - option)), NULL,
			&why);
	if (name == NULL || tsig_key_from_text(a, equals + 1, key, &why) != 0) {
		errs_add(errs, at, "%s", why);
		return;
	}
	zone = find_zone(d, copies, name);
	if (zone == NULL)
		errs_add(errs, at, "no zone %s is served", name_text(a, name));
	else
		zone->key = key;
}

/* A description may not be changed, so its zones are copied. */
int serve_give_keys(const struct serve_options *o, struct arena *a, struct errs *errs,
	struct serve_data *d)
{
	struct server_zone **copies = arena_array(a, d->n, sizeof(*copies));
	size_t had = errs->n;

	if (o->n_keys == 0)
		return 0;
	for (unsigned i = 0; i < d->n; i++) {
		struct server *s = &d->list[i].server;

		copies[i] = arena_memdup(a, s->zones, s->n_zones * sizeof(*s->zones));
		s->zones = copies[i];
	}
	for (unsigned i = 0; i < o->n_keys; i++)
		give_key(a, d, copies, o->keys[i], errs);
	for (unsigned i = 0; i < d->n; i++)
		server_prepare(a, &d->list[i].server);
	return errs->n > had ? -1 : 0;
}

/* ---- journals ---- */

static struct journal *open_journal(const char *dir, const char *name)
{
	struct arena *a = arena_new();
	struct journal *j;
	struct errs errs;

	errs_init(&errs, a);
	j = journal_open(dir, name, &errs);
	if (j == NULL)
		errs_print(&errs, stderr, colour_wanted(COLOUR_AUTO, stderr));
	else if (journal_torn(j) > 0)
		cli_complain("%s: the last %zu octets are cut off: an update that was "
			     "not answered",
			journal_path(j), journal_torn(j));
	arena_free(a);
	return j;
}

struct journal **serve_open_journals(
	const struct serve_options *o, const struct serve_data *d)
{
	struct journal **list = calloc(d->n, sizeof(*list));

	if (list == NULL)
		bug("out of memory");
	for (unsigned i = 0; i < d->n && o->journal != NULL; i++) {
		list[i] = open_journal(o->journal, d->list[i].server.name);
		if (list[i] == NULL) {
			serve_close_journals(list, i);
			return NULL;
		}
	}
	return list;
}

void serve_close_journals(struct journal **list, unsigned n)
{
	if (list == NULL)
		return;
	for (unsigned i = 0; i < n; i++)
		journal_close(list[i]);
	free(list);
}
