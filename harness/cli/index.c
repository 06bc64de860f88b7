#include "cli/index.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/lookup.h"
#include "zone/zone.h"

/* A name, a path and a mode at their longest, and some. */
#define LINE_MAX_OCTETS 8192

struct index {
	struct arena *arena;
	const char *path;
	const struct server_mode *mode;
	struct errs *errs;
	struct server_zone *zones;
	int *lines; /* of each zone */
	size_t n, room;
};

static struct place line_at(const struct index *x, int line)
{
	return (struct place){ .file = x->path, .line = line };
}

static const char *beside_index(const struct index *x, const char *file)
{
	const char *slash = strrchr(x->path, '/');

	if (file[0] == '/' || slash == NULL)
		return arena_strdup(x->arena, file);
	return arena_printf(x->arena, "%.*s/%s", (int)(slash - x->path), x->path, file);
}

static const struct server_mode *find_mode(struct index *x, const char *name, int line)
{
	const struct server_mode *mode = server_mode(name);
	const char *near;
	struct err *e;

	if (mode != NULL)
		return mode;
	e = errs_add(x->errs, line_at(x, line), "unknown mode \"%s\"", name);
	near = lookup_nearest(
		server_modes, server_modes_n, sizeof(server_modes[0]), name);
	if (near != NULL)
		err_hint(x->errs, e, "did you mean \"%s\"?", near);
	return NULL;
}

/* An empty text is none. -1 with a mistake, which does not show the secret. */
static int find_key(
	struct index *x, const char *text, int line, const struct tsig_key **ret)
{
	struct tsig_key *key = arena_alloc(x->arena, sizeof(*key));
	const char *why;

	*ret = NULL;
	if (text == NULL || text[0] == '\0')
		return 0;
	if (tsig_key_from_text(x->arena, text, key, &why) != 0) {
		errs_add(x->errs, line_at(x, line), "%s", why);
		return -1;
	}
	*ret = key;
	return 0;
}

static void add(struct index *x, const struct zone *zone,
	const struct server_mode *mode, const struct tsig_key *key, int line)
{
	if (x->n == x->room) {
		size_t room = x->room == 0 ? 64 : x->room * 2;
		struct server_zone *more = arena_array(x->arena, room, sizeof(*more));
		int *lines = arena_array(x->arena, room, sizeof(*lines));

		if (x->n > 0) {
			memcpy(more, x->zones, x->n * sizeof(*more));
			memcpy(lines, x->lines, x->n * sizeof(*lines));
		}
		x->zones = more;
		x->lines = lines;
		x->room = room;
	}
	x->lines[x->n] = line;
	x->zones[x->n++] = (struct server_zone){ zone, mode, key };
}

static int by_origin(const void *a, const void *b, void *ctx)
{
	const struct index *x = ctx;
	size_t i = *(const size_t *)a, j = *(const size_t *)b;
	int c = name_compare(
		zone_origin(x->zones[i].zone), zone_origin(x->zones[j].zone));

	return c != 0 ? c : i < j ? -1 : 1;
}

/* Sorted, since an index may list a zone for each of many customers. */
static void find_repeated(struct index *x)
{
	size_t *order = arena_array(x->arena, x->n, sizeof(*order));
	size_t first = 0;

	for (size_t i = 0; i < x->n; i++)
		order[i] = i;
	qsort_r(order, x->n, sizeof(*order), by_origin, x);
	for (size_t i = 1; i < x->n; i++) {
		const struct name *one = zone_origin(x->zones[order[first]].zone);
		const struct name *other = zone_origin(x->zones[order[i]].zone);

		if (!name_equal(one, other)) {
			first = i;
			continue;
		}
		errs_add(x->errs, line_at(x, x->lines[order[i]]),
			"zone %s is listed already, in line %d",
			name_text(x->arena, other), x->lines[order[first]]);
	}
}

/* A request names its key by the name alone. */
static void find_two_secrets(struct index *x)
{
	struct tsig_key *keys = arena_array(x->arena, x->n, sizeof(*keys));
	const struct tsig_keys *by_name;
	size_t n = 0;

	for (size_t i = 0; i < x->n; i++) {
		if (x->zones[i].key != NULL)
			keys[n++] = *x->zones[i].key;
	}
	by_name = tsig_keys_new(x->arena, keys, n);
	for (size_t i = 0; i < x->n; i++) {
		const struct tsig_key *k = x->zones[i].key;

		if (k != NULL && !tsig_key_equal(k, tsig_keys_find(by_name, k->name)))
			errs_add(x->errs, line_at(x, x->lines[i]),
				"key %s has another secret or algorithm above",
				name_text(x->arena, k->name));
	}
}

/* A file that cannot be read has no line of its own to look at. */
static void tell_where_named(struct index *x, size_t had, int line)
{
	for (size_t i = had; i < x->errs->n; i++) {
		struct err *e = &x->errs->list[i];

		if (e->at.line == 0 && e->hint == NULL)
			err_hint(x->errs, e, "it is named in line %d of %s", line,
				x->path);
	}
}

/* fields: origin, file, and mode and key or NULL. */
static void load(struct index *x, char *const fields[4], int line)
{
	const struct server_mode *mode = x->mode;
	const struct name *origin;
	size_t had = x->errs->n;
	const struct tsig_key *key;
	const char *why = NULL;
	struct zone *zone;

	origin = name_from_text(x->arena, fields[0], NULL, &why);
	if (origin == NULL) {
		errs_add(x->errs, line_at(x, line), "\"%s\" is not a zone name: %s",
			fields[0], why);
		return;
	}
	if (fields[2] != NULL)
		mode = find_mode(x, fields[2], line);
	if (find_key(x, fields[3], line, &key) != 0)
		return;
	if (zone_load_file(
		    x->arena, origin, beside_index(x, fields[1]), x->errs, &zone) != 0)
		tell_where_named(x, had, line);
	else if (mode != NULL)
		add(x, zone, mode, key, line);
}

static void read_line(struct index *x, char *text, int line)
{
	char *fields[4] = { NULL }, *rest;
	int n = 0;

	if (line == 1 && strncmp(text, "\xef\xbb\xbf", 3) == 0)
		text += 3; /* a byte order mark is no part of a name */
	text[strcspn(text, "\r")] = '\0';
	if (text[strspn(text, " \t")] == '\0' || text[0] == '#')
		return;
	rest = text;
	while (n < 4 && rest != NULL)
		fields[n++] = strsep(&rest, "\t");
	if (n < 2 || rest != NULL || fields[0][0] == '\0' || fields[1][0] == '\0') {
		struct err *e = errs_add(x->errs, line_at(x, line),
			"expected origin<TAB>master-file[<TAB>mode[<TAB>key]]");

		err_hint(x->errs, e, "one tab stands between the fields, no spaces");
		return;
	}
	if (fields[2] != NULL && fields[2][0] == '\0')
		fields[2] = NULL;
	load(x, fields, line);
}

enum line_end { LINE_READ, LINE_LAST, LINE_TOO_LONG, LINE_BINARY };

/* The file may be anything, /dev/zero too: neither memory nor time is its to take. */
static enum line_end get_line(FILE *fp, char text[LINE_MAX_OCTETS])
{
	size_t n = 0;
	int c;

	while ((c = getc(fp)) != EOF && c != '\n') {
		if (c == '\0')
			return LINE_BINARY;
		if (n == LINE_MAX_OCTETS - 1)
			return LINE_TOO_LONG;
		text[n++] = (char)c;
	}
	text[n] = '\0';
	return c == EOF ? LINE_LAST : LINE_READ;
}

static void read_lines(struct index *x, FILE *fp)
{
	char text[LINE_MAX_OCTETS] = "";

	for (int line = 1;; line++) {
		switch (get_line(fp, text)) {
		case LINE_TOO_LONG:
			errs_add(x->errs, line_at(x, line),
				"a line of more than %d octets", LINE_MAX_OCTETS - 1);
			return;
		case LINE_BINARY:
			errs_add(x->errs, line_at(x, line),
				"an octet 0: this is no text file");
			return;
		case LINE_LAST:
			read_line(x, text, line);
			return;
		case LINE_READ:
			read_line(x, text, line);
		}
	}
}

int index_load(struct arena *a, const char *path, const struct server_mode *mode,
	struct errs *errs, struct server *ret)
{
	struct index x = { .arena = a, .path = path, .mode = mode, .errs = errs };
	size_t had = errs->n;
	FILE *fp = fopen(path, "r");

	if (fp == NULL) {
		errs_add(errs, (struct place){ .file = path }, "cannot open: %s",
			strerror(errno));
		return -1;
	}
	read_lines(&x, fp);
	if (ferror(fp))
		errs_add(errs, (struct place){ .file = path }, "cannot read: %s",
			strerror(errno));
	fclose(fp);
	find_repeated(&x);
	find_two_secrets(&x);
	if (x.n == 0 && errs->n == had)
		errs_add(errs, (struct place){ .file = path }, "no zone in this file");
	*ret = (struct server){ .zones = x.zones, .n_zones = (unsigned)x.n };
	return errs->n > had ? -1 : 0;
}
