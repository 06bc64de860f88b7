#include "mta/machine.h"

#include <string.h>

#include "base/arena.h"
#include "dns/idn.h"

const char *disposition_name(enum disposition d)
{
	static const char *const names[] = { "deliver", "defer", "bounce" };

	return names[d];
}

/* ---- the recipient ---- */

/* RFC 5891: U-labels are looked up as A-labels. NULL: they cannot be. */
static const struct name *domain_name(struct mta *m, const char *text)
{
	const char *why,
		*ascii = m->p->idn == IDN_RAW ? text : idn_to_ascii(m->arena, text);

	if (ascii == NULL || (m->p->idn == IDN_REFUSE && ascii != text))
		return NULL;
	if (ascii != text)
		TRACE(m, "idn", "%s is looked up as %s", text, ascii);
	return name_from_text(m->arena, ascii, NULL, &why);
}

/* "[192.0.2.1]", "[IPv6:2001:db8::1]" (RFC 5321 4.1.3). */
static bool literal_ip(const char *domain, struct ip *ret)
{
	char text[IP_TEXT_MAX];
	size_t n = strlen(domain);

	if (n < 3 || domain[0] != '[' || domain[n - 1] != ']')
		return false;
	domain++;
	n -= 2;
	if (n > 5 && strncasecmp(domain, "IPv6:", 5) == 0) {
		domain += 5;
		n -= 5;
	}
	if (n >= sizeof(text))
		return false;
	memcpy(text, domain, n);
	text[n] = '\0';
	return ip_from_text(text, ret) == 0;
}

static void literal_begin(struct mta *m, const char *domain, const struct ip *ip)
{
	struct host *h;

	if (m->p->on_literal_recipient.action != ACTION_NONE) {
		mta_rule_out(m, &m->p->on_literal_recipient, "on-literal-recipient");
		return;
	}
	TRACE(m, "RFC 5321 4.1.3", "the recipient's domain is an address");
	m->hosts = h = arena_alloc(m->arena, sizeof(*h));
	m->n_hosts = m->room_hosts = 1;
	m->implicit = true;
	h->name = name_root;
	h->text = domain;
	h->literal = true;
	h->ips = arena_memdup(m->arena, ip, sizeof(*ip));
	h->n_ips = 1;
	m->mx_name = domain_name(m, domain);
	if (m->p->mta_sts == STS_BEFORE_MX && m->mx_name != NULL)
		sts_begin(m);
	else
		hosts_begin(m);
}

static void bad_address(struct mta *m)
{
	static const struct ruling syntax = {
		.action = ACTION_BOUNCE,
		.status = "5.1.3", /* RFC 3463 3.2: bad destination mailbox address
				      syntax */
		.reason = "the recipient's domain is not a name",
	};

	mta_rule_out(m, &syntax, "R1");
}

/* ---- birth ---- */

/* Routing from the start: with the first name, or with one that Exim put in its place.
 */
void mta_start(struct mta *m)
{
	m->n_hosts = m->host = 0;
	m->n_targets = m->target = 0;
	m->implicit = m->any_soft = m->any_hard = m->last_soft = false;
	m->dropped_self = m->any_good = m->last_failed = m->fell_back = false;
	m->canonical = NULL;
	m->restart = NULL;
	m->spoilt = NULL;
	m->additional.n = 0;
	if (m->p->canon != CANON_NONE)
		canon_begin(m, PHASE_CANON);
	else
		mx_begin(m, m->domain);
}

struct mta *mta_new(struct arena *a, const struct mta_profile *profile,
	const struct mta_setting *setting, const char *recipient, uint64_t seed,
	struct trace *trace)
{
	struct mta *m = arena_alloc(a, sizeof(*m));
	const char *at = strrchr(recipient, '@');
	const char *domain = at == NULL ? "" : at + 1;
	struct ip ip;

	m->arena = a;
	m->p = profile;
	m->setting = setting;
	m->trace = trace;
	m->rng.state = m->seed = seed;
	m->rcpt = recipient;
	m->local = recipient;
	m->local_len = at == NULL ? strlen(recipient) : (size_t)(at - recipient);
	m->result.mail_from = setting->mail_from;
	m->result.rewrites = m->rewrites;
	if (profile->on_literal_recipient.action != ACTION_SKIP &&
		literal_ip(domain, &ip)) {
		literal_begin(m, domain, &ip);
		return m;
	}
	m->domain = domain_name(m, domain);
	if (m->domain == NULL || name_is_root(m->domain))
		bad_address(m);
	else
		canon_sender(m);
	return m;
}

/* ---- wants ---- */

static bool question_of(struct mta *m, struct question *ret)
{
	switch (m->phase) {
	case PHASE_CANON:
	case PHASE_AGAIN:
		canon_question(m, ret);
		return true;
	case PHASE_STS:
	case PHASE_MX:
	case PHASE_HOST:
		*ret = (struct question){ m->lookup.name, m->lookup.type, CLASS_IN };
		return true;
	case PHASE_ALIAS:
		*ret = (struct question){ m->mx_name, TYPE_CNAME, CLASS_IN };
		return true;
	case PHASE_HOST_ALIAS:
		host_alias_question(m, ret);
		return true;
	case PHASE_SPF:
		*ret = (struct question){ m->domain, TYPE_TXT, CLASS_IN };
		return true;
	default:
		return false;
	}
}

enum mta_want mta_want(
	struct mta *m, struct question *ret_q, struct mta_attempt *ret_try)
{
	deliver_skip_absent(m);
	if (m->phase == PHASE_TRY) {
		const struct target *t = &m->targets[m->target];

		*ret_try = (struct mta_attempt){
			.ip = t->ip,
			.host = host_text(m, &m->hosts[t->host]),
			.mail_from = m->result.mail_from,
			.rcpt = m->rcpt,
		};
		return MTA_TRY;
	}
	return question_of(m, ret_q) ? MTA_ASK : MTA_DONE;
}

/* ---- what is fed ---- */

static void take_answer(struct mta *m, const struct msg *answer)
{
	switch (m->phase) {
	case PHASE_CANON:
	case PHASE_AGAIN:
		canon_answer(m, answer);
		break;
	case PHASE_STS:
		sts_answer(m, answer);
		break;
	case PHASE_MX:
		mx_answer(m, answer);
		break;
	case PHASE_ALIAS:
		alias_answer(m, answer);
		break;
	case PHASE_HOST_ALIAS:
		host_alias_answer(m, answer);
		break;
	case PHASE_HOST:
		host_answer(m, answer);
		break;
	case PHASE_SPF:
		spf_answer(m, answer);
		break;
	case PHASE_TRY:
	case PHASE_DONE:
		break;
	}
}

/* Exim keeps what gave nothing, and does not ask for it again (src/dns.c
 * dns_fail_return). */
static void remember(struct mta *m, const struct msg *answer)
{
	struct question q;
	struct failure *f;

	if (!m->p->remembers_failures || !question_of(m, &q) ||
		stub_outcome(m->p->stub, answer, q.type) == OUTCOME_SUCCESS)
		return;
	/* The message is the resolver's until the next question; what it borrows
	 * stays. */
	if (answer != NULL)
		answer = arena_memdup(m->arena, answer, sizeof(*answer));
	f = arena_alloc(m->arena, sizeof(*f));
	*f = (struct failure){ .next = m->failures, .q = q, .answer = answer };
	m->failures = f;
}

static const struct failure *recall(struct mta *m)
{
	struct question q;

	if (m->failures == NULL || !question_of(m, &q))
		return NULL;
	for (const struct failure *f = m->failures; f != NULL; f = f->next) {
		if (f->q.type == q.type && name_equal(f->q.name, q.name))
			return f;
	}
	return NULL;
}

static bool is_endless(struct mta *m)
{
	static const struct ruling endless = {
		.action = ACTION_DEFER,
		.reason = "more questions than any mail needs",
	};

	if (++m->questions <= MTA_QUESTIONS_MAX)
		return false;
	mta_rule_out(m, &endless, "limit");
	return true;
}

void mta_answer(struct mta *m, const struct msg *answer, uint64_t now_us)
{
	const struct failure *old;

	m->now_us = now_us;
	if (is_endless(m))
		return;
	remember(m, answer);
	take_answer(m, answer);
	while ((old = recall(m)) != NULL && !is_endless(m)) {
		TRACE(m, "remembers-failures", "not asked again");
		take_answer(m, old->answer);
	}
}

void mta_reaction(struct mta *m, const struct smtp_reaction *reaction, uint64_t now_us)
{
	m->now_us = now_us;
	if (m->phase == PHASE_TRY)
		deliver_reaction(m, reaction);
}

/* ---- rewriting ---- */

static const char *address_at(struct mta *m, const struct name *domain)
{
	return arena_printf(m->arena, "%.*s@%s", (int)m->local_len, m->local,
		name_text(m->arena, domain));
}

void mta_rewrite_domain(
	struct mta *m, const struct name *to, bool headers, const char *rule)
{
	const char *from = m->rcpt;
	struct mta_rewrite *r = m->rewrites;
	unsigned n = m->result.n_rewrites;

	m->rcpt = address_at(m, to);
	m->rewritten = true;
	TRACE(m, rule, "recipient %s becomes %s (see R16)", from, m->rcpt);
	if (n > 0) { /* once more: from the first form to the last */
		for (unsigned i = 0; i < n; i++)
			r[i].to = m->rcpt;
		return;
	}
	r[n++] = (struct mta_rewrite){ "rcpt", from, m->rcpt };
	if (headers)
		r[n++] = (struct mta_rewrite){ "headers", from, m->rcpt };
	m->result.n_rewrites = n;
}

/* sendmail's MAIL FROM and the From header (sendmail/domain.c:1921, cf/README:780). */
void mta_rewrite_sender(struct mta *m, const struct name *to)
{
	const char *from = m->result.mail_from;
	const char *at = strrchr(from, '@');

	m->result.mail_from = arena_printf(
		m->arena, "%.*s@%s", (int)(at - from), from, name_text(m->arena, to));
	TRACE(m, "rewrite", "sender %s becomes %s (see R16)", from,
		m->result.mail_from);
	m->sender_rewritten =
		(struct mta_rewrite){ "mail_from", from, m->result.mail_from };
}

/* ---- the end ---- */

/* Letters, digits, dash and underscore need no escape. */
static bool plain_text(const struct name *n, char *to)
{
	const uint8_t *w = name_wire(n);

	while (*w != 0) {
		unsigned len = *w++;

		for (; len > 0; len--, w++) {
			uint8_t c = *w;

			if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
				    c == '-' || (c >= 'A' && c <= 'Z') || c == '_'))
				return false;
			*to++ = (char)c;
		}
		*to++ = *w == 0 ? '\0' : '.';
	}
	return true;
}

const char *host_text(struct mta *m, struct host *h)
{
	char buf[NAME_WIRE_MAX + 1];

	if (h->text == NULL) {
		if (!name_is_root(h->name) && plain_text(h->name, buf))
			h->text = arena_memdup(m->arena, buf, name_len(h->name) - 1);
		else
			h->text = name_text(m->arena, h->name);
	}
	return h->text;
}

/* Hosts in the order of their first attempt. Pooled addresses of one host need not lie
 * together: a host appears once for each run of its addresses. */
static unsigned route_from_targets(struct mta *m, struct route_host *out)
{
	struct ip *ips = arena_alloc_raw(m->arena, m->n_targets * sizeof(*ips));
	unsigned n = 0;

	for (unsigned i = 0; i < m->n_targets; i++) {
		struct host *h = &m->hosts[m->targets[i].host];

		ips[i] = m->targets[i].ip;
		if (n > 0 && m->targets[i - 1].host == m->targets[i].host) {
			out[n - 1].n_ips++;
			continue;
		}
		out[n++] = (struct route_host){ h->preference, host_text(m, h), &ips[i],
			1 };
	}
	return n;
}

/* Hosts whose turn has not come have no addresses yet; those without any are left out.
 */
static unsigned route_from_hosts(struct mta *m, struct route_host *out)
{
	unsigned n = 0;

	for (unsigned i = 0; i < m->n_hosts; i++) {
		struct host *h = &m->hosts[i];
		bool trusted = h->state == HOST_GOOD || h->state == HOST_PENDING;

		if (h->n_ips + h->n_tried > 0 || trusted)
			out[n++] = (struct route_host){ h->preference, host_text(m, h),
				h->ips, h->n_ips };
	}
	return n;
}

void mta_fill_route(struct mta *m)
{
	struct route *route = &m->result.route;
	bool lazy = m->p->when == WHEN_LAZY || m->n_targets == 0;
	unsigned room = lazy ? m->n_hosts : m->n_targets;
	struct route_host *hosts;

	if (route->hosts != NULL || room == 0)
		return;
	hosts = arena_alloc_raw(m->arena, room * sizeof(*hosts));
	route->n_hosts =
		lazy ? route_from_hosts(m, hosts) : route_from_targets(m, hosts);
	route->hosts = hosts;
}

void mta_finish(struct mta *m, enum mta_end end, const char *status, const char *reason)
{
	struct mta_result *r = &m->result;

	m->phase = PHASE_DONE;
	r->end = end;
	r->status = status;
	r->reason = reason;
	r->rcpt = m->rcpt;
	if (m->sender_rewritten.what != NULL)
		m->rewrites[r->n_rewrites++] = m->sender_rewritten;
	if (end == MTA_DELIVERED || end == MTA_REJECTED || r->attempts > 0)
		mta_fill_route(m);
	if (m->p->kind == KIND_VALIDATOR && end == MTA_DELIVERED &&
		r->route.n_hosts > 0) {
		r->host = r->route.hosts[0].name;
		if (r->route.hosts[0].n_ips > 0)
			r->ip = r->route.hosts[0].ips[0];
	}
}

/* The DNS part ends without a host to try. */
void mta_rule_out(struct mta *m, const struct ruling *ruling, const char *rule)
{
	struct mta_result *r = &m->result;
	bool bounce = ruling->action == ACTION_BOUNCE;

	TRACE(m, rule, "%s%s%s%s%s", bounce ? "bounce" : "defer",
		ruling->status != NULL ? " " : "",
		ruling->status != NULL ? ruling->status : "",
		ruling->reason != NULL ? ": " : "",
		ruling->reason != NULL ? ruling->reason : "");
	/* A lazy client that has tried some hosts comes here for a later one. */
	if (r->attempts == 0) {
		r->route.disposition = bounce ? DISPOSITION_BOUNCE : DISPOSITION_DEFER;
		r->route.status = ruling->status;
		r->route.reason = ruling->reason;
	}
	mta_finish(
		m, bounce ? MTA_BOUNCED : MTA_DEFERRED, ruling->status, ruling->reason);
}

const struct mta_result *mta_result(const struct mta *m)
{
	return &m->result;
}
