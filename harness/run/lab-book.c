#include "run/lab-book.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/arena.h"
#include "base/bug.h"

#define BUCKETS 1024 /* a power of two */

/* The answer is kept as octets: it is read when somebody wants it. */
struct asked {
	struct asked *next; /* in its bucket */
	struct lab_question q;
	struct endpoint from;
	uint16_t id;
	const uint8_t *answer; /* or NULL */
	size_t answer_len;
};

struct lab_book {
	pthread_mutex_t lock; /* of all that follows */
	pthread_cond_t moved;
	uint64_t moves;
	struct arena *arena; /* of what is written down */
	uint32_t volume;     /* how often it was forgotten */
	uint64_t start_us;
	struct asked **asked;
	struct lab_mail *mails;
	size_t n_asked, n_mails;
	struct lab_mail *offer; /* or NULL */
	unsigned n_met;
	struct asked *buckets[BUCKETS];
	bool taken, cut;
};

static uint64_t clock_us(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000 + (uint64_t)ts.tv_nsec / 1000;
}

/* ---- a book ---- */

static void open_at_first_page(struct lab_book *b)
{
	b->asked = arena_array(b->arena, LAB_LOG_MAX, sizeof(struct asked *));
	b->mails = arena_array(b->arena, LAB_LOG_MAX, sizeof(*b->mails));
	b->start_us = clock_us();
}

struct lab_book *lab_book_new(void)
{
	struct lab_book *b = calloc(1, sizeof(*b));
	pthread_condattr_t attr;

	if (b == NULL)
		bug("no memory for a log");
	pthread_mutex_init(&b->lock, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&b->moved, &attr);
	pthread_condattr_destroy(&attr);
	b->arena = arena_new();
	open_at_first_page(b);
	return b;
}

void lab_book_free(struct lab_book *b)
{
	if (b == NULL)
		return;
	arena_free(b->arena);
	pthread_cond_destroy(&b->moved);
	pthread_mutex_destroy(&b->lock);
	free(b);
}

void lab_book_forget(struct lab_book *b)
{
	pthread_mutex_lock(&b->lock);
	arena_reset(b->arena);
	b->volume++;
	b->n_asked = b->n_mails = 0;
	b->offer = NULL;
	b->n_met = 0;
	b->taken = b->cut = false;
	memset(b->buckets, 0, sizeof(b->buckets));
	open_at_first_page(b);
	pthread_mutex_unlock(&b->lock);
}

/* ---- writing, under the lock ---- */

static void move(struct lab_book *b)
{
	b->moves++;
	pthread_cond_broadcast(&b->moved);
}

/* For one more of `n`. */
static bool has_room(struct lab_book *b, size_t n)
{
	bool room = n < LAB_LOG_MAX && arena_footprint(b->arena) < LAB_LOG_BYTES;

	b->cut = b->cut || !room;
	return room;
}

static struct asked **bucket_of(struct lab_book *b, const struct lab_came *came)
{
	return &b->buckets[(came->id ^ came->from.port * 31u) & (BUCKETS - 1)];
}

static bool is_again(const struct asked *a, const struct lab_came *came)
{
	const struct question *x = &a->q.question, *y = &came->question;

	return a->id == came->id && a->q.tcp == came->tcp &&
	       a->from.port == came->from.port &&
	       ip_equal(&a->from.ip, &came->from.ip) && x->type == y->type &&
	       x->class == y->class && name_equal(x->name, y->name);
}

static bool came_before(struct lab_book *b, const struct lab_came *came)
{
	const struct asked *a = *bucket_of(b, came);

	while (a != NULL && !is_again(a, came))
		a = a->next;
	return a != NULL;
}

static void write_question(struct lab_book *b, const struct lab_came *came)
{
	struct asked **bucket = bucket_of(b, came);
	struct asked *a = arena_alloc(b->arena, sizeof(*a));

	a->q = (struct lab_question){
		.t_us = clock_us() - b->start_us,
		.question = came->question,
		.tcp = came->tcp,
		.again = came_before(b, came),
		.ours = came->ours,
	};
	a->q.question.name = name_copy(b->arena, came->question.name);
	a->from = came->from;
	a->id = came->id;
	a->next = *bucket;
	*bucket = a;
	b->asked[b->n_asked++] = a;
}

uint64_t lab_book_question(struct lab_book *b, const struct lab_came *came)
{
	uint64_t ret = 0;

	pthread_mutex_lock(&b->lock);
	if (has_room(b, b->n_asked)) {
		write_question(b, came);
		ret = (uint64_t)b->volume << 32 | b->n_asked;
	}
	move(b);
	pthread_mutex_unlock(&b->lock);
	return ret;
}

void lab_book_answer(
	struct lab_book *b, uint64_t question, const uint8_t *message, size_t len)
{
	struct asked *a;

	pthread_mutex_lock(&b->lock);
	if (question != 0 && question >> 32 == b->volume && has_room(b, 0)) {
		a = b->asked[(uint32_t)question - 1];
		a->answer = arena_memdup(b->arena, message, len);
		a->answer_len = len;
	}
	move(b);
	pthread_mutex_unlock(&b->lock);
}

static const char *copy_text(struct arena *a, const char *text)
{
	return text == NULL ? NULL : arena_strdup(a, text);
}

/* Hostile NULs inside would hide what comes after them. */
static const char *copy_octets(struct arena *a, const char *data, size_t len)
{
	char *text = arena_alloc(a, len + 1);

	for (size_t i = 0; i < len; i++)
		text[i] = data[i] == '\0' ? ' ' : data[i];
	return text;
}

static const struct sink_rcpt *copy_rcpts(
	struct arena *a, const struct sink_rcpt *from, unsigned n)
{
	struct sink_rcpt *rcpts = arena_array(a, n + 1u, sizeof(*rcpts));

	for (unsigned i = 0; i < n; i++)
		rcpts[i] = (struct sink_rcpt){
			.address = copy_text(a, from[i].address),
			.code = from[i].code,
			.status = copy_text(a, from[i].status),
		};
	return rcpts;
}

static struct lab_mail read_mail(
	struct lab_book *b, const struct sink_message *m, bool notification)
{
	struct arena *a = b->arena;

	return (struct lab_mail){
		.t_us = clock_us() - b->start_us,
		.at = m->at.ip,
		.host = notification ? NULL : copy_text(a, m->host),
		.notification = notification,
		.greeting = m->greeting,
		.helo = copy_text(a, m->helo),
		.from = copy_text(a, m->from),
		.rcpts = copy_rcpts(a, m->rcpts, m->n_rcpts),
		.n_rcpts = m->n_rcpts,
		.headers = copy_octets(a, m->headers, m->headers_len),
		.body = copy_octets(a, m->body, m->body_len),
		.end = m->end,
	};
}

void lab_book_mail(struct lab_book *b, const struct sink_message *m, bool notification)
{
	pthread_mutex_lock(&b->lock);
	if (has_room(b, b->n_mails))
		b->mails[b->n_mails++] = read_mail(b, m, notification);
	b->taken = b->taken || (!notification && m->end == SINK_TAKEN);
	move(b);
	pthread_mutex_unlock(&b->lock);
}

/* The last recipient is the one that counts; the others were told before. */
void lab_book_offer(struct lab_book *b, const struct sink_message *m)
{
	struct sink_message last = *m;

	last.rcpts = &m->rcpts[m->n_rcpts - 1];
	last.n_rcpts = 1;
	pthread_mutex_lock(&b->lock);
	if (has_room(b, 0)) {
		b->offer = arena_alloc(b->arena, sizeof(*b->offer));
		*b->offer = read_mail(b, &last, false);
	}
	move(b);
	pthread_mutex_unlock(&b->lock);
}

void lab_book_met(struct lab_book *b)
{
	pthread_mutex_lock(&b->lock);
	b->n_met++;
	move(b);
	pthread_mutex_unlock(&b->lock);
}

void lab_book_moved(struct lab_book *b)
{
	pthread_mutex_lock(&b->lock);
	move(b);
	pthread_mutex_unlock(&b->lock);
}

/* ---- reading ---- */

static const struct msg *read_answer(struct arena *a, const struct asked *from)
{
	struct msg *m;

	if (from->answer == NULL)
		return NULL;
	m = arena_alloc(a, sizeof(*m));
	return msg_decode(a, from->answer, from->answer_len, m) == 0 ? m : NULL;
}

static const struct lab_question *copy_questions(struct lab_book *b, struct arena *a)
{
	struct lab_question *ret = arena_array(a, b->n_asked + 1, sizeof(*ret));

	for (size_t i = 0; i < b->n_asked; i++) {
		ret[i] = b->asked[i]->q;
		ret[i].question.name = name_copy(a, ret[i].question.name);
		ret[i].answer = read_answer(a, b->asked[i]);
	}
	return ret;
}

static void copy_mail(struct arena *a, const struct lab_mail *m, struct lab_mail *ret)
{
	*ret = *m;
	ret->host = copy_text(a, m->host);
	ret->helo = copy_text(a, m->helo);
	ret->from = copy_text(a, m->from);
	ret->rcpts = copy_rcpts(a, m->rcpts, m->n_rcpts);
	ret->headers = copy_text(a, m->headers);
	ret->body = copy_text(a, m->body);
}

static const struct lab_mail *copy_mails(struct lab_book *b, struct arena *a)
{
	struct lab_mail *ret = arena_array(a, b->n_mails + 1, sizeof(*ret));

	for (size_t i = 0; i < b->n_mails; i++)
		copy_mail(a, &b->mails[i], &ret[i]);
	return ret;
}

static const struct lab_mail *copy_offer(struct lab_book *b, struct arena *a)
{
	struct lab_mail *ret;

	if (b->offer == NULL)
		return NULL;
	ret = arena_alloc(a, sizeof(*ret));
	copy_mail(a, b->offer, ret);
	return ret;
}

void lab_book_copy(struct lab_book *b, struct arena *a, struct lab_log *ret)
{
	pthread_mutex_lock(&b->lock);
	*ret = (struct lab_log){
		.questions = copy_questions(b, a),
		.n_questions = b->n_asked,
		.mails = copy_mails(b, a),
		.n_mails = b->n_mails,
		.offer = copy_offer(b, a),
		.n_met = b->n_met,
		.moves = b->moves,
		.cut = b->cut,
	};
	pthread_mutex_unlock(&b->lock);
}

struct lab_news lab_book_news(struct lab_book *b)
{
	struct lab_news ret;

	pthread_mutex_lock(&b->lock);
	ret = (struct lab_news){ b->moves, b->taken, b->cut };
	pthread_mutex_unlock(&b->lock);
	return ret;
}

/* Longer than any run, and far from the end of the clock. */
#define WAIT_MAX_US (UINT64_C(365) * 86400 * 1000000)

uint64_t lab_book_wait(struct lab_book *b, uint64_t moves, uint64_t us)
{
	uint64_t end = clock_us() + (us < WAIT_MAX_US ? us : WAIT_MAX_US), ret;
	const struct timespec until = {
		.tv_sec = (time_t)(end / 1000000),
		.tv_nsec = (long)(end % 1000000) * 1000,
	};

	pthread_mutex_lock(&b->lock);
	while (b->moves == moves &&
		pthread_cond_timedwait(&b->moved, &b->lock, &until) != ETIMEDOUT)
		;
	ret = b->moves;
	pthread_mutex_unlock(&b->lock);
	return ret;
}
