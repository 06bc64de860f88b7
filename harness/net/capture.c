#include "net/capture.h"

#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <pcap/pcap.h>

#include "base/bug.h"
#include "base/newfile.h"

#define IP4_HEADER 20
#define IP6_HEADER 40
#define UDP_HEADER 8
#define TCP_HEADER 20
#define TCP_MSS_OPTION 4
#define IP_PACKET_MAX (IP6_HEADER + 65535) /* RFC 8200 3: the header is not counted */
#define STREAM_MAX (2 + 65535)		   /* RFC 1035 4.2.2 */

#define PROTOCOL_TCP 6
#define PROTOCOL_UDP 17
#define HOP_LIMIT 64 /* what most systems send with */

/* An Ethernet's MTU, so that the capture looks like one of a real network. */
#define MTU 1500

/* Never scaled. Acknowledgements come often enough that it is never full. */
#define WINDOW 65535
#define ACK_EVERY 16384

enum { FIN = 1, SYN = 2, RST = 4, PSH = 8, ACK = 16 }; /* RFC 9293 3.1 */
enum { CLIENT, SERVER };

struct connection {
	uint64_t id;
	struct endpoint at[2];
	uint32_t next[2];  /* sequence number of the next octet of a side */
	uint32_t acked[2]; /* of a side, by the other */
	struct connection *chain;
	struct connection *older, *newer;
};

#define BUCKETS 1024 /* a power of two */

struct capture {
	pthread_mutex_t lock;
	struct newfile *file;
	pcap_t *pcap;
	pcap_dumper_t *dumper;
	int error; /* of the write that failed */
	uint64_t now_us;
	struct connection *bucket[BUCKETS];
	struct connection *oldest, *newest;
	unsigned n_connections;
	uint8_t stream[STREAM_MAX];
	uint8_t packet[IP_PACKET_MAX];
};

/* ---- packets ---- */

static uint8_t *put16(uint8_t *p, unsigned v)
{
	p[0] = (uint8_t)(v >> 8);
	p[1] = (uint8_t)v;
	return p + 2;
}

static uint8_t *put32(uint8_t *p, uint32_t v)
{
	return put16(put16(p, v >> 16), v & 0xffff);
}

/* RFC 1071 4.1. 64 KiB of octets cannot overflow the sum. */
static uint32_t add_up(uint32_t sum, const uint8_t *p, size_t n)
{
	for (; n > 1; p += 2, n -= 2)
		sum += (uint32_t)(p[0] << 8 | p[1]);
	return n == 0 ? sum : sum + (uint32_t)(p[0] << 8);
}

static unsigned checksum_of(uint32_t sum)
{
	sum = (sum >> 16) + (sum & 0xffff);
	sum += sum >> 16;
	return ~sum & 0xffff;
}

/* RFC 791 3.1. Don't Fragment, so that no identification is needed (RFC 6864 4). */
static void put_ip4(uint8_t *p, const struct endpoint *from, const struct endpoint *to,
	uint8_t protocol, size_t len)
{
	memset(p, 0, IP4_HEADER);
	p[0] = 0x45;
	put16(p + 2, (unsigned)(IP4_HEADER + len));
	p[6] = 0x40;
	p[8] = HOP_LIMIT;
	p[9] = protocol;
	memcpy(p + 12, from->ip.bytes, 4);
	memcpy(p + 16, to->ip.bytes, 4);
	put16(p + 10, checksum_of(add_up(0, p, IP4_HEADER)));
}

/* RFC 8200 3. */
static void put_ip6(uint8_t *p, const struct endpoint *from, const struct endpoint *to,
	uint8_t protocol, size_t len)
{
	memset(p, 0, IP6_HEADER);
	p[0] = 0x60;
	put16(p + 4, (unsigned)len);
	p[6] = protocol;
	p[7] = HOP_LIMIT;
	memcpy(p + 8, from->ip.bytes, 16);
	memcpy(p + 24, to->ip.bytes, 16);
}

static size_t ip_header(const struct endpoint *e)
{
	return e->ip.family == 4 ? IP4_HEADER : IP6_HEADER;
}

/* Over the pseudo header (RFC 768, RFC 9293 3.1, RFC 8200 8.1) and the whole segment.
 */
static unsigned transport_checksum(const struct endpoint *from,
	const struct endpoint *to, uint8_t protocol, const uint8_t *segment, size_t len)
{
	size_t address = from->ip.family == 4 ? 4 : 16;
	uint32_t sum = protocol + (uint32_t)len;

	sum = add_up(sum, from->ip.bytes, address);
	sum = add_up(sum, to->ip.bytes, address);
	return checksum_of(add_up(sum, segment, len));
}

static void fail(struct capture *c)
{
	c->error = errno == 0 ? EIO : errno;
}

/* c->packet holds the transport's header and payload already, behind room for that of
 * IP. */
static void write_packet(struct capture *c, const struct endpoint *from,
	const struct endpoint *to, uint8_t protocol, size_t len)
{
	struct pcap_pkthdr header = { 0 };

	if (c->error != 0)
		return;
	if (from->ip.family == 4)
		put_ip4(c->packet, from, to, protocol, len);
	else
		put_ip6(c->packet, from, to, protocol, len);
	header.ts.tv_sec = (time_t)(c->now_us / 1000000);
	/* Nanoseconds, as the file was opened. */
	header.ts.tv_usec = (suseconds_t)(c->now_us % 1000000 * 1000);
	header.caplen = header.len = (bpf_u_int32)(ip_header(from) + len);
	errno = 0;
	pcap_dump((u_char *)c->dumper, &header, c->packet);
	if (ferror(pcap_dump_file(c->dumper)))
		fail(c);
}

static void write_datagram(struct capture *c, const struct endpoint *from,
	const struct endpoint *to, const uint8_t *message, size_t n)
{
	uint8_t *udp = c->packet + ip_header(from);
	size_t len = UDP_HEADER + n;
	unsigned sum;

	if (len > 65535u - (from->ip.family == 4 ? IP4_HEADER : 0))
		return;
	put16(put16(put16(put16(udp, from->port), to->port), (unsigned)len), 0);
	if (n > 0)
		memcpy(udp + UDP_HEADER, message, n);
	sum = transport_checksum(from, to, PROTOCOL_UDP, udp, len);
	put16(udp + 6, sum == 0 ? 0xffff : sum); /* RFC 768: 0 says there is none */
	write_packet(c, from, to, PROTOCOL_UDP, len);
}

/* ---- TCP ---- */

static unsigned mss(const struct connection *n)
{
	return (unsigned)(MTU - ip_header(&n->at[CLIENT]) - TCP_HEADER);
}

/* One segment from a side, acknowledging all that came from the other. */
static void write_segment(struct capture *c, struct connection *n, int side, int flags,
	const uint8_t *data, size_t len)
{
	const struct endpoint *from = &n->at[side], *to = &n->at[!side];
	uint8_t *tcp = c->packet + ip_header(from), *p;
	size_t header = TCP_HEADER + (flags & SYN ? TCP_MSS_OPTION : 0);

	p = put16(put16(tcp, from->port), to->port);
	p = put32(put32(p, n->next[side]), flags & ACK ? n->next[!side] : 0);
	*p++ = (uint8_t)(header / 4 << 4);
	*p++ = (uint8_t)flags;
	p = put32(put16(p, WINDOW), 0); /* checksum, urgent pointer */
	if (flags & SYN)		/* RFC 9293 3.7.1 */
		p = put16(put16(p, 0x0204), mss(n));
	if (len > 0)
		memcpy(p, data, len);
	put16(tcp + 16, transport_checksum(from, to, PROTOCOL_TCP, tcp, header + len));
	write_packet(c, from, to, PROTOCOL_TCP, header + len);
	n->next[side] += (uint32_t)len + !!(flags & (SYN | FIN));
	if (flags & ACK)
		n->acked[!side] = n->next[!side];
}

static void shake_hands(struct capture *c, struct connection *n)
{
	write_segment(c, n, CLIENT, SYN, NULL, 0);
	write_segment(c, n, SERVER, SYN | ACK, NULL, 0);
	write_segment(c, n, CLIENT, ACK, NULL, 0);
}

static void write_stream(
	struct capture *c, struct connection *n, int side, const uint8_t *p, size_t len)
{
	while (len > 0) {
		size_t part = len < mss(n) ? len : mss(n);

		write_segment(c, n, side, part == len ? PSH | ACK : ACK, p, part);
		p += part;
		len -= part;
		if (n->next[side] - n->acked[side] >= ACK_EVERY)
			write_segment(c, n, !side, ACK, NULL, 0);
	}
}

/* ---- connections ---- */

static struct connection **bucket_of(struct capture *c, uint64_t id)
{
	struct connection **p =
		&c->bucket[id * UINT64_C(0x9e3779b97f4a7c15) >> 32 & (BUCKETS - 1)];

	while (*p != NULL && (*p)->id != id)
		p = &(*p)->chain;
	return p;
}

static void unlink_by_age(struct capture *c, struct connection *n)
{
	*(n->older == NULL ? &c->oldest : &n->older->newer) = n->newer;
	*(n->newer == NULL ? &c->newest : &n->newer->older) = n->older;
}

static void link_as_newest(struct capture *c, struct connection *n)
{
	n->older = c->newest;
	n->newer = NULL;
	*(c->newest == NULL ? &c->oldest : &c->newest->newer) = n;
	c->newest = n;
}

static void forget(struct capture *c, struct connection *n)
{
	*bucket_of(c, n->id) = n->chain;
	unlink_by_age(c, n);
	c->n_connections--;
	free(n);
}

static void write_reset(struct capture *c, struct connection *n)
{
	write_segment(c, n, CLIENT, RST | ACK, NULL, 0);
}

/* Initial sequence numbers that differ, also where a later connection has the ports of
 * an earlier one: nothing else is asked of them here. */
static struct connection *new_connection(struct capture *c, uint64_t id,
	const struct endpoint *client, const struct endpoint *server)
{
	struct connection *n = calloc(1, sizeof(*n));

	if (n == NULL)
		bug("out of memory");
	if (c->n_connections == CAPTURE_CONNECTIONS_MAX) {
		write_reset(c, c->oldest);
		forget(c, c->oldest);
	}
	n->id = id;
	n->at[CLIENT] = *client;
	n->at[SERVER] = *server;
	n->next[CLIENT] = (uint32_t)(id * UINT64_C(2654435761));
	n->next[SERVER] = ~n->next[CLIENT] * 5;
	*bucket_of(c, id) = n;
	link_as_newest(c, n);
	c->n_connections++;
	shake_hands(c, n);
	return n;
}

static bool is_same(const struct endpoint *a, const struct endpoint *b)
{
	return a->port == b->port && ip_equal(&a->ip, &b->ip);
}

static void write_message(struct capture *c, uint64_t id, const struct endpoint *from,
	const struct endpoint *to, const uint8_t *message, size_t len)
{
	struct connection *n = *bucket_of(c, id);

	if (2 + len > STREAM_MAX)
		return;
	if (n == NULL) {
		n = new_connection(c, id, from, to);
	} else {
		unlink_by_age(c, n);
		link_as_newest(c, n);
	}
	put16(c->stream, (unsigned)len);
	if (len > 0)
		memcpy(c->stream + 2, message, len);
	write_stream(c, n, is_same(from, &n->at[CLIENT]) ? CLIENT : SERVER, c->stream,
		2 + len);
}

/* ---- the door ---- */

static FILE *open_stream(const struct newfile *file)
{
	int fd = dup(newfile_fd(file));

	return fd < 0 ? NULL : fdopen(fd, "w");
}

void capture_drop(struct capture *c)
{
	for (struct connection *n = c->oldest, *newer; n != NULL; n = newer) {
		newer = n->newer;
		free(n);
	}
	if (c->dumper != NULL)
		pcap_dump_close(c->dumper);
	if (c->pcap != NULL)
		pcap_close(c->pcap);
	newfile_drop(c->file);
	pthread_mutex_destroy(&c->lock);
	free(c);
}

struct capture *capture_open(const char *path)
{
	struct capture *c = calloc(1, sizeof(*c));
	FILE *fp = NULL;
	int why;

	if (c == NULL)
		bug("out of memory");
	pthread_mutex_init(&c->lock, NULL);
	c->pcap = pcap_open_dead_with_tstamp_precision(
		DLT_RAW, IP_PACKET_MAX, PCAP_TSTAMP_PRECISION_NANO);
	if (c->pcap == NULL)
		bug("out of memory");
	c->file = newfile_open(path);
	if (c->file != NULL)
		fp = open_stream(c->file);
	if (fp != NULL)
		c->dumper = pcap_dump_fopen(c->pcap, fp); /* closes fp if it fails */
	if (c->dumper != NULL)
		return c;
	why = errno;
	capture_drop(c);
	errno = why;
	return NULL;
}

void capture_message(struct capture *c, uint64_t t_us, const struct endpoint *from,
	const struct endpoint *to, uint64_t conn, const uint8_t *message, size_t len)
{
	if (from->ip.family != to->ip.family || from->ip.family == 0)
		return;
	pthread_mutex_lock(&c->lock);
	c->now_us = t_us;
	if (conn == 0)
		write_datagram(c, from, to, message, len);
	else
		write_message(c, conn, from, to, message, len);
	pthread_mutex_unlock(&c->lock);
}

void capture_end(struct capture *c, uint64_t t_us, uint64_t conn)
{
	struct connection *n;

	pthread_mutex_lock(&c->lock);
	n = *bucket_of(c, conn);
	if (n != NULL) {
		c->now_us = t_us;
		write_segment(c, n, CLIENT, FIN | ACK, NULL, 0);
		write_segment(c, n, SERVER, FIN | ACK, NULL, 0);
		write_segment(c, n, CLIENT, ACK, NULL, 0);
		forget(c, n);
	}
	pthread_mutex_unlock(&c->lock);
}

int capture_error(struct capture *c)
{
	int error;

	pthread_mutex_lock(&c->lock);
	error = c->error;
	pthread_mutex_unlock(&c->lock);
	return error;
}

static void end_all(struct capture *c)
{
	for (struct connection *n = c->oldest; n != NULL; n = n->newer)
		write_reset(c, n);
	errno = 0;
	if (c->error == 0 && pcap_dump_flush(c->dumper) != 0)
		fail(c);
}

int capture_close(struct capture *c)
{
	struct newfile *file = c->file;
	int error;

	end_all(c);
	error = c->error;
	c->file = NULL;
	capture_drop(c);
	if (newfile_keep(file) != 0 && error == 0)
		error = errno;
	errno = error;
	return error == 0 ? 0 : -1;
}
