/* Test Anything Protocol 13, https://testanything.org/tap-version-13-specification.html
 * Nothing of version 14 is needed, and the prove of Perl 5.36 fails a run that claims
 * it. */
#include "report/formats.h"

#include <string.h>

#include "base/arena.h"
#include "report/story.h"

struct tap {
	unsigned long n;
};

void *tap_begin(struct arena *a, const struct report_options *options,
	const struct record_run *run, const struct record_scenario *scenarios, size_t n,
	struct str *out)
{
	(void)options;
	(void)scenarios;
	(void)n;
	str_puts(out, "TAP version 13\n# ");
	put_clean(out, run->tool);
	str_putc(out, ' ');
	put_clean(out, run->version);
	str_printf(out, ", seed %llu, shard ", (unsigned long long)run->seed);
	put_clean(out, run->shard);
	str_putc(out, '\n');
	return arena_alloc(a, sizeof(struct tap));
}

/* A # would begin a directive; \ escapes. */
static void put_description(struct str *out, const char *text)
{
	struct str clean = STR_INIT;

	put_clean(&clean, text);
	for (const char *p = clean.data; *p != '\0'; p++) {
		if (*p == '#' || *p == '\\')
			str_putc(out, '\\');
		str_putc(out, *p);
	}
	str_clear(&clean);
}

/* A JSON string is a YAML double-quoted scalar (YAML 1.2 1.3). */
static void put_yaml(struct str *out, const char *key, const char *text)
{
	str_printf(out, "  %s: ", key);
	if (text == NULL)
		str_puts(out, "null");
	else
		str_put_json(out, text);
	str_putc(out, '\n');
}

/* In a literal block, which YAML and the subset that prove reads (TAP::Parser::YAMLish:
 * a list entry "word: x" is a map to it) agree on. */
static void put_decisions(struct str *out, const struct record_outcome *o)
{
	if (o->n_decisions > 0)
		str_puts(out, "  decisions: |\n");
	for (unsigned i = 0; i < o->n_decisions; i++) {
		const char *text = o->decisions[i].text;

		/* A blank would count as indentation of the whole block. */
		str_puts(out, "    ");
		put_clean(out, text + strspn(text, " "));
		str_putc(out, '\n');
	}
}

static void put_evidence(struct str *out, const struct record *r)
{
	const struct record_outcome *o = story_outcome(r, r->result);
	struct str got = STR_INIT;

	story_put_got(&got, o);
	str_puts(out, "  ---\n");
	put_yaml(out, "message", o->difference);
	put_yaml(out, "expected", o->expected);
	put_yaml(out, "got", got.data);
	if (o != &r->outcome)
		put_yaml(out, "step", o->title);
	put_decisions(out, o);
	str_puts(out, "  ...\n");
	str_clear(&got);
}

/* A known defect is "not ok" with TODO: TAP counts it as no failure, and a reader sees
 * that it is still there. */
void tap_record(void *state, const struct record *r, struct str *out)
{
	struct tap *t = state;
	bool ok = r->result == RESULT_PASSED || r->result == RESULT_SKIPPED;

	str_printf(out, "%s %lu - ", ok ? "ok" : "not ok", ++t->n);
	put_description(out, r->id);
	if (r->result == RESULT_SKIPPED) {
		str_puts(out, " # SKIP ");
		put_description(
			out, r->outcome.reason == NULL ? "" : r->outcome.reason);
	} else if (r->result == RESULT_KNOWN) {
		str_puts(out, " # TODO ");
		put_description(out, r->known == NULL ? "known defect" : r->known);
	}
	str_putc(out, '\n');
	if (!ok)
		put_evidence(out, r);
}

void tap_end(void *state, struct str *out)
{
	const struct tap *t = state;

	str_printf(out, "1..%lu%s\n", t->n, t->n == 0 ? " # SKIP nothing ran" : "");
}
