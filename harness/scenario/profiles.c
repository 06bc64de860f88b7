#include "scenario/reader.h"

#include <string.h>

#include "base/arena.h"
#include "mta/profile.h"

static void set_fields(struct reader *r, struct node *map, struct mta_profile *p)
{
	for (struct node *n = map->first; n != NULL; n = n->next) {
		if (strcmp(n->key, "inherits") == 0)
			continue;
		for (const struct node *o = map->first; o != n; o = o->next) {
			if (strcmp(o->key, n->key) == 0)
				complain(r, n->key_at, "second \"%s\" in one profile",
					n->key);
		}
		if (n->is_bad)
			continue;
		if (n->kind != NODE_SCALAR)
			complain(r, n->at, "%s should be a word", n->key);
		else if (profile_set_field(r->profiles, p, n->key, n->text, n->key_at,
				 n->at, r->errs) != 0)
			r->mistakes++;
	}
}

static void unknown_parent(
	struct reader *r, const struct node *map, const char *inherits)
{
	struct err *e = complain(
		r, node_get(map, "inherits")->at, "unknown client \"%s\"", inherits);

	for (const struct node *n = map->next; n != NULL; n = n->next) {
		if (strcmp(n->key, inherits) == 0) {
			err_hint(r->errs, e,
				"it stands in line %d; write it above those that "
				"inherit from it",
				n->key_at.line);
			return;
		}
	}
	suggest(r, e, profile_nearest(r->profiles, inherits));
}

static void read_profile(struct reader *r, struct node *map)
{
	const char *inherits = node_text(map, "inherits");
	struct mta_profile *p;

	if (map->kind != NODE_MAP) {
		err_hint(r->errs,
			complain(r, map->is_null ? map->key_at : map->at,
				"profile \"%s\" should be a map", map->key),
			"%s: { inherits: postfix }", map->key);
		return;
	}
	if (map->n > CONF_LIST_MAX) {
		complain(r, map->at, "profile \"%s\" has too many fields", map->key);
		return;
	}
	if (inherits == NULL) {
		complain(r, map->key_at, "profile \"%s\" without \"inherits\"",
			map->key);
		return;
	}
	if (profile_find(r->profiles, inherits) == NULL) {
		unknown_parent(r, map, inherits);
		return;
	}
	p = profile_define(r->profiles, map->key, inherits, map->key_at, r->errs);
	if (p == NULL)
		r->mistakes++;
	else
		set_fields(r, map, p);
}

void read_profiles(struct reader *r, const struct node *map)
{
	if (map == NULL)
		return;
	if (map->n > CONF_LIST_MAX) {
		complain(r, map->at, "profiles has %u entries; %d is the most", map->n,
			CONF_LIST_MAX);
		return;
	}
	for (struct node *n = map->first; n != NULL; n = n->next) {
		if (!n->is_bad)
			read_profile(r, n);
	}
}
