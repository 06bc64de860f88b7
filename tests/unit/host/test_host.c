#include "support/test.h"

#include "base/arena.h"
#include "host/host.h"

static const char *const domains[] = { "customer.example.net", "[192.0.2.1]",
	"[IPv6:2001:db8::1]" };
static const char *const users[] = { "user@customer.example.net" };
static const char *const sites[] = { "customer.example.net" };

#define LISTED .accepts = domains, .n_accepts = 3

static const char *const idn_domains[] = { "xn--bcher-kva.example.net" };

/* The host under test is at 192.0.2.25; nobody is at 192.0.2.99. */
static const struct row {
	const char *name;
	struct smtp_host smtp;
	const char *at, *rcpt;
	const char *want; /* stage, code, status */
} rows[] = {
	{ "an address without a host is silent",
		{ HOST_SMTP_OPEN, .accepts_all = true }, "192.0.2.99",
		"user@customer.example.net", "silence 0 -" },
	{ "a host without smtp refuses connections", { .behaviour = HOST_SMTP_NONE },
		"192.0.2.25", "user@customer.example.net", "closed 0 -" },
	{ "a silent host lets connections time out", { .behaviour = HOST_SMTP_SILENT },
		"192.0.2.25", "user@customer.example.net", "silence 0 -" },
	{ "a host without lists accepts everything",
		{ HOST_SMTP_OPEN, .accepts_all = true }, "192.0.2.25",
		"anyone@anywhere.example.org", "taken 250 2.0.0" },
	{ "a U-label domain is the A-label one in the list",
		{ HOST_SMTP_OPEN, .accepts = idn_domains, .n_accepts = 1 },
		"192.0.2.25",
		"user@b\xc3\xbc"
		"cher.example.net",
		"taken 250 2.0.0" },
	{ "another U-label domain is not in the list",
		{ HOST_SMTP_OPEN, .accepts = idn_domains, .n_accepts = 1 },
		"192.0.2.25",
		"user@k\xc3\xbc"
		"che.example.net",
		"refused 550 5.7.1" },
	{ "the host's second address is the host",
		{ HOST_SMTP_OPEN, .accepts_all = true }, "2001:db8::25",
		"anyone@anywhere.example.org", "taken 250 2.0.0" },
	{ "greeting 220 goes on", { HOST_SMTP_OPEN, 220, LISTED }, "192.0.2.25",
		"user@customer.example.net", "taken 250 2.0.0" },
	{ "greeting 421 ends it for now, without an enhanced code",
		{ HOST_SMTP_OPEN, 421, LISTED }, "192.0.2.25",
		"user@customer.example.net", "greeting 421 -" },
	{ "greeting 554 ends it", { HOST_SMTP_OPEN, 554, .accepts_all = true },
		"192.0.2.25", "user@customer.example.net", "greeting 554 -" },
	{ "a greeting goes before the reply to RCPT",
		{ HOST_SMTP_OPEN, 421, 550, LISTED }, "192.0.2.25",
		"user@customer.example.net", "greeting 421 -" },
	{ "rcpt 450 defers a recipient of a listed domain",
		{ HOST_SMTP_OPEN, .rcpt = 450, LISTED }, "192.0.2.25",
		"user@customer.example.net", "refused 450 4.2.0" },
	{ "rcpt 550 refuses where all would be accepted",
		{ HOST_SMTP_OPEN, .rcpt = 550, .accepts_all = true }, "192.0.2.25",
		"user@customer.example.net", "refused 550 5.1.1" },
	{ "a 4xx code without a row is 4.0.0",
		{ HOST_SMTP_OPEN, .rcpt = 499, .accepts_all = true }, "192.0.2.25",
		"user@customer.example.net", "refused 499 4.0.0" },
	{ "a 5xx code without a row is 5.0.0",
		{ HOST_SMTP_OPEN, .rcpt = 500, .accepts_all = true }, "192.0.2.25",
		"user@customer.example.net", "refused 500 5.0.0" },
	{ "rcpt 250 accepts a recipient of no listed domain",
		{ HOST_SMTP_OPEN, .rcpt = 250, LISTED }, "192.0.2.25",
		"user@elsewhere.example.net", "taken 250 2.0.0" },
	{ "a listed domain is accepted", { HOST_SMTP_OPEN, LISTED }, "192.0.2.25",
		"user@customer.example.net", "taken 250 2.0.0" },
	{ "a domain's letter case is ignored", { HOST_SMTP_OPEN, LISTED }, "192.0.2.25",
		"user@CUSTOMER.Example.NET", "taken 250 2.0.0" },
	{ "a domain that is not listed is refused as relaying",
		{ HOST_SMTP_OPEN, LISTED }, "192.0.2.25", "user@shop.offsite.net",
		"refused 550 5.7.1" },
	{ "a domain below a listed one is not listed", { HOST_SMTP_OPEN, LISTED },
		"192.0.2.25", "user@a.customer.example.net", "refused 550 5.7.1" },
	{ "without domains and without accepts_all every domain is refused",
		{ .behaviour = HOST_SMTP_OPEN }, "192.0.2.25",
		"user@customer.example.net", "refused 550 5.7.1" },
	{ "a listed address literal is accepted", { HOST_SMTP_OPEN, LISTED },
		"192.0.2.25", "user@[192.0.2.1]", "taken 250 2.0.0" },
	{ "a listed IPv6 literal is accepted", { HOST_SMTP_OPEN, LISTED }, "192.0.2.25",
		"user@[ipv6:2001:DB8::1]", "taken 250 2.0.0" },
	{ "an address literal that is not listed is refused",
		{ HOST_SMTP_OPEN, LISTED }, "192.0.2.25", "user@[192.0.2.2]",
		"refused 550 5.7.1" },
	{ "an address literal is accepted where all is",
		{ HOST_SMTP_OPEN, .accepts_all = true }, "192.0.2.25",
		"user@[192.0.2.2]", "taken 250 2.0.0" },
	{ "a listed recipient is accepted",
		{ HOST_SMTP_OPEN, LISTED, .recipients = users, .n_recipients = 1 },
		"192.0.2.25", "User@Customer.example.net", "taken 250 2.0.0" },
	{ "another recipient of a listed domain is unknown",
		{ HOST_SMTP_OPEN, LISTED, .recipients = users, .n_recipients = 1 },
		"192.0.2.25", "other@customer.example.net", "refused 550 5.1.1" },
	{ "relaying is denied before the recipient is looked up",
		{ HOST_SMTP_OPEN, LISTED, .recipients = users, .n_recipients = 1 },
		"192.0.2.25", "user@shop.offsite.net", "refused 550 5.7.1" },
	{ "recipients alone are accepted without a list of domains",
		{ HOST_SMTP_OPEN, .recipients = users, .n_recipients = 1 },
		"192.0.2.25", "user@customer.example.net", "taken 250 2.0.0" },
	{ "recipients alone make all others unknown",
		{ HOST_SMTP_OPEN, .recipients = users, .n_recipients = 1 },
		"192.0.2.25", "user@shop.offsite.net", "refused 550 5.1.1" },
	{ "a recipient without a domain is a syntax error",
		{ HOST_SMTP_OPEN, .accepts_all = true }, "192.0.2.25", "postmaster",
		"refused 501 5.1.3" },
	{ "a recipient with an empty domain is a syntax error",
		{ HOST_SMTP_OPEN, .accepts_all = true }, "192.0.2.25", "user@",
		"refused 501 5.1.3" },
	{ "a recipient with an empty local part is a syntax error",
		{ HOST_SMTP_OPEN, .accepts_all = true }, "192.0.2.25",
		"@customer.example.net", "refused 501 5.1.3" },
	{ "the domain stands after the last at sign", { HOST_SMTP_OPEN, LISTED },
		"192.0.2.25", "\"user@shop.offsite.net\"@customer.example.net",
		"taken 250 2.0.0" },
};

static const char *stage_name(const struct host_smtp_reply *r)
{
	switch (r->stage) {
	case HOST_NO_CONNECTION:
		return r->timed_out ? "silence" : "closed";
	case HOST_GREETED_AWAY:
		return "greeting";
	case HOST_RCPT_REFUSED:
		return "refused";
	case HOST_TOOK_IT:
		return "taken";
	}
	return "?";
}

static void smtp_reacts(void **state)
{
	const struct row *row = *state;
	struct arena *a = arena_new();
	struct ip at[2], ip;
	struct host host = { .name = "mail", .at = at, .n_at = 2, .smtp = row->smtp };
	struct hosts hosts = { &host, 1 };
	struct host_smtp_reply got;

	assert_int_equal(ip_from_text("192.0.2.25", &at[0]), 0);
	assert_int_equal(ip_from_text("2001:db8::25", &at[1]), 0);
	assert_int_equal(ip_from_text(row->at, &ip), 0);
	host_smtp(a, &hosts, &ip, row->rcpt, &got);
	assert_string_equal(arena_printf(a, "%s %d %s", stage_name(&got), got.code,
				    got.status == NULL ? "-" : got.status),
		row->want);
	assert_non_null(got.text);
	arena_free(a);
}

static void no_host_is_found_among_none(void **state)
{
	struct hosts hosts = { 0 };
	struct ip ip;

	(void)state;
	assert_int_equal(ip_from_text("192.0.2.25", &ip), 0);
	assert_null(hosts_at(&hosts, &ip));
}

static void an_ipv6_address_is_not_taken_for_its_first_four_octets(void **state)
{
	struct ip at, ip;
	struct host host = { .name = "mail", .at = &at, .n_at = 1 };
	struct hosts hosts = { &host, 1 };

	(void)state;
	assert_int_equal(ip_from_text("32.1.13.184", &at), 0);
	assert_int_equal(ip_from_text("2001:db8::", &ip), 0);
	assert_null(hosts_at(&hosts, &ip));
}

static void a_web_host_serves_what_it_lists(void **state)
{
	struct http_host all = { .listens = true };
	struct http_host one = { .listens = true, .serves = sites, .n_serves = 1 };

	(void)state;
	assert_true(host_serves(&all, "anything.example.org"));
	assert_true(host_serves(&one, "Customer.EXAMPLE.net"));
	assert_false(host_serves(&one, "www.customer.example.net"));
}

int main(void)
{
	TESTS_ADD_ROWS(rows, smtp_reacts);
	TESTS_ADD(no_host_is_found_among_none);
	TESTS_ADD(an_ipv6_address_is_not_taken_for_its_first_four_octets);
	TESTS_ADD(a_web_host_serves_what_it_lists);
	return tests_run("host-host");
}
