#include "scenario/parse.h"

#include <string.h>

#include "base/arena.h"
#include "base/lookup.h"
#include "base/str.h"
#include "mta/profile.h"
#include "scenario/reader.h"
#include "zone/zone.h"

/* The sending host of every scenario that does not say otherwise: names under
 * example.net (RFC 6761 6.5), an address of TEST-NET-3 (RFC 5737). */
#define SENDER_DEFAULT "sender@sender.example.net"
static const char *const self_names_default[] = { "mx.sender.example.net" };
static const struct ip self_ips_default[] = { { 4, { 203, 0, 113, 10 } } };

/* The scorecard's first column (a row name that wraps makes the table unreadable). */
#define LAYOUT_ROW_MAX 30

static void read_layout(struct reader *r, const struct node *map, struct scenario *s)
{
	const struct node *customer = node_get(map, "customer");
	const struct node *row = node_get(map, "row");

	if (map == NULL)
		return;
	s->layout.row = value_text(r, map, "row", NULL);
	s->layout.needs = value_text(r, map, "needs", NULL);
	if (customer != NULL)
		s->layout.customer = value_name_text(r, customer);
	if (row != NULL && text_columns(row->text) > LAYOUT_ROW_MAX)
		complain(r, row->at, "the row's name has %zu columns; %d is the most",
			text_columns(row->text), LAYOUT_ROW_MAX);
}

static void read_self(struct reader *r, const struct node *map, struct scenario *s)
{
	s->self_names = self_names_default;
	s->n_self_names = ARRAY_LEN(self_names_default);
	s->self_ips = self_ips_default;
	s->n_self_ips = ARRAY_LEN(self_ips_default);
	value_name_texts(r, map, "names", &s->self_names, &s->n_self_names);
	value_ips(r, map, "addresses", &s->self_ips, &s->n_self_ips);
}

static void read_search(struct reader *r, const struct node *list, struct scenario *s)
{
	const struct name **names =
		arena_array(r->arena, values_count(list) + 1u, sizeof(*names));

	for (const struct node *i = values_first(list); i != NULL;
		i = values_next(list, i))
		names[s->n_search++] = value_name(r, i);
	s->search = names;
}

static void read_families(const struct node *list, struct scenario *s)
{
	if (values_first(list) == NULL)
		return;
	s->no_ipv4 = s->no_ipv6 = true;
	for (const struct node *i = values_first(list); i != NULL;
		i = values_next(list, i)) {
		if (strcmp(i->text, "ipv4") == 0)
			s->no_ipv4 = false;
		else
			s->no_ipv6 = false;
	}
}

static void read_header(struct reader *r, const struct node *doc, struct scenario *s)
{
	s->file = arena_strdup(r->arena, r->conf->path);
	s->id = value_text(r, doc, "scenario", NULL);
	s->title = value_text(r, doc, "title", s->id);
	s->group = value_text(r, doc, "group", "other");
	s->sender = value_text(r, doc, "sender", SENDER_DEFAULT);
	s->sender_given = node_get(doc, "sender") != NULL;
	s->clients = value_joined(r, doc, "clients", ',', "*");
	s->resolvers = value_joined(r, doc, "resolvers", ',', "*");
	value_texts(r, doc, "source", &s->source, &s->n_source);
	read_layout(r, node_get(doc, "layout"), s);
	read_self(r, node_get(doc, "self"), s);
	read_search(r, node_get(doc, "search"), s);
	read_families(node_get(doc, "families"), s);
}

/* The first thing at the start of the timeline that a standard server refuses. */
static void find_conflict(struct scenario *s)
{
	const struct stage *start = &s->stages[0];

	for (unsigned i = 0; i < start->n_servers && s->conflict == NULL; i++) {
		const struct server *server = &start->servers[i];

		for (unsigned k = 0; k < server->n_zones && s->conflict == NULL; k++) {
			const struct zone_conflict *c;

			if (zone_conflicts(server->zones[k].zone, &c) > 0)
				s->conflict = &c[0];
		}
	}
}

/* The file's own profiles, once all of them are read. */
static void list_profiles(struct reader *r, size_t from, struct scenario *s)
{
	size_t n = profile_set_size(r->profiles) - from;
	const struct mta_profile **list = arena_array(r->arena, n + 1, sizeof(*list));

	for (size_t i = 0; i < n; i++)
		list[i] = profile_at(r->profiles, from + i);
	s->profiles = list;
	s->n_profiles = (unsigned)n;
}

static void read_scenario(struct reader *r, const struct node *doc, struct scenario *s)
{
	struct draft d = { .n_servers = 0 };

	read_header(r, doc, s);
	read_servers(r, node_get(doc, "servers"), &d);
	read_hosts(r, node_get(doc, "hosts"), &d);
	if (value_is_written(doc, "hosts") && node_get(doc, "hosts") == NULL)
		r->lacks_hosts = true;
	place_servers(r, &d);
	read_addresses(r, doc, &d, s);
	read_stages(r, doc, &d, s);
	find_conflict(s);
}

/* ---- files ---- */

static bool has_only_profiles(const struct node *doc)
{
	return doc->n == 1 && strcmp(doc->first->key, "profiles") == 0;
}

/* The same keys are known either way; a document that says nothing but profiles needs
 * none of the others. */
static void check_document(struct reader *r, struct node *doc)
{
	if (doc->kind == NODE_MAP && has_only_profiles(doc)) {
		if (doc->first->kind != NODE_MAP) {
			doc->first->is_bad = true;
			err_hint(r->errs,
				complain(r, doc->first->key_at,
					"profiles should be a map"),
				"for example profiles: { my-relay: { inherits: postfix "
				"} }");
		}
	} else if (doc->kind == NODE_MAP) {
		check_block(r, doc, BLOCK_SCENARIO);
	} else {
		doc->is_bad = true;
		err_hint(r->errs, complain(r, doc->at, "not a scenario"),
			"a scenario begins \"scenario: ID\"; see harness explain "
			"scenario-format");
	}
}

/* `---` at the end of a file, or a comment between two marks, is no document. */
static struct node *drop_empty(struct node *docs)
{
	struct node *first = NULL, **end = &first;

	for (struct node *d = docs; d != NULL; d = d->next) {
		if (!d->is_null) {
			*end = d;
			end = &d->next;
		}
	}
	*end = NULL;
	return first;
}

static void check_ids(struct reader *r, const struct node *docs)
{
	for (const struct node *d = docs; d != NULL; d = d->next) {
		const struct node *id = node_get(d, "scenario");

		for (const struct node *o = docs; o != d && id != NULL; o = o->next) {
			const char *other = node_text(o, "scenario");

			if (other != NULL && strcmp(other, id->text) == 0)
				complain(r, id->at, "second scenario \"%s\"", other);
		}
	}
}

/* The profiles of a document that has not been checked yet. */
static const struct node *unchecked_profiles(const struct node *doc)
{
	const struct node *n = node_get(doc, "profiles");

	return n != NULL && n->kind == NODE_MAP ? n : NULL;
}

static unsigned count_documents(const struct node *docs)
{
	unsigned n = 0;

	for (const struct node *d = docs; d != NULL; d = d->next)
		n++;
	return n;
}

static void read_documents(
	struct reader *r, struct node *docs, struct scenario **ret, unsigned *ret_n)
{
	struct scenario *list =
		arena_array(r->arena, count_documents(docs) + 1u, sizeof(*list));
	size_t from = profile_set_size(r->profiles);
	unsigned n = 0;

	/* First, since any row of the file may name them. */
	for (struct node *d = docs; d != NULL; d = d->next)
		read_profiles(r, unchecked_profiles(d));
	for (struct node *d = docs; d != NULL; d = d->next)
		check_document(r, d);
	check_ids(r, docs);
	for (struct node *d = docs; d != NULL; d = d->next) {
		r->lacks_zones = r->lacks_servers = r->lacks_hosts = false;
		if (!d->is_bad && !has_only_profiles(d))
			read_scenario(r, d, &list[n++]);
	}
	for (unsigned i = 0; i < n; i++)
		list_profiles(r, from, &list[i]);
	*ret = n == 0 ? NULL : list;
	*ret_n = n;
}

/* "scenarios/" of "scenarios/a.conf". */
static const char *folder_of(struct arena *a, const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash == NULL ? "" : arena_strndup(a, path, (size_t)(slash - path) + 1);
}

static int parse_conf(struct arena *a, const struct conf_text *conf,
	struct profile_set *profiles, struct errs *errs, struct scenario **ret,
	unsigned *ret_n)
{
	struct reader r = {
		.arena = a,
		.errs = errs,
		.conf = conf,
		.dir = folder_of(errs->arena, conf->path),
		.profiles = profiles,
	};
	struct node *docs;

	if (conf_parse(a, conf, errs, &docs) != 0)
		r.mistakes++;
	docs = drop_empty(docs);
	if (docs == NULL && r.mistakes == 0)
		complain(&r, (struct place){ conf->path, 0, 0 }, "the file is empty");
	if (count_documents(docs) > CONF_LIST_MAX) {
		complain(&r, (struct place){ conf->path, 0, 0 },
			"more than %d scenarios in one file", CONF_LIST_MAX);
		docs = NULL;
	}
	read_documents(&r, docs, ret, ret_n);
	conf_add_sources(conf, errs);
	return r.mistakes == 0 ? 0 : -1;
}

int scenario_parse_file(struct arena *a, const char *path, struct profile_set *profiles,
	struct errs *errs, struct scenario **ret, unsigned *ret_n)
{
	struct conf_text conf;

	*ret = NULL;
	*ret_n = 0;
	if (conf_read(a, path, errs, &conf) != 0)
		return -1;
	return parse_conf(a, &conf, profiles, errs, ret, ret_n);
}

int scenario_parse_text(struct arena *a, const char *path, const char *text, size_t len,
	struct profile_set *profiles, struct errs *errs, struct scenario **ret,
	unsigned *ret_n)
{
	struct conf_text conf;

	*ret = NULL;
	*ret_n = 0;
	if (conf_from_text(a, path, text, len, errs, &conf) != 0)
		return -1;
	return parse_conf(a, &conf, profiles, errs, ret, ret_n);
}
