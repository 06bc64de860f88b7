/* which.h - where a program of this machine is. */
#ifndef LAB_WHICH_H
#define LAB_WHICH_H

struct arena;

/* Its path, in a: looked for in PATH, then where tools of the administrator are. NULL:
 * nowhere. */
const char *which(struct arena *a, const char *program);

#endif
