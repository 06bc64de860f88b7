#include "mta/machine.h"

#include <stdlib.h>
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

static bool is_own_ip(const struct mta *m, const struct ip *ip)
{
	for (unsigned i = 0; i < m->setting->n_self_ips; i++) {
		if (ip_equal(ip, &m->setting->self_ips[i]))
			return true;
	}
	return false;
}

/* 0.0.0.0 and :: lead to the host itself. */
static bool is_unspecified(const struct ip *ip)
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
		(m->p->local == LOCAL_DROP_LOOPBACK && ip_is_loopback(ip))) {
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
	m->soft_questions = m->questions_of_host = 0;
	ask_family(m);
}

static void ask_host_alias(struct mta *m)
{
	m->phase = PHASE_HOST_ALIAS;
	probe_begin(m, m->hosts[m->host].asked);
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
	if (h->literal && !h->asked_literal) {
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

static void route_build(struct mta *m);
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
		route_build(m);
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
	m->soft_questions += f->outcome == OUTCOME_TRY_AGAIN;
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
		route_build(m);
}

/* ---- own addresses ---- */

static bool is_self(const struct mta *m, const struct host *h, const struct ip *ip)
{
	switch ((enum local)m->p->local) {
	case LOCAL_IP:
	case LOCAL_ANY:
		return ip_is_loopback(ip) || is_unspecified(ip) || is_own_ip(m, ip);
	case LOCAL_NAME_OR_INTERFACE:
		/* Courier's list of interfaces has IPv4 only (courieresmtp.C:88). */
		return is_own_name(m, h->name) ||
		       (ip->family == 4 && (is_own_ip(m, ip) || ip_is_loopback(ip)));
	default:
		return false;
	}
}

/* qmail gives a literal preference 0, but only here (dns.c:264-271, ipalloc's pref). */
static unsigned cut_preference(const struct mta *m, const struct host *h)
{
	return h->literal && m->p->literal_exchange == LITERAL_KEPT ? 0 : h->preference;
}

/* RFC 5321 5.1. Returns false when the end is decided. */
static bool cut_own_addresses(struct mta *m)
{
	const struct ruling *ruling;
	unsigned own = UINT32_MAX, kept = 0;

	if (m->p->local != LOCAL_IP && m->p->local != LOCAL_ANY &&
		m->p->local != LOCAL_NAME_OR_INTERFACE)
		return true;
	if (m->p->alias_exempt && m->rewritten)
		return true;
	for (unsigned i = 0; i < m->n_hosts; i++) {
		const struct host *h = &m->hosts[i];

		for (unsigned k = 0; k < h->n_ips; k++) {
			if (cut_preference(m, h) < own && is_self(m, h, &h->ips[k]))
				own = cut_preference(m, h);
		}
	}
	if (own == UINT32_MAX)
		return true;
	TRACE(m, "R14", "own address among the hosts: preference %u and above dropped",
		own);
	for (unsigned i = 0; i < m->n_hosts; i++) {
		if (cut_preference(m, &m->hosts[i]) >= own)
			m->hosts[i].n_ips = 0;
		kept += m->hosts[i].n_ips;
	}
	ruling = own == m->best_preference ? &m->p->on_self_best : &m->p->on_self_rest;
	if (kept > 0 || ruling->action == ACTION_NONE)
		return true;
	mta_rule_out(m, ruling, "R14");
	return false;
}

/* ---- the order of attempts ---- */

static int by_family(enum family_first first, const struct ip *a, const struct ip *b)
{
	if (first == FAMILY_V6)
		return (b->family == 6) - (a->family == 6);
	return (b->family == 4) - (a->family == 4);
}

/* Stable; a host has few addresses, and never more than MTA_HOST_IPS_MAX. */
static void order_ips(struct mta *m, struct host *h)
{
	enum family_first first = m->p->family_first;

	if (first == FAMILY_ASKED || h->n_ips < 2)
		return;
	if (first == FAMILY_ALTERNATE) /* mox alternates from attempt to attempt */
		first = FAMILY_V6;
	for (unsigned i = 1; i < h->n_ips; i++) {
		struct ip ip = h->ips[i];
		unsigned k = i;

		while (k > 0 && by_family(first, &ip, &h->ips[k - 1]) < 0) {
			h->ips[k] = h->ips[k - 1];
			k--;
		}
		h->ips[k] = ip;
	}
}

static int by_target(const void *a, const void *b)
{
	const struct target *x = a, *y = b;

	return x->key < y->key ? -1 : x->key > y->key;
}

/* Where addresses of equal preference are pooled: Postfix shuffles them
 * (smtp_addr.c:669-684), Exim puts IPv6 first and shuffles each family (host.c:2395),
 * dma puts IPv6 first and does not shuffle (dns.c:55-64). */
static uint64_t pool_key(
	struct mta *m, const struct host *h, const struct ip *ip, unsigned index)
{
	uint64_t tie = 0;

	if (m->p->pool == POOL_HOST)
		return index;
	if (m->p->pool == POOL_V6 && ip->family == 4)
		tie = UINT64_C(1) << 27;
	if (m->p->pool == POOL_SHUFFLE || m->p->order == ORDER_SHUFFLE)
		tie |= rng_next(&m->rng) >> 37;
	return (uint64_t)h->preference << 48 | tie << 20 | index;
}

static void add_targets(struct mta *m, unsigned host)
{
	struct host *h = &m->hosts[host];
	unsigned n = h->n_ips;

	order_ips(m, h);
	if (m->p->max_per_host > 0 && n > m->p->max_per_host)
		n = m->p->max_per_host;
	for (unsigned i = 0; i < n; i++) {
		m->targets[m->n_targets] = (struct target){
			.key = pool_key(m, h, &h->ips[i], m->n_targets),
			.ip = h->ips[i],
			.host = host,
		};
		m->n_targets++;
	}
}

/* Postfix keeps both families when there are more addresses than it would try
 * (smtp_addr.c smtp_balance_inet_proto). */
static void balance(struct mta *m)
{
	unsigned limit = m->p->max_addresses, v4 = 0, v6 = 0, n = 0;

	for (unsigned i = 0; i < m->n_targets; i++)
		*(m->targets[i].ip.family == 4 ? &v4 : &v6) += 1;
	if (m->p->pool != POOL_SHUFFLE || limit == 0 || v4 == 0 || v6 == 0 ||
		v4 + v6 <= limit)
		return;
	if (v6 <= limit / 2)
		v4 = limit - v6;
	else if (v4 <= limit / 2)
		v6 = limit - v4;
	else {
		v4 = (limit + (m->targets[0].ip.family == 4)) / 2;
		v6 = limit - v4;
	}
	for (unsigned i = 0; i < m->n_targets; i++) {
		unsigned *left = m->targets[i].ip.family == 4 ? &v4 : &v6;

		if (*left > 0) {
			(*left)--;
			m->targets[n++] = m->targets[i];
		}
	}
	m->n_targets = n;
}

static void build_targets(struct mta *m)
{
	unsigned n = 0;

	for (unsigned i = 0; i < m->n_hosts; i++)
		n += m->hosts[i].n_ips;
	m->targets = arena_alloc_raw(m->arena, (n + 1) * sizeof(m->targets[0]));
	m->n_targets = m->target = 0;
	for (unsigned i = 0; i < m->n_hosts; i++)
		add_targets(m, i);
	if (m->p->pool != POOL_HOST && m->n_targets > 1)
		qsort(m->targets, m->n_targets, sizeof(m->targets[0]), by_target);
	balance(m);
}

/* ---- the end of the DNS part ---- */

/* Precedence: what the client itself took away; an implicit MX, by what became of its
 * name; then soft failures, unless the client lets a hard one outrank them; then hard
 * ones. */
static const struct ruling *no_host_ruling(const struct mta *m)
{
	const struct mta_profile *p = m->p;
	const struct ruling *r = &p->on_no_address;

	if (m->dropped_self && !m->any_soft)
		r = &p->on_self_best;
	else if (m->implicit && m->any_soft)
		r = &p->on_implicit_soft;
	else if (m->last_failed && !m->any_soft)
		r = &p->on_no_address_failed;
	else if (m->implicit)
		r = m->n_hosts > 0 && m->hosts[0].state == HOST_ALIAS &&
				    p->on_implicit_empty.action != ACTION_NONE
			    ? &p->on_implicit_empty
			    : &p->on_implicit_hard;
	else if (m->any_soft && (p->mix == MIX_DEFER || !m->any_hard))
		r = !m->last_soft && p->on_no_address_mixed.action != ACTION_NONE
			    ? &p->on_no_address_mixed
			    : &p->on_no_address_soft;
	return r;
}

/* No host can be reached. */
static void no_host(struct mta *m)
{
	if (m->p->fallback_address && !m->fell_back) {
		m->fell_back = true;
		TRACE(m, "fallback-address", "no host: the domain's own address");
		m->host = 0;
		go_implicit(m, m->domain);
		return;
	}
	mta_rule_out(m, no_host_ruling(m), m->any_soft ? "R5" : "R7");
}

static bool reroutes(struct mta *m)
{
	if (m->qualified == NULL || name_equal(m->qualified, m->domain) ||
		m->reroutes >= MTA_REROUTES_MAX)
		return false;
	m->reroutes++;
	mta_rewrite_domain(m, m->qualified, true, "rewrite");
	m->domain = m->qualified;
	m->qualified = NULL;
	mta_start(m);
	return true;
}

static void validated(struct mta *m)
{
	mta_finish(m, MTA_DELIVERED, "2.0.0", NULL);
}

static void route_build(struct mta *m)
{
	if (!cut_own_addresses(m))
		return;
	build_targets(m);
	if (m->n_targets == 0 && !(m->p->trust_mx && !m->implicit)) {
		no_host(m);
		return;
	}
	if (reroutes(m))
		return;
	if (m->p->kind == KIND_MTA) {
		mta_fill_route(m);
		m->phase = PHASE_TRY;
	} else if (m->implicit && m->p->spf_check) {
		m->phase = PHASE_SPF;
	} else {
		validated(m);
	}
}

/* "v=spf1 -all" and nothing else says that the name never sends; the validator
 * concludes that it does not receive either (deliverability.py:100-159). */
void spf_answer(struct mta *m, const struct msg *answer)
{
	static const char never[] = "\x0bv=spf1 -all";
	static const struct ruling refuse = {
		.action = ACTION_BOUNCE,
		.reason = "The domain name does not send mail",
	};

	for (unsigned i = 0; answer != NULL && i < answer->section[ANSWER].n; i++) {
		const struct rr *rr = &answer->section[ANSWER].rr[i];

		if (rr->type == TYPE_TXT && rr->rdlen == sizeof(never) - 1 &&
			memcmp(rr->rdata, never, rr->rdlen) == 0) {
			mta_rule_out(m, &refuse, "spf-check");
			return;
		}
	}
	validated(m);
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
	add_targets(m, m->host);
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
		no_host(m);
}
