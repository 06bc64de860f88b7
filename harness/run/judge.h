/* judge.h - what became of the message, held against where it was meant to go and
 * against what the scenario expects. */
#ifndef RUN_JUDGE_H
#define RUN_JUDGE_H

#include "host/visitor.h"
#include "report/record.h"
#include "run/mail.h"
#include "scenario/scenario.h"

/* Fills the mail side of an outcome: verdict, route, who took it, envelope. Texts live
 * in a. `at` names the host of an address in this stage, for the intended ones. */
void judge_mail(struct arena *a, const struct scenario_address *address,
	const struct hosts *hosts, const struct mail *mail, struct record_outcome *ret);

/* Fills the web side. NULL visit: the scenario says nothing about the web. */
void judge_web(struct arena *a, const struct scenario_address *address,
	const struct visit *visit, struct record_web *ret);

/* The rows of `expect` that decide a case, or NULL: the last that matches and says
 * anything about mail, the last that says something about the web. */
struct expected {
	const struct expect_row *mail, *web;
};
struct expected judge_expected(const struct expect_row *rows, unsigned n,
	const char *client, const char *resolver);

/* Compares the outcome with the rows: sets expected, result, difference. */
void judge_result(struct arena *a, const struct expected *expected,
	const struct scenario_address *address, const struct mail *mail,
	struct record_outcome *outcome);

#endif
