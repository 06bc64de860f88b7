#include "host/visitor.h"

#include <string.h>

#include "base/arena.h"
#include "dns/idn.h"

enum visitor_state {
	ASK_AAAA, /* of the name in the address bar */
	ASK_A,	  /* then this; both are always asked, as getaddrinfo does */
	DONE,	  /* the result stands */
};

struct visitor {
	struct arena *arena;
	const struct hosts *hosts;
	struct trace *trace;
	enum visitor_state state;
	const struct name *name; /* the name in the address bar, as asked */
	/* Addresses in the order they are tried: IPv6, asked for first, then IPv4. */
	struct ip ips[VISITOR_ADDRESSES_MAX];
	unsigned n_ips;
	/* Why there are none: the worse answer of the two. */
	enum { NO_ADDRESS, NO_SUCH_NAME, NO_ANSWER } why_none;
	uint64_t now_us;
	struct visit visit;
};

static void fail(struct visitor *v, const char *reason)
{
	v->visit.reason = reason;
	v->state = DONE;
	trace_add(v->trace, v->now_us, "visitor", "gives up: %s", reason);
}

/* "192.0.2.1" and "[2001:db8::1]" (RFC 3986 3.2.2) need no look-up. */
static bool is_literal(const char *host, struct ip *ret)
{
	char text[IP_TEXT_MAX];
	size_t n = strlen(host);

	if (host[0] != '[')
		return ip_from_text(host, ret) == 0 && ret->family == 4;
	if (n < 3 || n - 2 >= sizeof(text) || host[n - 1] != ']')
		return false;
	memcpy(text, host + 1, n - 2);
	text[n - 2] = '\0';
	return ip_from_text(text, ret) == 0 && ret->family == 6;
}

static void connect_to_first(struct visitor *v);

/* Begins at a name: the first, or one that a redirect leads to. */
static void go_to(struct visitor *v, const char *url_host)
{
	const char *ascii = idn_to_ascii(v->arena, url_host);
	const char *why = "it has letters that no domain name can have";

	v->visit.url_host = ascii == NULL ? url_host : ascii;
	v->n_ips = 0;
	v->why_none = NO_ADDRESS;
	if (ascii != NULL && is_literal(ascii, &v->ips[0])) {
		v->n_ips = 1;
		connect_to_first(v);
		return;
	}
	v->name = ascii == NULL ? NULL : name_from_text(v->arena, ascii, NULL, &why);
	if (v->name == NULL)
		fail(v, arena_printf(
				v->arena, "%s is no host name: %s", url_host, why));
	else
		v->state = ASK_AAAA;
}

/* Fetch standard, HTTP-redirect fetch: with 20 behind it, the next one is an error. */
static void follow_redirect(struct visitor *v, const struct host *h)
{
	if (v->visit.redirects == VISITOR_REDIRECTS_MAX) {
		fail(v, "too many redirects");
		return;
	}
	v->visit.redirects++;
	trace_add(v->trace, v->now_us, "visitor", "%s redirects to %s", h->name,
		h->http.redirect);
	go_to(v, h->http.redirect);
}

/* The host listens: it serves the page, sends the visitor on, or knows no such site. */
static void ask_for_page(struct visitor *v, const struct host *h, const struct ip *ip)
{
	if (!host_serves(&h->http, v->visit.url_host)) {
		fail(v, arena_printf(v->arena, "%s has no site for %s", h->name,
				v->visit.url_host));
		return;
	}
	if (h->http.redirect != NULL) {
		follow_redirect(v, h);
		return;
	}
	v->visit.reached = true;
	v->visit.ip = *ip;
	v->visit.host = h->name;
	v->state = DONE;
	trace_add(v->trace, v->now_us, "visitor", "%s serves %s", h->name,
		v->visit.url_host);
}

static void connect_to_first(struct visitor *v)
{
	for (unsigned i = 0; i < v->n_ips; i++) {
		const struct host *h = hosts_at(v->hosts, &v->ips[i]);
		char text[IP_TEXT_MAX];

		if (h != NULL && h->http.listens) {
			ask_for_page(v, h, &v->ips[i]);
			return;
		}
		trace_add(v->trace, v->now_us, "RFC 8305 5",
			"nothing listens at %s port 80", ip_to_text(&v->ips[i], text));
	}
	fail(v, arena_printf(v->arena, "nothing listens on port 80 of %s",
			v->visit.url_host));
}

static const char *explain_no_address(const struct visitor *v)
{
	const char *name = v->visit.url_host;

	switch (v->why_none) {
	case NO_SUCH_NAME:
		return arena_printf(v->arena, "%s does not exist (NXDOMAIN)", name);
	case NO_ANSWER:
		return arena_printf(v->arena,
			"the look-up of %s failed (SERVFAIL or no answer)", name);
	default:
		return arena_printf(v->arena, "%s has no address", name);
	}
}

static void take_addresses(struct visitor *v, const struct msg *m, uint16_t type)
{
	const struct section *s = &m->section[ANSWER];

	for (unsigned i = 0; i < s->n && v->n_ips < VISITOR_ADDRESSES_MAX; i++) {
		if (s->rr[i].type == type)
			v->ips[v->n_ips++] = rr_ip(&s->rr[i]);
	}
}

struct visitor *visitor_new(struct arena *a, const struct hosts *hosts,
	const char *url_host, struct trace *trace)
{
	struct visitor *v = arena_alloc(a, sizeof(*v));

	v->arena = a;
	v->hosts = hosts;
	v->trace = trace;
	go_to(v, url_host);
	return v;
}

bool visitor_want(struct visitor *v, struct question *ret_q)
{
	if (v->state == DONE)
		return false;
	*ret_q = (struct question){
		.name = v->name,
		.type = v->state == ASK_AAAA ? TYPE_AAAA : TYPE_A,
		.class = CLASS_IN,
	};
	return true;
}

void visitor_answer(struct visitor *v, const struct msg *answer, uint64_t now_us)
{
	uint16_t type = v->state == ASK_AAAA ? TYPE_AAAA : TYPE_A;

	if (v->state == DONE)
		return;
	v->now_us = now_us;
	if (answer == NULL ||
		(answer->rcode != RCODE_NOERROR && answer->rcode != RCODE_NXDOMAIN))
		v->why_none = NO_ANSWER;
	else if (answer->rcode == RCODE_NXDOMAIN && v->why_none == NO_ADDRESS)
		v->why_none = NO_SUCH_NAME;
	else
		take_addresses(v, answer, type);
	if (v->state == ASK_AAAA)
		v->state = ASK_A;
	else if (v->n_ips == 0)
		fail(v, explain_no_address(v));
	else
		connect_to_first(v);
}

const struct visit *visitor_result(const struct visitor *v)
{
	return &v->visit;
}
