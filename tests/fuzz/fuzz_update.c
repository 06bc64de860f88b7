/* fuzz_update.c - any bytes as a signed message and as an UPDATE: what is accepted
 * leaves a zone that is whole, with no more data beside a CNAME than before. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "dns/tsig.h"
#include "server/update.h"

#define MESSAGE_MAX 65535
#define NOW UINT64_C(0x6b022dd4) /* of the signed seeds */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char zone_text[] = "@ 300 SOA ns1 hostmaster 1 3600 600 86400 60\n"
				"@ 300 NS ns1\n"
				"shop 300 A 192.0.2.1\n"
				"shop 300 A 192.0.2.2\n"
				"cust 300 CNAME shop\n"
				"cust 300 MX 10 mail\n"
				"www 300 CNAME shop\n"
				"old 300 DNAME other.\n";

static const char *const key_texts[] = {
	"customer-key:bWFpbCBhdCBhIG5hbWUgYmVzaWRlIGEgQ05BTUUhISE=",
	"hmac-sha512:k512.Example:"
	"c2hhNTEyIGtleSBvZiBhIGN1c3RvbWVyIG9mIHRoZSB3ZWIgc2VydmljZQ==",
};

static void check_zone(const struct zone *old, const struct zone *z)
{
	const struct name *apex = zone_origin(z);
	const struct zone_conflict *c;

	if (zone_rrset(z, apex, TYPE_SOA).n != 1 || zone_rrset(z, apex, TYPE_NS).n == 0)
		abort();
	if (zone_conflicts(z, &c) > zone_conflicts(old, &c))
		abort();
	if (rr_soa_serial(zone_rrset(z, apex, TYPE_SOA).rr) ==
		rr_soa_serial(zone_rrset(old, apex, TYPE_SOA).rr))
		abort();
}

static void try_update(struct arena *a, const uint8_t *data, size_t size)
{
	static struct arena *forever;
	static struct zone *zone;
	struct zone_source source = { .text = zone_text, .len = sizeof(zone_text) - 1 };
	struct zone *changed, *again;
	struct errs errs;

	if (forever == NULL) {
		forever = arena_new();
		errs_init(&errs, forever);
		source.origin = name_literal(forever, "example");
		if (zone_load(forever, &source, &errs, &zone) != 0)
			abort();
	}
	if (update_zone(a, zone, data, size, &changed) != RCODE_NOERROR ||
		changed == NULL)
		return;
	check_zone(zone, changed);
	if (update_zone(a, changed, data, size, &again) == RCODE_NOERROR &&
		again != NULL)
		check_zone(changed, again);
}

static struct tsig_keys *keys_of(struct arena *a)
{
	struct tsig_key *keys = arena_array(a, 2, sizeof(*keys));
	const char *why;

	for (int i = 0; i < 2; i++) {
		if (tsig_key_from_text(a, key_texts[i], &keys[i], &why) != 0)
			abort();
	}
	return tsig_keys_new(a, keys, 2);
}

/* The request itself, answered: whatever room there is, it is not overrun. */
static void try_signature(struct arena *a, const uint8_t *data, size_t size)
{
	uint8_t *reply, *exact;
	struct tsig t;
	enum tsig_verdict v = tsig_check(&t, keys_of(a), data, size, NOW);
	size_t room, len;

	if (v != TSIG_GOOD && v != TSIG_BAD)
		return;
	room = t.unsigned_len + (size > 20 ? data[size - 20] : 0);
	reply = malloc(room);
	tsig_strip(&t, data, reply);
	len = tsig_sign(&t, reply, t.unsigned_len, room, NOW);
	if (len > room || (v == TSIG_GOOD && t.key == NULL))
		abort();
	/* And each further message of a stream. */
	exact = malloc(room + tsig_room(&t));
	memcpy(exact, reply, room);
	if (tsig_sign(&t, exact, t.unsigned_len, room + tsig_room(&t), NOW) == 0)
		abort();
	free(exact);
	free(reply);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena *a = arena_new();

	if (size <= MESSAGE_MAX) {
		try_signature(a, data, size);
		try_update(a, data, size);
	}
	arena_free(a);
	return 0;
}
