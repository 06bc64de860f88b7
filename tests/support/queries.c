#include "support/queries.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "dns/name.h"
#include "dns/rr.h"

static void mistake(const char *path, size_t line, const char *what)
{
	fprintf(stderr, "%s:%zu: %s\n", path, line, what);
	exit(2);
}

static void parse(struct arena *a, const char *path, size_t line, const char *text,
	struct query *ret)
{
	char name[NAME_TEXT_MAX], type[16], rcode[RCODE_TEXT_MAX] = "";
	struct question q = { .class = 1 };
	const char *why;
	struct msg m;

	if (sscanf(text, "%1023s %15s %11s", name, type, rcode) < 2)
		mistake(path, line, "not \"name TYPE\"");
	q.name = name_from_text(a, name, NULL, &why);
	if (q.name == NULL)
		mistake(path, line, why);
	q.type = rrtype_from_text(type);
	if (q.type == 0)
		mistake(path, line, "no such type");
	msg_init_query(&m, 0, &q, false);
	m.has_edns = false;
	ret->wire = arena_array(a, QUERY_MAX, 1);
	ret->len = (uint16_t)msg_encode(&m, ret->wire, QUERY_MAX);
	ret->rcode = *rcode != '\0' ? rcode_from_text(rcode) : -1;
}

static void make_room(struct arena *a, struct queries *q, size_t *room)
{
	struct query *old = q->list;

	if (q->n < *room)
		return;
	*room = *room == 0 ? 1024 : *room * 2;
	q->list = arena_array(a, *room, sizeof(*q->list));
	if (q->n > 0)
		memcpy(q->list, old, q->n * sizeof(*old));
}

void queries_read(struct arena *a, const char *path, struct queries *ret)
{
	FILE *fp = fopen(path, "r");
	size_t room = 0, size = 0;
	char *text = NULL;

	if (fp == NULL) {
		perror(path);
		exit(2);
	}
	*ret = (struct queries){ 0 };
	while (getline(&text, &size, fp) > 0) {
		make_room(a, ret, &room);
		parse(a, path, ret->n + 1, text, &ret->list[ret->n]);
		ret->n++;
	}
	if (ret->n == 0)
		mistake(path, 1, "no questions");
	free(text);
	fclose(fp);
}

size_t query_put(const struct query *q, uint16_t id, uint8_t *to)
{
	memcpy(to, q->wire, q->len);
	to[0] = (uint8_t)(id >> 8);
	to[1] = (uint8_t)id;
	return q->len;
}

bool query_answered_by(
	const struct query *q, uint16_t id, const uint8_t *reply, size_t len)
{
	if (len < q->len || reply[0] != id >> 8 || reply[1] != (id & 0xff))
		return false;
	if ((reply[2] & 0x80) == 0 || reply[4] != 0 || reply[5] != 1)
		return false;
	if (memcmp(reply + 12, q->wire + 12, q->len - 12u) != 0)
		return false;
	return q->rcode < 0 || (reply[3] & 0x0f) == q->rcode;
}
