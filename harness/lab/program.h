/* program.h - the real programs: a row for each, and what their drivers do.
 *
 * A driver is a shell file, drivers/NAME.sh, that is built into the program and runs in
 * a box (lab/box.h) as root, after drivers/common.sh. It defines functions:
 *
 *   prepare    once, while the root is built: configuration that never changes
 *   start      starts the program and returns when it takes mail, or questions
 *   version    one line as people say it: "Postfix 3.7.11"
 *
 * and for a mail server (kind PROGRAM_MTA), called one after another:
 *
 *   submit SENDER RECIPIENT   hands over the message on standard input (headers, empty
 *              line, body). Exit 0: taken. Else what it says is why not.
 *   outcome    what has become of the message so far, one event a line, the oldest
 *              first, fields between tabs:
 *                  sent|deferred|bounced <TAB> STATUS or - <TAB> text
 *              STATUS is the enhanced code the program itself gives (RFC 3463); the
 *              text is its own words, on one line. "deferred" once it has tried and
 *              keeps the message. Nothing while it is under way.
 *   transcript all its log, for people
 *
 * and for a resolver (kind PROGRAM_RESOLVER):
 *
 *   flush      forgets everything it has cached, and what it knows of servers
 *   clock MS   moves its clock to that many milliseconds ahead of where it started
 *
 * In the environment of everything that runs in a box:
 *
 *   LAB_HOSTNAME   the host's own name, fully qualified: mx.sender.example.net
 *   LAB_SELF       all names the host takes for itself, LAB_HOSTNAME first
 *   LAB_SENDER     the envelope sender the message will have
 *   LAB_IPV4, LAB_IPV6   "yes" or "no": families the host has
 *   LAB_AT         resolvers: the address to listen at, port 53, UDP and TCP
 *   LAB_UPSTREAM   resolvers that forward: whom they ask
 *   LAB_HINTS      resolvers that recurse: a root hints file (RFC 9609), in the box
 *   LAB_ANCHOR     a file with the root's DS as a record in text, or "": then the
 *                  resolver does not validate
 *   LAB_CLOCK      resolvers: a path in the box for the file that says their time
 *                  (faketime). Only `clock` writes it: not all start at the real time
 *   what the row's `settings` say
 *
 * /etc/resolv.conf, /etc/hosts and /etc/hostname are written before `start`. */
#ifndef LAB_PROGRAM_H
#define LAB_PROGRAM_H

#include <stdbool.h>
#include <stddef.h>

#include "lab/root.h"

enum program_kind { PROGRAM_MTA, PROGRAM_RESOLVER };

struct program {
	const char *name; /* "postfix-3.7": unique */
	enum program_kind kind;
	const char *emulation;	 /* the profile or policy that stands for it */
	const char *package;	 /* whose version is its version; of npm or Debian */
	struct root_recipe root; /* several programs may share one */
	const char *settings;	 /* "LAB_QMIN=no", or NULL */
	/* It looks names up side by side, or in an order that is chance: the order of
	 * its address questions says nothing. Source: the emulation's row. */
	bool parallel_questions;
	bool hosts_file;    /* an address in /etc/hosts is asked of nobody else */
	bool forwards;	    /* a resolver that asks another one */
	bool needs_root;    /* does not run with one uid (user namespaces) */
	const char *driver; /* its shell file's text, without driver_common */
};

extern const struct program programs[];
extern const size_t programs_n;

/* True when the word is the program's name or emulation, or the beginning of its name
 * before a "-" or "."; letter case is ignored. "postfix" names all of them. */
bool program_named_by(const struct program *p, const char *word);

/* By its name, or NULL. */
const struct program *program_find(const char *name);

/* drivers/common.sh, which comes before every driver; static. */
extern const char driver_common[];

#endif
