/* Workflow commands of GitHub Actions: ::error file=F,title=T::message */
#include "report/formats.h"

#include <string.h>

#include "base/arena.h"
#include "report/story.h"

/* A step shows ten errors at most (GitHub's limit); more lines only make the log long.
 */
#define ANNOTATIONS_MAX 10

struct scenario_file {
	const char *id, *file;
};

struct github {
	const struct scenario_file *files;
	size_t n;
	unsigned long failed;
};

void *github_begin(struct arena *a, const struct report_options *options,
	const struct record_run *run, const struct record_scenario *scenarios, size_t n,
	struct str *out)
{
	struct github *g = arena_alloc(a, sizeof(*g));
	struct scenario_file *files = arena_array(a, n, sizeof(*files));

	(void)options;
	(void)run;
	(void)out;
	for (size_t i = 0; i < n; i++) {
		files[i].id = arena_strdup(a, scenarios[i].id);
		files[i].file = scenarios[i].file == NULL
					? NULL
					: arena_strdup(a, scenarios[i].file);
	}
	g->files = files;
	g->n = n;
	return g;
}

/* %, CR and LF everywhere; in a property the separators too. */
static void put_escaped(struct str *out, const char *text, bool property)
{
	for (const char *p = text; *p != '\0'; p++) {
		if (*p == '%' || *p == '\r' || *p == '\n' ||
			(property && (*p == ':' || *p == ',')))
			str_printf(out, "%%%02X", (unsigned char)*p);
		else if ((unsigned char)*p < 0x20)
			str_putc(out, '?');
		else
			str_putc(out, *p);
	}
}

static const char *file_of(const struct github *g, const char *scenario)
{
	for (size_t i = 0; i < g->n; i++) {
		if (strcmp(g->files[i].id, scenario) == 0)
			return g->files[i].file;
	}
	return NULL;
}

void github_record(void *state, const struct record *r, struct str *out)
{
	struct github *g = state;
	const struct record_outcome *o = story_outcome(r, RESULT_FAILED);
	const char *file = file_of(g, r->scenario);
	struct str got = STR_INIT;

	if (r->result != RESULT_FAILED || ++g->failed > ANNOTATIONS_MAX)
		return;
	str_puts(out, "::error ");
	if (file != NULL) {
		str_puts(out, "file=");
		put_escaped(out, file, true);
		str_putc(out, ',');
	}
	str_puts(out, "title=");
	put_escaped(out, r->id, true);
	str_puts(out, "::");
	if (o->difference != NULL) {
		put_escaped(out, o->difference, false);
	} else {
		story_put_got(&got, o);
		put_escaped(out, got.data, false);
	}
	str_putc(out, '\n');
	str_clear(&got);
}

void github_end(void *state, struct str *out)
{
	const struct github *g = state;

	if (g->failed > ANNOTATIONS_MAX)
		str_printf(out, "::error title=harness::%lu more cases failed\n",
			g->failed - ANNOTATIONS_MAX);
}
