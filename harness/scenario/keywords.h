/* keywords.h - the words of the .conf language.
 *
 * This table is the authority: the reader checks every file against it, and
 * `harness explain scenario-format` prints it. A key of the format is a row here. */
#ifndef SCENARIO_KEYWORDS_H
#define SCENARIO_KEYWORDS_H

#include <stdbool.h>
#include <stddef.h>

struct str;

/* A map of the language, with its keys. */
enum block_id {
	BLOCK_SCENARIO,
	BLOCK_LAYOUT,
	BLOCK_SELF,
	BLOCK_SERVER,
	BLOCK_ZONE,
	BLOCK_QUIRK,
	BLOCK_HOST,
	BLOCK_SMTP,
	BLOCK_HTTP,
	BLOCK_ADDRESS,
	BLOCK_EXPECT,
	BLOCK_STEP,
	BLOCK_CHANGE,
	BLOCK_MIX,
	BLOCKS
};

/* What a value can be. check.c has the test for each. */
enum value_type {
	VALUE_TEXT,	/* any text but none */
	VALUE_ID,	/* a-z 0-9 - */
	VALUE_WORD,	/* one of the row's words */
	VALUE_BOOL,	/* true or false */
	VALUE_COUNT,	/* 0, 1, 2, ... */
	VALUE_CODE,	/* SMTP reply code */
	VALUE_DURATION, /* 300ms 3s 10m 1h 1d */
	VALUE_NAME,	/* domain name */
	VALUE_IP,
	VALUE_MAILBOX, /* local@domain */
	VALUE_TYPE,    /* record type */
	VALUE_MODE,    /* a server's */
	VALUE_QUIRK,
	VALUE_CLIENTS,	 /* glob on clients */
	VALUE_RESOLVERS, /* glob on resolvers */
	VALUE_STATUS,	 /* enhanced status code, with wildcards */
	VALUE_QUESTION,	 /* "MX name" */
	VALUE_BEFORE,	 /* "MX name" or "wait 3s" */
	VALUE_WEB,	 /* host name, address or "nowhere" */
	VALUE_ZONE_TEXT, /* master-file text */
	VALUE_KEY,	 /* of TSIG */
	VALUE_MAP,	 /* of the row's block */
	VALUE_TABLE,	 /* a map whose keys are the user's: profiles, weights */
	VALUE_KNOWN	 /* `known` alone, or rows (see expect) */
};

struct keyword {
	const char *name;
	enum value_type type;
	bool many; /* a list; a single value may be written without brackets */
	bool required;
	const char *fallback;	  /* what it is when left out, for people; or NULL */
	const char *const *words; /* VALUE_WORD: NULL-terminated */
	enum block_id block;	  /* VALUE_MAP */
	const char *help;
	const char *example; /* as written after "key:" */
};

struct block {
	const char *name;  /* "server" */
	const char *title; /* "servers: the name servers of the world" */
	const char *help;  /* or NULL */
	const struct keyword *keys;
	size_t n;
};

const struct block *keywords_block(enum block_id id);

/* NULL when the block has no such key. */
const struct keyword *keywords_find(enum block_id id, const char *name);

/* "a duration (300ms 3s 10m 1h 1d)": how a value is called in messages and in the page.
 */
const char *value_type_name(enum value_type type);

/* The page that a newcomer can write a scenario from; under 100 columns. */
void keywords_explain(struct str *s);

#endif
