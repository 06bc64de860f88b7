#include "net/loop.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/queue.h>
#include <time.h>
#include <unistd.h>

#include <event2/event.h>
#include <event2/event_struct.h>

#include "base/bug.h"

struct net_timer {
	struct event event;
	LIST_ENTRY(net_timer) link;
	uint64_t due_us;
	void (*fn)(void *ctx);
	void *ctx;
};

struct net_signal {
	struct event event;
	SLIST_ENTRY(net_signal) link;
	void (*fn)(void *ctx);
	void *ctx;
};

struct net_call {
	STAILQ_ENTRY(net_call) link;
	void (*fn)(void *ctx);
	void *ctx;
};

STAILQ_HEAD(net_calls, net_call);

/* libevent's own locks are not used: all that crosses threads is `stop` and `calls`,
 * and the eventfd that wakes the loop for them. */
struct net_loop {
	struct event_base *base;
	struct event wake, wait;
	int wake_fd;
	atomic_bool stop;
	uint64_t now_us; /* 0: not read since the last wake-up */
	pthread_mutex_t lock;
	struct net_calls calls; /* under the lock */
	LIST_HEAD(, net_timer) timers;
	SLIST_HEAD(, net_signal) signals;
	void *memory[NET_MEMORY_N];
};

static void *allocate(size_t size)
{
	void *p = calloc(1, size);

	if (p == NULL)
		bug("no memory for the event loop");
	return p;
}

static uint64_t clock_us(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000 + (uint64_t)ts.tv_nsec / 1000;
}

static void add(struct event *e, uint64_t us)
{
	struct timeval tv = { .tv_sec = (time_t)(us / 1000000),
		.tv_usec = (suseconds_t)(us % 1000000) };

	if (event_add(e, &tv) != 0)
		bug("no room for a timer");
}

/* ---- across threads ---- */

static void wake_up(struct net_loop *l)
{
	uint64_t one = 1;

	/* EAGAIN: the counter is full, so the loop will wake up anyway. */
	while (write(l->wake_fd, &one, sizeof(one)) < 0 && errno == EINTR)
		;
}

static void take_calls(struct net_loop *l, struct net_calls *ret)
{
	STAILQ_INIT(ret);
	pthread_mutex_lock(&l->lock);
	STAILQ_CONCAT(ret, &l->calls);
	pthread_mutex_unlock(&l->lock);
}

/* The eventfd is emptied before the calls are taken: one that comes in between wakes
 * the loop once more, none is left behind. */
static void on_wake(evutil_socket_t fd, short what, void *arg)
{
	struct net_loop *l = arg;
	struct net_calls calls;
	uint64_t count;

	(void)what;
	if (read(fd, &count, sizeof(count)) < 0 && errno != EAGAIN && errno != EINTR)
		bug("cannot read an eventfd: %s", strerror(errno));
	take_calls(l, &calls);
	while (!STAILQ_EMPTY(&calls)) {
		struct net_call *c = STAILQ_FIRST(&calls);

		STAILQ_REMOVE_HEAD(&calls, link);
		c->fn(c->ctx);
		free(c);
	}
}

void net_loop_call(struct net_loop *l, void (*fn)(void *ctx), void *ctx)
{
	struct net_call *c = allocate(sizeof(*c));
	bool first;

	c->fn = fn;
	c->ctx = ctx;
	pthread_mutex_lock(&l->lock);
	first = STAILQ_EMPTY(&l->calls);
	STAILQ_INSERT_TAIL(&l->calls, c, link);
	pthread_mutex_unlock(&l->lock);
	if (first)
		wake_up(l);
}

void net_loop_stop(struct net_loop *l)
{
	atomic_store(&l->stop, true);
	wake_up(l);
}

/* ---- the loop ---- */

static void on_wait(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	(void)arg;
}

/* libevent would exit(1), which says "something differs". */
static void on_fatal(int error)
{
	bug("libevent: error %d: %s", error, strerror(errno));
}

static struct event_base *base_new(void)
{
	struct event_config *config = event_config_new();
	struct event_base *base = NULL;

	event_set_fatal_callback(on_fatal);
	if (config != NULL) {
		event_config_set_flag(config, EVENT_BASE_FLAG_NOLOCK);
		base = event_base_new_with_config(config);
		event_config_free(config);
	}
	if (base == NULL)
		bug("no event base: %s", strerror(errno));
	return base;
}

/* An epoll, an eventfd, two pairs of libevent's, and some sockets. */
#define LOOP_ROOM 16

bool net_loop_has_room(void)
{
	int fds[LOOP_ROOM], n = 0, saved;

	while (n < LOOP_ROOM && (fds[n] = eventfd(0, EFD_CLOEXEC)) >= 0)
		n++;
	saved = errno;
	for (int i = 0; i < n; i++)
		close(fds[i]);
	errno = saved;
	return n == LOOP_ROOM;
}

struct net_loop *net_loop_new(void)
{
	struct net_loop *l = allocate(sizeof(*l));

	l->base = base_new();
	l->wake_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	if (l->wake_fd < 0)
		bug("no eventfd: %s", strerror(errno));
	pthread_mutex_init(&l->lock, NULL);
	STAILQ_INIT(&l->calls);
	event_assign(&l->wake, l->base, l->wake_fd, EV_READ | EV_PERSIST, on_wake, l);
	event_assign(&l->wait, l->base, -1, 0, on_wait, l);
	if (event_add(&l->wake, NULL) != 0)
		bug("no event for the eventfd");
	return l;
}

static void drop_calls(struct net_loop *l)
{
	while (!STAILQ_EMPTY(&l->calls)) {
		struct net_call *c = STAILQ_FIRST(&l->calls);

		STAILQ_REMOVE_HEAD(&l->calls, link);
		free(c);
	}
}

static void drop_signals(struct net_loop *l)
{
	while (!SLIST_EMPTY(&l->signals)) {
		struct net_signal *s = SLIST_FIRST(&l->signals);

		SLIST_REMOVE_HEAD(&l->signals, link);
		event_del(&s->event);
		free(s);
	}
}

void net_loop_free(struct net_loop *l)
{
	if (l == NULL)
		return;
	/* The analyser does not follow LIST_REMOVE(): it takes the next for the last.
	 */
	while (!LIST_EMPTY(&l->timers)) {
		struct net_timer *t = LIST_FIRST(&l->timers);

		net_timer_cancel(t); /* NOLINT(clang-analyzer-unix.Malloc) */
	}
	drop_signals(l);
	drop_calls(l);
	event_del(&l->wake);
	event_del(&l->wait);
	event_base_free(l->base);
	close(l->wake_fd);
	pthread_mutex_destroy(&l->lock);
	for (int i = 0; i < NET_MEMORY_N; i++)
		free(l->memory[i]);
	free(l);
}

void net_loop_run(struct net_loop *l)
{
	while (!atomic_load(&l->stop)) {
		l->now_us = 0;
		event_base_loop(l->base, EVLOOP_ONCE);
	}
	atomic_store(&l->stop, false);
}

void net_loop_once(struct net_loop *l, uint64_t wait_us)
{
	l->now_us = 0;
	if (wait_us > 0)
		add(&l->wait, wait_us);
	event_base_loop(l->base, wait_us > 0 ? EVLOOP_ONCE : EVLOOP_NONBLOCK);
	event_del(&l->wait);
}

bool net_loop_until(struct net_loop *l, const bool *done, uint64_t us)
{
	uint64_t end;

	if (*done)
		return true;
	/* What is ready now, without a second look for more. */
	l->now_us = 0;
	event_base_loop(l->base, EVLOOP_ONCE | EVLOOP_NONBLOCK);
	if (*done)
		return true;
	end = clock_us() + us;
	for (uint64_t now = end - us; !*done && now < end; now = clock_us())
		net_loop_once(l, end - now);
	return *done;
}

uint64_t net_loop_now_us(struct net_loop *l)
{
	if (l->now_us == 0)
		l->now_us = clock_us();
	return l->now_us;
}

struct event_base *net_loop_base(struct net_loop *l)
{
	return l->base;
}

void *net_loop_memory(struct net_loop *l, enum net_memory kind, size_t size)
{
	if (l->memory[kind] == NULL)
		l->memory[kind] = allocate(size);
	return l->memory[kind];
}

/* ---- timers and signals ---- */

/* Longer than any run, and far from the end of the clock. */
#define TIMER_MAX_US (UINT64_C(100) * 365 * 86400 * 1000000)

/* libevent's clock is the kernel's coarse one, some milliseconds behind: it may call
 * too early, then the rest is waited for. */
static void on_timer(evutil_socket_t fd, short what, void *arg)
{
	struct net_timer *t = arg;
	uint64_t now = clock_us();
	void (*fn)(void *ctx) = t->fn;
	void *ctx = t->ctx;

	(void)fd;
	(void)what;
	if (now < t->due_us) {
		add(&t->event, t->due_us - now);
		return;
	}
	net_timer_cancel(t);
	fn(ctx);
}

struct net_timer *net_loop_after(
	struct net_loop *l, uint64_t us, void (*fn)(void *ctx), void *ctx)
{
	struct net_timer *t = allocate(sizeof(*t));

	if (us > TIMER_MAX_US)
		us = TIMER_MAX_US;
	t->due_us = clock_us() + us;
	t->fn = fn;
	t->ctx = ctx;
	LIST_INSERT_HEAD(&l->timers, t, link);
	event_assign(&t->event, l->base, -1, 0, on_timer, t);
	add(&t->event, us);
	return t;
}

void net_timer_cancel(struct net_timer *t)
{
	if (t == NULL)
		return;
	event_del(&t->event);
	LIST_REMOVE(t, link);
	free(t);
}

static void on_signal(evutil_socket_t signo, short what, void *arg)
{
	struct net_signal *s = arg;

	(void)signo;
	(void)what;
	s->fn(s->ctx);
}

void net_loop_on_signal(struct net_loop *l, int signo, void (*fn)(void *ctx), void *ctx)
{
	struct net_signal *s = allocate(sizeof(*s));

	s->fn = fn;
	s->ctx = ctx;
	event_assign(&s->event, l->base, signo, EV_SIGNAL | EV_PERSIST, on_signal, s);
	if (event_add(&s->event, NULL) != 0)
		bug("cannot watch for signal %d", signo);
	SLIST_INSERT_HEAD(&l->signals, s, link);
}
