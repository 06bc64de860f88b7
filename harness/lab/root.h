/* root.h - package roots: Debian systems in folders, made once, that real programs run
 * from.
 *
 * A root is built by mmdebstrap from the package sources of this machine's apt (for
 * another release: the same sources with its name), into DIR/NAME.tmp, and renamed when
 * it is whole: a root that is there is complete. Builders of one root wait for each
 * other (a lock on DIR/NAME.lock). What was asked for is written in the root at
 * /lab/recipe: when it differs the root is built anew. The versions that were installed
 * stand in /lab/versions, a line each: "postfix 3.7.11-0+deb12u1".
 *
 * Nothing is installed on this machine but mmdebstrap itself. */
#ifndef LAB_ROOT_H
#define LAB_ROOT_H

#include <stdbool.h>
#include <stddef.h>

struct arena;

#define ROOT_WHY_MAX 512

/* Rows of program.c say these. */
struct root_recipe {
	const char *name;     /* of the folder: "postfix-bookworm" */
	const char *suite;    /* "bookworm", "trixie" */
	const char *packages; /* Debian's, joined by commas */
	const char *npm; /* of the npm registry, joined by commas: "Haraka@3.1.7", or
			  * NULL: installed into /opt/npm/node_modules by this
			  * machine's npm, without scripts and without optional
			  * packages (--ignore-scripts --omit=optional) */
	const char *npm_before; /* what those depend on is of that day, "2026-09-16" */
	/* Driver text (driver.h) whose `prepare` function is run in the root when the
	 * packages are there: configuration that is the same for each run. Or NULL. */
	const char *driver;
};

/* Where roots are: $HARNESS_LAB, else "build/lab". */
const char *root_dir(void);

/* The folder of the finished root, in a, or NULL and why there is none. `build` false:
 * it is not built when it is missing. `tell`, which may be NULL, is told before
 * something takes long: "building postfix-bookworm: about half a minute". Ends within
 * ROOT_LIMIT_S; a build that fails or is interrupted leaves nothing but its log, which
 * `why` names: DIR/NAME.log. */
#define ROOT_LIMIT_S 600
const char *root_get(struct arena *a, const struct root_recipe *recipe, bool build,
	void (*tell)(void *ctx, const char *text), void *ctx, char why[ROOT_WHY_MAX]);

/* "3.7.11-0+deb12u1": the version of a package in a finished root, in a; or NULL. */
const char *root_version(struct arena *a, const char *root, const char *package);

/* Removes what unfinished builds left in root_dir(): *.tmp that nobody builds; with
 * `all` the roots, too. Their number, or -1 and why. Mounts below them are taken away
 * first. */
long root_clean(bool all, char why[ROOT_WHY_MAX]);

#endif
