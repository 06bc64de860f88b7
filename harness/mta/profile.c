#include "mta/profile.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/arena.h"
#include "base/bug.h"
#include "base/lookup.h"
#include "base/str.h"
#include "mta/knobs.h"

/* ---- the table of fields ---- */

enum field_type {
	FIELD_WORD,
	FIELD_BOOL,
	FIELD_NUMBER,
	FIELD_RULING,
	FIELD_STUB,
	FIELD_TEXT
};

struct field {
	const char *name;
	enum field_type type;
	size_t offset;
	const char *const *words; /* FIELD_WORD: the value is the index */
	unsigned n_words;
	unsigned max; /* FIELD_NUMBER */
	const char *help;
};

/* A number without another bound: more than any answer holds. */
#define NUMBER_MAX 1000
/* Hops a profile may ask for; the machine's own bound on questions lies above. */
#define HOPS_MAX 64

static const char *const actions[] = { "none", "address", "skip", "defer", "bounce" };

#define WORDS(...)                                                                     \
	(const char *const[]){ __VA_ARGS__ },                                          \
		sizeof((const char *const[]){ __VA_ARGS__ }) / sizeof(const char *), 0
#define AT(member) offsetof(struct mta_profile, member)
#define WORD(name, member, list, help)                                                 \
	{                                                                              \
		name, FIELD_WORD, AT(member), list, help                               \
	}
#define BOOL(name, member, help)                                                       \
	{                                                                              \
		name, FIELD_BOOL, AT(member), NULL, 0, 0, help                         \
	}
#define NUMBER(name, member, max, help)                                                \
	{                                                                              \
		name, FIELD_NUMBER, AT(member), NULL, 0, max, help                     \
	}
#define RULING(name, member, help)                                                     \
	{                                                                              \
		name, FIELD_RULING, AT(member), NULL, 0, 0, help                       \
	}

static const struct field fields[] = {
	WORD("kind", kind, WORDS("mta", "validator"),
		"an mta delivers; a validator only says whether it would"),
	{ "versions", FIELD_TEXT, AT(versions), NULL, 0, 0,
		"which versions this stands for" },
	{ "stub", FIELD_STUB, AT(stub), NULL, 0, 0, "the resolver library inside" },
	WORD("idn", idn, WORDS("convert", "raw", "refuse"),
		"a U-label domain is asked as A-labels, byte for byte, or refused"),
	WORD("search-list", search, WORDS("none", "mx", "addresses", "both", "domain"),
		"look-ups that go on with the search list of resolv.conf; domain: MX "
		"and the addresses of an implicit MX"),
	BOOL("remembers-failures", remembers_failures,
		"a look-up that gave nothing is not put again for this message"),
	NUMBER("answer-limit", answer_limit, 65535,
		"octets of an answer it can hold; a longer one is a soft failure; 0: "
		"all"),

	WORD("mta-sts", mta_sts, WORDS("none", "before-mx", "after-mx"),
		"when it asks TXT of _mta-sts (RFC 8461)"),
	WORD("canon-first", canon,
		WORDS("none", "sendmail", "any", "cname", "mox", "required"),
		"questions before MX that find the canonical name of the domain"),
	NUMBER("canon-max", canon_max, HOPS_MAX, "aliases it follows there"),
	RULING("on-canon-soft", on_canon_soft, "they failed softly"),
	RULING("on-canon-loop", on_canon_loop,
		"there were more; address: go on without"),
	RULING("on-sender-soft", on_sender_soft,
		"they failed softly for the sender's domain, and a host takes the "
		"recipient; none: pay no attention"),
	BOOL("canon-again", canon_again,
		"an implicit MX host is canonicalised once more before use"),
	WORD("rewrite", rewrite, WORDS("none", "all", "rcpt", "penultimate"),
		"what a CNAME does to the envelope: all is RCPT and headers, to the "
		"end of "
		"the chain; penultimate is the owner of the last CNAME"),
	WORD("mx-name", mx_name, WORDS("original", "canonical"), "whose MX is asked"),
	WORD("implicit-target", implicit, WORDS("original", "canonical"),
		"the host when there is no MX"),

	BOOL("cname-query", cname_query,
		"without MX it asks CNAME, and starts again at its target"),
	NUMBER("cname-rounds", cname_rounds, HOPS_MAX,
		"CNAMEs of an MX answer that it follows by asking again"),
	WORD("cname-restart", cname_restart, WORDS("if-absent", "always"),
		"asks again only when the wanted type is absent, or at any CNAME"),
	WORD("hop-count", hop_count, WORDS("questions", "all"),
		"what cname-rounds counts: further questions, or all hops"),
	BOOL("owner-check", owner_check,
		"records of another owner than the name do not count"),
	BOOL("random-answer", random_answer,
		"takes CNAME or MX of one owner in one answer at random"),
	WORD("foreign-answer", foreign_answer, WORDS("nothing", "soft", "absent"),
		"records that are neither of the type nor an alias: like no records, a "
		"soft failure, or as if the name did not exist"),
	RULING("loop-result", on_loop,
		"a chain longer than it follows; address: not found"),

	RULING("on-nodata", on_nodata, "the MX answer is empty"),
	RULING("on-nxdomain", on_nxdomain, "the MX answer is NXDOMAIN"),
	RULING("on-soft", on_soft, "the MX look-up failed softly"),
	RULING("on-norecovery", on_norecovery, "the MX look-up failed hard"),

	WORD("null-mx", null_mx,
		WORDS("unknown", "strict", "single", "any", "zero", "skip", "skip-zero",
			"level", "reached"),
		"which MX with an empty exchange says the domain takes no mail"),
	WORD("empty-exchange", empty_exchange, WORDS("asked", "nothing", "turn"),
		"an empty exchange that stays in the list: its addresses are asked "
		"for; "
		"it has none; they are asked for, once, when it is tried"),
	RULING("on-null-mx", on_null_mx, "it does"),
	BOOL("localhost-null", localhost_null,
		"an exchange \"localhost\" counts as null"),
	WORD("literal-exchange", literal_exchange,
		WORDS("accept", "kept", "asked", "name", "skip", "reject"),
		"an exchange that reads as an address: use it, even behind the own "
		"host, "
		"after asking for it in vain, take it for a name, leave it out, or "
		"refuse the "
		"domain"),
	RULING("on-literal", on_literal,
		"literal-exchange is reject and there is one, or skip and no other"),
	RULING("on-literal-recipient", on_literal_recipient,
		"recipients at an address literal; none: they are taken; skip: looked "
		"up as a name"),

	WORD("local-exchange", local,
		WORDS("none", "name", "ip", "name-or-interface", "any", "drop",
			"drop-loopback", "drop-zero"),
		"how it finds itself among the hosts: name before its addresses are "
		"asked, name-or-interface after"),
	BOOL("alias-exempt", alias_exempt, "... but not for a recipient it rewrote"),
	BOOL("ignore-loopback", ignore_loopback,
		"loopback addresses and 0.0.0.0 are not used at all"),
	RULING("on-self-best", on_self_best, "nothing is left, it was the best host"),
	RULING("on-self-rest", on_self_rest,
		"nothing is left, the better were unusable; none: their failure "
		"decides"),

	WORD("addresses", ask, WORDS("a", "a-aaaa", "aaaa-a", "none"),
		"address questions for each host, in order"),
	WORD("address-lookup", when, WORDS("eager", "lazy"),
		"for all hosts at once, or for each as its turn comes"),
	BOOL("second-if-needed", second_if_needed,
		"the second family is asked only when the first gave nothing that "
		"works"),
	BOOL("implicit-if-empty", implicit_if_empty,
		"for an implicit MX the second family only when the first gave "
		"nothing"),
	BOOL("trust-mx", trust_mx, "hosts of an MX list count without looking them up"),
	WORD("additional", additional, WORDS("no", "yes", "enough"),
		"uses addresses of the additional section: in place of the question "
		"for their family, or of all questions for their host"),
	BOOL("judges-last", judges_last,
		"an exchange that spoils the list (null, or an address) does so once "
		"the others have been looked up"),
	BOOL("host-loop-final", host_loop_final,
		"too long a chain at one exchange is the end, by loop-result"),
	BOOL("ask-absent", ask_absent,
		"asks also for a family that the host lacks, and tries in vain to "
		"connect"),
	BOOL("canonical-host", host_canonical,
		"names a host by the owner of its address"),
	NUMBER("address-cname-rounds", address_rounds, HOPS_MAX,
		"CNAMEs of an address answer that it follows by asking again"),
	WORD("address-cname-query", host_alias, WORDS("none", "before", "after"),
		"asks for the alias of a host itself: before its addresses (Go's "
		"LookupCNAME), or CNAME when it has none; as often as "
		"address-cname-rounds"),
	BOOL("short-name", short_name,
		"the search list is tried with the first label of a host right below "
		"the client's own domain, and that label as it stands after it"),
	BOOL("aaaa-soft-fatal", aaaa_soft_fatal,
		"a soft failure of AAAA is one of the host: A is not asked"),
	WORD("soft-host", soft_host, WORDS("any", "both", "never", "last"),
		"a host without address failed softly when any, all, or the last of "
		"its questions did"),
	WORD("bad-host", bad_host, WORDS("skip", "stop"),
		"a host without address: the next one; or it ends the list, unless one "
		"before it had an address"),
	BOOL("fallback-address", fallback_address,
		"without any usable host it asks for the addresses of the domain (once "
		"more, after an implicit MX)"),
	WORD("mix-rule", mix, WORDS("defer", "bounce"),
		"soft and hard failures among hosts of which none is usable"),
	RULING("on-host-nodata", on_host_nodata, "a host exists without any address"),
	RULING("on-no-address", on_no_address, "MX, but no host with an address"),
	RULING("on-no-address-soft", on_no_address_soft,
		"the same, after a soft failure"),
	RULING("on-no-address-mixed", on_no_address_mixed,
		"the same, when a hard one came last; none: as on-no-address-soft"),
	RULING("on-no-address-failed", on_no_address_failed,
		"the same, when the last one could not be answered (FORMERR and the "
		"like); none: as on-no-address"),
	RULING("on-implicit-hard", on_implicit_hard, "no MX, and no address either"),
	RULING("on-implicit-soft", on_implicit_soft,
		"no MX, and the address failed softly"),
	RULING("on-implicit-empty", on_implicit_empty,
		"no MX, and only an alias for an address; none: as on-implicit-hard"),

	WORD("order", order, WORDS("answer", "shuffle", "hash"),
		"hosts of equal preference"),
	WORD("pool", pool, WORDS("host", "shuffle", "v6-first", "implicit"),
		"addresses of equal preference: host by host, or mixed"),
	WORD("family-first", family_first, WORDS("asked", "v6", "v4", "alternate"),
		"which addresses of a host come first"),
	BOOL("dedupe", dedupe, "a host named twice is tried once"),
	NUMBER("max-mx", max_mx, NUMBER_MAX, "hosts it looks at; 0: all"),
	NUMBER("max-addresses", max_addresses, NUMBER_MAX,
		"addresses it tries; 0: all"),
	WORD("max-addresses-then", limit_then, WORDS("stop", "preference"),
		"after max-addresses: the end, or one address of each further "
		"preference"),
	NUMBER("max-attempts", max_attempts, NUMBER_MAX,
		"addresses it tries, whatever max-addresses-then says; 0: all"),
	NUMBER("max-sessions", max_sessions, NUMBER_MAX,
		"SMTP sessions it opens; 0: all"),
	NUMBER("max-per-host", max_per_host, NUMBER_MAX,
		"addresses of one host; 0: all"),

	WORD("after-greeting-4xx", after_greeting_4xx, WORDS("address", "host", "stop"),
		"what it tries next"),
	WORD("after-greeting-5xx", after_greeting_5xx, WORDS("address", "host", "stop"),
		"what it tries next"),
	WORD("after-rcpt-4xx", after_rcpt_4xx, WORDS("address", "host", "stop"),
		"what it tries next"),
	BOOL("first-connection-final", first_connection_final,
		"the first host that accepts a connection decides"),
	WORD("reply-status", reply_status, WORDS("host", "own"),
		"the enhanced code of the end: that of the host's reply, or its own"),
	RULING("on-unreachable", on_unreachable, "no connection to any host"),
	RULING("on-greeting-4xx", on_greeting_4xx, "the last host greeted with 4xx"),
	RULING("on-greeting-5xx", on_greeting_5xx, "the last host greeted with 5xx"),
	RULING("on-rcpt-4xx", on_rcpt_4xx, "the last host deferred the recipient"),

	BOOL("spf-check", spf_check,
		"a domain without MX whose SPF is \"-all\" takes no mail"),
	BOOL("global-only", global_only, "only addresses of the public Internet count"),
};

_Static_assert(ARRAY_LEN(fields) <= FIELDS_MAX, "FIELDS_MAX is too small");

static void *member(struct mta_profile *p, const struct field *f)
{
	return (char *)p + f->offset;
}

static const void *member_of(const struct mta_profile *p, const struct field *f)
{
	return (const char *)p + f->offset;
}

/* ---- values ---- */

struct reading {
	struct arena *arena;
	struct place at;
	struct errs *errs;
};

static int refuse_words(const struct reading *r, const struct field *f,
	const char *value, const char *const *words, unsigned n)
{
	struct err *e = errs_add(
		r->errs, r->at, "\"%s\" is not a value of \"%s\"", value, f->name);
	const char *near = lookup_nearest(words, n, sizeof(words[0]), value);
	struct str list = STR_INIT;

	for (unsigned i = 0; i < n; i++)
		str_printf(&list, "%s%s", i == 0 ? "" : ", ", words[i]);
	if (near != NULL)
		err_hint(r->errs, e, "did you mean \"%s\"? (%s)", near, list.data);
	else
		err_hint(r->errs, e, "it takes one of: %s", list.data);
	str_clear(&list);
	return -1;
}

static int word_index(
	const char *value, size_t len, const char *const *words, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		if (strlen(words[i]) == len && memcmp(words[i], value, len) == 0)
			return (int)i;
	}
	return -1;
}

static int read_bool(
	const struct reading *r, const struct field *f, const char *value, bool *ret)
{
	static const char *const words[] = { "no", "yes", "false", "true" };
	int i = word_index(value, strlen(value), words, ARRAY_LEN(words));

	if (i < 0)
		return refuse_words(r, f, value, words, 2);
	*ret = (i & 1) != 0;
	return 0;
}

static int read_number(const struct reading *r, const struct field *f,
	const char *value, uint16_t *ret)
{
	char *end;
	unsigned long n = strtoul(value, &end, 10);

	if (value[0] < '0' || value[0] > '9' || *end != '\0' || n > f->max) {
		errs_add(r->errs, r->at,
			"\"%s\" takes a number from 0 to %u, not \"%s\"", f->name,
			f->max, value);
		return -1;
	}
	*ret = (uint16_t)n;
	return 0;
}

static bool is_status(const char *text, size_t len)
{
	return len == 1 ? text[0] == '-'
			: len >= 5 && strchr("245", text[0]) != NULL &&
				  text[1] == '.' && strspn(text, "0123456789.") >= len;
}

/* "defer 4.4.3 Name server timeout": an action, an enhanced code or "-", a reason. */
static int read_ruling(const struct reading *r, const struct field *f,
	const char *value, struct ruling *ret)
{
	size_t len = strcspn(value, " ");
	int action = word_index(value, len, actions, ARRAY_LEN(actions));
	const char *rest = value + len + strspn(value + len, " ");

	if (action < 0)
		return refuse_words(r, f, value, actions, ARRAY_LEN(actions));
	*ret = (struct ruling){ .action = (enum action)action };
	len = strcspn(rest, " ");
	if (len == 0)
		return 0;
	if (!is_status(rest, len)) {
		errs_add(r->errs, r->at,
			"\"%s\": after \"%s\" comes an enhanced code or \"-\", not "
			"\"%.*s\"",
			f->name, actions[action], (int)len, rest);
		return -1;
	}
	if (len > 1)
		ret->status = arena_strndup(r->arena, rest, len);
	rest += len + strspn(rest + len, " ");
	if (*rest != '\0')
		ret->reason = arena_strdup(r->arena, rest);
	return 0;
}

static int read_stub(
	const struct reading *r, const char *value, const struct stub_row **ret)
{
	const struct stub_row *s = stub_find(value);
	const char *near;
	struct err *e;

	if (s != NULL) {
		*ret = s;
		return 0;
	}
	e = errs_add(r->errs, r->at, "unknown stub \"%s\"", value);
	near = lookup_nearest(stubs, stubs_n, sizeof(stubs[0]), value);
	if (near != NULL)
		err_hint(r->errs, e, "did you mean \"%s\"?", near);
	return -1;
}

static int read_field(const struct reading *r, struct mta_profile *p,
	const struct field *f, const char *value)
{
	int i;

	switch (f->type) {
	case FIELD_WORD:
		i = word_index(value, strlen(value), f->words, f->n_words);
		if (i < 0)
			return refuse_words(r, f, value, f->words, f->n_words);
		*(uint8_t *)member(p, f) = (uint8_t)i;
		return 0;
	case FIELD_BOOL:
		return read_bool(r, f, value, member(p, f));
	case FIELD_NUMBER:
		return read_number(r, f, value, member(p, f));
	case FIELD_RULING:
		return read_ruling(r, f, value, member(p, f));
	case FIELD_STUB:
		return read_stub(r, value, member(p, f));
	case FIELD_TEXT:
		*(const char **)member(p, f) = arena_strdup(r->arena, value);
		return 0;
	}
	return -1;
}

/* ---- the set ---- */

struct profile_set {
	struct arena *arena;
	struct mta_profile **rows;
	size_t n, room;
};

static struct mta_profile *set_add(
	struct profile_set *set, const struct mta_profile *from, const char *name)
{
	struct mta_profile *p = arena_alloc(set->arena, sizeof(*p));

	if (from != NULL)
		*p = *from;
	p->name = name;
	p->aliases = "";
	if (set->n == set->room) {
		size_t room = set->room == 0 ? 64 : set->room * 2;
		struct mta_profile **rows =
			arena_array(set->arena, room, sizeof(*rows));

		if (set->n > 0)
			memcpy(rows, set->rows, set->n * sizeof(*rows));
		set->rows = rows;
		set->room = room;
	}
	set->rows[set->n++] = p;
	return p;
}

/* The built-in rows are ours: a mistake in one is a bug. */
static void apply_settings(struct profile_set *set, struct mta_profile *p,
	const struct setting *settings, struct errs *errs)
{
	struct reading r = { .arena = set->arena, .errs = errs };

	for (const struct setting *s = settings; s->key != NULL; s++) {
		const struct field *f = lookup_row(
			fields, ARRAY_LEN(fields), sizeof(fields[0]), s->key);

		if (f == NULL || read_field(&r, p, f, s->value) != 0)
			bug("profile %s: %s: %s", p->name, s->key, s->value);
		p->source[f - fields] = s->source;
	}
}

struct profile_set *profile_set_new(struct arena *a)
{
	struct profile_set *set = arena_alloc(a, sizeof(*set));
	struct errs errs;

	errs_init(&errs, a);
	set->arena = a;
	for (size_t i = 0; i < catalogue_n; i++) {
		const struct catalogue_row *c = &catalogue[i];
		const struct mta_profile *from = NULL;
		struct mta_profile *p;

		if (c->inherits != NULL) {
			from = profile_find(set, c->inherits);
			if (from == NULL)
				bug("profile %s inherits unknown %s", c->name,
					c->inherits);
		}
		p = set_add(set, from, c->name);
		p->aliases = c->aliases;
		p->inherits = c->inherits;
		p->versions = c->versions;
		apply_settings(set, p, c->settings, &errs);
	}
	/* The base of all rows is no client. */
	set->rows++;
	set->n--;
	set->room--;
	return set;
}

static bool has_alias(const struct mta_profile *p, const char *name)
{
	size_t len = strlen(name);

	for (const char *at = p->aliases; *at != '\0'; at += *at == ' ') {
		size_t n = strcspn(at, " ");

		if (n == len && strncasecmp(at, name, n) == 0)
			return true;
		at += n;
	}
	return false;
}

static const struct mta_profile *find_exact(
	const struct profile_set *set, const char *name)
{
	for (size_t i = 0; i < set->n; i++) {
		if (strcasecmp(set->rows[i]->name, name) == 0)
			return set->rows[i];
	}
	for (size_t i = 0; i < set->n; i++) {
		if (has_alias(set->rows[i], name))
			return set->rows[i];
	}
	return NULL;
}

/* Longer than any program's name with its version. */
#define ALIAS_MAX 63

const struct mta_profile *profile_find(const struct profile_set *set, const char *name)
{
	char shorter[ALIAS_MAX + 1];
	const struct mta_profile *p = find_exact(set, name);
	char *dot;

	if (strlen(name) > ALIAS_MAX)
		return p;
	strcpy(shorter, name);
	/* "postfix-3.7.11" is a postfix-3; whether a version is like the one without
	 * any is for a row to say. */
	while (p == NULL && (dot = strrchr(shorter, '.')) != NULL) {
		*dot = '\0';
		p = strchr(shorter, '-') == NULL ? NULL : find_exact(set, shorter);
	}
	return p;
}

const char *profile_nearest(const struct profile_set *set, const char *name)
{
	const char **names = calloc(set->n + 1, sizeof(*names));
	const char *near;

	if (names == NULL)
		bug("out of memory");
	for (size_t i = 0; i < set->n; i++)
		names[i] = set->rows[i]->name;
	near = lookup_nearest(names, set->n, sizeof(*names), name);
	free(names);
	return near;
}

size_t profile_set_size(const struct profile_set *set)
{
	return set->n;
}

const struct mta_profile *profile_at(const struct profile_set *set, size_t i)
{
	return set->rows[i];
}

/* As scenario ids: what can be typed, filtered and linked to. */
static bool is_profile_name(const char *name)
{
	return *name != '\0' && strlen(name) <= 63 &&
	       name[strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789.-_")] == '\0';
}

struct mta_profile *profile_define(struct profile_set *set, const char *name,
	const char *inherits, struct place at, struct errs *errs)
{
	const struct mta_profile *from = profile_find(set, inherits);
	struct mta_profile *p;

	if (!is_profile_name(name)) {
		struct err *e =
			errs_add(errs, at, "\"%s\" cannot name a profile", name);

		err_hint(errs, e, "use a-z, 0-9, dots, dashes and underscores");
		return NULL;
	}
	if (profile_find(set, name) != NULL) {
		errs_add(errs, at, "there is a profile \"%s\" already", name);
		return NULL;
	}
	if (from == NULL) {
		const char *near = profile_nearest(set, inherits);
		struct err *e = errs_add(errs, at, "unknown profile \"%s\"", inherits);

		if (near != NULL)
			err_hint(errs, e, "did you mean \"%s\"?", near);
		return NULL;
	}
	p = set_add(set, from, arena_strdup(set->arena, name));
	p->inherits = from->name;
	return p;
}

int profile_set_field(struct profile_set *set, struct mta_profile *p, const char *key,
	const char *value, struct place key_at, struct place value_at,
	struct errs *errs)
{
	const struct field *f =
		lookup_row(fields, ARRAY_LEN(fields), sizeof(fields[0]), key);
	struct reading r = { .arena = set->arena, .at = value_at, .errs = errs };

	if (f == NULL) {
		const char *near = lookup_nearest(
			fields, ARRAY_LEN(fields), sizeof(fields[0]), key);
		struct err *e =
			errs_add(errs, key_at, "a profile has no field \"%s\"", key);

		if (near != NULL)
			err_hint(errs, e, "did you mean \"%s\"?", near);
		return -1;
	}
	if (read_field(&r, p, f, value) != 0)
		return -1;
	p->source[f - fields] = value_at.file == NULL
					? "set by the user"
					: arena_printf(set->arena, "%s:%d",
						  value_at.file, value_at.line);
	return 0;
}

const char *profile_name(const struct mta_profile *p)
{
	return p->name;
}

bool profile_is_validator(const struct mta_profile *p)
{
	return p->kind == KIND_VALIDATOR;
}

const char *profile_versions(const struct mta_profile *p)
{
	return p->versions;
}

/* ---- explaining ---- */

static void put_ruling(struct str *s, const struct ruling *r)
{
	str_puts(s, actions[r->action]);
	if (r->status != NULL || r->reason != NULL)
		str_printf(s, " %s", r->status == NULL ? "-" : r->status);
	if (r->reason != NULL)
		str_printf(s, " %s", r->reason);
}

static void put_value(struct str *s, const struct mta_profile *p, const struct field *f)
{
	const void *at = member_of(p, f);

	switch (f->type) {
	case FIELD_WORD:
		str_puts(s, f->words[*(const uint8_t *)at]);
		break;
	case FIELD_BOOL:
		str_puts(s, *(const bool *)at ? "yes" : "no");
		break;
	case FIELD_NUMBER:
		str_printf(s, "%u", *(const uint16_t *)at);
		break;
	case FIELD_RULING:
		put_ruling(s, at);
		break;
	case FIELD_STUB:
		str_puts(s, (*(const struct stub_row *const *)at)->name);
		break;
	case FIELD_TEXT:
		str_puts(s, *(const char *const *)at);
		break;
	}
}

/* Columns of names and values in explanations. */
#define NAME_COLUMNS 24
#define VALUE_COLUMNS 40

/* Beyond this the source of a value goes to a line of its own. */
#define LINE_COLUMNS 100

static void put_source(struct str *s, size_t line, const char *source)
{
	size_t used = s->len - line;

	if (used < VALUE_COLUMNS)
		used = VALUE_COLUMNS;
	if (used + strlen(source) + 3 > LINE_COLUMNS) {
		str_putc(s, '\n');
		line = s->len;
		str_pad(s, line, NAME_COLUMNS + 2);
	} else {
		str_putc(s, ' ');
		str_pad(s, line, VALUE_COLUMNS);
	}
	str_printf(s, "[%s]", source);
}

static bool is_neutral(const char *source)
{
	return source == NULL || strcmp(source, "-") == 0;
}

void profile_explain(struct str *s, const struct mta_profile *p)
{
	str_printf(s, "%s - %s\n", p->name, p->versions);
	if (*p->aliases != '\0')
		str_printf(s, "also called: %s\n", p->aliases);
	if (p->inherits != NULL && strcmp(p->inherits, catalogue[0].name) != 0)
		str_printf(s, "built on: %s\n", p->inherits);
	str_puts(s, "\n");
	for (size_t i = 0; i < ARRAY_LEN(fields); i++) {
		size_t line = s->len;

		str_puts(s, fields[i].name);
		str_pad(s, line, NAME_COLUMNS);
		put_value(s, p, &fields[i]);
		put_source(
			s, line, is_neutral(p->source[i]) ? "neutral" : p->source[i]);
		str_putc(s, '\n');
	}
	str_puts(s, "\nneutral: what holds where no source says otherwise\n");
}

static void put_values_of(struct str *s, const struct field *f)
{
	switch (f->type) {
	case FIELD_WORD:
		for (unsigned i = 0; i < f->n_words; i++)
			str_printf(s, "%s%s", i == 0 ? "" : " | ", f->words[i]);
		break;
	case FIELD_BOOL:
		str_puts(s, "yes | no");
		break;
	case FIELD_NUMBER:
		str_printf(s, "0 to %u", f->max);
		break;
	case FIELD_RULING:
		str_puts(s,
			"none | address | skip | defer | bounce, then an enhanced code "
			"or \"-\", then a reason");
		break;
	case FIELD_STUB:
		for (size_t i = 0; i < stubs_n; i++)
			str_printf(s, "%s%s", i == 0 ? "" : " | ", stubs[i].name);
		break;
	case FIELD_TEXT:
		str_puts(s, "text");
		break;
	}
}

const char *profile_field_name(size_t i)
{
	return i < ARRAY_LEN(fields) ? fields[i].name : NULL;
}

void profile_field_values(struct str *s, size_t i)
{
	put_values_of(s, &fields[i]);
}

static void put_values_wrapped(struct str *s, const struct field *f)
{
	struct str values = STR_INIT;
	size_t line = s->len;

	put_values_of(&values, f);
	str_pad(s, line, NAME_COLUMNS);
	str_put_wrapped(s, line, NAME_COLUMNS, LINE_COLUMNS, values.data);
	str_putc(s, '\n');
	str_clear(&values);
}

void profile_explain_fields(struct str *s)
{
	for (size_t i = 0; i < ARRAY_LEN(fields); i++) {
		size_t line = s->len;

		str_puts(s, fields[i].name);
		str_pad(s, line, NAME_COLUMNS);
		str_put_wrapped(s, line, NAME_COLUMNS, LINE_COLUMNS, fields[i].help);
		str_putc(s, '\n');
		put_values_wrapped(s, &fields[i]);
	}
}
