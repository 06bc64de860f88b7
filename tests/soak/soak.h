/* soak.h - the parts of the soak test: threads that drive a name server on 127.0.0.1,
 * each bounded in what it has open and under way, until soak_over() says so. */
#ifndef TESTS_SOAK_H
#define TESTS_SOAK_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/rng.h"
#include "support/queries.h"

struct soak {
	uint16_t port;
	struct queries queries;
	const char *origin;
	uint64_t until_ns;

	/* Valid questions. Over UDP, those unanswered are to be accounted for. */
	atomic_ulong udp_asked, udp_answered, udp_late;
	atomic_ulong tcp_asked, tcp_answered;
	/* The rest, in packets or connections. */
	atomic_ulong hostile_packets, hostile_connections;
	atomic_ulong dropped_here; /* by the kernel, at our own sockets */
	atomic_ulong mistakes;	   /* each was printed, the first of them */
	atomic_ulong seeds;	   /* one a thread */
};

uint64_t soak_now_ns(void);
bool soak_over(const struct soak *s);
void soak_pause_us(long us);

/* A connected UDP socket, or a TCP one that is connected before it is returned; blocks
 * when told to. Ends the program when there is none: then the test says nothing. */
int soak_socket(const struct soak *s, bool tcp, bool blocks);

/* Closes a UDP socket and counts what the kernel dropped at it. */
void soak_close_udp(struct soak *s, int fd);

/* Something is wrong with the server: prints it, unless much was printed already. */
void soak_mistake(struct soak *s, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* ---- threads; arg is the struct soak ---- */

void *soak_valid_udp(void *arg);
void *soak_valid_tcp(void *arg);
void *soak_hostile_udp(void *arg);
void *soak_hostile_tcp(void *arg);

/* ---- packets nobody should send (packets.c) ---- */

#define PACKET_MAX 65507

struct packet_row {
	const char *name;
	size_t (*make)(struct rng *r, const struct soak *s, uint8_t *buf);
	/* The longest reply that is polite; 0: none at all (RFC 1035 4.1.1: a response
	 * is not answered). What is no longer than the question cannot amplify. */
	size_t reply_max;
};

extern const struct packet_row packet_rows[];
extern const unsigned n_packet_rows;

/* An AXFR of the zone (RFC 5936), unframed. */
size_t packet_axfr(const struct soak *s, uint8_t *buf);

#endif
