#include "support/test.h"

#include <string.h>

#include "base/arena.h"
#include "base/lookup.h"
#include "base/str.h"
#include "mta/profile.h"
#include "mta/rules.h"

static struct arena *arena;

static const struct place here = { "x.conf", 3, 5 };

/* docs: the names of the catalogue are fixed. */
static void the_catalogue_is_complete(void **state)
{
	static const char *const names[] = { "postfix", "sendmail",
		"sendmail-dontexpand", "exim-4.96", "exim-4.98", "opensmtpd-6.8",
		"opensmtpd", "qmail-1.03", "notqmail-1.08", "notqmail-1.09", "dma",
		"courier", "courier-1.0.16", "haraka", "mx-connect", "maddy",
		"stalwart", "kumomta", "postal", "james", "mox", "chasquid",
		"hmailserver", "masqmail", "rfc5321", "python-email-validator",
		"checkdmarc", "swaks", "naive-script" };
	struct profile_set *set = profile_set_new(arena);

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		const struct mta_profile *p = profile_find(set, names[i]);

		assert_non_null(p);
		assert_string_equal(profile_name(p), names[i]);
	}
	assert_int_equal(profile_set_size(set), ARRAY_LEN(names));
	assert_null(profile_find(set, "base"));
	assert_null(profile_find(set, ""));
}

struct alias_row {
	const char *name;
	const char *alias, *client;
};

static const struct alias_row alias_rows[] = {
	{ "a name is itself", "postfix", "postfix" },
	{ "letter case does not count", "Postfix", "postfix" },
	{ "an alias is its client", "exim-4.95", "exim-4.96" },
	{ "a patch release is its release", "exim-4.96.2", "exim-4.96" },
	{ "a release is its series", "postfix-3.7.11", "postfix" },
	{ "letters after a version do not count", "opensmtpd-6.8.0p2",
		"opensmtpd-6.8" },
	{ "a version of a name with a dash", "mx-connect-2.0.0", "mx-connect" },
	{ "a version in the name is kept apart", "courier-1.0.16", "courier-1.0.16" },
	{ "a series that no row speaks for is nobody", "postfix-1.1", NULL },
	{ "a program without a version is not guessed from one", "postal-9.1", NULL },
	{ "nothing is nobody", "", NULL },
};

static void alias_leads_to(void **state)
{
	const struct alias_row *row = *state;
	struct arena *a = arena_new();
	const struct mta_profile *p = profile_find(profile_set_new(a), row->alias);

	assert_string_equal(p == NULL ? "nobody" : profile_name(p),
		row->client == NULL ? "nobody" : row->client);
	arena_free(a);
}

static void aliases_and_near_misses_are_understood(void **state)
{
	struct profile_set *set = profile_set_new(arena);

	(void)state;
	assert_string_equal(profile_name(profile_find(set, "exim-4.95")), "exim-4.96");
	assert_string_equal(profile_name(profile_find(set, "Postfix-3.12")), "postfix");
	assert_string_equal(profile_nearest(set, "postfx"), "postfix");
	assert_true(profile_is_validator(profile_find(set, "swaks")));
	assert_false(profile_is_validator(profile_find(set, "dma")));
}

struct bad_row {
	const char *name, *key, *value, *text;
};

static const struct bad_row bad[] = {
	{ "an unknown field is named", "rewriet", "none", "a profile has no field" },
	{ "an unknown word is named", "rewrite", "some",
		"is not a value of \"rewrite\"" },
	{ "a number is bounded", "max-mx", "1001", "takes a number" },
	{ "a number is a number", "max-mx", "many", "takes a number" },
	{ "a number is not negative", "max-mx", "-1", "takes a number" },
	{ "a bool is yes or no", "dedupe", "maybe", "is not a value" },
	{ "a ruling has a known action", "on-soft", "explode 4.4.3", "is not a value" },
	{ "a ruling's code is a code", "on-soft", "defer later", "enhanced code" },
	{ "a stub is known", "stub", "glib", "unknown stub" },
};

static void test_bad(void **state)
{
	const struct bad_row *row = *state;
	struct profile_set *set = profile_set_new(arena);
	struct errs errs;
	struct mta_profile *p;

	errs_init(&errs, arena);
	p = profile_define(set, "mine", "postfix", here, &errs);
	assert_non_null(p);
	assert_int_equal(
		profile_set_field(set, p, row->key, row->value, here, here, &errs), -1);
	assert_int_equal(errs.n, 1);
	assert_non_null(strstr(errs.list[0].text, row->text));
}

static void a_user_row_inherits_and_overrides(void **state)
{
	struct profile_set *set = profile_set_new(arena);
	size_t before = profile_set_size(set);
	struct str s = STR_INIT;
	struct mta_profile *p;
	struct errs errs;

	(void)state;
	errs_init(&errs, arena);
	p = profile_define(set, "my-relay", "postfix", here, &errs);
	assert_int_equal(
		profile_set_field(set, p, "cname-rounds", "3", here, here, &errs), 0);
	assert_int_equal(profile_set_field(set, p, "on-soft", "bounce 5.4.3 enough",
				 here, here, &errs),
		0);
	assert_int_equal(profile_set_size(set), before + 1);
	assert_ptr_equal(profile_at(set, before), p);
	profile_explain(&s, p);
	assert_non_null(strstr(s.data, "bounce 5.4.3 enough"));
	assert_non_null(strstr(s.data, "x.conf:3"));
	assert_non_null(strstr(s.data, "smtp_addr.c"));
	str_clear(&s);
	assert_null(profile_define(set, "my-relay", "postfix", here, &errs));
	assert_null(profile_define(set, "other", "postfx", here, &errs));
	assert_null(profile_define(set, "Bad Name", "postfix", here, &errs));
	assert_int_equal(errs.n, 3);
}

static void rules_are_numbered_without_gaps(void **state)
{
	(void)state;
	assert_int_equal(mta_rules_n, 35);
	for (size_t i = 0; i < mta_rules_n; i++) {
		assert_string_equal(
			mta_rules[i].name, arena_printf(arena, "R%zu", i + 1));
		assert_non_null(mta_rules[i].source);
	}
}

int main(void)
{
	int failed;

	arena = arena_new();
	TESTS_ADD(the_catalogue_is_complete);
	TESTS_ADD_ROWS(alias_rows, alias_leads_to);
	TESTS_ADD(aliases_and_near_misses_are_understood);
	TESTS_ADD_ROWS(bad, test_bad);
	TESTS_ADD(a_user_row_inherits_and_overrides);
	TESTS_ADD(rules_are_numbered_without_gaps);
	failed = tests_run("mta-profile");
	arena_free(arena);
	return failed;
}
