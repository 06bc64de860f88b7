#include "scenario/parse.h"

#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "mta/profile.h"
#include "scenario/reader.h"

/* Shares are percentages or counts of servers: more is a slip of the keyboard, and sums
 * of a list stay exact. */
#define WEIGHT_MAX 1e9

/* A decimal number, nothing else that strtod() would take ("inf", "0x1p3"). */
static bool weight_from_text(const char *text, double *ret)
{
	if (text[0] == '\0' || strlen(text) > 20 ||
		text[strspn(text, "0123456789.")] != '\0' ||
		strchr("0123456789", text[0]) == NULL ||
		strchr(text, '.') != strrchr(text, '.'))
		return false;
	*ret = strtod(text, NULL);
	return *ret <= WEIGHT_MAX;
}

typedef bool check_glob_fn(struct reader *r, const char *glob, struct place at);

static void read_weight(struct reader *r, const struct node *map, const struct node *n,
	check_glob_fn *check, struct mix_row *ret)
{
	ret->glob = arena_strdup(r->arena, n->key);
	check(r, ret->glob, n->key_at);
	for (const struct node *o = map->first; o != n; o = o->next) {
		if (strcmp(o->key, n->key) == 0)
			complain(r, n->key_at, "second \"%s\"", n->key);
	}
	if (n->is_bad)
		return;
	if (n->kind != NODE_SCALAR || !weight_from_text(n->text, &ret->weight))
		complain(r, n->is_null ? n->key_at : n->at,
			"the weight of \"%s\" should be a number, 0 or more", n->key);
}

static void read_weights(struct reader *r, const struct node *map, check_glob_fn *check,
	const struct mix_row **ret, unsigned *ret_n)
{
	struct mix_row *rows;
	double sum = 0;
	unsigned n = 0, before = r->mistakes;

	if (map == NULL)
		return;
	if (map->n > CONF_LIST_MAX) {
		complain(r, map->at, "%s has %u entries; %d is the most", map->key,
			map->n, CONF_LIST_MAX);
		return;
	}
	rows = arena_array(r->arena, map->n + 1u, sizeof(*rows));
	for (const struct node *i = map->first; i != NULL; i = i->next) {
		read_weight(r, map, i, check, &rows[n]);
		sum += rows[n++].weight;
	}
	if (!(sum > 0) && r->mistakes == before)
		complain(r, map->key_at, "%s needs a weight over 0", map->key);
	*ret = rows;
	*ret_n = n;
}

static void read_mix(struct reader *r, struct node *doc, struct mix *m)
{
	check_block(r, doc, BLOCK_MIX);
	m->source = value_text(r, doc, "source", NULL);
	read_weights(r, node_get(doc, "clients"), check_client_glob, &m->clients,
		&m->n_clients);
	read_weights(r, node_get(doc, "resolvers"), check_resolver_glob, &m->resolvers,
		&m->n_resolvers);
	if (!value_is_written(doc, "clients") && !value_is_written(doc, "resolvers"))
		complain(r, doc->at, "neither clients nor resolvers have weights");
}

int mix_parse_file(
	struct arena *a, const char *path, struct errs *errs, struct mix **ret)
{
	struct reader r = { .arena = a, .errs = errs };
	struct conf_text conf;
	struct node *docs;
	struct mix *m = arena_alloc(a, sizeof(*m));

	if (conf_read(a, path, errs, &conf) != 0)
		return -1;
	r.conf = &conf;
	r.profiles = profile_set_new(a);
	if (conf_parse(a, &conf, errs, &docs) != 0)
		r.mistakes++;
	else if (docs == NULL || docs->kind != NODE_MAP || docs->next != NULL)
		complain(&r, (struct place){ conf.path, 1, 1 },
			"a mix is one map: source, clients, resolvers");
	else
		read_mix(&r, docs, m);
	conf_add_sources(&conf, errs);
	if (r.mistakes > 0)
		return -1;
	*ret = m;
	return 0;
}
