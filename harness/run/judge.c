#include "run/judge.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/arena.h"
#include "base/lookup.h"
#include "base/str.h"

static bool same_name(const char *a, const char *b)
{
	size_t n = strlen(a), m = strlen(b);

	n -= n > 1 && a[n - 1] == '.';
	m -= m > 1 && b[m - 1] == '.';
	return n == m && strncasecmp(a, b, n) == 0;
}

static bool is_intended(const struct scenario_address *address, const char *host)
{
	for (unsigned i = 0; i < address->n_intended; i++) {
		if (same_name(address->intended[i], host))
			return true;
	}
	return false;
}

/* A domain written with other letters or with a final dot is the same recipient; the
 * A-label form of a U-label domain is made by the client before anything else and does
 * not count as a change. */
static bool recipient_intact(const struct mta_result *r)
{
	for (unsigned i = 0; i < r->n_rewrites; i++) {
		if (strcmp(r->rewrites[i].what, "rcpt") == 0 &&
			!same_name(r->rewrites[i].from, r->rewrites[i].to))
			return false;
	}
	return true;
}

static enum verdict verdict_of(const struct scenario_address *address,
	const struct mail *mail, const char *host)
{
	const struct mta_result *r = mail->result;

	if (mail->untold != NULL)
		return VERDICT_UNKNOWN;
	switch (r->end) {
	case MTA_DELIVERED:
		if (host == NULL || !is_intended(address, host))
			return VERDICT_MISDELIVERED;
		return recipient_intact(r) ? VERDICT_DELIVERED : VERDICT_REWRITTEN;
	case MTA_REJECTED:
		return VERDICT_REJECTED;
	case MTA_DEFERRED:
		/* A validator has no queue: it could not tell. */
		return mail->validated ? VERDICT_UNKNOWN : VERDICT_DEFERRED;
	case MTA_BOUNCED:
		return VERDICT_BOUNCED;
	}
	return VERDICT_UNKNOWN;
}

static const char *ip_text(struct arena *a, const struct ip *ip)
{
	char text[IP_TEXT_MAX];

	return arena_strdup(a, ip_to_text(ip, text));
}

static const char *copy(struct arena *a, const char *text)
{
	return text == NULL ? NULL : arena_strdup(a, text);
}

static void copy_route(
	struct arena *a, const struct route *route, struct record_outcome *ret)
{
	struct record_host *hosts = arena_array(a, route->n_hosts, sizeof(*hosts));

	for (unsigned i = 0; i < route->n_hosts; i++) {
		const struct route_host *from = &route->hosts[i];
		const char **ips = arena_array(a, from->n_ips, sizeof(*ips));

		for (unsigned k = 0; k < from->n_ips; k++)
			ips[k] = ip_text(a, &from->ips[k]);
		hosts[i] = (struct record_host){ from->preference, copy(a, from->name),
			ips, from->n_ips };
	}
	ret->hosts = hosts;
	ret->n_hosts = route->n_hosts;
	ret->disposition = disposition_name(route->disposition);
	ret->route_status = copy(a, route->status);
	ret->route_reason = copy(a, route->reason);
}

static void copy_rewrites(
	struct arena *a, const struct mta_result *r, struct record_outcome *ret)
{
	struct record_rewrite *list = arena_array(a, r->n_rewrites, sizeof(*list));

	for (unsigned i = 0; i < r->n_rewrites; i++)
		list[i] = (struct record_rewrite){ r->rewrites[i].what,
			copy(a, r->rewrites[i].from), copy(a, r->rewrites[i].to) };
	ret->rewrites = list;
	ret->n_rewrites = r->n_rewrites;
}

/* The world's host that took the message. A validator connects to nobody: then it is
 * the host whose name it has. */
static const struct host *taker(const struct hosts *hosts, const struct mta_result *r)
{
	if (r->ip.family != 0)
		return hosts_at(hosts, &r->ip);
	for (unsigned i = 0; r->host != NULL && i < hosts->n; i++) {
		if (same_name(hosts->list[i].name, r->host))
			return &hosts->list[i];
	}
	return NULL;
}

void judge_mail(struct arena *a, const struct scenario_address *address,
	const struct hosts *hosts, const struct mail *mail, struct record_outcome *ret)
{
	const struct mta_result *r = mail->result;
	const struct host *host = taker(hosts, r);
	const char *name = host != NULL ? host->name : r->host;

	ret->verdict = verdict_of(address, mail, name);
	ret->status = copy(a, r->status);
	ret->reason = copy(a, r->reason);
	copy_route(a, &r->route, ret);
	copy_rewrites(a, r, ret);
	ret->rcpt = copy(a, r->rcpt);
	ret->mail_from = copy(a, r->mail_from);
	if (r->end == MTA_DELIVERED) {
		ret->to_host = copy(a, name);
		ret->to_address = r->ip.family != 0 ? ip_text(a, &r->ip) : NULL;
	}
}

/* Does the visit end where the word says: host name, address or "nowhere"? */
static bool ends_at(const struct visit *visit, const char *where)
{
	char text[IP_TEXT_MAX];

	if (strcmp(where, "nowhere") == 0)
		return !visit->reached;
	if (!visit->reached)
		return false;
	if (visit->host != NULL && same_name(visit->host, where))
		return true;
	return strcmp(ip_to_text(&visit->ip, text), where) == 0;
}

void judge_web(struct arena *a, const struct scenario_address *address,
	const struct visit *visit, struct record_web *ret)
{
	*ret = (struct record_web){ .tried = visit != NULL };
	if (visit == NULL)
		return;
	ret->as_intended = address->web != NULL && ends_at(visit, address->web);
	if (visit->reached) {
		ret->ends_at = ip_text(a, &visit->ip);
		ret->host = copy(a, visit->host);
	}
	ret->url = copy(a, visit->url_host);
}

struct expected judge_expected(const struct expect_row *rows, unsigned n,
	const char *client, const char *resolver)
{
	struct expected e = { 0 };

	for (unsigned i = n; i-- > 0 && (e.mail == NULL || e.web == NULL);) {
		bool wanted = (e.mail == NULL && rows[i].has_mail) ||
			      (e.web == NULL && rows[i].web != NULL);

		if (!wanted || !glob_match(rows[i].clients, client) ||
			!glob_match(rows[i].resolvers, resolver))
			continue;
		if (e.mail == NULL && rows[i].has_mail)
			e.mail = &rows[i];
		if (e.web == NULL && rows[i].web != NULL)
			e.web = &rows[i];
	}
	return e;
}

/* ---- comparing ---- */

struct differences {
	struct arena *arena;
	struct str text;
};

static void differ(
	struct differences *d, const char *what, const char *want, const char *got)
{
	if (d->text.len > 0)
		str_puts(&d->text, "; ");
	str_printf(&d->text, "%s: expected %s, got %s", what, want,
		got == NULL || *got == '\0' ? "nothing" : got);
}

static bool word_in(const char *list, const char *word)
{
	size_t n = strlen(word);

	for (const char *p = list; *p != '\0';) {
		size_t len = strcspn(p, "|");

		if (len == n && strncmp(p, word, n) == 0)
			return true;
		p += len;
		p += *p == '|';
	}
	return false;
}

static void compare_list(struct differences *d, const char *what,
	const char *const *want, unsigned n_want, const char *const *got,
	unsigned n_got)
{
	struct str w = STR_INIT, g = STR_INIT;
	bool same = n_want == n_got;

	for (unsigned i = 0; same && i < n_want; i++)
		same = same_name(want[i], got[i]);
	if (!same) {
		for (unsigned i = 0; i < n_want; i++)
			str_printf(&w, "%s%s", i > 0 ? ", " : "", want[i]);
		for (unsigned i = 0; i < n_got; i++)
			str_printf(&g, "%s%s", i > 0 ? ", " : "", got[i]);
		differ(d, what, n_want == 0 ? "none" : w.data, g.data);
	}
	str_clear(&w);
	str_clear(&g);
}

static void compare_route(struct differences *d, const struct expect_row *row,
	const struct record_outcome *o)
{
	const char **got = arena_array(d->arena, o->n_hosts, sizeof(*got));

	for (unsigned i = 0; i < o->n_hosts; i++)
		got[i] = o->hosts[i].name;
	compare_list(d, "route", row->route, row->n_route, got, o->n_hosts);
}

static void compare_queries(
	struct differences *d, const struct expect_row *row, const struct mail *mail)
{
	const char **got = arena_array(d->arena, mail->n_asked, sizeof(*got));

	for (unsigned i = 0; i < mail->n_asked; i++) {
		char name[NAME_TEXT_MAX], type[RRTYPE_TEXT_MAX];
		const struct question *q = &mail->asked[i].question;

		got[i] = arena_printf(d->arena, "%s %s", rrtype_to_text(q->type, type),
			name_to_text(q->name, name));
	}
	compare_list(d, "queries", row->queries, row->n_queries, got, mail->n_asked);
}

/* A real client does not tell everything. */
static bool unseen(const struct mail *mail, const char *text)
{
	return mail->observed && text == NULL;
}

static void compare_mail(struct differences *d, const struct expect_row *row,
	const struct mail *mail, const struct record_outcome *o)
{
	const char *verdict = verdict_name(o->verdict);

	if (row->verdict != NULL && !word_in(row->verdict, verdict))
		differ(d, "verdict", row->verdict, verdict);
	if (row->disposition != NULL && !mail->observed &&
		strcmp(row->disposition, o->disposition) != 0)
		differ(d, "disposition", row->disposition, o->disposition);
	if (row->host != NULL &&
		(o->to_host == NULL || !same_name(row->host, o->to_host)))
		differ(d, "host", row->host, o->to_host);
	if (row->rcpt != NULL && !unseen(mail, o->rcpt) &&
		(o->rcpt == NULL || !same_name(row->rcpt, o->rcpt)))
		differ(d, "rcpt", row->rcpt, o->rcpt);
	if (row->mail_from != NULL && !unseen(mail, o->mail_from) &&
		(o->mail_from == NULL || !same_name(row->mail_from, o->mail_from)))
		differ(d, "mail_from", row->mail_from, o->mail_from);
	if (row->status != NULL && !unseen(mail, o->status) &&
		!glob_match(row->status, o->status ? o->status : ""))
		differ(d, "status", row->status, o->status);
	if (row->has_route && !mail->observed)
		compare_route(d, row, o);
	/* Which of them are left to chance, `harness verify` knows. */
	if (row->has_queries && !mail->observed)
		compare_queries(d, row, mail);
}

static void compare_web(
	struct differences *d, const char *want, const struct record_web *web)
{
	bool met;

	if (!web->tried || want == NULL)
		return;
	if (strcmp(want, "nowhere") == 0)
		met = web->ends_at == NULL;
	else
		met = web->ends_at != NULL &&
		      (strcmp(web->ends_at, want) == 0 ||
			      (web->host != NULL && same_name(web->host, want)));
	if (!met)
		differ(d, "web", want, web->ends_at == NULL ? "nowhere" : web->ends_at);
}

void judge_result(struct arena *a, const struct expected *expected,
	const struct scenario_address *address, const struct mail *mail,
	struct record_outcome *outcome)
{
	const struct expect_row *row = expected->mail;
	struct differences d = { .arena = a, .text = STR_INIT };

	if (row != NULL && mail != NULL)
		compare_mail(&d, row, mail, outcome);
	compare_web(&d, expected->web != NULL ? expected->web->web : address->web,
		&outcome->web);
	if (row != NULL)
		outcome->expected = row->verdict;
	outcome->result = d.text.len > 0 ? RESULT_FAILED : RESULT_PASSED;
	if (d.text.len > 0)
		outcome->difference = arena_strdup(a, d.text.data);
	/* `known` is about the emulation: the row says what the real program does. */
	if (row != NULL && row->known != NULL && (mail == NULL || !mail->observed)) {
		bool differs = d.text.len > 0;

		outcome->result = differs ? RESULT_KNOWN : RESULT_FAILED;
		if (!differs)
			outcome->difference = arena_printf(a,
				"known defect \"%s\" is gone: remove `known` from "
				"%s:%d",
				row->known, row->at.file, row->at.line);
	}
	str_clear(&d.text);
}
