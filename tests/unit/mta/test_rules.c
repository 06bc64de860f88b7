#include "mta/rules.h"

#include <string.h>

#include "base/arena.h"
#include "base/lookup.h"
#include "mta/profile.h"
#include "support/test.h"

/* Who is known not to follow a rule, and who is known to: from the sources named in the
 * profiles and from the programs that were run. */
struct row {
	const char *name;
	const char *rule;
	const char *breaks, *follows; /* client names, joined by spaces */
};

static const struct row rows[] = {
	{ "some ask another type before MX", "R2",
		"sendmail qmail-1.03 notqmail-1.08 mox",
		"postfix exim-4.98 opensmtpd notqmail-1.09 dma courier rfc5321" },
	{ "some leave an unchased CNAME alone", "R3",
		"opensmtpd qmail-1.03 notqmail-1.08 notqmail-1.09 haraka mx-connect",
		"sendmail postfix exim-4.96 dma courier mox hmailserver rfc5321" },
	{ "some ask for addresses of a name that does not exist", "R4",
		"postfix qmail-1.03 courier stalwart postal james mox chasquid "
		"hmailserver haraka mx-connect",
		"exim-4.98 opensmtpd dma maddy sendmail rfc5321" },
	{ "some take a failure for absence", "R5", "postal james",
		"postfix sendmail exim-4.98 opensmtpd dma courier haraka rfc5321" },
	{ "one takes the domain's address when no exchange has one", "R8", "masqmail",
		"postfix sendmail exim-4.98 opensmtpd mx-connect postal rfc5321" },
	{ "some keep the order of equal preferences", "R11",
		"opensmtpd mx-connect maddy dma sendmail",
		"postfix exim-4.98 qmail-1.03 courier rfc5321" },
	{ "one stops at the first connection", "R13", "qmail-1.03 notqmail-1.09",
		"postfix exim-4.98 sendmail rfc5321" },
	{ "some know IPv4 only", "R15", "qmail-1.03 notqmail-1.09 james masqmail",
		"postfix exim-4.98 sendmail opensmtpd rfc5321" },
	{ "some rewrite the recipient", "R16",
		"sendmail exim-4.96 exim-4.98 qmail-1.03 notqmail-1.08",
		"sendmail-dontexpand postfix opensmtpd notqmail-1.09 dma courier "
		"haraka rfc5321" },
	{ "some do not know null MX", "R26",
		"qmail-1.03 dma opensmtpd-6.8 postal chasquid",
		"postfix sendmail exim-4.98 opensmtpd courier rfc5321" },
	{ "validators send nothing and break nothing", "R2", "mox",
		"naive-script swaks" },
};

static void check(
	const struct profile_set *set, const char *rule, const char *names, bool breaks)
{
	for (const char *p = names; *p != '\0'; p += strspn(p, " ")) {
		size_t n = strcspn(p, " ");
		char name[64];

		memcpy(name, p, n);
		name[n] = '\0';
		p += n;
		if (mta_breaks(profile_find(set, name), rule) != breaks)
			fail_msg("%s: %s %s", rule, name,
				breaks ? "follows it" : "breaks it");
	}
}

static void who_breaks_it(void **state)
{
	const struct row *row = *state;
	struct arena *a = arena_new();
	struct profile_set *set = profile_set_new(a);

	check(set, row->rule, row->breaks, true);
	check(set, row->rule, row->follows, false);
	arena_free(a);
}

/* The reference client is there to follow them all. */
static void the_reference_breaks_no_rule(void **state)
{
	struct arena *a = arena_new();
	const struct mta_profile *reference =
		profile_find(profile_set_new(a), "rfc5321");

	(void)state;
	for (size_t i = 0; i < mta_rules_n; i++)
		assert_false(mta_breaks(reference, mta_rules[i].name));
	arena_free(a);
}

int main(void)
{
	TESTS_ADD_ROWS(rows, who_breaks_it);
	TESTS_ADD(the_reference_breaks_no_rule);
	return tests_run("mta-rules");
}
