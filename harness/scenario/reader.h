/* reader.h - what the parts of the reader share. Not for other folders. */
#ifndef SCENARIO_READER_H
#define SCENARIO_READER_H

#include "base/err.h"
#include "scenario/keywords.h"
#include "scenario/node.h"
#include "scenario/scenario.h"

struct arena;
struct profile_set;

/* Entries of one list: more than any written scenario has, and few enough that looking
 * each up in the others costs nothing. */
#define CONF_LIST_MAX 1000
/* Each step keeps a whole world. */
#define CONF_STEPS_MAX 100

/* Records that all changes of a file may copy: each makes its zone anew, and this many
 * are some 300 MiB. Real timelines copy thousands. */
#define CONF_COPIED_MAX 2000000

/* Records in zones that are signed, over all stages of a file: each takes some 0.2 ms
 * and 0.5 KiB. Written worlds have hundreds. */
#define CONF_SIGNED_MAX 20000

struct reader {
	struct arena *arena;
	struct errs *errs;
	const struct conf_text *conf;
	const char *dir; /* of the file: relative names start there */
	struct profile_set *profiles;
	unsigned mistakes;
	/* Some could not be read: that a name is not among the rest is no mistake. */
	bool lacks_zones, lacks_servers, lacks_hosts;
	size_t copied;	    /* records, see CONF_COPIED_MAX */
	size_t signed_here; /* records, see CONF_SIGNED_MAX */
};

/* Adds a mistake. */
struct err *complain(struct reader *r, struct place at, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* The hint "did you mean ...", unless nearest is NULL. */
void suggest(struct reader *r, struct err *e, const char *nearest);

/* ---- check.c: every map of the tree against the keyword table ---- */

/* Reports unknown, doubled and missing keys and every bad value of the map and of the
 * maps in it, and marks them bad: what node_get() finds afterwards is of its type. */
void check_block(struct reader *r, struct node *map, enum block_id block);

/* ---- names.c: the catalogues ---- */

/* Each alternative of the glob must match a name of the catalogue. False after adding a
 * mistake. */
bool check_client_glob(struct reader *r, const char *glob, struct place at);
bool check_resolver_glob(struct reader *r, const char *glob, struct place at);

/* ---- values.c: from checked nodes to values ---- */

/* The values of a list, or of a single value; NULL gives none. */
const struct node *values_first(const struct node *n);
const struct node *values_next(const struct node *list, const struct node *item);
unsigned values_count(const struct node *n);

/* The key was written, rightly or not. */
bool value_is_written(const struct node *map, const char *key);
const char *value_text(const struct reader *r, const struct node *map, const char *key,
	const char *fallback);
unsigned value_count(const struct node *map, const char *key);
uint64_t value_duration(const struct node *n);
uint64_t value_wait(const struct node *n); /* "wait 3s" */
bool value_bool(const struct node *map, const char *key);
struct name *value_name(struct reader *r, const struct node *n);
/* In lower case and without final dot: as host names are compared. */
const char *value_name_text(struct reader *r, const struct node *n);
/* One of these when key is there, else sets nothing and returns false. */
bool value_texts(struct reader *r, const struct node *map, const char *key,
	const char *const **ret, unsigned *ret_n);
bool value_name_texts(struct reader *r, const struct node *map, const char *key,
	const char *const **ret, unsigned *ret_n);
bool value_ips(struct reader *r, const struct node *map, const char *key,
	const struct ip **ret, unsigned *ret_n);
/* All values of the list joined; fallback when the key is not there. */
const char *value_joined(struct reader *r, const struct node *map, const char *key,
	char with, const char *fallback);
/* "TYPE NAME"; false when it is not. *ret_why then says why. */
bool question_from_text(
	struct arena *a, const char *text, struct question *ret, const char **ret_why);

/* ---- the parts of a scenario ---- */

/* A world on its way through the timeline. */
struct server_draft {
	const char *name;
	const struct name *first_zone;
	struct place at;
	struct place *ip_at; /* of each address of s */
	struct server s;
	const struct quirk *quirks; /* what it has when it is not down */
	unsigned n_quirks;
	bool down, written_at;
	struct server_zone *zones; /* the ones s points at, as they are written */
	bool *signs;		   /* of each: `dnssec: sign` */
};

struct host_draft {
	struct place at;
	bool written_at; /* `at` stands in the file */
	struct host h;
};

struct draft {
	struct server_draft *servers;
	unsigned n_servers;
	struct host_draft *hosts;
	unsigned n_hosts;
};

void read_servers(struct reader *r, const struct node *list, struct draft *d);
void read_quirks(struct reader *r, const struct node *list, const struct quirk **ret,
	unsigned *ret_n);
/* Gives an address to each server that has none, and finds two at one. */
void place_servers(struct reader *r, struct draft *d);

/* Signs what is to be signed of a stage's servers, which are copies of the draft's, and
 * joins signed parents and children by DS records (sign.c). */
void sign_servers(struct reader *r, const struct draft *d, struct server *servers);

void read_hosts(struct reader *r, const struct node *list, struct draft *d);
void read_smtp(struct reader *r, const struct node *map, struct smtp_host *ret);
void read_http(struct reader *r, const struct node *map, struct http_host *ret);
const struct host_draft *draft_host(const struct draft *d, const char *name);
/* The host the text names; adds a mistake when there is none. */
void check_host(
	struct reader *r, const struct draft *d, const char *name, struct place at);

/* Fills in the addresses of hosts from the zones (resolve-hosts.c). first: the start of
 * the timeline, when each host must have one. */
void resolve_hosts(struct reader *r, struct draft *d, bool first);

void read_rows(struct reader *r, const struct node *list, const struct draft *d,
	const struct expect_row **ret, unsigned *ret_n);
void read_addresses(struct reader *r, const struct node *doc, const struct draft *d,
	struct scenario *s);
void read_before(struct reader *r, const struct node *list, const struct before **ret,
	unsigned *ret_n);
/* Fills stages 1.. and completes each; d is what stage 0 was made of. */
void read_stages(
	struct reader *r, const struct node *doc, struct draft *d, struct scenario *s);

void read_profiles(struct reader *r, const struct node *map);

#endif
