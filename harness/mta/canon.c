#include "mta/machine.h"

#include <string.h>

#include "base/arena.h"

/* sendmail's order (sendmail/domain.c dns_getcanonname). */
static const uint16_t sendmail_types[] = { TYPE_AAAA, TYPE_A, TYPE_MX };
#define SENDMAIL_TYPES 3

static void restart_at(struct mta *m, const struct name *name)
{
	m->canon.name = name;
	m->canon.type = 0;
	m->canon.suffix = 0;
}

void canon_begin(struct mta *m, enum phase phase)
{
	m->phase = phase;
	m->canon.hops = 0;
	m->canon.soft = false;
	restart_at(m, m->canonical != NULL ? m->canonical : m->domain);
	probe_begin(m, m->canon.name);
}

void canon_question(struct mta *m, struct question *ret)
{
	uint16_t type = TYPE_CNAME;
	const struct name *n = m->canon.name;

	if (m->p->canon == CANON_MOX) {
		probe_question(m, ret);
		return;
	}
	if (m->p->canon == CANON_SENDMAIL)
		type = sendmail_types[m->canon.type];
	else if (m->p->canon == CANON_ANY)
		type = TYPE_ANY;
	if (m->canon.suffix > 0)
		n = name_join(m->arena, n, name_labels(n),
			m->setting->search[m->canon.suffix - 1]);
	*ret = (struct question){ .name = n, .type = type, .class = CLASS_IN };
}

void canon_sender(struct mta *m)
{
	bool wanted = m->p->canon == CANON_SENDMAIL && m->setting->foreign_sender;
	const char *at = wanted ? strrchr(m->setting->mail_from, '@') : NULL;
	const char *why;

	if (at != NULL)
		m->canon.sender = name_from_text(m->arena, at + 1, NULL, &why);
	if (m->canon.sender == NULL) {
		mta_start(m);
		return;
	}
	m->phase = PHASE_CANON;
	restart_at(m, m->canon.sender);
}

static void sender_end(struct mta *m, const struct name *found)
{
	if (found != NULL && !name_equal(found, m->canon.sender))
		mta_rewrite_sender(m, found);
	m->canon.sender_soft = found == NULL && m->canon.soft;
	m->canon.sender = NULL;
	mta_start(m);
}

/* Who leaves aliases alone completes a name by the search list all the same: then that
 * is the recipient's domain (sendmail domain.c:1921, DontExpandCnames). */
static void complete(struct mta *m, const struct name *found)
{
	mta_rewrite_domain(m, found, true, "search-list");
	m->domain = found;
}

/* The look for a canonical name is over; `found` is the name, or NULL: none. */
static void canon_end(struct mta *m, const struct name *found)
{
	if (m->canon.sender != NULL) {
		sender_end(m, found);
		return;
	}
	if (m->phase == PHASE_AGAIN) {
		go_implicit(m, found != NULL ? found : m->canon_implicit);
		return;
	}
	if (found != NULL && !name_equal(found, m->domain)) {
		m->canonical = found;
		if (m->p->rewrite == REWRITE_ALL || m->p->rewrite == REWRITE_RCPT)
			mta_rewrite_domain(
				m, found, m->p->rewrite == REWRITE_ALL, "rewrite");
		else if (m->canon.suffix > 0)
			complete(m, found);
	}
	mx_begin(m, m->p->mx_name == MX_NAME_CANONICAL && m->canonical != NULL
			    ? m->canonical
			    : m->domain);
}

/* Ends without a name: sendmail's getmxrr() goes on with the name it has. */
static void canon_fail(struct mta *m, const struct ruling *r)
{
	if (m->phase == PHASE_AGAIN || m->canon.sender != NULL ||
		r->action == ACTION_ADDRESS || r->action == ACTION_SKIP)
		canon_end(m, NULL);
	else
		mta_rule_out(m, r, "canon-first");
}

/* True when there is a further suffix whose joined name is not too long. */
static bool sendmail_next_name(struct mta *m)
{
	const struct mta_setting *s = m->setting;

	m->canon.type = 0;
	if (!searches_mx(m))
		return false;
	while (m->canon.suffix < s->n_search) {
		const struct name *tail = s->search[m->canon.suffix++];

		if (name_len(m->canon.name) - 1 + name_len(tail) <= NAME_WIRE_MAX)
			return true;
	}
	return false;
}

static void sendmail_give_up(struct mta *m)
{
	static const struct ruling go_on = { .action = ACTION_ADDRESS };

	if (m->canon.soft)
		canon_fail(m, &m->p->on_canon_soft);
	else
		canon_fail(m, &go_on);
}

static void sendmail_alias(struct mta *m, const struct rr *rr)
{
	if (m->canon.hops++ >= m->p->canon_max) {
		TRACE(m, "canon-max", "CNAME loop: the name stays as it is");
		canon_fail(m, &m->p->on_canon_loop);
		return;
	}
	restart_at(m, rr_target(rr));
	TRACE(m, "canon-first", "CNAME found: canonical name may be %s",
		name_text(m->arena, m->canon.name));
}

static const struct rr *first_alias(const struct msg *answer)
{
	const struct section *an = &answer->section[ANSWER];

	for (unsigned i = 0; i < an->n; i++) {
		if (an->rr[i].type == TYPE_CNAME)
			return &an->rr[i];
	}
	return NULL;
}

static bool has_host_record(const struct msg *answer)
{
	const struct section *an = &answer->section[ANSWER];

	for (unsigned i = 0; i < an->n; i++) {
		uint16_t t = an->rr[i].type;

		if (t == TYPE_A || t == TYPE_AAAA || t == TYPE_MX)
			return true;
	}
	return false;
}

/* A name is canonical when it has AAAA, A or MX; a CNAME in the answer outranks these;
 * a name that does not exist needs no further type, a failure of the name as it stands
 * only counts when nothing is found at all. */
static void sendmail_answer(struct mta *m, const struct msg *answer)
{
	enum outcome o =
		stub_outcome(m->p->stub, answer, sendmail_types[m->canon.type]);
	const struct rr *alias = NULL;
	struct question q;

	if (o == OUTCOME_SUCCESS) {
		alias = first_alias(answer);
		if (alias != NULL && m->p->rewrite != REWRITE_NONE) {
			sendmail_alias(m, alias);
			return;
		}
		if (alias != NULL || has_host_record(answer)) {
			canon_question(m, &q);
			canon_end(m, q.name);
			return;
		}
		o = OUTCOME_NO_DATA;
	}
	if (o == OUTCOME_TRY_AGAIN) {
		m->canon.soft = true;
		if (m->canon.suffix > 0) {
			sendmail_give_up(m);
			return;
		}
	}
	if (o != OUTCOME_HOST_NOT_FOUND && ++m->canon.type < SENDMAIL_TYPES)
		return;
	if (!sendmail_next_name(m))
		sendmail_give_up(m);
}

/* qmail: whatever the tenth answer says is used (qmail-1.03 dns.c:193-215). */
static void qmail_answer(struct mta *m, const struct msg *answer)
{
	uint16_t type = m->p->canon == CANON_ANY ? TYPE_ANY : TYPE_CNAME;
	struct found f;
	const struct rr *alias;
	enum outcome o;

	lookup_begin(m, m->canon.name, type, 0, false);
	o = lookup_feed(m, answer, &f) ? f.outcome : OUTCOME_TRY_AGAIN;
	if (o == OUTCOME_TRY_AGAIN) {
		canon_fail(m, &m->p->on_canon_soft);
		return;
	}
	alias = o == OUTCOME_SUCCESS ? first_alias(answer) : NULL;
	if (alias != NULL) {
		m->canon.name = rr_target(alias);
		TRACE(m, "canon-first", "CNAME found: %s",
			name_text(m->arena, m->canon.name));
		if (++m->canon.hops < m->p->canon_max && !name_is_root(m->canon.name))
			return;
	}
	canon_end(m, m->canon.name);
}

/* ---- Go's LookupCNAME ---- */

/* It asks for all of these at once; in our order the first answer that names something
 * decides (adns dnsclient_unix.go goLookupIPCNAMEOrder). */
static const uint16_t probe_types[] = { TYPE_A, TYPE_AAAA, TYPE_CNAME };

void probe_begin(struct mta *m, const struct name *name)
{
	m->probe = (struct probe){ .name = name };
}

void probe_question(const struct mta *m, struct question *ret)
{
	*ret = (struct question){
		.name = m->probe.name,
		.type = probe_types[m->probe.at],
		.class = CLASS_IN,
	};
}

/* The owner of the first address, or where the first CNAME leads: records before the
 * first of the asked type are passed over (skipToAnswer). */
static const struct name *named_by(const struct msg *answer, uint16_t type)
{
	const struct section *an = &answer->section[ANSWER];

	for (unsigned i = 0; i < an->n; i++) {
		if (an->rr[i].type == type)
			return type == TYPE_CNAME ? rr_target(&an->rr[i])
						  : an->rr[i].owner;
	}
	return NULL;
}

static bool is_failure(enum outcome o)
{
	return o == OUTCOME_TRY_AGAIN || o == OUTCOME_NO_RECOVERY;
}

enum probe_result probe_feed(struct mta *m, const struct msg *answer)
{
	struct probe *p = &m->probe;
	uint16_t type = probe_types[p->at];
	enum outcome o = stub_outcome(m->p->stub, answer, type);
	const struct name *name = o == OUTCOME_SUCCESS ? named_by(answer, type) : NULL;

	if (p->alias == NULL)
		p->alias = name;
	if (name == NULL && !p->has_first) {
		p->has_first = true;
		p->failed = is_failure(o);
	}
	if (++p->at < sizeof(probe_types) / sizeof(probe_types[0]))
		return PROBE_MORE;
	if (p->alias == NULL)
		return p->failed ? PROBE_FAILED : PROBE_NONE;
	return name_equal(p->alias, p->name) ? PROBE_NONE : PROBE_ALIAS;
}

static void mox_answer(struct mta *m, const struct msg *answer)
{
	switch (probe_feed(m, answer)) {
	case PROBE_MORE:
		return;
	case PROBE_FAILED:
		canon_fail(m, &m->p->on_canon_soft);
		return;
	case PROBE_NONE:
		canon_end(m, m->canon.name);
		return;
	case PROBE_ALIAS:
		break;
	}
	m->canon.name = m->probe.alias;
	TRACE(m, "canon-first", "CNAME found: %s", name_text(m->arena, m->canon.name));
	if (++m->canon.hops > m->p->canon_max || name_equal(m->canon.name, m->domain))
		canon_fail(m, &m->p->on_canon_loop);
	else
		probe_begin(m, m->canon.name);
}

static void required_answer(struct mta *m, const struct msg *answer)
{
	enum outcome o = stub_outcome(m->p->stub, answer, TYPE_CNAME);

	if (o == OUTCOME_TRY_AGAIN)
		mta_rule_out(m, &m->p->on_soft, "on-soft");
	else if (o != OUTCOME_SUCCESS)
		mta_rule_out(m, &m->p->on_canon_soft, "canon-first");
	else
		canon_end(m, NULL);
}

void canon_answer(struct mta *m, const struct msg *answer)
{
	switch ((enum canon)m->p->canon) {
	case CANON_SENDMAIL:
		sendmail_answer(m, answer);
		break;
	case CANON_ANY:
	case CANON_CNAME:
		qmail_answer(m, answer);
		break;
	case CANON_MOX:
		mox_answer(m, answer);
		break;
	case CANON_REQUIRED:
		required_answer(m, answer);
		break;
	case CANON_NONE:
		canon_end(m, NULL);
		break;
	}
}
