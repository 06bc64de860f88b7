#include "dns/writer.h"

#include <string.h>

#include "base/arena.h"
#include "base/rng.h"
#include "dns/msg.h"
#include "support/test.h"

static struct arena *a;

/* Writes NS records for the names, read from one text separated by spaces, and gives
 * the octets that each added beyond the fixed ones. */
static const char *sizes_of(const char *owner, const char *targets)
{
	uint8_t buf[1024];
	const char *text = "";
	struct writer w;
	char *copy = arena_strdup(a, targets), *one;

	writer_init(&w, buf, sizeof(buf));
	assert_true(writer_question(&w, name_literal(a, owner), TYPE_NS, CLASS_IN));
	while ((one = strsep(&copy, " ")) != NULL) {
		const struct name *n = name_literal(a, one);
		size_t before = w.len;

		assert_true(writer_record(&w, name_literal(a, owner), TYPE_NS, 1,
			name_wire(n), (uint16_t)name_len(n)));
		/* The owner is the question's name: a pointer. */
		text = arena_printf(a, "%s%s%zu", text, *text == '\0' ? "" : " ",
			w.len - before - 12);
	}
	return text;
}

static const struct size_row {
	const char *name;
	const char *owner, *targets, *want;
} sizes[] = {
	{ "a name without kin is written in full", "a.example", "x.test", "8" },
	{ "the tail of the question is pointed at", "a.example", "x.example", "4" },
	{ "the question itself, too", "a.example", "a.example", "2" },
	{ "the longest tail is found", "a.b.example", "x.a.b.example y.x.a.b.example",
		"4 4" },
	{ "a label in the middle does not do", "a.example", "example.a", "11" },
	{ "the same label elsewhere does not do", "a.example", "a.test a.example.test",
		"8 12" },
	{ "other letters do not do: a name comes out as it went in", "a.example",
		"x.EXAMPLE", "11" },
	{ "the fifth name and more are found, too", "a.example",
		"p.one q.two r.three s.four t.five u.five v.u.five w.example a.one",
		"7 7 9 8 8 4 4 4 4" },
	{ "the root is one octet", "a.example", ". .", "1 1" },
};

static void takes_so_many_octets(void **state)
{
	const struct size_row *r = *state;

	assert_string_equal(sizes_of(r->owner, r->targets), r->want);
}

/* A name from few labels, so that tails repeat. */
static const struct name *random_name(struct rng *rng)
{
	static const char *const labels[] = { "a", "b", "bb", "example", "com",
		"abcdefgh", "abcdefgi", "mail", "Mail", "x12345678901234567890" };
	const char *text = "";
	unsigned n = (unsigned)rng_below(rng, 6);

	for (unsigned i = 0; i < n; i++)
		text = arena_printf(a, "%s%s.", text,
			labels[rng_below(rng, sizeof(labels) / sizeof(*labels))]);
	return name_literal(a, *text == '\0' ? "." : text);
}

static void add_random(struct msg *m, struct rng *rng)
{
	const struct name *target = random_name(rng);
	struct rr rr = { random_name(rng), name_wire(target), 300, TYPE_CNAME,
		(uint16_t)name_len(target) };

	/* As in real answers: some owners are tails of names that stand before. */
	if (m->section[ANSWER].n > 0 && rng_below(rng, 3) == 0) {
		const struct rr *last =
			&m->section[ANSWER].rr[m->section[ANSWER].n - 1];

		rr.owner = rr_target(last);
		if (!name_is_root(rr.owner) && rng_below(rng, 2) == 0)
			rr.owner = name_parent(rr.owner);
	}
	msg_add(m, a, ANSWER, &rr);
}

static void whatever_names_come_they_are_read_as_written(void **state)
{
	struct rng rng = { 7 };

	(void)state;
	for (unsigned i = 0; i < 3000; i++) {
		struct question q = { random_name(&rng), TYPE_MX, CLASS_IN };
		unsigned n = 1 + (unsigned)rng_below(&rng, 40);
		static uint8_t wire[UINT16_MAX];
		struct msg query, m, back;

		msg_init_query(&query, 1, &q, false);
		msg_init_reply(&m, &query);
		for (unsigned k = 0; k < n; k++)
			add_random(&m, &rng);
		assert_int_equal(
			msg_decode(a, wire, msg_encode(&m, wire, sizeof(wire)), &back),
			0);
		assert_int_equal(back.section[ANSWER].n, n);
		for (unsigned k = 0; k < n; k++) {
			const struct rr *x = &m.section[ANSWER].rr[k];
			const struct rr *y = &back.section[ANSWER].rr[k];

			assert_int_equal(name_len(x->owner), name_len(y->owner));
			assert_memory_equal(x->owner, y->owner, name_len(x->owner));
			assert_int_equal(x->rdlen, y->rdlen);
			assert_memory_equal(x->rdata, y->rdata, x->rdlen);
		}
		arena_reset(a);
	}
}

int main(void)
{
	int failed;

	a = arena_new();
	TESTS_ADD_ROWS(sizes, takes_so_many_octets);
	TESTS_ADD(whatever_names_come_they_are_read_as_written);
	failed = tests_run("dns-writer");
	arena_free(a);
	return failed;
}
