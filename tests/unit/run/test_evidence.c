/* What went over the network of a run, as its query log and its packets say it. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <jansson.h>

#include "base/arena.h"
#include "base/str.h"
#include "mta/profile.h"
#include "net/capture.h"
#include "run/evidence.h"
#include "run/run.h"
#include "scenario/parse.h"
#include "server/querylog.h"
#include "support/test.h"

/* ---- a run ---- */

/* One server for both zones, and what differs. */
static void world(struct str *s, const char *mode, const char *records,
	const char *quirks, const char *more)
{
	str_printf(s,
		"scenario: one\ntitle: a world\ngroup: edges\nsource: RFC 1034\n"
		"resolvers: ideal\nclients: rfc5321\n"
		"servers:\n"
		"  - zone: mywebservice.com\n    at: 192.0.2.53\n    mode: %s\n"
		"    data: |\n"
		"      $TTL 300\n"
		"      @ SOA ns1 hostmaster 1 3600 600 86400 60\n"
		"      @ NS ns1\n"
		"      ns1 A 192.0.2.53\n"
		"      mail A 192.0.2.25\n"
		"%s%s"
		"  - zone: offsite.net\n    at: \"2001:db8::53\"\n"
		"    data: |\n"
		"      $TTL 300\n"
		"      @ SOA ns1 hostmaster 1 3600 600 86400 60\n"
		"      @ NS ns1\n"
		"      ns1 AAAA 2001:db8::53\n"
		"      shop A 198.51.100.7\n"
		"hosts: [ { name: mail, at: 192.0.2.25, smtp: {} } ]\n"
		"%s"
		"addresses:\n"
		"  - address: user@customer.mywebservice.com\n"
		"    intended: mail\n"
		"    expect: { verdict: [delivered, misdelivered, rejected, deferred, "
		"bounced, unknown] }\n",
		mode, records, quirks, more);
}

static char path[64];

struct traces {
	json_t *lines; /* of the query log */
	uint8_t *pcap;
	size_t pcap_len;
};

static void read_back(int fd, struct traces *ret)
{
	FILE *fp = fdopen(fd, "r"), *pcap = fopen(path, "r");
	json_t *line;

	rewind(fp);
	ret->lines = json_array();
	while ((line = json_loadf(fp, JSON_DISABLE_EOF_CHECK, NULL)) != NULL)
		json_array_append_new(ret->lines, line);
	fclose(fp);
	ret->pcap = malloc(1 << 20);
	ret->pcap_len = fread(ret->pcap, 1, 1 << 20, pcap);
	fclose(pcap);
	unlink(path);
}

static void run(const char *text, unsigned jobs, struct traces *ret)
{
	char log_path[] = "/tmp/test-evidence-XXXXXX";
	struct arena *a = arena_new();
	struct profile_set *profiles = profile_set_new(a);
	int fd = mkstemp(log_path);
	struct evidence_writer writer = { 0 };
	const struct run_options options = {
		.seed = 3, .jobs = jobs, .evidence = &writer
	};
	const struct scenario *list[16];
	struct scenario *got = NULL;
	struct run_sink sink = { 0 };
	struct run_totals totals;
	struct errs errs;
	unsigned n = 0;

	unlink(log_path);
	snprintf(path, sizeof(path), "/tmp/test-evidence-%ld.pcap", (long)getpid());
	writer.capture = capture_open(path);
	writer.log = query_log_new(fd);
	errs_init(&errs, a);
	scenario_parse_text(
		a, "one.conf", text, strlen(text), profiles, &errs, &got, &n);
	errs_print(&errs, stdout, false);
	assert_int_equal(errs.n, 0);
	for (unsigned i = 0; i < 16; i++)
		list[i] = got;
	run_scenarios(
		list, jobs > 0 ? 16 : 1, profiles, &options, &sink, &totals, &errs);
	assert_int_equal(errs.n, 0);
	assert_int_equal(query_log_end(writer.log), 0);
	assert_int_equal(capture_close(writer.capture), 0);
	read_back(fd, ret);
	arena_free(a);
}

static void traces_clear(struct traces *t)
{
	json_decref(t->lines);
	free(t->pcap);
}

/* ---- in short ---- */

static const char *text_of(const json_t *line, const char *key)
{
	const char *text = json_string_value(json_object_get(line, key));

	return text == NULL ? "-" : text;
}

/* "MX customer udp NOERROR", and the quirk, of every query that the server of
 * mywebservice.com got. */
static const char *log_text(const struct traces *t)
{
	static char text[4096];
	size_t i, len = 0;
	json_t *line;

	*text = '\0';
	json_array_foreach(t->lines, i, line)
	{
		const char *name = text_of(line, "name");
		const char *dot = strstr(name, ".mywebservice.com");

		if (dot == NULL ||
			strcmp(text_of(line, "server"), "mywebservice.com") != 0)
			continue;
		len += (size_t)snprintf(text + len, sizeof(text) - len,
			"%s%s %.*s %s %s", len == 0 ? "" : ", ", text_of(line, "type"),
			(int)(dot - name), name, text_of(line, "proto"),
			text_of(line, "rcode"));
		if (json_is_true(json_object_get(line, "tc")))
			len += (size_t)snprintf(text + len, sizeof(text) - len, " tc");
		if (json_object_get(line, "quirk") != NULL)
			len += (size_t)snprintf(text + len, sizeof(text) - len, " (%s)",
				text_of(line, "quirk"));
		assert_true(len < sizeof(text));
	}
	return text;
}

static uint32_t native32(const uint8_t *p)
{
	uint32_t v;

	memcpy(&v, p, 4);
	return v;
}

/* "252>53 0.005": the last octet of who sent each packet to or from the last octet of
 * the other, and when, of what `want` is at one end of; 0 is all of them. */
static const char *packets_text(const struct traces *t, unsigned want, unsigned n_max)
{
	static char text[4096];
	size_t len = 0;
	unsigned n = 0;

	*text = '\0';
	for (size_t at = 24; at < t->pcap_len && n < n_max;) {
		const uint8_t *p = t->pcap + at, *ip = p + 16;
		bool four = ip[0] >> 4 == 4;
		unsigned from = four ? ip[15] : ip[23], to = four ? ip[19] : ip[39];

		at += 16 + native32(p + 8);
		if (want != 0 && from != want && to != want)
			continue;
		len += (size_t)snprintf(text + len, sizeof(text) - len,
			"%s%u>%u %u.%03u", len == 0 ? "" : ", ", from, to, native32(p),
			native32(p + 4) / 1000000);
		assert_true(len < sizeof(text));
		n++;
	}
	return text;
}

/* ---- tests ---- */

struct row {
	const char *name;
	const char *mode, *records, *quirks;
	const char *log;
	const char *packets; /* to and from 192.0.2.53 */
};

#define QUIRK(text) "    quirks: [ { quirk: " text ", type: MX } ]\n"

/* One look-up: MX of the customer, then A and AAAA of the exchange (RFC 5321 5.1). The
 * resolver waits as its policy row says; a round trip takes 10 ms. */
static const struct row rows[] = {
	{ "each query is a line and two packets", "strict",
		"      customer MX 10 mail\n", "",
		"MX customer udp NOERROR, A mail udp NOERROR, AAAA mail udp NOERROR",
		"254>53 0.010, 53>254 0.020, 254>53 0.020, 53>254 0.030, 254>53 0.030, "
		"53>254 0.040" },
	{ "what is truncated is asked again over TCP", "strict",
		"      customer MX 10 mail\n", QUIRK("truncate"),
		"MX customer udp NOERROR tc (truncate), MX customer tcp NOERROR, "
		"A mail udp NOERROR, AAAA mail udp NOERROR",
		/* SYN, SYN ACK, ACK, query; reply, FIN, FIN, ACK */
		"254>53 0.010, 53>254 0.020, 254>53 0.020, 53>254 0.020, 254>53 0.020, "
		"254>53 0.020, 53>254 0.030, 254>53 0.030, 53>254 0.030, 254>53 0.030, "
		"254>53 0.030, 53>254 0.040, 254>53 0.040, 53>254 0.050" },
};

static void check_row(void **state)
{
	const struct row *row = *state;
	struct str text = STR_INIT;
	struct traces t;

	world(&text, row->mode, row->records, row->quirks, "");
	run(text.data, 0, &t);
	assert_string_equal(log_text(&t), row->log);
	assert_string_equal(packets_text(&t, 53, 99), row->packets);
	traces_clear(&t);
	str_clear(&text);
}

static void a_query_that_is_dropped_has_no_reply(void **state)
{
	struct str text = STR_INIT;
	struct traces t;
	json_t *line;
	size_t i, n = 0;

	(void)state;
	world(&text, "strict", "      customer MX 10 mail\n", QUIRK("drop"), "");
	run(text.data, 0, &t);
	json_array_foreach(t.lines, i, line)
	{
		if (strcmp(text_of(line, "type"), "MX") != 0 ||
			strcmp(text_of(line, "server"), "mywebservice.com") != 0)
			continue;
		n++;
		assert_true(json_is_null(json_object_get(line, "rcode")));
		assert_int_equal(json_integer_value(json_object_get(line, "size")), 0);
		assert_string_equal(text_of(line, "quirk"), "drop");
	}
	assert_true(n > 0);
	assert_memory_equal(packets_text(&t, 53, 2), "254>53 0.010, 254>53 ", 21);
	traces_clear(&t);
	str_clear(&text);
}

/* It comes when nobody waits any more, after what was asked meanwhile. */
static void a_late_reply_comes_in_its_time(void **state)
{
	struct str text = STR_INIT;
	uint64_t before = 0;
	struct traces t;
	size_t at = 24;

	(void)state;
	world(&text, "strict", "      customer MX 10 mail\n",
		"    quirks: [ { quirk: delay, value: 9s, type: MX, count: 1 } ]\n",
		"");
	run(text.data, 0, &t);
	assert_non_null(strstr(packets_text(&t, 53, 99), "53>254 9.020"));
	assert_null(strstr(packets_text(&t, 53, 2), "9.020"));
	while (at < t.pcap_len) {
		uint64_t now = native32(t.pcap + at) * 1000000000ull +
			       native32(t.pcap + at + 4);

		assert_true(now >= before);
		before = now;
		at += 16 + native32(t.pcap + at + 8);
	}
	assert_int_equal(json_integer_value(json_object_get(
				 json_array_get(t.lines, 1), "delay_us")),
		9000000);
	traces_clear(&t);
	str_clear(&text);
}

/* The provider of a flattened name asks for its target between query and reply. */
static void a_provider_asks_from_an_address_of_its_own(void **state)
{
	struct str text = STR_INIT;
	struct traces t;
	json_t *line;
	size_t i;
	const char *order = "";

	(void)state;
	world(&text, "flatten", "      customer CNAME shop.offsite.net.\n", "", "");
	run(text.data, 0, &t);
	json_array_foreach(t.lines, i, line)
	{
		const char *from = text_of(line, "from");

		if (strcmp(text_of(line, "server"), "offsite.net") != 0)
			continue;
		assert_memory_equal(from, "[2001:2::fffc]:", 15);
		assert_string_equal(text_of(line, "to"), "[2001:db8::53]:53");
		order = "asked";
	}
	assert_string_equal(order, "asked");
	/* The customer's A: query, what the provider does meanwhile, reply. */
	assert_non_null(strstr(packets_text(&t, 0, 99),
		"254>53 0.020, 252>253 0.025, 253>252 0.025, 252>83 0.025"));
	traces_clear(&t);
	str_clear(&text);
}

static void a_web_visit_is_the_visitors(void **state)
{
	struct str text = STR_INIT;
	const char *at;
	struct traces t;
	json_t *line;
	size_t i, visits = 0, mails = 0;

	(void)state;
	world(&text, "strict",
		"      customer MX 10 mail\n      customer A 192.0.2.25\n", "", "");
	at = strstr(text.data, "    intended: mail\n");
	assert_non_null(at);
	str_puts(&text, "    web: mail\n");
	run(text.data, 0, &t);
	json_array_foreach(t.lines, i, line)
	{
		const char *id = text_of(line, "case");

		visits += strcmp(id, "one/user@customer.mywebservice.com/visitor/"
				     "ideal") == 0;
		mails += strcmp(id, "one/user@customer.mywebservice.com/rfc5321/"
				    "ideal") == 0;
	}
	assert_true(visits > 0);
	assert_true(mails > 0);
	assert_int_equal(visits + mails, json_array_size(t.lines));
	traces_clear(&t);
	str_clear(&text);
}

static void the_number_of_threads_changes_nothing(void **state)
{
	struct str text = STR_INIT;
	struct traces one, many;

	(void)state;
	world(&text, "strict", "      customer MX 10 mail\n", QUIRK("truncate"), "");
	run(text.data, 1, &one);
	run(text.data, 3, &many);
	assert_true(json_array_size(one.lines) >= 16 * 5);
	assert_true(json_equal(one.lines, many.lines));
	assert_int_equal(one.pcap_len, many.pcap_len);
	assert_memory_equal(one.pcap, many.pcap, one.pcap_len);
	traces_clear(&one);
	traces_clear(&many);
	str_clear(&text);
}

int main(void)
{
	TESTS_ADD_ROWS(rows, check_row);
	TESTS_ADD(a_query_that_is_dropped_has_no_reply);
	TESTS_ADD(a_late_reply_comes_in_its_time);
	TESTS_ADD(a_provider_asks_from_an_address_of_its_own);
	TESTS_ADD(a_web_visit_is_the_visitors);
	TESTS_ADD(the_number_of_threads_changes_nothing);
	return tests_run("run-evidence");
}
