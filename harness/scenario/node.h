/* node.h - a .conf text as a tree of plain nodes, each with its place.
 *
 * The only file that sees libfyaml is node.c. It takes YAML 1.2 without anchors,
 * aliases, tags, merge keys and keys that are not words; the rest of the folder walks
 * the tree. */
#ifndef SCENARIO_NODE_H
#define SCENARIO_NODE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

struct arena;

/* A scenario that people can read is a few kB; this is room for generated ones. */
#define CONF_SIZE_MAX (16u << 20)
/* The format itself is 8 deep; more is a mistake, or an attack on recursion. */
#define CONF_DEPTH_MAX 24
/* Each node is some 150 octets: a hostile file may cost 150 MB, not more. */
#define CONF_NODES_MAX (1u << 20)

enum node_kind { NODE_SCALAR, NODE_LIST, NODE_MAP };

struct node {
	enum node_kind kind;
	bool is_null;	 /* a scalar of which nothing is written: `key:` */
	bool is_literal; /* a block scalar (|): its lines are lines of the file */
	bool is_folded;	 /* a block scalar (>): they are not */
	bool is_bad;	 /* a mistake was reported: act as if it were not there */
	struct place at; /* with its quote, if it has one; a block's is its key's */
	struct place text_at; /* of the first octet of the text */
	const char *text;     /* scalar; NUL-terminated, has no other NUL */
	size_t len;
	const char *key; /* entry of a map, else NULL */
	struct place key_at;
	struct node *first, *last; /* entries of a list or map */
	struct node *next;
	unsigned n;
};

/* A file's text, lines ended by \n alone. */
struct conf_text {
	const char *path; /* lives as long as the errs */
	const char *text;
	size_t len;
};

/* Reads the whole file into a. -1 after adding a mistake. */
int conf_read(
	struct arena *a, const char *path, struct errs *errs, struct conf_text *ret);

/* The same for text in memory: refuses what is not UTF-8 or has control characters. */
int conf_from_text(struct arena *a, const char *path, const char *text, size_t len,
	struct errs *errs, struct conf_text *ret);

/* The documents of the text, linked by `next`; a document with a syntax mistake is left
 * out. -1 when it added a mistake; *ret is valid then, too. */
int conf_parse(struct arena *a, const struct conf_text *conf, struct errs *errs,
	struct node **ret);

/* Gives each mistake of this file its source line. */
void conf_add_sources(const struct conf_text *conf, struct errs *errs);

/* The entry of a map, or NULL when there is none or it is bad. */
const struct node *node_get(const struct node *map, const char *key);

/* Its text, or NULL. */
const char *node_text(const struct node *map, const char *key);

#endif
