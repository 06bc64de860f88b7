#include "mta/machine.h"

#include "base/arena.h"

/* RFC 3463: the class of an enhanced code is what the end was, whatever the host said.
 */
static const char *with_class(struct mta *m, const char *status, char class)
{
	char *copy;

	if (status == NULL || status[0] == class)
		return status;
	copy = arena_strdup(m->arena, status);
	copy[0] = class;
	return copy;
}

/* Every host was tried: the last failure decides. */
void deliver_exhausted(struct mta *m)
{
	const struct ruling *r = &m->last_failure;
	bool bounce = r->action == ACTION_BOUNCE;
	const char *status = m->last_status != NULL ? m->last_status : r->status;

	TRACE(m, "R13", "no further host to try");
	mta_finish(m, bounce ? MTA_BOUNCED : MTA_DEFERRED,
		with_class(m, status, bounce ? '5' : '4'), r->reason);
}

static void accepted(struct mta *m, const struct target *t)
{
	const struct ruling *r = &m->p->on_sender_soft;

	/* The header names the sender, too: it cannot be written. */
	if (m->canon.sender_soft && r->action != ACTION_NONE) {
		mta_rule_out(m, r, "on-sender-soft");
		return;
	}
	m->result.host = host_text(m, &m->hosts[t->host]);
	m->result.ip = t->ip;
	mta_finish(m, MTA_DELIVERED, "2.0.0", NULL);
}

/* RFC 5321 4.2.1: 5yz is for good; no other host is asked. */
static void refused(
	struct mta *m, const struct target *t, const struct smtp_reaction *r)
{
	m->result.host = host_text(m, &m->hosts[t->host]);
	m->result.ip = t->ip;
	mta_finish(m, MTA_REJECTED, r->status != NULL ? r->status : "5.0.0", r->text);
}

/* What the failure means when it was the last one, and where the client goes next. */
static enum next failure(struct mta *m, const struct smtp_reaction *r)
{
	const struct mta_profile *p = m->p;

	m->last_status = NULL;
	if (r->stage == SMTP_CONNECT) {
		m->last_failure = p->on_unreachable;
		return NEXT_ADDRESS;
	}
	if (p->reply_status == STATUS_HOST)
		m->last_status = r->status;
	if (r->stage == SMTP_RCPT) {
		m->last_failure = p->on_rcpt_4xx;
		return p->after_rcpt_4xx;
	}
	if (r->code >= 500) {
		m->last_failure = p->on_greeting_5xx;
		return p->after_greeting_5xx;
	}
	m->last_failure = p->on_greeting_4xx;
	return p->after_greeting_4xx;
}

/* The first target of another preference than the one just tried, for a client that
 * tries one of each beyond its limit (Exim transports/smtp.c, hosts_max_try). */
static unsigned next_preference(const struct mta *m)
{
	unsigned i = m->target + 1;
	unsigned preference = m->hosts[m->targets[m->target].host].preference;

	while (i < m->n_targets &&
		m->hosts[m->targets[i].host].preference == preference)
		i++;
	return i;
}

/* The target after this one, or n_targets. */
static unsigned following_target(const struct mta *m, enum next next)
{
	unsigned host = m->targets[m->target].host, i = m->target + 1;

	if (m->p->limit_then == LIMIT_PREFERENCE && m->p->max_addresses > 0 &&
		m->result.attempts >= m->p->max_addresses)
		return next_preference(m);
	while (next == NEXT_HOST && i < m->n_targets && m->targets[i].host == host)
		i++;
	return i;
}

static bool is_at_limit(const struct mta *m)
{
	const struct mta_profile *p = m->p;
	unsigned n = m->result.attempts;

	return (p->max_addresses > 0 && p->limit_then == LIMIT_STOP &&
		       n >= p->max_addresses) ||
	       (p->max_attempts > 0 && n >= p->max_attempts) ||
	       (p->max_sessions > 0 && m->sessions >= p->max_sessions);
}

static void next_target(struct mta *m, enum next next)
{
	if (next == NEXT_STOP || is_at_limit(m)) {
		deliver_exhausted(m);
		return;
	}
	m->target = following_target(m, next);
	if (m->target < m->n_targets)
		return;
	if (m->p->when == WHEN_LAZY) {
		m->skip_host = next == NEXT_HOST;
		hosts_next(m);
	} else {
		deliver_exhausted(m);
	}
}

void deliver_reaction(struct mta *m, const struct smtp_reaction *r)
{
	const struct target *t = &m->targets[m->target];
	enum next next;

	m->result.attempts++;
	if (r->stage == SMTP_ACCEPTED) {
		accepted(m, t);
		return;
	}
	TRACE(m, "R13", "%s: %s %d", host_text(m, &m->hosts[t->host]),
		r->stage == SMTP_CONNECT    ? (r->timed_out ? "no answer" : "refused")
		: r->stage == SMTP_GREETING ? "greeting"
					    : "recipient",
		r->code);
	if (r->stage == SMTP_RCPT && r->code >= 500) {
		refused(m, t, r);
		return;
	}
	/* Handshakes do not count as sessions (Postfix smtp_connect.c). */
	m->sessions += r->stage == SMTP_RCPT;
	next = failure(m, r);
	if (m->p->first_connection_final && r->stage != SMTP_CONNECT)
		next = NEXT_STOP;
	next_target(m, next);
}

void deliver_skip_absent(struct mta *m)
{
	static const struct smtp_reaction no_route = { .stage = SMTP_CONNECT };

	while (m->phase == PHASE_TRY) {
		const struct ip *ip = &m->targets[m->target].ip;

		if (ip->family == 4 ? !m->setting->no_ipv4 : !m->setting->no_ipv6)
			return;
		deliver_reaction(m, &no_route);
	}
}
