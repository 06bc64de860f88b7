#include "mta/machine.h"

#include <stdlib.h>
#include <string.h>

#include "base/arena.h"

#define CNAME_ROUNDS(m)                                                                \
	((m)->p->stub->follow > 0 ? (m)->p->stub->follow                               \
		: (m)->p->cname_query || (m)->p->cname_restart == RESTART_ALWAYS       \
			? 0                                                            \
			: (m)->p->cname_rounds)

static void ask_mx(struct mta *m, const struct name *name)
{
	m->phase = PHASE_MX;
	m->first_answer = true;
	lookup_begin(m, name, TYPE_MX, CNAME_ROUNDS(m), searches_mx(m));
	TRACE(m, "R2", "asking MX of %s", name_text(m->arena, name));
}

void mx_begin(struct mta *m, const struct name *name)
{
	m->mx_name = name;
	m->alias_hops = 0;
	if (m->p->mta_sts == STS_BEFORE_MX)
		sts_begin(m);
	else
		ask_mx(m, name);
}

/* TXT of _mta-sts: only the question matters here. */
void sts_begin(struct mta *m)
{
	static const uint8_t label[] = "\x08_mta-sts";
	const struct name *n = name_join(m->arena, name_at(label), 1, m->mx_name);

	m->phase = PHASE_STS;
	lookup_begin(m, n != NULL ? n : m->mx_name, TYPE_TXT, 0, searches_mx(m));
}

void sts_answer(struct mta *m, const struct msg *answer)
{
	struct found f;

	if (!lookup_feed(m, answer, &f))
		return;
	if (m->n_hosts > 0)
		hosts_begin(m);
	else
		ask_mx(m, m->mx_name);
}

static void hosts_ready(struct mta *m)
{
	if (m->p->mta_sts == STS_AFTER_MX)
		sts_begin(m);
	else
		hosts_begin(m);
}

static struct host *host_add(
	struct mta *m, const struct name *name, unsigned preference)
{
	struct host *h;

	if (m->n_hosts >= MTA_HOSTS_MAX)
		return NULL;
	if (m->n_hosts == m->room_hosts) {
		unsigned room = m->room_hosts == 0 ? 4 : m->room_hosts * 2;
		struct host *hosts = arena_alloc_raw(m->arena, room * sizeof(*hosts));

		if (m->n_hosts > 0)
			memcpy(hosts, m->hosts, m->n_hosts * sizeof(*hosts));
		m->hosts = hosts;
		m->room_hosts = room;
	}
	h = &m->hosts[m->n_hosts++];
	*h = (struct host){ .name = name, .preference = (uint16_t)preference };
	return h;
}

/* RFC 5321 5.1: no MX, so the name itself is the host, with preference 0. */
void go_implicit(struct mta *m, const struct name *name)
{
	if (name == NULL) { /* sendmail: it does not exist anywhere */
		mta_rule_out(m, &m->p->on_nxdomain, "R4");
		return;
	}
	TRACE(m, "R6", "no MX: implicit MX 0 %s", name_text(m->arena, name));
	m->n_hosts = 0;
	m->implicit = true;
	m->best_preference = 0;
	host_add(m, name, 0);
	hosts_ready(m);
}

static const struct name *implicit_name(const struct mta *m)
{
	return m->p->implicit == MX_NAME_CANONICAL && m->canonical != NULL
		       ? m->canonical
		       : m->domain;
}

static void no_mx(struct mta *m, const struct ruling *r, const char *rule)
{
	if (r->action == ACTION_ADDRESS)
		go_implicit(m, implicit_name(m));
	else
		mta_rule_out(m, r, rule);
}

/* sendmail looks for the canonical name once more when MX came to nothing, even when
 * the name does not exist, but not after an error (domain.c:986-1023). */
static void no_mx_again(
	struct mta *m, const struct ruling *r, const char *rule, bool exists)
{
	if (m->p->canon_again && (r->action == ACTION_ADDRESS || !exists)) {
		m->canon_implicit = exists ? implicit_name(m) : NULL;
		canon_begin(m, PHASE_AGAIN);
	} else {
		no_mx(m, r, rule);
	}
}

/* ---- the list ---- */

static bool is_empty(const struct host *h)
{
	return name_is_root(h->name);
}

static bool is_localhost(const struct name *n)
{
	static const uint8_t wire[] = "\x09localhost";

	return name_equal(n, name_at(wire));
}

static bool counts_as_null(const struct mta *m, const struct host *h)
{
	switch ((enum null_mx)m->p->null_mx) {
	case NULL_ZERO:
	case NULL_LEVEL:
	case NULL_STRICT:
		return is_empty(h) && h->preference == 0;
	case NULL_SKIP_ZERO:
		return (is_empty(h) && h->preference == 0) ||
		       (m->p->localhost_null && is_localhost(h->name));
	case NULL_UNKNOWN:
	case NULL_REACHED:
		return false;
	default:
		return is_empty(h);
	}
}

static void drop_null(struct mta *m)
{
	unsigned n = 0;

	for (unsigned i = 0; i < m->n_hosts; i++) {
		if (!counts_as_null(m, &m->hosts[i]))
			m->hosts[n++] = m->hosts[i];
	}
	m->n_hosts = n;
}

/* True when the list says that the domain takes no mail (RFC 7505), in the client's
 * reading of it. */
static bool is_null_list(struct mta *m)
{
	unsigned null = 0, zero = 0;

	for (unsigned i = 0; i < m->n_hosts; i++) {
		null += counts_as_null(m, &m->hosts[i]);
		zero += m->hosts[i].preference == 0;
	}
	if (null == 0)
		return false;
	switch ((enum null_mx)m->p->null_mx) {
	case NULL_STRICT:
		return m->n_hosts == 1;
	case NULL_LEVEL:
		return zero == 1;
	case NULL_SKIP:
	case NULL_SKIP_ZERO:
		drop_null(m);
		return m->n_hosts == 0;
	default:
		return true;
	}
}

/* An exchange spoils the list for the others. True: they are looked up all the same,
 * and the ruling waits for that; false: the message has been judged. */
static bool list_spoilt(struct mta *m, const struct ruling *ruling, const char *rule)
{
	if (!m->p->judges_last) {
		mta_rule_out(m, ruling, rule);
		return false;
	}
	if (m->spoilt == NULL) {
		m->spoilt = ruling;
		m->spoilt_rule = rule;
	}
	return true;
}

/* The exchange's name read as an address: "192.0.2.1." in the MX. */
static bool name_as_ip(const struct name *n, struct ip *ret)
{
	char text[NAME_TEXT_MAX];
	const uint8_t *w = name_wire(n);
	unsigned value = 0;
	bool v6 = false;

	for (unsigned i = 1; i <= n->label_len; i++) {
		v6 |= w[i] == ':';
		value |= w[i] < '0' || w[i] > '9';
	}
	/* Most names end here: an address starts with a number, or has a colon. */
	if (name_is_root(n) || (value != 0 && !v6))
		return false;
	return ip_from_text(name_to_text(n, text), ret) == 0;
}

static void take_literal(struct mta *m, struct host *h, const struct ip *ip)
{
	enum literal how = m->p->literal_exchange;

	h->literal = true;
	h->asked_literal = how == LITERAL_ASKED;
	h->ips = arena_memdup(m->arena, ip, sizeof(*ip));
	h->n_ips = 1;
}

/* What an exchange that is an address does to the list. False: it has ended it. */
static bool read_literals(struct mta *m)
{
	enum literal how = m->p->literal_exchange;
	unsigned n = 0;

	if (how == LITERAL_NAME)
		return true;
	for (unsigned i = 0; i < m->n_hosts; i++) {
		struct host *h = &m->hosts[i];
		struct ip ip;
		bool literal = name_as_ip(h->name, &ip);

		if (literal)
			TRACE(m, "R33", "an exchange is an address");
		if (literal && how == LITERAL_REJECT) {
			if (!list_spoilt(m, &m->p->on_literal, "literal-exchange"))
				return false;
			continue;
		}
		if (literal && how == LITERAL_SKIP)
			continue;
		if (literal)
			take_literal(m, h, &ip);
		m->hosts[n++] = *h;
	}
	m->n_hosts = n;
	if (n == 0)
		mta_rule_out(m, &m->p->on_literal, "literal-exchange");
	return n > 0;
}

static int by_key(const void *a, const void *b)
{
	const struct host *x = a, *y = b;

	return x->key < y->key ? -1 : x->key > y->key;
}

/* Chance, in 28 bits: the hosts whose turn is said come first. */
#define TIE_BITS 28

static uint64_t tie_of(struct mta *m, const struct host *h)
{
	const struct mta_setting *s = m->setting;
	uint64_t chance = m->p->order == ORDER_SHUFFLE
				  ? rng_next(&m->rng) >> (64 - TIE_BITS)
				  : (name_hash(h->name) * UINT32_C(2654435761) ^
					    (uint32_t)m->seed) >>
					    (32 - TIE_BITS);
	unsigned turn;

	if (s->turn == NULL)
		return chance;
	if (s->turn(s->turn_ctx, h->name, &turn))
		return turn;
	return chance | UINT64_C(1) << TIE_BITS;
}

/* Preference, then chance where the client has any, then the order of the answer. */
static void sort_hosts(struct mta *m)
{
	/* dma asks in the order of the answer and sorts the addresses (dns.c:280). */
	if (m->n_hosts < 2 || m->p->cname_restart == RESTART_ALWAYS)
		return;
	for (unsigned i = 0; i < m->n_hosts; i++) {
		struct host *h = &m->hosts[i];
		uint64_t tie = 0;

		if (m->p->order != ORDER_ANSWER)
			tie = tie_of(m, h);
		h->key = (uint64_t)h->preference << 46 | tie << 16 | i;
	}
	qsort(m->hosts, m->n_hosts, sizeof(m->hosts[0]), by_key);
}

static void empty_to_the_end(struct mta *m)
{
	struct host *list;
	unsigned n = 0;

	if (m->p->empty_exchange != EMPTY_TURN || m->n_hosts < 2)
		return;
	list = arena_memdup(m->arena, m->hosts, m->n_hosts * sizeof(*list));
	for (unsigned k = 0; k < 2; k++) {
		for (unsigned i = 0; i < m->n_hosts; i++) {
			if (is_empty(&list[i]) == (k == 1))
				m->hosts[n++] = list[i];
		}
	}
}

static void drop_duplicates(struct mta *m)
{
	unsigned n = 0;

	for (unsigned i = 0; i < m->n_hosts; i++) {
		unsigned j = 0;

		while (j < n && !name_equal(m->hosts[i].name, m->hosts[j].name))
			j++;
		if (j == n)
			m->hosts[n++] = m->hosts[i];
	}
	m->n_hosts = n;
}

bool is_own_name(const struct mta *m, const struct name *n)
{
	for (unsigned i = 0; i < m->setting->n_self_names; i++) {
		if (name_equal(n, m->setting->self_names[i]))
			return true;
	}
	return is_localhost(n);
}

/* RFC 5321 5.1: a host that finds itself in the list drops itself and all that are not
 * better. Returns false when nothing is left. */
static bool cut_own_names(struct mta *m)
{
	unsigned local = m->p->local;

	if (local != LOCAL_NAME && local != LOCAL_ANY)
		return true;
	for (unsigned i = 0; i < m->n_hosts; i++) {
		unsigned preference = m->hosts[i].preference;

		if (!is_own_name(m, m->hosts[i].name))
			continue;
		while (i > 0 && m->hosts[i - 1].preference == preference)
			i--;
		TRACE(m, "R14",
			"own host among the MX: preference %u and above dropped",
			preference);
		m->n_hosts = i;
		break;
	}
	return m->n_hosts > 0;
}

/* False: the list says that nobody is there, and the message has been judged. */
static bool read_nulls(struct mta *m)
{
	if (!is_null_list(m))
		return true;
	TRACE(m, "R25", "null MX");
	if (!list_spoilt(m, &m->p->on_null_mx, "R26"))
		return false;
	drop_null(m);
	if (m->n_hosts == 0)
		mta_rule_out(m, &m->p->on_null_mx, "R26");
	return m->n_hosts > 0;
}

static void list_ready(struct mta *m)
{
	if (!read_nulls(m) || !read_literals(m))
		return;
	sort_hosts(m);
	if (m->p->dedupe)
		drop_duplicates(m);
	m->best_preference = m->hosts[0].preference;
	if (!cut_own_names(m)) {
		mta_rule_out(m, &m->p->on_self_best, "R14");
		return;
	}
	if (m->p->max_mx > 0 && m->n_hosts > m->p->max_mx)
		m->n_hosts = m->p->max_mx;
	empty_to_the_end(m);
	hosts_ready(m);
}

/* dma reads the records in order: addresses of each MX are asked at once, and a CNAME
 * starts the MX question again at its target (dns.c:215-226). */
static const struct name *collect(struct mta *m, const struct found *f)
{
	const struct section *an = &f->records;

	for (unsigned i = 0; i < an->n; i++) {
		const struct rr *rr = &an->rr[i];

		if (rr->type == TYPE_MX &&
			(f->owner == NULL || name_equal(rr->owner, f->owner)))
			host_add(m, rr_target(rr), rr_mx_preference(rr));
		else if (rr->type == TYPE_CNAME &&
			 m->p->cname_restart == RESTART_ALWAYS)
			return rr_target(rr);
	}
	return NULL;
}

/* Exim takes the name of the domain from the first answer: the owner of the last CNAME,
 * else of the first record (src/dns.c:1078-1107). */
void note_qualified(struct mta *m, const struct msg *answer, uint16_t type)
{
	const struct section *an;
	const struct name *alias = NULL, *data = NULL, *owner;

	if (m->p->rewrite != REWRITE_PENULTIMATE || !m->first_answer ||
		answer == NULL || answer->rcode != RCODE_NOERROR)
		return;
	an = &answer->section[ANSWER];
	for (unsigned i = 0; i < an->n; i++) {
		if (an->rr[i].type == TYPE_CNAME)
			alias = an->rr[i].owner;
		else if (an->rr[i].type == type && data == NULL)
			data = an->rr[i].owner;
		if (alias != NULL && data != NULL)
			break;
	}
	owner = alias != NULL ? alias : data;
	if (owner != NULL && !name_is_wildcard(owner))
		m->qualified = owner;
	m->first_answer = false;
}

/* dma: the hosts met before the CNAME have their addresses. */
void mx_restart(struct mta *m)
{
	const struct name *to = m->restart;

	m->restart = NULL;
	ask_mx(m, to);
}

static void mx_found(struct mta *m, const struct found *f)
{
	const struct name *restart = collect(m, f);

	if (restart != NULL) {
		if (m->alias_hops++ >= m->p->cname_rounds) {
			mta_rule_out(m, &m->p->on_loop, "R21");
			return;
		}
		TRACE(m, "R3", "CNAME found: asking again for %s",
			name_text(m->arena, restart));
		m->restart = restart;
		if (m->n_hosts > m->host)
			hosts_begin(m);
		else
			mx_restart(m);
		return;
	}
	if (m->p->additional)
		m->additional = f->answer->section[ADDITIONAL];
	if (m->n_hosts > 0)
		list_ready(m);
	else if (m->p->on_nodata.action == ACTION_ADDRESS)
		go_implicit(m, implicit_name(m));
	else
		mta_rule_out(m, &m->p->on_nodata, "R23");
}

static void mx_outcome(struct mta *m, const struct found *f)
{
	const struct mta_profile *p = m->p;

	if (f->outcome != OUTCOME_SUCCESS)
		TRACE(m, "on-mx", "the MX look-up came to: %s",
			outcome_name(f->outcome));
	switch (f->outcome) {
	case OUTCOME_SUCCESS:
		mx_found(m, f);
		break;
	case OUTCOME_NO_DATA:
		if (m->n_hosts > 0) /* dma: MX stood before the CNAME */
			hosts_begin(m);
		else if (f->loop)
			no_mx(m, &p->on_loop, "R21");
		else if (f->foreign)
			no_mx(m, &p->on_nodata, "R6");
		else
			no_mx_again(m, &p->on_nodata, "R6", true);
		break;
	case OUTCOME_HOST_NOT_FOUND:
		no_mx_again(m, &p->on_nxdomain, "R4", false);
		break;
	case OUTCOME_TRY_AGAIN:
		/* dma goes on with the hosts it has (dns.c:258). */
		if (m->n_hosts > 0)
			hosts_begin(m);
		else
			no_mx(m, &p->on_soft, "R5");
		break;
	case OUTCOME_NO_RECOVERY:
		no_mx(m, &p->on_norecovery, "on-norecovery");
		break;
	}
}

void mx_answer(struct mta *m, const struct msg *answer)
{
	struct found f;

	note_qualified(m, answer, TYPE_MX);
	if (!lookup_feed(m, answer, &f))
		return;
	if (m->p->cname_query &&
		(f.outcome == OUTCOME_NO_DATA || f.outcome == OUTCOME_HOST_NOT_FOUND ||
			f.alias_only)) {
		m->mx_name = m->lookup.name;
		m->phase = PHASE_ALIAS;
		return;
	}
	mx_outcome(m, &f);
}

const struct rr *single_alias(
	const struct mta *m, const struct msg *answer, const struct name *owner)
{
	const struct rr *alias = NULL;
	unsigned n = 0;

	if (stub_outcome(m->p->stub, answer, TYPE_CNAME) != OUTCOME_SUCCESS)
		return NULL;
	for (unsigned i = 0; i < answer->section[ANSWER].n; i++) {
		const struct rr *rr = &answer->section[ANSWER].rr[i];

		if (rr->type == TYPE_CNAME && name_equal(rr->owner, owner)) {
			alias = rr;
			n++;
		}
	}
	return n == 1 ? alias : NULL;
}

/* hMailServer: exactly one CNAME leads on; a question that fails is like none
 * (DNSResolver.cpp:205-219). */
void alias_answer(struct mta *m, const struct msg *answer)
{
	struct found none = { .outcome = OUTCOME_NO_DATA };
	const struct rr *alias = single_alias(m, answer, m->mx_name);

	none.loop = alias != NULL && ++m->alias_hops > m->p->cname_rounds;
	if (alias == NULL || none.loop) {
		mx_outcome(m, &none);
		return;
	}
	m->mx_name = m->canonical = rr_target(alias);
	ask_mx(m, m->mx_name);
}
