/* What a lab-world writes down: order, repetitions, limits, and what comes too late. */
#include "run/lab-book.h"

#include <pthread.h>
#include <string.h>
#include <time.h>

#include "base/arena.h"
#include "support/test.h"

/* Far beyond what any of these tests takes. */
#define PATIENCE_US UINT64_C(20000000)

static struct lab_came came(struct arena *a, const char *name, uint16_t id)
{
	return (struct lab_came){
		.from = { { 4, { 203, 0, 113, 10 } }, 40000 },
		.id = id,
		.question = { name_literal(a, name), TYPE_MX, CLASS_IN },
	};
}

static const struct row {
	const char *name;
	uint16_t id, port, type;
	const char *owner;
	bool tcp, again;
} rows[] = {
	{ "the same once more is a repetition", 7, 40000, TYPE_MX, "a.example", false,
		true },
	{ "letter case is no difference", 7, 40000, TYPE_MX, "A.example", false, true },
	{ "another id is none", 8, 40000, TYPE_MX, "a.example" },
	{ "another port is none", 7, 40001, TYPE_MX, "a.example" },
	{ "another type is none", 7, 40000, TYPE_A, "a.example" },
	{ "another name is none", 7, 40000, TYPE_MX, "b.example" },
	{ "the same over TCP is none", 7, 40000, TYPE_MX, "a.example", true },
};

static void again(void **state)
{
	const struct row *row = *state;
	struct arena *a = arena_new();
	struct lab_book *b = lab_book_new();
	struct lab_came c = came(a, "a.example", 7);
	struct lab_log log;

	lab_book_question(b, &c);
	c = came(a, "x.example", 9);
	lab_book_question(b, &c);
	c = came(a, row->owner, row->id);
	c.from.port = row->port;
	c.question.type = row->type;
	c.tcp = row->tcp;
	lab_book_question(b, &c);
	lab_book_copy(b, a, &log);
	assert_int_equal(log.n_questions, 3);
	assert_false(log.questions[0].again);
	assert_false(log.questions[1].again);
	assert_int_equal(log.questions[2].again, row->again);
	assert_int_equal(log.questions[2].tcp, row->tcp);
	lab_book_free(b);
	arena_free(a);
}

static size_t reply_to(const struct lab_came *c, uint16_t rcode, uint8_t wire[512])
{
	struct msg m;

	msg_init_query(&m, c->id, &c->question, true);
	m.qr = true;
	m.rcode = rcode;
	return msg_encode(&m, wire, 512);
}

static void answers_find_their_questions(void **state)
{
	struct arena *a = arena_new();
	struct lab_book *b = lab_book_new();
	struct lab_came x = came(a, "x.example", 1), y = came(a, "y.example", 2);
	uint64_t of_x = lab_book_question(b, &x), of_y = lab_book_question(b, &y);
	uint8_t wire[512];
	struct lab_log log;

	(void)state;
	lab_book_answer(b, of_y, wire, reply_to(&y, RCODE_NXDOMAIN, wire));
	lab_book_copy(b, a, &log);
	assert_null(log.questions[0].answer);
	assert_int_equal(log.questions[1].answer->rcode, RCODE_NXDOMAIN);
	lab_book_answer(b, of_x, (const uint8_t *)"garbage", 7);
	lab_book_copy(b, a, &log);
	assert_null(log.questions[0].answer);
	lab_book_answer(b, of_x, wire, reply_to(&x, RCODE_SERVFAIL, wire));
	lab_book_copy(b, a, &log);
	assert_int_equal(log.questions[0].answer->rcode, RCODE_SERVFAIL);
	assert_int_equal(log.moves, 5);
	lab_book_free(b);
	arena_free(a);
}

static void an_answer_to_what_was_forgotten_is_none(void **state)
{
	struct arena *a = arena_new();
	struct lab_book *b = lab_book_new();
	struct lab_came x = came(a, "x.example", 1), y = came(a, "y.example", 1);
	uint64_t old = lab_book_question(b, &x);
	uint8_t wire[512];
	struct lab_log log;

	(void)state;
	lab_book_forget(b);
	lab_book_copy(b, a, &log);
	assert_int_equal(log.n_questions, 0);
	lab_book_question(b, &y);
	lab_book_answer(b, old, wire, reply_to(&x, RCODE_NOERROR, wire));
	lab_book_copy(b, a, &log);
	assert_int_equal(log.n_questions, 1);
	assert_null(log.questions[0].answer);
	assert_false(log.questions[0].again);
	assert_int_equal(log.moves, 3);
	lab_book_free(b);
	arena_free(a);
}

static void one_question_too_many_is_not_written_down(void **state)
{
	struct arena *a = arena_new();
	struct lab_book *b = lab_book_new();
	struct lab_came c = came(a, "x.example", 0);
	struct lab_log log;

	(void)state;
	for (unsigned i = 0; i < LAB_LOG_MAX; i++) {
		c.id = (uint16_t)i;
		assert_true(lab_book_question(b, &c) != 0);
	}
	lab_book_copy(b, a, &log);
	assert_false(log.cut);
	assert_true(lab_book_question(b, &c) == 0);
	lab_book_answer(b, 0, (const uint8_t *)"", 0);
	lab_book_copy(b, a, &log);
	assert_int_equal(log.n_questions, LAB_LOG_MAX);
	assert_true(log.cut);
	assert_int_equal(log.moves, LAB_LOG_MAX + 2);
	lab_book_forget(b);
	lab_book_copy(b, a, &log);
	assert_false(log.cut);
	lab_book_free(b);
	arena_free(a);
}

static void answers_take_memory_up_to_a_limit(void **state)
{
	static uint8_t large[65535];
	struct arena *a = arena_new();
	struct lab_book *b = lab_book_new();
	struct lab_came c = came(a, "x.example", 0);
	struct lab_log log;

	(void)state;
	for (unsigned i = 0; i < 2 * LAB_LOG_BYTES / sizeof(large); i++)
		lab_book_answer(b, lab_book_question(b, &c), large, sizeof(large));
	lab_book_copy(b, a, &log);
	assert_true(log.cut);
	assert_true(log.n_questions > 900 && log.n_questions < 1100);
	lab_book_free(b);
	arena_free(a);
}

static void a_mail_is_written_down(void **state)
{
	static const struct sink_rcpt rcpts[] = { { "a@b", 250, "2.1.5" },
		{ "c@d", 550, NULL } };
	const struct sink_message m = { .host = "mx",
		.greeting = 220,
		.at = { { 4, { 192, 0, 2, 25 } }, 25 },
		.helo = "client",
		.from = "",
		.rcpts = rcpts,
		.n_rcpts = 2,
		.headers = "A\0B\n",
		.headers_len = 4,
		.body = "text\n",
		.body_len = 5,
		.end = SINK_TAKEN };
	struct arena *a = arena_new();
	struct lab_book *b = lab_book_new();
	struct lab_log log;

	(void)state;
	lab_book_mail(b, &m, false);
	lab_book_mail(b, &m, true);
	lab_book_copy(b, a, &log);
	lab_book_free(b);
	assert_int_equal(log.n_mails, 2);
	assert_string_equal(log.mails[0].host, "mx");
	assert_null(log.mails[1].host);
	assert_true(log.mails[1].notification && !log.mails[0].notification);
	assert_string_equal(log.mails[0].from, "");
	assert_int_equal(log.mails[0].n_rcpts, 2);
	assert_string_equal(log.mails[0].rcpts[1].address, "c@d");
	assert_null(log.mails[0].rcpts[1].status);
	assert_string_equal(log.mails[0].headers, "A B\n");
	assert_string_equal(log.mails[0].body, "text\n");
	arena_free(a);
}

static void the_last_offer_is_known_before_its_end(void **state)
{
	static const struct sink_rcpt rcpts[] = { { "a@b", 250, "2.1.5" },
		{ "c@d", 550, "5.1.1" } };
	struct sink_message m = { .host = "mx", .from = "x@y", .rcpts = rcpts };
	struct arena *a = arena_new();
	struct lab_book *b = lab_book_new();
	struct lab_log log;

	(void)state;
	lab_book_copy(b, a, &log);
	assert_null(log.offer);
	lab_book_met(b);
	for (m.n_rcpts = 1; m.n_rcpts <= 2; m.n_rcpts++)
		lab_book_offer(b, &m);
	lab_book_copy(b, a, &log);
	assert_int_equal(log.n_mails, 0);
	assert_int_equal(log.n_met, 1);
	assert_int_equal(log.moves, 3);
	assert_string_equal(log.offer->host, "mx");
	assert_string_equal(log.offer->from, "x@y");
	assert_int_equal(log.offer->n_rcpts, 1);
	assert_string_equal(log.offer->rcpts[0].address, "c@d");
	assert_int_equal(log.offer->rcpts[0].code, 550);
	lab_book_forget(b);
	lab_book_copy(b, a, &log);
	assert_null(log.offer);
	assert_int_equal(log.n_met, 0);
	lab_book_free(b);
	arena_free(a);
}

/* ---- waiting ---- */

static void waiting_ends_with_its_time(void **state)
{
	struct lab_book *b = lab_book_new();

	(void)state;
	assert_int_equal(lab_book_wait(b, 0, 1000), 0);
	lab_book_moved(b);
	assert_int_equal(lab_book_wait(b, 0, PATIENCE_US), 1);
	assert_int_equal(lab_book_wait(b, 1, 0), 1);
	lab_book_free(b);
}

#define ROUNDS 100

static void *return_it(void *b)
{
	for (unsigned i = 0; i < ROUNDS; i++) {
		lab_book_wait(b, 2 * i, PATIENCE_US);
		lab_book_moved(b);
	}
	return NULL;
}

/* To and fro: who is not woken finds the move when the time is over, too late. */
static void waiting_ends_when_something_moves(void **state)
{
	struct lab_book *b = lab_book_new();
	time_t end = time(NULL) + PATIENCE_US / 1000000;
	pthread_t thread;

	(void)state;
	assert_int_equal(pthread_create(&thread, NULL, return_it, b), 0);
	for (unsigned i = 0; i < ROUNDS; i++) {
		lab_book_moved(b);
		assert_int_equal(lab_book_wait(b, 2 * i + 1, PATIENCE_US), 2 * i + 2);
	}
	pthread_join(thread, NULL);
	assert_true(time(NULL) < end);
	lab_book_free(b);
}

int main(void)
{
	TESTS_ADD_ROWS(rows, again);
	TESTS_ADD(answers_find_their_questions);
	TESTS_ADD(an_answer_to_what_was_forgotten_is_none);
	TESTS_ADD(one_question_too_many_is_not_written_down);
	TESTS_ADD(answers_take_memory_up_to_a_limit);
	TESTS_ADD(a_mail_is_written_down);
	TESTS_ADD(the_last_offer_is_known_before_its_end);
	TESTS_ADD(waiting_ends_with_its_time);
	TESTS_ADD(waiting_ends_when_something_moves);
	return tests_run("run-lab-book");
}
