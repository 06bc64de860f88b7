#include "support/test.h"

#include <pthread.h>
#include <signal.h>
#include <time.h>

#include "net/loop.h"

static uint64_t clock_us(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000 + (uint64_t)ts.tv_nsec / 1000;
}

static void stop(void *loop)
{
	net_loop_stop(loop);
}

static void add_one(void *n)
{
	++*(int *)n;
}

static void a_timer_never_comes_early(void **state)
{
	struct net_loop *l = net_loop_new();

	(void)state;
	for (uint64_t us = 1; us < 10000; us = us * 3 + 7) {
		uint64_t before = clock_us();

		net_loop_after(l, us, stop, l);
		net_loop_run(l);
		assert_true(clock_us() - before >= us);
	}
	net_loop_free(l);
}

static void a_cancelled_timer_does_not_run(void **state)
{
	struct net_loop *l = net_loop_new();
	int n = 0;

	(void)state;
	net_timer_cancel(net_loop_after(l, 1, add_one, &n));
	net_loop_after(l, 10000, stop, l);
	net_loop_run(l);
	assert_int_equal(n, 0);
	net_timer_cancel(NULL);
	net_loop_free(l);
}

static void timers_and_calls_that_did_not_run_go_with_the_loop(void **state)
{
	struct net_loop *l = net_loop_new();
	int n = 0;

	(void)state;
	net_loop_after(l, UINT64_MAX, add_one, &n);
	net_loop_call(l, add_one, &n);
	net_loop_free(l);
	assert_int_equal(n, 0);
	net_loop_free(NULL);
}

static void a_stop_before_the_run_ends_it_once(void **state)
{
	struct net_loop *l = net_loop_new();
	int n = 0;

	(void)state;
	net_loop_stop(l);
	net_loop_run(l);
	net_loop_call(l, add_one, &n);
	net_loop_call(l, stop, l);
	net_loop_run(l);
	assert_int_equal(n, 1);
	net_loop_free(l);
}

static void once_waits_no_longer_than_it_is_told(void **state)
{
	struct net_loop *l = net_loop_new();
	int n = 0;

	(void)state;
	net_loop_once(l, 0);
	net_loop_once(l, 1000);
	net_loop_call(l, add_one, &n);
	net_loop_once(l, 60000000);
	assert_int_equal(n, 1);
	net_loop_free(l);
}

static void the_clock_stands_still_within_a_wake_up(void **state)
{
	struct net_loop *l = net_loop_new();
	uint64_t before = net_loop_now_us(l), during;

	(void)state;
	while (clock_us() == before)
		;
	assert_true(net_loop_now_us(l) == before);
	net_loop_once(l, 0);
	during = net_loop_now_us(l);
	assert_true(during > before);
	net_loop_free(l);
}

static void a_signal_runs_on_the_loop(void **state)
{
	struct net_loop *l = net_loop_new();
	int n = 0;

	(void)state;
	net_loop_on_signal(l, SIGUSR1, add_one, &n);
	raise(SIGUSR1);
	while (n < 1)
		net_loop_once(l, 1000000);
	raise(SIGUSR1);
	while (n < 2)
		net_loop_once(l, 1000000);
	net_loop_free(l);
}

/* ---- from other threads ---- */

#define CALLS 20000

struct crowd {
	struct net_loop *loop;
	int seen;
};

static void one_more(void *ctx)
{
	struct crowd *c = ctx;

	if (++c->seen == 2 * CALLS)
		net_loop_stop(c->loop);
}

static void *call_often(void *ctx)
{
	struct crowd *c = ctx;

	for (int i = 0; i < CALLS; i++)
		net_loop_call(c->loop, one_more, c);
	return NULL;
}

static void no_call_of_another_thread_is_lost(void **state)
{
	struct crowd c = { .loop = net_loop_new() };
	pthread_t one, other;

	(void)state;
	pthread_create(&one, NULL, call_often, &c);
	pthread_create(&other, NULL, call_often, &c);
	net_loop_run(c.loop);
	pthread_join(one, NULL);
	pthread_join(other, NULL);
	assert_int_equal(c.seen, 2 * CALLS);
	net_loop_free(c.loop);
}

struct step {
	int *last, mine;
	struct net_loop *loop;
};

static void take_step(void *ctx)
{
	struct step *s = ctx;

	assert_int_equal(*s->last, s->mine - 1);
	*s->last = s->mine;
	if (s->mine == 3)
		net_loop_stop(s->loop);
}

static void calls_run_in_order(void **state)
{
	struct net_loop *l = net_loop_new();
	int last = 0;
	struct step steps[] = { { &last, 1, l }, { &last, 2, l }, { &last, 3, l } };

	(void)state;
	for (int i = 0; i < 3; i++)
		net_loop_call(l, take_step, &steps[i]);
	net_loop_run(l);
	assert_int_equal(last, 3);
	net_loop_free(l);
}

int main(void)
{
	TESTS_ADD(a_timer_never_comes_early);
	TESTS_ADD(a_cancelled_timer_does_not_run);
	TESTS_ADD(timers_and_calls_that_did_not_run_go_with_the_loop);
	TESTS_ADD(a_stop_before_the_run_ends_it_once);
	TESTS_ADD(once_waits_no_longer_than_it_is_told);
	TESTS_ADD(the_clock_stands_still_within_a_wake_up);
	TESTS_ADD(a_signal_runs_on_the_loop);
	TESTS_ADD(no_call_of_another_thread_is_lost);
	TESTS_ADD(calls_run_in_order);
	return tests_run("net-loop");
}
