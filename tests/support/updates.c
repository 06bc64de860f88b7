#include "support/updates.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "zone/zone.h"

#define HEADER_LEN 12

struct message {
	struct arena *a;
	const struct name *origin;
	uint8_t *at;
	unsigned counts[4];
};

static void die(const char *line)
{
	fprintf(stderr, "not an update: %s\n", line);
	abort();
}

static void put16(struct message *m, unsigned v)
{
	*m->at++ = (uint8_t)(v >> 8);
	*m->at++ = (uint8_t)v;
}

static void put_name(struct message *m, const char *text)
{
	const char *why;
	const struct name *n = strcmp(text, "@") == 0
				       ? m->origin
				       : name_from_text(m->a, text, m->origin, &why);

	if (n == NULL)
		die(text);
	memcpy(m->at, n, name_len(n));
	m->at += name_len(n);
}

static void put_record(struct message *m, int section, const char *owner, unsigned type,
	unsigned class, unsigned ttl, const uint8_t *rdata, unsigned n)
{
	put_name(m, owner);
	put16(m, type);
	put16(m, class);
	put16(m, ttl >> 16);
	put16(m, ttl & 0xffff);
	put16(m, n);
	if (n > 0)
		memcpy(m->at, rdata, n);
	m->at += n;
	m->counts[section]++;
}

/* RDATA from text goes through the zone parser; names in it are absolute. */
static void put_data(struct message *m, int section, unsigned class, const char *owner,
	unsigned ttl, const char *type, const char *data)
{
	const struct rr *rr;
	struct errs errs;
	unsigned n;

	errs_init(&errs, m->a);
	if (zone_parse_records(m->a, arena_printf(m->a, "x 1 %s %s\n", type, data),
		    (struct place){ 0 }, &errs, &rr, &n) != 0 ||
		n != 1)
		die(data);
	put_record(m, section, owner, rr->type, class, ttl, rr->rdata, rr->rdlen);
}

static char *word(char **rest)
{
	char *w;

	do
		w = strsep(rest, " \t");
	while (w != NULL && *w == '\0');
	return w;
}

static void put_prereq(struct message *m, char *line)
{
	char *kind = word(&line), *owner = word(&line), *type = word(&line);
	unsigned class = kind[0] == 'n' ? CLASS_NONE : CLASS_ANY;

	if (strcmp(kind + 2, "domain") == 0)
		put_record(m, 1, owner, TYPE_ANY, class, 0, NULL, 0);
	else if (line != NULL)
		put_data(m, 1, CLASS_IN, owner, 0, type, line);
	else
		put_record(m, 1, owner, rrtype_from_text(type), class, 0, NULL, 0);
}

static void put_delete(struct message *m, char *line)
{
	char *owner = word(&line), *type = word(&line);

	if (line != NULL)
		put_data(m, 2, CLASS_NONE, owner, 0, type, line);
	else
		put_record(m, 2, owner,
			type == NULL ? TYPE_ANY : rrtype_from_text(type), CLASS_ANY, 0,
			NULL, 0);
}

static unsigned number(char **rest)
{
	char *w = word(rest);

	return w == NULL ? 0 : (unsigned)strtoul(w, NULL, 10);
}

static void put_raw(struct message *m, char *line)
{
	int section = strcmp(word(&line), "prereq") == 0 ? 1 : 2;
	char *owner = word(&line), *hex;
	unsigned type = number(&line), class = number(&line), ttl = number(&line);
	uint8_t rdata[256];
	unsigned n = 0;

	hex = word(&line);
	for (; hex != NULL && *hex != '\0'; hex += 2) {
		char two[3] = { hex[0], hex[1], '\0' };

		rdata[n++] = (uint8_t)strtoul(two, NULL, 16);
	}
	put_record(m, section, owner, type, class, ttl, rdata, n);
}

static void put_zone(struct message *m, char *line)
{
	put_name(m, word(&line));
	put16(m, number(&line));
	put16(m, number(&line));
	m->counts[0] = 1;
}

static void put_line(struct message *m, char *line)
{
	const char *what = word(&line);
	char *owner, *type;
	unsigned ttl;

	if (what == NULL)
		return;
	if (strcmp(what, "zone") == 0) {
		put_zone(m, line);
		return;
	}
	if (m->counts[0] == 0)
		put_zone(m, arena_strdup(m->a, "@ 6 1"));
	if (strcmp(what, "prereq") == 0) {
		put_prereq(m, line);
	} else if (strcmp(what, "add") == 0) {
		owner = word(&line);
		ttl = number(&line);
		type = word(&line);
		put_data(m, 2, CLASS_IN, owner, ttl, type, line);
	} else if (strcmp(what, "del") == 0) {
		put_delete(m, line);
	} else if (strcmp(what, "raw") == 0) {
		put_raw(m, line);
	} else if (strcmp(what, "qd") == 0) {
		m->counts[0] = number(&line);
	} else {
		die(what);
	}
}

size_t update_of(struct arena *a, const char *origin, const char *text,
	uint8_t out[UPDATE_TEXT_MAX])
{
	struct message m = {
		.a = a, .origin = name_literal(a, origin), .at = out + HEADER_LEN
	};
	char *lines = arena_printf(a, "%s\n", text);

	memset(out, 0, HEADER_LEN);
	out[0] = 0x12;
	out[1] = 0x34;
	out[2] = 0x28; /* opcode 5 */
	while (lines != NULL)
		put_line(&m, strsep(&lines, "\n"));
	if (m.counts[0] == 0)
		put_zone(&m, arena_strdup(a, "@ 6 1"));
	for (int i = 0; i < 4; i++) {
		out[4 + 2 * i] = (uint8_t)(m.counts[i] >> 8);
		out[5 + 2 * i] = (uint8_t)m.counts[i];
	}
	return (size_t)(m.at - out);
}
