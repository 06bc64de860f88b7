#include "report/record.h"

#include <string.h>

#include "base/arena.h"

static const char *const verdict_names[VERDICTS] = {
	[VERDICT_DELIVERED] = "delivered",
	[VERDICT_REWRITTEN] = "rewritten",
	[VERDICT_MISDELIVERED] = "misdelivered",
	[VERDICT_REJECTED] = "rejected",
	[VERDICT_DEFERRED] = "deferred",
	[VERDICT_BOUNCED] = "bounced",
	[VERDICT_UNKNOWN] = "unknown",
	[VERDICT_SKIPPED] = "skipped",
};

const char *verdict_name(enum verdict v)
{
	return verdict_names[v];
}

int verdict_from_text(const char *text)
{
	for (int v = 0; v < VERDICTS; v++) {
		if (strcmp(verdict_names[v], text) == 0)
			return v;
	}
	return -1;
}

const char *case_result_name(enum case_result r)
{
	static const char *const names[] = {
		[RESULT_PASSED] = "passed",
		[RESULT_FAILED] = "failed",
		[RESULT_SKIPPED] = "skipped",
		[RESULT_KNOWN] = "known",
	};

	return names[r];
}

/* ---- copies ---- */

static const char *copy_text(struct arena *a, const char *text)
{
	return text == NULL ? NULL : arena_strdup(a, text);
}

static const char *const *copy_texts(
	struct arena *a, const char *const *list, unsigned n)
{
	const char **to = arena_array(a, n, sizeof(*to));

	for (unsigned i = 0; i < n; i++)
		to[i] = copy_text(a, list[i]);
	return to;
}

static const struct record_host *copy_hosts(
	struct arena *a, const struct record_host *list, unsigned n)
{
	struct record_host *to = arena_array(a, n, sizeof(*to));

	for (unsigned i = 0; i < n; i++)
		to[i] = (struct record_host){ list[i].preference,
			copy_text(a, list[i].name),
			copy_texts(a, list[i].addresses, list[i].n_addresses),
			list[i].n_addresses };
	return to;
}

static const struct record_query *copy_queries(
	struct arena *a, const struct record_query *list, unsigned n)
{
	struct record_query *to = arena_array(a, n, sizeof(*to));

	/* Not seen is another thing than none. */
	if (list == NULL)
		return NULL;
	for (unsigned i = 0; i < n; i++) {
		to[i] = list[i];
		to[i].name = copy_text(a, list[i].name);
		to[i].type = copy_text(a, list[i].type);
		to[i].rcode = copy_text(a, list[i].rcode);
		to[i].answer = copy_texts(a, list[i].answer, list[i].n_answer);
	}
	return to;
}

static const struct record_decision *copy_decisions(
	struct arena *a, const struct record_decision *list, unsigned n)
{
	struct record_decision *to = arena_array(a, n, sizeof(*to));

	for (unsigned i = 0; i < n; i++)
		to[i] = (struct record_decision){ list[i].t_us,
			copy_text(a, list[i].rule), copy_text(a, list[i].text) };
	return to;
}

static const struct record_rewrite *copy_rewrites(
	struct arena *a, const struct record_rewrite *list, unsigned n)
{
	struct record_rewrite *to = arena_array(a, n, sizeof(*to));

	for (unsigned i = 0; i < n; i++)
		to[i] = (struct record_rewrite){ copy_text(a, list[i].what),
			copy_text(a, list[i].from), copy_text(a, list[i].to) };
	return to;
}

static struct record_outcome copy_outcome(
	struct arena *a, const struct record_outcome *from)
{
	struct record_outcome to = *from;

	to.title = copy_text(a, from->title);
	to.status = copy_text(a, from->status);
	to.reason = copy_text(a, from->reason);
	to.disposition = copy_text(a, from->disposition);
	to.route_status = copy_text(a, from->route_status);
	to.route_reason = copy_text(a, from->route_reason);
	to.hosts = copy_hosts(a, from->hosts, from->n_hosts);
	to.to_host = copy_text(a, from->to_host);
	to.to_address = copy_text(a, from->to_address);
	to.rcpt = copy_text(a, from->rcpt);
	to.mail_from = copy_text(a, from->mail_from);
	to.rewrites = copy_rewrites(a, from->rewrites, from->n_rewrites);
	to.queries = copy_queries(a, from->queries, from->n_queries);
	to.decisions = copy_decisions(a, from->decisions, from->n_decisions);
	to.web.ends_at = copy_text(a, from->web.ends_at);
	to.web.host = copy_text(a, from->web.host);
	to.web.url = copy_text(a, from->web.url);
	to.expected = copy_text(a, from->expected);
	to.difference = copy_text(a, from->difference);
	return to;
}

struct record *record_copy(struct arena *a, const struct record *from)
{
	struct record *to = arena_memdup(a, from, sizeof(*from));
	struct record_outcome *steps = arena_array(a, from->n_steps, sizeof(*steps));

	to->id = copy_text(a, from->id);
	to->scenario = copy_text(a, from->scenario);
	to->address = copy_text(a, from->address);
	to->client = copy_text(a, from->client);
	to->resolver = copy_text(a, from->resolver);
	to->network = copy_text(a, from->network);
	to->client_program = copy_text(a, from->client_program);
	to->resolver_program = copy_text(a, from->resolver_program);
	to->known = copy_text(a, from->known);
	to->outcome = copy_outcome(a, &from->outcome);
	for (unsigned i = 0; i < from->n_steps; i++)
		steps[i] = copy_outcome(a, &from->steps[i]);
	to->steps = steps;
	return to;
}
