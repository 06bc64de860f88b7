/* box.h - a throw-away machine: a package root that real programs run in and that
 * nothing leaves.
 *
 * Its files are an overlay of a package root (lab/root.h) on a tmpfs of bounded size;
 * it has PID, mount, UTS and IPC namespaces of its own, on one side of a netns. Its
 * process 1 is ours: it starts what it is told, reaps, writes what is sent to /dev/log
 * into /var/log/lab.log (a line each, without the priority), and ends when this process
 * closes the box or is gone, however that came about (the other end of its socket is
 * closed then). With process 1 all others end (pid_namespaces(7)), and with the last
 * the mounts. So nothing is left behind, and nothing has to be cleaned up.
 *
 * A box may be used from one thread at a time; boxes of several threads do not meet. */
#ifndef LAB_BOX_H
#define LAB_BOX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lab/netns.h"

#define BOX_WHY_MAX 256

/* Octets that what it runs may write, files and memory-backed logs together. */
#define BOX_BYTES (UINT64_C(256) << 20)

/* Octets of output that are kept of one command; the rest is read and dropped. */
#define BOX_OUTPUT_MAX (1u << 20)

/* Octets of /var/log/lab.log; what comes after is dropped. */
#define BOX_LOG_MAX (4u << 20)

struct box;

struct box_file {
	const char *path; /* absolute, in the box; its folders are made */
	const char *text;
	unsigned mode; /* 0: 0644 */
};

struct box_options {
	const char *root; /* folder of a package root; it is not written to */
	const struct netns *netns;
	enum netns_side side;
	const char *hostname;	      /* of the UTS namespace */
	const struct box_file *files; /* written before anything runs; after
				       * mkdir -p of their folders */
	size_t n_files;
	const char *const *env; /* "NAME=value" of everything it runs, beside PATH, HOME
				 * and LC_ALL=C */
	size_t n_env;
	uint64_t bytes; /* 0: BOX_BYTES */
};

/* Returns when commands can be run. NULL, and the reason in why; nothing is left behind
 * then. The options are read during the call only. */
struct box *box_new(const struct box_options *o, char why[BOX_WHY_MAX]);

/* Ends everything inside and returns when it is gone. */
void box_free(struct box *b);

struct box_result {
	/* Exit status; 128 + the signal that ended it; -1 when the time was up (it was
	 * killed, and its process group with it), -2 when the box itself is gone. */
	int status;
	char *output; /* standard output and error together, NUL-terminated, until the
		       * next box_run(); hostile octets may be inside */
	size_t output_len;
	bool cut; /* there was more output than BOX_OUTPUT_MAX */
};

/* Runs /bin/sh -c SCRIPT ARGS... in the box, in a session of its own, and waits until
 * that shell has ended: what it left in the background runs on (and its output is not
 * waited for). `args` ends with NULL; $1 is its first. `input` is its standard input;
 * NULL: empty. */
void box_run(struct box *b, const char *script, const char *const *args,
	const char *input, uint64_t limit_us, struct box_result *ret);

/* The box's process 1 as this process sees it: for messages and tests. */
int box_pid(const struct box *b);

#endif
