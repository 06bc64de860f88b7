#include "support/test.h"

#include <stdio.h>

#include "base/str.h"
#include "host/sink.h"
#include "unit/net/talk.h"

/* One mail host and what it recorded, in words. */
struct post {
	struct talk t; /* its loop only */
	struct sink *sink;
	struct endpoint at;
	struct str seen, offers;
	unsigned n, n_met;
	struct endpoint peer, own;
	uint64_t time_us;
	size_t octets, headers_len, body_len;
	char headers[SINK_HEADERS_MAX + 1], body[SINK_BODY_MAX + 1];
};

/* "EHLO client from<a@b> to<c@d>=250 7 taken" */
static void write_down(void *ctx, const struct sink_message *m)
{
	struct post *p = ctx;

	p->n++;
	p->peer = m->peer;
	p->own = m->at;
	p->time_us = m->time_us;
	p->octets = m->octets;
	p->headers_len = m->headers_len;
	assert_true(m->headers_len <= SINK_HEADERS_MAX);
	memcpy(p->headers, m->headers, m->headers_len);
	p->headers[m->headers_len] = '\0';
	p->body_len = m->body_len;
	assert_true(m->body_len <= SINK_BODY_MAX);
	memcpy(p->body, m->body, m->body_len);
	p->body[m->body_len] = '\0';
	assert_string_equal(m->host, "mx.example.net");
	str_printf(&p->seen, "%d %s %s", m->greeting, m->esmtp ? "EHLO" : "HELO",
		m->helo == NULL ? "-" : m->helo);
	if (m->from != NULL)
		str_printf(
			&p->seen, " from<%s>%s", m->from, m->smtputf8 ? " utf8" : "");
	for (unsigned i = 0; i < m->n_rcpts; i++)
		str_printf(
			&p->seen, " to<%s>=%d", m->rcpts[i].address, m->rcpts[i].code);
	str_printf(&p->seen, " %zu %s\n", m->octets, sink_end_name(m->end));
}

static void count_connection(void *ctx)
{
	((struct post *)ctx)->n_met++;
}

/* "a@b to<c@d>=250," */
static void write_offer(void *ctx, const struct sink_message *m)
{
	const struct sink_rcpt *last = &m->rcpts[m->n_rcpts - 1];
	struct post *p = ctx;

	assert_string_equal(m->host, "mx.example.net");
	assert_true(m->at.port == p->at.port);
	str_printf(&p->offers, "%s to<%s>=%d,", m->from, last->address, last->code);
}

static void post_start(struct post *p, const struct host *h, const char *at)
{
	struct endpoint e = endpoint(at);
	struct sink_options o = { h, &e, 1, write_down, count_connection, write_offer,
		p };
	const char *what = NULL;

	*p = (struct post){
		.t.loop = net_loop_new(), .seen = STR_INIT, .offers = STR_INIT
	};
	p->sink = sink_new(p->t.loop, &o, &what);
	if (p->sink == NULL)
		fail_msg("%s: %s", what, strerror(errno));
	p->at = sink_at(p->sink, 0);
}

static void post_end(struct post *p)
{
	sink_free(p->sink);
	net_loop_free(p->t.loop);
	str_clear(&p->seen);
	str_clear(&p->offers);
}

/* All that comes until the end. */
static void read_all(struct post *p, int fd, struct str *ret)
{
	char piece[4096];
	ssize_t n;

	while ((n = get_some(&p->t, fd, piece, sizeof(piece))) > 0)
		str_put(ret, piece, (size_t)n);
	close(fd);
}

/* The reply codes, with the enhanced code where there is one: "220 250 250/2.1.0". Of
 * several lines the last counts. */
static void codes_of(const char *replies, struct str *ret)
{
	for (const char *p = replies, *end; (end = strstr(p, "\r\n")) != NULL;
		p = end + 2) {
		int a, b, c, n = 0;

		assert_true(end - p >= 4);
		if (p[3] == '-')
			continue;
		str_printf(ret, "%s%.3s", ret->len > 0 ? " " : "", p);
		if (sscanf(p + 4, "%d.%d.%d%n", &a, &b, &c, &n) == 3 && n > 0)
			str_printf(ret, "/%d.%d.%d", a, b, c);
	}
}

static const char *const domains[] = { "example.org" };
static const char *const users[] = { "user@example.org" };

#define OPEN                                                                           \
	{                                                                              \
		HOST_SMTP_OPEN, .accepts_all = true                                    \
	}
#define HELLO "EHLO client\r\n"
#define MAIL HELLO "MAIL FROM:<a@b>\r\n"
#define RCPT MAIL "RCPT TO:<c@d>\r\n"
#define DATA RCPT "DATA\r\n"
#define GREETED "220 250"
#define MAILED GREETED " 250/2.1.0"
#define RCPTED MAILED " 250/2.0.0"
#define DATAED RCPTED " 354"
#define FROM_TO "220 EHLO client from<a@b> to<c@d>=250 "
#define NO_MAIL "220 EHLO client 0 lost\n"
#define IN(text) text, sizeof(text) - 1

/* After `in` the client closes its side. */
static const struct row {
	const char *name;
	struct smtp_host smtp;
	const char *in;
	size_t in_len;
	const char *want; /* codes */
	const char *seen;
} rows[] = {
	/* RFC 5321 4.1.1 */
	{ "a client that says nothing is greeted", OPEN, IN(""), "220",
		"220 HELO - 0 lost\n" },
	{ "EHLO is answered without an enhanced code", OPEN, IN(HELLO), GREETED,
		NO_MAIL },
	{ "HELO is answered", OPEN, IN("HELO client\r\n"), "220 250",
		"220 HELO client 0 lost\n" },
	{ "EHLO without a name is a syntax error", OPEN, IN("EHLO\r\n"), "220 501",
		"220 HELO - 0 lost\n" },
	{ "a message is taken and recorded", OPEN,
		IN(DATA "S: x\r\n\r\nhi\r\n.\r\nQUIT\r\n"),
		DATAED " 250/2.0.0 221/2.0.0", FROM_TO "12 taken\n" },
	{ "commands ignore letter case", OPEN,
		IN("ehlo client\r\nmail from:<a@b>\r\nrcpt to:<c@d>\r\nquit\r\n"),
		RCPTED " 221/2.0.0", FROM_TO "0 quit\n" },
	{ "commands that end with LF are taken", OPEN, IN("EHLO client\nQUIT\n"),
		GREETED " 221/2.0.0", "220 EHLO client 0 quit\n" },
	{ "a second message is a second record", OPEN,
		IN(DATA ".\r\nMAIL FROM:<>\r\nRCPT TO:<e@f>\r\nDATA\r\n.\r\n"),
		DATAED " 250/2.0.0 250/2.1.0 250/2.0.0 354 250/2.0.0",
		FROM_TO "0 taken\n220 EHLO client from<> to<e@f>=250 0 taken\n" },
	{ "the null reverse-path is a sender", OPEN, IN(HELLO "MAIL FROM:<>\r\n"),
		MAILED, "220 EHLO client from<> 0 lost\n" },
	{ "RSET ends a transaction", OPEN, IN(RCPT "RSET\r\nDATA\r\n"),
		RCPTED " 250/2.0.0 503/5.5.1", FROM_TO "0 reset\n" },
	{ "RSET without a transaction is answered", OPEN, IN("RSET\r\n"),
		"220 250/2.0.0", "220 HELO - 0 lost\n" },
	{ "a second EHLO ends a transaction", OPEN, IN(RCPT HELLO "DATA\r\n"),
		RCPTED " 250 503/5.5.1", FROM_TO "0 reset\n" },
	{ "QUIT ends a transaction", OPEN, IN(RCPT "QUIT\r\nNOOP\r\n"),
		RCPTED " 221/2.0.0", FROM_TO "0 quit\n" },
	{ "NOOP is answered, whatever it says", OPEN, IN("NOOP\r\nNOOP x y\r\n"),
		"220 250/2.0.0 250/2.0.0", "220 HELO - 0 lost\n" },
	{ "VRFY can tell nothing", OPEN, IN("VRFY user\r\nVRFY\r\n"),
		"220 252/2.0.0 501/5.5.4", "220 HELO - 0 lost\n" },
	{ "HELP is answered", OPEN, IN("HELP\r\n"), "220 214/2.0.0",
		"220 HELO - 0 lost\n" },
	{ "an unknown command is answered with 500", OPEN, IN("XYZZY\r\n\r\n"),
		"220 500/5.5.2 500/5.5.2", "220 HELO - 0 lost\n" },
	{ "STARTTLS, AUTH, BDAT and EXPN are not implemented", OPEN,
		IN("STARTTLS\r\nAUTH PLAIN\r\nBDAT 1\r\nEXPN x\r\n"),
		"220 502/5.5.1 502/5.5.1 502/5.5.1 502/5.5.1", "220 HELO - 0 lost\n" },
	{ "DATA, RSET and QUIT take no argument", OPEN,
		IN("DATA x\r\nRSET x\r\nQUIT x\r\n"),
		"220 501/5.5.4 501/5.5.4 501/5.5.4", "220 HELO - 0 lost\n" },
	/* RFC 5321 4.1.4 */
	{ "MAIL before EHLO is out of order", OPEN, IN("MAIL FROM:<a@b>\r\n"),
		"220 503/5.5.1", "220 HELO - 0 lost\n" },
	{ "RCPT before MAIL is out of order", OPEN, IN(HELLO "RCPT TO:<c@d>\r\n"),
		GREETED " 503/5.5.1", NO_MAIL },
	{ "DATA before MAIL is out of order", OPEN, IN(HELLO "DATA\r\n"),
		GREETED " 503/5.5.1", NO_MAIL },
	{ "DATA before RCPT is out of order", OPEN, IN(MAIL "DATA\r\n"),
		MAILED " 503/5.5.1", "220 EHLO client from<a@b> 0 lost\n" },
	{ "MAIL inside a transaction is out of order", OPEN,
		IN(MAIL "MAIL FROM:<c@d>\r\n"), MAILED " 503/5.5.1",
		"220 EHLO client from<a@b> 0 lost\n" },
	/* RFC 5321 4.1.2 */
	{ "a path needs brackets", OPEN, IN(HELLO "MAIL FROM:a@b\r\n"),
		GREETED " 501/5.5.4", NO_MAIL },
	{ "a path needs its end", OPEN, IN(HELLO "MAIL FROM:<a@b\r\n"),
		GREETED " 501/5.5.4", NO_MAIL },
	{ "a path has no blank", OPEN, IN(HELLO "MAIL FROM:<a b@c>\r\n"),
		GREETED " 501/5.5.4", NO_MAIL },
	{ "a sender needs a domain", OPEN, IN(HELLO "MAIL FROM:<a>\r\n"),
		GREETED " 501/5.1.7", NO_MAIL },
	{ "a quoted string may hold what ends a path", OPEN,
		IN(MAIL "RCPT TO:<\"x> \\\" y\"@d>\r\n"), RCPTED,
		"220 EHLO client from<a@b> to<\"x> \\\" y\"@d>=250 0 lost\n" },
	{ "a source route is ignored", OPEN, IN(MAIL "RCPT TO:<@x,@y:c@d>\r\n"), RCPTED,
		FROM_TO "0 lost\n" },
	{ "an empty recipient is a syntax error", OPEN, IN(MAIL "RCPT TO:<>\r\n"),
		MAILED " 501/5.5.4", "220 EHLO client from<a@b> 0 lost\n" },
	{ "the postmaster needs no domain", { HOST_SMTP_OPEN, .accepts = domains, 1 },
		IN(MAIL "RCPT TO:<Postmaster>\r\n"), MAILED " 250/2.1.5",
		"220 EHLO client from<a@b> to<Postmaster>=250 0 lost\n" },
	/* Extensions */
	{ "the parameters that EHLO offers are taken", OPEN,
		IN(HELLO "MAIL FROM:<a@b> SIZE=10485760 BODY=8BITMIME SMTPUTF8\r\n"),
		MAILED, "220 EHLO client from<a@b> utf8 0 lost\n" },
	{ "a SIZE over the limit is refused", OPEN,
		IN(HELLO "MAIL FROM:<a@b> SIZE=10485761\r\n"), GREETED " 552/5.3.4",
		NO_MAIL },
	{ "a SIZE beyond all numbers is refused", OPEN,
		IN(HELLO "MAIL FROM:<a@b> SIZE=99999999999999999999\r\n"),
		GREETED " 552/5.3.4", NO_MAIL },
	{ "a SIZE that is no number is a syntax error", OPEN,
		IN(HELLO "MAIL FROM:<a@b> SIZE=-1\r\nMAIL FROM:<a@b> SIZE=\r\n"),
		GREETED " 501/5.5.4 501/5.5.4", NO_MAIL },
	{ "an unknown BODY is a syntax error", OPEN,
		IN(HELLO "MAIL FROM:<a@b> BODY=BINARYMIME\r\n"), GREETED " 501/5.5.4",
		NO_MAIL },
	{ "an unknown parameter is refused", OPEN,
		IN(MAIL "RCPT TO:<c@d> NOTIFY=NEVER\r\nRSET\r\nMAIL FROM:<a@b> "
			"RET=HDRS\r\n"),
		MAILED " 555/5.5.4 250/2.0.0 555/5.5.4",
		"220 EHLO client from<a@b> 0 reset\n" },
	{ "after HELO there are no parameters", OPEN,
		IN("HELO client\r\nMAIL FROM:<a@b> SIZE=1\r\n"), "220 250 555/5.5.4",
		"220 HELO client 0 lost\n" },
	{ "an address beyond ASCII needs SMTPUTF8", OPEN,
		IN(HELLO "MAIL FROM:<\xc3\xbc@b>\r\n"), GREETED " 553/5.6.7", NO_MAIL },
	{ "with SMTPUTF8 it is taken", OPEN,
		IN(HELLO "MAIL FROM:<a@b> SMTPUTF8\r\nRCPT TO:<\xc3\xbc@d>\r\n"),
		RCPTED, "220 EHLO client from<a@b> utf8 to<\xc3\xbc@d>=250 0 lost\n" },
	{ "what is not UTF-8 is not", OPEN, IN(HELLO "MAIL FROM:<\xc3@b> SMTPUTF8\r\n"),
		GREETED " 501/5.5.4", NO_MAIL },
	/* The host of the scenario */
	{ "greeting 421 closes", { HOST_SMTP_OPEN, 421, .accepts_all = true },
		IN(HELLO), "421", "421 HELO - 0 closed\n" },
	{ "after greeting 554 only QUIT is heeded",
		{ HOST_SMTP_OPEN, 554, .accepts_all = true }, IN(MAIL "QUIT\r\n"),
		"554 503/5.5.1 503/5.5.1 221/2.0.0", "554 HELO - 0 quit\n" },
	{ "rcpt 450 is the reply, and DATA has nobody to go to",
		{ HOST_SMTP_OPEN, .rcpt = 450, .accepts_all = true }, IN(DATA),
		MAILED " 450/4.2.0 554/5.5.1",
		"220 EHLO client from<a@b> to<c@d>=450 0 lost\n" },
	{ "rcpt 550 is the reply", { HOST_SMTP_OPEN, .rcpt = 550, .accepts_all = true },
		IN(RCPT), MAILED " 550/5.1.1",
		"220 EHLO client from<a@b> to<c@d>=550 0 lost\n" },
	{ "rcpt 421 closes", { HOST_SMTP_OPEN, .rcpt = 421, .accepts_all = true },
		IN(RCPT "NOOP\r\n"), MAILED " 421/4.3.2",
		"220 EHLO client from<a@b> to<c@d>=421 0 closed\n" },
	{ "rcpt 550 refuses the postmaster, too",
		{ HOST_SMTP_OPEN, .rcpt = 550, .accepts_all = true },
		IN(MAIL "RCPT TO:<postmaster>\r\n"), MAILED " 550/5.1.1",
		"220 EHLO client from<a@b> to<postmaster>=550 0 lost\n" },
	{ "each recipient has its reply, and the message is taken for one",
		{ HOST_SMTP_OPEN, .accepts = domains, 1, .recipients = users, 1 },
		IN(MAIL "RCPT TO:<user@example.org>\r\nRCPT TO:<no@example.org>\r\n"
			"RCPT TO:<user@example.com>\r\nDATA\r\n.\r\n"),
		MAILED " 250/2.0.0 550/5.1.1 550/5.7.1 354 250/2.0.0",
		"220 EHLO client from<a@b> to<user@example.org>=250 "
		"to<no@example.org>=550 to<user@example.com>=550 0 taken\n" },
	/* RFC 5321 4.5.2, 2.3.8 */
	{ "a dot that was added is taken away", OPEN, IN(DATA "..\r\n.a\r\n.\r\n"),
		DATAED " 250/2.0.0", FROM_TO "6 taken\n" },
	{ "a dot between bare LF does not end the message", OPEN,
		IN(DATA "a\n.\nb\n.\r\nc\r\n.\n\r\n.\r\n"), DATAED " 250/2.0.0",
		FROM_TO "15 taken\n" },
	{ "a dot between bare CR does not end the message", OPEN,
		IN(DATA "a\r.\rb\r\n.\r\n"), DATAED " 250/2.0.0", FROM_TO "7 taken\n" },
	{ "commands in the message are none", OPEN, IN(DATA "QUIT\r\n.\r\nNOOP\r\n"),
		DATAED " 250/2.0.0 250/2.0.0", FROM_TO "6 taken\n" },
	{ "a message without an end is lost", OPEN, IN(DATA "Subject: x\r\n"), DATAED,
		FROM_TO "12 lost\n" },
	/* Hostile */
	{ "a NUL in a command is refused", OPEN, IN("EHLO cl\0ient\r\n"),
		"220 500/5.5.2", "220 HELO - 0 lost\n" },
	{ "a bare CR in a command is refused", OPEN, IN("EHLO client\rQUIT\r\n"),
		"220 500/5.5.2", "220 HELO - 0 lost\n" },
	{ "a NUL in a message is an octet of it", OPEN, IN(DATA "a\0b\r\n.\r\n"),
		DATAED " 250/2.0.0", FROM_TO "5 taken\n" },
};

static void smtp_goes(void **state)
{
	const struct row *row = *state;
	struct host host = { .name = "mx.example.net", .smtp = row->smtp };
	struct str got = STR_INIT, codes = STR_INIT;
	struct post p;
	int fd;

	post_start(&p, &host, "127.0.0.1");
	fd = client(&p.at, SOCK_STREAM);
	put(&p.t, fd, row->in, row->in_len);
	shutdown(fd, SHUT_WR);
	read_all(&p, fd, &got);
	UNTIL(&p.t, p.n > 0);
	codes_of(got.data, &codes);
	assert_string_equal(codes.data, row->want);
	assert_string_equal(p.seen.data, row->seen);
	str_clear(&got);
	str_clear(&codes);
	post_end(&p);
}

static const struct host open_host = { .name = "mx.example.net", .smtp = OPEN };

/* Sends `n` times the octet between two texts, and compares codes and record. */
static void expect_after(const char *before, char octet, size_t n, const char *after,
	const char *want, struct post *p)
{
	struct str in = STR_INIT, got = STR_INIT, codes = STR_INIT;
	int fd;

	str_puts(&in, before);
	memset(str_room(&in, n), octet, n);
	str_took(&in, n);
	str_puts(&in, after);
	post_start(p, &open_host, "127.0.0.1");
	fd = client(&p->at, SOCK_STREAM);
	put(&p->t, fd, in.data, in.len);
	shutdown(fd, SHUT_WR);
	read_all(p, fd, &got);
	UNTIL(&p->t, p->n > 0);
	codes_of(got.data, &codes);
	assert_string_equal(codes.data, want);
	str_clear(&in);
	str_clear(&got);
	str_clear(&codes);
}

static const struct long_row {
	const char *name, *before;
	char octet;
	size_t n;
	const char *after, *want, *seen;
} long_rows[] = {
	{ "a command of the longest length is read", "NOOP ", 'x', 995, "\r\n",
		"220 250/2.0.0", "220 HELO - 0 lost\n" },
	{ "a longer one is refused, the next is read", "NOOP ", 'x', 996,
		"\r\nNOOP\r\n", "220 500/5.5.2 250/2.0.0", "220 HELO - 0 lost\n" },
	{ "64 KiB without a line end the session", "", 'x', 65536, "", "220 421/4.3.0",
		"220 HELO - 0 closed\n" },
	{ "64 KiB of NULs end the session", "", '\0', 65536, "", "220 421/4.3.0",
		"220 HELO - 0 closed\n" },
	{ "64 KiB of bare CRs end the session", "", '\r', 65536, "", "220 421/4.3.0",
		"220 HELO - 0 closed\n" },
	{ "64 KiB in one line of a message are counted", DATA, 'x', 65536, "\r\n.\r\n",
		DATAED " 250/2.0.0", FROM_TO "65538 taken\n" },
	{ "a line of dots loses one", DATA, '.', 3000, "\r\n.\r\n", DATAED " 250/2.0.0",
		FROM_TO "3001 taken\n" },
	{ "a message of the largest size is taken", DATA, 'x', SINK_MESSAGE_MAX - 2,
		"\r\n.\r\n", DATAED " 250/2.0.0", FROM_TO "10485760 taken\n" },
	{ "a larger one is refused at its end", DATA, 'x', SINK_MESSAGE_MAX - 1,
		"\r\n.\r\n", DATAED " 552/5.3.4", FROM_TO "10485761 too large\n" },
	{ "a path of the longest length is taken", HELLO "MAIL FROM:<a@", 'x', 252,
		">\r\nRSET\r\n", GREETED " 250/2.1.0 250/2.0.0", NULL },
	{ "a longer one is a syntax error", HELLO "MAIL FROM:<a@", 'x', 253, ">\r\n",
		GREETED " 501/5.5.4", NO_MAIL },
	{ "a name of the longest length is taken", "EHLO ", 'x', 255, "\r\n", GREETED,
		NULL },
	{ "a longer name is refused", "EHLO ", 'x', 256, "\r\n", "220 501",
		"220 HELO - 0 lost\n" },
};

static void long_ones(void **state)
{
	const struct long_row *row = *state;
	struct post p;

	expect_after(row->before, row->octet, row->n, row->after, row->want, &p);
	if (row->seen != NULL)
		assert_string_equal(p.seen.data, row->seen);
	post_end(&p);
}

static const struct parts_row {
	const char *name, *data, *headers, *body;
} parts_rows[] = {
	{ "headers end at the empty line", "A: 1\r\nB: 2\r\n 3\r\n\r\nC: 4\r\n",
		"A: 1\nB: 2\n 3\n", "C: 4\n" },
	{ "a message without a body has headers", "A: 1\r\n", "A: 1\n", "" },
	{ "an empty body is none", "A: 1\r\n\r\n", "A: 1\n", "" },
	{ "a message without headers has none", "\r\nA: 1\r\n", "", "A: 1\n" },
	{ "dots that were added are part of neither", "..A: 1\r\n\r\n..B\r\n",
		".A: 1\n", ".B\n" },
	{ "empty lines of the body are kept", "A: 1\r\n\r\n\r\nB\r\n\r\nC\r\n",
		"A: 1\n", "\nB\n\nC\n" },
	{ "lines of the body may end with LF alone", "\r\nA\nB\r\n", "", "A\nB\n" },
};

static void headers_and_body_are_kept(void **state)
{
	const struct parts_row *row = *state;
	struct str in = STR_INIT;
	struct post p;

	str_printf(&in, DATA "%s.\r\n", row->data);
	expect_after(in.data, 'x', 0, "", DATAED " 250/2.0.0", &p);
	assert_string_equal(p.headers, row->headers);
	assert_string_equal(p.body, row->body);
	assert_int_equal(p.n_met, 1);
	str_clear(&in);
	post_end(&p);
}

static void a_second_message_has_parts_of_its_own(void **state)
{
	struct post p;

	(void)state;
	expect_after(DATA "A: 1\r\n\r\nfirst\r\n.\r\n"
			  "MAIL FROM:<>\r\nRCPT TO:<e@f>\r\nDATA\r\n"
			  "B: 2\r\n\r\nsecond\r\n.\r\n",
		'x', 0, "", DATAED " 250/2.0.0 250/2.1.0 250/2.0.0 354 250/2.0.0", &p);
	assert_string_equal(p.headers, "B: 2\n");
	assert_string_equal(p.body, "second\n");
	assert_int_equal(p.n_met, 1);
	post_end(&p);
}

static const struct cut_row {
	const char *name, *before;
	size_t n;
	size_t headers_len, body_len;
} cut_rows[] = {
	{ "headers are kept up to their limit", DATA, SINK_HEADERS_MAX,
		SINK_HEADERS_MAX, 5 },
	{ "more headers are cut", DATA, SINK_HEADERS_MAX * 2, SINK_HEADERS_MAX, 5 },
	{ "a body is kept up to its limit", DATA "\r\n", SINK_BODY_MAX, 0,
		SINK_BODY_MAX },
	{ "more of a body is cut", DATA "\r\n", SINK_BODY_MAX * 2, 0, SINK_BODY_MAX },
};

static void what_is_kept_has_a_limit(void **state)
{
	const struct cut_row *row = *state;
	struct post p;

	expect_after(row->before, 'x', row->n, "\r\n\r\nA: 1\r\n.\r\n",
		DATAED " 250/2.0.0", &p);
	assert_int_equal(p.headers_len, row->headers_len);
	assert_int_equal(p.body_len, row->body_len);
	post_end(&p);
}

static void one_recipient_too_many_is_deferred(void **state)
{
	struct str in = STR_INIT, got = STR_INIT;
	struct post p;
	int fd;

	(void)state;
	post_start(&p, &open_host, "127.0.0.1");
	str_puts(&in, MAIL);
	for (int i = 0; i <= SINK_RCPTS_MAX; i++)
		str_printf(&in, "RCPT TO:<c%d@d>\r\n", i);
	str_puts(&in, "DATA\r\n.\r\nQUIT\r\n");
	fd = client(&p.at, SOCK_STREAM);
	put(&p.t, fd, in.data, in.len);
	read_all(&p, fd, &got);
	assert_non_null(strstr(got.data, "accepted\r\n452 4.5.3 "));
	assert_non_null(strstr(p.seen.data, "to<c99@d>=250 0 taken\n"));
	assert_null(strstr(p.seen.data, "c100"));
	str_clear(&in);
	str_clear(&got);
	post_end(&p);
}

/* RFC 5321 4.1.1.1, RFC 1870 3, RFC 2920 2, RFC 6152 2, RFC 6531 3.1, RFC 2034 3 */
static void ehlo_offers_what_there_is(void **state)
{
	struct str got = STR_INIT;
	struct post p;
	int fd;

	(void)state;
	post_start(&p, &open_host, "127.0.0.1");
	fd = client(&p.at, SOCK_STREAM);
	put(&p.t, fd, HELLO "QUIT\r\n", strlen(HELLO "QUIT\r\n"));
	read_all(&p, fd, &got);
	assert_string_equal(got.data,
		"220 mx.example.net ESMTP\r\n250-mx.example.net\r\n250-PIPELINING\r\n"
		"250-SIZE 10485760\r\n250-8BITMIME\r\n250-ENHANCEDSTATUSCODES\r\n"
		"250 SMTPUTF8\r\n221 2.0.0 bye\r\n");
	str_clear(&got);
	post_end(&p);
}

static const struct ends_row {
	const char *name, *at;
} ends_rows[] = {
	{ "time and ends of an IPv4 session are recorded", "127.0.0.1" },
	{ "time and ends of an IPv6 session are recorded", "::1" },
};

static void ends_are_recorded(void **state)
{
	const struct ends_row *row = *state;
	time_t begin = time(NULL);
	struct str got = STR_INIT;
	char text[IP_TEXT_MAX];
	struct post p;
	int fd;

	post_start(&p, &open_host, row->at);
	fd = client(&p.at, SOCK_STREAM);
	put(&p.t, fd, "QUIT\r\n", 6);
	read_all(&p, fd, &got);
	assert_string_equal(ip_to_text(&p.peer.ip, text), row->at);
	assert_string_equal(ip_to_text(&p.own.ip, text), row->at);
	assert_int_equal(p.own.port, p.at.port);
	assert_true((time_t)(p.time_us / 1000000) + 1 >= begin);
	assert_true((time_t)(p.time_us / 1000000) <= time(NULL) + 1);
	str_clear(&got);
	post_end(&p);
}

static void a_host_without_smtp_listens_nowhere(void **state)
{
	struct host host = { .name = "mx.example.net" };
	struct post p;

	(void)state;
	post_start(&p, &host, "127.0.0.1");
	assert_int_equal(p.at.ip.family, 0);
	post_end(&p);
}

static void a_silent_host_lets_nobody_in(void **state)
{
	struct host host = { .name = "mx.example.net",
		.smtp = { HOST_SMTP_SILENT, .accepts_all = true } };
	struct sockaddr_storage sa;
	struct post p;
	int fd;

	(void)state;
	post_start(&p, &host, "127.0.0.1");
	fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
	assert_int_equal(
		connect(fd, (struct sockaddr *)&sa, endpoint_to_sockaddr(&p.at, &sa)),
		-1);
	assert_int_equal(errno, EINPROGRESS);
	net_loop_once(p.t.loop, 1000);
	assert_int_equal(p.n, 0);
	close(fd);
	post_end(&p);
}

static void an_address_that_is_taken_is_no_host(void **state)
{
	struct endpoint at[2] = { endpoint("127.0.0.1") };
	struct sink_options o = { &open_host, at, 2, write_down, NULL };
	const char *what = NULL;
	struct post p;

	(void)state;
	post_start(&p, &open_host, "127.0.0.1");
	at[1] = p.at;
	assert_null(sink_new(p.t.loop, &o, &what));
	assert_string_equal(what, "bind");
	assert_int_equal(errno, EADDRINUSE);
	post_end(&p);
}

static void what_is_under_way_at_the_end_is_lost(void **state)
{
	struct post p;
	char got[512];
	int fd;

	(void)state;
	post_start(&p, &open_host, "127.0.0.1");
	fd = client(&p.at, SOCK_STREAM);
	put(&p.t, fd, RCPT, strlen(RCPT));
	get_some(&p.t, fd, got, sizeof(got));
	for (int i = 0; i < 10; i++)
		net_loop_once(p.t.loop, 1000);
	sink_free(p.sink);
	p.sink = NULL;
	assert_string_equal(p.seen.data, FROM_TO "0 lost\n");
	close(fd);
	post_end(&p);
}

static const char *const only_e[] = { "e@f" };

/* What a client that keeps the session open has heard is known while it does. */
static void each_recipient_is_told_when_it_is_answered(void **state)
{
	const struct host host = { .name = "mx.example.net",
		.smtp = { HOST_SMTP_OPEN, .recipients = only_e, .n_recipients = 1 } };
	struct str replies = STR_INIT;
	char piece[512];
	struct post p;
	int fd;

	(void)state;
	post_start(&p, &host, "127.0.0.1");
	fd = client(&p.at, SOCK_STREAM);
	put(&p.t, fd, RCPT "RCPT TO:<e@f>\r\n", strlen(RCPT "RCPT TO:<e@f>\r\n"));
	while (replies.len == 0 || strstr(replies.data, "accepted") == NULL) {
		ssize_t n = get_some(&p.t, fd, piece, sizeof(piece));

		assert_true(n > 0);
		str_put(&replies, piece, (size_t)n);
	}
	assert_string_equal(p.offers.data, "a@b to<c@d>=550,a@b to<e@f>=250,");
	assert_int_equal(p.n, 0);
	close(fd);
	str_clear(&replies);
	post_end(&p);
}

int main(void)
{
	TESTS_ADD_ROWS(rows, smtp_goes);
	TESTS_ADD_ROWS(long_rows, long_ones);
	TESTS_ADD_ROWS(parts_rows, headers_and_body_are_kept);
	TESTS_ADD(a_second_message_has_parts_of_its_own);
	TESTS_ADD_ROWS(cut_rows, what_is_kept_has_a_limit);
	TESTS_ADD(one_recipient_too_many_is_deferred);
	TESTS_ADD(ehlo_offers_what_there_is);
	TESTS_ADD_ROWS(ends_rows, ends_are_recorded);
	TESTS_ADD(a_host_without_smtp_listens_nowhere);
	TESTS_ADD(a_silent_host_lets_nobody_in);
	TESTS_ADD(an_address_that_is_taken_is_no_host);
	TESTS_ADD(what_is_under_way_at_the_end_is_lost);
	TESTS_ADD(each_recipient_is_told_when_it_is_answered);
	return tests_run("host-sink");
}
