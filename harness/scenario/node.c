#include "scenario/node.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <libfyaml.h>

#include "base/arena.h"
#include "base/bug.h"
#include "base/lookup.h"

/* ---- the file's text ---- */

static struct place place_of(const struct conf_text *c, size_t pos)
{
	struct place at = { c->path, 1, 1 };
	const char *p = c->text, *end = c->text + (pos < c->len ? pos : c->len);
	const char *nl;

	while ((nl = memchr(p, '\n', (size_t)(end - p))) != NULL) {
		at.line++;
		p = nl + 1;
	}
	at.col = (int)(end - p) + 1;
	return at;
}

/* Length of the UTF-8 character at p (RFC 3629 4), or 0. */
static size_t utf8_len(const unsigned char *p, const unsigned char *end)
{
	size_t n = *p < 0x80 ? 1 : *p < 0xc2 ? 0 : *p < 0xe0 ? 2 : *p < 0xf0 ? 3 : 4;

	if (n == 0 || *p > 0xf4 || (size_t)(end - p) < n)
		return 0;
	for (size_t i = 1; i < n; i++) {
		if ((p[i] & 0xc0) != 0x80)
			return 0;
	}
	if ((*p == 0xe0 && p[1] < 0xa0) || (*p == 0xed && p[1] > 0x9f) ||
		(*p == 0xf0 && p[1] < 0x90) || (*p == 0xf4 && p[1] > 0x8f))
		return 0;
	return n;
}

/* YAML 1.2.2 5.1: no control characters but tab and line ends. One report is enough: a
 * file with one such octet often has thousands. */
static int check_characters(const struct conf_text *c, struct errs *errs)
{
	const unsigned char *start = (const unsigned char *)c->text;
	const unsigned char *end = start + c->len;

	for (const unsigned char *p = start; p < end;) {
		size_t n = utf8_len(p, end);

		if (n == 0) {
			errs_add(errs, place_of(c, (size_t)(p - start)),
				"octet 0x%02x is not UTF-8", *p);
			return -1;
		}
		if ((*p < 0x20 && *p != '\n' && *p != '\t') || *p == 0x7f) {
			errs_add(errs, place_of(c, (size_t)(p - start)),
				"control character 0x%02x", *p);
			return -1;
		}
		p += n;
	}
	return 0;
}

/* CRLF and CR become LF: libfyaml's own messages stumble over a bare CR. */
static size_t copy_lines(char *to, const char *from, size_t len)
{
	size_t n = 0;

	for (size_t i = 0; i < len; i++) {
		if (from[i] == '\r') {
			to[n++] = '\n';
			if (i + 1 < len && from[i + 1] == '\n')
				i++;
		} else {
			to[n++] = from[i];
		}
	}
	return n;
}

int conf_from_text(struct arena *a, const char *path, const char *text, size_t len,
	struct errs *errs, struct conf_text *ret)
{
	struct conf_text c = { .path = arena_strdup(errs->arena, path) };
	char *copy;

	if (len > CONF_SIZE_MAX) {
		errs_add(errs, (struct place){ c.path, 0, 0 },
			"the file is larger than %u MiB", CONF_SIZE_MAX >> 20);
		return -1;
	}
	if (len >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0) { /* byte order mark */
		text += 3;
		len -= 3;
	}
	copy = arena_alloc_raw(a, len + 1);
	c.len = copy_lines(copy, text, len);
	copy[c.len] = '\0';
	c.text = copy;
	if (check_characters(&c, errs) != 0) {
		conf_add_sources(&c, errs);
		return -1;
	}
	*ret = c;
	return 0;
}

/* Reads up to one octet over the limit, so that the caller can tell. */
static char *read_all(FILE *fp, size_t *ret_len)
{
	size_t room = 64 * 1024, len = 0, n;
	char *data = malloc(room);

	while (data != NULL && (n = fread(data + len, 1, room - len, fp)) > 0) {
		char *grown;

		len += n;
		if (len > CONF_SIZE_MAX)
			break;
		if (len < room)
			continue;
		room *= 2;
		grown = realloc(data, room);
		if (grown == NULL)
			free(data);
		data = grown;
	}
	if (data == NULL)
		bug("out of memory");
	*ret_len = len;
	return data;
}

int conf_read(
	struct arena *a, const char *path, struct errs *errs, struct conf_text *ret)
{
	struct place at = { arena_strdup(errs->arena, path), 0, 0 };
	FILE *fp = fopen(path, "rb");
	char *data = NULL;
	size_t len = 0;
	int rc = -1;

	if (fp == NULL) {
		errs_add(errs, at, "cannot open: %s", strerror(errno));
		return -1;
	}
	errno = 0;
	data = read_all(fp, &len);
	if (ferror(fp))
		errs_add(errs, at, "cannot read: %s", strerror(errno));
	else
		rc = conf_from_text(a, path, data, len, errs, ret);
	free(data);
	fclose(fp);
	return rc;
}

void conf_add_sources(const struct conf_text *c, struct errs *errs)
{
	for (size_t i = 0; i < errs->n; i++) {
		struct err *e = &errs->list[i];

		if (e->at.file != NULL && e->at.line > 0 &&
			strcmp(e->at.file, c->path) == 0)
			err_source(errs, e, c->text, c->len);
	}
}

/* ---- the tree ---- */

/* Where a new node goes: the open lists and maps, and for each map the key that waits
 * for its value. */
struct builder {
	struct arena *arena;
	struct errs *errs;
	const struct conf_text *conf;
	size_t offset;	/* of the part of the text that libfyaml was given */
	int lines;	/* lines before it */
	unsigned nodes; /* made so far, in the whole file */
	int mistakes;
	struct node *docs, **docs_end;
	struct level {
		struct node *node;
		const char *key; /* NULL: the next scalar of the map is a key */
		struct place key_at;
	} open[CONF_DEPTH_MAX];
	unsigned depth;
	int line_known; /* a line of the file, and the octets before it */
	size_t line_start;
	bool drop; /* the document has a mistake that makes it unreadable */
	/* libfyaml's first complaint about the document. */
	char complaint[256];
	int line, col;
};

/* The octets of a mark in the whole file's text. */
static size_t offset_of(const struct builder *b, const struct fy_mark *m)
{
	size_t pos = b->offset + (m == NULL ? 0 : m->input_pos);

	return pos < b->conf->len ? pos : b->conf->len;
}

static struct place builder_place(struct builder *b, const struct fy_mark *m)
{
	struct place at = { b->conf->path, 0, 0 };
	size_t pos = offset_of(b, m), start = pos;

	if (m == NULL)
		return at;
	at.line = b->lines + m->line + 1;
	/* libfyaml counts characters, the caret wants octets. The start of the line is
	 * remembered: a long line would be walked again for each of its nodes. */
	if (at.line != b->line_known || pos < b->line_start) {
		while (start > 0 && b->conf->text[start - 1] != '\n')
			start--;
		b->line_known = at.line;
		b->line_start = start;
	}
	at.col = (int)(pos - b->line_start) + 1;
	return at;
}

static struct err *refuse(struct builder *b, struct place at, const char *text)
{
	b->mistakes++;
	return errs_add(b->errs, at, "%s", text);
}

static struct node *new_node(struct builder *b, enum node_kind kind, struct place at)
{
	struct node *n = arena_alloc(b->arena, sizeof(*n));

	n->kind = kind;
	n->at = n->text_at = at;
	b->nodes++;
	return n;
}

/* Hangs the node where it belongs. */
static void attach(struct builder *b, struct node *n)
{
	struct level *top;

	if (b->depth == 0) {
		*b->docs_end = n;
		return;
	}
	top = &b->open[b->depth - 1];
	if (top->node->kind == NODE_MAP) {
		n->key = top->key;
		n->key_at = top->key_at;
		top->key = NULL;
		if (n->at.line == 0)
			n->at = n->text_at = n->key_at;
		if (n->is_literal || n->is_folded)
			n->at = n->key_at; /* where the | is, nobody says */
	}
	if (n->at.line == 0)
		n->at = n->text_at = top->node->at;
	if (top->node->last == NULL)
		top->node->first = n;
	else
		top->node->last->next = n;
	top->node->last = n;
	top->node->n++;
}

static bool awaits_key(const struct builder *b)
{
	return b->depth > 0 && b->open[b->depth - 1].node->kind == NODE_MAP &&
	       b->open[b->depth - 1].key == NULL;
}

static int refuse_decoration(
	struct builder *b, struct fy_token *anchor, struct fy_token *tag)
{
	struct place at = builder_place(b, fy_token_start_mark(anchor));

	if (anchor != NULL) {
		at.col--; /* the mark is behind the & */
		refuse(b, at, "anchors (&) are not used here");
	}
	if (tag != NULL)
		refuse(b, builder_place(b, fy_token_start_mark(tag)),
			"tags (!) are not used here");
	return anchor != NULL || tag != NULL ? -1 : 0;
}

/* Columns by which the block scalar that begins there is indented: those its first line
 * with text has in the file beyond those it has in the scalar. */
static int indentation(const char *in_file, const char *text)
{
	while (in_file[strspn(in_file, " ")] == '\n')
		in_file += strspn(in_file, " ") + 1;
	text += strspn(text, "\n");
	return (int)strspn(in_file, " ") - (int)strspn(text, " ");
}

static void set_scalar(struct builder *b, struct node *n, struct fy_token *token)
{
	enum fy_scalar_style style = fy_token_scalar_style(token);
	const char *text = fy_token_get_text(token, &n->len);

	if (style == FYSS_SINGLE_QUOTED || style == FYSS_DOUBLE_QUOTED)
		n->at.col--;
	n->text = arena_strndup(
		b->arena, text == NULL ? "" : text, text == NULL ? 0 : n->len);
	if (strlen(n->text) != n->len) {
		refuse(b, n->at, "the text has a NUL character");
		n->is_bad = true;
		n->len = strlen(n->text);
	}
	n->is_literal = style == FYSS_LITERAL;
	n->is_folded = style == FYSS_FOLDED;
	if (n->is_literal)
		n->text_at.col =
			1 +
			indentation(b->conf->text +
					    offset_of(b, fy_token_start_mark(token)),
				n->text);
}

/* Mends the key of a map's next entry; a bad one still takes its value with it. */
static void add_key(struct builder *b, struct fy_token *token, struct place at)
{
	struct level *top = &b->open[b->depth - 1];
	struct node *n = new_node(b, NODE_SCALAR, at);

	n->text = "";
	if (token != NULL)
		set_scalar(b, n, token);
	if (n->len == 0)
		refuse(b, n->at.line == 0 ? top->node->at : n->at,
			"a key without a name");
	else if (strcmp(n->text, "<<") == 0)
		refuse(b, n->at, "merge keys (<<) are not used here");
	top->key = n->text;
	top->key_at = n->at.line == 0 ? top->node->at : n->at;
}

static void add_scalar(struct builder *b, struct fy_event *e)
{
	struct fy_token *token = e->scalar.value;
	struct place at = builder_place(
		b, token == NULL ? fy_event_start_mark(e) : fy_token_start_mark(token));
	int bad = refuse_decoration(b, e->scalar.anchor, e->scalar.tag);
	struct node *n;

	if (awaits_key(b)) {
		add_key(b, token, at);
		return;
	}
	n = new_node(b, NODE_SCALAR, at);
	n->text = "";
	if (token != NULL)
		set_scalar(b, n, token);
	else
		n->is_null = true;
	if (n->len == 0 && fy_token_scalar_style(token) == FYSS_PLAIN)
		n->is_null = true;
	n->is_bad |= bad != 0;
	attach(b, n);
}

static void open_level(struct builder *b, enum node_kind kind, struct fy_event *e)
{
	bool map = kind == NODE_MAP;
	struct place at = builder_place(b, fy_event_start_mark(e));
	struct node *n;

	refuse_decoration(b, map ? e->mapping_start.anchor : e->sequence_start.anchor,
		map ? e->mapping_start.tag : e->sequence_start.tag);
	if (awaits_key(b)) {
		refuse(b, at, "a key must be a word");
		b->drop = true;
	} else if (b->depth == CONF_DEPTH_MAX) {
		refuse(b, at, "nested too deep");
		b->drop = true;
	}
	if (b->drop)
		return;
	n = new_node(b, kind, at);
	attach(b, n);
	b->open[b->depth++] = (struct level){ .node = n };
}

static void add_alias(struct builder *b, struct fy_event *e)
{
	struct place at = builder_place(b, fy_event_start_mark(e));
	struct node *n;

	if (at.col > 1)
		at.col--; /* the mark is behind the * */
	err_hint(b->errs, refuse(b, at, "aliases (*) are not used here"),
		"put quotes around a word that begins with *");
	if (awaits_key(b)) {
		b->drop = true;
		return;
	}
	n = new_node(b, NODE_SCALAR, at);
	n->text = "";
	n->is_bad = true;
	attach(b, n);
}

static void end_document(struct builder *b)
{
	struct node *doc = *b->docs_end;

	if (doc != NULL && b->drop)
		*b->docs_end = NULL;
	else if (doc != NULL)
		b->docs_end = &doc->next;
	b->depth = 0;
	b->drop = false;
}

static void take_event(struct builder *b, struct fy_event *e)
{
	bool reads = !b->drop;

	switch (e->type) {
	case FYET_SCALAR:
		if (reads)
			add_scalar(b, e);
		break;
	case FYET_ALIAS:
		if (reads)
			add_alias(b, e);
		break;
	case FYET_MAPPING_START:
		if (reads)
			open_level(b, NODE_MAP, e);
		break;
	case FYET_SEQUENCE_START:
		if (reads)
			open_level(b, NODE_LIST, e);
		break;
	case FYET_MAPPING_END:
	case FYET_SEQUENCE_END:
		if (reads && b->depth > 0)
			b->depth--;
		break;
	case FYET_DOCUMENT_END:
		end_document(b);
		break;
	default:
		break;
	}
}

/* ---- what libfyaml complains about ---- */

/* Its message in our words, where its own do not say what to do. */
static const struct wording {
	const char *theirs; /* how it begins */
	const char *hint;
	int shift; /* columns from their mark to what is wrong */
} wordings[] = {
	{ .theirs = "invalid alias detected",
		.hint = "put quotes around a word that begins with *",
		.shift = -1 },
	{ .theirs = "invalid anchor detected",
		.hint = "put quotes around a word that begins with &",
		.shift = -1 },
	{ .theirs = "plain scalar cannot start with", .hint = "put quotes around it" },
	{ .theirs = "invalid nested block mapping on the same line",
		.hint = "put quotes around a text that has a colon and a space in it" },
	{ .theirs = "block sequence on the same line as a mapping key",
		.hint = "begin the list on the next line, or write [a, b]" },
	{ .theirs = "invalid multiline plain key",
		.hint = "the next line is indented wrongly, or it is no \"key: "
			"value\"" },
	{ .theirs = "could not find expected ':'", .hint = "write \"key: value\"" },
	{ .theirs = "flow sequence without a closing bracket",
		.hint = "a \"]\" is missing above" },
	{ .theirs = "flow mapping without a closing brace",
		.hint = "a \"}\" is missing above" },
	{ .theirs = "missing comma in flow",
		.hint = "a comma or a closing bracket is missing" },
	{ .theirs = "double-quoted scalar without closing quote",
		.hint = "a \" is missing" },
	{ .theirs = "single-quoted scalar without closing quote",
		.hint = "a ' is missing" },
	{ .theirs = "tab character may not indent", .hint = "indent with spaces" },
	{ .theirs = "invalid escape",
		.hint = "write \\\\ for a backslash, or use '...'" },
	{ .theirs = "did not find expected node content",
		.hint = "a value is missing, or a [ or { above is not closed" },
	{ .theirs = "mismatched flow", .hint = "a ] or } is missing before this" },
};

/* Receives "name:LINE:COL: error: text\n", and then the source in pieces that we
 * ignore. Only the first complaint counts: the rest follow from it. */
static void take_complaint(
	struct fy_diag *diag, void *user, const char *buf, size_t len)
{
	static const char mark[] = ": error: ";
	struct builder *b = user;
	const char *text = memmem(buf, len, mark, sizeof(mark) - 1);
	const char *p = text;
	size_t n;

	(void)diag;
	if (text == NULL || b->complaint[0] != '\0')
		return;
	for (int colons = 0; p > buf && colons < 2;)
		colons += *--p == ':';
	if (*p == ':' && sscanf(p, ":%9d:%9d", &b->line, &b->col) != 2)
		b->line = b->col = 0;
	text += sizeof(mark) - 1;
	n = len - (size_t)(text - buf);
	while (n > 0 && text[n - 1] == '\n')
		n--;
	if (n >= sizeof(b->complaint))
		n = sizeof(b->complaint) - 1;
	memcpy(b->complaint, text, n);
	b->complaint[n] = '\0';
}

/* The octet column of the col-th character of the line. */
static int octet_column(const struct builder *b, int line, int col)
{
	const char *p = b->conf->text;
	int n = 1;

	for (int i = 1; i < line && p != NULL; i++) {
		p = strchr(p, '\n');
		p = p == NULL ? NULL : p + 1;
	}
	if (p == NULL)
		return col;
	for (; col > 1 && *p != '\0' && *p != '\n'; p++, n++) {
		if (((unsigned char)p[1] & 0xc0) != 0x80)
			col--;
	}
	return n;
}

/* True when the line begins with a tab, or the one after it does: what libfyaml says
 * about that is hard to understand. */
static int tab_line(const struct builder *b, int line)
{
	const char *p = b->conf->text;

	for (int i = 1; p != NULL && *p != '\0' && i <= line + 1; i++) {
		if (i >= line && p[strspn(p, " ")] == '\t')
			return i;
		p = strchr(p, '\n');
		p = p == NULL ? NULL : p + 1;
	}
	return 0;
}

static const struct wording *wording_of(const char *complaint)
{
	for (size_t i = 0; i < ARRAY_LEN(wordings); i++) {
		if (strncmp(complaint, wordings[i].theirs,
			    strlen(wordings[i].theirs)) == 0)
			return &wordings[i];
	}
	return NULL;
}

static void report_complaint(struct builder *b)
{
	const struct wording *w = wording_of(b->complaint);
	struct place at = { b->conf->path, b->lines + b->line, 0 };
	int tab = tab_line(b, at.line);
	struct err *e;

	if (tab > 0) {
		at.line = tab;
		at.col = 1;
		err_hint(b->errs, refuse(b, at, "a tab cannot indent"),
			"indent with spaces");
		return;
	}
	at.col = octet_column(b, at.line, b->col);
	if (w != NULL && at.col > 1)
		at.col += w->shift;
	e = refuse(b, at, b->complaint[0] == '\0' ? "this is not YAML" : b->complaint);
	if (w != NULL)
		err_hint(b->errs, e, "%s", w->hint);
}

static struct fy_parser *new_parser(struct builder *b, struct fy_diag **ret_diag)
{
	struct fy_diag_cfg diag_cfg;
	struct fy_parse_cfg cfg = {
		.flags = FYPCF_DEFAULT_VERSION_1_2 | FYPCF_JSON_NONE,
	};
	struct fy_parser *parser;

	fy_diag_cfg_default(&diag_cfg);
	diag_cfg.fp = NULL;
	diag_cfg.output_fn = take_complaint;
	diag_cfg.user = b;
	diag_cfg.level = FYET_ERROR;
	diag_cfg.colorize = false;
	diag_cfg.show_source = diag_cfg.show_position = diag_cfg.show_type = true;
	diag_cfg.show_module = false;
	diag_cfg.source_width = diag_cfg.position_width = diag_cfg.type_width = 0;
	*ret_diag = fy_diag_create(&diag_cfg);
	cfg.diag = *ret_diag;
	parser = fy_parser_create(&cfg);
	if (*ret_diag == NULL || parser == NULL)
		bug("libfyaml: no parser");
	return parser;
}

/* Reads documents until the end, a syntax mistake or a limit. Returns -1 for the last
 * two. */
static int read_documents(struct builder *b)
{
	struct fy_diag *diag;
	struct fy_parser *parser = new_parser(b, &diag);
	struct fy_event *e;
	int rc = -1;

	b->complaint[0] = '\0';
	b->line = 1;
	b->col = 1;
	if (fy_parser_set_string(
		    parser, b->conf->text + b->offset, b->conf->len - b->offset) != 0)
		bug("libfyaml: no input");
	while (b->nodes < CONF_NODES_MAX && (e = fy_parser_parse(parser)) != NULL) {
		rc = e->type == FYET_STREAM_END ? 0 : -1;
		take_event(b, e);
		fy_parser_event_free(parser, e);
	}
	if (fy_parser_get_stream_error(parser))
		rc = -1;
	if (rc != 0 && b->nodes < CONF_NODES_MAX)
		report_complaint(b);
	fy_parser_destroy(parser);
	fy_diag_destroy(diag);
	return rc;
}

/* After a syntax mistake: on to the next document, so that its mistakes are seen, too.
 * False when there is none. */
static bool skip_to_document(struct builder *b)
{
	int from = b->lines + b->line;
	const char *p = b->conf->text;
	int line = 1;

	for (; p != NULL; line++) {
		if (line >= from && line > b->lines + 1 && strncmp(p, "---", 3) == 0 &&
			strchr(" \t\n", p[3]) != NULL)
			break;
		p = strchr(p, '\n');
		p = p == NULL ? NULL : p + 1;
	}
	if (p == NULL)
		return false;
	b->offset = (size_t)(p - b->conf->text);
	b->lines = line - 1;
	return true;
}

int conf_parse(struct arena *a, const struct conf_text *conf, struct errs *errs,
	struct node **ret)
{
	struct builder b = { .arena = a, .errs = errs, .conf = conf };

	b.docs_end = &b.docs;
	while (read_documents(&b) != 0) {
		b.drop = true;
		end_document(&b);
		if (b.nodes >= CONF_NODES_MAX) {
			refuse(&b, (struct place){ conf->path, 0, 0 },
				"the file has too many entries");
			break;
		}
		/* Each round walks the text again. */
		if (b.mistakes > ERRS_MAX || !skip_to_document(&b))
			break;
	}
	*ret = b.docs;
	return b.mistakes == 0 ? 0 : -1;
}

const struct node *node_get(const struct node *map, const char *key)
{
	if (map == NULL || map->kind != NODE_MAP)
		return NULL;
	for (const struct node *n = map->first; n != NULL; n = n->next) {
		if (strcmp(n->key, key) == 0)
			return n->is_bad ? NULL : n;
	}
	return NULL;
}

const char *node_text(const struct node *map, const char *key)
{
	const struct node *n = node_get(map, key);

	return n == NULL ? NULL : n->text;
}
