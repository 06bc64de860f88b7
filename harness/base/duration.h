/* duration.h - a length of time as people write it: "500ms", "3s", "10m", "1h", "1d".
 */
#ifndef BASE_DURATION_H
#define BASE_DURATION_H

#include <stdint.h>

/* Longer than any TTL or queue lifetime that matters to a scenario, and far from the
 * end of a 64-bit clock. */
#define DURATION_MAX_US (UINT64_C(10) * 365 * 86400 * 1000000)

/* A whole number and a unit (us, ms, s, m, h, d) without a space. Sets *ret_us; -1 when
 * the text is no duration or is over DURATION_MAX_US. A number without a unit is none:
 * nobody would know whether seconds or milliseconds are meant. */
int duration_from_text(const char *text, uint64_t *ret_us);

/* The forms duration_from_text() knows, for the hint of a mistake. */
#define DURATION_FORMS                                                                 \
	"a number and a unit: 20us, 500ms, 3s, 10m, 1h, 1d (at most 3650d)"

#endif
