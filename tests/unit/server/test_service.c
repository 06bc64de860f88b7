#include "support/test.h"

#include <ctype.h>
#include <stdlib.h>

#include "server/service.h"
#include "unit/server/build.h"

#define ZONE                                                                           \
	APEX "www A 192.0.2.1\n"                                                       \
	     "www MX 10 www\n"                                                         \
	     "alias ALIAS www.elsewhere.org.\n"

#define WWW_A "www.example.net 300 A 192.0.2.1"

/* Ids and names of the messages below. */
#define ID "abcd "
#define HEADER ID "0100 0001 0000 0000 0000 "	  /* a query, RD */
#define HEADER_OPT ID "0100 0001 0000 0000 0001 " /* with an additional record */
#define WWW "'www.example.net' 0001 0001 "	  /* A IN */
#define OPT "00 0029 04d0 00 00 0000 0000 "	  /* 1232 octets, version 0 */
#define OPT_DO "00 0029 04d0 00 00 8000 0000 "

/* Octets from text: hexadecimal digits, and names in quotes, which end in the root. */
static size_t assemble(struct arena *a, const char *text, uint8_t *to)
{
	size_t n = 0;

	while (*text != '\0') {
		unsigned octet;

		if (isspace((unsigned char)*text)) {
			text++;
		} else if (*text == '\'') {
			const char *end = strchr(text + 1, '\'');
			const struct name *name = name_literal(a,
				arena_strndup(a, text + 1, (size_t)(end - text - 1)));

			memcpy(to + n, name, name_len(name));
			n += name_len(name);
			text = end + 1;
		} else {
			assert_int_equal(sscanf(text, "%2x", &octet), 1);
			to[n++] = (uint8_t)octet;
			text += 2;
		}
	}
	return n;
}

static struct service *serve(const struct service_options *o, const char *mode)
{
	struct arena *a = arena_new();
	struct zone_text zone = { "example.net", mode, ZONE };
	struct service_data data = { .release = (void (*)(void *))arena_free,
		.memory = a };

	data.server = *build_server(a, &zone, 1, NULL, 0);
	data.server.name = "ns1";
	return service_new(o, &data);
}

/* "silence", or what the reply says: describe() and then what else is set of: opcode,
 * rd, do, the question, OPT. */
static const char *ask(struct arena *a, struct service_worker *w, bool tcp,
	const uint8_t *in, size_t in_len)
{
	uint8_t *out = arena_alloc(a, 65535);
	size_t len = service_answer(w, tcp, in, in_len, out, tcp ? 65535 : 4096);
	struct msg m;

	if (len == 0)
		return "silence";
	assert_int_equal(msg_decode(a, out, len, &m), 0);
	assert_true(m.qr);
	assert_false(m.ra || m.ad || m.cd);
	assert_memory_equal(in, out, 2);
	return arena_printf(a, "%s%s%s%s%s |%s", describe(a, &m),
		m.opcode == 0 ? "" : arena_printf(a, " opcode %d", m.opcode),
		m.rd ? " rd" : "", m.has_edns ? " opt" : "", m.dnssec_ok ? " do" : "",
		m.has_question ? name_text(a, m.question.name) : "");
}

static const struct row {
	const char *name;
	const char *message;
	const char *want;
} rows[] = {
	{ "a query is answered", HEADER WWW,
		"NOERROR aa: " WWW_A " rd |www.example.net" },
	{ "a query with EDNS gets EDNS", HEADER_OPT WWW OPT,
		"NOERROR aa: " WWW_A " rd opt |www.example.net" },
	{ "the DO bit comes back (RFC 3225 3)", HEADER_OPT WWW OPT_DO,
		"NOERROR aa: " WWW_A " rd opt do |www.example.net" },
	{ "unknown EDNS options are ignored (RFC 6891 6.1.2)",
		HEADER_OPT WWW "00 0029 04d0 00 00 0000 0006 fde9 0002 1234",
		"NOERROR aa: " WWW_A " rd opt |www.example.net" },
	{ "a client's cookie is ignored (RFC 7873 5.2.1)",
		HEADER_OPT WWW
		"00 0029 04d0 00 00 0000 000c 000a 0008 0123456789abcdef",
		"NOERROR aa: " WWW_A " rd opt |www.example.net" },
	{ "an EDNS option that is cut off is FORMERR (RFC 6891 6.1.2)",
		HEADER_OPT WWW "00 0029 04d0 00 00 0000 0006 000a 0008 0123",
		"FORMERR rd |www.example.net" },
	{ "half an EDNS option is FORMERR",
		HEADER_OPT WWW "00 0029 04d0 00 00 0000 0003 000a 00",
		"FORMERR rd |www.example.net" },
	{ "the options of another EDNS version are not looked at",
		HEADER_OPT WWW "00 0029 04d0 00 01 0000 0003 000a 00",
		"BADVERS rd opt |www.example.net" },
	{ "AD and CD do not come back (RFC 4035 3.1.6)",
		ID "0130 0001 0000 0000 0000" WWW,
		"NOERROR aa: " WWW_A " rd |www.example.net" },
	{ "CD does not come back with FORMERR", ID "0110 0001 0000 0000 0000" WWW "00",
		"FORMERR rd |www.example.net" },
	{ "IXFR without a version is FORMERR (RFC 1995 3)",
		HEADER "'example.net' 00fb 0001", "FORMERR rd |example.net" },
	{ "another EDNS version is BADVERS (RFC 6891 6.1.3)",
		HEADER_OPT WWW "00 0029 04d0 00 01 0000 0000",
		"BADVERS rd opt |www.example.net" },
	{ "two OPT records are FORMERR (RFC 6891 6.1.1)",
		ID "0100 0001 0000 0000 0002" WWW OPT OPT,
		"FORMERR rd opt |www.example.net" },
	{ "letter case comes back as it came", HEADER "'wWw.eXample.net' 0001 0001",
		"NOERROR aa: wWw.eXample.net 300 A 192.0.2.1 rd |wWw.eXample.net" },

	{ "nothing is no message", "", "silence" },
	{ "eleven octets are no message", ID "0100 0001 0000 0000 00", "silence" },
	{ "a reply is not answered", ID "8100 0001 0000 0000 0000" WWW, "silence" },
	{ "a broken reply is not answered", ID "8100 0001 0000 0000 0000 ff",
		"silence" },
	{ "a header alone that announces a question is FORMERR", HEADER,
		"FORMERR rd |" },
	{ "a header alone that announces nothing is FORMERR",
		ID "0000 0000 0000 0000 0000", "FORMERR |" },
	{ "no question is FORMERR (RFC 9619 4)", ID "0100 0000 0000 0000 0001" OPT,
		"FORMERR rd opt |" },
	{ "two questions are FORMERR (RFC 9619 4)",
		ID "0100 0002 0000 0000 0000" WWW WWW, "FORMERR rd |" },
	{ "a name cut off is FORMERR", HEADER "03 7777", "FORMERR rd |" },
	{ "a name that points at itself is FORMERR", HEADER "c00c 0001 0001",
		"FORMERR rd |" },
	{ "a name that points ahead is FORMERR", HEADER "c012 0001 0001 00",
		"FORMERR rd |" },
	{ "a label of 64 octets is FORMERR", HEADER "40 7777 0001 0001",
		"FORMERR rd |" },
	{ "a question without a class is FORMERR", HEADER "'www.example.net' 0001",
		"FORMERR rd |" },
	{ "octets after the message are FORMERR, with the question", HEADER WWW "00",
		"FORMERR rd |www.example.net" },
	{ "records that are announced and do not come are FORMERR", HEADER_OPT WWW,
		"FORMERR rd |www.example.net" },
	{ "RDATA that is cut off is FORMERR",
		ID "0100 0001 0001 0000 0000" WWW "c00c 0001 0001 00000000 0004 7f00",
		"FORMERR rd |www.example.net" },
	{ "more records announced than fit are FORMERR",
		ID "0100 0001 ffff ffff ffff" WWW, "FORMERR rd |www.example.net" },

	{ "IQUERY is not implemented (RFC 3425 3)", ID "0800 0001 0000 0000 0000" WWW,
		"NOTIMP opcode 1 |www.example.net" },
	{ "STATUS is not implemented", ID "1000 0001 0000 0000 0000" WWW,
		"NOTIMP opcode 2 |www.example.net" },
	{ "an opcode without meaning is not implemented, whatever follows",
		ID "7800 0003 0000 0000 0000 ff", "NOTIMP opcode 15 |" },
	{ "DSO is not implemented (RFC 8490 5.1)", ID "3000 0000 0000 0000 0000 0001",
		"NOTIMP opcode 6 |" },
	{ "NOTIFY for a zone of ours is acknowledged (RFC 1996 3.7)",
		ID "2400 0001 0000 0000 0000 'example.net' 0006 0001",
		"NOERROR aa opcode 4 |example.net" },
	{ "NOTIFY for another zone is NOTAUTH",
		ID "2400 0001 0000 0000 0000 'example.org' 0006 0001",
		"NOTAUTH opcode 4 |example.org" },
	{ "NOTIFY for a name inside a zone is NOTAUTH",
		ID "2400 0001 0000 0000 0000 'www.example.net' 0006 0001",
		"NOTAUTH opcode 4 |www.example.net" },
	{ "UPDATE is refused", ID "2800 0001 0000 0000 0000 'example.net' 0006 0001",
		"REFUSED opcode 5 |example.net" },
	{ "an UPDATE has no RD, and OPT comes back (RFC 2136 2.2, RFC 6891 6.1.1)",
		ID "2f10 0001 0000 0000 0001 'example.net' 0006 0001" OPT,
		"REFUSED opcode 5 opt |example.net" },
	{ "an UPDATE with an EDNS version to come is BADVERS (RFC 6891 6.1.3)",
		ID "2800 0001 0000 0000 0001 'example.net' 0006 0001"
		   "00 0029 04d0 00 01 0000 0000",
		"BADVERS opcode 5 opt |example.net" },
	{ "an UPDATE that cannot be read is FORMERR",
		ID "2800 0001 0000 0001 0000 'example.net' 0006 0001",
		"FORMERR opcode 5 |example.net" },

	{ "class HS is refused", HEADER "'www.example.net' 0001 0004",
		"REFUSED rd |www.example.net" },
	{ "another name in class CH is refused", HEADER "'example.net' 0010 0003",
		"REFUSED rd |example.net" },
	{ "another type in class CH is refused", HEADER "'version.bind' 0001 0003",
		"REFUSED rd |version.bind" },
	{ "AXFR over UDP is refused (RFC 5936 4.2)", HEADER "'example.net' 00fc 0001",
		"REFUSED rd |example.net" },
	{ "ANY has all of it", HEADER "'www.example.net' 00ff 0001",
		"NOERROR aa: " WWW_A ", www.example.net 300 MX 10 www.example.net rd "
		"|www.example.net" },
	{ "an ALIAS to the outside without upstream is SERVFAIL",
		HEADER "'alias.example.net' 0001 0001",
		"SERVFAIL rd |alias.example.net" },
};

static void message_gets(void **state)
{
	const struct row *row = *state;
	struct service_options o = { .workers = 1 };
	struct service *s = serve(&o, "alias");
	struct service_worker *w = service_worker(s, 0, NULL);
	struct arena *a = arena_new();
	uint8_t in[1024];
	size_t len = assemble(a, row->message, in);

	assert_string_equal(ask(a, w, false, in, len), row->want);
	/* The octets behind a message of this length must not be looked at. */
	if (len > 0) {
		uint8_t *exact = malloc(len);

		assert_non_null(exact);
		memcpy(exact, in, len);
		assert_string_equal(ask(a, w, true, exact, len),
			strstr(row->name, "AXFR") != NULL ? "SERVFAIL rd |example.net"
							  : row->want);
		free(exact);
	}
	service_free(s);
	arena_free(a);
}

/* RFC 4892 2.1: the server answers for itself in class CH. */
static const struct chaos_row {
	const char *name;
	const char *asked;
	const char *version; /* of the service */
	const char *want;    /* NULL: refused */
} chaos_rows[] = {
	{ "version.bind is the version", "'version.bind'", "x 1.0", "x 1.0" },
	{ "version.server is the version", "'version.server'", "x 1.0", "x 1.0" },
	{ "hostname.bind is the server's name", "'hostname.bind'", "x 1.0", "ns1" },
	{ "id.server is the server's name", "'id.server'", "x 1.0", "ns1" },
	{ "letter case does not matter", "'VERSION.Bind'", "x 1.0", "x 1.0" },
	{ "without a version none is told", "'version.bind'", NULL, NULL },
	{ "without a version no name is told", "'id.server'", NULL, NULL },
	{ "authors.bind is refused", "'authors.bind'", "x 1.0", NULL },
};

static void chaos_gets(void **state)
{
	const struct chaos_row *row = *state;
	struct service_options o = { .workers = 1, .version = row->version };
	struct service *s = serve(&o, "strict");
	struct service_worker *w = service_worker(s, 0, NULL);
	struct arena *a = arena_new();
	uint8_t in[512], out[4096], want[512];
	size_t in_len, len, text, n;

	in_len = assemble(
		a, arena_printf(a, HEADER_OPT "%s 0010 0003" OPT, row->asked), in);
	len = service_answer(w, false, in, in_len, out, sizeof(out));
	assert_true(len > 12);
	if (row->want == NULL) {
		assert_int_equal(out[3] & 15, RCODE_REFUSED);
	} else {
		text = strlen(row->want);
		n = assemble(a,
			arena_printf(a,
				ID "8100 0001 0001 0000 0001 %s 0010 0003"
				   "c00c 0010 0003 00000000 %04zx %02zx",
				row->asked, text + 1, text),
			want);
		memcpy(want + n, row->want, text);
		n += text;
		n += assemble(a, OPT, want + n);
		assert_int_equal(len, n);
		assert_memory_equal(out, want, n);
	}
	service_free(s);
	arena_free(a);
}

static void minimal_any_has_one_rrset_over_udp(void **state)
{
	struct service_options o = { .workers = 1, .minimal_any = true };
	struct service *s = serve(&o, "cname-wins");
	struct service_worker *w = service_worker(s, 0, NULL);
	struct arena *a = arena_new();
	uint8_t in[512];
	size_t len = assemble(a, HEADER "'www.example.net' 00ff 0001", in);

	(void)state;
	assert_string_equal(
		ask(a, w, false, in, len), "NOERROR aa: " WWW_A " rd |www.example.net");
	assert_string_equal(ask(a, w, true, in, len),
		"NOERROR aa: " WWW_A ", www.example.net 300 MX 10 www.example.net rd "
		"|www.example.net");
	service_free(s);
	arena_free(a);
}

static void a_refused_zone_is_servfail(void **state)
{
	struct service_options o = { .workers = 1 };
	struct service *s = serve(&o, "strict"); /* ALIAS: no server loads that */
	struct service_worker *w = service_worker(s, 0, NULL);
	struct arena *a = arena_new();
	uint8_t in[512];
	size_t len = assemble(a, HEADER WWW, in);

	(void)state;
	assert_string_equal(ask(a, w, false, in, len), "SERVFAIL rd |www.example.net");
	len = assemble(a, HEADER "'example.net' 00fc 0001", in);
	assert_string_equal(ask(a, w, true, in, len), "SERVFAIL rd |example.net");
	service_free(s);
	arena_free(a);
}

/* ---- replacing what is served ---- */

static unsigned released;

static void count_release(void *memory)
{
	released++;
	arena_free(memory);
}

static struct service_data data_with_address(const char *address)
{
	struct arena *a = arena_new();
	struct zone_text zone = { "example.net", "strict",
		arena_printf(a, APEX "www A %s\n", address) };
	struct service_data data = { .release = count_release, .memory = a };

	data.server = *build_server(a, &zone, 1, NULL, 0);
	return data;
}

static void what_is_replaced_goes_at_once_when_nobody_reads_it(void **state)
{
	struct service_options o = { .workers = 2 };
	struct service_data one = data_with_address("192.0.2.1"),
			    two = data_with_address("192.0.2.2");
	struct service *s = service_new(&o, &one);
	struct service_worker *w = service_worker(s, 1, NULL);
	struct arena *a = arena_new();
	uint8_t in[512];
	size_t len = assemble(a, HEADER WWW, in);

	(void)state;
	released = 0;
	assert_string_equal(
		ask(a, w, false, in, len), "NOERROR aa: " WWW_A " rd |www.example.net");
	service_replace(s, &two);
	assert_int_equal(released, 1);
	assert_string_equal(ask(a, w, false, in, len),
		"NOERROR aa: www.example.net 300 A 192.0.2.2 rd |www.example.net");
	service_free(s);
	assert_int_equal(released, 2);
	arena_free(a);
}

static void answers_are_counted(void **state)
{
	struct service_options o = { .workers = 1 };
	struct service *s = serve(&o, "alias");
	struct service_worker *w = service_worker(s, 0, NULL);
	struct arena *a = arena_new();
	struct service_stats stats;
	uint8_t in[512];
	size_t len = assemble(a, HEADER WWW, in);

	(void)state;
	ask(a, w, false, in, len);
	ask(a, w, false, in, len);
	ask(a, w, false, in, len - 1);
	ask(a, w, false, in, 11);
	service_stats(s, &stats);
	assert_int_equal(stats.rcodes[RCODE_NOERROR], 2);
	assert_int_equal(stats.rcodes[RCODE_FORMERR], 1);
	assert_int_equal(stats.silent, 1);
	service_free(s);
	arena_free(a);
}

int main(void)
{
	TESTS_ADD_ROWS(rows, message_gets);
	TESTS_ADD_ROWS(chaos_rows, chaos_gets);
	TESTS_ADD(minimal_any_has_one_rrset_over_udp);
	TESTS_ADD(a_refused_zone_is_servfail);
	TESTS_ADD(what_is_replaced_goes_at_once_when_nobody_reads_it);
	TESTS_ADD(answers_are_counted);
	return tests_run("server-service");
}
