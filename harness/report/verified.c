#include "report/verified.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "base/arena.h"

/* The file as it was when this was built: the program runs from anywhere. */
__asm__(".pushsection .rodata\n"
	".global verified_file\n"
	"verified_file:\n"
	".incbin \"docs/verified.ndjson\"\n"
	".byte 0\n"
	".popsection\n");
extern const char verified_file[];

/* ---- reading ---- */

static const char *text_of(struct arena *a, const json_t *o, const char *key)
{
	const char *text = json_string_value(json_object_get(o, key));

	return text == NULL ? NULL : arena_strdup(a, text);
}

/* -1 when it is no such line. */
static int read_line(struct arena *a, const json_t *o, struct verified *ret)
{
	const json_t *agree = json_object_get(o, "agree");
	const json_t *of = json_object_get(o, "of");

	*ret = (struct verified){
		.emulation = text_of(a, o, "emulation"),
		.kind = text_of(a, o, "kind"),
		.program = text_of(a, o, "program"),
		.name = text_of(a, o, "name"),
		.version = text_of(a, o, "version"),
		.date = text_of(a, o, "date"),
		.scenarios_sha256 = text_of(a, o, "scenarios_sha256"),
	};
	if (ret->emulation == NULL || ret->kind == NULL || ret->program == NULL ||
		ret->name == NULL || ret->version == NULL || ret->date == NULL ||
		ret->scenarios_sha256 == NULL || !json_is_integer(agree) ||
		!json_is_integer(of) || json_integer_value(agree) < 0 ||
		json_integer_value(of) < json_integer_value(agree))
		return -1;
	ret->agree = (unsigned long)json_integer_value(agree);
	ret->of = (unsigned long)json_integer_value(of);
	return 0;
}

static int parse_line(struct arena *a, const char *text, size_t len, unsigned number,
	struct verified_list *ret, char why[VERIFIED_WHY_MAX])
{
	struct verified line;
	json_error_t error;
	json_t *o = json_loadb(text, len, JSON_REJECT_DUPLICATES, &error);
	int rc = o == NULL ? -1 : read_line(a, o, &line);

	if (o == NULL)
		snprintf(why, VERIFIED_WHY_MAX, "line %u: %.120s", number, error.text);
	else if (rc != 0)
		snprintf(why, VERIFIED_WHY_MAX,
			"line %u: a key is missing or is of another type", number);
	else
		verified_set(a, ret, &line);
	json_decref(o);
	return rc;
}

int verified_parse(struct arena *a, const char *text, size_t len,
	struct verified_list *ret, char why[VERIFIED_WHY_MAX])
{
	const char *end = text + len;

	*ret = (struct verified_list){ 0 };
	for (unsigned number = 1; text < end; number++) {
		const char *newline = memchr(text, '\n', (size_t)(end - text));
		size_t n = (size_t)((newline == NULL ? end : newline) - text);

		if (n > 0 && parse_line(a, text, n, number, ret, why) != 0)
			return -1;
		text += n + 1;
	}
	return 0;
}

struct verified_list verified_built_in(struct arena *a)
{
	char why[VERIFIED_WHY_MAX];
	struct verified_list list;

	/* A test reads it, so that this cannot fail for anybody else. */
	if (verified_parse(a, verified_file, strlen(verified_file), &list, why) != 0)
		return (struct verified_list){ 0 };
	return list;
}

/* ---- the list ---- */

static int by_place(const void *x, const void *y)
{
	const struct verified *a = x, *b = y;
	int rc = strcmp(a->kind, b->kind);

	if (rc == 0)
		rc = strcmp(a->emulation, b->emulation);
	return rc != 0 ? rc : strcmp(a->program, b->program);
}

void verified_set(
	struct arena *a, struct verified_list *list, const struct verified *line)
{
	struct verified *more;

	for (size_t i = 0; i < list->n; i++) {
		if (by_place(&list->list[i], line) == 0) {
			list->list[i] = *line;
			return;
		}
	}
	/* A few dozen at most. */
	more = arena_array(a, list->n + 1, sizeof(*more));
	if (list->n > 0)
		memcpy(more, list->list, list->n * sizeof(*more));
	more[list->n++] = *line;
	qsort(more, list->n, sizeof(*more), by_place);
	list->list = more;
}

/* ---- writing ---- */

static void put_key(struct str *s, const char *key, const char *text)
{
	str_printf(s, "\"%s\":", key);
	str_put_json(s, text);
	str_putc(s, ',');
}

void verified_put_file(struct str *s, const struct verified_list *list)
{
	for (size_t i = 0; i < list->n; i++) {
		const struct verified *v = &list->list[i];

		str_putc(s, '{');
		put_key(s, "emulation", v->emulation);
		put_key(s, "kind", v->kind);
		put_key(s, "program", v->program);
		put_key(s, "name", v->name);
		put_key(s, "version", v->version);
		str_printf(s, "\"agree\":%lu,\"of\":%lu,", v->agree, v->of);
		put_key(s, "date", v->date);
		str_puts(s, "\"scenarios_sha256\":");
		str_put_json(s, v->scenarios_sha256);
		str_puts(s, "}\n");
	}
}

void verified_put(struct str *s, const struct verified_list *list, const char *kind,
	const char *emulation)
{
	bool any = false;

	for (size_t i = 0; i < list->n; i++) {
		const struct verified *v = &list->list[i];

		if (v->of == 0 || strcmp(v->kind, kind) != 0 ||
			strcmp(v->emulation, emulation) != 0)
			continue;
		str_printf(s, "%s%s", any ? ", " : "", v->name);
		if (v->agree < v->of)
			str_printf(s, ": %lu of %lu", v->agree, v->of);
		str_printf(s, " (%s)", v->date);
		any = true;
	}
}

void verified_split(
	struct arena *a, const char *program, const char **name, const char **version)
{
	size_t n = strlen(program);
	const char *open = strrchr(program, '(');

	*name = *version = program;
	if (open == NULL || open == program || program[n - 1] != ')')
		return;
	*version = arena_strndup(a, open + 1, (size_t)(program + n - 1 - open - 1));
	n = (size_t)(open - program);
	while (n > 0 && program[n - 1] == ' ')
		n--;
	*name = arena_strndup(a, program, n);
}
