#include "report/compare.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/arena.h"
#include "base/lookup.h"
#include "base/str.h"

/* ---- questions ---- */

/* Names are one name whatever their letters' case and with or without the final dot. */
const char *compare_question(struct arena *a, const struct record_query *q)
{
	size_t n = strlen(q->name);
	char *text;

	n -= n > 1 && q->name[n - 1] == '.';
	text = arena_printf(a, "%s %.*s", q->type, (int)n, q->name);
	for (char *p = text + strlen(q->type); *p != '\0'; p++)
		*p = (char)tolower((unsigned char)*p);
	return text;
}

static bool is_address(const char *question)
{
	return strncmp(question, "A ", 2) == 0 || strncmp(question, "AAAA ", 5) == 0;
}

static int by_text(const void *x, const void *y)
{
	return strcmp(*(const char *const *)x, *(const char *const *)y);
}

/* Every stretch of address questions in an order of its own. */
static void sort_addresses(const char **list, unsigned n)
{
	for (unsigned i = 0; i < n;) {
		unsigned from = i;

		while (i < n && is_address(list[i]))
			i++;
		if (i > from)
			qsort(list + from, i - from, sizeof(*list), by_text);
		else
			i++;
	}
}

static bool is_failure(const struct record_query *q)
{
	return q->rcode != NULL && strcmp(q->rcode, "NOERROR") != 0 &&
	       strcmp(q->rcode, "NXDOMAIN") != 0;
}

/* Is question i asked again although it failed? The last time before it counts. */
static bool is_retry(
	const struct record_outcome *o, const char *const *texts, unsigned i)
{
	for (unsigned k = i; k-- > 0;) {
		if (strcmp(texts[k], texts[i]) == 0)
			return is_failure(&o->queries[k]);
	}
	return false;
}

struct questions {
	const char **list;
	unsigned n;
};

/* Is it the shorter one with the domain behind it? */
static bool is_with_domain(const char *text, const char *shorter, const char *domain)
{
	size_t n = strlen(shorter);

	return domain != NULL && strncmp(text, shorter, n) == 0 && text[n] == '.' &&
	       strcmp(text + n + 1, domain) == 0;
}

/* A question about the client's own names. */
static bool is_own(const char *text, const struct compare_rules *rules)
{
	const char *asked = strchr(text, ' ') + 1;
	const char *const *own = rules->own;

	for (; own != NULL && *own != NULL; own++) {
		if (strcmp(asked, *own) == 0 ||
			is_with_domain(asked, *own, rules->domain))
			return true;
	}
	return false;
}

/* For an address that stands in the files of the client's host. */
static bool is_in_files(const char *text, const struct compare_rules *rules)
{
	return rules->hosts_file && is_address(text) &&
	       (strcmp(strchr(text, ' ') + 1, "localhost") == 0 || is_own(text, rules));
}

/* A question of before, with the client's domain. */
static bool is_searched(const char *text, const struct questions *before,
	const struct compare_rules *rules)
{
	for (unsigned i = 0; i < before->n; i++) {
		if (is_with_domain(text, before->list[i], rules->domain))
			return true;
	}
	return false;
}

static unsigned times(const struct questions *q, const char *text)
{
	unsigned n = 0;

	for (unsigned i = 0; i < q->n; i++)
		n += strcmp(q->list[i], text) == 0;
	return n;
}

/* A question of the real one that is nothing new: the emulation asks it, too, and it
 * came as often; or it does not, and it is the client's own affair. */
static bool is_nothing(const struct questions *emulated, const struct questions *before,
	const char *text, const struct compare_rules *rules)
{
	unsigned n = times(before, text), all = times(emulated, text);

	return (n > 0 && n >= all) ||
	       (all == 0 && (is_own(text, rules) || is_searched(text, before, rules)));
}

/* What counts, in the order that counts; of the real ones, when `emulated` is given. */
static void questions(struct arena *a, const struct record_outcome *o,
	const struct questions *emulated, const struct compare_rules *rules,
	struct questions *ret)
{
	const char **texts = arena_array(a, o->n_queries, sizeof(*texts));

	ret->list = arena_array(a, o->n_queries, sizeof(*ret->list));
	ret->n = 0;
	for (unsigned i = 0; i < o->n_queries; i++) {
		texts[i] = compare_question(a, &o->queries[i]);
		if (is_retry(o, texts, i) || is_in_files(texts[i], rules) ||
			(emulated != NULL &&
				is_nothing(emulated, ret, texts[i], rules)))
			continue;
		ret->list[ret->n++] = texts[i];
	}
}

/* ---- the fields ---- */

struct pair {
	struct arena *arena;
	const struct record_outcome *emulated, *real;
	const struct compare_rules *rules;
};

enum seen {
	SEEN,
	UNSEEN, /* by the real side */
	OPEN,	/* the emulation says nothing of it */
};

struct texts {
	const char *emulated, *real; /* NULL: nothing */
};

static enum seen verdict_of(const struct pair *p, struct texts *t)
{
	t->emulated = verdict_name(p->emulated->verdict);
	t->real = verdict_name(p->real->verdict);
	return SEEN;
}

/* An emulation without one means that there is none. */
static enum seen seen_text(const char *emulated, const char *real, struct texts *t)
{
	*t = (struct texts){ emulated, real };
	if (real != NULL)
		return SEEN;
	return emulated == NULL ? OPEN : UNSEEN;
}

static enum seen host_of(const struct pair *p, struct texts *t)
{
	return seen_text(p->emulated->to_host, p->real->to_host, t);
}

static enum seen address_of(const struct pair *p, struct texts *t)
{
	/* A validator names a host and connects to none. */
	if (p->emulated->to_host != NULL && p->emulated->to_address == NULL)
		return OPEN;
	return seen_text(p->emulated->to_address, p->real->to_address, t);
}

static enum seen rcpt_of(const struct pair *p, struct texts *t)
{
	return seen_text(p->emulated->rcpt, p->real->rcpt, t);
}

static enum seen mail_from_of(const struct pair *p, struct texts *t)
{
	if (p->emulated->mail_from == NULL)
		return OPEN;
	return seen_text(p->emulated->mail_from, p->real->mail_from, t);
}

/* What the headers' address has become, or NULL. */
static const char *header_of(const struct record_outcome *o)
{
	for (unsigned i = 0; i < o->n_rewrites; i++) {
		if (strcmp(o->rewrites[i].what, "headers") == 0)
			return o->rewrites[i].to;
	}
	return NULL;
}

static enum seen headers_of(const struct pair *p, struct texts *t)
{
	*t = (struct texts){ header_of(p->emulated), header_of(p->real) };
	if (p->real->to_host == NULL && p->real->to_address == NULL)
		return t->emulated == NULL ? OPEN : UNSEEN;
	return SEEN;
}

static bool is_vague(const char *status)
{
	return strlen(status) < 2 || strcmp(status + 1, ".0.0") == 0;
}

/* Cut to what is compared. */
static enum seen status_of(const struct pair *p, struct texts *t)
{
	const struct record_outcome *e = p->emulated, *r = p->real;
	bool own = e->route_status != NULL && e->disposition != NULL &&
		   strcmp(e->disposition, "deliver") != 0;

	if (e->status == NULL)
		return OPEN;
	if (r->status == NULL)
		return UNSEEN;
	*t = (struct texts){ e->status, r->status };
	if (own && !is_vague(e->status) && !is_vague(r->status))
		return SEEN;
	t->emulated = arena_printf(p->arena, "%.1s.*", e->status);
	t->real = arena_printf(p->arena, "%.1s.*", r->status);
	return SEEN;
}

static const char *joined(const struct pair *p, struct questions *q)
{
	struct str s = STR_INIT;
	const char *text;

	if (p->rules->parallel)
		sort_addresses(q->list, q->n);
	for (unsigned i = 0; i < q->n; i++)
		str_printf(&s, "%s%s", i > 0 ? ", " : "", q->list[i]);
	text = q->n == 0 ? NULL : arena_strdup(p->arena, s.data);
	str_clear(&s);
	return text;
}

static enum seen questions_of(const struct pair *p, struct texts *t)
{
	struct questions emulated, real;

	if (p->real->queries == NULL)
		return UNSEEN;
	questions(p->arena, p->emulated, NULL, p->rules, &emulated);
	questions(p->arena, p->real, &emulated, p->rules, &real);
	t->emulated = joined(p, &emulated);
	t->real = joined(p, &real);
	return SEEN;
}

static const char *web_end(const struct record_web *w)
{
	return w->ends_at == NULL ? "nowhere" : w->ends_at;
}

static enum seen web_of(const struct pair *p, struct texts *t)
{
	if (!p->emulated->web.tried)
		return OPEN;
	if (!p->real->web.tried)
		return UNSEEN;
	t->emulated = web_end(&p->emulated->web);
	t->real = web_end(&p->real->web);
	return SEEN;
}

static const struct field {
	const char *what;
	enum seen (*texts)(const struct pair *p, struct texts *t);
} fields[] = {
	{ "verdict", verdict_of },
	{ "host", host_of },
	{ "address", address_of },
	{ "rcpt", rcpt_of },
	{ "mail_from", mail_from_of },
	{ "headers", headers_of },
	{ "status", status_of },
	{ "questions", questions_of },
	{ "web", web_of },
};

/* ---- comparing ---- */

struct comparing {
	struct arena *arena;
	struct difference *list;
	unsigned n, room, step;
	const struct compare_rules *rules;
	struct comparison *ret;
};

static const char *or_nothing(const char *text)
{
	return text == NULL || *text == '\0' ? "nothing" : text;
}

/* The null sender, "", is none to compare with but itself. */
static bool is_same(const char *x, const char *y)
{
	size_t n, m;

	if (x == NULL || y == NULL)
		return x == y;
	n = strlen(x);
	m = strlen(y);
	n -= n > 1 && x[n - 1] == '.';
	m -= m > 1 && y[m - 1] == '.';
	return n == m && strncasecmp(x, y, n) == 0;
}

static void differ(struct comparing *c, const char *what, const struct texts *t)
{
	c->list[c->n++] = (struct difference){
		.what = what,
		.step = c->step,
		.emulated = or_nothing(t->emulated),
		.real = or_nothing(t->real),
	};
}

static void compare_outcomes(struct comparing *c, const struct record_outcome *emulated,
	const struct record_outcome *real)
{
	const struct pair p = { c->arena, emulated, real, c->rules };

	for (size_t i = 0; i < ARRAY_LEN(fields); i++) {
		struct texts t = { NULL, NULL };

		switch (fields[i].texts(&p, &t)) {
		case SEEN:
			c->ret->compared++;
			if (!is_same(t.emulated, t.real))
				differ(c, fields[i].what, &t);
			break;
		case UNSEEN:
			c->ret->unseen++;
			break;
		case OPEN:
			break;
		}
	}
}

void compare_records(struct arena *a, const struct record *emulated,
	const struct record *real, const struct compare_rules *rules,
	struct comparison *ret)
{
	struct comparing c = { .arena = a, .rules = rules, .ret = ret };

	*ret = (struct comparison){ 0 };
	c.list = arena_array(a, (1 + (size_t)emulated->n_steps) * ARRAY_LEN(fields),
		sizeof(*c.list));
	compare_outcomes(&c, &emulated->outcome, &real->outcome);
	for (unsigned i = 0; i < emulated->n_steps; i++) {
		c.step = i + 1;
		if (i < real->n_steps)
			compare_outcomes(&c, &emulated->steps[i], &real->steps[i]);
		else
			ret->unseen += ARRAY_LEN(fields);
	}
	ret->list = c.list;
	ret->n = c.n;
}
