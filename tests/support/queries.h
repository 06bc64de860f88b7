/* queries.h - questions from a file as messages ready to send: "name TYPE" a line, as
 * dnsperf reads them, or "name TYPE RCODE" with what is expected. For programs that
 * drive a server; a mistake ends them. */
#ifndef TESTS_SUPPORT_QUERIES_H
#define TESTS_SUPPORT_QUERIES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "dns/msg.h"

struct arena;

#define QUERY_MAX (12 + NAME_WIRE_MAX + 4)

struct query {
	uint8_t *wire; /* id 0, no EDNS */
	uint16_t len;
	int rcode; /* -1: not said */
};

struct queries {
	struct query *list;
	size_t n; /* never 0 */
};

void queries_read(struct arena *a, const char *path, struct queries *ret);

/* Writes the query with this id; returns its length. `to` has QUERY_MAX octets. */
size_t query_put(const struct query *q, uint16_t id, uint8_t *to);

/* The reply is one to this query with this id: QR, the same question, and the expected
 * rcode if one is said. Records are not looked at. */
bool query_answered_by(
	const struct query *q, uint16_t id, const uint8_t *reply, size_t len);

#endif
