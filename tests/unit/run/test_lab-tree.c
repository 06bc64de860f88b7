/* What a resolver is really asked, when several clients stand behind it one after
 * another, each of them as if the resolver were fresh. */
#include "run/lab-tree.h"

#include <string.h>

#include "base/arena.h"
#include "base/str.h"
#include "host/visitor.h"
#include "support/test.h"

/* A resolver that writes down what reaches it; its answers count what it has seen since
 * the last restart. */
struct fake {
	struct str log;
	unsigned seen;
};

static const struct msg *fake_ask(
	void *ctx, struct arena *a, const struct question *q, uint64_t *ret_took_us)
{
	char name[NAME_TEXT_MAX];
	struct fake *f = ctx;
	struct msg *m;

	str_printf(&f->log, "%s ", name_to_text(q->name, name));
	f->seen++;
	*ret_took_us = f->seen;
	if (strcmp(name, "silent.") == 0 || strcmp(name, "silent") == 0)
		return NULL;
	m = arena_alloc(a, sizeof(*m));
	m->id = (uint16_t)f->seen;
	return m;
}

static void fake_wait(void *ctx, uint64_t us)
{
	struct fake *f = ctx;

	str_printf(&f->log, "wait=%u ", (unsigned)us);
}

static void fake_enter(void *ctx, unsigned stage)
{
	struct fake *f = ctx;

	str_printf(&f->log, "stage=%u ", stage);
}

static void fake_fetch(void *ctx, struct arena *a, const struct visitor_page *page,
	struct visitor_reply *ret)
{
	char ip[IP_TEXT_MAX];
	struct fake *f = ctx;

	(void)a;
	str_printf(&f->log, "%s:%s ", page->host, ip_to_text(&page->ip, ip));
	*ret = (struct visitor_reply){ .connected = true, .status = 200 };
}

static void fake_restart(void *ctx)
{
	struct fake *f = ctx;

	str_puts(&f->log, "restart ");
	f->seen = 0;
}

/* One letter is a question for it, a digit a wait, "#2" a stage, "*P" a page, "!" the
 * silent name, "/" the next client. */
struct row {
	const char *name;
	const char *clients;
	const char *reached;
};

static const struct row rows[] = {
	{ "one client's questions reach the resolver in order", "abc", "a b c " },
	{ "a second client with the same questions asks nothing", "abc/abc", "a b c " },
	{ "who goes on where the resolver stands makes no restart", "ab/abc",
		"a b c " },
	{ "who leaves the way is led there again from a fresh resolver", "abc/abd",
		"a b c restart a b d " },
	{ "who leaves it at once needs only the restart", "a/b", "a restart b " },
	{ "back on a known way nothing is asked", "ab/ac/ab", "a b restart a c " },
	{ "and beyond its end it is led there again", "ab/ac/abd",
		"a b restart a c restart a b d " },
	{ "the same question twice is two steps", "aa/ab", "a a restart a b " },
	{ "waits are repeated on the way, and are no questions", "a3b/a3c",
		"a wait=3 b restart a wait=3 c " },
	{ "another wait is another way", "a3b/a4b", "a wait=3 b restart a wait=4 b " },
	{ "stages are repeated on the way", "a#1b/a#1c",
		"a stage=1 b restart a stage=1 c " },
	{ "silence is remembered", "!a/!a", "silent a " },
	{ "a client that asks nothing costs nothing", "/ab/", "a b " },
	{ "a page is fetched once", "a*Pb/a*Pb", "a P:192.0.2.80 b " },
	{ "and is not fetched again on the way", "a*Pb/a*Pc",
		"a P:192.0.2.80 b restart a c " },
	{ "a page of another name is another one", "*P/*Q",
		"P:192.0.2.80 restart Q:192.0.2.80 " },
	{ "a page is that of its stage", "*P#1*P/#1*P",
		"P:192.0.2.80 stage=1 P:192.0.2.80 restart stage=1 P:192.0.2.80 " },
};

static void fetch(const struct drive_outside *o, struct arena *a, char name)
{
	const char host[2] = { name, '\0' };
	struct visitor_page page = { .ip = { 4, { 192, 0, 2, 80 } }, .host = host };
	struct visitor_reply reply;

	o->fetch(o->ctx, a, &page, &reply);
	assert_int_equal(reply.status, 200);
}

static void play(const struct drive_outside *o, struct arena *a, const char *p)
{
	for (; *p != '\0' && *p != '/'; p++) {
		char text[2] = { *p, '\0' };
		struct question q = { .type = TYPE_MX, .class = CLASS_IN };
		uint64_t took;

		if (*p == '#') {
			o->enter(o->ctx, (unsigned)(*++p - '0'));
		} else if (*p == '*') {
			fetch(o, a, *++p);
		} else if (*p >= '0' && *p <= '9') {
			o->wait(o->ctx, (uint64_t)(*p - '0'));
		} else {
			q.name = name_literal(a, *p == '!' ? "silent" : text);
			o->ask(o->ctx, a, &q, &took);
		}
	}
}

static struct drive_outside outside(struct fake *f)
{
	return (struct drive_outside){
		.ask = fake_ask,
		.wait = fake_wait,
		.enter = fake_enter,
		.fetch = fake_fetch,
		.ctx = f,
	};
}

static void what_reaches_the_resolver(void **state)
{
	const struct row *row = *state;
	struct arena *a = arena_new();
	struct fake f = { .log = STR_INIT };
	struct drive_outside o = outside(&f);
	struct lab_tree *t = lab_tree_new(a, &o, fake_restart, &f);

	for (const char *p = row->clients;; p = strchr(p, '/') + 1) {
		play(lab_tree_begin(t), a, p);
		if (strchr(p, '/') == NULL)
			break;
	}
	assert_string_equal(f.log.data, row->reached);
	str_clear(&f.log);
	arena_free(a);
}

static void a_remembered_answer_is_the_first_one_with_its_time(void **state)
{
	struct arena *a = arena_new();
	struct fake f = { .log = STR_INIT };
	struct drive_outside o = outside(&f);
	struct lab_tree *t = lab_tree_new(a, &o, fake_restart, &f);
	const struct drive_outside *d;
	struct question q = {
		.name = name_literal(a, "b"), .type = TYPE_MX, .class = CLASS_IN
	};
	const struct msg *first, *again;
	uint64_t took = 0, took_again = 0;

	(void)state;
	d = lab_tree_begin(t);
	play(d, a, "a");
	first = d->ask(d->ctx, a, &q, &took);
	d = lab_tree_begin(t);
	play(d, a, "a");
	again = d->ask(d->ctx, a, &q, &took_again);
	assert_non_null(first);
	assert_int_equal(first->id, 2);
	assert_ptr_equal(again, first);
	assert_int_equal(took, 2);
	assert_int_equal(took_again, 2);
	str_clear(&f.log);
	arena_free(a);
}

int main(void)
{
	TESTS_ADD_ROWS(rows, what_reaches_the_resolver);
	TESTS_ADD(a_remembered_answer_is_the_first_one_with_its_time);
	return tests_run("run-lab-tree");
}
