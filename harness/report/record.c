#include "report/record.h"

#include <string.h>

static const char *const verdict_names[VERDICTS] = {
	[VERDICT_DELIVERED] = "delivered",
	[VERDICT_REWRITTEN] = "rewritten",
	[VERDICT_MISDELIVERED] = "misdelivered",
	[VERDICT_REJECTED] = "rejected",
	[VERDICT_DEFERRED] = "deferred",
	[VERDICT_BOUNCED] = "bounced",
	[VERDICT_UNKNOWN] = "unknown",
	[VERDICT_SKIPPED] = "skipped",
};

const char *verdict_name(enum verdict v)
{
	return verdict_names[v];
}

int verdict_from_text(const char *text)
{
	for (int v = 0; v < VERDICTS; v++) {
		if (strcmp(verdict_names[v], text) == 0)
			return v;
	}
	return -1;
}

const char *case_result_name(enum case_result r)
{
	static const char *const names[] = {
		[RESULT_PASSED] = "passed",
		[RESULT_FAILED] = "failed",
		[RESULT_SKIPPED] = "skipped",
		[RESULT_KNOWN] = "known",
	};

	return names[r];
}
