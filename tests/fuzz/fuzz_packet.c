/* fuzz_packet.c - any octets to a server, over UDP and TCP, in each mode and with
 * quirks. What comes back is a message to the one that was asked, is never longer than
 * it may be, and nothing answers a reply. The first octet chooses the server. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "server/service.h"

#define UDP_MIN 512
#define UDP_MAX 1232

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char text[] = "$TTL 300\n"
			   "@ SOA ns1 hostmaster 1 3600 600 86400 60\n"
			   "@ NS ns1\n"
			   "ns1 A 192.0.2.53\n"
			   "www A 192.0.2.1\n"
			   "www MX 10 www\n"
			   "www TXT \"one text\" \"another text\"\n"
			   "c CNAME www\n"
			   "c MX 10 www\n"
			   "d DNAME sub\n"
			   "*.w TXT \"wild\"\n"
			   "*.w CNAME www.elsewhere.org.\n"
			   "sub NS ns.sub\n"
			   "ns.sub A 192.0.2.54\n"
			   "flat ALIAS www\n"
			   "out ALIAS www.elsewhere.org.\n";

static struct zone *load(struct arena *a)
{
	struct zone_source source = {
		.origin = name_literal(a, "a.test"),
		.text = text,
		.len = strlen(text),
		.at = { "fuzz.zone", 1, 1 },
	};
	struct zone *z = NULL;
	struct errs errs;

	errs_init(&errs, a);
	if (zone_load(a, &source, &errs, &z) != 0)
		abort();
	return z;
}

/* Each mode without quirks, then with one. */
static struct service_worker *make(unsigned i)
{
	static struct quirk quirk = { .count = 3 };
	struct service_options o = {
		.version = "x", .workers = 1, .minimal_any = i % 2 == 0
	};
	struct arena *a = arena_new();
	struct server_zone *sz = arena_alloc(a, sizeof(*sz));
	struct service_data data = { .memory = a,
		.release = (void (*)(void *))arena_free };

	sz->zone = load(a);
	sz->mode = &server_modes[i % server_modes_n];
	data.server = (struct server){ .name = "fuzz", .zones = sz, .n_zones = 1 };
	if (i >= server_modes_n) {
		quirk.row = quirk_row("no-dname-synthesis");
		data.server.quirks = &quirk;
		data.server.n_quirks = 1;
	}
	server_prepare(a, &data.server);
	return service_worker(service_new(&o, &data), 0, NULL);
}

static void check(const uint8_t *in, size_t n, bool tcp, const uint8_t *out, size_t len)
{
	size_t allowed = tcp ? 65535 : UDP_MAX;
	struct arena *a;
	struct msg q, m;
	uint8_t same;

	if (len == 0)
		return;
	if (n < 12 || len < 12 || (in[2] & 0x80) != 0 || (out[2] & 0x80) == 0 ||
		memcmp(in, out, 2) != 0)
		abort();
	/* The opcode, and RD; an UPDATE has none (RFC 2136 2.2). */
	same = (in[2] >> 3 & 15) == OPCODE_UPDATE ? 0x78 : 0x79;
	if (((in[2] ^ out[2]) & same) != 0)
		abort();
	a = arena_new();
	msg_decode(a, in, n, &q);
	if (!tcp && !q.has_edns)
		allowed = UDP_MIN;
	if (!tcp && q.has_edns && q.udp_size < allowed)
		allowed = q.udp_size < UDP_MIN ? UDP_MIN : q.udp_size;
	if (len > allowed || msg_decode(a, out, len, &m) != 0 ||
		m.has_edns != q.has_edns || m.has_question != q.has_question)
		abort();
	if (m.has_question && !name_equal(m.question.name, q.question.name))
		abort();
	arena_free(a);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct service_worker *workers[64];
	static uint8_t out[65535];
	unsigned n = 2 * (unsigned)server_modes_n, which;

	if (size == 0)
		return 0;
	which = data[0] % n;
	if (workers[which] == NULL)
		workers[which] = make(which);
	for (int tcp = 0; tcp <= 1; tcp++)
		check(data + 1, size - 1, tcp, out,
			service_answer(workers[which], tcp, data + 1, size - 1, out,
				tcp ? sizeof(out) : 4096));
	return 0;
}
