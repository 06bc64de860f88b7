/* env.h - what of the lab can run on this machine, and why the rest cannot. */
#ifndef LAB_ENV_H
#define LAB_ENV_H

#include <stdbool.h>
#include <stddef.h>

#include "lab/program.h"

#define ENV_WHY_MAX 256

/* One thing the lab needs. */
struct env_part {
	const char *name; /* "network namespaces" */
	bool have;
	char text[ENV_WHY_MAX]; /* what was found, or why not and what to do */
};

enum env_part_id {
	ENV_PRIVILEGE, /* root, or a user namespace */
	ENV_NETNS,     /* two joined network namespaces could be made */
	ENV_OVERLAY,   /* a box could be started */
	ENV_IP,	       /* iproute2 */
	ENV_MMDEBSTRAP,
	ENV_NPM,
	ENV_PARTS
};

struct env {
	struct env_part parts[ENV_PARTS];
};

/* Tries each of them, in children that are gone afterwards: this process stays what it
 * is. */
void env_probe(struct env *ret);

/* Whether the program can run: its root is there, or can be built. False, and why. */
bool env_can_run(const struct env *e, const struct program *p, char why[ENV_WHY_MAX]);

#endif
