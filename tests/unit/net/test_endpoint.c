#include "support/test.h"

#include <string.h>

#include "net/endpoint.h"

static const struct row {
	const char *name;
	const char *text, *want; /* NULL: no endpoint */
} rows[] = {
	{ "an IPv4 address alone has the port it is given", "192.0.2.1",
		"192.0.2.1:53" },
	{ "a colon puts a port behind an IPv4 address", "192.0.2.1:5353",
		"192.0.2.1:5353" },
	{ "an at sign does, as in nsd.conf and unbound.conf", "192.0.2.1@5353",
		"192.0.2.1:5353" },
	{ "an IPv6 address alone has the port it is given", "2001:db8::1",
		"[2001:db8::1]:53" },
	{ "brackets set an IPv6 address apart (RFC 3986 3.2.2)", "[2001:db8::1]:5353",
		"[2001:db8::1]:5353" },
	{ "brackets may stand without a port", "[::1]", "[::1]:53" },
	{ "an at sign puts a port behind an IPv6 address", "::1@5353", "[::1]:5353" },
	{ "port 0 is the kernel's choice", "127.0.0.1:0", "127.0.0.1:0" },
	{ "65535 is the last port", "127.0.0.1:65535", "127.0.0.1:65535" },
	{ "65536 is no port", "127.0.0.1:65536", NULL },
	{ "the longest text fits",
		"[ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255]:65535",
		"[ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff]:65535" },
	{ "more than the longest does not",
		"[0000ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255]:65535", NULL },
	{ "nothing is no endpoint", "", NULL },
	{ "a name is no endpoint", "localhost", NULL },
	{ "a port alone is no endpoint", ":53", NULL },
	{ "an empty port is none", "127.0.0.1:", NULL },
	{ "a port is digits only", "127.0.0.1:+53", NULL },
	{ "a space ends no port", "127.0.0.1:53 ", NULL },
	{ "a minus sign starts none", "127.0.0.1@-1", NULL },
	{ "brackets need their other half", "[::1", NULL },
	{ "brackets are for IPv6", "[127.0.0.1]:53", NULL },
	{ "after brackets comes a colon", "[::1]@53", NULL },
	{ "two ports are one too many", "127.0.0.1@53:53", NULL },
};

static void text_is_read(void **state)
{
	const struct row *row = *state;
	char buf[ENDPOINT_TEXT_MAX];
	struct endpoint e;
	int rc = endpoint_from_text(row->text, 53, &e);

	assert_int_equal(rc, row->want == NULL ? -1 : 0);
	if (row->want != NULL)
		assert_string_equal(endpoint_to_text(&e, buf), row->want);
}

static void the_kernels_form_is_read_back(void **state)
{
	const struct row *row = *state;
	struct sockaddr_storage sa;
	char buf[ENDPOINT_TEXT_MAX];
	struct endpoint e;

	if (row->want == NULL)
		return;
	assert_int_equal(endpoint_from_text(row->text, 53, &e), 0);
	assert_true(endpoint_to_sockaddr(&e, &sa) <= sizeof(sa));
	memset(&e, 0xff, sizeof(e));
	endpoint_from_sockaddr(&sa, &e);
	assert_string_equal(endpoint_to_text(&e, buf), row->want);
}

static void another_family_is_no_address(void **state)
{
	struct sockaddr_storage sa = { .ss_family = AF_UNIX };
	struct endpoint e;

	(void)state;
	endpoint_from_sockaddr(&sa, &e);
	assert_int_equal(e.ip.family, 0);
}

int main(void)
{
	TESTS_ADD_ROWS(rows, text_is_read);
	TESTS_ADD_ROWS(rows, the_kernels_form_is_read_back);
	TESTS_ADD(another_family_is_no_address);
	return tests_run("net-endpoint");
}
