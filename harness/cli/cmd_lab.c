#include "cli/cli.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "cli/programs.h"
#include "cli/select.h"
#include "lab/program.h"

/* More builders at a time than that keep a mirror busy, not the machine. */
#define JOBS_MAX 16

/* Most of a build is unpacking, some of it waiting for a mirror. */
#define JOBS_DEFAULT 2

enum action { LAB_NONE, LAB_BUILD, LAB_CLEAN };

struct args {
	enum action action;
	struct arena *arena;
	bool *wanted; /* of each program */
	bool any;
	unsigned long long jobs;
	bool all;
};

enum { OPT_ALL = 256 };

static const struct argp_option rows[] = {
	{ "all", OPT_ALL, NULL, 0, "clean: the package roots, too", 1 },
	{ "jobs", 'j', "N", 0, "build: so many at a time; default: 2", 1 },
	{ 0 },
};

static void take_word(struct args *args, const char *word, struct argp_state *state)
{
	const struct program **list;
	char why[PROGRAMS_WHY_MAX];
	size_t n = 0;

	if (args->action == LAB_NONE) {
		args->action = strcmp(word, "build") == 0   ? LAB_BUILD
			       : strcmp(word, "clean") == 0 ? LAB_CLEAN
							    : LAB_NONE;
		if (args->action == LAB_NONE)
			argp_error(state, "build or clean, not \"%s\"", word);
		return;
	}
	if (args->action == LAB_CLEAN)
		argp_error(state, "clean takes no name, not \"%s\"", word);
	list = programs_named(args->arena, word, &n, why);
	if (list == NULL)
		argp_error(state, "%s", why);
	for (size_t i = 0; list != NULL && i < n; i++)
		args->wanted[list[i] - programs] = true;
	args->any = true;
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct args *args = state->input;

	switch (key) {
	case OPT_ALL:
		args->all = true;
		return 0;
	case 'j':
		if (number_from_text(arg, 1, JOBS_MAX, &args->jobs) != 0)
			argp_error(state, "-j is a number up to %d, not \"%s\"",
				JOBS_MAX, arg);
		return 0;
	case ARGP_KEY_ARG:
		take_word(args, arg, state);
		return 0;
	case ARGP_KEY_NO_ARGS:
		argp_error(state, "build or clean?");
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp argp = {
	.options = rows,
	.parser = parse,
	.args_doc = "build [NAME...]\nclean",
	.doc = "Builds the package roots that real programs run from: Debian systems "
	       "in "
	       "folders, below build/lab or $HARNESS_LAB. `harness run --network lab' "
	       "builds what it needs by itself. Or removes what unfinished builds "
	       "left."
	       "\vNAME is a program, what it stands for, or the beginning of names: "
	       "postfix is postfix-3.7 and postfix-3.10. Without one all are built. "
	       "`harness list programs' names them.",
};

/* ---- build ---- */

struct work {
	pthread_mutex_t lock; /* of all that is here */
	const struct args *args;
	bool *taken; /* of each program */
	int status;
};

/* Several programs share a root: the first of them stands for it. */
static const struct program *next(struct work *w)
{
	const struct program *ret = NULL;

	pthread_mutex_lock(&w->lock);
	for (size_t i = 0; i < programs_n; i++) {
		const struct program *p = &programs[i];

		if (w->taken[i] || !w->args->wanted[i])
			continue;
		if (ret == NULL)
			ret = p;
		if (strcmp(p->root.name, ret->root.name) == 0)
			w->taken[i] = true;
	}
	pthread_mutex_unlock(&w->lock);
	return ret;
}

static void tell(void *ctx, const char *text)
{
	struct work *w = ctx;

	pthread_mutex_lock(&w->lock);
	fprintf(stderr, "%s\n", text);
	pthread_mutex_unlock(&w->lock);
}

/* What is in it, as far as it was asked for. */
static void say_built(
	struct work *w, struct arena *a, const char *root, const char *name)
{
	pthread_mutex_lock(&w->lock);
	for (size_t i = 0; i < programs_n; i++) {
		const struct program *p = &programs[i];
		const char *version = root_version(a, root, p->package);

		if (strcmp(p->root.name, name) == 0 && w->args->wanted[i])
			printf("%s: %s %s in %s\n", p->name, p->package,
				version == NULL ? "?" : version, root);
	}
	fflush(stdout);
	pthread_mutex_unlock(&w->lock);
}

static void *build_some(void *ctx)
{
	struct work *w = ctx;
	const struct program *p;

	while ((p = next(w)) != NULL) {
		struct arena *a = arena_new();
		char why[ROOT_WHY_MAX];
		const char *root = root_get(a, &p->root, true, tell, w, why);

		if (root != NULL) {
			say_built(w, a, root, p->root.name);
		} else {
			pthread_mutex_lock(&w->lock);
			cli_complain("%s", why);
			w->status = STATUS_ENVIRONMENT;
			pthread_mutex_unlock(&w->lock);
		}
		arena_free(a);
	}
	return NULL;
}

static int build(const struct args *args)
{
	struct arena *a = arena_new();
	struct work w = {
		.lock = PTHREAD_MUTEX_INITIALIZER,
		.args = args,
		.taken = arena_array(a, programs_n, sizeof(bool)),
	};
	pthread_t threads[JOBS_MAX];
	size_t n = 0;

	while (n + 1 < args->jobs &&
		pthread_create(&threads[n], NULL, build_some, &w) == 0)
		n++;
	build_some(&w);
	while (n > 0)
		pthread_join(threads[--n], NULL);
	arena_free(a);
	return cli_flush_stdout() == 0 ? w.status : STATUS_ENVIRONMENT;
}

/* ---- clean ---- */

static int clean(bool all)
{
	char why[ROOT_WHY_MAX];
	long n = root_clean(all, why);

	if (n < 0) {
		cli_complain("%s", why);
		return STATUS_ENVIRONMENT;
	}
	if (n > 0)
		printf("%ld removed from %s\n", n, root_dir());
	return cli_flush_stdout() == 0 ? STATUS_OK : STATUS_ENVIRONMENT;
}

int cmd_lab(int argc, char **argv)
{
	struct arena *a = arena_new();
	struct args args = {
		.arena = a,
		.wanted = arena_array(a, programs_n, sizeof(bool)),
		.jobs = JOBS_DEFAULT,
	};
	int status;

	argp_parse(&argp, argc, argv, 0, NULL, &args);
	for (size_t i = 0; i < programs_n && !args.any; i++)
		args.wanted[i] = true;
	status = args.action == LAB_BUILD ? build(&args) : clean(args.all);
	arena_free(a);
	return status;
}
