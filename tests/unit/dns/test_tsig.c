#include "dns/tsig.h"

#include <ldns/ldns.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/lookup.h"
#include "base/octets.h"
#include "dns/msg.h"
#include "dns/reader.h"
#include "support/test.h"

#include "tsig-vectors.h"

#define FLAG_TC 2 /* of octet 2 */
#define SECRET_256 "bWFpbCBhdCBhIG5hbWUgYmVzaWRlIGEgQ05BTUUhISE="
/* When the vectors were made. */
#define FIRST_RUN UINT64_C(0x6b022dd4)
#define SECOND_RUN UINT64_C(0x6b022dfd)

static const char *const key_texts[] = {
	"customer-key:" SECRET_256,
	"hmac-sha512:k512.Example:"
	"c2hhNTEyIGtleSBvZiBhIGN1c3RvbWVyIG9mIHRoZSB3ZWIgc2VydmljZQ==",
	"HMAC-SHA1:k1.:c2hhMSBrZXkgb2YgYSBjdXN0bw==",
};

static struct arena *a;
static struct tsig_keys *keys;

static struct tsig_key key_of(const char *text)
{
	struct tsig_key key;
	const char *why;

	if (tsig_key_from_text(a, text, &key, &why) != 0)
		fail_msg("%s", why);
	return key;
}

static int set_up(void **state)
{
	static struct tsig_key list[ARRAY_LEN(key_texts)];

	(void)state;
	a = arena_new();
	for (size_t i = 0; i < ARRAY_LEN(list); i++)
		list[i] = key_of(key_texts[i]);
	keys = tsig_keys_new(a, list, ARRAY_LEN(list));
	return 0;
}

struct bytes {
	uint8_t data[1024];
	size_t len;
};

static void from_hex(const char *hex, struct bytes *ret)
{
	ret->len = 0;
	for (; hex[0] != '\0'; hex += 2) {
		char two[3] = { hex[0], hex[1], '\0' };

		ret->data[ret->len++] = (uint8_t)strtoul(two, NULL, 16);
	}
}

static const char *verdict_name(enum tsig_verdict v)
{
	static const char *const names[] = { "none", "good", "bad", "malformed" };

	return names[v];
}

/* ---- BIND's messages ---- */

struct vector {
	const char *name;
	const char *const *messages;
	uint64_t now;
	enum tsig_verdict verdict;
	enum tsig_error error;
};

static const struct vector vectors[] = {
	{ "dig's hmac-sha256 is good, and named's reply is ours", vector_query_sha256,
		FIRST_RUN, TSIG_GOOD, TSIG_NOERROR },
	{ "dig's hmac-sha512 with EDNS is good, and named's reply is ours",
		vector_query_sha512, FIRST_RUN, TSIG_GOOD, TSIG_NOERROR },
	{ "dig's hmac-sha1 is good, and named's reply is ours", vector_query_sha1,
		FIRST_RUN, TSIG_GOOD, TSIG_NOERROR },
	{ "nsupdate's update is good, and named's reply is ours", vector_update,
		SECOND_RUN, TSIG_GOOD, TSIG_NOERROR },
	{ "a transfer of five messages is signed as named signs it (RFC 8945 5.3.1)",
		vector_axfr, SECOND_RUN, TSIG_GOOD, TSIG_NOERROR },
	{ "a key nobody has is BADKEY, not signed (RFC 8945 5.2.1, 5.3.2)",
		vector_badkey, FIRST_RUN, TSIG_BAD, TSIG_BADKEY },
	{ "another secret is BADSIG, not signed (RFC 8945 5.2.2, 5.3.2)", vector_badsig,
		FIRST_RUN, TSIG_BAD, TSIG_BADSIG },
	{ "an hour ago is BADTIME, signed, with both times (RFC 8945 5.2.3)",
		vector_badtime, SECOND_RUN, TSIG_BAD, TSIG_BADTIME },
	{ "half a MAC is BADTRUNC, signed (RFC 8945 5.2.4)", vector_badtrunc,
		SECOND_RUN, TSIG_BAD, TSIG_BADTRUNC },
};

/* named's reply without its TSIG, signed by us, is named's reply again. */
static void assert_signed_alike(
	struct tsig *t, const struct bytes *theirs, uint64_t now)
{
	size_t len = theirs->len - tsig_room(t);
	uint8_t ours[1024];

	memcpy(ours, theirs->data, len);
	ours[11]--;
	assert_int_equal(tsig_sign(t, ours, len, sizeof(ours), now), theirs->len);
	assert_memory_equal(ours, theirs->data, theirs->len);
}

static void bind_and_we_agree(void **state)
{
	const struct vector *v = *state;
	struct bytes m;
	struct tsig t;
	unsigned i;

	from_hex(v->messages[0], &m);
	assert_string_equal(verdict_name(tsig_check(&t, keys, m.data, m.len, v->now)),
		verdict_name(v->verdict));
	assert_int_equal(t.error, v->error);
	for (i = 1; v->messages[i] != NULL; i++) {
		from_hex(v->messages[i], &m);
		assert_signed_alike(&t, &m, v->now);
	}
	assert_true(i > 1);
}

static void a_mac_of_eight_octets_is_malformed(void **state)
{
	const char *const *messages = vector_trunc_8;
	struct bytes m;
	struct tsig t;

	(void)state;
	from_hex(messages[0], &m);
	assert_int_equal(
		tsig_check(&t, keys, m.data, m.len, SECOND_RUN), TSIG_MALFORMED);
}

static const struct time_row {
	const char *name;
	int64_t late;
	enum tsig_verdict want;
} time_rows[] = {
	{ "a request is good as long as its fudge after it was signed", 300,
		TSIG_GOOD },
	{ "one second later it is not", 301, TSIG_BAD },
	{ "a request may come as long as its fudge before our time", -300, TSIG_GOOD },
	{ "one second earlier it may not", -301, TSIG_BAD },
};

static void the_time_is_held_against_the_fudge(void **state)
{
	const char *const *messages = vector_query_sha256;
	const struct time_row *row = *state;
	struct bytes m;
	struct tsig t;

	from_hex(messages[0], &m);
	assert_string_equal(verdict_name(tsig_check(&t, keys, m.data, m.len,
				    (uint64_t)((int64_t)FIRST_RUN + row->late))),
		verdict_name(row->want));
	assert_int_equal(t.error, row->want == TSIG_GOOD ? TSIG_NOERROR : TSIG_BADTIME);
}

/* The id alone is not signed: a forwarder may change it (RFC 8945 4.3.2). */
static void no_octet_can_be_changed(void **state)
{
	const char *const *messages = vector_update;
	struct bytes m;
	struct tsig t;

	(void)state;
	from_hex(messages[0], &m);
	for (size_t i = 2; i < m.len; i++) {
		m.data[i] ^= 1;
		assert_int_not_equal(
			tsig_check(&t, keys, m.data, m.len, SECOND_RUN), TSIG_GOOD);
		m.data[i] ^= 1;
	}
	m.data[0] ^= 1;
	assert_int_equal(tsig_check(&t, keys, m.data, m.len, SECOND_RUN), TSIG_GOOD);
	assert_int_equal(t.original_id, 0x3664);
}

static void a_message_cut_anywhere_is_not_good(void **state)
{
	const char *const *messages = vector_query_sha512;
	struct bytes m;
	struct tsig t;

	(void)state;
	from_hex(messages[0], &m);
	for (size_t len = 0; len < m.len; len++) {
		uint8_t *exact = malloc(len + 1);

		memcpy(exact, m.data, len);
		assert_int_equal(
			tsig_check(&t, keys, exact, len, FIRST_RUN), TSIG_MALFORMED);
		free(exact);
	}
}

static void a_stripped_request_is_what_was_signed(void **state)
{
	const char *const *messages = vector_query_sha256;
	struct bytes m, stripped;
	struct tsig t;

	(void)state;
	from_hex(messages[0], &m);
	m.data[0] ^= 0xff; /* as a forwarder does */
	assert_int_equal(tsig_check(&t, keys, m.data, m.len, FIRST_RUN), TSIG_GOOD);
	tsig_strip(&t, m.data, stripped.data);
	assert_int_equal(t.unsigned_len, 30);
	from_hex("4c4801200001000000000000046d61696c076578616d706c650000010001", &m);
	assert_memory_equal(stripped.data, m.data, 30);
}

/* ---- where it stands ---- */

#define HEADER(counts) "4c480120" counts
#define QUESTION "046d61696c076578616d706c650000010001"
#define OPT "0000290200000000000000"
#define TSIG_HEAD "0c637573746f6d65722d6b65790000fa"
#define TSIG_TAIL                                                                      \
	"003d0b686d61632d7368613235360000006b022dd4012c0020"                           \
	"6f5e15e0169a132cc568c19c5f1e98562510646140902e5ff3f7ae8f3a952256"             \
	"4c4800000000"
#define TSIG TSIG_HEAD "00ff00000000" TSIG_TAIL

static const struct place_row {
	const char *name, *message;
	enum tsig_verdict want;
} place_rows[] = {
	{ "a query without records has no TSIG", HEADER("0001000000000000") QUESTION,
		TSIG_NONE },
	{ "a query with EDNS has no TSIG", HEADER("0001000000000001") QUESTION OPT,
		TSIG_NONE },
	{ "one at the end is looked at", HEADER("0001000000000001") QUESTION TSIG,
		TSIG_GOOD },
	{ "before another record it is malformed (RFC 8945 5.1)",
		HEADER("0001000000000002") QUESTION TSIG OPT, TSIG_MALFORMED },
	{ "two are malformed (RFC 8945 5.1)",
		HEADER("0001000000000002") QUESTION TSIG TSIG, TSIG_MALFORMED },
	{ "in the answer section it is malformed (RFC 8945 5.1)",
		HEADER("0001000100000000") QUESTION TSIG, TSIG_MALFORMED },
	{ "of class IN it is malformed (RFC 8945 4.2)",
		HEADER("0001000000000001") QUESTION TSIG_HEAD "000100000000" TSIG_TAIL,
		TSIG_MALFORMED },
	{ "with a TTL it is malformed (RFC 8945 4.2)",
		HEADER("0001000000000001") QUESTION TSIG_HEAD "00ff00000001" TSIG_TAIL,
		TSIG_MALFORMED },
	{ "with an octet behind it is malformed",
		HEADER("0001000000000001") QUESTION TSIG "00", TSIG_MALFORMED },
	{ "of two octets it is malformed",
		HEADER("0001000000000001") QUESTION TSIG_HEAD "00ff0000000000020000",
		TSIG_MALFORMED },
};

static void it_stands_at_the_end(void **state)
{
	const struct place_row *row = *state;
	struct bytes m;
	struct tsig t;

	from_hex(row->message, &m);
	assert_string_equal(
		verdict_name(tsig_check(&t, keys, m.data, m.len, FIRST_RUN)),
		verdict_name(row->want));
}

/* ---- room ---- */

static size_t sign_in(size_t room, uint8_t out[512], uint8_t flags)
{
	const char *const *messages = vector_query_sha256;
	struct bytes m, reply;
	struct tsig t;
	size_t len;

	from_hex(messages[0], &m);
	assert_int_equal(tsig_check(&t, keys, m.data, m.len, FIRST_RUN), TSIG_GOOD);
	from_hex(messages[1], &reply);
	len = reply.len - tsig_room(&t);
	memcpy(out, reply.data, len);
	out[11]--;
	out[2] |= flags;
	return tsig_sign(&t, out, len, room, FIRST_RUN);
}

/* RFC 8945 5.3: the question, a TSIG and TC. 131 octets is the whole reply. */
static void a_reply_without_room_is_cut_to_its_question(void **state)
{
	uint8_t out[512];

	(void)state;
	assert_int_equal(sign_in(131, out, 0), 131);
	assert_int_equal(out[2] & FLAG_TC, 0);
	assert_int_equal(sign_in(130, out, 0), 115);
	assert_int_equal(out[2] & FLAG_TC, FLAG_TC);
	assert_int_equal(get16(out + 6), 0);
	assert_int_equal(get16(out + 10), 1);
	assert_int_equal(sign_in(115, out, 0), 115);
	assert_int_equal(sign_in(114, out, 0), 0);
}

static void a_reply_that_is_cut_already_has_the_question_only(void **state)
{
	uint8_t out[512];

	(void)state;
	assert_int_equal(sign_in(512, out, FLAG_TC), 115);
	assert_int_equal(out[2] & FLAG_TC, FLAG_TC);
	assert_int_equal(out[3] & 15, RCODE_NOERROR);
	assert_int_equal(get16(out + 4), 1);
	assert_int_equal(get16(out + 6), 0);
	assert_int_equal(get16(out + 8), 0);
	assert_int_equal(get16(out + 10), 1);
}

/* ---- ldns ---- */

static const struct algorithm_row {
	const char *name, *algorithm;
} algorithm_rows[] = {
	/* ldns 1.8.3 signs with these three. */
	{ "ldns and we agree on hmac-sha1", "hmac-sha1" },
	{ "ldns and we agree on hmac-sha256", "hmac-sha256" },
	{ "ldns and we agree on hmac-sha512", "hmac-sha512" },
};

static ldns_pkt *signed_by_ldns(const char *algorithm, uint8_t **ret, size_t *ret_len)
{
	char with_dot[64];
	ldns_pkt *pkt = ldns_pkt_query_new(ldns_dname_new_frm_str("a.example"),
		LDNS_RR_TYPE_MX, LDNS_RR_CLASS_IN, 0);

	snprintf(with_dot, sizeof(with_dot), "%s.", algorithm);
	ldns_pkt_set_id(pkt, 4711);
	assert_int_equal(
		ldns_pkt_tsig_sign(pkt, "the.key.", SECRET_256, 300, with_dot, NULL),
		LDNS_STATUS_OK);
	assert_int_equal(ldns_pkt2wire(ret, pkt, ret_len), LDNS_STATUS_OK);
	return pkt;
}

static void ldns_and_we_agree(void **state)
{
	const struct algorithm_row *row = *state;
	struct tsig_key key =
		key_of(arena_printf(a, "%s:the.key:%s", row->algorithm, SECRET_256));
	struct tsig_keys *one = tsig_keys_new(a, &key, 1);
	uint8_t *wire, reply[512];
	ldns_pkt *query, *parsed;
	ldns_rdf *mac;
	struct tsig t;
	size_t len;

	query = signed_by_ldns(row->algorithm, &wire, &len);
	mac = ldns_rr_rdf(ldns_pkt_tsig(query), 3);
	assert_int_equal(
		tsig_check(&t, one, wire, len, (uint64_t)time(NULL)), TSIG_GOOD);
	tsig_strip(&t, wire, reply);
	reply[2] |= 0x80;
	len = tsig_sign(&t, reply, t.unsigned_len, sizeof(reply), 1234567890);
	assert_int_equal(ldns_wire2pkt(&parsed, reply, len), LDNS_STATUS_OK);
	assert_true(
		ldns_pkt_tsig_verify(parsed, reply, len, "the.key.", SECRET_256, mac));
	ldns_pkt_free(parsed);
	ldns_pkt_free(query);
	free(wire);
}

/* ---- keys ---- */

static const struct key_row {
	const char *name, *text;
	const char *want; /* "algorithm name octets", or the reason */
} key_rows[] = {
	{ "a key is hmac-sha256 when it does not say", "k.example:c2VjcmV0",
		"hmac-sha256 k.example 6" },
	{ "a key may say which", "hmac-sha512:k:c2VjcmV0", "hmac-sha512 k 6" },
	{ "hmac-md5 is refused (RFC 8945 6, table 3)", "hmac-md5:k:c2VjcmV0",
		"hmac-md5 must not be used (RFC 8945 6)" },
	{ "so is its long name", "HMAC-MD5.SIG-ALG.REG.INT:k:c2VjcmV0",
		"hmac-md5 must not be used (RFC 8945 6)" },
	{ "an unknown algorithm says which was meant", "hmac-sha25:k:c2VjcmV0",
		"unknown algorithm \"hmac-sha25\" (did you mean \"hmac-sha256\"?)" },
	{ "a name alone is no key", "k", "a key is written [hmac:]name:secret" },
	{ "a key has a name", ":c2VjcmV0", "a key is written [hmac:]name:secret" },
	{ "a key has a secret", "k:", "the secret is not base64" },
	{ "the secret is base64", "k:not base64!", "the secret is not base64" },
	{ "a name is a name", "a..b:c2VjcmV0",
		"\"a..b\" is not the name of a key: a label is empty" },
};

static const char *key_text(const struct tsig_key *k)
{
	return arena_printf(a, "%s %s %zu", tsig_algorithm_name(k->algorithm),
		name_text(a, k->name), k->secret_len);
}

static void a_key_is_read_from_text(void **state)
{
	const struct key_row *row = *state;
	struct tsig_key key;
	const char *why;

	if (tsig_key_from_text(a, row->text, &key, &why) == 0)
		why = key_text(&key);
	assert_string_equal(why, row->want);
}

static void keys_are_found_by_name_in_any_case(void **state)
{
	(void)state;
	assert_non_null(tsig_keys_find(keys, name_literal(a, "K512.EXAMPLE")));
	assert_null(tsig_keys_find(keys, name_literal(a, "example")));
	assert_null(tsig_keys_find(tsig_keys_new(a, NULL, 0), name_root));
}

static const struct file_row {
	const char *name, *text;
	const char *want; /* keys, one a line, or the mistakes */
} file_rows[] = {
	{ "a file is as tsig-keygen writes it",
		"key \"k.example\" {\n\talgorithm hmac-sha256;\n"
		"\tsecret \"c2VjcmV0\";\n};\n",
		"hmac-sha256 k.example 6\n" },
	{ "several keys, comments and bare words",
		"# one\nkey a { secret \"c2VjcmV0\"; algorithm hmac-sha1; };\n"
		"/* two\n */ key b{algorithm\nhmac-sha384;secret c2VjcmV0;}; // end\n",
		"hmac-sha1 a 6\nhmac-sha384 b 6\n" },
	{ "an empty file has no key", "# nothing\n", "2:1: no key in this file\n" },
	{ "a mistake has line and column",
		"key a {\n  algorithm hmac-md5;\n  secret \"c2VjcmV0\";\n};\n",
		"2:13: hmac-md5 must not be used (RFC 8945 6)\n" },
	{ "a key without a secret is one", "\nkey a { algorithm hmac-sha256; };\n",
		"2:5: this key has no secret\n" },
	{ "a key without an algorithm is one", "key a { secret \"c2VjcmV0\"; };\n",
		"1:5: this key has no algorithm\n" },
	{ "an unclosed key is one", "key a { algorithm hmac-sha256;\n",
		"2:1: expected \"algorithm\", \"secret\" or \"}\"\n" },
	{ "a missing semicolon is one",
		"key a { algorithm hmac-sha256 secret \"c2VjcmV0\"; };\n",
		"1:31: expected \";\"\n" },
	{ "another statement is one", "zone example { };\n",
		"1:1: expected key \"name\" { ... };\n" },
	{ "an unclosed string ends with its line", "key \"a {\n};\n",
		"2:1: expected \"{\"\n" },
};

static const char *read_keys(const char *path)
{
	struct errs errs;
	struct tsig_key *list;
	const char *text = "";
	size_t n;

	errs_init(&errs, a);
	if (tsig_keys_from_file(a, path, &errs, &list, &n) == 0) {
		for (size_t i = 0; i < n; i++)
			text = arena_printf(a, "%s%s\n", text, key_text(&list[i]));
		return text;
	}
	for (size_t i = 0; i < errs.n; i++)
		text = arena_printf(a, "%s%d:%d: %s\n", text, errs.list[i].at.line,
			errs.list[i].at.col, errs.list[i].text);
	return text;
}

static void keys_are_read_from_a_file(void **state)
{
	const struct file_row *row = *state;
	char path[] = "/tmp/harness-keys-XXXXXX";
	int fd = mkstemp(path);
	size_t len = strlen(row->text);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, row->text, len), (ssize_t)len);
	close(fd);
	assert_string_equal(read_keys(path), row->want);
	unlink(path);
}

static void a_file_that_is_not_there_says_so(void **state)
{
	(void)state;
	assert_string_equal(read_keys("/nonexistent/keys"),
		"0:0: cannot read: No such file or directory\n");
}

int main(void)
{
	int failed;

	set_up(NULL);
	TESTS_ADD_ROWS(vectors, bind_and_we_agree);
	TESTS_ADD(a_mac_of_eight_octets_is_malformed);
	TESTS_ADD_ROWS(time_rows, the_time_is_held_against_the_fudge);
	TESTS_ADD(no_octet_can_be_changed);
	TESTS_ADD(a_message_cut_anywhere_is_not_good);
	TESTS_ADD(a_stripped_request_is_what_was_signed);
	TESTS_ADD_ROWS(place_rows, it_stands_at_the_end);
	TESTS_ADD(a_reply_without_room_is_cut_to_its_question);
	TESTS_ADD(a_reply_that_is_cut_already_has_the_question_only);
	TESTS_ADD_ROWS(algorithm_rows, ldns_and_we_agree);
	TESTS_ADD_ROWS(key_rows, a_key_is_read_from_text);
	TESTS_ADD(keys_are_found_by_name_in_any_case);
	TESTS_ADD_ROWS(file_rows, keys_are_read_from_a_file);
	TESTS_ADD(a_file_that_is_not_there_says_so);
	failed = tests_run("dns-tsig");
	arena_free(a);
	return failed;
}
