#include "zone/zone.h"

#include <string.h>

#include "base/arena.h"
#include "zone/load.h"

static void *twice(struct arena *a, const void *old, unsigned n, size_t size)
{
	void *p = arena_array(a, n == 0 ? 4 : n * 2u, size);

	return n > 0 ? memcpy(p, old, n * size) : p;
}

static void take_into_list(void *ctx, const struct rr *rr, struct place at)
{
	struct record_list *l = ctx;

	if (l->n == l->room) {
		l->rr = twice(l->arena, l->rr, l->n, sizeof(*l->rr));
		l->at = twice(l->arena, l->at, l->n, sizeof(*l->at));
		l->room = l->n == 0 ? 4 : l->n * 2;
	}
	l->rr[l->n] = *rr;
	l->rr[l->n].owner = name_copy(l->arena, rr->owner);
	l->rr[l->n].rdata = arena_memdup(l->arena, rr->rdata, rr->rdlen);
	l->at[l->n++] = at;
}

int load_records(struct arena *a, const struct zone_source *source, uint32_t ttl,
	struct errs *errs, struct record_list *ret)
{
	struct sink sink = { .ctx = ret, .take = take_into_list };

	*ret = (struct record_list){ .arena = a };
	return load_text(source, ttl, &sink, errs);
}

int zone_parse_records(struct arena *a, const char *text, struct place at,
	struct errs *errs, const struct rr **ret_rr, unsigned *ret_n)
{
	struct zone_source source = {
		.origin = name_root,
		.text = text,
		.len = strlen(text),
		.at = at,
	};
	struct record_list list;

	if (load_records(a, &source, LOAD_DEFAULT_TTL, errs, &list) != 0)
		return -1;
	*ret_rr = list.rr;
	*ret_n = list.n;
	return 0;
}
