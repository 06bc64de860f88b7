/* rules.h - what the standards ask of a mail client, R1 to R35: the numbers that traces
 * and reports name. */
#ifndef MTA_RULES_H
#define MTA_RULES_H

#include <stdbool.h>
#include <stddef.h>

struct mta_profile;

struct mta_rule {
	const char *name; /* "R3" */
	const char *text;
	const char *source; /* RFC and section */
};

extern const struct mta_rule mta_rules[];
extern const size_t mta_rules_n;

/* The client does not do what the rule asks, as far as its profile tells. */
bool mta_breaks(const struct mta_profile *p, const char *rule);

#endif
