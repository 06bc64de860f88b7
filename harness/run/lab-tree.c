#include "run/lab-tree.h"

#include <string.h>

#include "base/arena.h"
#include "host/visitor.h"

enum move_kind { MOVE_ASK, MOVE_WAIT, MOVE_ENTER, MOVE_FETCH };

struct move {
	enum move_kind kind;
	struct question question;
	uint64_t us;
	unsigned stage;
	struct visitor_page page;
};

struct node {
	struct node *parent, *children, *next;
	struct move move;	  /* that led here */
	const struct msg *answer; /* to it, */
	uint64_t took_us;	  /* after so long */
	struct visitor_reply reply;
};

struct lab_tree {
	struct arena *arena;
	struct drive_outside resolver;
	void (*restart)(void *ctx);
	void *ctx;
	struct node root;
	struct node *at;     /* of the client */
	struct node *stands; /* where the resolver is */
	struct drive_outside outside;
};

static bool is_same(const struct move *a, const struct move *b)
{
	if (a->kind != b->kind)
		return false;
	switch (a->kind) {
	case MOVE_ASK:
		return a->question.type == b->question.type &&
		       a->question.class == b->question.class &&
		       name_equal(a->question.name, b->question.name);
	case MOVE_WAIT:
		return a->us == b->us;
	case MOVE_ENTER:
		return a->stage == b->stage;
	case MOVE_FETCH:
		return ip_equal(&a->page.ip, &b->page.ip) &&
		       strcmp(a->page.host, b->page.host) == 0;
	}
	return false;
}

static struct node *child(struct lab_tree *t, const struct move *m)
{
	struct node *n = t->at->children;

	while (n != NULL && !is_same(&n->move, m))
		n = n->next;
	return n;
}

static void make(struct lab_tree *t, struct node *n)
{
	const struct drive_outside *r = &t->resolver;
	const struct move *m = &n->move;

	switch (m->kind) {
	case MOVE_ASK:
		n->answer = r->ask(r->ctx, t->arena, &m->question, &n->took_us);
		break;
	case MOVE_WAIT:
		r->wait(r->ctx, m->us);
		break;
	case MOVE_ENTER:
		r->enter(r->ctx, m->stage);
		break;
	case MOVE_FETCH:
		r->fetch(r->ctx, t->arena, &m->page, &n->reply);
		break;
	}
}

/* The moves from the beginning to this node, once more: what was said first stays. */
static void lead_to(struct lab_tree *t, const struct node *n)
{
	struct node again = *n;

	if (n->parent == NULL)
		return;
	lead_to(t, n->parent);
	if (n->move.kind != MOVE_FETCH)
		make(t, &again);
}

static void bring_resolver(struct lab_tree *t)
{
	if (t->stands == t->at)
		return;
	t->restart(t->ctx);
	lead_to(t, t->at);
	t->stands = t->at;
}

static const struct node *go(struct lab_tree *t, const struct move *m)
{
	struct node *n = child(t, m);

	if (n == NULL) {
		bring_resolver(t);
		n = arena_alloc(t->arena, sizeof(*n));
		n->parent = t->at;
		n->next = t->at->children;
		n->move = *m;
		if (m->kind == MOVE_ASK)
			n->move.question.name = name_copy(t->arena, m->question.name);
		if (m->kind == MOVE_FETCH)
			n->move.page.host = arena_strdup(t->arena, m->page.host);
		make(t, n);
		t->at->children = n;
		t->stands = n;
	}
	t->at = n;
	return n;
}

/* ---- for a drive ---- */

static const struct msg *tree_ask(
	void *ctx, struct arena *a, const struct question *q, uint64_t *ret_took_us)
{
	const struct move m = { .kind = MOVE_ASK, .question = *q };
	const struct node *n = go(ctx, &m);

	(void)a;
	*ret_took_us = n->took_us;
	return n->answer;
}

static void tree_wait(void *ctx, uint64_t us)
{
	const struct move m = { .kind = MOVE_WAIT, .us = us };

	go(ctx, &m);
}

static void tree_enter(void *ctx, unsigned stage)
{
	const struct move m = { .kind = MOVE_ENTER, .stage = stage };

	go(ctx, &m);
}

static void tree_fetch(void *ctx, struct arena *a, const struct visitor_page *page,
	struct visitor_reply *ret)
{
	const struct move m = { .kind = MOVE_FETCH, .page = *page };

	(void)a;
	*ret = go(ctx, &m)->reply;
}

struct lab_tree *lab_tree_new(struct arena *a, const struct drive_outside *resolver,
	void (*restart)(void *ctx), void *ctx)
{
	struct lab_tree *t = arena_alloc(a, sizeof(*t));

	t->arena = a;
	t->resolver = *resolver;
	t->restart = restart;
	t->ctx = ctx;
	t->at = t->stands = &t->root;
	t->outside = (struct drive_outside){
		.ask = tree_ask, .wait = tree_wait, .enter = tree_enter, .ctx = t
	};
	if (resolver->fetch != NULL)
		t->outside.fetch = tree_fetch;
	return t;
}

const struct drive_outside *lab_tree_begin(struct lab_tree *t)
{
	t->at = &t->root;
	return &t->outside;
}
