/* store.h - inside a zone; for the files of this folder only.
 *
 * Every name of the zone is a node, empty non-terminals too (RFC 8020, RFC 4592 2.2.2),
 * found through one open-addressed hash table. A node's records lie side by side in one
 * array, sorted by type, each RRset in the order of the file; RRSIGs by the type they
 * cover, since those of one owner are no set (RFC 4035 2.2). Names and RDATA are
 * packed into blobs; a parent's name is the tail of its child's. Nothing is changed
 * after zone_build_finish(), so threads may share it. */
#ifndef ZONE_STORE_H
#define ZONE_STORE_H

#include <stdbool.h>
#include <stdint.h>

#include "zone/zone.h"

#define NODE_NONE UINT32_MAX

enum node_flag {
	NODE_CNAME = 1,
	NODE_DNAME = 2,
	NODE_CUT = 4,	    /* NS below the apex: a delegation (RFC 1034 4.2.1) */
	NODE_WILDCARD = 8,  /* has a child "*" (RFC 4592 2.1.1) */
	NODE_OCCLUDED = 16, /* below a delegation or a DNAME */
	NODE_ALIAS = 32,
};

struct node {
	const struct name *owner;
	uint32_t parent;   /* index; NODE_NONE for the apex, which is node 0 */
	uint32_t first, n; /* its records in zone->rr */
	uint8_t labels;
	uint8_t flags; /* enum node_flag */
};

/* A text that records come from. The column is the same for all records of one. */
struct origin_text {
	const char *file;
	int col;
};

struct zone {
	const struct name *origin;
	size_t origin_len;
	struct node *nodes;
	uint32_t n_nodes;
	uint8_t max_labels; /* of any node: no longer name can be there */
	/* Twice as many as nodes, or more. Each has a node's index + 1 in the bits of
	 * index_mask, and of the hash of its name what there is room for in the others,
	 * so that few misses touch a node; 0 is free. */
	uint32_t *slots;
	uint32_t mask, index_mask;
	struct rr *rr;
	uint32_t n_rr;
	uint32_t *lines;   /* where each record stands in its text */
	uint16_t *text_of; /* index into texts of each; NULL: all are of the first */
	uint32_t *by_file; /* order of zone_each(); NULL when it is that of rr */
	struct origin_text *texts;
	struct zone_conflict *conflicts;
	size_t n_conflicts;
	uint32_t *nsec; /* of a signed zone: the nodes with NSEC in canonical order */
	uint32_t n_nsec;
};

/* The node of that name, or NULL; *ret_encloser, when not NULL, is then its closest
 * encloser (RFC 4592 3.3.1). The name must lie in the zone. */
const struct node *zone_find(const struct zone *z, const struct name *name,
	const struct node **ret_encloser);

/* The child "*" of a node that has NODE_WILDCARD. */
const struct node *zone_wildcard(const struct zone *z, const struct node *encloser);

struct rrset zone_node_rrset(
	const struct zone *z, const struct node *node, uint16_t type);

/* ---- signed zones (RFC 4035), whether by zone_sign() or in the master file ---- */

/* The signatures of the node's set of that type. */
struct rrset zone_node_rrsig(
	const struct zone *z, const struct node *node, uint16_t type);

/* The node whose NSEC is for the name, or covers it: the last one in canonical order
 * that does not sort behind it. Of a signed zone; the name must lie in it. */
const struct node *zone_nsec(const struct zone *z, const struct name *name);

static inline const struct node *zone_parent(
	const struct zone *z, const struct node *node)
{
	return node->parent == NODE_NONE ? NULL : &z->nodes[node->parent];
}

/* ---- making one ---- */

struct zone_build;

/* The zone will live in `a`; `octets` is about how much text there is. */
struct zone_build *zone_build_new(
	struct arena *a, const struct name *origin, size_t octets);
void zone_build_free(struct zone_build *b);

/* Copies the record, whose owner must lie in the zone. */
void zone_build_add(struct zone_build *b, const struct rr *rr, struct place at);

/* Drops duplicates, gives each RRset one TTL, finds the conflicts. */
struct zone *zone_build_finish(struct zone_build *b);

/* Sorts n indexes of nodes by the canonical order of the names (RFC 4034 6.1). */
void zone_sort_names(const struct zone *z, uint32_t *nodes, uint32_t n);

/* Fills nsec of a zone that is otherwise complete, when it is signed. */
void zone_find_chain(struct arena *a, struct zone *z);

/* Fills the conflicts of a zone that is otherwise complete. */
void zone_find_conflicts(struct arena *a, struct zone *z);

struct place zone_place(const struct zone *z, uint32_t index);

#endif
