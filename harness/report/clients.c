/* What each client makes of one address: the table of `harness lookup`. */
#include "report/formats.h"

#include <string.h>

#include "base/arena.h"
#include "report/grid.h"
#include "report/score.h"
#include "report/story.h"

#define CLIENTS_COLUMNS 100

struct clients {
	struct arena *arena;
	bool colour, verbose;
	struct grid *grid;	  /* of the current address */
	char *address, *resolver; /* what the grid is about; NULL: none yet */
	struct str stories;	  /* of the current address, with -v */
	unsigned addresses;
};

static void clear_stories(void *ptr)
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
	arena_defer(a, clear_stories, &c->stories);
	return c;
}

static void finish(struct clients *c, struct str *out)
{
	if (c->grid == NULL)
		return;
	str_puts(out, c->addresses++ > 0 ? "\n" : "");
	str_puts(out, c->colour ? TONE_BOLD : "");
	put_clean(out, c->address);
	str_puts(out, c->colour ? TONE_END : "");
	str_puts(out, " behind ");
	put_clean(out, c->resolver);
	str_puts(out, "\n\n");
	grid_put_terminal(c->grid, out, CLIENTS_COLUMNS, c->colour);
	if (c->stories.len > 0)
		str_putc(out, '\n');
	str_put(out, c->stories.data, c->stories.len);
	str_reset(&c->stories);
	c->grid = NULL;
}

static void start(struct clients *c, const struct record *r)
{
	static const char *const heads[] = { "Client", "Goes to", "Recipient offered",
		"Becomes" };

	c->address = arena_strdup(c->arena, r->address);
	c->resolver = arena_strdup(c->arena, r->resolver);
	c->grid = grid_new(c->arena, heads, 4);
}

/* "mail.mywebservice.com (10) [192.0.2.25], ..." */
static void put_hosts(struct str *s, const struct record_outcome *o)
{
	for (unsigned i = 0; i < o->n_hosts; i++) {
		const struct record_host *h = &o->hosts[i];

		str_printf(s, "%s%s (%u)", i > 0 ? ", " : "",
			h->name == NULL ? "?" : h->name, h->preference);
		for (unsigned k = 0; k < h->n_addresses; k++)
			str_printf(s, "%s%s", k == 0 ? " [" : ", ", h->addresses[k]);
		str_puts(s, h->n_addresses > 0 ? "]" : " [no address]");
	}
}

void clients_record(void *state, const struct record *r, struct str *out)
{
	struct clients *c = state;
	const struct record_outcome *o = &r->outcome;
	bool goes = o->disposition != NULL && strcmp(o->disposition, "deliver") == 0;
	struct str hosts = STR_INIT;

	if (c->grid != NULL && (strcmp(c->address, r->address) != 0 ||
				       strcmp(c->resolver, r->resolver) != 0))
		finish(c, out);
	if (c->grid == NULL)
		start(c, r);
	put_hosts(&hosts, o);
	grid_cell(c->grid, TONE_PLAIN, r->is_validator ? "%s (validator)" : "%s",
		r->client);
	grid_cell(c->grid, TONE_PLAIN, "%s", goes ? hosts.data : "–");
	grid_cell(c->grid, TONE_PLAIN, "%s", goes && o->rcpt != NULL ? o->rcpt : "–");
	grid_cell(c->grid, verdict_tone(o->verdict), "%s %s %s%s%s",
		verdict_glyph(o->verdict), verdict_name(o->verdict),
		o->status == NULL ? "" : o->status,
		o->status == NULL || o->reason == NULL ? "" : " ",
		o->reason == NULL ? "" : o->reason);
	str_clear(&hosts);
	if (c->verbose) {
		story_put(&c->stories, r, c->colour);
		str_putc(&c->stories, '\n');
	}
}

void clients_end(void *state, struct str *out)
{
	finish(state, out);
}
