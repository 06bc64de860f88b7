/* build.h - servers from text, questions from text, replies to text. */
#ifndef TESTS_UNIT_SERVER_BUILD_H
#define TESTS_UNIT_SERVER_BUILD_H

#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "base/str.h"
#include "server/server.h"

struct zone_text {
	const char *origin, *mode, *text;
};

/* At the top of each zone; the negative TTL (60) is below the zone's TTL. */
#define APEX                                                                           \
	"$TTL 300\n"                                                                   \
	"@ SOA ns1 hostmaster 1 3600 600 86400 60\n"                                   \
	"@ NS ns1\n"                                                                   \
	"ns1 A 192.0.2.53\n"

static inline struct zone *build_zone(struct arena *a, const struct zone_text *z)
{
	struct zone_source source = {
		.origin = name_literal(a, z->origin),
		.text = z->text,
		.len = strlen(z->text),
		.at = { "test", 1, 1 },
	};
	struct zone *zone = NULL;
	struct errs errs;

	errs_init(&errs, a);
	if (zone_load(a, &source, &errs, &zone) != 0)
		errs_print(&errs, stderr, false);
	assert_non_null(zone);
	return zone;
}

static inline struct server *build_server(struct arena *a, const struct zone_text *z,
	unsigned n, const struct quirk *quirks, unsigned n_quirks)
{
	struct server_zone *zones = arena_array(a, n, sizeof(*zones));
	struct server *s = arena_alloc(a, sizeof(*s));

	for (unsigned i = 0; i < n; i++) {
		zones[i].zone = build_zone(a, &z[i]);
		zones[i].mode = server_mode(z[i].mode);
		assert_non_null(zones[i].mode);
	}
	s->zones = zones;
	s->n_zones = n;
	s->quirks = quirks;
	s->n_quirks = n_quirks;
	server_prepare(a, s);
	return s;
}

/* "MX customer.mywebservice.com" */
static inline struct msg build_query(struct arena *a, const char *text)
{
	const char *space = strchr(text, ' ');
	struct question q = { .class = CLASS_IN };
	struct msg m;

	assert_non_null(space);
	q.type = rrtype_from_text(arena_strndup(a, text, (size_t)(space - text)));
	assert_int_not_equal(q.type, 0);
	q.name = name_literal(a, space + 1);
	msg_init_query(&m, 0x1234, &q, false);
	return m;
}

static inline void put_section(struct str *s, const struct section *from, bool brief)
{
	char name[NAME_TEXT_MAX], type[RRTYPE_TEXT_MAX];

	for (unsigned i = 0; i < from->n; i++) {
		const struct rr *rr = &from->rr[i];

		str_puts(s, i > 0 ? ", " : "");
		if (!brief)
			rr_put_text(s, rr);
		else
			str_printf(s, "%s %u %s", name_to_text(rr->owner, name),
				rr->ttl, rrtype_to_text(rr->type, type));
	}
}

/* "NOERROR aa: the answer section; owner, TTL and type of the authority section". */
static inline const char *describe(struct arena *a, const struct msg *m)
{
	struct str s = STR_INIT;
	char rcode[RCODE_TEXT_MAX];
	const char *text;

	str_printf(&s, "%s%s%s", rcode_to_text(m->rcode, rcode), m->aa ? " aa" : "",
		m->tc ? " tc" : "");
	if (m->section[ANSWER].n > 0)
		str_puts(&s, ": ");
	put_section(&s, &m->section[ANSWER], false);
	/* The NS of a positive answer are the zone's choice, not the server's. */
	if (m->section[AUTHORITY].n > 0 &&
		m->section[AUTHORITY].rr[0].type == TYPE_SOA) {
		str_puts(&s, "; ");
		put_section(&s, &m->section[AUTHORITY], true);
	}
	text = arena_strndup(a, s.data, s.len);
	str_clear(&s);
	return text;
}

#endif
