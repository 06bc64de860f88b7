#include "lab/sources.h"

#include <dirent.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/arena.h"
#include "base/lookup.h"
#include "base/str.h"

/* More than anybody writes by hand; the rest of a longer file is not read. */
#define FILE_MAX (64u << 10)

/* Debian's own: its keys sign what all mirrors of it hold. */
#define KEYRING "/usr/share/keyrings/debian-archive-keyring.gpg"
#define SERVER "http://deb.debian.org/debian"

/* Names that a release has over the years. */
static const char *const releases[] = { "buster", "bullseye", "bookworm", "trixie",
	"forky", "duke", "sid", "oldoldstable", "oldstable", "stable", "testing",
	"unstable" };

/* Parts of a release that are kept under the new name. */
static const char *const parts[] = { "", "-updates", "-security" };

struct entry {
	char *types, *uris, *suites, *components, *signed_by, *enabled;
};

static bool has_word(const char *text, const char *word)
{
	size_t len = strlen(word);

	for (const char *p = text; p != NULL && *p != '\0';) {
		p += strspn(p, " \t");
		if (strcspn(p, " \t") == len && strncmp(p, word, len) == 0)
			return true;
		p += strcspn(p, " \t");
	}
	return false;
}

/* "bookworm-updates" is "-updates"; NULL where it is no suite of Debian's that we
 * take: "bookworm-pgdg", "llvm-toolchain-bookworm", "nodistro". */
static const char *part_of(const char *suite)
{
	for (size_t i = 0; i < ARRAY_LEN(releases); i++) {
		size_t len = strlen(releases[i]);

		if (strncmp(suite, releases[i], len) == 0 &&
			text_is_one_of(suite + len, parts, ARRAY_LEN(parts)))
			return suite + len;
	}
	return NULL;
}

static char *suites_for(struct arena *a, const char *suites, const char *suite)
{
	struct str s = STR_INIT;
	char *copy = arena_strdup(a, suites), *save = NULL, *ret;

	for (char *word = strtok_r(copy, " \t", &save); word != NULL;
		word = strtok_r(NULL, " \t", &save)) {
		const char *part = part_of(word);

		if (part != NULL)
			str_printf(&s, "%s%s%s", s.len > 0 ? " " : "", suite, part);
	}
	ret = arena_strdup(a, s.data);
	str_clear(&s);
	return ret;
}

/* An entry is Debian's when its suites are, it has `main`, and no other key than
 * Debian's is said to sign it. */
static void put_entry(
	struct arena *a, struct str *out, const struct entry *e, const char *suite)
{
	const char *suites;

	if (e->types == NULL || e->uris == NULL || e->suites == NULL ||
		!has_word(e->types, "deb") || !has_word(e->components, "main"))
		return;
	if (e->signed_by != NULL && strstr(e->signed_by, "debian-archive") == NULL)
		return;
	if (e->enabled != NULL && strcasecmp(e->enabled, "no") == 0)
		return;
	suites = suites_for(a, e->suites, suite);
	if (suites[0] != '\0')
		str_printf(out,
			"%sTypes: deb\nURIs: %s\nSuites: %s\nComponents: main\n"
			"Signed-By: " KEYRING "\n",
			out->len > 0 ? "\n" : "", e->uris, suites);
}

/* ---- the two forms (sources.list(5)) ------------------------------------ */

static char *next_line(char **text)
{
	char *line = *text;

	if (line == NULL || *line == '\0')
		return NULL;
	*text = strchr(line, '\n');
	if (*text != NULL)
		*(*text)++ = '\0';
	return line;
}

/* A field goes on in lines that begin with a space. */
static void unfold(char *text)
{
	for (char *p = text; *p != '\0'; p++) {
		if (p[0] == '\n' && (p[1] == ' ' || p[1] == '\t'))
			p[0] = ' ';
	}
}

static void take_field(struct entry *e, char *line)
{
	const struct {
		const char *name;
		char **at;
	} fields[] = { { "Types", &e->types }, { "URIs", &e->uris },
		{ "Suites", &e->suites }, { "Components", &e->components },
		{ "Signed-By", &e->signed_by }, { "Enabled", &e->enabled } };
	char *value = strchr(line, ':');

	if (value == NULL)
		return;
	*value++ = '\0';
	value += strspn(value, " \t");
	for (size_t i = 0; i < ARRAY_LEN(fields); i++) {
		if (strcasecmp(line, fields[i].name) == 0)
			*fields[i].at = value;
	}
}

static void put_deb822(struct arena *a, struct str *out, char *text, const char *suite)
{
	struct entry e = { 0 };
	char *line;

	unfold(text);
	while ((line = next_line(&text)) != NULL) {
		if (line[0] == '#')
			continue;
		if (line[strspn(line, " \t\r")] != '\0') {
			take_field(&e, line);
			continue;
		}
		put_entry(a, out, &e, suite);
		e = (struct entry){ 0 };
	}
	put_entry(a, out, &e, suite);
}

/* deb [signed-by=... arch=...] URI SUITE COMPONENT... */
static void put_one_line(
	struct arena *a, struct str *out, char *line, const char *suite)
{
	struct entry e = { 0 };
	char *save = NULL, *end;

	line[strcspn(line, "#\r")] = '\0';
	e.types = strtok_r(line, " \t", &save);
	if (e.types == NULL)
		return;
	save += strspn(save, " \t");
	if (*save == '[') {
		end = strchr(save, ']');
		if (end == NULL)
			return;
		*end = '\0';
		e.signed_by = strstr(save, "signed-by=");
		save = end + 1;
	}
	e.uris = strtok_r(NULL, " \t", &save);
	e.suites = strtok_r(NULL, " \t", &save);
	e.components = strtok_r(NULL, "", &save);
	put_entry(a, out, &e, suite);
}

static void put_list(struct arena *a, struct str *out, char *text, const char *suite)
{
	char *line;

	while ((line = next_line(&text)) != NULL)
		put_one_line(a, out, line, suite);
}

/* ---- files -------------------------------------------------------------- */

static bool ends_in(const char *text, const char *end)
{
	size_t n = strlen(text), m = strlen(end);

	return n > m && strcmp(text + n - m, end) == 0;
}

static void put_file(
	struct arena *a, struct str *out, const char *path, const char *suite)
{
	FILE *fp = fopen(path, "re");
	char *text;

	if (fp == NULL)
		return;
	text = arena_alloc(a, FILE_MAX + 1);
	text[fread(text, 1, FILE_MAX, fp)] = '\0';
	fclose(fp);
	if (ends_in(path, ".sources"))
		put_deb822(a, out, text, suite);
	else
		put_list(a, out, text, suite);
}

/* What ends otherwise (".save", ".disabled") apt does not read either. */
static int is_sources(const struct dirent *d)
{
	return ends_in(d->d_name, ".sources") || ends_in(d->d_name, ".list");
}

static void put_folder(
	struct arena *a, struct str *out, const char *path, const char *suite)
{
	struct dirent **list;
	int n = scandir(path, &list, is_sources, alphasort);

	for (int i = 0; i < n; i++) {
		put_file(
			a, out, arena_printf(a, "%s/%s", path, list[i]->d_name), suite);
		free(list[i]);
	}
	if (n >= 0)
		free(list);
}

const char *sources_of(struct arena *a, const char *etc, const char *suite)
{
	struct str s = STR_INIT;
	const char *ret;

	put_file(a, &s, arena_printf(a, "%s/sources.list", etc), suite);
	put_folder(a, &s, arena_printf(a, "%s/sources.list.d", etc), suite);
	if (s.len == 0)
		str_printf(&s,
			"Types: deb\nURIs: " SERVER "\nSuites: %s %s-updates\n"
			"Components: main\nSigned-By: " KEYRING "\n\n"
			"Types: deb\nURIs: " SERVER "-security\nSuites: %s-security\n"
			"Components: main\nSigned-By: " KEYRING "\n",
			suite, suite, suite);
	ret = arena_strdup(a, s.data);
	str_clear(&s);
	return ret;
}
