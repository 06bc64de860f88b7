#include "report/json.h"

/* The key with its quotes, colon and the comma before it, ready to be copied: most of a
 * record is keys, and there are tens of thousands of records. */
#define PUT(s, literal) str_put(s, literal, sizeof(literal) - 1)

static void put_text(struct str *s, const char *text)
{
	if (text == NULL)
		PUT(s, "null");
	else
		str_put_json(s, text);
}

static void put_number(struct str *s, uint64_t n)
{
	char digits[20]; /* 2^64 has 20 */
	size_t i = sizeof(digits);

	do {
		digits[--i] = (char)('0' + n % 10);
		n /= 10;
	} while (n > 0);
	str_put(s, digits + i, sizeof(digits) - i);
}

static void put_bool(struct str *s, bool b)
{
	if (b)
		PUT(s, "true");
	else
		PUT(s, "false");
}

static void put_texts(struct str *s, const char *const *list, unsigned n)
{
	str_putc(s, '[');
	for (unsigned i = 0; i < n; i++) {
		if (i > 0)
			str_putc(s, ',');
		put_text(s, list[i]);
	}
	str_putc(s, ']');
}

static void put_route(struct str *s, const struct record_outcome *o)
{
	PUT(s, ",\"route\":{\"disposition\":");
	put_text(s, o->disposition);
	PUT(s, ",\"hosts\":[");
	for (unsigned i = 0; i < o->n_hosts; i++) {
		const struct record_host *h = &o->hosts[i];

		if (i > 0)
			str_putc(s, ',');
		PUT(s, "{\"preference\":");
		put_number(s, h->preference);
		PUT(s, ",\"name\":");
		put_text(s, h->name);
		PUT(s, ",\"addresses\":");
		put_texts(s, h->addresses, h->n_addresses);
		str_putc(s, '}');
	}
	str_putc(s, ']');
	if (o->route_status != NULL) {
		PUT(s, ",\"status\":");
		put_text(s, o->route_status);
	}
	if (o->route_reason != NULL) {
		PUT(s, ",\"reason\":");
		put_text(s, o->route_reason);
	}
	str_putc(s, '}');
}

static void put_delivered_to(struct str *s, const struct record_outcome *o)
{
	PUT(s, ",\"delivered_to\":");
	if (o->to_host == NULL && o->to_address == NULL) {
		PUT(s, "null");
		return;
	}
	PUT(s, "{\"host\":");
	put_text(s, o->to_host);
	PUT(s, ",\"address\":");
	put_text(s, o->to_address);
	str_putc(s, '}');
}

static void put_rewrites(struct str *s, const struct record_outcome *o)
{
	PUT(s, ",\"rewrites\":[");
	for (unsigned i = 0; i < o->n_rewrites; i++) {
		if (i > 0)
			str_putc(s, ',');
		PUT(s, "{\"what\":");
		put_text(s, o->rewrites[i].what);
		PUT(s, ",\"from\":");
		put_text(s, o->rewrites[i].from);
		PUT(s, ",\"to\":");
		put_text(s, o->rewrites[i].to);
		str_putc(s, '}');
	}
	str_putc(s, ']');
}

static void put_queries(struct str *s, const struct record_outcome *o)
{
	PUT(s, ",\"queries\":[");
	for (unsigned i = 0; i < o->n_queries; i++) {
		const struct record_query *q = &o->queries[i];

		if (i > 0)
			str_putc(s, ',');
		PUT(s, "{\"t_us\":");
		put_number(s, q->t_us);
		PUT(s, ",\"name\":");
		put_text(s, q->name);
		PUT(s, ",\"type\":");
		put_text(s, q->type);
		PUT(s, ",\"rcode\":");
		put_text(s, q->rcode);
		PUT(s, ",\"answer\":");
		put_texts(s, q->answer, q->n_answer);
		str_putc(s, '}');
	}
	str_putc(s, ']');
}

static void put_decisions(struct str *s, const struct record_outcome *o)
{
	PUT(s, ",\"decisions\":[");
	for (unsigned i = 0; i < o->n_decisions; i++) {
		const struct record_decision *d = &o->decisions[i];

		if (i > 0)
			str_putc(s, ',');
		PUT(s, "{\"t_us\":");
		put_number(s, d->t_us);
		PUT(s, ",\"rule\":");
		put_text(s, d->rule);
		PUT(s, ",\"text\":");
		put_text(s, d->text);
		str_putc(s, '}');
	}
	str_putc(s, ']');
}

/* "web":null when the scenario says nothing about it. */
static void put_web(struct str *s, const struct record_web *w)
{
	PUT(s, ",\"web\":");
	if (!w->tried) {
		PUT(s, "null");
		return;
	}
	PUT(s, "{\"ends_at\":");
	put_text(s, w->ends_at);
	PUT(s, ",\"host\":");
	put_text(s, w->host);
	PUT(s, ",\"url\":");
	put_text(s, w->url);
	PUT(s, ",\"as_intended\":");
	put_bool(s, w->as_intended);
	str_putc(s, '}');
}

/* What a case and a step have in common, from "verdict" on, without a leading comma. */
static void put_outcome(struct str *s, const struct record_outcome *o)
{
	PUT(s, "\"verdict\":");
	put_text(s, verdict_name(o->verdict));
	PUT(s, ",\"status\":");
	put_text(s, o->status);
	if (o->reason != NULL) {
		PUT(s, ",\"reason\":");
		put_text(s, o->reason);
	}
	put_route(s, o);
	put_delivered_to(s, o);
	PUT(s, ",\"rcpt\":");
	put_text(s, o->rcpt);
	PUT(s, ",\"mail_from\":");
	put_text(s, o->mail_from);
	put_rewrites(s, o);
	put_queries(s, o);
	put_decisions(s, o);
	put_web(s, &o->web);
	PUT(s, ",\"expected\":");
	put_text(s, o->expected);
	if (o->difference != NULL) {
		PUT(s, ",\"difference\":");
		put_text(s, o->difference);
	}
}

static void put_steps(struct str *s, const struct record *r)
{
	PUT(s, ",\"steps\":[");
	for (unsigned i = 0; i < r->n_steps; i++) {
		const struct record_outcome *o = &r->steps[i];

		if (i > 0)
			str_putc(s, ',');
		PUT(s, "{\"at_us\":");
		put_number(s, o->at_us);
		PUT(s, ",\"title\":");
		put_text(s, o->title);
		str_putc(s, ',');
		put_outcome(s, o);
		PUT(s, ",\"result\":");
		put_text(s, case_result_name(o->result));
		str_putc(s, '}');
	}
	str_putc(s, ']');
}

/* Only where there are any: the lab. */
static void put_programs(struct str *s, const struct record *r)
{
	if (r->client_program != NULL) {
		PUT(s, ",\"client_program\":");
		put_text(s, r->client_program);
	}
	if (r->resolver_program != NULL) {
		PUT(s, ",\"resolver_program\":");
		put_text(s, r->resolver_program);
	}
}

void record_put_json(struct str *s, const struct record *r)
{
	PUT(s, "{\"case\":");
	put_text(s, r->id);
	PUT(s, ",\"scenario\":");
	put_text(s, r->scenario);
	PUT(s, ",\"address\":");
	put_text(s, r->address);
	PUT(s, ",\"client\":");
	put_text(s, r->client);
	PUT(s, ",\"resolver\":");
	put_text(s, r->resolver);
	PUT(s, ",\"network\":");
	put_text(s, r->network);
	PUT(s, ",\"client_kind\":");
	put_text(s, r->is_validator ? "validator" : "mta");
	put_programs(s, r);
	str_putc(s, ',');
	put_outcome(s, &r->outcome);
	if (r->n_steps > 0)
		put_steps(s, r);
	if (r->known != NULL) {
		PUT(s, ",\"known\":");
		put_text(s, r->known);
	}
	PUT(s, ",\"result\":");
	put_text(s, case_result_name(r->result));
	str_putc(s, '}');
}

static void put_scenario(struct str *s, const struct record_scenario *sc)
{
	PUT(s, "{\"id\":");
	put_text(s, sc->id);
	PUT(s, ",\"title\":");
	put_text(s, sc->title);
	PUT(s, ",\"group\":");
	put_text(s, sc->group);
	PUT(s, ",\"file\":");
	put_text(s, sc->file);
	PUT(s, ",\"source\":");
	put_texts(s, sc->source, sc->n_source);
	PUT(s, ",\"layout\":");
	put_text(s, sc->layout);
	PUT(s, ",\"loads\":");
	put_bool(s, sc->loads);
	PUT(s, ",\"loads_why\":");
	put_text(s, sc->loads_why);
	PUT(s, ",\"mail_cost\":");
	put_text(s, sc->mail_cost);
	PUT(s, ",\"web_cost\":");
	put_text(s, sc->web_cost);
	PUT(s, ",\"needs\":");
	put_text(s, sc->needs);
	str_putc(s, '}');
}

static void put_clients(struct str *s, const struct record_run *run)
{
	PUT(s, ",\"clients\":[");
	for (unsigned i = 0; i < run->n_clients; i++) {
		if (i > 0)
			str_putc(s, ',');
		PUT(s, "{\"name\":");
		put_text(s, run->clients[i]);
		PUT(s, ",\"kind\":");
		put_text(s, run->clients_validate[i] ? "validator" : "mta");
		str_putc(s, '}');
	}
	str_putc(s, ']');
}

void run_put_json(struct str *s, const struct record_run *run,
	const struct record_scenario *scenarios, size_t n)
{
	PUT(s, "\"schema\":");
	put_number(s, RECORD_SCHEMA);
	PUT(s, ",\"tool\":");
	put_text(s, run->tool);
	PUT(s, ",\"version\":");
	put_text(s, run->version);
	PUT(s, ",\"seed\":");
	put_number(s, run->seed);
	PUT(s, ",\"scenarios_sha256\":");
	put_text(s, run->scenarios_sha256);
	PUT(s, ",\"shard\":");
	put_text(s, run->shard);
	PUT(s, ",\"network\":");
	put_text(s, run->network);
	put_clients(s, run);
	PUT(s, ",\"resolvers\":");
	put_texts(s, run->resolvers, run->n_resolvers);
	PUT(s, ",\"scenarios\":[");
	for (size_t i = 0; i < n; i++) {
		if (i > 0)
			str_putc(s, ',');
		put_scenario(s, &scenarios[i]);
	}
	str_putc(s, ']');
}
