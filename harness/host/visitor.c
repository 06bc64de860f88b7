#include "host/visitor.h"

#include <string.h>
#include <strings.h>

#include "base/arena.h"
#include "dns/idn.h"

enum visitor_state {
	ASK_AAAA, /* of the name in the address bar */
	ASK_A,	  /* then this; both are always asked, as getaddrinfo does */
	FETCH,	  /* the page from the address that is next */
	DONE,	  /* the result stands */
};

struct visitor {
	struct arena *arena;
	struct trace *trace;
	enum visitor_state state;
	const struct name *name; /* the name in the address bar, as asked */
	/* Addresses in the order they are tried: IPv6, asked for first, then IPv4. */
	struct ip ips[VISITOR_ADDRESSES_MAX];
	unsigned n_ips, next_ip;
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

/* Begins at a name: the first, or one that a redirect leads to. */
static void go_to(struct visitor *v, const char *url_host)
{
	const char *ascii = idn_to_ascii(v->arena, url_host);
	const char *why = "it has letters that no domain name can have";

	v->visit.url_host = ascii == NULL ? url_host : ascii;
	v->n_ips = v->next_ip = 0;
	v->why_none = NO_ADDRESS;
	if (ascii != NULL && is_literal(ascii, &v->ips[0])) {
		v->n_ips = 1;
		v->state = FETCH;
		return;
	}
	v->name = ascii == NULL ? NULL : name_from_text(v->arena, ascii, NULL, &why);
	if (v->name == NULL)
		fail(v, arena_printf(
				v->arena, "%s is no host name: %s", url_host, why));
	else
		v->state = ASK_AAAA;
}

/* The host of an http URL (RFC 3986 3.2), or NULL. Its port is not looked at: the
 * world's web hosts have one. */
static const char *host_of(struct arena *a, const char *url)
{
	static const char scheme[] = "http://";
	const char *host = url + sizeof(scheme) - 1, *at;
	size_t n;

	if (strncasecmp(url, scheme, sizeof(scheme) - 1) != 0)
		return NULL;
	n = strcspn(host, "/?#");
	at = memrchr(host, '@', n);
	if (at != NULL) {
		n -= (size_t)(at + 1 - host);
		host = at + 1;
	}
	if (host[0] != '[')
		n = memchr(host, ':', n) == NULL ? n : strcspn(host, ":");
	else
		n = memchr(host, ']', n) == NULL ? 0 : strcspn(host, "]") + 1;
	return n == 0 ? NULL : arena_strndup(a, host, n);
}

/* Fetch standard, HTTP-redirect fetch: with 20 behind it, the next one is an error. */
static void follow_redirect(struct visitor *v, const struct visitor_reply *r)
{
	const char *host = host_of(v->arena, r->location);

	if (host == NULL) {
		fail(v, arena_printf(v->arena, "%s redirects to %s, which is no site",
				v->visit.url_host, r->location));
		return;
	}
	if (v->visit.redirects == VISITOR_REDIRECTS_MAX) {
		fail(v, "too many redirects");
		return;
	}
	v->visit.redirects++;
	trace_add(v->trace, v->now_us, "visitor", "%s redirects to %s", r->host, host);
	go_to(v, host);
}

static void show_page(struct visitor *v, const struct visitor_reply *r)
{
	v->visit.reached = true;
	v->visit.ip = v->ips[v->next_ip];
	v->visit.host = r->host;
	v->state = DONE;
	trace_add(v->trace, v->now_us, "visitor", "%s serves %s", r->host,
		v->visit.url_host);
}

/* RFC 9110 15.4: those whose Location is followed by itself. */
static bool is_redirect(const struct visitor_reply *r)
{
	return r->location != NULL &&
	       (r->status == 301 || r->status == 302 || r->status == 303 ||
		       r->status == 307 || r->status == 308);
}

static void try_next(struct visitor *v)
{
	char text[IP_TEXT_MAX];

	trace_add(v->trace, v->now_us, "RFC 8305 5", "nothing listens at %s port 80",
		ip_to_text(&v->ips[v->next_ip], text));
	if (++v->next_ip == v->n_ips)
		fail(v, arena_printf(v->arena, "nothing listens on port 80 of %s",
				v->visit.url_host));
}

/* Who listens serves the page, sends the visitor on, or knows no such site: no other
 * address is tried then. */
void visitor_reply(struct visitor *v, const struct visitor_reply *reply)
{
	struct visitor_reply r = *reply;

	if (v->state != FETCH)
		return;
	if (r.host == NULL)
		r.host = "somebody";
	if (!r.connected)
		try_next(v);
	else if (is_redirect(&r))
		follow_redirect(v, &r);
	else if (r.status >= 200 && r.status < 300)
		show_page(v, &r);
	else if (r.status == 404)
		fail(v, arena_printf(v->arena, "%s has no site for %s", r.host,
				v->visit.url_host));
	else
		fail(v, arena_printf(v->arena, "%s answers %s with %d", r.host,
				v->visit.url_host, r.status));
}

void visitor_meet(struct arena *a, const struct hosts *hosts,
	const struct visitor_page *page, struct visitor_reply *ret)
{
	const struct host *h = hosts_at(hosts, &page->ip);

	*ret = (struct visitor_reply){ .connected = h != NULL && h->http.listens };
	if (!ret->connected)
		return;
	ret->host = h->name;
	ret->status = 404;
	if (!host_serves(&h->http, page->host))
		return;
	ret->status = 200;
	if (h->http.redirect == NULL)
		return;
	ret->status = 301;
	ret->location = arena_printf(a, "http://%s/", h->http.redirect);
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

struct visitor *visitor_new(struct arena *a, const char *url_host, struct trace *trace)
{
	struct visitor *v = arena_alloc(a, sizeof(*v));

	v->arena = a;
	v->trace = trace;
	go_to(v, url_host);
	return v;
}

static uint16_t type_wanted(const struct visitor *v)
{
	return v->state == ASK_AAAA ? TYPE_AAAA : TYPE_A;
}

enum visitor_want visitor_want(
	const struct visitor *v, struct question *ret_q, struct visitor_page *ret_page)
{
	switch (v->state) {
	case ASK_AAAA:
	case ASK_A:
		*ret_q = (struct question){
			.name = v->name, .type = type_wanted(v), .class = CLASS_IN
		};
		return VISITOR_ASK;
	case FETCH:
		*ret_page =
			(struct visitor_page){ v->ips[v->next_ip], v->visit.url_host };
		return VISITOR_FETCH;
	case DONE:
		break;
	}
	return VISITOR_DONE;
}

void visitor_answer(struct visitor *v, const struct msg *answer, uint64_t now_us)
{
	uint16_t type = type_wanted(v);

	if (v->state != ASK_AAAA && v->state != ASK_A)
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
		v->state = FETCH;
}

const struct visit *visitor_result(const struct visitor *v)
{
	return &v->visit;
}
