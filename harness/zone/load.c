#include "zone/load.h"

#include <errno.h>
#include <libzscanner/scanner.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/bug.h"
#include "zone/store.h"

/* BIND allows as many levels; nobody nests deeper by hand. */
#define INCLUDE_DEPTH_MAX 16
/* Files in all: includes of includes must not multiply without end. */
#define INCLUDE_FILES_MAX 1000
/* Past the mistakes that are shown, counting on has an end too. */
#define MISTAKES_MAX (10 * ERRS_MAX)

/* ---- reading ---- */

struct reader {
	struct input in;
	const struct sink *sink;
	const struct reader *parent; /* the text that includes this one */
	struct file_id id;
	unsigned depth;
	unsigned *files; /* included so far, in all */
	zs_scanner_t *s;
	uint8_t origin[NAME_WIRE_MAX]; /* what $ORIGIN said last */
	bool ended; /* in the middle of an entry: nothing can follow */
};

static void read_source(struct reader *r, const struct name *origin, uint32_t ttl);

/* Where the scanner stands; it ends on a block of its own. */
static size_t offset_of(const struct reader *r)
{
	if (r->s->input.start != r->in.text)
		return r->in.len;
	return (size_t)(r->s->input.current - r->s->input.start);
}

static unsigned newlines(const struct input *in, size_t from, size_t to)
{
	unsigned n = 0;

	for (; from < to; from++)
		n += in->text[from] == '\n';
	return n;
}

/* The name in the arena, or NULL when the word is none. */
static struct name *word_to_name(
	const struct reader *r, struct arena *a, struct token t)
{
	const char *why;

	return name_from_text(a, arena_strndup(a, r->in.text + t.from, t.to - t.from),
		name_at(r->origin), &why);
}

static void set_origin(struct reader *r, const struct name *origin)
{
	memcpy(r->origin, origin, name_len(origin));
	memcpy(r->s->zone_origin, origin, name_len(origin));
	r->s->zone_origin_length = (uint32_t)name_len(origin);
}

/* The scanner went over this directive in silence. */
static void note_directive(struct reader *r, const struct entry *e)
{
	struct arena *tmp;
	struct name *origin;

	if (!token_is(r->in.text, e->owner, "$ORIGIN"))
		return;
	tmp = arena_new();
	origin = word_to_name(r, tmp, e->last);
	if (origin != NULL)
		memcpy(r->origin, origin, name_len(origin));
	arena_free(tmp);
}

/* Moves in->next to the entry that the scanner has just read, up to the offset. False
 * when there is none. */
static bool find_entry(struct reader *r, size_t offset, struct entry *ret)
{
	struct input *in = &r->in;

	while (lex_entry(in->text, in->len, in->next, ret)) {
		in->next_line += ret->skipped;
		in->next = ret->from;
		if (!ret->is_directive || ret->to >= offset)
			return ret->from <= offset;
		note_directive(r, ret);
		in->next_line += newlines(in, ret->from, ret->to) + 1;
		in->next = ret->to + 1;
	}
	return false;
}

/* The next entry starts after the line that the scanner has read, or after the end of
 * an entry in parentheses. */
static void move_on(struct reader *r, size_t offset, const struct entry *e)
{
	size_t to = e != NULL && e->to > offset ? e->to : offset;
	struct input *in = &r->in;

	if (to >= in->len) {
		in->next = in->len;
		return;
	}
	in->next_line = (unsigned)r->s->line_counter + 1 + newlines(in, offset, to);
	in->next = to + 1;
}

/* An entry in parentheses that nobody closes swallows the rest of the text. */
static void check_parens(struct reader *r, const struct entry *e)
{
	if (token_is_empty(e->open_paren))
		return;
	input_mistake(&r->in, e->open_paren.from, "the parenthesis is not closed");
	r->ended = true;
}

static bool is_alias(struct input *in, size_t offset)
{
	bool found = false;

	while (in->next_alias < in->n_alias && in->alias[in->next_alias] < offset) {
		in->next_alias++;
		found = true;
	}
	return found;
}

/* The sentence that says why the record cannot be taken, or NULL. */
static const char *refusal(const struct reader *r, const struct rr *rr)
{
	if (r->s->r_class != CLASS_IN)
		return "only class IN is served";
	if (rr->ttl > INT32_MAX)
		return "the TTL is more than 2147483647 (RFC 2181 8)";
	if (!rr_is_well_formed(rr->type, rr->rdata, rr->rdlen))
		return "the data is not what the type says";
	if (!name_is_under(rr->owner, r->in.source->origin))
		return "outside";
	return NULL;
}

static void refuse_record(struct reader *r, const struct rr *rr, const char *why)
{
	char owner[NAME_TEXT_MAX], origin[NAME_TEXT_MAX];
	struct input *in = &r->in;
	struct entry e;
	size_t at = in->next;

	if (find_entry(r, offset_of(r), &e))
		at = token_is_empty(e.owner) ? e.type.from : e.owner.from;
	if (strcmp(why, "outside") != 0) {
		input_mistake(in, at, "%s", why);
		return;
	}
	input_mistake(in, at, "%.200s is outside the zone %.200s",
		name_to_text(rr->owner, owner),
		name_to_text(in->source->origin, origin));
}

static void take_record(struct reader *r)
{
	zs_scanner_t *s = r->s;
	struct input *in = &r->in;
	struct rr rr = {
		.owner = name_at(s->r_owner),
		.rdata = s->r_data,
		.ttl = s->r_ttl,
		.type = s->r_type,
		.rdlen = (uint16_t)s->r_data_length,
	};
	size_t offset = offset_of(r);
	bool one_line = s->line_counter == in->next_line && !s->multiline;
	const char *why;
	struct entry e = { .to = 0 };

	if (is_alias(in, offset) && rr.type == TYPE_DNAME)
		rr.type = TYPE_ALIAS;
	if (!one_line && !find_entry(r, offset, &e))
		e.to = 0;
	check_parens(r, &e);
	why = refusal(r, &rr);
	if (why != NULL) {
		refuse_record(r, &rr, why);
	} else {
		struct place at = in->source->at;

		at.line = (at.line > 0 ? at.line : 1) + (int)in->next_line - 1;
		r->sink->take(r->sink->ctx, &rr, at);
	}
	move_on(r, offset, &e);
}

/* The mistake is at the word the $INCLUDE names. */
static void include_mistake(
	struct reader *r, const struct entry *e, const char *path, const char *why)
{
	input_mistake(&r->in, e->type.from, "cannot include \"%.200s\": %s", path, why);
}

static const char *include_refusal(const struct reader *r)
{
	if (r->in.source->dir == NULL)
		return "$INCLUDE is not allowed here";
	if (r->depth >= INCLUDE_DEPTH_MAX)
		return "included too deep";
	if (*r->files >= INCLUDE_FILES_MAX)
		return "too many files";
	return NULL;
}

static bool includes_itself(const struct reader *r, struct file_id id)
{
	for (; r != NULL; r = r->parent) {
		if (r->id.ino == id.ino && r->id.dev == id.dev)
			return true;
	}
	return false;
}

static void read_included(struct reader *r, const char *path, const char *text,
	size_t len, struct file_id id, const struct name *origin)
{
	char *folder = load_folder(path);
	struct zone_source source = {
		.origin = r->in.source->origin,
		.text = text,
		.len = len,
		.at = { .file = arena_strdup(r->in.errs->arena, path),
			.line = 1,
			.col = 1 },
		.whole = text,
		.whole_len = len,
		.dir = folder,
	};
	struct reader in = {
		.in = { .source = &source, .errs = r->in.errs, .damage = r->in.damage },
		.sink = r->sink,
		.parent = r,
		.id = id,
		.depth = r->depth + 1,
		.files = r->files,
	};

	(*r->files)++;
	read_source(&in, origin, r->s->default_ttl);
	free(folder);
}

static void include(struct reader *r, const struct entry *e, const char *name,
	const struct name *origin)
{
	const char *why = include_refusal(r);
	struct file_id id;
	char *path, *text;
	size_t len;

	if (why != NULL) {
		include_mistake(r, e, name, why);
		return;
	}
	path = arena_printf(r->in.errs->arena, "%s%s%s",
		*name == '/' ? "" : r->in.source->dir, *name == '/' ? "" : "/", name);
	if (load_read_file(path, true, &id, &text, &len) != 0) {
		include_mistake(r, e, path, strerror(errno));
		return;
	}
	if (includes_itself(r, id))
		include_mistake(r, e, path, "it includes itself");
	else
		read_included(r, path, text, len, id, origin);
	free(text);
}

/* The scanner has put a relative path behind "./". */
static const char *scanned_path(const zs_scanner_t *s)
{
	const char *path = s->include_filename;

	return strncmp(path, "./", 2) == 0 ? path + 2 : path;
}

static void take_include(struct reader *r)
{
	struct arena *tmp = arena_new();
	const char *why;
	struct name *origin =
		name_from_text(tmp, (const char *)r->s->buffer, NULL, &why);
	struct entry e;

	if (find_entry(r, offset_of(r), &e) && origin != NULL)
		include(r, &e, scanned_path(r->s), origin);
	arena_free(tmp);
	move_on(r, offset_of(r), NULL);
}

/* RFC 1035 5.1 lets $ORIGIN and the origin of $INCLUDE be relative; the scanner does
 * not. True when the entry is one of those and has been dealt with. */
static bool take_relative_origin(struct reader *r, const struct entry *e)
{
	struct input *in = &r->in;
	bool is_include = token_is(in->text, e->owner, "$INCLUDE");
	struct arena *tmp;
	struct name *origin;

	if (!is_include && !token_is(in->text, e->owner, "$ORIGIN"))
		return false;
	if (e->last.from <= (is_include ? e->type.from : e->owner.from))
		return false;
	tmp = arena_new();
	origin = word_to_name(r, tmp, e->last);
	if (origin != NULL && is_include)
		include(r, e,
			arena_strndup(tmp, in->text + e->type.from,
				e->type.to - e->type.from),
			origin);
	else if (origin != NULL)
		memcpy(r->origin, origin, name_len(origin));
	arena_free(tmp);
	return origin != NULL;
}

/* So that one run shows every mistake, the scanner goes on after those that would stop
 * it, too; and after the entry, whose closing parenthesis it may have missed. */
static void resume(struct reader *r, size_t offset, const struct entry *e)
{
	zs_scanner_t *s = r->s;

	s->error.fatal = false;
	s->multiline = false;
	if (s->input.start != r->in.text || e->to <= offset)
		return;
	for (size_t i = offset; i < e->to; i++)
		s->line_counter += r->in.text[i] == '\n';
	s->input.current = s->input.start + e->to;
}

static void note_damage(struct input *in, const struct entry *e)
{
	if (token_is(in->text, e->type, "SOA"))
		in->damage->soa = true;
	if (token_is(in->text, e->type, "NS"))
		in->damage->ns = true;
}

static void take_error(struct reader *r)
{
	zs_scanner_t *s = r->s;
	struct input *in = &r->in;
	size_t end = offset_of(r),
	       rest = s->buffer_length > 0 ? s->buffer_length - 1 : 0;
	bool origin = s->error.code == ZS_BAD_ORIGIN ||
		      s->error.code == ZS_BAD_INCLUDE_ORIGIN;
	struct entry e;

	is_alias(in, end);
	if (find_entry(r, end, &e)) {
		if (!origin || !take_relative_origin(r, &e))
			input_scanner_mistake(in, s, &e, rest < end ? end - rest : 0);
		note_damage(in, &e);
		check_parens(r, &e);
		move_on(r, end, &e);
		resume(r, end, &e);
	} else { /* an indented comment before the first owner is no mistake */
		move_on(r, end, NULL);
	}
	/* The scanner may have written a bad origin over the good one. */
	if (e.is_directive)
		set_origin(r, name_at(r->origin));
}

/* False when there is nothing more to read. */
static bool read_one(struct reader *r)
{
	zs_scanner_t *s = r->s;
	const char *before = s->input.current;

	if (zs_parse_record(s) != 0)
		return false;
	switch (s->state) {
	case ZS_STATE_DATA:
		take_record(r);
		return !r->ended;
	case ZS_STATE_INCLUDE:
		take_include(r);
		return true;
	case ZS_STATE_ERROR:
		take_error(r);
		/* An error that ends the text leaves the scanner where it was. */
		return !r->ended && s->input.start == r->in.text &&
		       s->input.current != before &&
		       r->in.damage->mistakes < MISTAKES_MAX;
	default:
		return false;
	}
}

/* What no scanner should see: the mistakes it would find are about something else. */
static bool is_no_text(const struct input *in)
{
	const char *zero = in->len > 0 ? memchr(in->text, '\0', in->len) : NULL;
	struct err *e;

	if (zero != NULL) {
		input_mistake(in, (size_t)(zero - in->text),
			"an octet 0: this is no text in ASCII or UTF-8");
	} else if (in->len > 3 && memcmp(in->text, "\xef\xbb\xbf", 3) == 0) {
		e = input_mistake(in, 0, "the file begins with a byte order mark");
		err_hint(in->errs, e,
			"name servers take it for a part of the first name: save the "
			"file without it");
	} else {
		return false;
	}
	in->damage->soa = in->damage->ns = true;
	return true;
}

static void read_source(struct reader *r, const struct name *origin, uint32_t ttl)
{
	char *copy = input_prepare(&r->in);

	r->in.next_line = 1;
	if (is_no_text(&r->in)) {
		free(r->in.alias);
		free(copy);
		return;
	}
	r->s = load_get(sizeof(*r->s));
	if (zs_init(r->s, ".", CLASS_IN, ttl) != 0 ||
		zs_set_input_string(r->s, r->in.text, r->in.len) != 0)
		bug("the zone scanner does not start: %s",
			zs_strerror(r->s->error.code));
	set_origin(r, origin);
	while (read_one(r))
		;
	zs_deinit(r->s);
	free(r->s);
	free(r->in.alias);
	free(copy);
}

static void load_source(const struct zone_source *source, struct file_id id,
	uint32_t ttl, const struct sink *sink, struct errs *errs, struct damage *damage)
{
	unsigned files = 0;
	struct reader r = {
		.in = { .source = source, .errs = errs, .damage = damage },
		.sink = sink,
		.id = id,
		.files = &files,
	};

	read_source(&r, source->origin, ttl);
}

int load_text(const struct zone_source *source, uint32_t ttl, const struct sink *sink,
	struct errs *errs)
{
	struct damage damage = { .mistakes = 0 };

	load_source(source, (struct file_id){ 0 }, ttl, sink, errs, &damage);
	return damage.mistakes == 0 ? 0 : -1;
}

/* ---- zones ---- */

static void take_into_zone(void *ctx, const struct rr *rr, struct place at)
{
	zone_build_add(ctx, rr, at);
}

static int load(struct arena *a, const struct zone_source *source, struct file_id id,
	struct errs *errs, struct zone **ret)
{
	struct zone_build *b = zone_build_new(a, source->origin, source->len);
	struct sink sink = { .ctx = b, .take = take_into_zone };
	struct damage damage = { .mistakes = 0 };
	struct zone *z;

	load_source(source, id, LOAD_DEFAULT_TTL, &sink, errs, &damage);
	z = zone_build_finish(b);
	zone_build_free(b);
	if (zone_check_apex(z, source, &damage, errs) != 0 || damage.mistakes > 0)
		return -1;
	*ret = z;
	return 0;
}

int zone_load(struct arena *a, const struct zone_source *source, struct errs *errs,
	struct zone **ret)
{
	return load(a, source, (struct file_id){ 0 }, errs, ret);
}

int zone_load_file(struct arena *a, const struct name *origin, const char *path,
	struct errs *errs, struct zone **ret)
{
	struct zone_source source = { .origin = origin };
	struct file_id id;
	char *text, *folder;
	int rc;

	path = arena_strdup(errs->arena, path);
	if (load_read_file(path, false, &id, &text, &source.len) != 0) {
		errs_add(errs, (struct place){ .file = path }, "cannot read: %s",
			strerror(errno));
		return -1;
	}
	folder = load_folder(path);
	source.text = source.whole = text;
	source.whole_len = source.len;
	source.at = (struct place){ .file = path, .line = 1, .col = 1 };
	source.dir = folder;
	rc = load(a, &source, id, errs, ret);
	free(folder);
	free(text);
	return rc;
}
