#include "run/lab-mta.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sysexits.h>
#include <time.h>

#include "base/arena.h"
#include "base/str.h"
#include "base/trace.h"
#include "dns/idn.h"
#include "lab/program.h"
#include "run/mail.h"
#include "scenario/scenario.h"

/* How long nothing needs to be heard before the program is asked how it stands: grows
 * from the first to the second while nothing moves. */
#define POLL_FIRST_US UINT64_C(50000)
#define POLL_LAST_US UINT64_C(400000)

/* After a host has taken the message: the session's end, and what else is asked. */
#define SETTLE_US UINT64_C(200000)

/* Events of `outcome` that are read; a program that says more is talking too much. */
#define EVENTS_MAX 1000

/* Lines of its log that a trace has room for. */
#define TRANSCRIPT_LINES_MAX 5000

/* A status from which on it is the shell that says it: what it was to run is not there,
 * or was killed (POSIX, Shell Command Language 2.8.2). */
#define SHELL_STATUS 126

struct sending {
	struct lab_mta *mta;
	struct arena *arena; /* of the drive */
	const struct scenario *scenario;
	const char *address;
	struct box *box;
	struct lab_log log;
	/* What the program says last; kind NULL: nothing yet. */
	struct {
		const char *kind, *status, *text;
	} event;
	uint64_t began_us;
};

static uint64_t clock_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

static const struct lab_limits *limits(const struct sending *m)
{
	return &m->mta->site->options.limits;
}

/* ---- the box ---- */

static const char *words(struct arena *a, const char *const *list, unsigned n)
{
	struct str s = STR_INIT;
	const char *ret;

	for (unsigned i = 0; i < n; i++)
		str_printf(&s, "%s%s", i > 0 ? " " : "", list[i]);
	ret = arena_strdup(a, s.data);
	str_clear(&s);
	return ret;
}

static const char *hosts_file(const struct sending *m)
{
	const struct scenario *s = m->scenario;
	struct str text = STR_INIT;
	char ip[IP_TEXT_MAX];
	const char *ret;

	str_puts(&text, "127.0.0.1 localhost\n::1 localhost ip6-localhost\n");
	for (unsigned i = 0; i < s->n_self_ips && s->n_self_names > 0; i++)
		str_printf(&text, "%s %s\n", ip_to_text(&s->self_ips[i], ip),
			s->self_names[0]);
	ret = arena_strdup(m->arena, text.data);
	str_clear(&text);
	return ret;
}

/* Without a search list of the scenario a resolver library takes the host's domain for
 * one (resolv.conf(5)); what it asks there the front answers, and nobody counts. */
static const char *resolv_conf(const struct sending *m)
{
	const struct scenario *s = m->scenario;
	struct str text = STR_INIT;
	char name[NAME_TEXT_MAX];
	const char *ret;

	str_puts(&text, "nameserver " LAB_FRONT "\noptions timeout:3 attempts:2\n");
	for (unsigned i = 0; i < s->n_search; i++)
		str_printf(&text, "%s %s", i == 0 ? "search" : "",
			name_to_text(s->search[i], name));
	str_puts(&text, s->n_search == 0 ? "" : "\n");
	ret = arena_strdup(m->arena, text.data);
	str_clear(&text);
	return ret;
}

static const char *hostname_of(const struct scenario *s)
{
	return s->n_self_names > 0 ? s->self_names[0] : "localhost";
}

/* NULL, or why there is none. */
static const char *open_box(struct sending *m)
{
	const struct program *p = m->mta->program;
	const struct scenario *s = m->scenario;
	const char *self = words(m->arena, s->self_names, s->n_self_names);
	const struct box_file files[] = {
		{ "/lab/driver.sh",
			arena_printf(m->arena, "%s\n%s", driver_common, p->driver), 0 },
		{ "/etc/resolv.conf", resolv_conf(m), 0 },
		{ "/etc/hosts", hosts_file(m), 0 },
		{ "/etc/hostname", arena_printf(m->arena, "%s\n", hostname_of(s)), 0 },
	};
	const char *env[] = {
		arena_printf(m->arena, "LAB_HOSTNAME=%s", hostname_of(s)),
		arena_printf(m->arena, "LAB_SELF=%s", self),
		arena_printf(m->arena, "LAB_SENDER=%s", s->sender),
		s->no_ipv4 ? "LAB_IPV4=no" : "LAB_IPV4=yes",
		s->no_ipv6 ? "LAB_IPV6=no" : "LAB_IPV6=yes",
		p->settings,
	};
	const struct box_options o = {
		.root = m->mta->root,
		.netns = m->mta->site->netns,
		.side = NETNS_CLIENT,
		.hostname = hostname_of(s),
		.files = files,
		.n_files = sizeof(files) / sizeof(files[0]),
		.env = env,
		.n_env = p->settings != NULL ? 6 : 5,
	};
	char why[BOX_WHY_MAX];

	m->box = box_new(&o, why);
	return m->box == NULL
		       ? arena_printf(m->arena, "no box for %s: %s", p->name, why)
		       : NULL;
}

static void drive(struct sending *m, const char *const *args, const char *input,
	uint64_t limit_us, struct box_result *ret)
{
	box_run(m->box, ". /lab/driver.sh; \"$@\"", args, input, limit_us, ret);
}

static const char *why_not(struct sending *m, const char *what, struct box_result *r)
{
	return arena_printf(m->arena, "%s: %s: %s", m->mta->program->name, what,
		lab_words(m->arena, r));
}

static const char *start(struct sending *m)
{
	const char *args[] = { "start", NULL };
	struct box_result r;

	drive(m, args, NULL, limits(m)->start_us, &r);
	return r.status == 0 ? NULL : why_not(m, "start", &r);
}

/* The hosts of the world at the client's own addresses, where it left the port free. */
static const char *open_own(struct sending *m)
{
	char why[LAB_WHY_MAX];

	if (lab_world_open_own(m->mta->site->world, why) == 0)
		return NULL;
	return arena_printf(m->arena, "no host at the client's own address: %s", why);
}

/* ---- the message ---- */

static const char *message(const struct sending *m)
{
	return arena_printf(m->arena,
		"From: <%s>\nTo: <%s>\nSubject: a message of the lab\n"
		"Date: Mon, 02 Nov 2026 12:00:00 +0000\n"
		"Message-ID: <lab.%s@%s>\n\nOne line.\n",
		m->scenario->sender, m->address, m->scenario->id,
		hostname_of(m->scenario));
}

static void say_unknown(struct sending *m, const char *what, struct box_result *r)
{
	m->event.kind = "unknown";
	m->event.text = why_not(m, what, r);
}

/* ---- what became of it ---- */

/* Cuts the line at the next tab. */
static char *field(char **rest)
{
	char *at = *rest, *tab = strchr(at, '\t');

	if (tab != NULL)
		*tab++ = '\0';
	*rest = tab != NULL ? tab : at + strlen(at);
	return at;
}

static void read_event(struct sending *m, char *line)
{
	char *kind = field(&line), *status = field(&line);

	if (strcmp(kind, "sent") != 0 && strcmp(kind, "deferred") != 0 &&
		strcmp(kind, "bounced") != 0)
		return;
	m->event.kind = arena_strdup(m->arena, kind);
	m->event.status = strcmp(status, "-") == 0 || *status == '\0'
				  ? NULL
				  : arena_strdup(m->arena, status);
	m->event.text = arena_strdup(m->arena, line);
}

static void ask_program(struct sending *m)
{
	const char *args[] = { "outcome", NULL };
	struct box_result r;
	char *line, *rest;

	drive(m, args, NULL, limits(m)->command_us, &r);
	if (r.status < 0 || r.status >= SHELL_STATUS || r.cut) {
		say_unknown(m, "outcome", &r);
		return;
	}
	rest = r.output;
	for (unsigned i = 0; i < EVENTS_MAX; i++) {
		line = strsep(&rest, "\n");
		if (line == NULL)
			return;
		read_event(m, line);
	}
}

/* Not taken: that is its end. With the program's own words and status, if it has any
 * besides. */
static void refused(struct sending *m, struct box_result *r)
{
	const char *words = lab_words(m->arena, r);

	ask_program(m);
	if (m->event.kind == NULL || strcmp(m->event.kind, "unknown") == 0) {
		m->event.kind = "bounced";
		m->event.status = NULL;
		m->event.text = words;
	}
	if (r->status == EX_TEMPFAIL)
		m->event.kind = "deferred";
}

static void submit(struct sending *m)
{
	const char *args[] = { "submit", m->scenario->sender, m->address, NULL };
	struct box_result r;

	drive(m, args, message(m), limits(m)->command_us, &r);
	if (r.status < 0 || r.status >= SHELL_STATUS)
		say_unknown(m, "submit", &r);
	else if (r.status > 0)
		refused(m, &r);
}

/* The mail host that took the message, or NULL. */
static const struct lab_mail *taken(const struct lab_log *log)
{
	for (size_t i = 0; i < log->n_mails; i++) {
		if (!log->mails[i].notification && log->mails[i].end == SINK_TAKEN)
			return &log->mails[i];
	}
	return NULL;
}

static const struct sink_rcpt *last_rcpt(const struct lab_mail *mail)
{
	return mail == NULL || mail->n_rcpts == 0 ? NULL
						  : &mail->rcpts[mail->n_rcpts - 1];
}

static bool is_over(const struct sending *m)
{
	return m->event.kind != NULL;
}

/* Until somebody knows, or time is up. */
static void await(struct sending *m)
{
	struct lab_world *w = m->mta->site->world;
	uint64_t pause = POLL_FIRST_US, moves = 0, now;

	while (!is_over(m)) {
		struct lab_news news;

		now = lab_world_wait(w, moves, pause);
		news = lab_world_news(w);
		if (news.taken) {
			lab_world_wait(w, news.moves, SETTLE_US);
			break;
		}
		if (news.cut || clock_us() - m->began_us > limits(m)->case_us)
			break;
		pause = now != moves	       ? POLL_FIRST_US
			: pause < POLL_LAST_US ? pause * 2
					       : POLL_LAST_US;
		moves = now;
		if (pause > POLL_FIRST_US)
			ask_program(m);
	}
	lab_world_log(w, m->arena, &m->log);
}

/* ---- in the words of an emulated client ---- */

static void tell_questions(const struct sending *m, struct mail *ret)
{
	struct asked *list = arena_array(m->arena, m->log.n_questions, sizeof(*list));

	for (size_t i = 0; i < m->log.n_questions; i++) {
		const struct lab_question *q = &m->log.questions[i];

		if (!q->again && !q->ours)
			list[ret->n_asked++] = (struct asked){ .t_us = q->t_us,
				.question = q->question,
				.answer = q->answer };
	}
	ret->asked = list;
}

/* The value of a header field, unfolded no further than its first line, or NULL. */
static const char *header(struct arena *a, const char *headers, const char *name)
{
	size_t n = strlen(name);

	for (const char *line = headers; *line != '\0'; line++) {
		size_t len = strcspn(line, "\n");

		if (strncasecmp(line, name, n) == 0 && line[n] == ':')
			return arena_strndup(a, line + n + 1, len - n - 1);
		line += len;
		if (*line == '\0')
			break;
	}
	return NULL;
}

/* The address of a header field: between angle brackets, or its last word. */
static const char *address_in(struct arena *a, const char *value)
{
	const char *from = strchr(value, '<');
	size_t n;

	if (from != NULL) {
		n = strcspn(++from, ">");
		return arena_strndup(a, from, n);
	}
	value += strspn(value, " \t");
	n = strcspn(value, " \t\r,(");
	return arena_strndup(a, value, n);
}

/* With other letters, or the domain in its other form (RFC 5890), it is the same. */
static bool same_address(struct arena *a, const char *x, const char *y)
{
	const char *x_at = strrchr(x, '@'), *y_at = strrchr(y, '@');

	if (strcasecmp(x, y) == 0)
		return true;
	if (x_at == NULL || y_at == NULL || x_at - x != y_at - y ||
		strncmp(x, y, (size_t)(x_at - x)) != 0)
		return false;
	x_at = idn_to_ascii(a, x_at + 1);
	y_at = idn_to_ascii(a, y_at + 1);
	return x_at != NULL && y_at != NULL && strcasecmp(x_at, y_at) == 0;
}

static void tell_rewrites(
	const struct sending *m, const struct lab_mail *offer, struct mta_result *r)
{
	struct mta_rewrite *list = arena_array(m->arena, 3, sizeof(*list));
	const char *to;

	if (!same_address(m->arena, r->rcpt, m->address))
		list[r->n_rewrites++] =
			(struct mta_rewrite){ "rcpt", m->address, r->rcpt };
	if (offer != NULL && offer->headers != NULL &&
		(to = header(m->arena, offer->headers, "To")) != NULL) {
		to = address_in(m->arena, to);
		if (!same_address(m->arena, to, m->address))
			list[r->n_rewrites++] =
				(struct mta_rewrite){ "headers", m->address, to };
	}
	if (!same_address(m->arena, r->mail_from, m->scenario->sender))
		list[r->n_rewrites++] = (struct mta_rewrite){ "mail_from",
			m->scenario->sender, r->mail_from };
	r->rewrites = list;
}

static void tell_taken(
	const struct sending *m, const struct lab_mail *mail, struct mta_result *r)
{
	r->end = MTA_DELIVERED;
	r->status = "2.0.0";
	r->host = mail->host;
	r->ip = mail->at;
	r->route.disposition = DISPOSITION_DELIVER;
	(void)m;
}

/* RFC 5321 4.2.1: a 5yz reply to RCPT is the host's last word. */
static bool is_refused(const struct sink_rcpt *rcpt)
{
	return rcpt != NULL && rcpt->code >= 500;
}

static void tell_failed(
	const struct sending *m, const struct lab_mail *offer, struct mta_result *r)
{
	bool bounced = strcmp(m->event.kind, "bounced") == 0;

	r->status = m->event.status;
	r->reason = m->event.text;
	r->end = bounced ? MTA_BOUNCED : MTA_DEFERRED;
	r->route.disposition = m->log.n_met > 0 ? DISPOSITION_DELIVER
			       : bounced	? DISPOSITION_BOUNCE
						: DISPOSITION_DEFER;
	if (!bounced || !is_refused(last_rcpt(offer)))
		return;
	r->end = MTA_REJECTED;
	r->host = offer->host;
	r->ip = offer->at;
	if (r->status == NULL)
		r->status = last_rcpt(offer)->status;
}

static void tell_end(struct sending *m, struct mail *ret)
{
	struct mta_result *r = arena_alloc(m->arena, sizeof(*r));
	const struct lab_mail *mail = taken(&m->log);
	const struct lab_mail *offer = mail != NULL ? mail : m->log.offer;
	const struct sink_rcpt *rcpt = last_rcpt(offer);

	/* In another form of the same address it is the one that was given. */
	r->rcpt = rcpt != NULL && !same_address(m->arena, rcpt->address, m->address)
			  ? rcpt->address
			  : m->address;
	r->mail_from = offer != NULL && offer->from != NULL ? offer->from
							    : m->scenario->sender;
	r->attempts = m->log.n_met;
	if (m->log.cut)
		ret->untold = "it asked or sent more than is written down";
	else if (mail != NULL)
		tell_taken(m, mail, r);
	else if (m->event.kind == NULL)
		ret->untold = "nothing was heard of it any more";
	else if (strcmp(m->event.kind, "unknown") == 0)
		ret->untold = m->event.text;
	else if (strcmp(m->event.kind, "sent") == 0)
		ret->untold = "it says that it was sent, and no host has it";
	else
		tell_failed(m, offer, r);
	if (ret->untold != NULL) {
		r->end = MTA_DEFERRED;
		r->reason = ret->untold;
		r->route.disposition = DISPOSITION_DEFER;
	}
	tell_rewrites(m, offer, r);
	/* What was offered to nobody was not seen. */
	if (offer == NULL)
		r->rcpt = r->mail_from = NULL;
	ret->result = r;
}

/* Its own log, as decisions: they are what it says it did. */
static void tell_transcript(struct sending *m, struct trace *trace)
{
	const char *args[] = { "transcript", NULL };
	struct box_result r;
	char *line, *rest;

	if (trace == NULL)
		return;
	drive(m, args, NULL, limits(m)->command_us, &r);
	if (r.status < 0)
		return;
	rest = r.output;
	for (unsigned i = 0; i < TRANSCRIPT_LINES_MAX; i++) {
		line = strsep(&rest, "\n");
		if (line == NULL)
			return;
		if (*line != '\0')
			trace_add(trace, 0, RECORD_RULE_LOG, "%s", line);
	}
}

/* ---- one message ---- */

static const char *send_one(void *ctx, struct drive *d, const char *address,
	struct trace *trace, struct mail *ret)
{
	struct lab_mta *mta = ctx;
	struct sending m = {
		.mta = mta,
		.arena = d->arena,
		.scenario = d->world->scenario,
		.address = address,
	};
	const char *why;

	*ret = (struct mail){ .observed = true };
	if (mta->site->failure != NULL)
		return mta->site->failure;
	lab_world_forget(mta->site->world);
	why = open_box(&m);
	if (why == NULL)
		why = start(&m);
	if (why == NULL)
		why = open_own(&m);
	if (why == NULL) {
		m.began_us = clock_us();
		submit(&m);
		await(&m);
		tell_questions(&m, ret);
		tell_end(&m, ret);
		tell_transcript(&m, trace);
		/* A resolver that is gone is no failure of the client's. */
		if (lab_site_check(mta->site) != 0)
			why = mta->site->failure;
	}
	box_free(m.box);
	lab_world_close_own(mta->site->world);
	return why;
}

struct mail_sender lab_mta_sender(struct lab_mta *m)
{
	return (struct mail_sender){ send_one, m };
}
