/* Which addresses are tried, in which order: own ones are cut out, families and
 * preferences sorted; and what is said when there is none. */
#include "mta/machine.h"

#include <stdlib.h>
#include <string.h>

#include "base/arena.h"

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

	if (m->p->pool == POOL_HOST || (m->p->pool == POOL_IMPLICIT && !m->implicit))
		return index;
	if (m->p->pool == POOL_V6 && ip->family == 4)
		tie = UINT64_C(1) << 27;
	if (m->p->pool == POOL_SHUFFLE || m->p->pool == POOL_IMPLICIT ||
		m->p->order == ORDER_SHUFFLE)
		tie |= rng_next(&m->rng) >> 37;
	return (uint64_t)h->preference << 48 | tie << 20 | index;
}

void targets_add(struct mta *m, unsigned host)
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
		targets_add(m, i);
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
void targets_none(struct mta *m)
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

void targets_build(struct mta *m)
{
	if (!cut_own_addresses(m))
		return;
	build_targets(m);
	if (m->n_targets == 0 && !(m->p->trust_mx && !m->implicit)) {
		targets_none(m);
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
