#include "run/arrange.h"

#include <string.h>
#include <strings.h>

#include "base/arena.h"

struct arrange {
	const struct record_query **list; /* what was asked, at all points of time */
	unsigned n, next;
	struct drive_arrange hook, with_turns;
};

/* ---- records as text: "owner TTL TYPE RDATA" ---- */

/* After the TTL: a resolver counts it down. */
static const char *after_ttl(const char *text)
{
	text += strcspn(text, " ");
	text += strspn(text, " ");
	text += strcspn(text, " ");
	return text;
}

static bool same_owner(const char *x, const char *y)
{
	size_t n = strcspn(x, " ");

	return n == strcspn(y, " ") && strncasecmp(x, y, n) == 0;
}

static bool same_record(const char *x, const char *y)
{
	return same_owner(x, y) && strcasecmp(after_ttl(x), after_ttl(y)) == 0;
}

static bool same_set(const char *x, const char *y)
{
	const char *type_x = after_ttl(x), *type_y = after_ttl(y);
	size_t n;

	type_x += strspn(type_x, " ");
	type_y += strspn(type_y, " ");
	n = strcspn(type_x, " ");
	return same_owner(x, y) && n == strcspn(type_y, " ") &&
	       strncasecmp(type_x, type_y, n) == 0;
}

/* ---- arranging ---- */

static bool is_asked(const struct record_query *asked, const struct question *q)
{
	char name[NAME_TEXT_MAX], type[RRTYPE_TEXT_MAX];

	return strcasecmp(asked->name, name_to_text(q->name, name)) == 0 &&
	       strcasecmp(asked->type, rrtype_to_text(q->type, type)) == 0;
}

/* The next time it was asked, or the first when it was not again; NULL: never. */
static const struct record_query *find(struct arrange *r, const struct question *q)
{
	for (unsigned i = 0; i < r->n; i++) {
		unsigned at = (r->next + i) % r->n;

		if (is_asked(r->list[at], q)) {
			r->next = at + 1;
			return r->list[at];
		}
	}
	return NULL;
}

/* The record of ours that has the text and was not taken yet; n when there is none. */
static unsigned take(
	const char *const *texts, bool *taken, unsigned n, const char *text)
{
	for (unsigned i = 0; i < n; i++) {
		if (!taken[i] && same_record(texts[i], text)) {
			taken[i] = true;
			return i;
		}
	}
	return n;
}

/* -1 when it is not the same but for the order within its sets. */
static int reorder(struct arena *a, const struct section *from,
	const struct record_query *as, struct rr *to)
{
	const char **texts = arena_array(a, from->n, sizeof(*texts));
	bool *taken = arena_array(a, from->n, sizeof(*taken));

	for (unsigned i = 0; i < from->n; i++)
		texts[i] = rr_text(a, &from->rr[i]);
	for (unsigned i = 0; i < from->n; i++) {
		unsigned k = take(texts, taken, from->n, as->answer[i]);

		if (k == from->n || !same_set(texts[i], texts[k]))
			return -1;
		to[i] = from->rr[k];
	}
	return 0;
}

static const struct msg *arranged(
	void *ctx, struct arena *a, const struct question *q, const struct msg *answer)
{
	const struct record_query *as = find(ctx, q);
	const struct section *from = &answer->section[ANSWER];
	struct msg *to;
	struct rr *list;

	if (as == NULL || from->n < 2 || as->n_answer != from->n)
		return answer;
	list = arena_array(a, from->n, sizeof(*list));
	if (reorder(a, from, as, list) != 0)
		return answer;
	to = arena_memdup(a, answer, sizeof(*to));
	to->section[ANSWER] = (struct section){ .rr = list, .n = from->n };
	return to;
}

/* ---- turns ---- */

/* When its address was asked for first. */
static bool turn(void *ctx, const struct name *host, unsigned *ret)
{
	const struct arrange *r = ctx;
	const struct question a = { host, TYPE_A, CLASS_IN };
	const struct question aaaa = { host, TYPE_AAAA, CLASS_IN };

	for (unsigned i = 0; i < r->n; i++) {
		if (is_asked(r->list[i], &a) || is_asked(r->list[i], &aaaa)) {
			*ret = i;
			return true;
		}
	}
	return false;
}

static void add(struct arrange *r, const struct record_outcome *o)
{
	for (unsigned i = 0; i < o->n_queries; i++)
		r->list[r->n++] = &o->queries[i];
}

struct arrange *arrange_new(struct arena *a, const struct record *real)
{
	struct arrange *r = arena_alloc(a, sizeof(*r));
	size_t n = real->outcome.n_queries;

	for (unsigned i = 0; i < real->n_steps; i++)
		n += real->steps[i].n_queries;
	*r = (struct arrange){
		.list = arena_array(a, n, sizeof(*r->list)),
		.hook = { .arrange = arranged, .ctx = r },
		.with_turns = { .arrange = arranged, .turn = turn, .ctx = r },
	};
	add(r, &real->outcome);
	for (unsigned i = 0; i < real->n_steps; i++)
		add(r, &real->steps[i]);
	return r;
}

const struct drive_arrange *arrange_hook(const struct arrange *arrange, bool turns)
{
	return turns ? &arrange->with_turns : &arrange->hook;
}
