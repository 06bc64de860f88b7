/* query.h - a query as a server reads it most of the time: one question, perhaps EDNS,
 * nothing else. Nothing is copied; the name stays where it came in. */
#ifndef DNS_QUERY_H
#define DNS_QUERY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "dns/msg.h"

struct query {
	struct question question; /* its name lies in the message */
	uint8_t name_len, labels;
	uint8_t edns_version;
	bool rd, has_edns, dnssec_ok;
	uint16_t id;
	uint16_t udp_size; /* as in struct msg */
};

/* False for whatever is not such a query (a reply, an UPDATE, two questions, TSIG, EDNS
 * options in disorder, a message cut off): msg_decode() says more about it. */
bool query_read(const uint8_t *wire, size_t len, struct query *ret);

#endif
