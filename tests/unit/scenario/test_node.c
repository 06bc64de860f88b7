#include "scenario/node.h"

#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "support/test.h"

struct file {
	struct arena *arena;
	struct errs errs;
	struct conf_text conf;
	struct node *docs;
};

static int read_text(struct file *f, const char *text, size_t len)
{
	*f = (struct file){ .arena = arena_new() };
	errs_init(&f->errs, f->arena);
	if (conf_from_text(f->arena, "n.conf", text, len, &f->errs, &f->conf) != 0)
		return -1;
	return conf_parse(f->arena, &f->conf, &f->errs, &f->docs);
}

/* ---- the text of a file ---- */

struct refused_row {
	const char *name;
	const char *text;
	size_t len;
	const char *want;
	int line, col;
};

#define TEXT(t) (t), sizeof(t) - 1

/* YAML 1.2.2 5.1 and RFC 3629 3 say which octets a text can have. */
static const struct refused_row refused[] = {
	{ "a NUL is refused", TEXT("a: b\nc: \0d\n"), "control character 0x00", 2, 4 },
	{ "an escape character is refused", TEXT("a: \033[1m\n"),
		"control character 0x1b", 1, 4 },
	{ "a lone continuation octet is refused", TEXT("a: \200\n"),
		"octet 0x80 is not UTF-8", 1, 4 },
	{ "an overlong slash is refused", TEXT("\300\257: a\n"),
		"octet 0xc0 is not UTF-8", 1, 1 },
	{ "an overlong three-octet form is refused", TEXT("\340\200\257: a\n"),
		"octet 0xe0 is not UTF-8", 1, 1 },
	{ "a surrogate is refused", TEXT("a: \355\240\200\n"),
		"octet 0xed is not UTF-8", 1, 4 },
	{ "what is beyond U+10FFFF is refused", TEXT("a: \364\220\200\200\n"),
		"octet 0xf4 is not UTF-8", 1, 4 },
	{ "a character that is cut off is refused", TEXT("a: \342\202"),
		"octet 0xe2 is not UTF-8", 1, 4 },
	{ "UTF-16 is refused", TEXT("\377\376a\0"), "octet 0xff is not UTF-8", 1, 1 },
	{ "a NUL written as an escape is refused", TEXT("a: \"x\\0y\"\n"),
		"the text has a NUL character", 1, 4 },
	{ "an anchor is refused", TEXT("a: &x b\n"), "anchors (&) are not used here", 1,
		4 },
	{ "an alias is refused", TEXT("a: *x\n"), "aliases (*) are not used here", 1,
		4 },
	{ "a merge key is refused", TEXT("a: { <<: b }\n"),
		"merge keys (<<) are not used here", 1, 6 },
	{ "a list as a key is refused", TEXT("? [a]\n: b\n"), "a key must be a word", 1,
		3 },
	{ "a key without a name is refused", TEXT("a: b\n\"\": c\n"),
		"a key without a name", 2, 1 },
};

static void test_refused(void **state)
{
	const struct refused_row *row = *state;
	struct file f;

	assert_int_equal(read_text(&f, row->text, row->len), -1);
	assert_int_equal(f.errs.n, 1);
	assert_string_equal(f.errs.list[0].text, row->want);
	assert_int_equal(f.errs.list[0].at.line, row->line);
	assert_int_equal(f.errs.list[0].at.col, row->col);
	arena_free(f.arena);
}

static void test_tag(void **state)
{
	struct file f;

	(void)state;
	assert_int_equal(read_text(&f, TEXT("a: !!str b\n")), -1);
	assert_string_equal(f.errs.list[0].text, "tags (!) are not used here");
	arena_free(f.arena);
}

static void test_line_ends(void **state)
{
	static const char *const texts[] = { "a: b\nc: |\n  d\n  e\n",
		"a: b\r\nc: |\r\n  d\r\n  e\r\n", "a: b\rc: |\r  d\r  e\r",
		"\357\273\277a: b\nc: |\n  d\n  e\n" };

	(void)state;
	for (size_t i = 0; i < 4; i++) {
		struct file f;
		const struct node *c;

		assert_int_equal(read_text(&f, texts[i], strlen(texts[i])), 0);
		c = node_get(f.docs, "c");
		assert_string_equal(c->text, "d\ne\n");
		assert_int_equal(c->text_at.line, 3);
		arena_free(f.arena);
	}
}

/* ---- places ---- */

static void test_places(void **state)
{
	static const char text[] = "a: \"b\"\n"
				   "l:\n"
				   "  - \303\274: x\n"
				   "t: |\n"
				   "\n"
				   "    one\n"
				   "      two\n"
				   "f: { x: 1, y: [2, 3] }\n";
	const struct node *n;
	struct file f;

	(void)state;
	assert_int_equal(read_text(&f, TEXT(text)), 0);
	n = node_get(f.docs, "a");
	assert_int_equal(n->at.col, 4);
	assert_int_equal(n->text_at.col, 5);
	n = node_get(f.docs, "l")->first->first;
	assert_int_equal(n->key_at.line, 3);
	assert_int_equal(n->key_at.col, 5);
	assert_int_equal(n->at.col, 9); /* octets: the u umlaut has two */
	n = node_get(f.docs, "t");
	assert_true(n->is_literal);
	assert_string_equal(n->text, "\none\n  two\n");
	assert_int_equal(n->text_at.line, 5);
	assert_int_equal(n->text_at.col, 5);
	n = node_get(node_get(f.docs, "f"), "y");
	assert_int_equal(n->n, 2);
	assert_int_equal(n->last->at.col, 19);
	arena_free(f.arena);
}

static void test_indented_literal(void **state)
{
	const struct node *n;
	struct file f;

	(void)state;
	/* YAML 1.2.2 8.1.1.1: the indicator counts columns beyond the parent's. */
	assert_int_equal(read_text(&f, TEXT("a:\n  t: |2\n      one\n    two\n")), 0);
	n = node_get(node_get(f.docs, "a"), "t");
	assert_string_equal(n->text, "  one\ntwo\n");
	assert_int_equal(n->text_at.col, 5);
	arena_free(f.arena);
}

/* ---- limits ---- */

/* depth lists in one another, each with one entry. */
static int read_nested(struct file *f, unsigned depth)
{
	char text[256] = "";

	for (unsigned i = 0; i < depth; i++)
		strcat(text, "[");
	for (unsigned i = 0; i < depth; i++)
		strcat(text, "]");
	return read_text(f, text, strlen(text));
}

static void test_depth(void **state)
{
	struct file f;

	(void)state;
	assert_int_equal(read_nested(&f, CONF_DEPTH_MAX - 1), 0);
	arena_free(f.arena);
	assert_int_equal(read_nested(&f, CONF_DEPTH_MAX), 0);
	arena_free(f.arena);
	assert_int_equal(read_nested(&f, CONF_DEPTH_MAX + 1), -1);
	assert_string_equal(f.errs.list[0].text, "nested too deep");
	arena_free(f.arena);
}

static void test_size(void **state)
{
	char *text = malloc(CONF_SIZE_MAX + 1);
	struct file f;

	(void)state;
	assert_non_null(text);
	memset(text, '#', CONF_SIZE_MAX + 1);
	assert_int_equal(read_text(&f, text, CONF_SIZE_MAX), 0);
	arena_free(f.arena);
	assert_int_equal(read_text(&f, text, CONF_SIZE_MAX + 1), -1);
	assert_string_equal(f.errs.list[0].text, "the file is larger than 16 MiB");
	arena_free(f.arena);
	free(text);
}

static void test_nodes(void **state)
{
	size_t len = 2 * (CONF_NODES_MAX + 10);
	char *text = malloc(len);
	struct file f;

	(void)state;
	assert_non_null(text);
	for (size_t i = 0; i < len; i += 2)
		memcpy(text + i, i == 0 ? "[a" : ",a", 2);
	assert_int_equal(read_text(&f, text, len), -1);
	assert_int_equal(f.errs.n, 1);
	assert_string_equal(f.errs.list[0].text, "the file has too many entries");
	arena_free(f.arena);
	free(text);
}

static void test_unreadable(void **state)
{
	struct file f = { .arena = arena_new() };

	(void)state;
	errs_init(&f.errs, f.arena);
	assert_int_equal(conf_read(f.arena, "no/such.conf", &f.errs, &f.conf), -1);
	assert_string_equal(
		f.errs.list[0].text, "cannot open: No such file or directory");
	assert_int_equal(conf_read(f.arena, "/", &f.errs, &f.conf), -1);
	assert_string_equal(f.errs.list[1].text, "cannot read: Is a directory");
	arena_free(f.arena);
}

int main(void)
{
	TESTS_ADD_ROWS(refused, test_refused);
	tests_add("a tag is refused", test_tag);
	tests_add("CRLF, CR and a byte order mark make no difference", test_line_ends);
	tests_add("each node knows its place in octets", test_places);
	tests_add("a block with an indentation indicator knows its column",
		test_indented_literal);
	tests_add("nesting has a limit", test_depth);
	tests_add("the size of a file has a limit", test_size);
	tests_add("the number of entries has a limit", test_nodes);
	tests_add("a file that cannot be read is reported", test_unreadable);
	return tests_run("scenario-node");
}
