/* capture.h - packets into a pcap file that Wireshark and tcpdump open (libpcap).
 *
 * The packets are made from messages: what a program sends through the kernel, or in
 * memory between simulated hosts, has no frames. Link type RAW, nanosecond stamps. A
 * UDP message is one datagram. A TCP connection has its handshake, segments with right
 * sequence numbers, and its end; so "Follow TCP Stream" works. */
#ifndef NET_CAPTURE_H
#define NET_CAPTURE_H

#include <stddef.h>
#include <stdint.h>

#include "net/endpoint.h"

struct capture;

/* Writes a new file (a temporary one beside it, renamed by capture_close()). NULL with
 * errno set. May be used from several threads. */
struct capture *capture_open(const char *path);

/* `conn` tells TCP connections apart; 0 is UDP. `client` is who opened it: the side the
 * handshake comes from. t_us counts from the epoch (or from 0 of a virtual clock). */
void capture_message(struct capture *c, uint64_t t_us, const struct endpoint *from,
	const struct endpoint *to, uint64_t conn, const uint8_t *message, size_t len);

/* A write that fails (disk full) stops the capture, not the program: 0, or -1 with
 * errno set when the file is not complete. */
int capture_close(struct capture *c);

#endif
