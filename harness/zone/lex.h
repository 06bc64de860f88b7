/* lex.h - where the words of a master-file entry stand (RFC 1035 5.1).
 *
 * The scanner reads the data; this only finds entries and tokens in the text, to point
 * at mistakes and to spot the types the scanner does not know. */
#ifndef ZONE_LEX_H
#define ZONE_LEX_H

#include <stdbool.h>
#include <stddef.h>

struct token {
	size_t from, to; /* offsets; empty when there is no such token */
};

struct entry {
	size_t from, to;  /* from its first line's start to the newline that ends it */
	unsigned skipped; /* lines between where we looked and `from` */
	bool is_directive;
	struct token owner;	 /* empty when the line begins with a blank */
	struct token class;	 /* as written */
	struct token type;	 /* the first word after owner, TTL and class */
	struct token last;	 /* the last word */
	struct token open_quote; /* the quote that is not closed in its line */
	struct token open_paren; /* the parenthesis that is not closed */
};

static inline bool token_is_empty(struct token t)
{
	return t.from == t.to;
}

/* The entry at or after `at`, which must be the start of a line; false when only blank
 * and comment lines are left. */
bool lex_entry(const char *text, size_t len, size_t at, struct entry *ret);

/* The word at the offset, or the one before it when there is a gap. */
struct token lex_word_at(const char *text, size_t len, size_t at);

bool token_is(const char *text, struct token t, const char *word); /* any case */

#endif
