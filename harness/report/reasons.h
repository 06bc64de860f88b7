/* reasons.h - why cases were skipped, each reason once with its number. */
#ifndef REPORT_REASONS_H
#define REPORT_REASONS_H

struct arena;

/* Reasons that are told apart; what cannot run here has one for all its cases. The last
 * place is for all the rest. */
#define REASONS_MAX 8

struct reasons {
	struct reason {
		const char *text;
		unsigned long n;
	} list[REASONS_MAX];
	unsigned n;
};

/* Counts one; its text, which may be NULL, is copied to a the first time. */
void reasons_add(struct arena *a, struct reasons *r, const char *text);

#endif
