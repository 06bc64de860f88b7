#include "dns/tsig-key.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <ldns/ldns.h>
#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/bug.h"
#include "base/lookup.h"
#include "base/str.h"
#include "dns/tsig.h"

/* Four times the longest key that makes sense (RFC 2104 3: the block of the hash). */
#define SECRET_MAX 512
/* A hundred thousand keys, and some. */
#define FILE_MAX_OCTETS (16 * 1024 * 1024)

/* RFC 8945 6, table 3: those that a server must or may have. Left out is hmac-md5,
 * which must not be used, and gss-tsig, which is another protocol. */
struct tsig_algorithm {
	const char *name;
	const char *wire;
	size_t size;
	const EVP_MD *(*md)(void);
};

static const struct tsig_algorithm algorithms[] = {
	{ "hmac-sha256", "\013hmac-sha256", 32, EVP_sha256 },
	{ "hmac-sha1", "\011hmac-sha1", 20, EVP_sha1 },
	{ "hmac-sha224", "\013hmac-sha224", 28, EVP_sha224 },
	{ "hmac-sha384", "\013hmac-sha384", 48, EVP_sha384 },
	{ "hmac-sha512", "\013hmac-sha512", 64, EVP_sha512 },
};
#define ALGORITHM_DEFAULT (&algorithms[0])

const struct name *tsig_algorithm_wire(const struct tsig_algorithm *algorithm)
{
	return name_at((const uint8_t *)algorithm->wire);
}

size_t tsig_algorithm_size(const struct tsig_algorithm *algorithm)
{
	return algorithm->size;
}

const EVP_MD *tsig_algorithm_md(const struct tsig_algorithm *algorithm)
{
	return algorithm->md();
}

const char *tsig_algorithm_name(const struct tsig_algorithm *algorithm)
{
	return algorithm->name;
}

bool tsig_key_equal(const struct tsig_key *a, const struct tsig_key *b)
{
	return a->algorithm == b->algorithm && name_equal(a->name, b->name) &&
	       a->secret_len == b->secret_len &&
	       CRYPTO_memcmp(a->secret, b->secret, a->secret_len) == 0;
}

/* ---- the parts of a key ---- */

static const struct tsig_algorithm *find_algorithm(
	struct arena *a, const char *text, const char **ret_why)
{
	const char *near;

	for (size_t i = 0; i < ARRAY_LEN(algorithms); i++) {
		if (strcasecmp(algorithms[i].name, text) == 0)
			return &algorithms[i];
	}
	if (strcasecmp(text, "hmac-md5") == 0 ||
		strncasecmp(text, "hmac-md5.", strlen("hmac-md5.")) == 0) {
		*ret_why = "hmac-md5 must not be used (RFC 8945 6)";
		return NULL;
	}
	near = lookup_nearest(
		algorithms, ARRAY_LEN(algorithms), sizeof(algorithms[0]), text);
	*ret_why = near == NULL ? arena_printf(a, "unknown algorithm \"%.40s\"", text)
				: arena_printf(a,
					  "unknown algorithm \"%.40s\" (did you mean "
					  "\"%s\"?)",
					  text, near);
	return NULL;
}

static const struct name *find_name(
	struct arena *a, const char *text, const char **ret_why)
{
	const char *why = NULL;
	const struct name *name = name_from_text(a, text, NULL, &why);

	if (name == NULL)
		*ret_why = arena_printf(
			a, "\"%.80s\" is not the name of a key: %s", text, why);
	return name;
}

static int read_secret(
	struct arena *a, const char *text, struct tsig_key *ret, const char **ret_why)
{
	ldns_rdf *secret = NULL;
	size_t n = 0;

	if (text[0] != '\0' && ldns_str2rdf_b64(&secret, text) == LDNS_STATUS_OK)
		n = ldns_rdf_size(secret);
	if (n > 0 && n <= SECRET_MAX) {
		ret->secret = arena_memdup(a, ldns_rdf_data(secret), n);
		ret->secret_len = n;
	} else {
		*ret_why =
			n == 0 ? "the secret is not base64" : "the secret is too long";
	}
	ldns_rdf_deep_free(secret);
	return *ret_why == NULL ? 0 : -1;
}

int tsig_key_from_text(
	struct arena *a, const char *text, struct tsig_key *ret, const char **ret_why)
{
	char *copy = arena_strdup(a, text), *rest = copy;
	const char *algorithm = NULL, *name = strsep(&rest, ":"), *secret;
	struct tsig_key key = { .algorithm = ALGORITHM_DEFAULT };

	*ret_why = NULL;
	secret = strsep(&rest, ":");
	if (rest != NULL) {
		algorithm = name;
		name = secret;
		secret = rest;
	}
	if (secret == NULL || name[0] == '\0') {
		*ret_why = "a key is written [hmac:]name:secret";
		return -1;
	}
	if (algorithm != NULL)
		key.algorithm = find_algorithm(a, algorithm, ret_why);
	if (key.algorithm == NULL)
		return -1;
	key.name = find_name(a, name, ret_why);
	if (key.name == NULL || read_secret(a, secret, &key, ret_why) != 0)
		return -1;
	*ret = key;
	return 0;
}

/* ---- a file of keys ---- */

struct keys_file {
	struct arena *arena;
	struct errs *errs;
	const char *path;
	const char *at, *end;
	int line;
	const char *line_start;
	/* The token before `at`. */
	struct place place;
	const char *word; /* NULL at the end of the file */
	bool quoted;
	struct tsig_key *keys;
	size_t n, room;
};

static struct place here(const struct keys_file *f)
{
	return (struct place){ .file = f->path,
		.line = f->line,
		.col = (int)(f->at - f->line_start) + 1 };
}

static void step(struct keys_file *f)
{
	if (*f->at++ == '\n') {
		f->line++;
		f->line_start = f->at;
	}
}

static bool starts(const struct keys_file *f, const char *text)
{
	size_t n = strlen(text);

	return (size_t)(f->end - f->at) >= n && memcmp(f->at, text, n) == 0;
}

static void skip_comment(struct keys_file *f, const char *until)
{
	while (f->at < f->end && !starts(f, until))
		step(f);
	for (size_t i = strlen(until); i > 0 && f->at < f->end; i--)
		step(f);
}

static void skip_blanks(struct keys_file *f)
{
	for (;;) {
		if (starts(f, "/*"))
			skip_comment(f, "*/");
		else if (starts(f, "//") || starts(f, "#"))
			skip_comment(f, "\n");
		else if (f->at < f->end && isspace((unsigned char)*f->at))
			step(f);
		else
			return;
	}
}

/* A word, a quoted string, or one of { } ; */
static void next_token(struct keys_file *f)
{
	const char *start;

	skip_blanks(f);
	f->place = here(f);
	f->quoted = f->at < f->end && *f->at == '"';
	f->word = NULL;
	if (f->at == f->end)
		return;
	if (f->quoted)
		f->at++;
	start = f->at;
	if (f->quoted) {
		while (f->at < f->end && *f->at != '"' && *f->at != '\n')
			f->at++;
	} else if (strchr("{};", *f->at) != NULL) {
		f->at++;
	} else {
		while (f->at < f->end && !isspace((unsigned char)*f->at) &&
			strchr("{};\"", *f->at) == NULL)
			f->at++;
	}
	f->word = arena_strndup(f->arena, start, (size_t)(f->at - start));
	if (f->quoted && f->at < f->end && *f->at == '"')
		f->at++;
}

static int mistake(struct keys_file *f, const char *text)
{
	errs_add(f->errs, f->place, "%s", text);
	return -1;
}

static bool is_sign(const struct keys_file *f, const char *sign)
{
	return f->word != NULL && !f->quoted && strcmp(f->word, sign) == 0;
}

static bool is_word(const struct keys_file *f)
{
	return f->word != NULL && (f->quoted || strchr("{};", f->word[0]) == NULL);
}

/* Takes the sign, or says that it is missing. */
static int expect(struct keys_file *f, const char *sign)
{
	next_token(f);
	if (is_sign(f, sign))
		return 0;
	return mistake(f, arena_printf(f->arena, "expected \"%s\"", sign));
}

/* One clause, whose first word has been read. */
static int read_clause(struct keys_file *f, struct tsig_key *key)
{
	bool is_secret = strcmp(f->word, "secret") == 0;
	const char *why = NULL;

	if (!is_secret && strcmp(f->word, "algorithm") != 0)
		return mistake(f, "expected \"algorithm\", \"secret\" or \"}\"");
	next_token(f);
	if (!is_word(f))
		return mistake(f, is_secret ? "expected the secret, in base64"
					    : "expected the name of an algorithm");
	if (is_secret)
		read_secret(f->arena, f->word, key, &why);
	else
		key->algorithm = find_algorithm(f->arena, f->word, &why);
	if (why != NULL)
		return mistake(f, why);
	return expect(f, ";");
}

static int read_body(struct keys_file *f, struct tsig_key *key)
{
	struct place start = f->place;

	if (expect(f, "{") != 0)
		return -1;
	for (next_token(f); !is_sign(f, "}"); next_token(f)) {
		if (!is_word(f))
			return mistake(
				f, "expected \"algorithm\", \"secret\" or \"}\"");
		if (read_clause(f, key) != 0)
			return -1;
	}
	f->place = start;
	if (key->algorithm == NULL)
		return mistake(f, "this key has no algorithm");
	if (key->secret == NULL)
		return mistake(f, "this key has no secret");
	return expect(f, ";");
}

static void keep(struct keys_file *f, const struct tsig_key *key)
{
	if (f->n == f->room) {
		size_t room = f->room == 0 ? 4 : f->room * 2;
		struct tsig_key *more = arena_array(f->arena, room, sizeof(*more));

		if (f->n > 0)
			memcpy(more, f->keys, f->n * sizeof(*more));
		f->keys = more;
		f->room = room;
	}
	f->keys[f->n++] = *key;
}

static int read_key(struct keys_file *f)
{
	struct tsig_key key = { .name = NULL };
	const char *why = NULL;

	if (f->quoted || strcmp(f->word, "key") != 0)
		return mistake(f, "expected key \"name\" { ... };");
	next_token(f);
	if (!is_word(f))
		return mistake(f, "expected the name of the key");
	key.name = find_name(f->arena, f->word, &why);
	if (key.name == NULL)
		return mistake(f, why);
	if (read_body(f, &key) != 0)
		return -1;
	keep(f, &key);
	return 0;
}

/* The first mistake ends it: where the next key begins is then a guess. */
static int read_keys(struct keys_file *f)
{
	for (next_token(f); f->word != NULL; next_token(f)) {
		if (read_key(f) != 0)
			return -1;
	}
	if (f->n == 0)
		return mistake(f, "no key in this file");
	return 0;
}

/* May be a pipe ("<(tsig-keygen)"), so its length is not asked for. */
static int read_file(const char *path, struct str *text, const char **ret_why)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	char block[4096];
	ssize_t n = -1;

	*ret_why = NULL;
	while (fd >= 0 && (n = read(fd, block, sizeof(block))) > 0) {
		str_put(text, block, (size_t)n);
		if (text->len > FILE_MAX_OCTETS)
			*ret_why = "no file of keys is as large as this";
		if (*ret_why != NULL)
			break;
	}
	if (n < 0)
		*ret_why = strerror(errno);
	if (fd >= 0)
		close(fd);
	return *ret_why == NULL ? 0 : -1;
}

int tsig_keys_from_file(struct arena *a, const char *path, struct errs *errs,
	struct tsig_key **ret, size_t *ret_n)
{
	struct keys_file f = { .arena = a,
		.errs = errs,
		.path = arena_strdup(errs->arena, path),
		.line = 1 };
	struct str text = STR_INIT;
	const char *why;
	int rc = -1;

	if (read_file(path, &text, &why) != 0) {
		errs_add(
			errs, (struct place){ .file = f.path }, "cannot read: %s", why);
	} else {
		f.at = f.line_start = text.data;
		f.end = text.data + text.len;
		rc = read_keys(&f);
	}
	if (rc == 0) {
		*ret = f.keys;
		*ret_n = f.n;
	}
	str_clear(&text);
	return rc;
}

/* ---- keys by name ---- */

struct tsig_keys {
	const struct tsig_key **slots; /* twice as many as keys, or more */
	uint32_t mask;
};

static const struct tsig_key **slot_of(
	const struct tsig_keys *k, const struct name *name)
{
	uint32_t at = name_hash(name) & k->mask;

	while (k->slots[at] != NULL && !name_equal(k->slots[at]->name, name))
		at = (at + 1) & k->mask;
	return &k->slots[at];
}

struct tsig_keys *tsig_keys_new(struct arena *a, const struct tsig_key *keys, size_t n)
{
	struct tsig_keys *k = arena_alloc(a, sizeof(*k));
	size_t slots = 2;

	while (slots < 2 * n)
		slots *= 2;
	if (slots > UINT32_MAX)
		bug("more than two billion keys");
	k->slots = arena_array(a, slots, sizeof(const struct tsig_key *));
	k->mask = (uint32_t)(slots - 1);
	for (size_t i = 0; i < n; i++) {
		const struct tsig_key **slot = slot_of(k, keys[i].name);

		if (*slot == NULL)
			*slot = &keys[i];
	}
	return k;
}

const struct tsig_key *tsig_keys_find(
	const struct tsig_keys *k, const struct name *name)
{
	return *slot_of(k, name);
}
