/* lab-site.h - inside run: a world on sockets in a netns, with the resolver its clients
 * ask: where the cases of one scenario with one resolver take place.
 *
 * The thread that opens a site moves to the world's side of its netns and stays there:
 * it is to end after the site is closed, or to open the next one. */
#ifndef RUN_LAB_SITE_H
#define RUN_LAB_SITE_H

#include "lab/box.h"
#include "mta/mta.h"
#include "run/lab-world.h"
#include "run/lab.h"

struct drive_outside;
struct net_loop;
struct program;
struct visitor_page;
struct visitor_reply;

struct lab_site_options {
	const struct world *world;
	/* The emulated resolver; or a real one. */
	const struct resolver_policy *policy;
	const struct program *resolver; /* NULL: emulated */
	const char *resolver_root;	/* its package root */
	uint64_t seed;
	struct lab_limits limits;
};

struct lab_site {
	struct lab_site_options options; /* with every limit */
	struct arena *arena;
	struct netns *netns;
	struct lab_world *world;
	struct box *resolver; /* NULL: emulated */
	struct net_loop *loop;
	unsigned stage;
	uint64_t ahead_us; /* the real resolver's clock */
	/* Why nothing can be done here any more, or NULL. */
	const char *failure;
	bool was_silent; /* the resolver has outlasted a client's patience */
};

/* 0; or -1, and s->failure says why: it is to be closed all the same. */
int lab_site_open(struct lab_site *s, const struct lab_site_options *o);
void lab_site_close(struct lab_site *s);

/* Back to the beginning: first stage, nothing cached, no quirk has acted. 0 or -1. */
int lab_site_restart(struct lab_site *s);

/* Whether what is asked here has a resolver that runs: 0; or -1, and s->failure says
 * why. For when no answer came. */
int lab_site_check(struct lab_site *s);

/* Why a command of a driver failed, in one line, in a. What it said last counts: before
 * that it may have said much. */
const char *lab_words(struct arena *a, const struct box_result *r);

/* Asks the real resolver: its answer in a, or NULL when none came. */
const struct msg *lab_site_ask(
	struct lab_site *s, struct arena *a, const struct question *q);

/* Asks a web host of the world, over HTTP: what it says lives in a. */
void lab_site_fetch(struct lab_site *s, struct arena *a,
	const struct visitor_page *page, struct visitor_reply *ret);

/* Of the real resolver's clock. */
void lab_site_wait(struct lab_site *s, uint64_t us);

void lab_site_enter(struct lab_site *s, unsigned stage);

/* For a drive: the real resolver is asked; the emulated one, which is in the world, is
 * only primed and moved on. Web hosts are asked over HTTP, from the world's side:
 * visitors are not the client, whose host may lack a family. */
struct drive_outside lab_site_outside(struct lab_site *s);

/* A client's patience (drive.h), and what a busy machine adds. */
#define LAB_PATIENCE_US (DRIVE_PATIENCE_US + UINT64_C(4000000))

/* For one that has outlasted it before: what it says, it says soon. */
#define LAB_PATIENCE_LEFT_US UINT64_C(3000000)

/* What a visitor waits for a page: its hosts are next door, and where none is nobody
 * ever answers. */
#define LAB_VISIT_US UINT64_C(3000000)

#endif
