#include "support/answers.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/bug.h"
#include "base/str.h"

/* Cuts the next part off, at any of the characters in stop; trims blanks. */
static char *part(char **at, const char *stop)
{
	char *p = *at + strspn(*at, " \n\t"), *end;

	if (*p == '\0')
		return NULL;
	*at = p + strcspn(p, stop);
	if (**at != '\0')
		*(*at)++ = '\0';
	for (end = p + strlen(p); end > p && end[-1] == ' ';)
		*--end = '\0';
	return p;
}

static void read_record(struct arena *a, char *text, struct rr *ret)
{
	uint8_t wire[2 + NAME_WIRE_MAX + 1];
	char *owner = part(&text, " "), *type = part(&text, " ");
	size_t len = 0;

	*ret = (struct rr){ .owner = name_literal(a, owner), .ttl = 300 };
	if (type[0] >= '0' && type[0] <= '9') {
		ret->ttl = (uint32_t)atoi(type);
		type = part(&text, " ");
	}
	ret->type = rrtype_from_text(type);
	if (ret->type == TYPE_A || ret->type == TYPE_AAAA) {
		struct ip ip;

		if (ip_from_text(part(&text, " "), &ip) != 0)
			bug("not an address in a test's record");
		len = ip.family == 4 ? 4 : 16;
		memcpy(wire, ip.bytes, len);
	} else if (ret->type == TYPE_TXT) {
		len = strlen(text) + 1;
		wire[0] = (uint8_t)(len - 1);
		memcpy(wire + 1, text, len - 1);
	} else {
		const struct name *n;

		if (ret->type == TYPE_MX) {
			int preference = atoi(part(&text, " "));

			wire[len++] = (uint8_t)(preference >> 8);
			wire[len++] = (uint8_t)preference;
		}
		n = name_literal(a, part(&text, " "));
		memcpy(wire + len, n, name_len(n));
		len += name_len(n);
	}
	ret->rdata = arena_memdup(a, wire, len);
	ret->rdlen = (uint16_t)len;
}

static void read_records(struct arena *a, char *text, struct msg *m)
{
	char *extra = strchr(text, '|'), *one;

	if (extra != NULL)
		*extra++ = '\0';
	for (int id = ANSWER; id <= ADDITIONAL; id += 2, text = extra) {
		while (text != NULL && (one = part(&text, ",")) != NULL) {
			struct rr rr;

			read_record(a, one, &rr);
			msg_add(m, a, (enum section_id)id, &rr);
		}
	}
}

/* Is the name a word of the script? */
static bool is_named(const char *script, const char *name)
{
	size_t n = strlen(name);

	for (const char *p = strstr(script, name); p != NULL; p = strstr(p + 1, name)) {
		if ((p == script || strchr(" :,;|\n", p[-1]) != NULL) &&
			strchr(" :,;|\n", p[n]) != NULL)
			return true;
	}
	return false;
}

const struct msg *answers_find(
	struct arena *a, const char *script, const struct question *q)
{
	char name[NAME_TEXT_MAX], type[RRTYPE_TEXT_MAX];
	struct msg *m = arena_alloc(a, sizeof(*m));
	char *copy = arena_strdup(a, script), *entry;
	struct msg query;

	msg_init_query(&query, 0, q, true);
	msg_init_reply(m, &query);
	name_to_text(q->name, name);
	rrtype_to_text(q->type, type);
	while ((entry = part(&copy, ";")) != NULL) {
		char *records = strchr(entry, ':');
		char *t, *n, *rcode;

		/* An IPv6 address has colons, too, but only after the first. */
		if (records != NULL)
			*records++ = '\0';
		t = part(&entry, " ");
		n = part(&entry, " ");
		rcode = part(&entry, " ");
		if (n == NULL || strcasecmp(n, name) != 0 || strcmp(t, type) != 0)
			continue;
		if (rcode != NULL && strcmp(rcode, "timeout") == 0)
			return NULL;
		if (rcode != NULL)
			m->rcode = (uint16_t)rcode_from_text(rcode);
		if (records != NULL)
			read_records(a, records, m);
		return m;
	}
	m->rcode = name_is_root(q->name) || is_named(script, name) ? RCODE_NOERROR
								   : RCODE_NXDOMAIN;
	return m;
}

static struct smtp_reaction react(struct arena *a, const char *script, const char *host)
{
	char *copy = arena_strdup(a, script), *entry;

	while ((entry = part(&copy, ";")) != NULL) {
		char *word = part(&entry, " "), *n = part(&entry, " "), *what;

		if (strcmp(word, "try") != 0 || strcmp(n, host) != 0)
			continue;
		what = part(&entry, " ");
		if (what[0] == 'g' || (what[0] == 'r' && what[1] != 'e'))
			return (struct smtp_reaction){
				.stage = what[0] == 'g' ? SMTP_GREETING : SMTP_RCPT,
				.code = atoi(what + 1),
			};
		return (struct smtp_reaction){ .timed_out = what[0] == 's' };
	}
	return (struct smtp_reaction){ .stage = SMTP_ACCEPTED, .code = 250 };
}

const char *answers_run(
	struct arena *a, struct mta *m, const char *script, bool with_tries)
{
	struct str s = STR_INIT;
	const char *text;

	for (unsigned steps = 0;; steps++) {
		char name[NAME_TEXT_MAX], type[RRTYPE_TEXT_MAX], ip[IP_TEXT_MAX];
		const char *comma = s.len > 0 ? ", " : "";
		struct mta_attempt try;
		struct question q;
		enum mta_want want = mta_want(m, &q, &try);

		if (want == MTA_DONE)
			break;
		if (steps > 20000)
			bug("the client does not end");
		if (want == MTA_ASK) {
			str_printf(&s, "%s%s %s", comma, rrtype_to_text(q.type, type),
				name_to_text(q.name, name));
			mta_answer(m, answers_find(a, script, &q), steps);
		} else {
			struct smtp_reaction r = react(a, script, try.host);

			if (with_tries)
				str_printf(
					&s, "%stry %s", comma, ip_to_text(&try.ip, ip));
			mta_reaction(m, &r, steps);
		}
	}
	text = arena_strdup(a, s.data);
	str_clear(&s);
	return text;
}

const char *answers_result(struct arena *a, const struct mta_result *r)
{
	static const char *const ends[] = { "delivered", "rejected", "deferred",
		"bounced" };
	const char *status = r->status != NULL ? r->status : "-";
	char ip[IP_TEXT_MAX];

	if (r->end == MTA_DELIVERED || r->end == MTA_REJECTED)
		return arena_printf(a, "%s %s%s%s", ends[r->end], r->host,
			r->ip.family == 0 ? "" : " ", ip_to_text(&r->ip, ip));
	return arena_printf(a, "%s %s", ends[r->end], status);
}

const char *answers_route(struct arena *a, const struct route *route)
{
	struct str s = STR_INIT;
	char ip[IP_TEXT_MAX];
	const char *text;

	if (route->disposition != DISPOSITION_DELIVER)
		str_printf(&s, "%s %s", disposition_name(route->disposition),
			route->status != NULL ? route->status : "-");
	for (unsigned i = 0; i < route->n_hosts; i++) {
		const struct route_host *h = &route->hosts[i];

		str_printf(
			&s, "%s%u %s", s.len > 0 ? ", " : "", h->preference, h->name);
		for (unsigned k = 0; k < h->n_ips; k++)
			str_printf(&s, " %s", ip_to_text(&h->ips[k], ip));
	}
	text = arena_strdup(a, s.data);
	str_clear(&s);
	return text;
}
