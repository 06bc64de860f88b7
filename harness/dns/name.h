/* name.h - domain names in wire form.
 *
 * A `const struct name *` points at the first length octet of an uncompressed name
 * (RFC 1035 3.1): a name inside RDATA or a message can be used where it lies, and the
 * parent of a name is a pointer into it. Names are immutable and keep the letter case
 * they came with; comparing ignores it (RFC 4343). */
#ifndef DNS_NAME_H
#define DNS_NAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct arena;

struct name {
	uint8_t label_len; /* of the first label; 0 is the root */
};

#define NAME_WIRE_MAX 255 /* RFC 1035 2.3.4 */
#define NAME_LABEL_MAX 63 /* RFC 1035 2.3.4 */
#define NAME_LABELS_MAX 127
#define NAME_TEXT_MAX 1024 /* each octet as \DDD, dots, NUL */

static inline const uint8_t *name_wire(const struct name *n)
{
	return (const uint8_t *)n;
}

static inline const struct name *name_at(const uint8_t *wire)
{
	return (const struct name *)wire;
}

static inline bool name_is_root(const struct name *n)
{
	return n->label_len == 0;
}

/* The name without its first label. The root has no parent: do not ask. */
static inline const struct name *name_parent(const struct name *n)
{
	return name_at(name_wire(n) + 1 + n->label_len);
}

extern const struct name *const name_root;

/* Octets, with the final zero: 1 to 255. */
size_t name_len(const struct name *n);

/* Labels without the root's: "a.b." has 2. */
unsigned name_labels(const struct name *n);

bool name_equal(const struct name *a, const struct name *b);

/* Equal to the ancestor, or below it. */
bool name_is_under(const struct name *n, const struct name *ancestor);

/* The first label is "*" (RFC 4592 2.1.1). */
bool name_is_wildcard(const struct name *n);

/* Labels that both names end in. */
unsigned name_common_labels(const struct name *a, const struct name *b);

/* The longest tail that both have, by exact letter case: how many labels it has, and
 * where it begins in each when that is not 0. */
unsigned name_common_suffix(const struct name *a, const struct name *b,
	const struct name **ret_a, const struct name **ret_b);

/* The ancestor (or the name itself) with so many labels; labels <= name_labels(n). */
const struct name *name_keep_labels(const struct name *n, unsigned labels);

/* Canonical order (RFC 4034 6.1): <0, 0, >0. */
int name_compare(const struct name *a, const struct name *b);

/* Same for names that are equal. */
uint32_t name_hash(const struct name *n);

/* Only ASCII letters have two cases in a name (RFC 4343 3). */
static inline uint8_t octet_lower(uint8_t c)
{
	return c >= 'A' && c <= 'Z' ? (uint8_t)(c + 32) : c;
}

/* Writes the wire form in lower case to `to` (NAME_WIRE_MAX octets); returns its
 * length. */
size_t name_lower(const struct name *n, uint8_t *to);

struct name *name_copy(struct arena *a, const struct name *n);

/* "x" + "y.z." -> "x.y.z."; NULL when the result is over 255 octets. */
struct name *name_join(struct arena *a, const struct name *head_of,
	unsigned head_labels, const struct name *tail);

/* n with its suffix `from` replaced by `to` (RFC 6672 2.2); NULL when too long. */
struct name *name_replace_suffix(struct arena *a, const struct name *n,
	const struct name *from, const struct name *to);

/* Presentation form (RFC 1035 5.1), with escapes. A name without a final dot is taken
 * as complete, too, unless origin is given. Returns NULL with a reason in *ret_why (a
 * static text) when text is not a name. */
struct name *name_from_text(struct arena *a, const char *text,
	const struct name *origin, const char **ret_why);

/* For literals in code and tests: a bad text is a bug. */
struct name *name_literal(struct arena *a, const char *text);

/* Without the final dot, the root as "."; in the name's own case. Returns buf. */
const char *name_to_text(const struct name *n, char buf[NAME_TEXT_MAX]);

/* The same in the arena. */
const char *name_text(struct arena *a, const struct name *n);

/* Length of the uncompressed name that starts at wire and ends before `end`, or 0 when
 * there is none (cut off, too long, a compression pointer). */
size_t name_check(const uint8_t *wire, const uint8_t *end);

#endif
