#include "support/test.h"

#include <sched.h>

#include "server/snapshot.h"
#include "unit/server/build.h"

static atomic_uint released;

static void count_release(void *memory)
{
	atomic_fetch_add(&released, 1);
	arena_free(memory);
}

static struct service_data data_with(const struct quirk *quirks, unsigned n)
{
	struct arena *a = arena_new();
	struct zone_text zone = { "example.net", "strict", APEX };
	struct service_data data = { .release = count_release, .memory = a };

	data.server = *build_server(a, &zone, 1, quirks, n);
	return data;
}

static void replace(struct snapshots *ss)
{
	struct service_data data = data_with(NULL, 0);

	snapshots_replace(ss, &data);
}

static void begin(struct snapshots *ss, const struct quirk *quirks, unsigned n)
{
	struct service_data data = data_with(quirks, n);

	atomic_store(&released, 0);
	snapshots_init(ss, 2, &data);
}

static void what_is_read_stays_until_the_reader_leaves(void **state)
{
	struct snapshots ss;
	struct snapshot *s;

	(void)state;
	begin(&ss, NULL, 0);
	s = snapshots_enter(&ss, 1);
	replace(&ss);
	assert_int_equal(released, 0);
	assert_ptr_not_equal(snapshots_enter(&ss, 0), s);
	snapshots_leave(&ss, 0);
	assert_int_equal(released, 0);
	snapshots_leave(&ss, 1);
	assert_int_equal(released, 1);
	snapshots_clear(&ss);
	assert_int_equal(released, 2);
}

static void what_is_held_stays_until_the_last_lets_go(void **state)
{
	struct snapshots ss;
	struct snapshot *s;

	(void)state;
	begin(&ss, NULL, 0);
	s = snapshots_enter(&ss, 0);
	snapshot_hold(s);
	snapshot_hold(s);
	snapshots_leave(&ss, 0);
	replace(&ss);
	assert_int_equal(released, 0);
	snapshot_let_go(&ss, s);
	assert_int_equal(released, 0);
	snapshot_let_go(&ss, s);
	assert_int_equal(released, 1);
	snapshots_clear(&ss);
}

static void letting_go_of_what_is_served_frees_nothing(void **state)
{
	struct snapshots ss;
	struct snapshot *s;

	(void)state;
	begin(&ss, NULL, 0);
	s = snapshots_enter(&ss, 0);
	snapshot_hold(s);
	snapshots_leave(&ss, 0);
	snapshot_let_go(&ss, s);
	assert_int_equal(released, 0);
	snapshots_clear(&ss);
	assert_int_equal(released, 1);
}

static void of_several_that_were_replaced_those_unread_go(void **state)
{
	struct snapshots ss;

	(void)state;
	begin(&ss, NULL, 0);
	snapshots_enter(&ss, 0);
	replace(&ss);
	snapshots_enter(&ss, 1);
	replace(&ss);
	replace(&ss);
	/* The third was never read. */
	assert_int_equal(released, 1);
	snapshots_leave(&ss, 1);
	assert_int_equal(released, 2);
	snapshots_leave(&ss, 0);
	assert_int_equal(released, 3);
	snapshots_clear(&ss);
}

/* ---- quirks ---- */

static const char *acts(struct snapshots *ss)
{
	struct arena *a = arena_new();
	struct msg query = build_query(a, "A www.example.net");
	struct snapshot *s = snapshots_enter(ss, 0);
	struct quirk_choice choice = snapshot_choose_quirk(s, PROTO_UDP, &query);

	snapshots_leave(ss, 0);
	arena_free(a);
	return choice.quirk == NULL ? "none" : choice.quirk->row->name;
}

static void a_quirk_that_is_used_up_stays_so_when_zones_change(void **state)
{
	struct quirk quirk = { .row = quirk_row("refused"), .count = 2 };
	struct quirk other = quirk;
	struct service_data same, new;
	struct snapshots ss;

	(void)state;
	begin(&ss, &quirk, 1);
	assert_string_equal(acts(&ss), "refused");
	same = data_with(&quirk, 1);
	snapshots_replace(&ss, &same);
	assert_string_equal(acts(&ss), "refused");
	assert_string_equal(acts(&ss), "none");
	new = data_with(&other, 1);
	snapshots_replace(&ss, &new);
	assert_string_equal(acts(&ss), "refused");
	snapshots_clear(&ss);
}

/* ---- threads ---- */

#define ROUNDS 300

struct reading {
	struct snapshots *ss;
	atomic_bool *end;
	unsigned reader;
	unsigned long read;
};

/* Looks at what a freed snapshot would no longer have: for the sanitizers. */
static void *read_on(void *ctx)
{
	struct reading *r = ctx;

	while (!atomic_load(r->end)) {
		struct snapshot *s = snapshots_enter(r->ss, r->reader);

		r->read += s->data.server.n_zones +
			   zone_records(s->data.server.zones[0].zone);
		if (r->read % 7 == 0) {
			snapshot_hold(s);
			snapshots_leave(r->ss, r->reader);
			r->read += zone_records(s->data.server.zones[0].zone);
			snapshot_let_go(r->ss, s);
		} else {
			snapshots_leave(r->ss, r->reader);
		}
		sched_yield();
	}
	return NULL;
}

static void readers_and_one_who_replaces_do_not_disturb_each_other(void **state)
{
	atomic_bool end = false;
	struct snapshots ss;
	struct reading reading[2];
	pthread_t threads[2];

	(void)state;
	begin(&ss, NULL, 0);
	for (unsigned i = 0; i < 2; i++) {
		reading[i] = (struct reading){ &ss, &end, i, 0 };
		assert_int_equal(
			pthread_create(&threads[i], NULL, read_on, &reading[i]), 0);
	}
	for (int i = 0; i < ROUNDS; i++)
		replace(&ss);
	atomic_store(&end, true);
	for (unsigned i = 0; i < 2; i++)
		pthread_join(threads[i], NULL);
	assert_int_equal(released, ROUNDS);
	snapshots_clear(&ss);
	assert_int_equal(released, ROUNDS + 1);
}

int main(void)
{
	TESTS_ADD(what_is_read_stays_until_the_reader_leaves);
	TESTS_ADD(what_is_held_stays_until_the_last_lets_go);
	TESTS_ADD(letting_go_of_what_is_served_frees_nothing);
	TESTS_ADD(of_several_that_were_replaced_those_unread_go);
	TESTS_ADD(a_quirk_that_is_used_up_stays_so_when_zones_change);
	TESTS_ADD(readers_and_one_who_replaces_do_not_disturb_each_other);
	return tests_run("server-snapshot");
}
