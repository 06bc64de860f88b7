#include "scenario/reader.h"

#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/bug.h"
#include "base/duration.h"
#include "base/str.h"

static const struct node *skip_bad(const struct node *n)
{
	while (n != NULL && n->is_bad)
		n = n->next;
	return n;
}

const struct node *values_first(const struct node *n)
{
	if (n == NULL || n->is_bad)
		return NULL;
	return n->kind == NODE_LIST ? skip_bad(n->first) : n;
}

const struct node *values_next(const struct node *list, const struct node *item)
{
	return list->kind == NODE_LIST ? skip_bad(item->next) : NULL;
}

unsigned values_count(const struct node *n)
{
	unsigned count = 0;

	for (const struct node *i = values_first(n); i != NULL; i = values_next(n, i))
		count++;
	return count;
}

bool value_is_written(const struct node *map, const char *key)
{
	for (const struct node *n = map->first; n != NULL; n = n->next) {
		if (strcmp(n->key, key) == 0)
			return true;
	}
	return false;
}

const char *value_text(const struct reader *r, const struct node *map, const char *key,
	const char *fallback)
{
	const char *text = node_text(map, key);

	return text == NULL ? fallback : arena_strdup(r->arena, text);
}

unsigned value_count(const struct node *map, const char *key)
{
	const char *text = node_text(map, key);

	return text == NULL ? 0 : (unsigned)strtoul(text, NULL, 10);
}

uint64_t value_duration(const struct node *n)
{
	uint64_t us = 0;

	if (n != NULL && duration_from_text(n->text, &us) != 0)
		bug("duration \"%s\" was not checked", n->text);
	return us;
}

uint64_t value_wait(const struct node *n)
{
	uint64_t us = 0;

	if (duration_from_text(n->text + strlen("wait "), &us) != 0)
		bug("\"%s\" was not checked", n->text);
	return us;
}

bool value_bool(const struct node *map, const char *key)
{
	const char *text = node_text(map, key);

	return text != NULL && strcmp(text, "true") == 0;
}

struct name *value_name(struct reader *r, const struct node *n)
{
	return name_literal(r->arena, n->text);
}

const char *value_name_text(struct reader *r, const struct node *n)
{
	return name_text(r->arena, value_name(r, n));
}

bool value_texts(struct reader *r, const struct node *map, const char *key,
	const char *const **ret, unsigned *ret_n)
{
	const struct node *list = node_get(map, key);
	const char **texts;
	unsigned n = 0;

	if (list == NULL)
		return false;
	texts = arena_array(r->arena, values_count(list) + 1u, sizeof(*texts));
	for (const struct node *i = values_first(list); i != NULL;
		i = values_next(list, i))
		texts[n++] = arena_strdup(r->arena, i->text);
	*ret = texts;
	*ret_n = n;
	return true;
}

bool value_name_texts(struct reader *r, const struct node *map, const char *key,
	const char *const **ret, unsigned *ret_n)
{
	const struct node *list = node_get(map, key);
	const char **texts;
	unsigned n = 0;

	if (list == NULL)
		return false;
	texts = arena_array(r->arena, values_count(list) + 1u, sizeof(*texts));
	for (const struct node *i = values_first(list); i != NULL;
		i = values_next(list, i))
		texts[n++] = value_name_text(r, i);
	*ret = texts;
	*ret_n = n;
	return true;
}

bool value_ips(struct reader *r, const struct node *map, const char *key,
	const struct ip **ret, unsigned *ret_n)
{
	const struct node *list = node_get(map, key);
	struct ip *ips;
	unsigned n = 0;

	if (list == NULL)
		return false;
	ips = arena_array(r->arena, values_count(list) + 1u, sizeof(*ips));
	for (const struct node *i = values_first(list); i != NULL;
		i = values_next(list, i)) {
		if (ip_from_text(i->text, &ips[n]) == 0)
			n++;
	}
	*ret = ips;
	*ret_n = n;
	return true;
}

const char *value_joined(struct reader *r, const struct node *map, const char *key,
	char with, const char *fallback)
{
	const struct node *list = node_get(map, key);
	struct str s = STR_INIT;
	const char *joined;

	if (values_first(list) == NULL)
		return fallback;
	for (const struct node *i = values_first(list); i != NULL;
		i = values_next(list, i)) {
		if (s.len > 0)
			str_putc(&s, with);
		str_puts(&s, i->text);
	}
	joined = arena_strndup(r->arena, s.data, s.len);
	str_clear(&s);
	return joined;
}

bool question_from_text(
	struct arena *a, const char *text, struct question *ret, const char **ret_why)
{
	size_t n = strcspn(text, " ");
	const char *name = text + n + strspn(text + n, " ");

	*ret_why = "a question is TYPE NAME";
	if (n == 0 || *name == '\0' || strpbrk(name, " \t\n") != NULL)
		return false;
	*ret = (struct question){ .class = CLASS_IN };
	ret->type = rrtype_from_text(arena_strndup(a, text, n));
	if (ret->type == 0) {
		*ret_why = "it begins with no record type";
		return false;
	}
	ret->name = name_from_text(a, name, NULL, ret_why);
	return ret->name != NULL;
}
