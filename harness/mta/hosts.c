#include "mta/machine.h"

#include <string.h>

#include "base/arena.h"

/* ---- addresses of one host ---- */

/* The i-th address question for a host: TYPE_A, TYPE_AAAA, or 0: no more. */
static uint16_t family_type(const struct mta *m, unsigned i)
{
	static const uint16_t order[][3] = {
		[ASK_A] = { TYPE_A },
		[ASK_A_AAAA] = { TYPE_A, TYPE_AAAA },
		[ASK_AAAA_A] = { TYPE_AAAA, TYPE_A },
		[ASK_NOTHING] = { 0 },
	};
	const uint16_t *types = order[m->p->ask];

	for (unsigned k = 0; types[k] != 0; k++) {
		bool absent =
			types[k] == TYPE_A ? m->setting->no_ipv4 : m->setting->no_ipv6;

		if (absent && !m->p->ask_absent)
			continue;
		if (i-- == 0)
			return types[k];
	}
	return 0;
}

bool is_own_ip(const struct mta *m, const struct ip *ip)
{
	for (unsigned i = 0; i < m->setting->n_self_ips; i++) {
		if (ip_equal(ip, &m->setting->self_ips[i]))
			return true;
	}
	return false;
}

bool is_unspecified(const struct ip *ip)
{
	static const uint8_t zero[16];

	return memcmp(ip->bytes, zero, ip->family == 4 ? 4 : 16) == 0;
}

/* An address that the client leaves out, whatever else there is. */
static bool is_unusable(struct mta *m, const struct ip *ip)
{
	if (!m->p->ask_absent &&
		(ip->family == 4 ? m->setting->no_ipv4 : m->setting->no_ipv6))
		return true;
	if (m->p->ignore_loopback && (ip_is_loopback(ip) || is_unspecified(ip)))
		return true;
	if (m->p->global_only && !ip_is_global(ip))
		return true;
	if ((m->p->local == LOCAL_DROP && (ip_is_loopback(ip) || is_own_ip(m, ip))) ||
		(m->p->local == LOCAL_DROP_LOOPBACK && ip_is_loopback(ip)) ||
		(m->p->local == LOCAL_DROP_ZERO && is_unspecified(ip))) {
		m->dropped_self = true;
		return true;
	}
	return false;
}

static void host_add_ip(
	struct mta *m, struct host *h, const struct rr *rr, unsigned more)
{
	struct ip ip = rr_ip(rr);

	if (is_unusable(m, &ip) || h->n_ips >= MTA_HOST_IPS_MAX)
		return;
	for (unsigned i = 0; i < h->n_ips; i++) {
		if (ip_equal(&ip, &h->ips[i]))
			return;
	}
	if (h->ips == NULL || h->n_ips >= h->room_ips) {
		unsigned room = h->n_ips + (more > 0 ? more : 1);
		struct ip *ips;

		if (room > MTA_HOST_IPS_MAX)
			room = MTA_HOST_IPS_MAX;
		ips = arena_alloc_raw(m->arena, room * sizeof(*ips));
		if (h->n_ips > 0)
			memcpy(ips, h->ips, h->n_ips * sizeof(*ips));
		h->ips = ips;
		h->room_ips = (uint16_t)room;
	}
	if (h->n_ips == 0 && m->p->host_canonical && !name_equal(h->name, rr->owner))
		h->name = rr->owner;
	h->ips[h->n_ips++] = ip;
}

/* Takes the records of the type from a section; returns whether there were any. */
static bool take_ips(struct mta *m, struct host *h, const struct section *s,
	uint16_t type, const struct name *owner)
{
	bool any = false;

	for (unsigned i = 0; i < s->n; i++) {
		const struct rr *rr = &s->rr[i];

		if (rr->type != type || rr->rdlen != (type == TYPE_A ? 4 : 16) ||
			(owner != NULL && !name_equal(rr->owner, owner)))
			continue;
		host_add_ip(m, h, rr, s->n - i);
		any = true;
	}
	return any;
}

static void host_done(struct mta *m);

/* sendmail's gethostbyname2() walks the search list for one family, getaddrinfo() for
 * both together: see host_next_suffix(). */
static bool searches_by_family(const struct mta *m)
{
	return m->p->second_if_needed && searches_addresses(m);
}

/* All addresses of the host in the additional section; returns whether there are any.
 */
static bool take_additional(struct mta *m, struct host *h)
{
	uint16_t type;
	bool any = false;

	for (unsigned i = 0; (type = family_type(m, i)) != 0; i++)
		any |= take_ips(m, h, &m->additional, type, h->name);
	return any;
}

/* Puts the question for the current family, or ends the host. */
static void ask_family(struct mta *m)
{
	const struct mta_profile *p = m->p;
	struct host *h = &m->hosts[m->host];
	unsigned rounds = p->stub->follow > 0 ? p->stub->follow : p->address_rounds;

	if (p->additional == ADDITIONAL_ENOUGH && m->family == 0 &&
		take_additional(m, h)) {
		host_done(m);
		return;
	}
	for (;; m->family++) {
		uint16_t type = family_type(m, m->family);

		if (type == 0)
			break;
		if (m->family > 0 && h->n_ips > 0 && !h->literal &&
			(p->second_if_needed || (m->implicit && p->implicit_if_empty)))
			break;
		if (m->additional.n > 0 &&
			take_ips(m, h, &m->additional, type, h->name)) {
			TRACE(m, "additional", "addresses of %s came with the MX",
				name_text(m->arena, h->name));
			continue;
		}
		m->phase = PHASE_HOST;
		lookup_begin(m, h->asked, type, rounds, searches_by_family(m));
		return;
	}
	host_done(m);
}

/* Addresses of h->asked, from the first family. */
static void ask_addresses(struct mta *m)
{
	m->family = 0;
	m->got_soft = m->got_alias = m->got_nodata = m->got_failed = false;
	m->last_question_soft = false;
	m->soft_questions = m->questions_of_host = 0;
	ask_family(m);
}

static void ask_host_alias(struct mta *m)
{
	m->phase = PHASE_HOST_ALIAS;
	probe_begin(m, m->hosts[m->host].asked);
}

/* Does nobody ask for the addresses of the empty exchange? Those that wait for its turn
 * have put it behind the others (list_ready()). */
static bool is_passed_over(const struct mta *m, const struct host *h)
{
	if (!name_is_root(h->name) || m->p->empty_exchange == EMPTY_ASKED)
		return false;
	if (m->p->empty_exchange == EMPTY_NOTHING)
		return true;
	for (const struct host *k = m->hosts; k < h; k++) {
		if (name_is_root(k->name) ||
			(k->n_ips > 0 && k->preference < h->preference))
			return true;
	}
	return false;
}

static void host_begin(struct mta *m)
{
	struct host *h = &m->hosts[m->host];

	m->suffix = 0;
	m->host_aliases = 0;
	h->asked = h->name;
	if (name_is_root(h->name) && m->p->null_mx == NULL_REACHED) {
		mta_rule_out(m, &m->p->on_null_mx, "R26");
		return;
	}
	if (h->literal && is_unusable(m, &h->ips[0]))
		h->n_ips = 0;
	if ((h->literal && !h->asked_literal) || is_passed_over(m, h)) {
		host_done(m);
	} else if (m->p->trust_mx && !m->implicit) {
		h->state = HOST_GOOD;
		host_done(m);
	} else if (m->p->host_alias == HOST_ALIAS_BEFORE) {
		ask_host_alias(m);
	} else {
		ask_addresses(m);
	}
}

static bool is_soft_host(const struct mta *m)
{
	/* glibc's getaddrinfo(): NODATA of one family outranks a soft failure of the
	 * other (dma 0.13, run). */
	if (m->p->on_host_nodata.action != ACTION_SKIP && m->got_nodata)
		return false;
	if (m->p->soft_host == SOFT_BOTH)
		return m->soft_questions > 0 &&
		       m->soft_questions == m->questions_of_host;
	if (m->p->soft_host == SOFT_LAST)
		return m->last_question_soft;
	return m->p->soft_host == SOFT_ANY && m->got_soft;
}

/* What a host without addresses is. The empty name of a null MX is no host name for any
 * library: it does not exist. */
static enum host_state judge_host(const struct mta *m, const struct host *h)
{
	if (h->n_ips > 0)
		return HOST_GOOD;
	if (is_soft_host(m))
		return HOST_SOFT;
	if (name_is_root(h->name) || h->literal)
		return HOST_ABSENT;
	if (m->got_failed)
		return HOST_FAILED;
	if (m->got_alias)
		return HOST_ALIAS;
	return m->got_nodata ? HOST_NODATA : HOST_ABSENT;
}

/* getaddrinfo() asks both families again with each suffix of the search list. */
static bool host_next_suffix(struct mta *m, struct host *h)
{
	const struct mta_setting *s = m->setting;

	if (!searches_addresses(m) || searches_by_family(m) || name_is_root(h->name) ||
		h->literal)
		return false;
	while (m->suffix < s->n_search) {
		const struct name *tail = s->search[m->suffix++];
		const struct name *n =
			name_join(m->arena, h->name, name_labels(h->name), tail);

		if (n != NULL) {
			h->asked = n;
			m->family = 0;
			return true;
		}
	}
	return false;
}

static void lazy_host_done(struct mta *m, struct host *h);

static void host_advance(struct mta *m)
{
	m->host++;
	if (m->host < m->n_hosts)
		host_begin(m);
	else if (m->restart != NULL)
		mx_restart(m);
	else if (m->spoilt != NULL)
		mta_rule_out(m, m->spoilt, m->spoilt_rule);
	else
		targets_build(m);
}

static void note_bad_host(struct mta *m, const struct host *h)
{
	m->last_soft = h->state == HOST_SOFT;
	m->last_failed = h->state == HOST_FAILED;
	m->any_soft |= h->state == HOST_SOFT;
	m->any_hard |= h->state != HOST_SOFT;
	TRACE(m, m->implicit ? "R7" : "R9", "%s has no address%s",
		name_text(m->arena, h->name),
		h->state == HOST_SOFT ? " that can be found now" : "");
	/* masqmail gives up when its list is still empty (lookup.c:130-134). */
	if (m->p->bad_host == BAD_HOST_STOP && !m->any_good)
		m->n_hosts = m->host + 1;
}

/* No address so far: is there anything else to ask for this host? */
static bool host_goes_on(struct mta *m, struct host *h)
{
	if (host_next_suffix(m, h)) {
		ask_family(m);
		return true;
	}
	if (m->p->host_alias == HOST_ALIAS_AFTER && !h->literal &&
		!name_is_root(h->asked) && m->host_aliases <= m->p->address_rounds) {
		ask_host_alias(m);
		return true;
	}
	return false;
}

static void host_judged(struct mta *m, struct host *h)
{
	const struct mta_profile *p = m->p;

	if (h->state == HOST_NODATA && p->on_host_nodata.action != ACTION_SKIP) {
		mta_rule_out(m, &p->on_host_nodata, "on-host-nodata");
		return;
	}
	if (h->state == HOST_GOOD)
		m->any_good = true;
	else
		note_bad_host(m, h);
	if (p->when == WHEN_LAZY && p->kind == KIND_MTA)
		lazy_host_done(m, h);
	else
		host_advance(m);
}

static void host_done(struct mta *m)
{
	struct host *h = &m->hosts[m->host];

	if (h->state != HOST_GOOD || h->n_ips > 0) {
		h->state = (uint8_t)judge_host(m, h);
		if (h->state != HOST_GOOD && host_goes_on(m, h))
			return;
	}
	host_judged(m, h);
}

/* ---- its alias, asked for by itself ---- */

void host_alias_question(const struct mta *m, struct question *ret)
{
	if (m->p->host_alias == HOST_ALIAS_BEFORE)
		probe_question(m, ret);
	else
		*ret = (struct question){ m->hosts[m->host].asked, TYPE_CNAME,
			CLASS_IN };
}

static void follow_host_alias(struct mta *m, struct host *h, const struct name *to)
{
	TRACE(m, "address-cname-query", "%s is an alias of %s",
		name_text(m->arena, h->asked), name_text(m->arena, to));
	h->asked = to;
	m->host_aliases++;
}

/* The alias could not be found out, or there were too many: a failure of the host. */
static void host_alias_fails(struct mta *m, struct host *h)
{
	TRACE(m, "address-cname-query", "that failed, or there are too many");
	h->state = HOST_SOFT;
	host_judged(m, h);
}

/* mox (gather.go GatherIPs). */
static void alias_before(struct mta *m, struct host *h, const struct msg *answer)
{
	switch (probe_feed(m, answer)) {
	case PROBE_MORE:
		break;
	case PROBE_NONE:
		ask_addresses(m);
		break;
	case PROBE_FAILED:
		host_alias_fails(m, h);
		break;
	case PROBE_ALIAS:
		follow_host_alias(m, h, m->probe.alias);
		if (m->host_aliases > m->p->address_rounds)
			host_alias_fails(m, h);
		else
			ask_host_alias(m);
		break;
	}
}

/* hMailServer (DNSResolver.cpp GetIpAddressesRecursive_): without a single CNAME it
 * stays at what the addresses came to. */
static void alias_after(struct mta *m, struct host *h, const struct msg *answer)
{
	const struct rr *alias = single_alias(m, answer, h->asked);

	if (alias == NULL) {
		host_judged(m, h);
		return;
	}
	follow_host_alias(m, h, rr_target(alias));
	if (m->host_aliases > m->p->address_rounds)
		host_alias_fails(m, h);
	else
		ask_addresses(m);
}

void host_alias_answer(struct mta *m, const struct msg *answer)
{
	struct host *h = &m->hosts[m->host];

	if (m->p->host_alias == HOST_ALIAS_BEFORE)
		alias_before(m, h, answer);
	else
		alias_after(m, h, answer);
}

/* ---- answers ---- */

/* What the outcome of one question says about the host. */
static void note_outcome(struct mta *m, const struct found *f)
{
	const struct mta_profile *p = m->p;
	bool failed = f->outcome == OUTCOME_NO_RECOVERY;
	bool defers = failed && p->on_norecovery.action == ACTION_DEFER;

	m->questions_of_host++;
	m->got_soft |= f->outcome == OUTCOME_TRY_AGAIN || defers ||
		       (f->loop && p->on_loop.action == ACTION_DEFER);
	m->got_failed |= failed && p->on_no_address_failed.action != ACTION_NONE;
	m->last_question_soft = f->outcome == OUTCOME_TRY_AGAIN;
	m->soft_questions += m->last_question_soft;
	m->got_alias |= f->alias_only || f->foreign;
	/* To getaddrinfo() an error, and records that are of no use, are EAI_NONAME. */
	m->got_nodata |= f->outcome == OUTCOME_NO_DATA && !f->foreign;
}

void host_answer(struct mta *m, const struct msg *answer)
{
	struct host *h = &m->hosts[m->host];
	uint16_t type = m->lookup.type;
	struct found f;

	if (m->implicit)
		note_qualified(m, answer, type);
	if (!lookup_feed(m, answer, &f))
		return;
	if (f.loop && m->p->host_loop_final) {
		mta_rule_out(m, &m->p->on_loop, "R21");
		return;
	}
	note_outcome(m, &f);
	if (f.outcome == OUTCOME_SUCCESS && !f.alias_only)
		take_ips(m, h, &f.records, type, f.owner);
	/* sendmail: A is not asked after that (daemon.c:2489-2500). */
	if (f.outcome == OUTCOME_TRY_AGAIN && type == TYPE_AAAA &&
		m->p->aaaa_soft_fatal) {
		TRACE(m, "aaaa-soft-fatal", "AAAA failed softly: A is not asked");
		host_done(m);
		return;
	}
	/* mx-connect and python-email-validator: AAAA only after an empty A. */
	if (m->implicit && m->p->implicit_if_empty && m->got_soft) {
		host_done(m);
		return;
	}
	m->family++;
	ask_family(m);
}

void hosts_begin(struct mta *m)
{
	if (m->host < m->n_hosts)
		host_begin(m);
	else
		targets_build(m);
}

/* ---- lazy clients ---- */

static void lazy_host_done(struct mta *m, struct host *h)
{
	if (h->n_ips == 0) {
		hosts_next(m);
		return;
	}
	m->targets = arena_alloc_raw(m->arena, h->n_ips * sizeof(m->targets[0]));
	m->n_targets = m->target = 0;
	targets_add(m, m->host);
	m->phase = PHASE_TRY;
}

/* The second family, where the first gave only addresses that do not answer. */
static bool more_families(struct mta *m)
{
	struct host *h = &m->hosts[m->host];

	if (!m->p->second_if_needed || h->n_ips == 0 || h->literal || m->family == 0 ||
		family_type(m, m->family) == 0)
		return false;
	h->n_tried = h->n_ips;
	h->n_ips = 0;
	ask_family(m);
	return true;
}

void hosts_next(struct mta *m)
{
	if (!m->skip_host && more_families(m))
		return;
	m->skip_host = false;
	m->host++;
	if (m->host < m->n_hosts)
		host_begin(m);
	else if (m->result.attempts > 0)
		deliver_exhausted(m);
	else
		targets_none(m);
}
