/* lab-tree.h - inside run: what a real resolver answers, remembered by what it was
 * asked before.
 *
 * A resolver's answer depends on the questions before it, and on nothing else that
 * differs between the cases of an address. So answers hang on a tree: from a fresh
 * resolver, each question, wait, new stage or page leads on to the next node. Clients
 * that ask the same things in the same order are told the same answers; the resolver is
 * asked once. Where a client leaves the known ways, the resolver is put back to the
 * beginning and led there again. */
#ifndef RUN_LAB_TREE_H
#define RUN_LAB_TREE_H

#include "run/drive.h"

struct lab_tree;

/* Lives in a, with all answers; the resolver is copied, and is at its beginning.
 * restart() puts it back there. */
struct lab_tree *lab_tree_new(struct arena *a, const struct drive_outside *resolver,
	void (*restart)(void *ctx), void *ctx);

/* From the beginning: what is asked, waited for and entered from now on. */
const struct drive_outside *lab_tree_begin(struct lab_tree *t);

#endif
