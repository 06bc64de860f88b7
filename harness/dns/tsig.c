#include "dns/tsig.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <string.h>

#include "base/arena.h"
#include "base/bug.h"
#include "base/octets.h"
#include "dns/reader.h"
#include "dns/tsig-key.h"

#define CLASS_ANY_TTL_LEN 6 /* of the class and the TTL in the variables */
#define TIMERS_LEN 8	    /* time signed and fudge */
#define TIME_LEN 6
/* Type, class, TTL, RDLENGTH, in front of the RDATA. */
#define RECORD_FIXED_LEN 10
/* RDATA but for algorithm, MAC and other data: timers, MAC size, original id, error,
 * other length. */
#define RDATA_FIXED_LEN (TIMERS_LEN + 8)
/* RFC 8945 10: the recommended value, also what BIND's tools send. */
#define FUDGE 300
/* RFC 8945 5.2.2.1. */
#define MAC_MIN 10
#define FLAG_TC 2
#define ARCOUNT_AT 10

/* Length and MAC of the message before, the message, and the variables, at most. */
#define DIGESTED_MAX                                                                   \
	(2 + TSIG_MAC_MAX + MESSAGE_MAX + 2 * NAME_WIRE_MAX + CLASS_ANY_TTL_LEN +      \
		TIMERS_LEN + 4 + TIME_LEN)

/* ---- what is digested (RFC 8945 4.3.3) ---- */

struct digested {
	uint8_t *buf;
	size_t len;
};

static void put(struct digested *d, const void *data, size_t n)
{
	if (DIGESTED_MAX - d->len < n)
		bug("a message to sign is too long");
	memcpy(d->buf + d->len, data, n);
	d->len += n;
}

static void put16(struct digested *d, unsigned v)
{
	uint8_t b[2] = { (uint8_t)(v >> 8), (uint8_t)v };

	put(d, b, sizeof(b));
}

static void put_time(struct digested *d, uint64_t s)
{
	for (int shift = 40; shift >= 0; shift -= 8) {
		uint8_t b = (uint8_t)(s >> shift);

		put(d, &b, 1);
	}
}

static void put_lower(struct digested *d, const uint8_t *name)
{
	uint8_t lower[NAME_WIRE_MAX];

	put(d, lower, name_lower(name_at(name), lower));
}

/* The fields of a TSIG that is checked or made. */
struct fields {
	uint64_t time;
	uint16_t fudge, original_id, error;
	const uint8_t *mac;
	size_t mac_len;
	uint8_t other[TIME_LEN];
	size_t other_len; /* of ours; that of a request may be more */
};

/* RFC 8945 4.3.3, "TSIG variables"; `other` is that of the request as it came. */
static void put_variables(struct digested *d, const struct tsig *t,
	const struct fields *f, const uint8_t *other, size_t other_len)
{
	static const uint8_t class_any_ttl_0[CLASS_ANY_TTL_LEN] = { 0, CLASS_ANY };

	put_lower(d, t->owner);
	put(d, class_any_ttl_0, sizeof(class_any_ttl_0));
	put_lower(d, t->algorithm);
	put_time(d, f->time);
	put16(d, f->fudge);
	put16(d, f->error);
	put16(d, (unsigned)other_len);
	put(d, other, other_len);
}

static void put_prior_mac(struct digested *d, const struct tsig *t)
{
	put16(d, (unsigned)t->mac_len);
	put(d, t->mac, t->mac_len);
}

static void mac_of(
	const struct tsig_key *key, const struct digested *d, uint8_t mac[TSIG_MAC_MAX])
{
	unsigned len = 0;

	if (HMAC(tsig_algorithm_md(key->algorithm), key->secret, (int)key->secret_len,
		    d->buf, d->len, mac, &len) == NULL)
		bug("no HMAC from libcrypto");
}

/* One buffer a thread: it is large, and used for the length of one call. */
static struct digested digested_new(void)
{
	static _Thread_local uint8_t buf[DIGESTED_MAX];

	return (struct digested){ .buf = buf };
}

/* ---- finding it ---- */

/* Where the parts of a request's TSIG are. */
struct found {
	const uint8_t *record; /* its owner name */
	const uint8_t *other;
	size_t other_len;
	struct fields f;
};

static uint64_t get_time(const uint8_t *p)
{
	return (uint64_t)get16(p) << 32 | get32(p + 2);
}

/* RFC 8945 4.2. The RDATA must be used up to its last octet. */
static int parse_rdata(
	struct tsig *t, struct found *ret, const uint8_t *p, const uint8_t *end)
{
	size_t n = name_check(p, end);

	if (n == 0 || (size_t)(end - p) < n + RDATA_FIXED_LEN)
		return -1;
	memcpy(t->algorithm, p, n);
	p += n;
	ret->f.time = get_time(p);
	ret->f.fudge = get16(p + 6);
	ret->f.mac_len = get16(p + 8);
	ret->f.mac = p + 10;
	if ((size_t)(end - p) < RDATA_FIXED_LEN + ret->f.mac_len)
		return -1;
	p += 10 + ret->f.mac_len;
	ret->f.original_id = get16(p);
	ret->f.error = get16(p + 2);
	ret->other_len = get16(p + 4);
	ret->other = p + 6;
	return (size_t)(end - ret->other) == ret->other_len ? 0 : -1;
}

/* The record at in->at, moved past: 1 a TSIG, 0 another, -1 none that can be read. */
static int next_record(struct reader *in, struct tsig *t, struct found *ret)
{
	const uint8_t *owner = in->at, *fixed, *rdata;

	if (reader_skip_name(in) != 0 || in->end - in->at < RECORD_FIXED_LEN)
		return -1;
	fixed = in->at;
	rdata = fixed + RECORD_FIXED_LEN;
	if (in->end - rdata < get16(fixed + 8))
		return -1;
	in->at = rdata + get16(fixed + 8);
	if (get16(fixed) != TYPE_TSIG)
		return 0;
	ret->record = owner;
	if (reader_name_to(in, &owner, t->owner) == 0 ||
		get16(fixed + 2) != CLASS_ANY || get32(fixed + 4) != 0)
		return -1;
	return parse_rdata(t, ret, rdata, in->at) == 0 ? 1 : -1;
}

static int skip_questions(struct reader *in, unsigned n)
{
	for (; n > 0; n--) {
		if (reader_skip_name(in) != 0 || in->end - in->at < 4)
			return -1;
		in->at += 4;
	}
	return 0;
}

/* RFC 8945 5.1: one, and it is the last record of the message. */
static enum tsig_verdict find(
	const uint8_t *message, size_t len, struct tsig *t, struct found *ret)
{
	struct reader in = { NULL, message, message + READER_HEADER_LEN,
		message + len };
	unsigned additional, n;

	if (len < READER_HEADER_LEN)
		return TSIG_MALFORMED;
	additional = get16(message + ARCOUNT_AT);
	n = get16(message + 6) + get16(message + 8) + additional;
	if (n == 0)
		return TSIG_NONE;
	if (skip_questions(&in, get16(message + 4)) != 0)
		return TSIG_MALFORMED;
	while (n-- > 0) {
		int is_tsig = next_record(&in, t, ret);

		if (is_tsig == 0)
			continue;
		if (is_tsig < 0 || n > 0 || additional == 0 || in.at != in.end)
			return TSIG_MALFORMED;
		return TSIG_GOOD;
	}
	return TSIG_NONE;
}

/* ---- checking ---- */

static bool mac_is_right(
	const struct tsig *t, const struct found *found, const uint8_t *message)
{
	struct digested d = digested_new();
	uint8_t mac[TSIG_MAC_MAX];

	if (t->unsigned_len > MESSAGE_MAX)
		bug("a message of more than %d octets", MESSAGE_MAX);
	tsig_strip(t, message, d.buf);
	d.len = t->unsigned_len;
	put_variables(&d, t, &found->f, found->other, found->other_len);
	mac_of(t->key, &d, mac);
	return CRYPTO_memcmp(mac, found->f.mac, found->f.mac_len) == 0;
}

static bool is_in_time(const struct found *found, uint64_t now_s)
{
	uint64_t then = found->f.time;

	return (now_s > then ? now_s - then : then - now_s) <= found->f.fudge;
}

static enum tsig_verdict bad(struct tsig *t, enum tsig_error error)
{
	t->error = error;
	return TSIG_BAD;
}

enum tsig_verdict tsig_check(struct tsig *ret, const struct tsig_keys *keys,
	const uint8_t *message, size_t len, uint64_t now_s)
{
	struct found found;
	enum tsig_verdict v = find(message, len, ret, &found);
	size_t full;

	if (v != TSIG_GOOD)
		return v;
	ret->unsigned_len = (size_t)(found.record - message);
	ret->original_id = found.f.original_id;
	ret->time = found.f.time;
	ret->fudge = found.f.fudge;
	ret->error = TSIG_NOERROR;
	ret->timers_only = false;
	ret->mac_len = 0;
	ret->key = keys == NULL ? NULL : tsig_keys_find(keys, name_at(ret->owner));
	if (ret->key == NULL || !name_equal(tsig_algorithm_wire(ret->key->algorithm),
					name_at(ret->algorithm))) {
		ret->key = NULL;
		return bad(ret, TSIG_BADKEY);
	}
	full = tsig_algorithm_size(ret->key->algorithm);
	if (found.f.mac_len > full || found.f.mac_len < MAC_MIN ||
		found.f.mac_len < full / 2)
		return TSIG_MALFORMED;
	if (!mac_is_right(ret, &found, message))
		return bad(ret, TSIG_BADSIG);
	memcpy(ret->mac, found.f.mac, found.f.mac_len);
	ret->mac_len = found.f.mac_len;
	if (!is_in_time(&found, now_s))
		return bad(ret, TSIG_BADTIME);
	if (found.f.mac_len < full)
		return bad(ret, TSIG_BADTRUNC);
	return TSIG_GOOD;
}

void tsig_strip(const struct tsig *t, const uint8_t *message, uint8_t *to)
{
	unsigned additional = get16(message + ARCOUNT_AT) - 1u;

	memcpy(to, message, t->unsigned_len);
	to[0] = (uint8_t)(t->original_id >> 8);
	to[1] = (uint8_t)t->original_id;
	to[ARCOUNT_AT] = (uint8_t)(additional >> 8);
	to[ARCOUNT_AT + 1] = (uint8_t)additional;
}

/* ---- signing ---- */

/* RFC 8945 5.3.2: who is not known gets nothing signed. */
static bool is_signed(const struct tsig *t)
{
	return t->error != TSIG_BADKEY && t->error != TSIG_BADSIG;
}

static size_t mac_size(const struct tsig *t)
{
	return is_signed(t) ? tsig_algorithm_size(t->key->algorithm) : 0;
}

static size_t other_size(const struct tsig *t)
{
	return t->error == TSIG_BADTIME ? TIME_LEN : 0;
}

size_t tsig_room(const struct tsig *t)
{
	return name_len(name_at(t->owner)) + RECORD_FIXED_LEN +
	       name_len(name_at(t->algorithm)) + RDATA_FIXED_LEN + mac_size(t) +
	       other_size(t);
}

/* RFC 8945 5.3: only the question, TC, NOERROR. 0 when there is no room for it. */
static size_t cut_to_question(uint8_t *message, size_t len, size_t room)
{
	struct reader in = { NULL, message, message + READER_HEADER_LEN,
		message + len };

	if (skip_questions(&in, get16(message + 4)) != 0 ||
		(size_t)(in.at - message) > room)
		return 0;
	message[2] |= FLAG_TC;
	message[3] &= 0xf0;
	memset(message + 6, 0, 6);
	return (size_t)(in.at - message);
}

/* RFC 8945 5.2.3: a BADTIME reply has the request's time and fudge, so that the client
 * believes it, and ours beside them. */
static void set_times(struct tsig *t, struct fields *f, uint64_t now_s)
{
	struct digested other = { .buf = f->other };

	f->time = now_s;
	f->fudge = FUDGE;
	if (t->error == TSIG_BADTIME) {
		f->time = t->time;
		f->fudge = t->fudge;
		put_time(&other, now_s);
		f->other_len = TIME_LEN;
	}
}

static void make_mac(
	struct tsig *t, const struct fields *f, const uint8_t *message, size_t len)
{
	struct digested d = digested_new();

	put_prior_mac(&d, t);
	put(&d, message, len);
	if (t->timers_only) {
		put_time(&d, f->time);
		put16(&d, f->fudge);
	} else {
		put_variables(&d, t, f, f->other, f->other_len);
	}
	mac_of(t->key, &d, t->mac);
	t->mac_len = mac_size(t);
	t->timers_only = true;
}

static void put_record(struct digested *d, const struct tsig *t, const struct fields *f)
{
	size_t algorithm = name_len(name_at(t->algorithm));
	static const uint8_t type_class_ttl[8] = { 0, TYPE_TSIG, 0, CLASS_ANY };

	put(d, t->owner, name_len(name_at(t->owner)));
	put(d, type_class_ttl, sizeof(type_class_ttl));
	put16(d, (unsigned)(algorithm + RDATA_FIXED_LEN + f->mac_len + f->other_len));
	put(d, t->algorithm, algorithm);
	put_time(d, f->time);
	put16(d, f->fudge);
	put16(d, (unsigned)f->mac_len);
	put(d, f->mac, f->mac_len);
	put16(d, f->original_id);
	put16(d, f->error);
	put16(d, (unsigned)f->other_len);
	put(d, f->other, f->other_len);
}

size_t tsig_sign(
	struct tsig *t, uint8_t *message, size_t len, size_t room, uint64_t now_s)
{
	struct fields f = { .error = t->error, .mac = t->mac };
	struct digested d = { .buf = message };
	unsigned additional;

	if (room > MESSAGE_MAX)
		room = MESSAGE_MAX;
	if (room < tsig_room(t) || len < READER_HEADER_LEN)
		return 0;
	if (len > room - tsig_room(t) || (message[2] & FLAG_TC) != 0)
		len = cut_to_question(message, len, room - tsig_room(t));
	if (len == 0)
		return 0;
	f.original_id = get16(message);
	set_times(t, &f, now_s);
	if (is_signed(t)) {
		make_mac(t, &f, message, len);
		f.mac_len = t->mac_len;
	}
	d.len = len;
	put_record(&d, t, &f);
	additional = get16(message + ARCOUNT_AT) + 1u;
	message[ARCOUNT_AT] = (uint8_t)(additional >> 8);
	message[ARCOUNT_AT + 1] = (uint8_t)additional;
	return d.len;
}
