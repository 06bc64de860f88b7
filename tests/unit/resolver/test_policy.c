#include <string.h>

#include "base/lookup.h"
#include "base/str.h"
#include "resolver/policy.h"
#include "support/test.h"

static void test_catalogue(void **state)
{
	static const char *const names[] = { "ideal", "unbound-1.17", "unbound-noqmin",
		"bind-9.18", "knot-resolver-5.6", "powerdns-recursor-4.8",
		"systemd-resolved-252", "dnsmasq-2.90", "bare" };

	(void)state;
	assert_int_equal(resolver_policies_n, ARRAY_LEN(names));
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		assert_non_null(resolver_policy(names[i]));
		assert_string_equal(resolver_policies[i].name, names[i]);
	}
	assert_null(resolver_policy("unbound"));
	assert_non_null(resolver_policy(RESOLVER_POLICY_DEFAULT));
}

static void test_every_row_explains_itself(void **state)
{
	(void)state;
	for (size_t i = 0; i < resolver_policies_n; i++) {
		const struct resolver_policy *p = &resolver_policies[i];
		struct str s = STR_INIT;

		resolver_policy_explain(&s, p);
		assert_non_null(strstr(s.data, p->name));
		assert_non_null(strstr(s.data, p->help));
		assert_non_null(strstr(s.data, p->source));
		assert_null(strstr(s.data, "(null)"));
		str_clear(&s);
	}
}

static void test_explains_what_differs(void **state)
{
	struct str s = STR_INIT;

	(void)state;
	resolver_policy_explain(&s, resolver_policy("knot-resolver-5.6"));
	assert_non_null(strstr(s.data, "shortest TTL                5 s"));
	str_reset(&s);
	resolver_policy_explain(&s, resolver_policy("unbound-1.17"));
	assert_non_null(strstr(s.data, "the full name included"));
	assert_non_null(strstr(s.data, "up to 11, but for those met while minimising"));
	str_clear(&s);
}

int main(void)
{
	TESTS_ADD(test_catalogue);
	TESTS_ADD(test_every_row_explains_itself);
	TESTS_ADD(test_explains_what_differs);
	return tests_run("resolver-policy");
}
