/* box-init.h - process 1 of a box (lab/box.h): makes its surroundings, then does what
 * it is told.
 *
 * It is a copy of a process that may have had other threads, and it does not exec: it
 * makes system calls only and uses no memory but what was prepared before, and its
 * stack. Text it names to its owner are pointers, which mean the same in both. */
#ifndef LAB_BOX_INIT_H
#define LAB_BOX_INIT_H

#include <stddef.h>

#include "lab/netns.h"

struct box_file;

struct box_plan {
	const char *root;
	const struct netns *netns;
	enum netns_side side;
	const char *tmpfs; /* mount options */
	const char *hostname;
	const struct box_file *files;
	size_t n_files;
	char *const *env;
	int control; /* SOCK_SEQPACKET; the owner has the other end */
};

/* To be called first thing after clone(2) with new PID, mount, UTS and IPC namespaces,
 * all signals blocked. */
_Noreturn void box_init(const struct box_plan *p);

/* ---- what is said over the control socket --------------------------------- */

enum box_op {
	BOX_RUN,  /* with the descriptors below */
	BOX_KILL, /* the shell and its process group */
	BOX_READ  /* the owner has read the output as far as it wants to: what still
		   * comes is read and dropped, so that nobody in the background gets
		   * stuck or is killed by a SIGPIPE */
};

enum {
	BOX_FD_SCRIPT, /* the script, then its arguments, each with a NUL */
	BOX_FD_INPUT,
	BOX_FD_OUTPUT, /* a pipe: what the shell writes to, */
	BOX_FD_READ,   /* and its other end */
	BOX_FDS
};

struct box_request {
	enum box_op op;
	size_t n_args; /* without the script */
	size_t octets; /* of the file with both */
};

/* The first one says that the box is ready, or what failed; each of the others how a
 * shell ended. */
struct box_report {
	const char *what, *detail; /* NULL: nothing failed; detail may be NULL */
	int error;
	int status; /* exit status, or 128 + signal */
};

#endif
