#include "support/zones.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/bug.h"
#include "base/str.h"

struct zone *zone_of(struct arena *a, const char *origin, const char *text)
{
	struct zone_source source = {
		.origin = name_literal(a, origin),
		.text = text,
		.len = strlen(text),
		.at = { .file = origin, .line = 1, .col = 1 },
		.whole = text,
		.whole_len = strlen(text),
	};
	struct zone *z = NULL;
	struct errs errs;

	errs_init(&errs, a);
	if (zone_load(a, &source, &errs, &z) != 0) {
		errs_print(&errs, stderr, false);
		abort();
	}
	return z;
}

struct zone *zone_with_apex(struct arena *a, const char *origin, const char *text)
{
	static const char apex[] = "$TTL 300\n"
				   "@ SOA ns1 hostmaster 1 3600 600 86400 60\n"
				   "@ NS ns1\n"
				   "ns1 A 192.0.2.53\n";

	return zone_of(a, origin, arena_printf(a, "%s%s", apex, text));
}

struct answer_zones zones_of_one(struct arena *a, const struct zone *z)
{
	struct answer_zone *one = arena_alloc(a, sizeof(*one));

	one->zone = z;
	return (struct answer_zones){ .zones = one, .n = 1 };
}

const char *msg_as_lines(struct arena *a, const struct msg *m)
{
	static const char *const names[] = { "an ", "au ", "ad " };
	char rcode[RCODE_TEXT_MAX];
	struct str s = STR_INIT;
	const char *text;

	str_printf(&s, "%s%s%s\n", rcode_to_text(m->rcode, rcode), m->aa ? " AA" : "",
		m->tc ? " TC" : "");
	for (int id = ANSWER; id <= ADDITIONAL; id++) {
		for (unsigned i = 0; i < m->section[id].n; i++) {
			str_puts(&s, names[id]);
			rr_put_text(&s, &m->section[id].rr[i]);
			str_putc(&s, '\n');
		}
	}
	text = arena_strndup(a, s.data, s.len);
	str_clear(&s);
	return text;
}

const char *answer_text(
	struct arena *a, const struct answer_zones *zones, const char *question)
{
	const char *space = strchr(question, ' ');
	struct question q = { .class = CLASS_IN };
	struct msg query, reply;

	if (space == NULL)
		bug("\"%s\" is not a question like \"MX customer.example\"", question);
	q.type = rrtype_from_text(
		arena_strndup(a, question, (size_t)(space - question)));
	q.name = name_literal(a, space + 1);
	if (q.type == 0)
		bug("\"%s\" asks for an unknown type", question);
	msg_init_query(&query, 1, &q, false);
	msg_init_reply(&reply, &query);
	zone_answer(a, zones, &query, &reply);
	return msg_as_lines(a, &reply);
}
