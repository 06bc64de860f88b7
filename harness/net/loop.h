/* loop.h - an event loop (libevent), timers and signals.
 *
 * One loop a thread; everything made with a loop is used on its thread only, but for
 * net_loop_stop(), net_loop_call() and the listener's counters. */
#ifndef NET_LOOP_H
#define NET_LOOP_H

#include <stdint.h>

struct net_loop;
struct net_timer;
struct event_base;

/* Never NULL: without an event base the program ends (base/bug.h). */
struct net_loop *net_loop_new(void);
void net_loop_free(struct net_loop *l);

/* Until net_loop_stop(). */
void net_loop_run(struct net_loop *l);

/* Handles what is ready and returns; waits up to wait_us for something to be ready (0:
 * not at all). */
void net_loop_once(struct net_loop *l, uint64_t wait_us);

/* From any thread and from signal handlers run by a loop. */
void net_loop_stop(struct net_loop *l);

/* Runs fn(ctx) on the loop's thread, soon; from any thread. */
void net_loop_call(struct net_loop *l, void (*fn)(void *ctx), void *ctx);

/* Runs fn(ctx) once, after so many microseconds of real time. The timer is gone when it
 * has run or was cancelled. */
struct net_timer *net_loop_after(
	struct net_loop *l, uint64_t us, void (*fn)(void *ctx), void *ctx);
void net_timer_cancel(struct net_timer *t);

/* Runs fn(ctx) on the loop each time the process gets the signal; one loop a process.
 */
void net_loop_on_signal(
	struct net_loop *l, int signo, void (*fn)(void *ctx), void *ctx);

/* Microseconds of the monotonic clock, as of the loop's last wake-up. */
uint64_t net_loop_now_us(const struct net_loop *l);

/* For the other files of this folder. */
struct event_base *net_loop_base(struct net_loop *l);

#endif
