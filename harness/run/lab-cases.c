#include "run/lab-cases.h"

#include <pthread.h>
#include <string.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/bug.h"
#include "lab/program.h"
#include "mta/profile.h"
#include "resolver/policy.h"
#include "run/bench.h"
#include "run/lab-mta.h"
#include "run/lab-tree.h"

/* Cases under way at a time, for each processor: a case waits for timeouts, daemons and
 * retries most of its time. */
#define JOBS_A_PROCESSOR 16
#define JOBS_MAX 64

/* Of them, of one scenario. */
#define AT_A_TIME_MAX 16

/* A real program, as this run has it. */
struct entry {
	const struct program *program;
	const char *root;  /* NULL: */
	const char *why;   /* why it does not run */
	const char *label; /* "postfix-3.7 3.7.11-0+deb12u1" */
};

struct lab {
	struct arena *arena;
	struct entry *entries;
	size_t n;
	unsigned jobs;
	const struct lab_options *options;
	pthread_mutex_t lock; /* of what follows */
	pthread_cond_t freed; /* one less is under way */
	unsigned under_way;   /* of `jobs` */
	size_t n_done, n_cases;
};

/* ---- programs ---- */

static void find_root(struct lab *lab, const struct lab_options *o, struct entry *e)
{
	char why[ROOT_WHY_MAX];

	/* Another user is to become root of a user namespace, and has not yet. */
	if (e->program->needs_root && (geteuid() != 0 || netns_is_unprivileged())) {
		e->why = arena_printf(lab->arena, "%s needs several uids: run as root",
			e->program->name);
		return;
	}
	e->root =
		root_get(lab->arena, &e->program->root, o->build, o->tell, o->ctx, why);
	if (e->root == NULL) {
		e->why = arena_printf(lab->arena, "%s: %s", e->program->name, why);
		return;
	}
	e->label = root_version(lab->arena, e->root, e->program->package);
	e->label = arena_printf(lab->arena, "%s (%s)", e->program->name,
		e->label == NULL ? "version unknown" : e->label);
}

/* One line for each word that nothing stands behind. */
static int check_required(
	const struct lab *lab, const char *words, struct arena *a, struct errs *errs)
{
	int rc = 0;

	for (size_t n; words != NULL && *words != '\0';
		words += n + (words[n] == ',')) {
		const char *word = arena_strndup(a, words, n = strcspn(words, ","));
		const char *why = "it does not take part";
		bool runs = false;

		for (size_t i = 0; i < lab->n && !runs; i++) {
			if (!program_named_by(lab->entries[i].program, word))
				continue;
			runs = lab->entries[i].root != NULL;
			why = lab->entries[i].why;
		}
		if (!runs) {
			errs_add(errs, (struct place){ 0 },
				"%s is required and does not run: %s", word, why);
			rc = -1;
		}
	}
	return rc;
}

static unsigned jobs_of(const struct run_options *o)
{
	long n = o->jobs > 0 ? (long)o->jobs
			     : JOBS_A_PROCESSOR * sysconf(_SC_NPROCESSORS_ONLN);

	return n < 1 ? 1 : n > JOBS_MAX ? JOBS_MAX : (unsigned)n;
}

/* Whether there can be a lab at all: one pair of namespaces, made and dropped. */
static int try_netns(struct errs *errs)
{
	const struct netns_options o = { .n_world = 0 };
	char why[NETNS_WHY_MAX];
	struct netns *ns = NULL;

	if (netns_prepare(why) == 0)
		ns = netns_new(&o, why);
	if (ns == NULL) {
		err_hint(errs, errs_add(errs, (struct place){ 0 }, "no lab: %s", why),
			"`harness env` says what is missing");
		return -1;
	}
	netns_free(ns);
	return 0;
}

struct lab *lab_new(const struct run_options *o, size_t n_cases, struct errs *errs)
{
	struct arena *a = arena_new();
	struct lab *lab = arena_alloc(a, sizeof(*lab));

	lab->arena = a;
	lab->options = o->lab;
	lab->n_cases = n_cases;
	pthread_mutex_init(&lab->lock, NULL);
	pthread_cond_init(&lab->freed, NULL);
	lab->n = o->lab->n_programs;
	lab->entries = arena_array(a, lab->n, sizeof(*lab->entries));
	lab->jobs = jobs_of(o);
	/* Roots first: who becomes root of a user namespace cannot build any more. */
	for (size_t i = 0; i < lab->n; i++) {
		lab->entries[i].program = o->lab->programs[i];
		find_root(lab, o->lab, &lab->entries[i]);
	}
	if (check_required(lab, o->lab->require, a, errs) == 0 && try_netns(errs) == 0)
		return lab;
	lab_free(lab);
	return NULL;
}

void lab_free(struct lab *lab)
{
	if (lab != NULL)
		arena_free(lab->arena);
}

unsigned lab_jobs(const struct lab *lab)
{
	return lab->jobs;
}

static void note_done(struct lab *lab, size_t n)
{
	const struct lab_options *o = lab->options;

	pthread_mutex_lock(&lab->lock);
	lab->n_done += n;
	if (o->progress != NULL)
		o->progress(o->ctx, lab->n_done, lab->n_cases);
	pthread_mutex_unlock(&lab->lock);
}

static const struct entry *entry_for(
	const struct lab *lab, enum program_kind kind, const char *emulation)
{
	for (size_t i = 0; i < lab->n; i++) {
		if (lab->entries[i].program->kind == kind &&
			strcmp(lab->entries[i].program->emulation, emulation) == 0)
			return &lab->entries[i];
	}
	return NULL;
}

/* ---- jobs: what one thread does at a stretch ---- */

struct planned {
	struct one one;
	struct record *record;
	struct planned *next;
};

/* With a real client one case; else all cases behind one resolver. */
struct job {
	const struct entry *mta, *resolver; /* NULL: emulated */
	const struct resolver_policy *policy;
	struct planned *first, **last;
	struct job *next;
	struct arena *keep; /* of its records; goes with the slot's */
};

struct plan {
	struct lab *lab;
	struct arena *arena;
	struct bench *bench;
	struct case_list *to;
	struct job *first, **last;
	/* Those under way. */
	pthread_mutex_t lock;
	struct job *at;
};

static struct job *add_job(struct plan *p, const struct entry *mta,
	const struct entry *resolver, const struct resolver_policy *policy)
{
	struct job *j = arena_alloc(p->arena, sizeof(*j));

	*j = (struct job){ .mta = mta, .resolver = resolver, .policy = policy };
	j->last = &j->first;
	*p->last = j;
	p->last = &j->next;
	return j;
}

static struct job *job_behind(struct plan *p, const struct entry *resolver,
	const struct resolver_policy *policy)
{
	for (struct job *j = p->first; j != NULL; j = j->next) {
		if (j->mta == NULL && j->resolver == resolver)
			return j;
	}
	return add_job(p, NULL, resolver, policy);
}

static const char *why_skipped(const struct entry *mta, const struct entry *resolver)
{
	if (mta == NULL && resolver == NULL)
		return "neither its client nor its resolver is a real program here";
	if (mta != NULL && mta->root == NULL)
		return mta->why;
	if (resolver != NULL && resolver->root == NULL)
		return resolver->why;
	return NULL;
}

static void plan_case(void *ctx, const struct one *c, unsigned index)
{
	struct plan *p = ctx;
	const struct entry *mta =
		entry_for(p->lab, PROGRAM_MTA, profile_name(c->profile));
	const struct entry *resolver =
		entry_for(p->lab, PROGRAM_RESOLVER, c->policy->name);
	struct record *r = &p->to->list[p->to->n++];
	const char *why = why_skipped(mta, resolver);
	struct planned *planned;
	struct job *j;

	(void)index;
	one_begin(c, r);
	if (why != NULL) {
		one_skip(r, why);
		note_done(p->lab, 1);
		return;
	}
	r->client_program = mta != NULL ? mta->label : NULL;
	r->resolver_program = resolver != NULL ? resolver->label : NULL;
	j = mta != NULL ? add_job(p, mta, resolver, c->policy)
			: job_behind(p, resolver, c->policy);
	planned = arena_alloc(p->arena, sizeof(*planned));
	*planned = (struct planned){ *c, r, NULL };
	*j->last = planned;
	j->last = &planned->next;
}

/* ---- doing them ---- */

struct doing {
	struct job *job;
	struct bench bench; /* with the job's arenas */
	struct lab_site site;
};

/* The site failed: what was run since is worth nothing. */
static void skip(struct doing *d, struct planned *p)
{
	one_skip(p->record, arena_strdup(d->bench.keep, d->site.failure));
}

/* Through the client's own resolver, which then is a fresh one again. */
static struct visits visits_before(struct doing *d, const struct one *c)
{
	const struct drive_outside outside = lab_site_outside(&d->site);
	struct visits v;

	if (d->job->resolver == NULL || c->address->visit == NULL)
		return visits_see(&d->bench, c->address, c->policy, NULL);
	v = visits_see(&d->bench, c->address, c->policy, &outside);
	lab_site_restart(&d->site);
	return v;
}

static void send_through(struct doing *d)
{
	struct planned *p = d->job->first;
	struct lab_mta mta = { d->job->mta->program, d->job->mta->root, &d->site };
	struct mail_sender sender = lab_mta_sender(&mta);
	struct drive_outside outside = lab_site_outside(&d->site);
	struct visits visits = visits_before(d, &p->one);

	p->one.bench = &d->bench;
	p->one.outside = &outside;
	p->one.sender = &sender;
	p->one.visits = &visits;
	one_run(&p->one, p->record);
}

static const struct visits *visits_of(struct doing *d, struct lab_tree *tree,
	const struct planned *p, const struct planned *before,
	const struct visits *last)
{
	struct visits *v;

	if (before != NULL && before->one.address == p->one.address)
		return last;
	v = arena_alloc(d->bench.keep, sizeof(*v));
	*v = visits_see(&d->bench, p->one.address, p->one.policy, lab_tree_begin(tree));
	return v;
}

static void restart(void *ctx)
{
	lab_site_restart(ctx);
}

static void ask_all(struct doing *d)
{
	const struct drive_outside resolver = lab_site_outside(&d->site);
	struct lab_tree *tree =
		lab_tree_new(d->bench.keep, &resolver, restart, &d->site);
	const struct visits *visits = NULL;
	struct planned *before = NULL;

	for (struct planned *p = d->job->first; p != NULL; before = p, p = p->next) {
		p->one.bench = &d->bench;
		visits = visits_of(d, tree, p, before, visits);
		p->one.visits = visits;
		p->one.outside = lab_tree_begin(tree);
		if (d->site.failure == NULL)
			one_run(&p->one, p->record);
		if (d->site.failure != NULL)
			skip(d, p);
	}
}

static void open_and_do(struct doing *d)
{
	const struct entry *resolver = d->job->resolver;
	const struct lab_site_options o = {
		.world = d->bench.world,
		.policy = d->job->policy,
		.resolver = resolver != NULL ? resolver->program : NULL,
		.resolver_root = resolver != NULL ? resolver->root : NULL,
		.seed = d->bench.options->seed,
		.limits = d->bench.options->lab->limits,
	};

	if (lab_site_open(&d->site, &o) != 0) {
		for (struct planned *p = d->job->first; p != NULL; p = p->next)
			skip(d, p);
	} else if (d->job->mta != NULL) {
		send_through(d);
	} else {
		ask_all(d);
	}
	lab_site_close(&d->site);
}

static void do_job(struct plan *p, struct job *job)
{
	struct doing d = { .job = job, .bench = *p->bench };
	size_t n = 0;

	job->keep = arena_new();
	d.bench.keep = job->keep;
	d.bench.scratch = arena_new();
	open_and_do(&d);
	arena_free(d.bench.scratch);
	for (const struct planned *c = job->first; c != NULL; c = c->next)
		n++;
	note_done(p->lab, n);
}

static struct job *take_job(struct plan *p)
{
	struct job *j;

	pthread_mutex_lock(&p->lock);
	j = p->at;
	if (j != NULL)
		p->at = j->next;
	pthread_mutex_unlock(&p->lock);
	return j;
}

/* Scenarios share the places: one whose jobs all wait for timeouts is not the last to
 * end because it does them one after another. */
static void begin_job(struct lab *lab)
{
	pthread_mutex_lock(&lab->lock);
	while (lab->under_way >= lab->jobs)
		pthread_cond_wait(&lab->freed, &lab->lock);
	lab->under_way++;
	pthread_mutex_unlock(&lab->lock);
}

static void end_job(struct lab *lab)
{
	pthread_mutex_lock(&lab->lock);
	lab->under_way--;
	pthread_cond_signal(&lab->freed);
	pthread_mutex_unlock(&lab->lock);
}

static void *work(void *ctx)
{
	struct plan *p = ctx;
	struct job *j;

	while ((j = take_job(p)) != NULL) {
		begin_job(p->lab);
		do_job(p, j);
		end_job(p->lab);
	}
	return NULL;
}

static void do_all(struct plan *p)
{
	pthread_t threads[AT_A_TIME_MAX];
	unsigned n = 0;

	for (const struct job *j = p->first; j != NULL && n < AT_A_TIME_MAX;
		j = j->next)
		n++;
	p->at = p->first;
	for (unsigned i = 0; i < n; i++) {
		if (pthread_create(&threads[i], NULL, work, p) != 0)
			bug("cannot start a thread");
	}
	for (unsigned i = 0; i < n; i++)
		pthread_join(threads[i], NULL);
}

static void free_arena(void *arena)
{
	arena_free(arena);
}

enum run_end lab_cases_run(struct lab *lab, struct arena *keep,
	const struct scenario *scenario, const struct cast *cast,
	const struct run_options *options, struct case_list *ret, struct errs *errs)
{
	size_t room =
		(size_t)scenario->n_addresses * cast->n_clients * cast->n_resolvers;
	struct plan p = {
		.lab = lab,
		.arena = keep,
		.to = ret,
		.lock = PTHREAD_MUTEX_INITIALIZER,
	};
	struct bench b;

	*ret = (struct case_list){ 0 };
	if (cases_check(scenario, cast, errs) != 0)
		return RUN_MISTAKES;
	bench_init(&b, keep, NULL, scenario, options);
	ret->list = arena_array(keep, room, sizeof(*ret->list));
	p.bench = &b;
	p.last = &p.first;
	each_case(&b, cast, plan_case, &p);
	do_all(&p);
	/* What the records borrow goes when they go. */
	for (struct job *j = p.first; j != NULL; j = j->next)
		arena_defer(keep, free_arena, j->keep);
	return RUN_DONE;
}
