#include "zone/load.h"

#include <libzscanner/scanner.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "base/lookup.h"
#include "dns/idn.h"

/* Longest word quoted in a message. */
#define WORD_SHOWN 80

struct quote {
	char text[WORD_SHOWN + 4];
};

static const char *quote(struct quote *q, const struct input *in, struct token t)
{
	size_t n = t.to - t.from;

	snprintf(q->text, sizeof(q->text), "%.*s%s",
		(int)(n > WORD_SHOWN ? WORD_SHOWN : n), in->text + t.from,
		n > WORD_SHOWN ? "..." : "");
	return q->text;
}

struct place input_place(const struct input *in, size_t offset)
{
	const struct place *at = &in->source->at;
	int line = (int)in->next_line;
	size_t start = in->next;

	for (;;) {
		const char *p = NULL;

		if (start < offset)
			p = memchr(in->text + start, '\n', offset - start);
		if (p == NULL)
			break;
		start = (size_t)(p - in->text) + 1;
		line++;
	}
	return (struct place){
		.file = at->file,
		.line = (at->line > 0 ? at->line : 1) + line - 1,
		.col = (at->col > 0 ? at->col : 1) + (int)(offset - start),
	};
}

/* The line as it stands in the whole file, or in our text moved to its column. */
static void put_source(const struct input *in, struct err *e, size_t offset)
{
	const struct zone_source *s = in->source;
	size_t from = offset, to = offset;

	if (s->whole != NULL) {
		err_source(in->errs, e, s->whole, s->whole_len);
		return;
	}
	if (s->len == 0)
		return;
	if (from > s->len)
		from = to = s->len;
	while (from > 0 && s->text[from - 1] != '\n')
		from--;
	while (to < s->len && s->text[to] != '\n')
		to++;
	e->source = arena_printf(in->errs->arena, "%*s%.*s",
		s->at.col > 1 ? s->at.col - 1 : 0, "", (int)(to - from),
		s->text + from);
}

struct err *input_mistake(const struct input *in, size_t offset, const char *fmt, ...)
{
	char text[512];
	struct err *e;
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	e = errs_add(in->errs, input_place(in, offset), "%s", text);
	put_source(in, e, offset);
	in->damage->mistakes++;
	return e;
}

/* Types that people write; the scanner knows more. */
static const struct type_row {
	const char *name;
} types[] = {
	{ "A" },
	{ "AAAA" },
	{ "ALIAS" },
	{ "ANAME" },
	{ "CAA" },
	{ "CDS" },
	{ "CNAME" },
	{ "DNAME" },
	{ "DNSKEY" },
	{ "DS" },
	{ "HINFO" },
	{ "HTTPS" },
	{ "LOC" },
	{ "MX" },
	{ "NAPTR" },
	{ "NS" },
	{ "NSEC" },
	{ "OPENPGPKEY" },
	{ "PTR" },
	{ "RRSIG" },
	{ "SMIMEA" },
	{ "SOA" },
	{ "SPF" },
	{ "SRV" },
	{ "SSHFP" },
	{ "SVCB" },
	{ "TLSA" },
	{ "TXT" },
	{ "URI" },
};

static uint16_t type_of(const struct input *in, struct token t)
{
	char text[RRTYPE_TEXT_MAX];
	size_t n = t.to - t.from;

	if (n == 0 || n >= sizeof(text))
		return 0;
	memcpy(text, in->text + t.from, n);
	text[n] = '\0';
	return rrtype_from_text(text);
}

struct err *input_unknown_type(const struct input *in, size_t offset, const char *type)
{
	struct err *e = input_mistake(in, offset, "unknown record type \"%s\"", type);
	const char *near =
		lookup_nearest(types, ARRAY_LEN(types), sizeof(types[0]), type);

	if (near != NULL)
		err_hint(in->errs, e, "did you mean \"%s\"?", near);
	return e;
}

static void unknown_type(const struct input *in, const struct entry *e)
{
	struct token after;
	struct quote q;
	struct err *err;
	size_t at = e->type.to;

	err = input_unknown_type(in, e->type.from, quote(&q, in, e->type));
	while (at < e->to && (in->text[at] == ' ' || in->text[at] == '\t'))
		at++;
	after = lex_word_at(in->text, e->to, at);
	if (token_is_empty(e->owner) && after.from >= e->type.to &&
		type_of(in, after) != 0)
		err_hint(in->errs, err,
			"the line begins with a blank, so it belongs to the owner "
			"above");
}

/* Mistakes better told by what stands in the text than by where the scanner stopped.
 * True when one was found. */
static bool by_the_text(const struct input *in, const struct entry *e)
{
	struct quote q;

	if (!token_is_empty(e->open_quote)) {
		input_mistake(in, e->open_quote.from, "the quote is not closed");
	} else if (e->is_directive) {
		return false;
	} else if (!token_is_empty(e->class) && !token_is(in->text, e->class, "IN") &&
		   !token_is(in->text, e->class, "CLASS1")) {
		input_mistake(in, e->class.from, "class %s: only IN is served",
			quote(&q, in, e->class));
	} else if (token_is_empty(e->type)) {
		input_mistake(
			in, e->last.from, "there is no record type in this entry");
	} else if (type_of(in, e->type) == 0) {
		unknown_type(in, e);
	} else if (e->last.from == e->type.from) {
		input_mistake(
			in, e->type.from, "%s has no data", quote(&q, in, e->type));
	} else {
		return false;
	}
	return true;
}

static void bad_directive(const struct input *in, const struct entry *e)
{
	struct quote q;
	struct err *err;

	if (token_is(in->text, e->owner, "$GENERATE")) {
		err = input_mistake(in, e->from, "$GENERATE is not supported");
		err_hint(in->errs, err,
			"it is BIND's own (RFC 1035 has none): write the records out");
		return;
	}
	if (token_is(in->text, e->owner, "$TTL") ||
		token_is(in->text, e->owner, "$ORIGIN") ||
		token_is(in->text, e->owner, "$INCLUDE")) {
		input_mistake(in, e->last.from, "%s needs a %s",
			quote(&q, in, e->owner),
			token_is(in->text, e->owner, "$TTL")	  ? "time"
			: token_is(in->text, e->owner, "$ORIGIN") ? "name"
								  : "file name");
		return;
	}
	err = input_mistake(
		in, e->from, "unknown directive \"%s\"", quote(&q, in, e->owner));
	err_hint(in->errs, err, "there are $TTL, $ORIGIN and $INCLUDE");
}

/* How an error reads; %s is the word it is about. */
static const struct wording {
	int code;
	const char *text;
} wordings[] = {
	{ ZS_BAD_IPV4, "\"%s\" is not an IPv4 address" },
	{ ZS_BAD_IPV6, "\"%s\" is not an IPv6 address" },
	{ ZS_BAD_ADDRESS_CHAR, "\"%s\" is not an address" },
	{ ZS_BAD_NUMBER, "\"%s\" is not a number" },
	{ ZS_NUMBER8_OVERFLOW, "%s is more than 255" },
	{ ZS_NUMBER16_OVERFLOW, "%s is more than 65535" },
	{ ZS_NUMBER32_OVERFLOW, "%s is more than 4294967295" },
	{ ZS_NUMBER64_OVERFLOW, "%s is too large a number" },
	{ ZS_BAD_TIME_UNIT, "\"%s\" is not a time (units are s m h d w)" },
	{ ZS_BAD_DNAME_CHAR, "\"%s\" is not a domain name" },
	{ ZS_BAD_ORIGIN, "\"%s\" is not a domain name" },
	{ ZS_BAD_INCLUDE_ORIGIN, "\"%s\" is not a domain name" },
	{ ZS_BAD_TTL, "\"%s\" is not a time" },
	{ ZS_BAD_OWNER, "\"%s\" is not an owner name" },
	{ ZS_LABEL_OVERFLOW, "\"%s\" has a label longer than 63 octets" },
	{ ZS_DNAME_OVERFLOW, "\"%s\" is a name longer than 255 octets" },
	{ ZS_BAD_REST, "\"%s\" is more than belongs here" },
	{ ZS_ITEM_OVERFLOW, "a string longer than 255 octets" },
	{ ZS_LEFT_PARENTHESIS, "a parenthesis inside parentheses" },
	{ ZS_RIGHT_PARENTHESIS, "a closing parenthesis without an opening one" },
	{ ZS_UNSUPPORTED_TYPE, "\"%s\" cannot stand here" },
};

static const char *wording_of(int code)
{
	for (size_t i = 0; i < ARRAY_LEN(wordings); i++) {
		if (wordings[i].code == code)
			return wordings[i].text;
	}
	return NULL;
}

/* The scanner met the end of the line where it wanted more. */
static bool ends_too_soon(const struct input *in, int code, size_t offset)
{
	if (code != ZS_BAD_NUMBER && code != ZS_BAD_DNAME_CHAR && code != ZS_BAD_RDATA)
		return false;
	return offset >= in->len || in->text[offset] == '\n' || in->text[offset] == ';';
}

/* A U-label cannot stand in a master file, its A-label can. */
static void hint_a_label(const struct input *in, struct err *e, struct token word)
{
	char text[NAME_TEXT_MAX];
	size_t n = word.to - word.from;
	const char *ascii;

	if (n >= sizeof(text))
		return;
	memcpy(text, in->text + word.from, n);
	text[n] = '\0';
	ascii = idn_to_ascii(in->errs->arena, text);
	if (ascii != NULL && strcmp(ascii, text) != 0)
		err_hint(in->errs, e, "zones hold the form in ASCII: \"%s\"", ascii);
}

static void by_the_scanner(const struct input *in, int code, size_t offset)
{
	struct token word = lex_word_at(in->text, in->len, offset);
	const char *text = wording_of(code), *rest;
	struct quote q;
	struct err *e;

	if (text == NULL) {
		input_mistake(in, word.from, "%s: \"%s\"", zs_strerror(code),
			quote(&q, in, word));
		return;
	}
	rest = strstr(text, "%s");
	if (rest == NULL) {
		input_mistake(in, word.from, "%s", text);
	} else {
		e = input_mistake(in, word.from, "%.*s%s%s", (int)(rest - text), text,
			quote(&q, in, word), rest + 2);
		if (code == ZS_BAD_OWNER || code == ZS_BAD_DNAME_CHAR)
			hint_a_label(in, e, word);
	}
}

static void needs_more(const struct input *in, const struct entry *e)
{
	struct quote q;

	input_mistake(in, e->last.from, "%s needs more data than this",
		quote(&q, in, e->type));
}

void input_scanner_mistake(const struct input *in, const struct zs_scanner *s,
	const struct entry *e, size_t offset)
{
	if (s->error.code == ZS_LEFT_PARENTHESIS ||
		s->error.code == ZS_RIGHT_PARENTHESIS)
		input_mistake(in, offset, "%s", wording_of(s->error.code));
	else if (s->error.code == ZS_BAD_PREVIOUS_OWNER)
		input_mistake(in, token_is_empty(e->type) ? e->from : e->type.from,
			"there is no owner name above this line");
	else if (!token_is_empty(e->open_paren) &&
		 s->error.code == ZS_UNCLOSED_MULTILINE)
		return; /* told of the parenthesis already */
	else if (by_the_text(in, e))
		return;
	else if (e->is_directive &&
		 (s->error.code == ZS_BAD_DIRECTIVE || e->last.from == e->owner.from))
		bad_directive(in, e);
	else if (!e->is_directive && ends_too_soon(in, s->error.code, offset))
		needs_more(in, e);
	else
		by_the_scanner(in, s->error.code, offset);
}
