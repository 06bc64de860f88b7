/* lab-world.h - the world of a scenario on real sockets, for real programs: on the
 * `world` side of a netns, at the scenario's own addresses and ports.
 *
 *   port 53 of each server        the code of `harness serve`, quirks and delays in
 *                                 real time
 *   port 25 and 80 of the hosts   host/sink.h, host/web.h
 *   LAB_FRONT, port 53            the name server of the clients: everything that is
 *                                 asked there is written down, with its answer. It is
 *                                 answered by an emulated resolver, or handed on to
 *                                 the real one at LAB_RESOLVER, octet by octet
 *   LAB_UPSTREAM, port 53         the `ideal` resolver, for real ones that forward
 *   LAB_SENDER_HOST, port 25      takes everything: the mail host of the sender, for
 *                                 delivery status notifications
 *
 * The front answers itself about the sender's own domain (unless the scenario names
 * the sender: then its zones say) and its hosts: MX is `notify.` below it, which is
 * LAB_SENDER_HOST; the client's own names have the client's addresses; anything else in
 * it, and the addresses' reverse names, are NXDOMAIN. No resolver hears of those.
 *
 * All of it runs in a thread of its own until lab_world_free(). An emulated resolver
 * lives in virtual time and its answers are sent at once: a resolution that takes half
 * a minute of timeouts costs nothing. */
#ifndef RUN_LAB_WORLD_H
#define RUN_LAB_WORLD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "dns/msg.h"
#include "host/sink.h"
#include "run/world.h"

struct arena;
struct netns;
struct resolver_policy;
struct lab_world;

/* Of the range for tests of network devices (RFC 2544): no scenario's own, and of the
 * addresses evidence.h uses none. */
#define LAB_FRONT "198.19.255.250"
#define LAB_RESOLVER "198.19.255.254"
#define LAB_UPSTREAM "198.19.255.249"
#define LAB_SENDER_HOST "198.19.255.248"

#define LAB_WHY_MAX 256

struct lab_world_options {
	const struct world *world;		/* borrowed until the end */
	const struct netns *netns;		/* has lab_world_addresses() */
	const struct resolver_policy *emulated; /* of the front; NULL: LAB_RESOLVER */
	uint64_t seed;				/* of the emulated one */
};

/* Every address of the world, in any stage: servers, hosts, and the four above. In a.
 */
size_t lab_world_addresses(
	struct arena *a, const struct world *world, const struct ip **ret);

/* Listens at all of them, in the first stage. NULL, and the reason in why. */
struct lab_world *lab_world_new(
	const struct lab_world_options *o, char why[LAB_WHY_MAX]);
void lab_world_free(struct lab_world *w);

/* Moves on to a later stage (run/drive.h), and returns when it is there; an emulated
 * resolver's clock moves with it. 0, or -1 and the reason. */
int lab_world_enter(struct lab_world *w, unsigned stage, char why[LAB_WHY_MAX]);

/* Back to the first stage, as if nothing had been asked: no quirk has acted, an
 * emulated resolver is a fresh one. What was written down stays. 0, or -1 and the
 * reason. */
int lab_world_restart(struct lab_world *w, char why[LAB_WHY_MAX]);

/* Mail hosts of the current stage at the client's own addresses: opened on the client's
 * side, after its mail server was started. Where that one listens itself it is the real
 * thing, and nothing is opened. Those of before are closed. 0, or -1 and the reason. */
int lab_world_open_own(struct lab_world *w, char why[LAB_WHY_MAX]);
void lab_world_close_own(struct lab_world *w);

/* Asks the emulated resolver what `before` of the current stage says. Nothing is
 * written down. */
void lab_world_prime(struct lab_world *w);

/* A question at the front. */
struct lab_question {
	uint64_t t_us; /* real time since lab_world_new() */
	struct question question;
	bool tcp;
	bool again; /* the same id from the same port: a repetition */
	bool ours;  /* answered by the front itself: not about the world */
	/* NULL: none was sent, so far, or what was is no message. */
	const struct msg *answer;
};

struct lab_mail {
	uint64_t t_us;	   /* of its end */
	struct ip at;	   /* where it was offered */
	const char *host;  /* the world's; NULL: LAB_SENDER_HOST, or no host's */
	bool notification; /* at LAB_SENDER_HOST */
	int greeting;
	const char *helo, *from; /* as in struct sink_message */
	const struct sink_rcpt *rcpts;
	unsigned n_rcpts;
	const char *headers, *body; /* as in struct sink_message, NUL-terminated */
	enum sink_end end;
};

/* What happened so far, in order. */
struct lab_log {
	const struct lab_question *questions;
	size_t n_questions;
	const struct lab_mail *mails;
	size_t n_mails;
	/* The last RCPT that a host of the world was asked, with its reply as the only
	 * recipient: its transaction may be under way, and `end` says nothing. Or NULL.
	 */
	const struct lab_mail *offer;
	unsigned n_met; /* connections to hosts of the world */
	uint64_t moves; /* questions, answers, connections, recipients, messages: it
			 * grew when anything moved */
	bool cut; /* more than LAB_LOG_MAX of either, or than LAB_LOG_BYTES: the rest
		   * was not written down, but it moved */
};

#define LAB_LOG_MAX 10000
#define LAB_LOG_BYTES ((size_t)64 << 20)

/* A copy, in a. From any thread. */
void lab_world_log(struct lab_world *w, struct arena *a, struct lab_log *ret);

/* What of the log a waiting one wants to know, without a copy of it. */
struct lab_news {
	uint64_t moves;
	bool taken; /* a message that is no notification was, by some host */
	bool cut;
};

struct lab_news lab_world_news(struct lab_world *w);

/* Waits until `moves` is another, or so long: the number of moves then. */
uint64_t lab_world_wait(struct lab_world *w, uint64_t moves, uint64_t us);

/* Forgets what was written down; t_us starts again. */
void lab_world_forget(struct lab_world *w);

#endif
