/* loop.h - an event loop (libevent), timers and signals.
 *
 * One loop a thread; everything made with a loop is used on its thread only, but for
 * net_loop_stop(), net_loop_call() and the listener's counters. */
#ifndef NET_LOOP_H
#define NET_LOOP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct net_loop;
struct net_timer;
struct event_base;

/* Never NULL: without an event base the program ends (base/bug.h). */
struct net_loop *net_loop_new(void);

/* False with errno set when there are not the descriptors for one, and for a few
 * sockets: to be asked first by who can say so. */
bool net_loop_has_room(void);

/* After everything else that was made with it; its timers, signals and calls that have
 * not run are dropped. */
void net_loop_free(struct net_loop *l);

/* Until net_loop_stop(), which may have come before. */
void net_loop_run(struct net_loop *l);

/* Handles what is ready and returns; waits up to wait_us for something to be ready (0:
 * not at all). */
void net_loop_once(struct net_loop *l, uint64_t wait_us);

/* Handles what is ready until *done is true, which what is handled makes it, or so much
 * real time is over. Looks once more at the end: false is never for want of a turn. */
bool net_loop_until(struct net_loop *l, const bool *done, uint64_t us);

/* From any thread and from signal handlers run by a loop. */
void net_loop_stop(struct net_loop *l);

/* Runs fn(ctx) on the loop's thread, soon; from any thread, in the order called. */
void net_loop_call(struct net_loop *l, void (*fn)(void *ctx), void *ctx);

/* Runs fn(ctx) once, after so many microseconds of real time: never before, and a few
 * milliseconds after. The timer is gone when it runs or is cancelled. */
struct net_timer *net_loop_after(
	struct net_loop *l, uint64_t us, void (*fn)(void *ctx), void *ctx);
void net_timer_cancel(struct net_timer *t);

/* Runs fn(ctx) on the loop each time the process gets the signal; one loop a process.
 */
void net_loop_on_signal(
	struct net_loop *l, int signo, void (*fn)(void *ctx), void *ctx);

/* Microseconds of the monotonic clock, read once for each time the loop wakes up. */
uint64_t net_loop_now_us(struct net_loop *l);

/* For the other files of this folder. */
struct event_base *net_loop_base(struct net_loop *l);

/* Buffers that all users of a loop share, one set a kind: `size` octets, zeroed when
 * first asked for, and freed with the loop. */
enum net_memory { NET_MEMORY_UDP, NET_MEMORY_TCP, NET_MEMORY_ASK, NET_MEMORY_N };
void *net_loop_memory(struct net_loop *l, enum net_memory kind, size_t size);

#endif
