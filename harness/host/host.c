#include "host/host.h"

#include <string.h>

#include "base/lookup.h"
#include "dns/idn.h"

const struct host *hosts_at(const struct hosts *hosts, const struct ip *ip)
{
	for (unsigned i = 0; i < hosts->n; i++) {
		const struct host *h = &hosts->list[i];

		for (unsigned k = 0; k < h->n_at; k++) {
			if (ip_equal(&h->at[k], ip))
				return h;
		}
	}
	return NULL;
}

static bool is_listed(const char *const *list, unsigned n, const char *text)
{
	for (unsigned i = 0; i < n; i++) {
		if (strcasecmp(list[i], text) == 0)
			return true;
	}
	return false;
}

bool host_serves(const struct http_host *h, const char *name)
{
	return h->n_serves == 0 || is_listed(h->serves, h->n_serves, name);
}

/* ---- SMTP ---- */

/* Replies to RCPT that a scenario can order by number: what large hosts say with it.
 * Enhanced codes: RFC 3463 3. */
static const struct rcpt_reply {
	int code;
	const char *status, *text;
} rcpt_replies[] = {
	{ 421, "4.3.2", "service not available, closing channel" },
	{ 450, "4.2.0", "mailbox temporarily unavailable" }, /* greylisting */
	{ 451, "4.3.0", "local error in processing" },
	{ 452, "4.2.2", "mailbox full" },
	{ 550, "5.1.1", "no such user here" },
	{ 551, "5.1.6", "user has moved" },
	{ 552, "5.2.2", "mailbox full" },
	{ 553, "5.1.3", "mailbox name not allowed" },
	{ 554, "5.7.1", "transaction failed" },
};

static void reply(struct host_smtp_reply *ret, int stage, int code, const char *status,
	const char *text)
{
	*ret = (struct host_smtp_reply){
		.code = code,
		.status = status,
		.text = text,
	};
	ret->stage = stage;
}

static void accept_it(struct host_smtp_reply *ret)
{
	reply(ret, HOST_TOOK_IT, 250, "2.0.0", "accepted");
}

static void refuse(
	struct host_smtp_reply *ret, int code, const char *status, const char *text)
{
	reply(ret, HOST_RCPT_REFUSED, code, status, text);
}

static void reply_by_code(int code, struct host_smtp_reply *ret)
{
	for (size_t i = 0; i < ARRAY_LEN(rcpt_replies); i++) {
		const struct rcpt_reply *r = &rcpt_replies[i];

		if (r->code == code) {
			refuse(ret, code, r->status, r->text);
			return;
		}
	}
	if (code < 400)
		accept_it(ret);
	else if (code < 500)
		refuse(ret, code, "4.0.0", "try again later");
	else
		refuse(ret, code, "5.0.0", "refused");
}

/* The domain stands after the last "@": a quoted local part may hold others (RFC 5321
 * 4.1.2), a domain none. NULL when there is none, or nothing on one of its sides. */
static const char *domain_of(const char *rcpt)
{
	const char *at = strrchr(rcpt, '@');

	return at == NULL || at == rcpt || at[1] == '\0' ? NULL : at + 1;
}

/* U-label and A-label are one domain (RFC 5891 4), whichever the client offers (RFC
 * 6531 3.2) and whichever the list has. */
static bool takes_domain(struct arena *a, const struct smtp_host *h, const char *domain)
{
	const char *ascii = idn_to_ascii(a, domain);

	if (is_listed(h->accepts, h->n_accepts, domain))
		return true;
	for (unsigned i = 0; ascii != NULL && i < h->n_accepts; i++) {
		const char *listed = idn_to_ascii(a, h->accepts[i]);

		if (listed != NULL && strcasecmp(listed, ascii) == 0)
			return true;
	}
	return false;
}

/* Local parts are compared without case, too: RFC 5321 2.4 lets the host decide, and
 * the hosts people run ignore it (Postfix, Exim and Dovecot by default). */
static void reply_by_lists(struct arena *a, const struct smtp_host *h, const char *rcpt,
	struct host_smtp_reply *ret)
{
	const char *domain = domain_of(rcpt);
	bool any_domain = h->accepts_all || (h->n_accepts == 0 && h->n_recipients > 0);

	if (domain == NULL)
		refuse(ret, 501, "5.1.3", "bad recipient address syntax");
	else if (!any_domain && !takes_domain(a, h, domain))
		refuse(ret, 550, "5.7.1", "relaying denied");
	else if (h->n_recipients > 0 &&
		 !is_listed(h->recipients, h->n_recipients, rcpt))
		refuse(ret, 550, "5.1.1", "no such user here");
	else
		accept_it(ret);
}

static void reply_timed_out(struct host_smtp_reply *ret)
{
	reply(ret, HOST_NO_CONNECTION, 0, NULL, "connection timed out");
	ret->timed_out = true;
}

void host_smtp_one(struct arena *a, const struct host *h, const char *rcpt,
	struct host_smtp_reply *ret)
{
	if (h->smtp.behaviour == HOST_SMTP_SILENT) {
		reply_timed_out(ret);
	} else if (h->smtp.behaviour == HOST_SMTP_NONE) {
		reply(ret, HOST_NO_CONNECTION, 0, NULL, "connection refused");
	} else if (h->smtp.greeting >= 400) {
		/* RFC 5321 3.1: 554 "no SMTP service here", 421 "closing". */
		reply(ret, HOST_GREETED_AWAY, h->smtp.greeting, NULL,
			h->smtp.greeting < 500 ? "service not available"
					       : "no SMTP service here");
	} else if (h->smtp.rcpt != 0) {
		reply_by_code(h->smtp.rcpt, ret);
	} else {
		reply_by_lists(a, &h->smtp, rcpt, ret);
	}
}

void host_smtp(struct arena *a, const struct hosts *hosts, const struct ip *ip,
	const char *rcpt, struct host_smtp_reply *ret)
{
	const struct host *h = hosts_at(hosts, ip);

	if (h == NULL)
		reply_timed_out(ret);
	else
		host_smtp_one(a, h, rcpt, ret);
}
