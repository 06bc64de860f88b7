#include "scenario/reader.h"

#include <string.h>

#include "base/arena.h"
#include "dns/idn.h"

/* ---- rows ---- */

/* A `web` is one of the world's hosts, an address or "nowhere". */
static const char *read_web(
	struct reader *r, const struct node *map, const struct draft *d)
{
	const struct node *n = node_get(map, "web");
	const char *name;
	struct ip ip;

	if (n == NULL)
		return NULL;
	if (strcmp(n->text, "nowhere") == 0 || ip_from_text(n->text, &ip) == 0)
		return arena_strdup(r->arena, n->text);
	name = value_name_text(r, n);
	check_host(r, d, name, n->at);
	return name;
}

static const char *read_host_name(
	struct reader *r, const struct node *map, const struct draft *d)
{
	const struct node *n = node_get(map, "host");
	const char *name;

	if (n == NULL)
		return NULL;
	name = value_name_text(r, n);
	check_host(r, d, name, n->at);
	return name;
}

/* The names of a route: as names are printed, or a word of the client's own (an
 * address literal has brackets). */
static void read_route(struct reader *r, const struct node *map, struct expect_row *row)
{
	const struct node *list = node_get(map, "route");
	const char **names, *why;
	unsigned n = 0;

	if (list == NULL)
		return;
	names = arena_array(r->arena, values_count(list) + 1u, sizeof(*names));
	for (const struct node *i = values_first(list); i != NULL;
		i = values_next(list, i)) {
		const struct name *name =
			i->text[0] == '['
				? NULL
				: name_from_text(r->arena, i->text, NULL, &why);

		names[n++] = name != NULL ? name_text(r->arena, name)
					  : arena_strdup(r->arena, i->text);
	}
	row->has_route = true;
	row->route = names;
	row->n_route = n;
}

/* "mx  Customer.example." becomes "MX Customer.example": one space, type in capitals,
 * no final dot. */
static void read_queries(
	struct reader *r, const struct node *map, struct expect_row *row)
{
	const struct node *list = node_get(map, "queries");
	const char **texts, *why;
	struct question q;
	unsigned n = 0;

	if (list == NULL)
		return;
	texts = arena_array(r->arena, values_count(list) + 1u, sizeof(*texts));
	for (const struct node *i = values_first(list); i != NULL;
		i = values_next(list, i)) {
		char type[RRTYPE_TEXT_MAX];

		if (!question_from_text(r->arena, i->text, &q, &why))
			continue;
		texts[n++] = arena_printf(r->arena, "%s %s",
			rrtype_to_text(q.type, type), name_text(r->arena, q.name));
	}
	row->has_queries = true;
	row->queries = texts;
	row->n_queries = n;
}

static bool speaks(const struct node *map)
{
	return value_is_written(map, "verdict") ||
	       value_is_written(map, "disposition") || value_is_written(map, "host") ||
	       value_is_written(map, "rcpt") || value_is_written(map, "mail_from") ||
	       value_is_written(map, "status") || value_is_written(map, "route") ||
	       value_is_written(map, "queries");
}

static const char *read_known(struct reader *r, const struct node *map)
{
	const char *known = value_text(r, map, "known", NULL);

	if (known == NULL && node_get(map, "expect") != NULL)
		return "no reason given";
	return known;
}

static void read_row(struct reader *r, const struct node *map, const struct draft *d,
	struct expect_row *row)
{
	*row = (struct expect_row){
		.at = map->at,
		.clients = value_joined(r, map, "clients", ',', "*"),
		.resolvers = value_joined(r, map, "resolvers", ',', "*"),
		.has_mail = speaks(map),
		.verdict = value_joined(r, map, "verdict", '|', NULL),
		.disposition = value_text(r, map, "disposition", NULL),
		.host = read_host_name(r, map, d),
		.rcpt = value_text(r, map, "rcpt", NULL),
		.mail_from = value_text(r, map, "mail_from", NULL),
		.status = value_text(r, map, "status", NULL),
		.web = read_web(r, map, d),
		.known = read_known(r, map),
	};
	read_route(r, map, row);
	read_queries(r, map, row);
	if (!row->has_mail && !value_is_written(map, "web"))
		err_hint(r->errs,
			complain(r, map->at, "the row says nothing about mail or web"),
			"add verdict, web, ...");
}

static bool matches_all(const struct expect_row *row)
{
	return strcmp(row->clients, "*") == 0 && strcmp(row->resolvers, "*") == 0;
}

/* A row that can never decide, since a later one for everybody speaks of the same side:
 * the last row that matches wins. */
static void check_shadows(struct reader *r, const struct expect_row *rows, unsigned n)
{
	const struct expect_row *mail = NULL, *web = NULL; /* nearest later for all */

	while (n-- > 0) {
		const struct expect_row *row = &rows[n];
		const struct expect_row *by = row->has_mail ? mail : web;

		if ((!row->has_mail || mail != NULL) &&
			(row->web == NULL || web != NULL) && by != NULL)
			err_hint(r->errs,
				complain(r, row->at,
					"the row never counts: line %d speaks of every "
					"client and resolver",
					by->at.line),
				"the last row that matches wins: move line %d up",
				by->at.line);
		if (matches_all(row) && row->has_mail)
			mail = row;
		if (matches_all(row) && row->web != NULL)
			web = row;
	}
}

void read_rows(struct reader *r, const struct node *list, const struct draft *d,
	const struct expect_row **ret, unsigned *ret_n)
{
	struct expect_row *rows =
		arena_array(r->arena, values_count(list) + 1u, sizeof(*rows));
	unsigned n = 0;

	for (const struct node *i = values_first(list); i != NULL;
		i = values_next(list, i))
		read_row(r, i, d, &rows[n++]);
	check_shadows(r, rows, n);
	*ret = rows;
	*ret_n = n;
}

/* ---- addresses ---- */

static void read_intended(struct reader *r, const struct node *map,
	const struct draft *d, struct scenario_address *ret)
{
	const struct node *list = node_get(map, "intended");

	value_name_texts(r, map, "intended", &ret->intended, &ret->n_intended);
	for (const struct node *i = values_first(list); i != NULL;
		i = values_next(list, i))
		check_host(r, d, value_name_text(r, i), i->at);
}

static bool rows_have_web(const struct expect_row *rows, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		if (rows[i].web != NULL)
			return true;
	}
	return false;
}

/* Where the visitor starts when the file does not say: the address's domain, if
 * anything is expected of the web at all. */
static const char *default_visit(
	struct reader *r, const struct scenario_address *a, bool steps_have_web)
{
	const char *domain = strrchr(a->address, '@');
	const char *ascii, *why;

	if (a->web == NULL && !rows_have_web(a->expect, a->n_expect) && !steps_have_web)
		return NULL;
	if (domain == NULL || domain[1] == '[')
		return NULL;
	ascii = idn_to_ascii(r->arena, domain + 1);
	if (ascii == NULL || name_from_text(r->arena, ascii, NULL, &why) == NULL)
		return NULL;
	return name_text(r->arena, name_literal(r->arena, ascii));
}

static void read_address(struct reader *r, const struct node *map,
	const struct draft *d, bool steps_have_web, struct scenario_address *ret)
{
	const struct node *visit = node_get(map, "visit");

	*ret = (struct scenario_address){
		.at = map->at,
		.address = value_text(r, map, "address", NULL),
		.web = read_web(r, map, d),
	};
	read_intended(r, map, d, ret);
	read_rows(r, node_get(map, "expect"), d, &ret->expect, &ret->n_expect);
	if (visit != NULL)
		ret->visit = value_name_text(r, visit);
	else if (ret->address != NULL)
		ret->visit = default_visit(r, ret, steps_have_web);
	if (ret->web != NULL && ret->visit == NULL && ret->address != NULL &&
		!value_is_written(map, "visit"))
		complain(r, node_get(map, "web")->key_at,
			"web needs a visit: \"%s\" has no domain to start from",
			ret->address);
}

static bool steps_mention_web(const struct node *steps)
{
	for (const struct node *s = values_first(steps); s != NULL;
		s = values_next(steps, s)) {
		const struct node *rows = node_get(s, "expect");

		for (const struct node *i = values_first(rows); i != NULL;
			i = values_next(rows, i)) {
			if (node_get(i, "web") != NULL)
				return true;
		}
	}
	return false;
}

void read_addresses(struct reader *r, const struct node *doc, const struct draft *d,
	struct scenario *s)
{
	const struct node *list = node_get(doc, "addresses");
	bool steps_have_web = steps_mention_web(node_get(doc, "steps"));
	struct scenario_address *new =
		arena_array(r->arena, values_count(list) + 1u, sizeof(*new));
	unsigned n = 0;

	for (const struct node *i = values_first(list); i != NULL;
		i = values_next(list, i)) {
		read_address(r, i, d, steps_have_web, &new[n]);
		if (new[n].address == NULL)
			continue;
		for (unsigned k = 0; k < n; k++) {
			if (strcmp(new[k].address, new[n].address) == 0)
				err_hint(r->errs,
					complain(r, i->at, "second address \"%s\"",
						new[n].address),
					"the first stands in line %d", new[k].at.line);
		}
		n++;
	}
	s->addresses = new;
	s->n_addresses = n;
}

void read_before(struct reader *r, const struct node *list, const struct before **ret,
	unsigned *ret_n)
{
	struct before *new =
		arena_array(r->arena, values_count(list) + 1u, sizeof(*new));
	unsigned n = 0;
	const char *why;

	for (const struct node *i = values_first(list); i != NULL;
		i = values_next(list, i)) {
		if (strncmp(i->text, "wait ", 5) == 0)
			new[n++].wait_us = value_wait(i);
		else if (question_from_text(r->arena, i->text, &new[n].question, &why))
			n++;
	}
	*ret = new;
	*ret_n = n;
}
