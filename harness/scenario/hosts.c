#include "scenario/reader.h"

#include <string.h>

#include "base/arena.h"
#include "base/lookup.h"

#define SMTP_READY 220 /* RFC 5321 4.2.3 */

void read_smtp(struct reader *r, const struct node *map, struct smtp_host *ret)
{
	const char *connection = node_text(map, "connection");
	unsigned greeting = value_count(map, "greeting");

	*ret = (struct smtp_host){
		.behaviour = HOST_SMTP_OPEN,
		.greeting = greeting == 0 ? SMTP_READY : (int)greeting,
		.rcpt = (int)value_count(map, "rcpt"),
	};
	if (connection != NULL)
		ret->behaviour = strcmp(connection, "timeout") == 0 ? HOST_SMTP_SILENT
								    : HOST_SMTP_NONE;
	ret->accepts_all =
		!value_name_texts(r, map, "accepts", &ret->accepts, &ret->n_accepts);
	value_texts(r, map, "recipients", &ret->recipients, &ret->n_recipients);
}

void read_http(struct reader *r, const struct node *map, struct http_host *ret)
{
	const struct node *redirect = node_get(map, "redirect");

	*ret = (struct http_host){ .listens = true };
	value_name_texts(r, map, "serves", &ret->serves, &ret->n_serves);
	if (redirect != NULL)
		ret->redirect = value_name_text(r, redirect);
}

const struct host_draft *draft_host(const struct draft *d, const char *name)
{
	for (unsigned i = 0; i < d->n_hosts; i++) {
		if (strcasecmp(d->hosts[i].h.name, name) == 0)
			return &d->hosts[i];
	}
	return NULL;
}

static const char *nearest_host(
	struct reader *r, const struct draft *d, const char *name)
{
	const char **names = arena_array(r->arena, d->n_hosts + 1u, sizeof(*names));

	for (unsigned i = 0; i < d->n_hosts; i++)
		names[i] = d->hosts[i].h.name;
	return lookup_nearest(names, d->n_hosts, sizeof(*names), name);
}

void check_host(
	struct reader *r, const struct draft *d, const char *name, struct place at)
{
	struct err *e;

	if (r->lacks_hosts || draft_host(d, name) != NULL)
		return;
	e = complain(r, at, "\"%s\" is not in hosts", name);
	suggest(r, e, nearest_host(r, d, name));
}

static void read_host(struct reader *r, const struct node *map, struct draft *d)
{
	const struct node *name = node_get(map, "name"), *smtp = node_get(map, "smtp");
	const struct node *http = node_get(map, "http");
	struct host_draft *new = &d->hosts[d->n_hosts];
	const struct host_draft *old;

	if (name == NULL) {
		r->lacks_hosts = true;
		return;
	}
	*new = (struct host_draft){ .at = name->at };
	new->h.name = value_name_text(r, name);
	new->written_at = value_ips(r, map, "at", &new->h.at, &new->h.n_at);
	new->written_at |= value_is_written(map, "at");
	if (smtp != NULL)
		read_smtp(r, smtp, &new->h.smtp);
	if (http != NULL)
		read_http(r, http, &new->h.http);
	old = draft_host(d, new->h.name);
	if (old != NULL) {
		err_hint(r->errs,
			complain(r, name->at, "second host \"%s\"", new->h.name),
			"the first stands in line %d", old->at.line);
		return;
	}
	d->n_hosts++;
}

void read_hosts(struct reader *r, const struct node *list, struct draft *d)
{
	if (list != NULL && list->kind == NODE_LIST && values_count(list) < list->n)
		r->lacks_hosts = true;
	d->hosts = arena_array(r->arena, values_count(list) + 1u, sizeof(*d->hosts));
	for (const struct node *i = values_first(list); i != NULL;
		i = values_next(list, i))
		read_host(r, i, d);
}
