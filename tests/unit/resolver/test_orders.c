/* The sequences of questions that make the same zone mean different things, each as it
 * was tried with the real program: resolvers against a root, com, net and two zones,
 * where customer.mywebservice.com has a CNAME to t.offsite.net and an MX of its own. */
#include <stdlib.h>

#include "world.h"

#define CUSTOMER "customer.mywebservice.com"

/* What a zone is like, and how it is served. */
struct setting {
	const char *mode;
	const char *cname_ttl, *mx_ttl; /* NULL: 300 */
	bool no_own_mx;
	const char *target; /* records at t.offsite.net; NULL: A and MX */
};

static void build(struct world *w, const struct setting *s)
{
	char text[512];

	world_init(w);
	snprintf(text, sizeof(text),
		"$TTL 300\n@ SOA ns1 h 1 1 1 1 60\n@ NS ns1\nns1 A 198.18.0.13\n"
		"mx A 192.0.2.25\nplain A 192.0.2.80\nplain MX 10 mx\n"
		"customer TXT \"v=spf1 mx -all\"\n"
		"customer %s CNAME t.offsite.net.\n",
		s->cname_ttl != NULL ? s->cname_ttl : "300");
	if (!s->no_own_mx) /* as tried: an SPF record beside the MX */
		snprintf(text + strlen(text), sizeof(text) - strlen(text),
			"customer %s MX 10 mx\n",
			s->mx_ttl != NULL ? s->mx_ttl : "300");
	world_serve(w, "198.18.0.13", s->mode, "mywebservice.com", text);
	snprintf(text, sizeof(text),
		"$TTL 300\n@ SOA ns1 h 1 1 1 1 60\n@ NS ns1\nns1 A 198.18.0.14\n"
		"mx A 192.0.2.26\n%s",
		s->target != NULL ? s->target : "t A 192.0.2.81\nt MX 10 mx\n");
	world_serve(w, "198.18.0.14", "strict", "offsite.net", text);
}

static const char *class_of(const struct rr *rr)
{
	char name[NAME_TEXT_MAX];

	if (rr->type == TYPE_CNAME)
		return "CNAME";
	if (rr->type != TYPE_MX)
		return "other";
	name_to_text(rr_target(rr), name);
	return strcmp(name, "mx.offsite.net") == 0 ? "target" : "own";
}

/* "own", "target" (the CNAME on the way to it is left out), "CNAME+own", ... */
static const char *summary(struct world *w, const struct msg *m)
{
	const struct section *s = &m->section[ANSWER];
	char rcode[RCODE_TEXT_MAX];
	struct str out = STR_INIT;
	const char *text;

	if (m->rcode != RCODE_NOERROR)
		str_puts(&out, rcode_to_text(m->rcode, rcode));
	for (unsigned i = 0; i < s->n; i++) {
		if (s->n == 2 && i == 0 && s->rr[0].type == TYPE_CNAME &&
			strcmp(class_of(&s->rr[1]), "target") == 0)
			continue;
		if (m->rcode != RCODE_NOERROR)
			continue;
		if (out.len > 0)
			str_putc(&out, '+');
		str_puts(&out, class_of(&s->rr[i]));
	}
	text = arena_strdup(w->arena, out.data);
	str_clear(&out);
	return text;
}

/* Runs "A, wait 3, MX" and returns what the MX questions brought, joined by commas. */
static const char *run_order(struct world *w, const char *order, const char *name)
{
	char buf[128], *save = NULL;
	struct str out = STR_INIT;
	const char *text;

	snprintf(buf, sizeof(buf), "%s", order);
	for (char *word = strtok_r(buf, ", ", &save); word != NULL;
		word = strtok_r(NULL, ", ", &save)) {
		char below[NAME_TEXT_MAX];
		const struct msg *m;

		if (strcmp(word, "wait") == 0) {
			w->now_us +=
				SECOND * strtoul(strtok_r(NULL, ", ", &save), NULL, 10);
			continue;
		}
		snprintf(below, sizeof(below), "_dmarc.%s", name);
		if (strcmp(word, "_dmarc") == 0)
			world_ask(w, "TXT", below);
		else if (strcmp(word, "MX") != 0)
			world_ask(w, word, name);
		if (strcmp(word, "MX") != 0)
			continue;
		m = world_ask(w, "MX", name);
		if (out.len > 0)
			str_puts(&out, ", ");
		str_puts(&out, summary(w, m));
	}
	text = arena_strdup(w->arena, out.data);
	str_clear(&out);
	return text;
}

struct row {
	const char *name;
	const char *policy, *order, *want;
	struct setting setting;
	const char *owner; /* NULL: CUSTOMER */
};

static void test_order(void **state)
{
	const struct row *row = *state;
	struct world w;

	build(&w, &row->setting);
	world_start(&w, row->policy, 1);
	assert_string_equal(
		run_order(&w, row->order, row->owner != NULL ? row->owner : CUSTOMER),
		row->want);
	world_clear(&w);
}

/* ---- the first table: exact-type, one row of the table a policy ---- */

static const char *const orders[] = { "MX", "A, MX", "AAAA, MX", "TXT, MX",
	"_dmarc, MX", "ANY, MX", "MX, A, MX", "A, MX, A, MX" };

static const struct table_row {
	const char *policy;
	const char *want[ARRAY_LEN(orders)];
} table[] = {
	{ "ideal",
		{ "own", "own", "own", "own", "own", "own", "own, own", "own, own" } },
	{ "unbound-1.17", { "target", "target", "target", "target", "target", "target",
				  "target, target", "target, target" } },
	{ "unbound-noqmin", { "own", "target", "target", "own", "own", "target",
				    "own, own", "target, target" } },
	{ "bind-9.18", { "own", "target", "target", "own", "target", "target",
			       "own, own", "target, target" } },
	{ "knot-resolver-5.6", { "own", "target", "target", "own", "own", "own",
				       "own, own", "target, target" } },
	{ "powerdns-recursor-4.8", { "own", "target", "target", "own", "own", "target",
					   "own, own", "target, target" } },
	{ "systemd-resolved-252", { "own", "target", "target", "own", "own",
					  "CNAME+own", "own, own", "target, target" } },
	{ "dnsmasq-2.90",
		{ "own", "own", "own", "own", "own", "own", "own, own", "own, own" } },
	{ "bare",
		{ "own", "own", "own", "own", "own", "own", "own, own", "own, own" } },
};

static struct row table_rows[ARRAY_LEN(table) * ARRAY_LEN(orders)];
static char table_names[ARRAY_LEN(table) * ARRAY_LEN(orders)][96];
static struct row control_rows[ARRAY_LEN(table) * ARRAY_LEN(orders)];
static char control_names[ARRAY_LEN(table) * ARRAY_LEN(orders)][96];

static void add_table(void)
{
	for (size_t i = 0; i < ARRAY_LEN(table_rows); i++) {
		const struct table_row *t = &table[i / ARRAY_LEN(orders)];
		size_t at = i % ARRAY_LEN(orders);

		snprintf(table_names[i], sizeof(table_names[i]),
			"exact-type, %s, order %s: %s", t->policy, orders[at],
			t->want[at]);
		table_rows[i] = (struct row){ table_names[i], t->policy, orders[at],
			t->want[at], { .mode = "exact-type" }, NULL };
		snprintf(control_names[i], sizeof(control_names[i]),
			"A and MX without a CNAME, %s, order %s: own", t->policy,
			orders[at]);
		control_rows[i] = (struct row){ control_names[i], t->policy, orders[at],
			at < 6 ? "own" : "own, own", { .mode = "exact-type" },
			"plain.mywebservice.com" };
	}
	TESTS_ADD_ROWS(table_rows, test_order);
	TESTS_ADD_ROWS(control_rows, test_order);
}

/* ---- the second table ---- */

#define NO_MX "t A 192.0.2.81\n"
#define NOTHING "elsewhere A 192.0.2.81\n"

static const struct row rows[] = {
	{ "cname-wins is target with unbound", "unbound-1.17", "MX", "target",
		{ .mode = "cname-wins" }, NULL },
	{ "cname-wins is target with unbound after A", "unbound-1.17", "A, MX",
		"target", { .mode = "cname-wins" }, NULL },
	{ "cname-wins is target without minimisation", "unbound-noqmin", "MX", "target",
		{ .mode = "cname-wins" }, NULL },
	{ "cname-wins is target with bind", "bind-9.18", "MX", "target",
		{ .mode = "cname-wins" }, NULL },
	{ "cname-wins is target with knot", "knot-resolver-5.6", "MX", "target",
		{ .mode = "cname-wins" }, NULL },
	{ "cname-wins is target with powerdns", "powerdns-recursor-4.8", "MX", "target",
		{ .mode = "cname-wins" }, NULL },
	{ "cname-wins is target with resolved", "systemd-resolved-252", "MX", "target",
		{ .mode = "cname-wins" }, NULL },
	{ "cname-wins is target with dnsmasq", "dnsmasq-2.90", "MX", "target",
		{ .mode = "cname-wins" }, NULL },
	{ "cname-wins is target with ideal", "ideal", "MX", "target",
		{ .mode = "cname-wins" }, NULL },
	{ "cname-wins is the bare CNAME with bare", "bare", "MX, A, MX", "CNAME, CNAME",
		{ .mode = "cname-wins" }, NULL },
	{ "no own MX is target with unbound", "unbound-1.17", "MX", "target",
		{ .mode = "exact-type", .no_own_mx = true }, NULL },
	{ "no own MX is target with bind", "bind-9.18", "MX, A, MX", "target, target",
		{ .mode = "exact-type", .no_own_mx = true }, NULL },
	{ "no own MX is target with dnsmasq", "dnsmasq-2.90", "A, MX", "target",
		{ .mode = "exact-type", .no_own_mx = true }, NULL },

	{ "CNAME then MX is target with unbound", "unbound-1.17", "MX, MX",
		"target, target", { .mode = "both" }, NULL },
	{ "CNAME then MX is target without minimisation", "unbound-noqmin", "MX, MX",
		"target, target", { .mode = "both" }, NULL },
	{ "CNAME then MX is target with bind", "bind-9.18", "MX, MX", "target, target",
		{ .mode = "both" }, NULL },
	{ "CNAME then MX is everything, then own with knot", "knot-resolver-5.6",
		"MX, MX", "CNAME+own+target, own", { .mode = "both" }, NULL },
	{ "CNAME then MX is passed on by powerdns", "powerdns-recursor-4.8", "MX, MX",
		"CNAME+own, CNAME+own", { .mode = "both" }, NULL },
	{ "CNAME then MX is passed on by resolved", "systemd-resolved-252", "MX, MX",
		"CNAME+own, CNAME+own", { .mode = "both" }, NULL },
	{ "CNAME then MX is passed on by dnsmasq", "dnsmasq-2.90", "MX, MX",
		"CNAME+own, CNAME+own", { .mode = "both" }, NULL },
	{ "CNAME then MX is passed on by ideal", "ideal", "MX, A, MX",
		"CNAME+own, CNAME+own", { .mode = "both" }, NULL },

	{ "bind answers ANY with what is cached, so MX stays own", "bind-9.18",
		"TXT, ANY, MX", "own", { .mode = "exact-type" }, NULL },
	{ "bind answers ANY from the cache and leaves the older MX first", "bind-9.18",
		"MX, A, ANY, MX", "own, own", { .mode = "exact-type" }, NULL },
	{ "bind after ANY on a cold cache is target", "bind-9.18", "ANY, A, MX",
		"target", { .mode = "exact-type" }, NULL },
	{ "a CNAME that was asked for hides the MX with unbound", "unbound-noqmin",
		"CNAME, MX", "target", { .mode = "exact-type" }, NULL },
	{ "a CNAME that was asked for hides the MX with bind", "bind-9.18", "CNAME, MX",
		"target", { .mode = "exact-type" }, NULL },
	{ "a CNAME that was asked for hides nothing with ideal", "ideal", "CNAME, MX",
		"own", { .mode = "exact-type" }, NULL },

	{ "MX then CNAME is target with unbound", "unbound-1.17", "MX", "target",
		{ .mode = "both-mx-first" }, NULL },
	{ "MX then CNAME is both without minimisation", "unbound-noqmin", "MX, MX",
		"own+CNAME, own+CNAME", { .mode = "both-mx-first" }, NULL },
	{ "MX then CNAME is own with bind", "bind-9.18", "MX, MX", "own, own",
		{ .mode = "both-mx-first" }, NULL },
	{ "MX then CNAME is everything, then own with knot", "knot-resolver-5.6",
		"MX, MX", "own+CNAME+target, own", { .mode = "both-mx-first" }, NULL },
	{ "MX then CNAME is passed on by powerdns, the CNAME first",
		"powerdns-recursor-4.8", "MX", "CNAME+own", { .mode = "both-mx-first" },
		NULL },

	{ "both after A is target with unbound", "unbound-1.17", "A, MX", "target",
		{ .mode = "both" }, NULL },
	{ "both after A is target without minimisation", "unbound-noqmin", "A, MX",
		"target", { .mode = "both" }, NULL },
	{ "both after A is target with bind", "bind-9.18", "A, MX", "target",
		{ .mode = "both" }, NULL },
	{ "both after A is target with knot", "knot-resolver-5.6", "A, MX", "target",
		{ .mode = "both" }, NULL },
	{ "both after A is target with powerdns", "powerdns-recursor-4.8", "A, MX",
		"target", { .mode = "both" }, NULL },
	{ "both after A is target with resolved", "systemd-resolved-252", "A, MX",
		"target", { .mode = "both" }, NULL },
	{ "both after A is passed on by dnsmasq", "dnsmasq-2.90", "A, MX", "CNAME+own",
		{ .mode = "both" }, NULL },

	{ "a target without MX is CNAME and no data with unbound", "unbound-1.17", "MX",
		"CNAME", { .mode = "exact-type", .target = NO_MX }, NULL },
	{ "a target without MX does not matter without A", "bind-9.18", "MX", "own",
		{ .mode = "exact-type", .target = NO_MX }, NULL },
	{ "a target without MX is CNAME and no data after A", "bind-9.18", "A, MX",
		"CNAME", { .mode = "exact-type", .target = NO_MX }, NULL },
	{ "a target without MX does not matter to dnsmasq", "dnsmasq-2.90", "A, MX",
		"own", { .mode = "exact-type", .target = NO_MX }, NULL },
	{ "a target that is missing is NXDOMAIN with unbound", "unbound-1.17", "MX, MX",
		"NXDOMAIN, NXDOMAIN", { .mode = "exact-type", .target = NOTHING },
		NULL },
	{ "a target that is missing does not matter without A", "knot-resolver-5.6",
		"MX", "own", { .mode = "exact-type", .target = NOTHING }, NULL },
	{ "a target that is missing is NXDOMAIN after A", "knot-resolver-5.6", "A, MX",
		"NXDOMAIN", { .mode = "exact-type", .target = NOTHING }, NULL },
	{ "a target that is missing is NXDOMAIN after A (powerdns)",
		"powerdns-recursor-4.8", "A, MX", "NXDOMAIN",
		{ .mode = "exact-type", .target = NOTHING }, NULL },

	{ "the MX expires first: bind turns to target", "bind-9.18",
		"MX, A, wait 3, MX", "own, target",
		{ .mode = "exact-type", .mx_ttl = "2" }, NULL },
	{ "the MX expires first: unbound without minimisation turns to target",
		"unbound-noqmin", "MX, A, wait 3, MX", "own, target",
		{ .mode = "exact-type", .mx_ttl = "2" }, NULL },
	{ "the MX expires first: powerdns turns to target", "powerdns-recursor-4.8",
		"MX, A, wait 3, MX", "own, target",
		{ .mode = "exact-type", .mx_ttl = "2" }, NULL },
	{ "the MX expires first: knot turns to target once its floor is over",
		"knot-resolver-5.6", "MX, A, wait 6, MX", "own, target",
		{ .mode = "exact-type", .mx_ttl = "2" }, NULL },
	{ "the CNAME expires first: bind turns to own", "bind-9.18", "A, wait 3, MX",
		"own", { .mode = "exact-type", .cname_ttl = "2" }, NULL },
	{ "the CNAME expires first: powerdns turns to own", "powerdns-recursor-4.8",
		"A, wait 3, MX", "own", { .mode = "exact-type", .cname_ttl = "2" },
		NULL },
	{ "the CNAME expires first: unbound without minimisation turns to own",
		"unbound-noqmin", "A, wait 3, MX", "own",
		{ .mode = "exact-type", .cname_ttl = "2" }, NULL },
	{ "the CNAME expires first: knot stays on target for 5 seconds",
		"knot-resolver-5.6", "A, wait 3, MX", "target",
		{ .mode = "exact-type", .cname_ttl = "2" }, NULL },
	{ "the CNAME expires first: knot turns to own after 5 seconds",
		"knot-resolver-5.6", "A, wait 5, MX", "own",
		{ .mode = "exact-type", .cname_ttl = "2" }, NULL },
	{ "the CNAME expires first: dnsmasq is own anyway", "dnsmasq-2.90",
		"A, wait 3, MX", "own", { .mode = "exact-type", .cname_ttl = "2" },
		NULL },
};

int main(void)
{
	add_table();
	TESTS_ADD_ROWS(rows, test_order);
	return tests_run("resolver-orders");
}
