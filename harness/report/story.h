/* story.h - one record told for people. */
#ifndef REPORT_STORY_H
#define REPORT_STORY_H

#include "base/str.h"
#include "report/record.h"

/* What happened, on one line: "misdelivered to shop.offsite.net [198.51.100.10] as
 * user@shop.offsite.net". */
void story_put_got(struct str *s, const struct record_outcome *o);

/* The outcome (of the case or of a step) that has the given result, or the case's own
 * when none has. */
const struct record_outcome *story_outcome(
	const struct record *r, enum case_result result);

/* The whole case: questions and answers, decisions, route, delivery, web and what was
 * expected, then the same for every step. */
void story_put(struct str *s, const struct record *r, bool colour);

/* The text without control characters: what came over a network, or stands in a
 * hostile file, must not reach a terminal (or an XML parser) as it is. Each becomes its
 * picture (U+2400 to U+2421); bytes that are not UTF-8 become U+FFFD. */
void put_clean(struct str *s, const char *text);

#endif
