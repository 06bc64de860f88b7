/* What each client makes of one address: the table of `harness lookup`. Clients that do
 * the same share a paragraph, so that those that differ stand out. */
#include "report/formats.h"

#include <string.h>

#include "base/arena.h"
#include "report/grid.h"
#include "report/score.h"
#include "report/story.h"

#define CLIENTS_COLUMNS 100
#define LABEL_COLUMNS 14

/* Clients with the same outcome. */
struct group {
	struct group *next;
	enum verdict verdict;
	const char *becomes, *goes_to, *rcpt;
	struct str clients, validators; /* "postfix, exim-4.96" */
	unsigned n_clients, n_validators;
};

struct clients {
	struct arena *arena;
	bool colour, verbose;
	struct group *groups;	  /* of the current address, best verdict first */
	char *address, *resolver; /* what the groups are about; NULL: none yet */
	struct str stories;	  /* of the current address, with -v */
	unsigned addresses;
};

static void clear_str(void *ptr)
{
	str_clear(ptr);
}

void *clients_begin(struct arena *a, const struct report_options *options,
	const struct record_run *run, const struct record_scenario *scenarios, size_t n,
	struct str *out)
{
	struct clients *c = arena_alloc(a, sizeof(*c));

	(void)run;
	(void)scenarios;
	(void)n;
	(void)out;
	*c = (struct clients){
		.arena = a,
		.colour = options->colour,
		.verbose = options->verbose,
		.stories = STR_INIT,
	};
	arena_defer(a, clear_str, &c->stories);
	return c;
}

/* ---- writing ---- */

/* "  label     text", the text wrapped at its spaces under itself. */
static void put_wrapped(struct str *out, const char *label, const char *text)
{
	size_t line = out->len;

	str_printf(out, "  %s", label);
	str_pad(out, line, LABEL_COLUMNS);
	str_put_wrapped(out, line, LABEL_COLUMNS, CLIENTS_COLUMNS, text);
	str_putc(out, '\n');
}

static void put_group(struct str *out, const struct clients *c, const struct group *g)
{
	str_puts(out, c->colour ? tone_begin(verdict_tone(g->verdict)) : "");
	str_puts(out, g->becomes);
	str_puts(out, c->colour ? TONE_END : "");
	str_putc(out, '\n');
	if (g->goes_to != NULL)
		put_wrapped(out, "goes to", g->goes_to);
	if (g->rcpt != NULL)
		put_wrapped(out, "recipient", g->rcpt);
	if (g->n_clients > 0)
		put_wrapped(out, "clients", g->clients.data);
	if (g->n_validators > 0)
		put_wrapped(out, "validators", g->validators.data);
	str_putc(out, '\n');
}

static void finish(struct clients *c, struct str *out)
{
	if (c->groups == NULL)
		return;
	str_puts(out, c->addresses++ > 0 ? "\n" : "");
	str_puts(out, c->colour ? TONE_BOLD : "");
	put_clean(out, c->address);
	str_puts(out, c->colour ? TONE_END : "");
	str_puts(out, " behind ");
	put_clean(out, c->resolver);
	str_puts(out, "\n\n");
	for (const struct group *g = c->groups; g != NULL; g = g->next)
		put_group(out, c, g);
	str_put(out, c->stories.data, c->stories.len);
	str_reset(&c->stories);
	c->groups = NULL;
}

/* ---- grouping ---- */

/* "mail.mywebservice.com (10) [192.0.2.25], ..." */
static const char *hosts_text(struct arena *a, const struct record_outcome *o)
{
	struct str s = STR_INIT;
	const char *text;

	for (unsigned i = 0; i < o->n_hosts; i++) {
		const struct record_host *h = &o->hosts[i];

		str_puts(&s, i > 0 ? ", " : "");
		put_clean(&s, h->name == NULL ? "?" : h->name);
		str_printf(&s, " (%u)", h->preference);
		for (unsigned k = 0; k < h->n_addresses; k++)
			str_printf(&s, "%s%s", k == 0 ? " [" : ", ", h->addresses[k]);
		str_puts(&s, h->n_addresses > 0 ? "]" : "");
	}
	text = arena_strdup(a, s.data);
	str_clear(&s);
	return text;
}

static const char *becomes_text(struct arena *a, const struct record_outcome *o)
{
	struct str s = STR_INIT;
	const char *text;

	str_printf(&s, "%s %s", verdict_glyph(o->verdict), verdict_name(o->verdict));
	if (o->status != NULL && strcmp(o->status, "2.0.0") != 0)
		str_printf(&s, " %s", o->status);
	if (o->reason != NULL) {
		str_puts(&s, ": ");
		put_clean(&s, o->reason);
	}
	text = arena_strdup(a, s.data);
	str_clear(&s);
	return text;
}

static bool same(const char *a, const char *b)
{
	return a == b || (a != NULL && b != NULL && strcmp(a, b) == 0);
}

/* The group of this outcome, made at its place when it is new. */
static struct group *group_of(struct clients *c, const struct record_outcome *o)
{
	bool goes = o->disposition != NULL && strcmp(o->disposition, "deliver") == 0;
	const char *becomes = becomes_text(c->arena, o);
	const char *goes_to = goes ? hosts_text(c->arena, o) : NULL;
	const char *rcpt = goes && o->rcpt != NULL ? o->rcpt : NULL;
	struct group **at = &c->groups;
	struct group *g;

	for (; *at != NULL && (*at)->verdict <= o->verdict; at = &(*at)->next) {
		g = *at;
		if (same(g->becomes, becomes) && same(g->goes_to, goes_to) &&
			same(g->rcpt, rcpt))
			return g;
	}
	g = arena_alloc(c->arena, sizeof(*g));
	*g = (struct group){
		.next = *at,
		.verdict = o->verdict,
		.becomes = becomes,
		.goes_to = goes_to,
		.rcpt = rcpt == NULL ? NULL : arena_strdup(c->arena, rcpt),
		.clients = STR_INIT,
		.validators = STR_INIT,
	};
	arena_defer(c->arena, clear_str, &g->clients);
	arena_defer(c->arena, clear_str, &g->validators);
	*at = g;
	return g;
}

void clients_record(void *state, const struct record *r, struct str *out)
{
	struct clients *c = state;
	struct group *g;
	struct str *names;

	if (c->groups != NULL && (strcmp(c->address, r->address) != 0 ||
					 strcmp(c->resolver, r->resolver) != 0))
		finish(c, out);
	if (c->groups == NULL) {
		c->address = arena_strdup(c->arena, r->address);
		c->resolver = arena_strdup(c->arena, r->resolver);
	}
	g = group_of(c, &r->outcome);
	names = r->is_validator ? &g->validators : &g->clients;
	str_printf(names, "%s%s", names->len > 0 ? ", " : "", r->client);
	*(r->is_validator ? &g->n_validators : &g->n_clients) += 1;
	if (c->verbose) {
		story_put(&c->stories, r, c->colour);
		str_putc(&c->stories, '\n');
	}
}

void clients_end(void *state, struct str *out)
{
	finish(state, out);
}
