/* lab.h - the options of the lab: which real programs take part. */
#ifndef CLI_LAB_H
#define CLI_LAB_H

#include <argp.h>

#include "run/lab.h"

struct arena;
struct profile_set;
struct run_options;

struct lab_args {
	const char *programs; /* words with commas; NULL: the first of each emulation */
	const char *require;
	const char *emulate; /* "clients", "resolvers": emulated although real ones are
			      * there */
	bool no_build;
	bool given; /* any of them */
};

enum { OPT_LAB_PROGRAM = 1000, OPT_LAB_REQUIRE, OPT_LAB_EMULATE, OPT_LAB_NO_BUILD };

/* Rows for a command's table, in this group. */
#define LAB_OPTION_ROWS(group)                                                         \
	{ "program", OPT_LAB_PROGRAM, "NAMES", 0,                                      \
		"these real programs (`harness list programs'); default: one for "     \
		"each "                                                                \
		"client and resolver",                                                 \
		(group) },                                                             \
		{ "emulate", OPT_LAB_EMULATE, "WHAT", 0,                               \
			"clients or resolvers: their emulation, though real ones are " \
			"there",                                                       \
			(group) },                                                     \
		{ "require", OPT_LAB_REQUIRE, "NAMES", 0,                              \
			"exit with 3 when one of these programs cannot run",           \
			(group) },                                                     \
	{                                                                              \
		"no-build", OPT_LAB_NO_BUILD, NULL, 0,                                 \
			"do not build package roots that are missing", (group)         \
	}

#define LAB_OPTIONS_NEED_IT                                                            \
	"--program, --emulate, --require and --no-build are for --network lab"

/* True when the key was one of them. */
bool option_lab(
	struct lab_args *args, int key, const char *arg, struct argp_state *state);

/* The programs whose emulations the options' globs select, in a. */
void lab_choose(struct arena *a, const struct lab_args *args,
	const struct run_options *o, struct lab_options *ret);

#endif
