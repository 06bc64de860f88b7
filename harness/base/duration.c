#include "base/duration.h"

#include <stddef.h>

#include "base/lookup.h"

static const struct unit {
	const char *name;
	uint64_t us;
} units[] = {
	{ "us", 1 },
	{ "ms", 1000 },
	{ "s", 1000000 },
	{ "m", UINT64_C(60) * 1000000 },
	{ "h", UINT64_C(3600) * 1000000 },
	{ "d", UINT64_C(86400) * 1000000 },
};

int duration_from_text(const char *text, uint64_t *ret_us)
{
	const char *p = text;
	const struct unit *unit;
	uint64_t n = 0;

	for (; *p >= '0' && *p <= '9'; p++) {
		n = n * 10 + (uint64_t)(*p - '0');
		if (n > DURATION_MAX_US) /* in any unit; and n cannot overflow */
			return -1;
	}
	if (p == text)
		return -1;
	unit = lookup_row(units, ARRAY_LEN(units), sizeof(units[0]), p);
	if (unit == NULL || n > DURATION_MAX_US / unit->us)
		return -1;
	*ret_us = n * unit->us;
	return 0;
}
