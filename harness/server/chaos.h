/* chaos.h - inside server: who is answering, in class CH (RFC 4892 2.1). */
#ifndef SERVER_CHAOS_H
#define SERVER_CHAOS_H

#include "dns/msg.h"

/* Writes the reply to a question for version.bind, version.server (`version`) or
 * hostname.bind, id.server (`identity`); TXT or ANY. 0 when it is none of them, or what
 * is asked for is NULL: then it is to be refused as any other of the class. */
size_t chaos_answer(const struct msg *query, const char *version, const char *identity,
	uint8_t *out, size_t limit);

#endif
