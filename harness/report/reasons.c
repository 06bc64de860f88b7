#include "report/reasons.h"

#include <string.h>

#include "base/arena.h"

void reasons_add(struct arena *a, struct reasons *r, const char *text)
{
	unsigned i = 0;

	if (text == NULL)
		text = "no reason was given";
	while (i < r->n && strcmp(r->list[i].text, text) != 0)
		i++;
	if (i == REASONS_MAX)
		i--;
	if (i == r->n)
		r->list[r->n++].text =
			i == REASONS_MAX - 1 ? "other reasons" : arena_strdup(a, text);
	r->list[i].n++;
}
