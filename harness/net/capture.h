/* capture.h - packets into a pcap file that Wireshark and tcpdump open (libpcap).
 *
 * The packets are made from messages: what a program sends through the kernel, or in
 * memory between simulated hosts, has no frames. Link type RAW, nanosecond stamps. A
 * UDP message is one datagram, not fragmented. A TCP connection has its handshake,
 * segments with right sequence numbers, and its end; so "Follow TCP Stream" works.
 *
 * What packets cannot carry is left out: endpoints of two families, or of none, and
 * messages longer than their transport allows. */
#ifndef NET_CAPTURE_H
#define NET_CAPTURE_H

#include <stddef.h>
#include <stdint.h>

#include "net/endpoint.h"

struct capture;

/* TCP connections remembered; of more than these the one that was quiet longest is
 * forgotten, with a reset. More than a listener has open (NET_TCP_MAX). */
#define CAPTURE_CONNECTIONS_MAX 4096

/* Writes a new file (a temporary one beside it, renamed by capture_close()); a pipe or
 * a device as it stands. NULL with errno set. May be used from several threads. */
struct capture *capture_open(const char *path);

/* `conn` tells TCP connections apart; 0 is UDP. Who sends the first message of a
 * connection has opened it: the side the handshake comes from. t_us counts from the
 * epoch (or from 0 of a virtual clock). */
void capture_message(struct capture *c, uint64_t t_us, const struct endpoint *from,
	const struct endpoint *to, uint64_t conn, const uint8_t *message, size_t len);

/* The connection was closed. Nothing when it is not known. */
void capture_end(struct capture *c, uint64_t t_us, uint64_t conn);

/* 0, or the errno of the write that failed (disk full): that stops the capture, not the
 * program. */
int capture_error(struct capture *c);

/* Resets what is open, and puts the file in place, also a cut one: what it holds can be
 * read. 0, or -1 with errno set when it is not complete. */
int capture_close(struct capture *c);

/* Instead: leaves no file. */
void capture_drop(struct capture *c);

#endif
