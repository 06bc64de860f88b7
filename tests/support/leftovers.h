/* leftovers.h - what a lab must leave nothing of: processes below this one, namespaces
 * its threads are in, its descriptors, mounts, interfaces. */
#ifndef TESTS_SUPPORT_LEFTOVERS_H
#define TESTS_SUPPORT_LEFTOVERS_H

#include "base/str.h"

/* Names all there is, a line each, but for zombies of others. To be held against what
 * it was before by assert_string_equal(). */
void leftovers_list(struct str *to);

#endif
