#include <string.h>

#include "soak.h"

#define HEADER 12
#define EDNS_SIZE 1232

static void put16(uint8_t *at, unsigned value)
{
	at[0] = (uint8_t)(value >> 8);
	at[1] = (uint8_t)value;
}

static size_t random_bytes(struct rng *r, uint8_t *at, size_t n)
{
	for (size_t i = 0; i < n; i++)
		at[i] = (uint8_t)rng_next(r);
	return n;
}

/* One of the valid questions, with a random id. */
static size_t question(struct rng *r, const struct soak *s, uint8_t *buf)
{
	const struct query *q = &s->queries.list[rng_below(r, (uint32_t)s->queries.n)];

	return query_put(q, (uint16_t)rng_next(r), buf);
}

/* A header for a question that the caller writes. */
static size_t header(struct rng *r, uint8_t *buf)
{
	memset(buf, 0, HEADER);
	put16(buf, (unsigned)rng_next(r));
	buf[5] = 1;
	return HEADER;
}

static size_t type_and_class(uint8_t *at)
{
	put16(at, 1);
	put16(at + 2, 1);
	return 4;
}

/* OPT (RFC 6891 6.1.2) with an RDLENGTH that says what it is told to; no RDATA. */
static size_t add_opt(uint8_t *buf, size_t len, unsigned version, unsigned rdlen)
{
	uint8_t *at = buf + len;

	memset(at, 0, 11);
	put16(at + 1, 41);
	put16(at + 3, EDNS_SIZE);
	at[6] = (uint8_t)version;
	put16(at + 9, rdlen);
	buf[11]++;
	return len + 11;
}

static size_t cut_off(struct rng *r, const struct soak *s, uint8_t *buf)
{
	return rng_below(r, (uint32_t)question(r, s, buf));
}

static size_t noise(struct rng *r, const struct soak *s, uint8_t *buf)
{
	(void)s;
	return random_bytes(r, buf, rng_below(r, 600));
}

static size_t no_question(struct rng *r, const struct soak *s, uint8_t *buf)
{
	(void)s;
	header(r, buf);
	buf[5] = 0;
	return HEADER;
}

static size_t two_questions(struct rng *r, const struct soak *s, uint8_t *buf)
{
	uint8_t second[QUERY_MAX];
	size_t len = question(r, s, buf), more = question(r, s, second) - HEADER;

	buf[5] = 2;
	memcpy(buf + len, second + HEADER, more);
	return len + more;
}

static size_t many_questions(struct rng *r, const struct soak *s, uint8_t *buf)
{
	size_t len = question(r, s, buf);

	put16(buf + 4, 65535);
	return len;
}

static size_t counts_lie(struct rng *r, const struct soak *s, uint8_t *buf)
{
	size_t len = question(r, s, buf);

	put16(buf + 6 + 2 * rng_below(r, 3), 65535);
	return len;
}

static size_t pointer_to_itself(struct rng *r, const struct soak *s, uint8_t *buf)
{
	size_t len = header(r, buf);

	(void)s;
	put16(buf + len, 0xc000 | HEADER);
	return len + 2 + type_and_class(buf + len + 2);
}

static size_t pointers_in_a_ring(struct rng *r, const struct soak *s, uint8_t *buf)
{
	size_t len = header(r, buf);

	(void)s;
	memcpy(buf + len, "\1a", 2);
	put16(buf + len + 2, 0xc000 | (HEADER + 4));
	memcpy(buf + len + 4, "\1b", 2);
	put16(buf + len + 6, 0xc000 | HEADER);
	return len + 8 + type_and_class(buf + len + 8);
}

static size_t pointer_out(struct rng *r, const struct soak *s, uint8_t *buf)
{
	size_t len = header(r, buf);

	(void)s;
	put16(buf + len, 0xc000 | (rng_below(r, 16000) + HEADER + 2));
	return len + 2 + type_and_class(buf + len + 2);
}

static size_t name_too_long(struct rng *r, const struct soak *s, uint8_t *buf)
{
	size_t len = header(r, buf);

	(void)s;
	for (int i = 0; i < 5; i++) {
		buf[len] = 63;
		memset(buf + len + 1, 'a', 63);
		len += 64;
	}
	buf[len++] = 0;
	return len + type_and_class(buf + len);
}

static size_t unknown_label_type(struct rng *r, const struct soak *s, uint8_t *buf)
{
	size_t len = header(r, buf);

	(void)s;
	buf[len] = (uint8_t)(rng_below(r, 2) ? 0x40 : 0x80) | 3;
	memcpy(buf + len + 1, "abc", 4);
	return len + 5 + type_and_class(buf + len + 5);
}

static size_t opt_past_the_end(struct rng *r, const struct soak *s, uint8_t *buf)
{
	return add_opt(buf, question(r, s, buf), 0, 1 + rng_below(r, 65535));
}

static size_t two_opts(struct rng *r, const struct soak *s, uint8_t *buf)
{
	return add_opt(buf, add_opt(buf, question(r, s, buf), 0, 0), 0, 0);
}

static size_t opt_with_a_name(struct rng *r, const struct soak *s, uint8_t *buf)
{
	size_t len = question(r, s, buf);

	memmove(buf + len + 2, buf + len, add_opt(buf, len, 0, 0) - len);
	memcpy(buf + len, "\1x", 2);
	return len + 13;
}

static size_t edns_version(struct rng *r, const struct soak *s, uint8_t *buf)
{
	return add_opt(buf, question(r, s, buf), 1 + rng_below(r, 255), 0);
}

static size_t option_past_the_end(struct rng *r, const struct soak *s, uint8_t *buf)
{
	size_t len = add_opt(buf, question(r, s, buf), 0, 8);

	random_bytes(r, buf + len, 8);
	put16(buf + len + 2, 5 + rng_below(r, 60000));
	return len + 8;
}

static size_t oversized(struct rng *r, const struct soak *s, uint8_t *buf)
{
	size_t len = question(r, s, buf);

	return len + random_bytes(r, buf + len, rng_below(r, 60000));
}

static size_t response(struct rng *r, const struct soak *s, uint8_t *buf)
{
	size_t len = question(r, s, buf);

	buf[2] |= 0x80;
	return len;
}

static size_t unknown_opcode(struct rng *r, const struct soak *s, uint8_t *buf)
{
	size_t len = question(r, s, buf);

	buf[2] = (uint8_t)(6 + rng_below(r, 10)) << 3;
	return len;
}

static size_t put_origin(const struct soak *s, uint8_t *at)
{
	size_t len = 0;

	for (const char *p = s->origin; *p != '\0';) {
		size_t n = strcspn(p, ".");

		at[len] = (uint8_t)n;
		memcpy(at + len + 1, p, n);
		len += 1 + n;
		p += n + (p[n] == '.');
	}
	at[len] = 0;
	return len + 1;
}

static size_t about_the_zone(struct rng *r, const struct soak *s, unsigned opcode,
	unsigned type, uint8_t *buf)
{
	size_t len = header(r, buf);

	buf[2] = (uint8_t)(opcode << 3);
	len += put_origin(s, buf + len);
	put16(buf + len, type);
	put16(buf + len + 2, 1);
	return len + 4;
}

/* RFC 2136 2: adds "intruder A 192.0.2.66", which nobody may find afterwards. */
static size_t update(struct rng *r, const struct soak *s, uint8_t *buf)
{
	static const uint8_t record[] = { 8, 'i', 'n', 't', 'r', 'u', 'd', 'e', 'r',
		0xc0, HEADER, 0, 1, 0, 1, 0, 0, 1, 44, 0, 4, 192, 0, 2, 66 };
	size_t len = about_the_zone(r, s, 5, 6, buf);

	buf[9] = 1;
	memcpy(buf + len, record, sizeof(record));
	return len + sizeof(record);
}

static size_t notify(struct rng *r, const struct soak *s, uint8_t *buf)
{
	return about_the_zone(r, s, 4, 6, buf);
}

static size_t transfer_by_udp(struct rng *r, const struct soak *s, uint8_t *buf)
{
	return about_the_zone(r, s, 0, 252, buf);
}

/* RFC 8945 4.2, every field random but the type. */
static size_t tsig_noise(struct rng *r, const struct soak *s, uint8_t *buf)
{
	size_t len = update(r, s, buf), rdlen = rng_below(r, 80);

	buf[11] = 1;
	buf[len] = 0;
	put16(buf + len + 1, 250);
	put16(buf + len + 3, 255);
	memset(buf + len + 5, 0, 4);
	put16(buf + len + 9, (unsigned)rdlen);
	return len + 11 + random_bytes(r, buf + len + 11, rdlen);
}

static size_t bits_flipped(struct rng *r, const struct soak *s, uint8_t *buf)
{
	size_t len = add_opt(buf, question(r, s, buf), 0, 0);

	for (unsigned n = 1 + rng_below(r, 4); n > 0; n--)
		buf[rng_below(r, (uint32_t)len)] ^= (uint8_t)(1u << rng_below(r, 8));
	return len;
}

size_t packet_axfr(const struct soak *s, uint8_t *buf)
{
	struct rng r = { 1 };

	return about_the_zone(&r, s, 0, 252, buf);
}

/* A question of ours is shorter than 64 octets: header, question and OPT fit in a
 * polite reply to a broken one. Noise may be a question by chance. */
#define POLITE 96
#define ANY_REPLY EDNS_SIZE

const struct packet_row packet_rows[] = {
	{ "cut off", cut_off, POLITE },
	{ "noise", noise, ANY_REPLY },
	{ "no question", no_question, POLITE },
	{ "two questions", two_questions, POLITE },
	{ "65535 questions", many_questions, POLITE },
	{ "a count that lies", counts_lie, POLITE },
	{ "a pointer to itself", pointer_to_itself, POLITE },
	{ "pointers in a ring", pointers_in_a_ring, POLITE },
	{ "a pointer out of the message", pointer_out, POLITE },
	{ "a name of 321 octets", name_too_long, POLITE },
	{ "an unknown label type", unknown_label_type, POLITE },
	{ "OPT past the end", opt_past_the_end, POLITE },
	{ "two OPT", two_opts, POLITE },
	{ "OPT with a name", opt_with_a_name, POLITE },
	{ "another EDNS version", edns_version, POLITE },
	{ "an option past the end", option_past_the_end, ANY_REPLY },
	{ "up to 60,000 octets", oversized, ANY_REPLY },
	{ "a response", response, 0 },
	{ "an unknown opcode", unknown_opcode, POLITE },
	{ "UPDATE without a key", update, POLITE },
	{ "NOTIFY", notify, POLITE },
	{ "AXFR by UDP", transfer_by_udp, ANY_REPLY },
	{ "UPDATE with a broken TSIG", tsig_noise, 512 },
	{ "flipped bits", bits_flipped, 4096 },
};

const unsigned n_packet_rows = sizeof(packet_rows) / sizeof(packet_rows[0]);
