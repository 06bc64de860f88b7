#include "run/bench.h"

#include <string.h>

#include "base/arena.h"
#include "base/lookup.h"
#include "base/rng.h"
#include "mta/profile.h"
#include "resolver/policy.h"
#include "run/evidence.h"
#include "run/live.h"
#include "run/loopback.h"
#include "run/mail.h"

/* ---- names of cases ---- */

static const char *case_id(struct arena *a, const char *scenario, const char *address,
	const char *client, const char *resolver)
{
	const char *parts[4] = { scenario, address, client, resolver };
	size_t len[4], total = 0;
	char *id, *p;

	for (int i = 0; i < 4; i++) {
		len[i] = strlen(parts[i]);
		total += len[i] + 1;
	}
	id = p = arena_alloc_raw(a, total);
	for (int i = 0; i < 4; i++) {
		memcpy(p, parts[i], len[i]);
		p += len[i];
		*p++ = i < 3 ? '/' : '\0';
	}
	return id;
}

/* ---- the visitor ---- */

static const struct visit *visit_now(
	struct bench *b, struct drive *d, const char *url_host)
{
	struct visitor *v = visitor_new(b->keep, url_host, NULL);
	struct visitor_reply reply;
	struct visitor_page page;
	enum visitor_want want;
	struct question q;

	while ((want = visitor_want(v, &q, &page)) != VISITOR_DONE) {
		if (want == VISITOR_ASK) {
			visitor_answer(v, drive_ask(d, &q), d->now_us);
			continue;
		}
		drive_fetch(d, b->keep, &page, &reply);
		visitor_reply(v, &reply);
	}
	return visitor_result(v);
}

struct visits visits_see(struct bench *b, const struct scenario_address *address,
	const struct resolver_policy *policy, const struct drive_outside *outside)
{
	struct visits v = { NULL };
	struct drive d;

	if (address->visit == NULL)
		return v;
	v.at_stage = arena_array(b->keep, b->world->n_stages, sizeof(*v.at_stage));
	drive_init(&d, b->keep, b->world, policy, b->options->seed, NULL);
	d.loopback = b->loopback;
	d.outside = outside;
	if (b->evidence != NULL) {
		d.evidence = b->evidence;
		evidence_begin(
			b->evidence, case_id(b->keep, b->scenario->id, address->address,
					     "visitor", policy->name));
	}
	for (unsigned i = 0; i < b->world->n_stages; i++) {
		if (i > 0)
			drive_enter(&d, i);
		drive_prime(&d);
		v.at_stage[i] = visit_now(b, &d, address->visit);
	}
	return v;
}

/* ---- records ---- */

static void record_asked(
	struct arena *a, const struct asked *from, struct record_query *to)
{
	char name[NAME_TEXT_MAX], type[RRTYPE_TEXT_MAX], rcode[RCODE_TEXT_MAX];
	const struct section *answer;
	const char **lines;

	to->t_us = from->t_us;
	to->after = (unsigned)from->after;
	to->name = arena_strdup(a, name_to_text(from->question.name, name));
	to->type = arena_strdup(a, rrtype_to_text(from->question.type, type));
	if (from->answer == NULL) {
		to->rcode = "TIMEOUT";
		return;
	}
	answer = &from->answer->section[ANSWER];
	lines = arena_array(a, answer->n, sizeof(*lines));
	for (unsigned i = 0; i < answer->n; i++)
		lines[i] = rr_text(a, &answer->rr[i]);
	to->rcode = arena_strdup(a, rcode_to_text(from->answer->rcode, rcode));
	to->answer = lines;
	to->n_answer = answer->n;
}

static void record_details(struct arena *a, const struct mail *mail,
	const struct trace *trace, struct record_outcome *o)
{
	struct record_query *queries = arena_array(a, mail->n_asked, sizeof(*queries));
	struct record_decision *decisions =
		arena_array(a, trace->n, sizeof(*decisions));

	for (unsigned i = 0; i < mail->n_asked; i++)
		record_asked(a, &mail->asked[i], &queries[i]);
	for (size_t i = 0; i < trace->n; i++) {
		const struct trace_line *line = &trace->lines[i];

		decisions[i] = (struct record_decision){ line->t_us,
			arena_strdup(a, line->rule), arena_strdup(a, line->text) };
	}
	o->queries = queries;
	o->n_queries = mail->n_asked;
	o->decisions = decisions;
	o->n_decisions = (unsigned)trace->n;
}

/* ---- one case ---- */

/* What the client does, or why it could not be tried. */
static const char *send_mail(struct one *c, struct trace *trace, struct mail *ret)
{
	struct bench *b = c->bench;

	if (c->sender != NULL)
		return c->sender->send(
			c->sender->ctx, &c->drive, c->address->address, trace, ret);
	mail_send(&c->drive, c->profile, &b->setting, c->address->address, c->seed,
		b->open_hosts, trace, ret);
	return NULL;
}

/* Sends the message in the drive's stage and judges what came of it. */
static void send_and_judge(
	struct one *c, const struct expected *expected, struct record_outcome *o)
{
	struct bench *b = c->bench;
	struct trace trace = { .arena = b->scratch };
	struct mail mail;
	const char *why = send_mail(c, b->options->details ? &trace : NULL, &mail);

	if (why != NULL) {
		o->verdict = VERDICT_SKIPPED;
		o->result = RESULT_SKIPPED;
		o->reason = arena_strdup(b->keep, why);
		return;
	}
	judge_mail(
		b->keep, c->address, &b->world->stages[c->drive.stage].hosts, &mail, o);
	if (b->options->details)
		record_details(b->keep, &mail, &trace, o);
	judge_result(b->keep, expected, c->address, &mail, o);
}

static const struct visit *visit_of(const struct one *c, unsigned stage)
{
	return c->visits->at_stage == NULL ? NULL : c->visits->at_stage[stage];
}

static void run_step(struct one *c, unsigned stage, const struct record_outcome *before,
	struct record_outcome *o)
{
	struct bench *b = c->bench;
	const struct stage *step = &b->scenario->stages[stage];
	struct expected expected = judge_expected(step->expect, step->n_expect,
		profile_name(c->profile), c->policy->name);

	drive_enter(&c->drive, stage);
	drive_prime(&c->drive);
	*o = (struct record_outcome){
		.verdict = before->verdict, /* until mail is sent again */
		.disposition = before->disposition,
	};
	judge_web(b->keep, c->address, visit_of(c, stage), &o->web);
	if (step->says_mail)
		send_and_judge(c, &expected, o);
	else
		judge_result(b->keep, &expected, c->address, NULL, o);
	o->at_us = step->at_us;
	o->title = step->title;
}

static enum case_result worse(enum case_result a, enum case_result b)
{
	/* Best to worst: a failure anywhere fails the case, a known defect marks it. */
	static const int rank[] = { [RESULT_PASSED] = 0,
		[RESULT_SKIPPED] = 1,
		[RESULT_KNOWN] = 2,
		[RESULT_FAILED] = 3 };

	return rank[b] > rank[a] ? b : a;
}

static void run_steps(struct one *c, struct record *r)
{
	struct bench *b = c->bench;
	unsigned n = b->scenario->n_stages - 1;
	struct record_outcome *steps = arena_array(b->keep, n, sizeof(*steps));
	const struct record_outcome *before = &r->outcome;

	for (unsigned i = 0; i < n; i++) {
		run_step(c, i + 1, before, &steps[i]);
		r->result = worse(r->result, steps[i].result);
		before = &steps[i];
	}
	r->steps = steps;
	r->n_steps = n;
}

void one_begin(const struct one *c, struct record *r)
{
	struct bench *b = c->bench;

	*r = (struct record){
		.scenario = b->scenario->id,
		.address = c->address->address,
		.client = profile_name(c->profile),
		.resolver = c->policy->name,
		.network = run_network_name(b->options->network),
		.is_validator = profile_is_validator(c->profile),
	};
	r->id = case_id(b->keep, r->scenario, r->address, r->client, r->resolver);
}

void one_run(struct one *c, struct record *r)
{
	struct bench *b = c->bench;

	c->seed = rng_seed_from(b->options->seed, r->id);
	arena_reset(b->scratch);
	drive_init(&c->drive, b->scratch, b->world, c->policy, c->seed, NULL);
	c->drive.loopback = b->loopback;
	c->drive.outside = c->outside;
	c->drive.wire = b->options->wire;
	c->drive.arrange = b->options->arrange;
	c->drive.evidence = b->evidence;
	if (b->evidence != NULL)
		evidence_begin(b->evidence, r->id);
	drive_prime(&c->drive);
	judge_web(b->keep, c->address, visit_of(c, 0), &r->outcome.web);
	send_and_judge(c, &c->expected, &r->outcome);
	r->result = r->outcome.result;
	if (c->expected.mail != NULL)
		r->known = c->expected.mail->known;
	if (b->scenario->n_stages > 1 && r->result != RESULT_SKIPPED)
		run_steps(c, r);
}

void one_skip(struct record *r, const char *why)
{
	r->outcome = (struct record_outcome){
		.verdict = VERDICT_SKIPPED,
		.result = RESULT_SKIPPED,
		.reason = why,
	};
	r->steps = NULL;
	r->n_steps = 0;
	r->result = RESULT_SKIPPED;
}

/* ---- a scenario ---- */

static void setting_of(
	const struct scenario *s, struct arena *a, struct mta_setting *ret)
{
	const struct name **names = arena_array(a, s->n_self_names, sizeof(*names));

	for (unsigned i = 0; i < s->n_self_names; i++)
		names[i] = name_literal(a, s->self_names[i]);
	*ret = (struct mta_setting){
		.self_names = names,
		.n_self_names = s->n_self_names,
		.self_ips = s->self_ips,
		.n_self_ips = s->n_self_ips,
		.search = s->search,
		.n_search = s->n_search,
		.mail_from = s->sender,
		.foreign_sender = s->sender_given,
		.no_ipv6 = s->no_ipv6,
		.no_ipv4 = s->no_ipv4,
	};
}

static bool takes_client(const struct scenario *s, const struct mta_profile *p)
{
	return s->clients == NULL || glob_match(s->clients, profile_name(p));
}

static bool takes_resolver(const struct scenario *s, const struct resolver_policy *p)
{
	return s->resolvers == NULL || glob_match(s->resolvers, p->name);
}

size_t cases_count(const struct scenario *scenario, const struct cast *cast)
{
	size_t n_clients = 0, n_resolvers = 0;

	for (unsigned i = 0; i < cast->n_clients; i++)
		n_clients += takes_client(scenario, cast->clients[i]);
	for (unsigned k = 0; k < cast->n_resolvers; k++)
		n_resolvers += takes_resolver(scenario, cast->resolvers[k]);
	return n_clients * n_resolvers * scenario->n_addresses;
}

struct uncovered {
	const char *client, *resolver; /* the first */
	unsigned n, of;
};

static void note_coverage(const struct scenario *s, const struct mta_profile *client,
	const struct resolver_policy *resolver, const struct scenario_address *address,
	struct uncovered *u)
{
	struct expected e;

	if (!takes_client(s, client) || !takes_resolver(s, resolver))
		return;
	u->of++;
	e = judge_expected(address->expect, address->n_expect, profile_name(client),
		resolver->name);
	if (e.mail == NULL && u->n++ == 0) {
		u->client = profile_name(client);
		u->resolver = resolver->name;
	}
}

/* Every case must be covered before the first one runs. */
static int check_covered(const struct scenario *s, const struct cast *cast,
	const struct scenario_address *address, struct errs *errs)
{
	struct uncovered u = { 0 };

	for (unsigned i = 0; i < cast->n_clients; i++) {
		for (unsigned k = 0; k < cast->n_resolvers; k++)
			note_coverage(
				s, cast->clients[i], cast->resolvers[k], address, &u);
	}
	if (u.n == 0)
		return 0;
	err_hint(errs,
		errs_add(errs, address->at,
			"no row of expect says what becomes of %u of the %u cases of "
			"%s; the first is %s behind %s",
			u.n, u.of, address->address, u.client, u.resolver),
		"begin with a row for all: { clients: \"*\", verdict: delivered }; or "
		"run fewer: clients, resolvers");
	return -1;
}

int cases_check(
	const struct scenario *scenario, const struct cast *cast, struct errs *errs)
{
	int rc = 0;

	for (unsigned i = 0; i < scenario->n_addresses; i++) {
		if (check_covered(scenario, cast, &scenario->addresses[i], errs) != 0)
			rc = -1;
	}
	return rc;
}

static void each_of_address(struct bench *b, const struct cast *cast,
	const struct scenario_address *address,
	void (*fn)(void *ctx, const struct one *c, unsigned resolver), void *ctx)
{
	const struct scenario *s = b->scenario;
	struct one c = { .bench = b, .address = address };

	for (unsigned i = 0; i < cast->n_clients; i++) {
		c.profile = cast->clients[i];
		if (!takes_client(s, c.profile))
			continue;
		for (unsigned k = 0; k < cast->n_resolvers; k++) {
			c.policy = cast->resolvers[k];
			if (!takes_resolver(s, c.policy))
				continue;
			c.expected = judge_expected(address->expect, address->n_expect,
				profile_name(c.profile), c.policy->name);
			fn(ctx, &c, k);
		}
	}
}

void each_case(struct bench *b, const struct cast *cast,
	void (*fn)(void *ctx, const struct one *c, unsigned resolver), void *ctx)
{
	for (unsigned i = 0; i < b->scenario->n_addresses; i++)
		each_of_address(b, cast, &b->scenario->addresses[i], fn, ctx);
}

struct here {
	const struct visits *visits; /* of each resolver */
	const struct drive_outside *outside;
	struct case_list *to;
};

static void run_here(void *ctx, const struct one *planned, unsigned resolver)
{
	struct here *h = ctx;
	struct one c = *planned;
	struct record *r = &h->to->list[h->to->n++];

	c.visits = &h->visits[resolver];
	c.outside = h->outside;
	one_begin(&c, r);
	one_run(&c, r);
}

/* All clients behind all resolvers for one address. */
static void run_address(struct bench *b, const struct cast *cast,
	const struct scenario_address *address, struct case_list *ret)
{
	struct visits *visits =
		arena_array(b->keep, cast->n_resolvers, sizeof(*visits));
	struct here h = { visits, NULL, ret };

	if (b->options->live != NULL)
		h.outside = live_outside(b->options->live);
	for (unsigned k = 0; k < cast->n_resolvers; k++) {
		if (takes_resolver(b->scenario, cast->resolvers[k]))
			visits[k] = visits_see(b, address, cast->resolvers[k], NULL);
	}
	each_of_address(b, cast, address, run_here, &h);
}

void bench_init(struct bench *b, struct arena *keep, struct arena *scratch,
	const struct scenario *s, const struct run_options *options)
{
	struct world *world = arena_alloc(keep, sizeof(*world));

	world_build(keep, s, world);
	*b = (struct bench){
		.keep = keep,
		.scratch = scratch,
		.scenario = s,
		.world = world,
		.options = options,
	};
	if (options->evidence != NULL)
		b->evidence = evidence_new(keep);
	setting_of(s, keep, &b->setting);
}

/* One line of what the sockets said; they are no mistake of any file. */
static enum run_end broken(struct bench *b, struct case_list *ret, struct errs *errs)
{
	*ret = (struct case_list){ 0 };
	errs_add(errs, (struct place){ 0 }, "%s", loopback_failure(b->loopback));
	return RUN_BROKEN;
}

/* False when the network failed: what the cases are then is worthless. */
static bool run_addresses(
	struct bench *b, const struct cast *cast, struct case_list *ret)
{
	const struct scenario *s = b->scenario;

	for (unsigned i = 0; i < s->n_addresses; i++) {
		run_address(b, cast, &s->addresses[i], ret);
		if (b->loopback != NULL && loopback_failure(b->loopback) != NULL)
			return false;
	}
	return true;
}

static enum run_end run_on_loopback(struct bench *b, const struct cast *cast,
	struct case_list *ret, struct errs *errs)
{
	enum run_end end = RUN_DONE;

	if (loopback_open(b->loopback, b->world) != 0 || !run_addresses(b, cast, ret))
		end = broken(b, ret, errs);
	loopback_close(b->loopback);
	return end;
}

enum run_end cases_run(struct arena *keep, struct arena *scratch,
	struct loopback *loopback, const struct scenario *scenario,
	const struct cast *cast, const struct run_options *options,
	struct case_list *ret, struct errs *errs)
{
	size_t room =
		(size_t)scenario->n_addresses * cast->n_clients * cast->n_resolvers;
	struct bench b;

	*ret = (struct case_list){ 0 };
	if (cases_check(scenario, cast, errs) != 0)
		return RUN_MISTAKES;
	bench_init(&b, keep, scratch, scenario, options);
	b.loopback = loopback;
	ret->evidence = b.evidence;
	ret->list = arena_array(keep, room, sizeof(*ret->list));
	if (loopback != NULL)
		return run_on_loopback(&b, cast, ret, errs);
	run_addresses(&b, cast, ret);
	return RUN_DONE;
}

/* ---- lookup ---- */

/* What the reference client does behind the ideal resolver becomes the intention: its
 * hosts with their addresses. */
static void intend(struct bench *b, const struct mta_profile *reference,
	struct scenario_address *address, struct world_stage *stage)
{
	/* Without a host of its own: where the mail belongs, whoever asks. */
	const struct mta_setting nobody = { .mail_from = b->setting.mail_from };
	const struct route *route;
	struct host *hosts;
	const char **names;
	struct mail mail;
	struct drive d;

	drive_init(&d, b->keep, b->world, resolver_policy("ideal"), b->options->seed,
		NULL);
	if (b->options->live != NULL)
		d.outside = live_outside(b->options->live);
	mail_send(&d, reference, &nobody, address->address, b->options->seed, true,
		NULL, &mail);
	route = &mail.result->route;
	hosts = arena_array(b->keep, route->n_hosts, sizeof(*hosts));
	names = arena_array(b->keep, route->n_hosts, sizeof(*names));
	for (unsigned i = 0; i < route->n_hosts; i++) {
		names[i] = route->hosts[i].name;
		hosts[i] = (struct host){ .name = names[i],
			.at = route->hosts[i].ips,
			.n_at = route->hosts[i].n_ips };
	}
	address->intended = names;
	address->n_intended = route->n_hosts;
	stage->hosts = (struct hosts){ hosts, route->n_hosts };
}

void cases_lookup(struct arena *keep, struct arena *scratch,
	const struct scenario *world, const struct cast *cast,
	const struct mta_profile *reference, const struct run_options *options,
	struct case_list *ret)
{
	size_t room = (size_t)world->n_addresses * cast->n_clients * cast->n_resolvers;
	struct world_stage stage;
	struct world own;
	struct bench b;

	bench_init(&b, keep, scratch, world, options);
	b.open_hosts = true;
	stage = b.world->stages[0];
	own = *b.world;
	own.stages = &stage;
	b.world = &own;
	*ret = (struct case_list){ .list = arena_array(
					   keep, room, sizeof(*ret->list)) };
	for (unsigned i = 0; i < world->n_addresses; i++) {
		struct scenario_address address = world->addresses[i];

		intend(&b, reference, &address, &stage);
		run_address(&b, cast, &address, ret);
	}
}
