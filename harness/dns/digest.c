#include "dns/digest.h"

#include <ldns/ldns.h>
#include <stdio.h>

#include "base/arena.h"

struct digest {
	ldns_sha256_CTX state;
};

struct digest *digest_new(struct arena *a)
{
	struct digest *d = arena_alloc(a, sizeof(*d));

	ldns_sha256_init(&d->state);
	return d;
}

void digest_add(struct digest *d, const void *data, size_t len)
{
	ldns_sha256_update(&d->state, data, len);
}

const char *digest_end(struct digest *d, struct arena *a)
{
	uint8_t sum[LDNS_SHA256_DIGEST_LENGTH];
	char *text = arena_alloc(a, 2 * sizeof(sum) + 1);

	ldns_sha256_final(sum, &d->state);
	for (size_t i = 0; i < sizeof(sum); i++)
		sprintf(text + 2 * i, "%02x", sum[i]);
	return text;
}
