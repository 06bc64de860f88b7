/* Resolvers in signed worlds: they do not validate, but what they ask for has its size.
 */
#include "resolver/resolver.h"

#include "unit/resolver/world.h"
#include "zone/sign.h"

struct row {
	const char *name, *policy;
	bool tcp; /* the answer did not fit into a datagram */
};

static const struct row rows[] = {
	{ "unbound asks for signatures, and again over TCP", "unbound-1.17", true },
	{ "bind asks for signatures, and again over TCP", "bind-9.18", true },
	{ "knot asks for signatures, and again over TCP", "knot-resolver-5.6", true },
	{ "powerdns asks for signatures, and again over TCP", "powerdns-recursor-4.8",
		true },
	{ "dnsmasq does not ask for signatures", "dnsmasq-2.90", false },
	{ "the ideal resolver does not ask for signatures", "ideal", false },
};

/* Six texts of 181 octets, which fit into 1232 octets without their signature. */
static struct server *serve_texts(struct world *w)
{
	struct str text = STR_INIT;
	struct server *s;

	str_puts(&text, "$TTL 300\n@ SOA ns1 h 1 1 1 1 60\n@ NS ns1\n"
			"ns1 A 198.18.0.13\n");
	for (int i = 0; i < 6; i++) {
		str_printf(&text, "c TXT \"%d", i);
		for (int k = 0; k < 18; k++)
			str_puts(&text, "0123456789");
		str_puts(&text, "\"\n");
	}
	s = world_serve(w, "198.18.0.13", "strict", "mywebservice.com", text.data);
	str_clear(&text);
	return s;
}

static void sign(struct world *w, struct server *s)
{
	struct server_zone *z = arena_alloc(w->arena, sizeof(*z));

	*z = s->zones[0];
	z->zone = zone_sign(w->arena, z->zone, SIGN_PERIOD, NULL);
	s->zones = z;
	server_prepare(w->arena, s);
}

static const char *answer(const char *policy, bool is_signed, bool *ret_tcp)
{
	static char kept[8192];
	struct world w;
	struct server *s;

	world_init(&w);
	s = serve_texts(&w);
	if (is_signed)
		sign(&w, s);
	world_start(&w, policy, 1);
	snprintf(kept, sizeof(kept), "%s",
		world_text(&w, world_ask(&w, "TXT", "c.mywebservice.com")));
	*ret_tcp = strstr(w.log.data, "TXT c.mywebservice.com@198.18.0.13/tcp") != NULL;
	world_clear(&w);
	return kept;
}

static void signed_answer(void **state)
{
	const struct row *row = *state;
	char unsigned_one[8192];
	bool tcp;

	snprintf(unsigned_one, sizeof(unsigned_one), "%s",
		answer(row->policy, false, &tcp));
	assert_false(tcp);
	assert_string_equal(answer(row->policy, true, &tcp), unsigned_one);
	assert_int_equal(tcp, row->tcp);
}

int main(void)
{
	TESTS_ADD_ROWS(rows, signed_answer);
	return tests_run("resolver-signed");
}
