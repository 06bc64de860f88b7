/* lab-mta.h - inside run: one message through a real mail server, in a box of its own.
 *
 * What became of it is told by who saw it: a mail host that took it or refused the
 * recipient, then the program's own words. The questions are those its name server was
 * asked. */
#ifndef RUN_LAB_MTA_H
#define RUN_LAB_MTA_H

#include "run/bench.h"
#include "run/lab-site.h"

struct lab_mta {
	const struct program *program;
	const char *root; /* its package root */
	struct lab_site *site;
};

/* m is borrowed. Its messages go through the site, in the stage this is in. */
struct mail_sender lab_mta_sender(struct lab_mta *m);

#endif
