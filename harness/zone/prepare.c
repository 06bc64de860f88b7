#include "zone/load.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/bug.h"

/* The scanner does not know ALIAS and ANAME. It reads DNAME in their place, which is as
 * long and takes the same data, so that every offset stays true; take_record() turns
 * the type back. */
#define STAND_IN "DNAME"
#define STAND_IN_LEN 5

static bool is_word_at(const char *text, const char *word)
{
	return (text[0] | 0x20) == 'a' && strncasecmp(text, word, STAND_IN_LEN) == 0;
}

/* Most texts have no such word, and then are read as they are. Looks at every fifth
 * letter, and closer where it could be in one of the two words. */
static bool may_have_alias(const char *text, size_t len)
{
	for (size_t i = STAND_IN_LEN - 1; i < len;) {
		switch (text[i] | 0x20) {
		case 's':
		case 'e':
			if (is_word_at(text + i - 4, "ALIAS") ||
				is_word_at(text + i - 4, "ANAME"))
				return true;
			i++;
			break;
		case 'm':
		case 'a':
		case 'i':
		case 'l':
		case 'n':
			i++;
			break;
		default:
			i += STAND_IN_LEN;
		}
	}
	return false;
}

static void note_alias(struct input *in, size_t offset)
{
	size_t n = in->n_alias;

	if ((n & (n + 1)) == 0) { /* grow when n is one below a power of two */
		in->alias = reallocarray(in->alias, 2 * (n + 1), sizeof(*in->alias));
		if (in->alias == NULL)
			bug("out of memory");
	}
	in->alias[in->n_alias++] = offset;
}

static void replace_alias(struct input *in, char *text)
{
	struct entry e;

	for (size_t at = 0; lex_entry(text, in->len, at, &e); at = e.to + 1) {
		if (!e.is_directive && (token_is(text, e.type, "ALIAS") ||
					       token_is(text, e.type, "ANAME"))) {
			note_alias(in, e.type.from);
			memcpy(text + e.type.from, STAND_IN, STAND_IN_LEN);
		}
		if (e.to >= in->len)
			break;
	}
}

/* The scanner stops at CRLF; other servers read it. */
static void replace_returns(char *text, size_t len)
{
	for (size_t i = 0; i + 1 < len; i++) {
		if (text[i] == '\r' && text[i + 1] == '\n')
			text[i] = ' ';
	}
}

char *input_prepare(struct input *in)
{
	const struct zone_source *s = in->source;
	bool returns = s->len > 0 && memchr(s->text, '\r', s->len) != NULL;
	bool alias = may_have_alias(s->text, s->len);
	char *copy;

	in->text = s->text;
	in->len = s->len;
	if (!returns && !alias && s->len > 0 && s->text[s->len - 1] == '\n')
		return NULL;
	copy = load_get(s->len + 1);
	if (s->len > 0)
		memcpy(copy, s->text, s->len);
	copy[s->len] = '\n'; /* the scanner's offsets are ours to the end */
	in->text = copy;
	in->len = s->len + 1;
	if (returns)
		replace_returns(copy, in->len);
	if (alias)
		replace_alias(in, copy);
	return copy;
}
