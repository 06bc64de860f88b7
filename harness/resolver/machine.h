/* machine.h - the resolver's insides, shared by its parts: resolver.c (the interface
 * and the cache look-up), servers.c (whom to ask what), take.c (what a reply means).
 *
 * A question is a stack of frames: frame 0 is the client's question, each one above it
 * finds the address of a name server for the one below. */
#ifndef RESOLVER_MACHINE_H
#define RESOLVER_MACHINE_H

#include "base/rng.h"
#include "resolver/cache.h"
#include "resolver/resolver.h"

/* Exchanges for one client question. Programs differ (BIND 50, PowerDNS 60, Knot 100):
 * the largest, so that a scenario ends by its own doing. */
#define EXCHANGES_MAX 100

/* Time for one client question: BIND's resolver-query-timeout; longer than any stub
 * waits for one answer. */
#define QUESTION_TIME_MAX_US UINT64_C(10000000)

/* Name server addresses looked for, within each other: a chain of zones without glue is
 * two or three long in practice, and deeper ones are attacks (NXNSAttack, 2020). */
#define DEPTH_MAX 4

/* Name server addresses looked for, in all, for one client question: Unbound's
 * MAX_DP_TARGET_COUNT, its answer to the same attack. */
#define SUBQUESTIONS_MAX 16

/* Delegations followed for one name. Each goes strictly down, so the labels of a name
 * bound them too; real ones are below ten. */
#define REFERRALS_MAX 30

/* How often each server of a zone is tried when it stays silent, and how long the first
 * time; doubled for each later round. BIND 9.18 resolver.c starts at 0.8 s as well. */
#define ROUNDS_MAX 3

/* No policy asks one server more often than this for one question, silence and
 * failures together. */
#define TRIES_MAX 5

#define TIMEOUT_FIRST_US UINT64_C(800000)

/* The last round of a patient policy: no client waits so long (Unbound 1.17.1, run: no
 * answer within a minute). */
#define TIMEOUT_PATIENT_US UINT64_C(60000000)

enum frame_state {
	FRAME_LOOKUP, /* is sname in the cache? else: which servers are closest? */
	FRAME_SEND,   /* ask the next server, or give up */
	FRAME_WAIT,   /* for the reply, or for the frame above */
	FRAME_DONE,   /* rcode, answer and soa are the result */
};

struct frame {
	enum frame_state state;
	const struct name *qname; /* as asked */
	const struct name *sname; /* where the chain is now */
	uint16_t type;
	uint16_t rcode;
	struct section answer;
	const struct rr *soa;
	uint64_t same_until_us; /* asked again before this, the answer is the same */
	unsigned links;		/* aliases followed, as the policy counts them */
	uint8_t why;		/* the cause of a failure, as enum shown has them */
	unsigned referrals;
	bool went_upstream; /* a forwarder's cache is not asked again */
	/* When it first did: the name, and the records that the cache had given. */
	const struct name *upstream_name;
	uint16_t n_cached;

	struct cut *cut;
	unsigned pos, round, start, glued; /* see next_server() */
	uint32_t bad; /* a bit a server: asking it again is futile */
	bool tcp, no_edns;

	const struct name *ask_name;
	uint16_t ask_type;
	bool may_minimise, minimised;
	unsigned min_labels, min_steps;

	unsigned parent_server; /* whose address this frame looks for */
};

struct resolver {
	struct arena *arena;
	const struct resolver_policy *policy;
	const struct resolver_hints *hints;
	struct trace *trace;
	struct rng rng;
	struct cache cache;
	struct cut *root;
	uint64_t now_us, asked_us;
	uint32_t asked_order; /* of the cache, when the question came */
	unsigned question;    /* counts the client's questions */
	unsigned exchanges, subquestions;
	bool waiting, done;
	unsigned depth;
	struct frame *frames[DEPTH_MAX + 1];
	struct frame first;
	struct exchange exchange;
	struct msg answer;
};

static inline struct frame *top_frame(struct resolver *r)
{
	return r->frames[r->depth];
}

/* resolver.c */
void frame_init(struct frame *f, const struct name *name, uint16_t type);
void frame_finish(struct frame *f, uint16_t rcode);

/* Adds the entry's records to the frame's answer, with the TTLs of now. */
void frame_emit(struct resolver *r, struct frame *f, const struct entry *e);

/* Goes on at the target. False when the chain ends there, for whatever reason: the
 * frame is done then. `counted`: the policy has counted this step already. */
bool frame_follow(
	struct resolver *r, struct frame *f, const struct name *target, bool counted);

/* False when the answer cache is none of this frame's business: questions of a
 * forwarder's upstream. */
bool frame_uses_cache(const struct resolver *r, const struct frame *f);

/* servers.c */
void servers_enter(struct resolver *r, struct frame *f, struct cut *cut);
void servers_send(struct resolver *r, struct frame *f);

/* The closest zone known to hold the name, and the DNAME above the name if the policy
 * uses one from the cache, else NULL. */
struct cut *servers_closest(
	struct resolver *r, const struct frame *f, const struct entry **ret_dname);

/* The answering server will not be asked again for this zone. */
void servers_mark_bad(struct frame *f);

/* The next server in turn, when the current one stays silent or says that it cannot:
 * as often as the policy asks one again. */
void servers_timeout(const struct resolver *r, struct frame *f);
void servers_failure(const struct resolver *r, struct frame *f);

/* Gives the frame below what this finished one found. */
void servers_take_address(struct resolver *r, struct frame *f);

/* take.c: a reply that answers the exchange, with an rcode that says something about
 * the name. */
void take_reply(struct resolver *r, struct frame *f, const struct msg *m);

/* A cached DNAME, or one of a reply: adds it with the CNAME it stands for (RFC 6672
 * 3.4) and returns the target. NULL when the frame is done: the target is too long
 * (YXDOMAIN, RFC 6672 2.2), or the CNAME is what was asked for. `came`: the CNAME of
 * the reply, or NULL. */
const struct name *take_dname(struct resolver *r, struct frame *f,
	const struct rr *dname, const struct rr *came, uint32_t age);

#endif
