/* The files are read back here octet by octet: the format is that of the libpcap
 * manual (pcap-savefile(5)), the packets those of RFC 791, 8200, 768 and 9293. */
#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "net/capture.h"
#include "support/test.h"

/* ---- reading a file back ---- */

struct frame {
	uint64_t t_ns;
	struct endpoint from, to;
	int protocol;
	unsigned flags, window, mss, checksum;
	uint32_t seq, ack;
	const uint8_t *data;
	size_t len;
};

struct trace {
	uint8_t *file;
	size_t len;
	struct frame *frame;
	size_t n;
};

static unsigned get16(const uint8_t *p)
{
	return (unsigned)(p[0] << 8 | p[1]);
}

static uint32_t get32(const uint8_t *p)
{
	return (uint32_t)get16(p) << 16 | get16(p + 2);
}

/* In the octet order of the machine that wrote, as pcap-savefile(5) has it. */
static uint32_t native32(const uint8_t *p)
{
	uint32_t v;

	memcpy(&v, p, 4);
	return v;
}

/* RFC 1071: over everything with its checksum in place the sum is all ones. */
static unsigned ones_sum(unsigned long sum, const uint8_t *p, size_t n)
{
	for (size_t i = 0; i < n; i++)
		sum += i % 2 == 0 ? (unsigned)p[i] << 8 : p[i];
	while (sum >> 16 != 0)
		sum = (sum >> 16) + (sum & 0xffff);
	return (unsigned)sum;
}

static void read_tcp(struct frame *f, const uint8_t *p, size_t len)
{
	size_t header = (size_t)(p[12] >> 4) * 4;

	assert_true(header >= 20 && header <= len);
	f->from.port = (uint16_t)get16(p);
	f->to.port = (uint16_t)get16(p + 2);
	f->seq = get32(p + 4);
	f->ack = get32(p + 8);
	f->flags = p[13];
	f->window = get16(p + 14);
	f->checksum = get16(p + 16);
	if (header == 24 && p[20] == 2 && p[21] == 4)
		f->mss = get16(p + 22);
	f->data = p + header;
	f->len = len - header;
}

static void read_udp(struct frame *f, const uint8_t *p, size_t len)
{
	assert_int_equal(get16(p + 4), len);
	f->from.port = (uint16_t)get16(p);
	f->to.port = (uint16_t)get16(p + 2);
	f->checksum = get16(p + 6);
	f->data = p + 8;
	f->len = len - 8;
}

static void read_packet(struct frame *f, const uint8_t *p, size_t len)
{
	bool four = p[0] >> 4 == 4;
	size_t header = four ? 20 : 40, address = four ? 4 : 16;
	const uint8_t *addresses = p + (four ? 12 : 8);
	unsigned long pseudo;

	if (four) {
		assert_int_equal(p[0], 0x45);
		assert_int_equal(get16(p + 2), len);
		assert_int_equal(ones_sum(0, p, 20), 0xffff);
	} else {
		assert_int_equal(p[0], 0x60);
		assert_int_equal(get16(p + 4) + 40u, len);
	}
	f->protocol = four ? p[9] : p[6];
	f->from.ip = ip_from_bytes(addresses, (unsigned)address);
	f->to.ip = ip_from_bytes(addresses + address, (unsigned)address);
	pseudo = ones_sum(
		(unsigned long)f->protocol + (len - header), addresses, 2 * address);
	assert_int_equal(ones_sum(pseudo, p + header, len - header), 0xffff);
	if (f->protocol == 6)
		read_tcp(f, p + header, len - header);
	else
		read_udp(f, p + header, len - header);
}

static void trace_read(struct trace *t, const char *path)
{
	FILE *fp = fopen(path, "r");
	size_t at = 24, room = 0;

	assert_non_null(fp);
	*t = (struct trace){ 0 };
	fseek(fp, 0, SEEK_END);
	t->len = (size_t)ftell(fp);
	rewind(fp);
	t->file = malloc(t->len);
	assert_int_equal(fread(t->file, 1, t->len, fp), t->len);
	fclose(fp);
	while (at < t->len) {
		const uint8_t *p = t->file + at;
		size_t len = native32(p + 8);

		assert_int_equal(len, native32(p + 12));
		assert_true(at + 16 + len <= t->len);
		if (t->n == room) {
			room = room * 2 + 64;
			t->frame = realloc(t->frame, room * sizeof(*t->frame));
		}
		t->frame[t->n] = (struct frame){ .t_ns = native32(p) * 1000000000ull +
							 native32(p + 4) };
		read_packet(&t->frame[t->n++], p + 16, len);
		at += 16 + len;
	}
}

static void trace_clear(struct trace *t)
{
	free(t->file);
	free(t->frame);
}

/* "S SA A PA(5) FA FA A": of all frames, with the octets that they carry. */
static const char *flags_text(const struct trace *t)
{
	static char text[4096];
	char *p = text;

	*p = '\0';
	for (size_t i = 0; i < t->n && p < text + sizeof(text) - 32; i++) {
		const struct frame *f = &t->frame[i];

		if (i > 0)
			*p++ = ' ';
		if (f->protocol == 17)
			p += sprintf(p, "udp");
		for (int k = 0; k < 8 && f->protocol == 6; k++) {
			if ((f->flags & (1u << k)) != 0)
				*p++ = "FSRPAUEC"[k];
		}
		if (f->len > 0)
			p += sprintf(p, "(%zu)", f->len);
	}
	*p = '\0';
	return text;
}

/* Follows both directions of the connection that begins at its SYN, as a receiver does:
 * what one side sent, in order. Checks numbers, acknowledgements and the window. */
struct stream {
	uint8_t *data[2];
	size_t len[2];
	uint32_t next[2], acked[2];
};

static bool is_end(const struct endpoint *a, const struct endpoint *b)
{
	return a->port == b->port && ip_equal(&a->ip, &b->ip);
}

static void follow(const struct trace *t, const struct endpoint *client,
	const struct endpoint *server, struct stream *s)
{
	*s = (struct stream){ { malloc(1 << 24), malloc(1 << 24) } };
	for (size_t i = 0; i < t->n; i++) {
		const struct frame *f = &t->frame[i];
		int side = is_end(&f->from, client) ? 0 : 1;

		if (!is_end(side == 0 ? &f->from : &f->to, client) ||
			!is_end(side == 0 ? &f->to : &f->from, server))
			continue;
		if ((f->flags & 2) != 0)
			s->next[side] = f->seq;
		assert_int_equal(f->seq, s->next[side]);
		if ((f->flags & 16) != 0) {
			assert_int_equal(f->ack, s->next[!side]);
			s->acked[!side] = f->ack;
		}
		memcpy(s->data[side] + s->len[side], f->data, f->len);
		s->len[side] += f->len;
		s->next[side] += (uint32_t)f->len + (f->flags & 2 ? 1u : 0u) +
				 (f->flags & 1 ? 1u : 0u);
		if ((f->flags & 2) == 0)
			assert_true(s->next[side] - s->acked[side] < f->window);
	}
}

static void stream_clear(struct stream *s)
{
	free(s->data[0]);
	free(s->data[1]);
}

/* ---- the ends ---- */

static struct endpoint end_of(const char *text, uint16_t port)
{
	struct endpoint e = { .port = port };

	assert_int_equal(ip_from_text(text, &e.ip), 0);
	return e;
}

static char path[64];

static struct capture *begin(void)
{
	struct capture *c;

	snprintf(path, sizeof(path), "/tmp/test-capture-%ld.pcap", (long)getpid());
	c = capture_open(path);
	assert_non_null(c);
	return c;
}

static void end(struct capture *c, struct trace *t)
{
	assert_int_equal(capture_error(c), 0);
	assert_int_equal(capture_close(c), 0);
	trace_read(t, path);
	unlink(path);
}

static uint8_t octets[70000];

static void fill(uint64_t seed)
{
	for (size_t i = 0; i < sizeof(octets); i++) {
		seed = seed * 6364136223846793005ull + 1442695040888963407ull;
		octets[i] = (uint8_t)(seed >> 56);
	}
}

/* ---- tests ---- */

static void the_file_says_nanoseconds_and_raw_ip(void **state)
{
	struct endpoint a = end_of("192.0.2.1", 1024), b = end_of("192.0.2.53", 53);
	struct capture *c = begin();
	struct trace t;

	(void)state;
	capture_message(c, 1700000000123456, &a, &b, 0, octets, 12);
	assert_int_equal(access(path, F_OK), -1);
	end(c, &t);
	assert_int_equal(native32(t.file), 0xa1b23c4d);
	assert_int_equal(t.file[4] | t.file[5] << 8, 2);
	assert_int_equal(native32(t.file + 20), 101); /* LINKTYPE_RAW */
	assert_int_equal(t.n, 1);
	assert_true(t.frame[0].t_ns == 1700000000123456000u);
	trace_clear(&t);
}

struct udp_row {
	const char *name;
	const char *from, *to;
	size_t len;
	bool kept;
};

static const struct udp_row udp_rows[] = {
	{ "an IPv4 datagram is a packet", "192.0.2.1", "192.0.2.53", 33, true },
	{ "an IPv6 datagram is a packet", "2001:db8::1", "2001:db8::53", 33, true },
	{ "an empty datagram is a packet", "192.0.2.1", "192.0.2.53", 0, true },
	{ "the longest IPv4 datagram is kept", "192.0.2.1", "192.0.2.53", 65507, true },
	{ "a longer IPv4 datagram is none", "192.0.2.1", "192.0.2.53", 65508, false },
	{ "the longest IPv6 datagram is kept", "2001:db8::1", "::1", 65527, true },
	{ "a longer IPv6 datagram is none", "2001:db8::1", "::1", 65528, false },
	{ "from IPv4 to IPv6 there is no packet", "192.0.2.1", "::1", 33, false },
	{ "from IPv6 to IPv4 there is no packet", "::1", "192.0.2.1", 33, false },
};

static void check_udp(void **state)
{
	const struct udp_row *row = *state;
	struct endpoint a = end_of(row->from, 40000), b = end_of(row->to, 53);
	struct capture *c = begin();
	struct trace t;

	fill(7);
	capture_message(c, 5, &a, &b, 0, octets, row->len);
	end(c, &t);
	assert_int_equal(t.n, row->kept ? 1 : 0);
	if (row->kept) {
		assert_int_equal(t.frame[0].protocol, 17);
		assert_true(is_end(&t.frame[0].from, &a));
		assert_true(is_end(&t.frame[0].to, &b));
		assert_int_equal(t.frame[0].len, row->len);
		assert_memory_equal(t.frame[0].data, octets, row->len);
		assert_int_not_equal(t.frame[0].checksum, 0);
	}
	trace_clear(&t);
}

/* RFC 768: "If the computed checksum is zero, it is transmitted as all ones". */
static void a_checksum_of_zero_is_sent_as_ones(void **state)
{
	struct endpoint a = end_of("192.0.2.1", 1024), b = end_of("192.0.2.53", 53);
	uint8_t message[2] = { 0, 0 };
	struct capture *c = begin();
	struct trace t;

	(void)state;
	capture_message(c, 0, &a, &b, 0, message, 2);
	end(c, &t);
	message[0] = (uint8_t)(t.frame[0].checksum >> 8);
	message[1] = (uint8_t)t.frame[0].checksum;
	trace_clear(&t);
	c = begin();
	capture_message(c, 0, &a, &b, 0, message, 2);
	end(c, &t);
	assert_int_equal(t.frame[0].checksum, 0xffff);
	trace_clear(&t);
}

struct tcp_row {
	const char *name;
	const char *client, *server;
	size_t len;
	const char *flags;
};

/* MSS 1460 and 1440: RFC 9293 3.7.1 over an MTU of 1500. Two octets of length. */
static const struct tcp_row tcp_rows[] = {
	{ "a message is one segment", "192.0.2.1", "192.0.2.53", 40,
		"S SA A PA(42) FA FA A" },
	{ "an empty message is its length", "192.0.2.1", "192.0.2.53", 0,
		"S SA A PA(2) FA FA A" },
	{ "what fits a segment is not split", "192.0.2.1", "192.0.2.53", 1458,
		"S SA A PA(1460) FA FA A" },
	{ "what does not fit a segment is split", "192.0.2.1", "192.0.2.53", 1459,
		"S SA A A(1460) PA(1) FA FA A" },
	{ "what fits a segment of IPv6 is not split", "2001:db8::1", "2001:db8::53",
		1438, "S SA A PA(1440) FA FA A" },
	{ "what does not fit one of IPv6 is split", "2001:db8::1", "2001:db8::53", 1439,
		"S SA A A(1440) PA(1) FA FA A" },
	{ "a message longer than its length can say is none", "192.0.2.1", "192.0.2.53",
		65536, "" },
};

static void check_tcp(void **state)
{
	const struct tcp_row *row = *state;
	struct endpoint a = end_of(row->client, 40000), b = end_of(row->server, 53);
	struct capture *c = begin();
	struct trace t;
	struct stream s;

	fill(9);
	capture_message(c, 5, &a, &b, 17, octets, row->len);
	capture_end(c, 6, 17);
	end(c, &t);
	assert_string_equal(flags_text(&t), row->flags);
	if (t.n > 0) {
		assert_int_equal(t.frame[0].mss, a.ip.family == 4 ? 1460 : 1440);
		follow(&t, &a, &b, &s);
		assert_int_equal(s.len[0], row->len + 2);
		assert_int_equal(get16(s.data[0]), row->len);
		assert_memory_equal(s.data[0] + 2, octets, row->len);
		stream_clear(&s);
	}
	trace_clear(&t);
}

/* Three connections at once, each with messages of all sizes either way. */
static void messages_either_way_come_out_in_order(void **state)
{
	static const size_t sizes[] = { 12, 65535, 0, 1458, 512, 1459, 65535, 65535,
		30000, 1 };
	struct endpoint server = end_of("2001:db8::53", 53), client[3];
	struct capture *c = begin();
	struct trace t;
	struct stream s;

	(void)state;
	fill(11);
	for (uint16_t k = 0; k < 3; k++)
		client[k] = end_of("2001:db8::1", (uint16_t)(50000 + k));
	for (unsigned i = 0; i < 10; i++) {
		for (unsigned k = 0; k < 3; k++) {
			capture_message(
				c, i, &client[k], &server, k + 1, octets + k, sizes[i]);
			capture_message(c, i, &server, &client[k], k + 1,
				octets + 100 + i, sizes[9 - i]);
		}
	}
	for (unsigned k = 0; k < 3; k++)
		capture_end(c, 10, k + 1);
	end(c, &t);
	for (unsigned k = 0; k < 3; k++) {
		const uint8_t *up, *down;

		follow(&t, &client[k], &server, &s);
		up = s.data[0];
		down = s.data[1];
		for (unsigned i = 0; i < 10; i++) {
			assert_int_equal(get16(up), sizes[i]);
			assert_memory_equal(up + 2, octets + k, sizes[i]);
			assert_int_equal(get16(down), sizes[9 - i]);
			assert_memory_equal(down + 2, octets + 100 + i, sizes[9 - i]);
			up += 2 + sizes[i];
			down += 2 + sizes[9 - i];
		}
		assert_true(up == s.data[0] + s.len[0]);
		assert_true(down == s.data[1] + s.len[1]);
		stream_clear(&s);
	}
	trace_clear(&t);
}

/* A zone transfer: one direction only. */
static void a_side_that_only_listens_acknowledges(void **state)
{
	struct endpoint a = end_of("192.0.2.1", 1024), b = end_of("192.0.2.53", 53);
	struct capture *c = begin();
	struct trace t;
	struct stream s;

	(void)state;
	capture_message(c, 0, &a, &b, 1, octets, 30);
	for (unsigned i = 0; i < 40; i++)
		capture_message(c, i, &b, &a, 1, octets, i % 2 == 0 ? 65535 : 300);
	end(c, &t);
	follow(&t, &a, &b, &s);
	assert_int_equal(s.len[1], 20 * (65537 + 302));
	stream_clear(&s);
	trace_clear(&t);
}

/* RFC 9293 3.4: sequence numbers go on from 2^32 - 1 to 0. */
static void sequence_numbers_wrap(void **state)
{
	struct endpoint a = end_of("192.0.2.1", 1024), b = end_of("192.0.2.53", 53);
	struct capture *c = begin();
	struct trace t;
	struct stream s;
	uint32_t highest = 0;
	uint64_t conn = 0;

	(void)state;
	for (uint64_t i = 1; i <= 50000; i++) {
		capture_message(c, 0, &a, &b, i, octets, 1);
		capture_end(c, 0, i);
	}
	end(c, &t);
	for (size_t i = 0, id = 0; i < t.n; i++) {
		if ((t.frame[i].flags & 18) != 2)
			continue;
		id++;
		if (t.frame[i].seq > highest) {
			highest = t.frame[i].seq;
			conn = id;
		}
	}
	trace_clear(&t);
	assert_true(highest > 0xfffd0000); /* less than four messages below 2^32 */
	c = begin();
	for (int i = 0; i < 4; i++)
		capture_message(c, 0, &a, &b, conn, octets, 65535);
	end(c, &t);
	follow(&t, &a, &b, &s);
	assert_true(s.next[0] < highest);
	assert_int_equal(s.len[0], 4 * 65537);
	stream_clear(&s);
	trace_clear(&t);
}

static void what_is_open_at_the_end_is_reset(void **state)
{
	struct endpoint a = end_of("192.0.2.1", 1024), b = end_of("192.0.2.53", 53);
	struct capture *c = begin();
	struct trace t;

	(void)state;
	capture_message(c, 0, &a, &b, 1, octets, 10);
	capture_message(c, 0, &b, &a, 1, octets, 20);
	capture_end(c, 0, 2); /* not known: nothing */
	end(c, &t);
	assert_string_equal(flags_text(&t), "S SA A PA(12) PA(22) RA");
	trace_clear(&t);
}

static void the_quietest_connection_is_forgotten_for_a_new_one(void **state)
{
	struct endpoint b = end_of("192.0.2.53", 53), a = end_of("192.0.2.1", 1);
	struct capture *c = begin();
	struct trace t;
	size_t n;

	(void)state;
	for (unsigned i = 1; i <= CAPTURE_CONNECTIONS_MAX; i++) {
		a.port = (uint16_t)i;
		capture_message(c, 0, &a, &b, i, octets, 1);
	}
	a.port = 1; /* the first speaks again, so the second is the quietest */
	capture_message(c, 0, &a, &b, 1, octets, 1);
	a.port = 60000;
	capture_message(c, 0, &a, &b, 60000, octets, 1);
	end(c, &t);
	n = (size_t)CAPTURE_CONNECTIONS_MAX * 4 + 1;
	assert_int_equal(t.frame[n].flags, 4 | 16);
	assert_int_equal(t.frame[n].from.port, 2);
	assert_int_equal(t.frame[n + 1].flags, 2);
	assert_int_equal(t.frame[n + 1].from.port, 60000);
	trace_clear(&t);
}

static void a_full_disk_stops_the_capture_only(void **state)
{
	struct endpoint a = end_of("192.0.2.1", 1024), b = end_of("192.0.2.53", 53);
	struct capture *c = capture_open("/dev/full");

	(void)state;
	assert_non_null(c);
	for (unsigned i = 0; i < 10; i++) {
		capture_message(c, i, &a, &b, 0, octets, 60000);
		capture_message(c, i, &a, &b, 3, octets, 60000);
	}
	assert_int_equal(capture_error(c), ENOSPC);
	errno = 0;
	assert_int_equal(capture_close(c), -1);
	assert_int_equal(errno, ENOSPC);
}

static void a_full_disk_is_seen_at_the_end(void **state)
{
	struct capture *c = capture_open("/dev/full");

	(void)state;
	assert_int_equal(capture_error(c), 0);
	assert_int_equal(capture_close(c), -1);
	assert_int_equal(errno, ENOSPC);
}

static void a_folder_that_is_not_there_is_an_error(void **state)
{
	(void)state;
	errno = 0;
	assert_null(capture_open("/no-such-folder/x.pcap"));
	assert_int_equal(errno, ENOENT);
}

#define EACH 500

static void *write_many(void *ctx)
{
	static _Atomic uint64_t next_conn = 1;
	struct endpoint b = end_of("192.0.2.53", 53), a = end_of("192.0.2.1", 1);
	uint64_t conn = next_conn++;

	a.port = (uint16_t)(1000 + conn);
	for (unsigned i = 0; i < EACH; i++) {
		capture_message(ctx, i, &a, &b, conn, octets, 2000);
		capture_message(ctx, i, &b, &a, 0, octets, 100);
	}
	return NULL;
}

static void threads_share_a_capture(void **state)
{
	struct endpoint b = end_of("192.0.2.53", 53), a = end_of("192.0.2.1", 1);
	struct capture *c = begin();
	pthread_t thread[3];
	struct stream s;
	struct trace t;
	size_t udp = 0;

	(void)state;
	for (int i = 0; i < 3; i++)
		pthread_create(&thread[i], NULL, write_many, c);
	for (int i = 0; i < 3; i++)
		pthread_join(thread[i], NULL);
	end(c, &t);
	for (size_t i = 0; i < t.n; i++) {
		udp += t.frame[i].protocol == 17;
		if (t.frame[i].protocol == 17)
			t.frame[i].from.port = t.frame[i].to.port = 0;
	}
	assert_int_equal(udp, 3 * EACH);
	for (uint16_t k = 1; k <= 3; k++) {
		a.port = (uint16_t)(1000 + k);
		follow(&t, &a, &b, &s);
		assert_int_equal(s.len[0], EACH * 2002);
		stream_clear(&s);
	}
	trace_clear(&t);
}

int main(void)
{
	TESTS_ADD(the_file_says_nanoseconds_and_raw_ip);
	TESTS_ADD_ROWS(udp_rows, check_udp);
	TESTS_ADD(a_checksum_of_zero_is_sent_as_ones);
	TESTS_ADD_ROWS(tcp_rows, check_tcp);
	TESTS_ADD(messages_either_way_come_out_in_order);
	TESTS_ADD(a_side_that_only_listens_acknowledges);
	TESTS_ADD(sequence_numbers_wrap);
	TESTS_ADD(what_is_open_at_the_end_is_reset);
	TESTS_ADD(the_quietest_connection_is_forgotten_for_a_new_one);
	TESTS_ADD(a_full_disk_stops_the_capture_only);
	TESTS_ADD(a_full_disk_is_seen_at_the_end);
	TESTS_ADD(a_folder_that_is_not_there_is_an_error);
	TESTS_ADD(threads_share_a_capture);
	return tests_run("net-capture");
}
