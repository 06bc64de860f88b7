#include "scenario/reader.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/duration.h"
#include "base/lookup.h"
#include "dns/idn.h"
#include "dns/name.h"

struct err *complain(struct reader *r, struct place at, const char *fmt, ...)
{
	const char *text;
	va_list ap;

	va_start(ap, fmt);
	text = arena_vprintf(r->errs->arena, fmt, ap);
	va_end(ap);
	r->mistakes++;
	return errs_add(r->errs, at, "%s", text);
}

void suggest(struct reader *r, struct err *e, const char *nearest)
{
	if (nearest != NULL)
		err_hint(r->errs, e, "did you mean \"%s\"?", nearest);
}

/* ---- one value ---- */

/* Each says what is wrong and returns false; k is the key the value belongs to. */
typedef bool check_fn(struct reader *r, const struct node *n, const struct keyword *k);

static bool check_text(struct reader *r, const struct node *n, const struct keyword *k)
{
	(void)r, (void)n, (void)k;
	return true;
}

static bool check_id(struct reader *r, const struct node *n, const struct keyword *k)
{
	size_t good = strspn(n->text, "abcdefghijklmnopqrstuvwxyz0123456789-");

	if (n->text[good] == '\0')
		return true;
	complain(r, n->at, "%s may only have a-z, 0-9 and - in it, not \"%s\"", k->name,
		n->text);
	return false;
}

static bool check_word(struct reader *r, const struct node *n, const struct keyword *k)
{
	const char *near, *all = "";
	size_t count = 0;
	struct err *e;

	for (; k->words[count] != NULL; count++) {
		if (strcmp(k->words[count], n->text) == 0)
			return true;
	}
	e = complain(r, n->at, "unknown %s \"%s\"", k->name, n->text);
	near = lookup_nearest(k->words, count, sizeof(*k->words), n->text);
	suggest(r, e, near);
	for (size_t i = 0; i < count; i++)
		all = arena_printf(
			r->arena, "%s%s%s", all, i == 0 ? "" : ", ", k->words[i]);
	if (near == NULL)
		err_hint(r->errs, e, "one of: %s", all);
	return false;
}

static bool check_bool(struct reader *r, const struct node *n, const struct keyword *k)
{
	if (strcmp(n->text, "true") == 0 || strcmp(n->text, "false") == 0)
		return true;
	complain(r, n->at, "%s is true or false, not \"%s\"", k->name, n->text);
	return false;
}

static bool is_number(const char *text, unsigned long max)
{
	return text[0] != '\0' && strlen(text) <= 9 &&
	       text[strspn(text, "0123456789")] == '\0' &&
	       strtoul(text, NULL, 10) <= max;
}

/* A quirk that should act more often than this acts always. */
#define COUNT_MAX 1000000

static bool check_count(struct reader *r, const struct node *n, const struct keyword *k)
{
	if (is_number(n->text, COUNT_MAX))
		return true;
	complain(r, n->at, "%s is a whole number from 0 to %d, not \"%s\"", k->name,
		COUNT_MAX, n->text);
	return false;
}

/* RFC 5321 4.2.1: 2yz, 4yz and 5yz are all that can end a greeting or RCPT. */
static bool check_code(struct reader *r, const struct node *n, const struct keyword *k)
{
	if (strlen(n->text) == 3 && is_number(n->text, 599) &&
		strchr("245", n->text[0]) != NULL)
		return true;
	complain(r, n->at, "%s is an SMTP reply code (2xx, 4xx or 5xx), not \"%s\"",
		k->name, n->text);
	return false;
}

static bool check_duration(
	struct reader *r, const struct node *n, const struct keyword *k)
{
	uint64_t us;

	(void)k;
	if (duration_from_text(n->text, &us) == 0)
		return true;
	err_hint(r->errs, complain(r, n->at, "\"%s\" is not a duration", n->text), "%s",
		DURATION_FORMS);
	return false;
}

static bool check_name(struct reader *r, const struct node *n, const struct keyword *k)
{
	const char *why;

	(void)k;
	if (strpbrk(n->text, " \t\n@") != NULL) {
		complain(r, n->at, "\"%s\" is not a domain name", n->text);
		return false;
	}
	if (name_from_text(r->arena, n->text, NULL, &why) != NULL)
		return true;
	complain(r, n->at, "\"%s\" is not a domain name: %s", n->text, why);
	return false;
}

static bool check_ip(struct reader *r, const struct node *n, const struct keyword *k)
{
	struct ip ip;

	(void)k;
	if (ip_from_text(n->text, &ip) == 0)
		return true;
	complain(r, n->at, "\"%s\" is not an IP address", n->text);
	return false;
}

/* The domain after the last @ may be a literal (RFC 5321 4.1.3) or have U-labels. */
static bool check_mailbox(
	struct reader *r, const struct node *n, const struct keyword *k)
{
	const char *at = strrchr(n->text, '@'), *domain, *why;
	size_t len = strlen(n->text);

	/* The null sender (RFC 5321 4.5.5), in what a client said or says. */
	if (strcmp(n->text, "<>") == 0 &&
		(strcmp(k->name, "mail_from") == 0 || strcmp(k->name, "sender") == 0))
		return true;
	if (at == NULL || at == n->text || at[1] == '\0' ||
		strpbrk(n->text, "\n\t<>")) {
		err_hint(r->errs,
			complain(r, n->at, "\"%s\" is not a mail address", n->text),
			"local@domain");
		return false;
	}
	if (at[1] == '[' && n->text[len - 1] == ']')
		return true;
	domain = idn_to_ascii(r->arena, at + 1);
	why = "it is no host name";
	if (domain != NULL && strchr(domain, ' ') == NULL &&
		name_from_text(r->arena, domain, NULL, &why) != NULL)
		return true;
	complain(r, n->at, "\"%s\" is not a domain name: %s", at + 1,
		why == NULL ? "it is no host name" : why);
	return false;
}

static bool check_type(struct reader *r, const struct node *n, const struct keyword *k)
{
	(void)k;
	if (rrtype_from_text(n->text) != 0)
		return true;
	complain(r, n->at, "unknown record type \"%s\"", n->text);
	return false;
}

static bool check_mode(struct reader *r, const struct node *n, const struct keyword *k)
{
	(void)k;
	if (server_mode(n->text) != NULL)
		return true;
	suggest(r, complain(r, n->at, "unknown mode \"%s\"", n->text),
		lookup_nearest(
			server_modes, server_modes_n, sizeof(*server_modes), n->text));
	return false;
}

static bool check_quirk(struct reader *r, const struct node *n, const struct keyword *k)
{
	(void)k;
	if (quirk_row(n->text) != NULL)
		return true;
	suggest(r, complain(r, n->at, "unknown quirk \"%s\"", n->text),
		lookup_nearest(quirk_rows, quirk_rows_n, sizeof(*quirk_rows), n->text));
	return false;
}

static bool check_clients(
	struct reader *r, const struct node *n, const struct keyword *k)
{
	(void)k;
	return check_client_glob(r, n->text, n->at);
}

static bool check_resolvers(
	struct reader *r, const struct node *n, const struct keyword *k)
{
	(void)k;
	return check_resolver_glob(r, n->text, n->at);
}

static bool check_status(
	struct reader *r, const struct node *n, const struct keyword *k)
{
	(void)k;
	if (n->text[strspn(n->text, "0123456789.*?[],|-")] == '\0' &&
		strchr("245*?[", n->text[0]) != NULL)
		return true;
	err_hint(r->errs, complain(r, n->at, "\"%s\" is not a status code", n->text),
		"RFC 3463: class.subject.detail, as 4.4.3; wildcards: \"4.*\"");
	return false;
}

static bool check_question(
	struct reader *r, const struct node *n, const struct keyword *k)
{
	struct question q;
	const char *why;

	(void)k;
	if (question_from_text(r->arena, n->text, &q, &why))
		return true;
	err_hint(r->errs, complain(r, n->at, "\"%s\": %s", n->text, why),
		"\"MX customer.mywebservice.com\"");
	return false;
}

static bool check_before(
	struct reader *r, const struct node *n, const struct keyword *k)
{
	uint64_t us;

	if (strncmp(n->text, "wait ", 5) != 0)
		return check_question(r, n, k);
	if (duration_from_text(n->text + 5, &us) == 0)
		return true;
	err_hint(r->errs, complain(r, n->at, "\"%s\" is not a duration", n->text + 5),
		"%s", DURATION_FORMS);
	return false;
}

static bool check_web(struct reader *r, const struct node *n, const struct keyword *k)
{
	struct ip ip;

	return ip_from_text(n->text, &ip) == 0 || check_name(r, n, k);
}

static bool check_zone_text(
	struct reader *r, const struct node *n, const struct keyword *k)
{
	if (!n->is_folded)
		return true;
	err_hint(r->errs,
		complain(r, n->at, "%s after > would lose its line ends", k->name),
		"use |");
	return false;
}

static bool check_key(struct reader *r, const struct node *n, const struct keyword *k)
{
	struct tsig_key key;
	const char *why;

	(void)k;
	if (tsig_key_from_text(r->arena, n->text, &key, &why) == 0)
		return true;
	complain(r, n->at, "%s", why);
	return false;
}

static bool check_known(struct reader *r, const struct node *n, const struct keyword *k)
{
	(void)k;
	if (strcmp(n->text, "known") == 0)
		return true;
	complain(r, n->at, "in a row, expect can only be \"known\", not \"%s\"",
		n->text);
	return false;
}

static check_fn *const checks[] = {
	[VALUE_TEXT] = check_text,
	[VALUE_ID] = check_id,
	[VALUE_WORD] = check_word,
	[VALUE_BOOL] = check_bool,
	[VALUE_COUNT] = check_count,
	[VALUE_CODE] = check_code,
	[VALUE_DURATION] = check_duration,
	[VALUE_NAME] = check_name,
	[VALUE_IP] = check_ip,
	[VALUE_MAILBOX] = check_mailbox,
	[VALUE_TYPE] = check_type,
	[VALUE_MODE] = check_mode,
	[VALUE_QUIRK] = check_quirk,
	[VALUE_CLIENTS] = check_clients,
	[VALUE_RESOLVERS] = check_resolvers,
	[VALUE_STATUS] = check_status,
	[VALUE_QUESTION] = check_question,
	[VALUE_BEFORE] = check_before,
	[VALUE_WEB] = check_web,
	[VALUE_ZONE_TEXT] = check_zone_text,
	[VALUE_KEY] = check_key,
	[VALUE_KNOWN] = check_known,
};

/* ---- shapes ---- */

static const char *kind_name(const struct node *n)
{
	if (n->is_null)
		return "nothing";
	return n->kind == NODE_SCALAR ? "text"
	       : n->kind == NODE_LIST ? "a list"
				      : "a map";
}

static void wrong_shape(struct reader *r, struct node *n, const struct keyword *k)
{
	struct err *e;

	n->is_bad = true;
	if (n->is_null || (n->kind == NODE_SCALAR && n->len == 0)) {
		e = complain(
			r, n->key != NULL ? n->key_at : n->at, "%s is empty", k->name);
		if (k->type == VALUE_MAP && !k->many)
			err_hint(
				r->errs, e, "write {} when nothing more is to be said");
		return;
	}
	e = complain(r, n->at, "%s should be %s%s, not %s", k->name,
		value_type_name(k->type), k->many ? ", or a list" : "", kind_name(n));
	if (k->example != NULL && k->example[0] != '|')
		err_hint(r->errs, e, "for example %s: %s", k->name, k->example);
}

static void check_item(struct reader *r, struct node *n, const struct keyword *k)
{
	if (n->is_bad)
		return;
	if (k->type == VALUE_MAP || k->type == VALUE_TABLE) {
		if (n->kind != NODE_MAP)
			wrong_shape(r, n, k);
		else if (k->type == VALUE_MAP)
			check_block(r, n, k->block);
		return;
	}
	if (n->kind != NODE_SCALAR || n->len == 0)
		wrong_shape(r, n, k);
	else if (!checks[k->type](r, n, k))
		n->is_bad = true;
}

/* Two empty lists mean something: a route without hosts, a server without quirks. The
 * others have a default that says it. */
static bool may_be_empty(const struct keyword *k)
{
	return strcmp(k->name, "route") == 0 || strcmp(k->name, "quirks") == 0 ||
	       strcmp(k->name, "queries") == 0 || strcmp(k->name, "search") == 0 ||
	       strcmp(k->name, "before") == 0 || strcmp(k->name, "hosts") == 0 ||
	       strcmp(k->name, "intended") == 0;
}

static void check_value(struct reader *r, struct node *n, const struct keyword *k)
{
	unsigned max = strcmp(k->name, "steps") == 0 ? CONF_STEPS_MAX : CONF_LIST_MAX;

	if (n->kind != NODE_LIST || !k->many) {
		check_item(r, n, k);
		return;
	}
	if (n->n == 0 && !may_be_empty(k)) {
		n->is_bad = true;
		complain(r, n->at, "%s is an empty list", k->name);
	} else if (n->n > max) {
		n->is_bad = true;
		complain(r, n->at, "%s has %u entries; %u is the most", k->name, n->n,
			max);
	}
	if (n->is_bad)
		return;
	for (struct node *item = n->first; item != NULL; item = item->next)
		check_item(r, item, k);
}

/* ---- maps ---- */

/* Returns the key that was probably meant, or NULL. */
static const struct keyword *unknown_key(
	struct reader *r, const struct node *n, enum block_id id)
{
	const struct block *b = keywords_block(id);
	const char *near = lookup_nearest(b->keys, b->n, sizeof(*b->keys), n->key);

	suggest(r, complain(r, n->key_at, "unknown key \"%s\" in %s", n->key, b->name),
		near);
	return near == NULL ? NULL : keywords_find(id, near);
}

/* More than any block has keys. */
#define KEYS_MAX 32

/* Looks at one entry of the map; seen has the line in which each key stood first. */
static void check_entry(struct reader *r, struct node *n, enum block_id id, int *seen)
{
	const struct block *b = keywords_block(id);
	const struct keyword *k = keywords_find(id, n->key);

	if (k == NULL) {
		n->is_bad = true;
		if (n->key[0] != '\0' && strcmp(n->key, "<<") != 0)
			k = unknown_key(r, n, id);
		/* A needed key with a slip in it is one mistake, not two. */
		if (k != NULL && seen[k - b->keys] == 0)
			seen[k - b->keys] = -1;
		return;
	}
	if (seen[k - b->keys] > 0) {
		n->is_bad = true;
		err_hint(r->errs,
			complain(r, n->key_at, "second \"%s\" in one %s", n->key,
				b->name),
			"the first stands in line %d", seen[k - b->keys]);
		return;
	}
	seen[k - b->keys] = n->key_at.line;
	check_value(r, n, k);
}

void check_block(struct reader *r, struct node *map, enum block_id id)
{
	const struct block *b = keywords_block(id);
	int seen[KEYS_MAX] = { 0 };

	for (struct node *n = map->first; n != NULL; n = n->next)
		check_entry(r, n, id, seen);
	for (size_t i = 0; i < b->n; i++) {
		if (b->keys[i].required && seen[i] == 0)
			complain(r, map->at, "%s without \"%s\"", b->name,
				b->keys[i].name);
	}
}
