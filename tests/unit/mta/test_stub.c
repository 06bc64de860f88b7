#include "support/test.h"

#include "base/arena.h"
#include "mta/stub.h"
#include "support/answers.h"

static struct arena *arena;

/* The table of rcodes: what each library makes of each kind of answer. */
struct row {
	const char *name, *stub, *answer, *outcome;
};

static const struct row rows[] = {
	{ "glibc: NODATA", "glibc", "MX c: ", "no-data" },
	{ "glibc: a bare CNAME is a success", "glibc", "MX c: c CNAME t", "success" },
	{ "glibc: NXDOMAIN", "glibc", "MX c NXDOMAIN", "host-not-found" },
	{ "glibc: the rcode outranks a CNAME", "glibc", "MX c NXDOMAIN: c CNAME t",
		"host-not-found" },
	{ "glibc: SERVFAIL", "glibc", "MX c SERVFAIL", "try-again" },
	{ "glibc: REFUSED", "glibc", "MX c REFUSED", "try-again" },
	{ "glibc: NOTIMP", "glibc", "MX c NOTIMP", "try-again" },
	{ "glibc: FORMERR", "glibc", "MX c FORMERR", "no-recovery" },
	{ "glibc: silence", "glibc", "MX c timeout", "try-again" },
	{ "libasr: any record outranks the rcode", "libasr", "MX c NXDOMAIN: c CNAME t",
		"success" },
	{ "libasr: NXDOMAIN", "libasr", "MX c NXDOMAIN", "host-not-found" },
	{ "libasr: REFUSED", "libasr", "MX c REFUSED", "no-recovery" },
	{ "libasr: SERVFAIL", "libasr", "MX c SERVFAIL", "try-again" },
	{ "go: a bare CNAME is not found", "go", "MX c: c CNAME t", "no-data" },
	{ "go: REFUSED is not temporary", "go", "MX c REFUSED", "no-recovery" },
	{ "go: SERVFAIL is temporary", "go", "MX c SERVFAIL", "try-again" },
	{ "c-ares: a bare CNAME is an empty list", "c-ares", "MX c: c CNAME t",
		"no-data" },
	{ "c-ares: SERVFAIL", "c-ares", "MX c SERVFAIL", "try-again" },
	{ "hickory: SERVFAIL is an error", "hickory", "MX c SERVFAIL", "try-again" },
	{ "hickory alpha: SERVFAIL is no records", "hickory-alpha", "MX c SERVFAIL",
		"no-data" },
	{ "hickory alpha: silence is an error", "hickory-alpha", "MX c timeout",
		"try-again" },
	{ "dnsjava: FORMERR", "dnsjava", "MX c FORMERR", "try-again" },
	{ "ruby: SERVFAIL is an empty list", "ruby", "MX c SERVFAIL", "no-data" },
	{ "ruby: NXDOMAIN is an empty list", "ruby", "MX c NXDOMAIN", "no-data" },
	{ "ruby: silence is an error", "ruby", "MX c timeout", "try-again" },
	{ "records of the type are a success", "ruby", "MX c: c MX 1 m", "success" },
};

static void test_row(void **state)
{
	const struct row *row = *state;
	struct question q = { name_literal(arena, "c"), TYPE_MX, CLASS_IN };
	const struct msg *m = answers_find(arena, row->answer, &q);

	assert_string_equal(
		outcome_name(stub_outcome(stub_find(row->stub), m, TYPE_MX)),
		row->outcome);
}

static void every_stub_says_where_it_was_read(void **state)
{
	(void)state;
	for (size_t i = 0; i < stubs_n; i++) {
		assert_non_null(stubs[i].help);
		assert_non_null(stubs[i].source);
		assert_ptr_equal(stub_find(stubs[i].name), &stubs[i]);
	}
	assert_null(stub_find("musl"));
}

int main(void)
{
	int failed;

	arena = arena_new();
	TESTS_ADD_ROWS(rows, test_row);
	TESTS_ADD(every_stub_says_where_it_was_read);
	failed = tests_run("mta-stub");
	arena_free(arena);
	return failed;
}
