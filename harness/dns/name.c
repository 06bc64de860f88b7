#include "dns/name.h"

#include <stdio.h>

#include "base/arena.h"
#include "base/bug.h"

static const uint8_t root_wire[1] = { 0 };
const struct name *const name_root = (const struct name *)root_wire;

size_t name_len(const struct name *n)
{
	const uint8_t *w = name_wire(n);
	const uint8_t *p = w;

	while (*p != 0)
		p += 1 + *p;
	return (size_t)(p - w) + 1;
}

unsigned name_labels(const struct name *n)
{
	unsigned labels = 0;

	for (; !name_is_root(n); n = name_parent(n))
		labels++;
	return labels;
}

static uint64_t load64(const uint8_t *p)
{
	uint64_t v;

	memcpy(&v, p, sizeof(v));
	return v;
}

static bool same_octets(const uint8_t *p, const uint8_t *q, size_t n)
{
	if (n >= 8) {
		for (size_t i = 0; i + 8 < n; i += 8) {
			if (load64(p + i) != load64(q + i))
				return false;
		}
		return load64(p + n - 8) == load64(q + n - 8);
	}
	for (size_t i = 0; i < n; i++) {
		if (p[i] != q[i])
			return false;
	}
	return true;
}

/* Most names meet in the letters they were stored in. */
static bool same_label(const uint8_t *p, const uint8_t *q, size_t n)
{
	if (same_octets(p, q, n))
		return true;
	for (size_t i = 0; i < n; i++) {
		if (octet_lower(p[i]) != octet_lower(q[i]))
			return false;
	}
	return true;
}

bool name_equal(const struct name *a, const struct name *b)
{
	const uint8_t *p = name_wire(a), *q = name_wire(b);

	if (p == q)
		return true;
	while (*p == *q) {
		size_t n = *p;

		if (n == 0)
			return true;
		if (!same_label(p + 1, q + 1, n))
			return false;
		p += 1 + n;
		q += 1 + n;
	}
	return false;
}

unsigned name_common_suffix(const struct name *a, const struct name *b,
	const struct name **ret_a, const struct name **ret_b)
{
	unsigned n = name_labels(a), m = name_labels(b), common = 0;

	for (; n > m; n--)
		a = name_parent(a);
	for (; m > n; m--)
		b = name_parent(b);
	for (; n > 0; n--, a = name_parent(a), b = name_parent(b)) {
		if (a->label_len != b->label_len ||
			!same_octets(
				name_wire(a) + 1, name_wire(b) + 1, a->label_len)) {
			common = 0;
		} else if (common == 0) {
			common = n;
			*ret_a = a;
			*ret_b = b;
		}
	}
	return common;
}

const struct name *name_keep_labels(const struct name *n, unsigned labels)
{
	for (unsigned have = name_labels(n); have > labels; have--)
		n = name_parent(n);
	return n;
}

bool name_is_under(const struct name *n, const struct name *ancestor)
{
	size_t len = name_len(n), want = name_len(ancestor);
	const uint8_t *w = name_wire(n);

	while (len > want) {
		len -= 1u + *w;
		w += 1 + *w;
	}
	return len == want && name_equal(name_at(w), ancestor);
}

bool name_is_wildcard(const struct name *n)
{
	return n->label_len == 1 && name_wire(n)[1] == '*';
}

/* Fills `at` with pointers to the labels, first label first; returns how many. */
static unsigned split(const struct name *n, const uint8_t *at[NAME_LABELS_MAX])
{
	unsigned labels = 0;

	for (; !name_is_root(n); n = name_parent(n))
		at[labels++] = name_wire(n);
	return labels;
}

static int label_compare(const uint8_t *a, const uint8_t *b)
{
	unsigned n = a[0] < b[0] ? a[0] : b[0];

	for (unsigned i = 1; i <= n; i++) {
		if (octet_lower(a[i]) != octet_lower(b[i]))
			return octet_lower(a[i]) - octet_lower(b[i]);
	}
	return (int)a[0] - (int)b[0];
}

unsigned name_common_labels(const struct name *a, const struct name *b)
{
	const uint8_t *p[NAME_LABELS_MAX], *q[NAME_LABELS_MAX];
	unsigned n = split(a, p), m = split(b, q), common = 0;

	while (common < n && common < m &&
		label_compare(p[n - 1 - common], q[m - 1 - common]) == 0)
		common++;
	return common;
}

int name_compare(const struct name *a, const struct name *b)
{
	const uint8_t *p[NAME_LABELS_MAX], *q[NAME_LABELS_MAX];
	unsigned n = split(a, p), m = split(b, q);

	while (n > 0 && m > 0) {
		int c = label_compare(p[--n], q[--m]);

		if (c != 0)
			return c;
	}
	return (int)n - (int)m;
}

uint32_t name_hash(const struct name *n)
{
	const uint8_t *w = name_wire(n);
	size_t len = name_len(n);
	uint64_t h = UINT64_C(0x9e3779b97f4a7c15) ^ len;

	/* Eight octets at a time; setting bit 5 everywhere folds the letters' case
	 * (and a few other octets, which costs a collision, not a mistake). */
	while (len >= 8) {
		h = (h ^ (load64(w) | UINT64_C(0x2020202020202020))) *
		    UINT64_C(0xbf58476d1ce4e5b9);
		h ^= h >> 32;
		w += 8;
		len -= 8;
	}
	if (len > 0) {
		uint64_t v = 0;

		memcpy(&v, w, len);
		h = (h ^ (v | UINT64_C(0x2020202020202020))) *
		    UINT64_C(0xbf58476d1ce4e5b9);
		h ^= h >> 32;
	}
	return (uint32_t)(h ^ (h >> 15));
}

size_t name_lower(const struct name *n, uint8_t *to)
{
	size_t len = name_len(n);

	for (size_t i = 0; i < len; i++)
		to[i] = octet_lower(name_wire(n)[i]);
	return len;
}

struct name *name_copy(struct arena *a, const struct name *n)
{
	return arena_memdup(a, n, name_len(n));
}

struct name *name_join(struct arena *a, const struct name *head_of,
	unsigned head_labels, const struct name *tail)
{
	const struct name *end = head_of;
	size_t head, rest = name_len(tail);
	uint8_t *wire;

	for (unsigned i = 0; i < head_labels; i++)
		end = name_parent(end);
	head = (size_t)(name_wire(end) - name_wire(head_of));
	if (head + rest > NAME_WIRE_MAX)
		return NULL;
	wire = arena_alloc_raw(a, head + rest);
	memcpy(wire, head_of, head);
	memcpy(wire + head, tail, rest);
	return (struct name *)wire;
}

struct name *name_replace_suffix(struct arena *a, const struct name *n,
	const struct name *from, const struct name *to)
{
	return name_join(a, n, name_labels(n) - name_labels(from), to);
}

size_t name_check(const uint8_t *wire, const uint8_t *end)
{
	const uint8_t *p = wire;

	while (p < end && *p != 0) {
		if (*p > NAME_LABEL_MAX || end - p <= *p)
			return 0;
		p += 1 + *p;
		if (p - wire >= NAME_WIRE_MAX)
			return 0;
	}
	return p < end ? (size_t)(p - wire) + 1 : 0;
}

/* One character of text, \X and \DDD included. Returns how many it took, 0 when the
 * escape is not one. */
static size_t unescape(const char *text, uint8_t *ret)
{
	unsigned value = 0;

	if (text[0] != '\\') {
		*ret = (uint8_t)text[0];
		return 1;
	}
	if (text[1] < '0' || text[1] > '9') {
		*ret = (uint8_t)text[1];
		return text[1] == '\0' ? 0 : 2;
	}
	for (int i = 1; i <= 3; i++) {
		if (text[i] < '0' || text[i] > '9')
			return 0;
		value = value * 10 + (unsigned)(text[i] - '0');
	}
	*ret = (uint8_t)value;
	return value > 255 ? 0 : 4;
}

struct name *name_from_text(struct arena *a, const char *text,
	const struct name *origin, const char **ret_why)
{
	uint8_t wire[NAME_WIRE_MAX + 1];
	size_t at = 0, len = 1; /* the label's length octet; octets so far */
	const struct name *tail = name_root;

	*ret_why = NULL;
	if (strcmp(text, "@") == 0 && origin != NULL)
		return name_copy(a, origin);
	if (strcmp(text, ".") == 0)
		return name_copy(a, name_root);
	if (*text == '\0') {
		*ret_why = "the name is empty";
		return NULL;
	}
	while (*text != '\0') {
		uint8_t c;
		size_t took;

		if (*text == '.') {
			if (len - at == 1) {
				*ret_why = "a label is empty";
				return NULL;
			}
			wire[at] = (uint8_t)(len - at - 1);
			at = len++;
			text++;
			if (len > NAME_WIRE_MAX) {
				*ret_why = "the name is longer than 255 octets";
				return NULL;
			}
			continue;
		}
		took = unescape(text, &c);
		if (took == 0) {
			*ret_why = "a backslash needs three digits up to 255, or one "
				   "other character, after it";
			return NULL;
		}
		if (len - at > NAME_LABEL_MAX) {
			*ret_why = "a label is longer than 63 octets";
			return NULL;
		}
		if (len >= NAME_WIRE_MAX) {
			*ret_why = "the name is longer than 255 octets";
			return NULL;
		}
		wire[len++] = c;
		text += took;
	}
	if (len - at > 1) { /* no final dot */
		wire[at] = (uint8_t)(len - at - 1);
		at = len;
		if (origin != NULL)
			tail = origin;
	}
	if (at + name_len(tail) > NAME_WIRE_MAX) {
		*ret_why = "the name is longer than 255 octets";
		return NULL;
	}
	memcpy(wire + at, tail, name_len(tail));
	return arena_memdup(a, wire, at + name_len(tail));
}

struct name *name_literal(struct arena *a, const char *text)
{
	const char *why;
	struct name *n = name_from_text(a, text, NULL, &why);

	if (n == NULL)
		bug("name \"%s\": %s", text, why);
	return n;
}

static char *put_octet(char *out, uint8_t c)
{
	if (c > 0x20 && c < 0x7f) {
		/* The characters that mean something in a master file (RFC 1035 5.1).
		 */
		if (strchr(".;\\()\"@$", c) != NULL)
			*out++ = '\\';
		*out++ = (char)c;
		return out;
	}
	return out + sprintf(out, "\\%03u", c);
}

const char *name_to_text(const struct name *n, char buf[NAME_TEXT_MAX])
{
	char *out = buf;

	if (name_is_root(n))
		return strcpy(buf, ".");
	for (; !name_is_root(n); n = name_parent(n)) {
		if (out != buf)
			*out++ = '.';
		for (unsigned i = 1; i <= n->label_len; i++)
			out = put_octet(out, name_wire(n)[i]);
	}
	*out = '\0';
	return buf;
}

const char *name_text(struct arena *a, const struct name *n)
{
	char buf[NAME_TEXT_MAX];

	return arena_strdup(a, name_to_text(n, buf));
}
