#include "report/story.h"

#include <string.h>

#define BOLD "\033[1m"
#define DIM "\033[2m"
#define PLAIN "\033[0m"

/* U+FFFE and U+FFFF are no characters, and XML 1.0 (2.2) forbids them; U+0080 to U+009F
 * are controls that a terminal may obey. */
static bool is_forbidden(const unsigned char *p, size_t n)
{
	return (n == 3 && p[0] == 0xef && p[1] == 0xbf && p[2] >= 0xbe) ||
	       (n == 2 && p[0] == 0xc2 && p[1] < 0xa0);
}

void put_clean(struct str *s, const char *text)
{
	const unsigned char *p = (const unsigned char *)text;

	while (*p != '\0') {
		size_t n = utf8_length(p);

		if (n == 0 || is_forbidden(p, n)) {
			str_puts(s, "\xef\xbf\xbd");
			p += n == 0 ? 1 : n;
			continue;
		}
		if (*p < 0x20 || *p == 0x7f) {
			unsigned char picture = *p == 0x7f ? 0x21 : *p;

			str_puts(s, "\xe2\x90");
			str_putc(s, (char)(0x80 + picture));
		} else {
			str_put(s, (const char *)p, n);
		}
		p += n;
	}
}

static void put_or(struct str *s, const char *text, const char *otherwise)
{
	put_clean(s, text == NULL ? otherwise : text);
}

/* A step that says nothing about mail leaves it as it was. */
static bool is_sent(const struct record_outcome *o)
{
	return o->verdict != VERDICT_SKIPPED &&
	       (o->status != NULL || o->rcpt != NULL || o->n_queries > 0);
}

static void put_web_end(struct str *s, const struct record_web *w)
{
	if (w->ends_at == NULL) {
		str_puts(s, "ends nowhere");
		return;
	}
	str_puts(s, "ends at ");
	put_clean(s, w->ends_at);
	if (w->host != NULL) {
		str_puts(s, ", ");
		put_clean(s, w->host);
	}
}

void story_put_got(struct str *s, const struct record_outcome *o)
{
	if (!is_sent(o) && o->web.tried) {
		str_puts(s, "web ");
		put_web_end(s, &o->web);
		return;
	}
	str_puts(s, verdict_name(o->verdict));
	if (o->to_host != NULL) {
		str_puts(s, " to ");
		put_clean(s, o->to_host);
	}
	if (o->to_address != NULL) {
		str_puts(s, " [");
		put_clean(s, o->to_address);
		str_putc(s, ']');
	}
	if (o->to_host != NULL && o->rcpt != NULL) {
		str_puts(s, " as ");
		put_clean(s, o->rcpt);
	}
	if (o->to_host == NULL && (o->status != NULL || o->reason != NULL)) {
		str_puts(s, ": ");
		put_or(s, o->status, "");
		str_puts(s, o->status != NULL && o->reason != NULL ? " " : "");
		put_or(s, o->reason, "");
	}
}

const struct record_outcome *story_outcome(
	const struct record *r, enum case_result result)
{
	if (r->outcome.result == result)
		return &r->outcome;
	for (unsigned i = 0; i < r->n_steps; i++) {
		if (r->steps[i].result == result)
			return &r->steps[i];
	}
	return &r->outcome;
}

/* "0.030000 s": the virtual clock, as a column. */
static void put_time(struct str *s, uint64_t t_us)
{
	str_printf(s, "%8llu.%03llu s  ", (unsigned long long)(t_us / 1000000),
		(unsigned long long)(t_us / 1000 % 1000));
}

static void put_query(struct str *s, const struct record_query *q, bool colour)
{
	put_time(s, q->t_us);
	str_puts(s, colour ? BOLD "asks" PLAIN "  " : "asks  ");
	put_clean(s, q->type);
	str_putc(s, ' ');
	put_clean(s, q->name);
	str_puts(s, "\n                gets  ");
	put_clean(s, q->rcode);
	if (q->n_answer == 0)
		str_puts(s, ", nothing in the answer");
	for (unsigned i = 0; i < q->n_answer; i++) {
		str_puts(s, "\n                      ");
		put_clean(s, q->answer[i]);
	}
	str_putc(s, '\n');
}

static void put_label(struct str *s, const char *label)
{
	size_t from = s->len;

	str_puts(s, label);
	str_pad(s, from, 16);
}

/* Columns of the rule's name in the list of decisions. */
#define RULE_COLUMNS 4

static void put_decision(struct str *s, const struct record_decision *d, bool colour)
{
	size_t from;

	put_time(s, d->t_us);
	str_puts(s, colour ? DIM : "");
	from = s->len;
	put_or(s, d->rule, "");
	str_pad(s, from, RULE_COLUMNS);
	str_puts(s, colour ? PLAIN "  " : "  ");
	put_clean(s, d->text);
	str_putc(s, '\n');
}

/* What a real program says that it did, in its own words and with its own clock. */
static bool is_log(const struct record_decision *d)
{
	return d->rule != NULL && strcmp(d->rule, RECORD_RULE_LOG) == 0;
}

static void put_log(struct str *s, const struct record_outcome *o)
{
	bool first = true;

	for (unsigned i = 0; i < o->n_decisions; i++) {
		if (!is_log(&o->decisions[i]))
			continue;
		put_label(s, first ? "its log" : "");
		put_clean(s, o->decisions[i].text);
		str_putc(s, '\n');
		first = false;
	}
}

/* A question stands after the decisions that led to it. */
static void put_transcript(struct str *s, const struct record_outcome *o, bool colour)
{
	unsigned q = 0, d = 0;

	while (q < o->n_queries || d < o->n_decisions) {
		if (d == o->n_decisions ||
			(q < o->n_queries && o->queries[q].after <= d))
			put_query(s, &o->queries[q++], colour);
		else if (is_log(&o->decisions[d]))
			d++;
		else
			put_decision(s, &o->decisions[d++], colour);
	}
}

static void put_route(struct str *s, const struct record_outcome *o)
{
	bool seen =
		o->n_hosts > 0 || o->route_status != NULL || o->route_reason != NULL;

	if (o->disposition == NULL || !is_sent(o) || !seen)
		return;
	put_label(s, "route");
	str_puts(s, o->disposition);
	if (o->route_status != NULL || o->route_reason != NULL) {
		str_putc(s, ' ');
		put_or(s, o->route_status, "");
		str_puts(s,
			o->route_status != NULL && o->route_reason != NULL ? " " : "");
		put_or(s, o->route_reason, "");
	}
	str_putc(s, '\n');
	for (unsigned i = 0; i < o->n_hosts; i++) {
		put_label(s, "");
		str_printf(s, "%5u ", o->hosts[i].preference);
		put_or(s, o->hosts[i].name, "?");
		for (unsigned k = 0; k < o->hosts[i].n_addresses; k++) {
			str_puts(s, k == 0 ? "  [" : ", ");
			put_clean(s, o->hosts[i].addresses[k]);
		}
		str_puts(s, o->hosts[i].n_addresses > 0 ? "]\n" : "  no address\n");
	}
}

static void put_web(struct str *s, const struct record_web *w)
{
	if (!w->tried)
		return;
	put_label(s, "web");
	put_web_end(s, w);
	if (w->url != NULL) {
		str_puts(s, ", address bar: ");
		put_clean(s, w->url);
	}
	str_puts(s, w->as_intended ? "\n" : " (not as intended)\n");
}

static void put_envelope(struct str *s, const struct record_outcome *o)
{
	if (o->rcpt != NULL) {
		put_label(s, "recipient");
		put_clean(s, o->rcpt);
		str_putc(s, '\n');
	}
	for (unsigned i = 0; i < o->n_rewrites; i++) {
		put_label(s, "rewritten");
		put_clean(s, o->rewrites[i].what);
		str_puts(s, ": ");
		put_or(s, o->rewrites[i].from, "?");
		str_puts(s, " became ");
		put_or(s, o->rewrites[i].to, "?");
		str_putc(s, '\n');
	}
}

static void put_mail(struct str *s, const struct record_outcome *o)
{
	if (is_sent(o)) {
		story_put_got(s, o);
		return;
	}
	str_puts(s, "not sent");
	if (o->reason != NULL) {
		str_puts(s, ": ");
		put_clean(s, o->reason);
	}
}

static void put_outcome(struct str *s, const struct record_outcome *o, bool colour)
{
	put_transcript(s, o, colour);
	put_log(s, o);
	put_route(s, o);
	put_envelope(s, o);
	put_label(s, "mail");
	put_mail(s, o);
	str_putc(s, '\n');
	put_web(s, &o->web);
	if (o->expected != NULL) {
		put_label(s, "expected");
		put_clean(s, o->expected);
		str_putc(s, '\n');
	}
	if (o->difference != NULL) {
		put_label(s, "difference");
		put_clean(s, o->difference);
		str_putc(s, '\n');
	}
}

static void put_program(struct str *s, const char *label, const char *program)
{
	if (program == NULL)
		return;
	put_label(s, label);
	put_clean(s, program);
	str_puts(s, ", the real one\n");
}

void story_put(struct str *s, const struct record *r, bool colour)
{
	str_puts(s, colour ? BOLD : "");
	put_clean(s, r->id);
	str_puts(s, colour ? PLAIN "\n" : "\n");
	put_program(s, "client", r->client_program);
	put_program(s, "resolver", r->resolver_program);
	put_outcome(s, &r->outcome, colour);
	for (unsigned i = 0; i < r->n_steps; i++) {
		const struct record_outcome *o = &r->steps[i];

		str_printf(s, "\nstep %u", i + 1);
		str_printf(s, ", %llu s after the start",
			(unsigned long long)(o->at_us / 1000000));
		if (o->title != NULL) {
			str_puts(s, ": ");
			put_clean(s, o->title);
		}
		str_putc(s, '\n');
		put_outcome(s, o, colour);
	}
	put_label(s, "result");
	str_puts(s, r->result == RESULT_KNOWN ? "known defect"
					      : case_result_name(r->result));
	if (r->known != NULL) {
		str_puts(s, " (known: ");
		put_clean(s, r->known);
		str_putc(s, ')');
	}
	str_putc(s, '\n');
}
