/* transfer.h - inside server: the messages of a zone transfer (RFC 5936).
 *
 * The zone is borrowed: who sends it keeps it as it is till the end. */
#ifndef SERVER_TRANSFER_H
#define SERVER_TRANSFER_H

#include "dns/msg.h"
#include "zone/zone.h"

struct transfer;

/* IXFR is answered with the whole zone (RFC 1995 4), or with the SOA alone when the
 * client has it already, or asked over UDP. `query` is not needed afterwards. */
struct transfer *transfer_new(const struct zone *z, const struct msg *query, bool udp);
void transfer_free(struct transfer *t);

/* Writes the next message, of `limit` octets at most, which is 512 or more: its length,
 * 0 after the last. */
size_t transfer_next(struct transfer *t, uint8_t *out, size_t limit);

#endif
