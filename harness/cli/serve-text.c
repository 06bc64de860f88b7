#include "cli/serve.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bug.h"
#include "base/str.h"
#include "cli/cli.h"

enum { SERVER, ADDRESS, ZONES, MODE, QUIRKS, COLUMNS };

/* More zones than this are only counted. */
#define ZONES_NAMED 3

static void put_zones(struct str *to, const struct server *s)
{
	char name[NAME_TEXT_MAX];

	if (s->n_zones > ZONES_NAMED) {
		str_printf(to, "%u zones", s->n_zones);
		return;
	}
	for (unsigned i = 0; i < s->n_zones; i++)
		str_printf(to, "%s%s", i > 0 ? ", " : "",
			name_to_text(zone_origin(s->zones[i].zone), name));
}

static void put_mode(struct str *to, const struct server *s)
{
	for (unsigned i = 1; i < s->n_zones; i++) {
		if (s->zones[i].mode != s->zones[0].mode) {
			str_puts(to, "several");
			return;
		}
	}
	str_puts(to, s->n_zones == 0 ? "-" : s->zones[0].mode->name);
}

static void put_quirks(struct str *to, const struct server *s)
{
	for (unsigned i = 0; i < s->n_quirks; i++)
		str_printf(to, "%s%s", i > 0 ? ", " : "", s->quirks[i].row->name);
	if (s->n_quirks == 0)
		str_puts(to, "-");
}

/* A server's further addresses stand below its first. */
static void make_row(struct str row[COLUMNS], const struct serve_data *d,
	const struct serve_place *p, bool first)
{
	const struct server *s = &d->list[p->server].server;
	char at[ENDPOINT_TEXT_MAX];

	str_puts(&row[ADDRESS], endpoint_to_text(&p->at, at));
	if (!first)
		return;
	str_puts(&row[SERVER], s->name);
	put_zones(&row[ZONES], s);
	put_mode(&row[MODE], s);
	put_quirks(&row[QUIRKS], s);
}

static void print_row(struct str row[COLUMNS], const size_t width[COLUMNS])
{
	struct str line = STR_INIT;

	for (int c = 0; c < COLUMNS; c++) {
		size_t from = line.len;

		str_puts(&line, row[c].data);
		str_pad(&line, from, width[c] + 2);
	}
	while (line.len > 0 && line.data[line.len - 1] == ' ')
		line.data[--line.len] = '\0';
	puts(line.data);
	str_clear(&line);
}

static void print_rows(struct str (*rows)[COLUMNS], unsigned n)
{
	size_t width[COLUMNS] = { 0 };

	for (unsigned i = 0; i < n; i++) {
		for (int c = 0; c < COLUMNS; c++) {
			size_t w = text_columns(rows[i][c].data);

			width[c] = w > width[c] ? w : width[c];
		}
	}
	for (unsigned i = 0; i < n; i++)
		print_row(rows[i], width);
}

static void print_example(const struct serve_data *d, const struct serve_place *p)
{
	char at[IP_TEXT_MAX];
	bool plain =
		strspn(d->example, "abcdefghijklmnopqrstuvwxyz0123456789-_. "
				   "ABCDEFGHIJKLMNOPQRSTUVWXYZ") == strlen(d->example);
	size_t name = strcspn(d->example, " ");

	printf("\ndig -p %u @%s ", p->at.port, ip_to_text(&p->at.ip, at));
	/* A wildcard, or worse, is not for the shell to read. */
	if (plain)
		printf("%s\n", d->example);
	else
		printf("'%.*s'%s\n", (int)name, d->example, d->example + name);
}

void serve_print_table(
	const struct serve_data *d, const struct serve_place *places, unsigned n_places)
{
	static const char *const heads[COLUMNS] = { "SERVER", "ADDRESS", "ZONES",
		"MODE", "QUIRKS" };
	struct str(*rows)[COLUMNS] = calloc(n_places + 1, sizeof(*rows));

	if (rows == NULL)
		bug("out of memory");
	for (unsigned i = 0; i <= n_places; i++) {
		for (int c = 0; c < COLUMNS; c++)
			rows[i][c] = (struct str)STR_INIT;
	}
	for (int c = 0; c < COLUMNS; c++)
		str_puts(&rows[0][c], heads[c]);
	for (unsigned i = 0; i < n_places; i++)
		make_row(rows[i + 1], d, &places[i],
			i == 0 || places[i - 1].server != places[i].server);
	print_rows(rows, n_places + 1);
	for (unsigned i = 0; i <= n_places; i++) {
		for (int c = 0; c < COLUMNS; c++)
			str_clear(&rows[i][c]);
	}
	free(rows);
	for (unsigned i = 0; i < n_places && d->example != NULL; i++) {
		if (places[i].server == d->example_server) {
			print_example(d, &places[i]);
			break;
		}
	}
}

void serve_print_anchors(const struct serve_data *d)
{
	const char *line = d->anchors;

	if (*line != '\0')
		puts("\nTrust anchor:");
	while (*line != '\0') {
		int len = (int)strcspn(line, "\n");
		const char *ds = strstr(line, " IN DS ");

		if (ds != NULL && ds < line + len)
			printf("%.*s\n", len, line);
		line += len + 1;
	}
}

void serve_print_counts(const struct serve_counts *c, double seconds)
{
	struct str s = STR_INIT;
	char rcode[RCODE_TEXT_MAX];
	uint64_t lost = c->lost_in + c->lost_out;

	str_printf(&s, "%ju queries in %.1f s: %ju by UDP, %ju by TCP",
		(uintmax_t)(c->udp + c->tcp), seconds, (uintmax_t)c->udp,
		(uintmax_t)c->tcp);
	for (unsigned i = 0; i < SERVICE_RCODES; i++) {
		if (c->rcodes[i] > 0)
			str_printf(&s, ", %ju %s", (uintmax_t)c->rcodes[i],
				i == SERVICE_RCODES - 1
					? "other"
					: rcode_to_text((uint16_t)i, rcode));
	}
	if (c->silent > 0)
		str_printf(&s, ", %ju not answered", (uintmax_t)c->silent);
	str_printf(&s, "; %ju dropped by the kernel", (uintmax_t)lost);
	cli_complain("%s", s.data);
	str_clear(&s);
}
