/* cache.h - what a resolver remembers: by name, then by type.
 *
 * Entries borrow the records they are made of, which live as long as the arena; an
 * entry is never freed, only replaced, so a pointer to one stays good. Time is the
 * caller's, in microseconds, and never runs backwards. */
#ifndef RESOLVER_CACHE_H
#define RESOLVER_CACHE_H

#include "base/ip.h"
#include "dns/msg.h"
#include "resolver/policy.h"

struct arena;

/* A name is 40 octets of node and slot beside its entries: this many keep a cache below
 * about a quarter of a gigabyte. Past it new names are resolved but not remembered. */
#define CACHE_NAMES_MAX (1u << 20)

/* A server of a zone: one address, or a name whose address is not known yet. */
struct cut_server {
	const struct name *ns; /* NULL: a root hint */
	struct ip ip;	       /* family 0: not known */
	unsigned failed;       /* the question that could not find it; 0: none */
};

/* Servers kept of one referral: the root has 13 with two addresses each, and no real
 * zone has more (a referral must fit a message). */
#define CUT_SERVERS_MAX 32

/* A zone and its servers, those with addresses first. */
struct cut {
	const struct name *zone;
	struct cut_server *servers;
	unsigned n, room;
};

enum entry_kind {
	ENTRY_DATA,	/* rr answers the type */
	ENTRY_ALIAS,	/* rr ends in a CNAME to be followed */
	ENTRY_NODATA,	/* soa is what said so */
	ENTRY_NXDOMAIN, /* of all types when the type is 0 */
	ENTRY_SERVFAIL,
	ENTRY_CUT,    /* the type is NS */
	ENTRY_ALONG,  /* addresses that came beside an answer: they go along with one
		       * again, and answer nothing by themselves (RFC 2181 5.4.1) */
	ENTRY_PACKET, /* a finished answer, by policy */
	ENTRY_MEMO,   /* a finished answer, as long as nothing in the cache changed */
};

struct entry {
	struct entry *next; /* of the same name, newest first */
	uint64_t stored_us, expires_us;
	uint16_t type;
	uint8_t kind;
	uint16_t n;
	uint32_t order; /* when it was made, for PREFER_OLDER */
	union {
		const struct rr *rr;  /* n of them */
		const struct rr *soa; /* or NULL */
		struct cut *cut;
		const struct msg *msg; /* with TTLs as of stored_us */
	};
};

struct node {
	const struct name *name;
	struct entry *entries;
};

struct cache_slot {
	uint32_t hash;
	struct node *node;
};

struct cache {
	struct arena *arena;
	const struct resolver_policy *policy;
	struct cache_slot *slots;
	unsigned n, room; /* room is a power of two */
	uint32_t order;	  /* goes up with each change */
};

/* Takes memory with the first entry only. */
void cache_init(struct cache *c, struct arena *a, const struct resolver_policy *policy);

/* NULL when nothing was ever cached for the name. */
struct node *cache_node(const struct cache *c, const struct name *name);

/* The entry of the node that is alive, or NULL. Data, alias, negative and SERVFAIL
 * entries of a type replace each other; cuts, packets and memos are apart. */
struct entry *node_answer(const struct node *node, uint16_t type, uint64_t now_us);
struct entry *node_entry(
	const struct node *node, enum entry_kind kind, uint16_t type, uint64_t now_us);

/* Makes an entry with a lifetime of `ttl` seconds from now and puts it in the place of
 * the one it replaces. The name is borrowed. With a TTL of 0 the entry is made but not
 * remembered; it is never NULL. */
struct entry *cache_put(struct cache *c, const struct name *name, enum entry_kind kind,
	uint16_t type, uint32_t ttl, uint64_t now_us);

/* As cache_put(), for an entry that is not the policy's business: it does not count as
 * a change. */
struct entry *cache_put_memo(struct cache *c, struct node *node, uint16_t type);

/* The TTL by the policy's floor and cap; one with its top bit set counts as 0 (RFC 2181
 * 8). */
uint32_t cache_ttl(const struct cache *c, uint32_t ttl);

/* Whole seconds since the entry was stored. */
uint32_t entry_age(const struct entry *e, uint64_t now_us);

#endif
