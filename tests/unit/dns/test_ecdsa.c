#include "dns/ecdsa.h"

#include <stdio.h>
#include <string.h>

#include "support/test.h"

/* RFC 6979 A.2.5, SHA-256. */
static const uint8_t scalar[] = "\xC9\xAF\xA9\xD8\x45\xBA\x75\x16\x6B\x5C\x21\x57"
				"\x67\xB1\xD6\x93\x4E\x50\xC3\xDB\x36\xE8\x9B\x12"
				"\x7B\x8A\x62\x2B\x12\x0F\x67\x21";

static const struct row {
	const char *name, *data, *want;
} rows[] = {
	{ "RFC 6979 A.2.5, \"sample\"", "sample",
		"efd48b2aacb6a8fd1140dd9cd45e81d69d2c877b56aaf991c34d0ea84eaf3716"
		"f7cb1c942d657c41d436c7a1b6e29f65f3e900dbb9aff4064dc4ab2f843acda8" },
	{ "RFC 6979 A.2.5, \"test\"; s has a leading zero", "test",
		"f1abb023518351cd71d881567b1ea663ed3efcf6c5132b354f28d3b0b7d38367"
		"019f4113742a2b14bd25926b49c649155f267e60d3814b4c0cc84250e46f0083" },
};

static void signature(void **state)
{
	const struct row *row = *state;
	struct ecdsa *e = ecdsa_new(scalar);
	uint8_t got[ECDSA_SIGNATURE_LEN];
	char text[2 * sizeof(got) + 1];

	for (int i = 0; i < 2; i++) { /* the second as the first */
		ecdsa_sign(e, row->data, strlen(row->data), got);
		for (size_t k = 0; k < sizeof(got); k++)
			sprintf(text + 2 * k, "%02x", got[k]);
		assert_string_equal(text, row->want);
	}
	ecdsa_free(e);
}

int main(void)
{
	TESTS_ADD_ROWS(rows, signature);
	return tests_run("dns-ecdsa");
}
