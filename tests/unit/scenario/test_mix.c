#include "scenario/parse.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/err.h"
#include "support/test.h"

static int parse(struct arena *a, const char *text, struct errs *errs, struct mix **ret)
{
	char path[] = "/tmp/mix-XXXXXX";
	int fd = mkstemp(path);
	int rc;

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	close(fd);
	errs_init(errs, a);
	rc = mix_parse_file(a, path, errs, ret);
	unlink(path);
	return rc;
}

struct bad_row {
	const char *name;
	const char *text;
	const char *want;
	int line, col;
};

static const struct bad_row bad[] = {
	{ "an unknown client has no share", "clients: { postfx: 1 }\n",
		"\"postfx\" matches no client", 1, 12 },
	{ "an unknown resolver has no share", "resolvers:\n  xyzzy: 1\n",
		"\"xyzzy\" matches no resolver", 2, 3 },
	{ "a share is not negative", "clients: { postfix: -1 }\n",
		"the weight of \"postfix\" should be a number, 0 or more", 1, 21 },
	{ "a share is not infinite", "clients: { postfix: inf }\n",
		"the weight of \"postfix\" should be a number, 0 or more", 1, 21 },
	{ "a share is not a word", "clients: { postfix: many }\n",
		"the weight of \"postfix\" should be a number, 0 or more", 1, 21 },
	{ "a share has one point", "clients: { postfix: 1.2.3 }\n",
		"the weight of \"postfix\" should be a number, 0 or more", 1, 21 },
	{ "a share is not left out", "clients:\n  postfix:\n",
		"the weight of \"postfix\" should be a number, 0 or more", 2, 3 },
	{ "shares are not all zero", "source: x\nclients: { postfix: 0 }\n",
		"clients needs a weight over 0", 2, 1 },
	{ "a glob comes once", "clients: { postfix: 1, postfix: 2 }\n",
		"second \"postfix\"", 1, 24 },
	{ "a mix says something", "source: x\n",
		"neither clients nor resolvers have weights", 1, 1 },
	{ "an unknown key is reported",
		"client: { postfix: 1 }\nresolvers: { ideal: 1 }\n",
		"unknown key \"client\" in mix", 1, 1 },
	{ "a list is no mix", "[postfix]\n",
		"a mix is one map: source, clients, resolvers", 1, 1 },
	{ "nothing is no mix", "", "a mix is one map: source, clients, resolvers", 1,
		1 },
};

static void test_bad(void **state)
{
	const struct bad_row *row = *state;
	struct arena *a = arena_new();
	struct errs errs;
	struct mix *m;

	assert_int_equal(parse(a, row->text, &errs, &m), -1);
	assert_string_equal(errs.list[0].text, row->want);
	assert_int_equal(errs.list[0].at.line, row->line);
	assert_int_equal(errs.list[0].at.col, row->col);
	assert_int_equal(errs.n, 1);
	arena_free(a);
}

static void test_good(void **state)
{
	struct arena *a = arena_new();
	struct errs errs;
	struct mix *m;

	(void)state;
	assert_int_equal(
		parse(a,
			"source: a survey\nclients: { postfix: 40.5, \"exim-*\": 25, "
			"sendmail: 0 }\nresolvers:\n  unbound-*: 1\n",
			&errs, &m),
		0);
	assert_string_equal(m->source, "a survey");
	assert_int_equal(m->n_clients, 3);
	assert_string_equal(m->clients[1].glob, "exim-*");
	assert_true(m->clients[0].weight > 40.49 && m->clients[0].weight < 40.51);
	assert_true(m->clients[2].weight >= 0 && m->clients[2].weight <= 0);
	assert_int_equal(m->n_resolvers, 1);
	arena_free(a);
}

static void test_fixture(void **state)
{
	struct arena *a = arena_new();
	struct errs errs;
	struct mix *m;

	(void)state;
	errs_init(&errs, a);
	assert_int_equal(mix_parse_file(a, "fixtures/mix/typical.conf", &errs, &m), 0);
	assert_true(m->n_clients > 0);
	arena_free(a);
}

int main(void)
{
	TESTS_ADD_ROWS(bad, test_bad);
	tests_add("a good mix comes out as written", test_good);
	tests_add("the mix that the project brings has no mistakes", test_fixture);
	return tests_run("scenario-mix");
}
