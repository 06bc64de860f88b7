/* compare.h - one case as it was emulated, held against the real program's.
 *
 * Fields, each a text: verdict, host, address, rcpt, mail_from, headers, status,
 * questions, web. What the real side could not see (NULL) is not compared, and counted:
 * a message that reached no mail host has no envelope that anybody saw. What the
 * emulation leaves open, a status that its program never says, is neither.
 *
 *   status     its first digit. All of it where the client itself gave up before it
 *              tried a host, and neither is x.0.0: RFC 3463 calls that "other", and
 *              Exim's notifications say nothing else
 *   headers    only of a message that somebody took
 *   questions  name and type of each, in order; NULL: nobody listened. Answers are
 *              not compared: a resolver may word them as it likes, and what they lead
 *              to is. Two sorts of repetition do not count: after a failure (no answer,
 *              SERVFAIL or another error that is no NXDOMAIN), as how often it is tried
 *              says resolv.conf and no profile; and what the real one asks more often
 *              than the emulation, which asks it, too: a search list and a second pass
 *              over the headers bring that, and no answer that was not there before.
 *              Nor does what it asks about its own names, where the emulation does not
 *              (programs look for their host and for their own domain when they
 *              start), and what it asks once more below its own domain
 *   web        where the visitor ended */
#ifndef REPORT_COMPARE_H
#define REPORT_COMPARE_H

#include <stdbool.h>

#include "report/record.h"

struct arena;

struct difference {
	const char *what;	     /* "verdict" */
	unsigned step;		     /* 0: the case itself; else of its timeline */
	const char *emulated, *real; /* "nothing" where one side has none */
};

struct comparison {
	const struct difference *list;
	unsigned n;
	unsigned compared, unseen; /* fields */
};

struct compare_rules {
	/* The program's address questions (A, AAAA) come in any order between two
	 * others. */
	bool parallel;
	/* Names of the client's host, and its domain as a sender, in lower case and
	 * without the final dot, up to a NULL; NULL: none. */
	const char *const *own;
	/* The host's domain, likewise, where its resolver library searches there by
	 * itself (resolv.conf(5)) and the emulation has no search list; or NULL. */
	const char *domain;
	/* The program looks into its host's own files first: whether it asks for the
	 * addresses of its host's names and of localhost does not count. */
	bool hosts_file;
};

/* Adds the differences of all points of the timeline; texts live in a. */
void compare_records(struct arena *a, const struct record *emulated,
	const struct record *real, const struct compare_rules *rules,
	struct comparison *ret);

/* The text of a question, in a: "MX customer.example", the name in lower case. */
const char *compare_question(struct arena *a, const struct record_query *q);

#endif
