#include "host/sink.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/arena.h"
#include "base/bug.h"
#include "base/lookup.h"
#include "base/str.h"
#include "net/lines.h"

/* RFC 5321 4.5.3.1.4 and the extensions ask for less. Commands beyond it are refused;
 * one that does not end at all ends the session. */
#define COMMAND_MAX LINES_LINE_MAX
#define COMMAND_FLOOD (8 * COMMAND_MAX)

#define PATH_MAX_OCTETS 256   /* RFC 5321 4.5.3.1.3, its brackets included */
#define DOMAIN_MAX_OCTETS 255 /* RFC 5321 4.5.3.1.2 */

enum state {
	COMMANDS,   /* the usual one */
	AWAY,	    /* RFC 5321 3.1: after 554 only QUIT is heeded */
	DATA_LINES, /* the message is coming */
	OVER,	    /* nothing is heeded any more */
};

struct session {
	struct sink *sink;
	struct lines_conn *conn;
	struct arena *arena; /* of the transaction */
	enum state state;
	struct sink_message m;
	struct sink_rcpt rcpts[SINK_RCPTS_MAX];
	unsigned n_taken; /* of the rcpts */
	bool had_mail;
	char helo[DOMAIN_MAX_OCTETS + 1];
	size_t long_command; /* octets of a command that is too long */
	/* While the message is coming. */
	struct str headers, body;
	bool in_headers, goes_on, after_crlf;
};

struct sink {
	struct sink_options o;
	struct lines **ports;
};

static const char *const end_names[] = { "taken", "too large", "reset", "quit",
	"closed", "lost" };

const char *sink_end_name(enum sink_end end)
{
	return end_names[end];
}

/* ---- replies ---- */

/* RFC 2034: the enhanced code begins the text; the greeting and the replies to EHLO and
 * HELO have none. */
static void reply(struct session *s, int code, const char *status, const char *text)
{
	char line[512]; /* RFC 5321 4.5.3.1.5 */
	int n = snprintf(line, sizeof(line) - 2, "%d %s%s%s", code,
		status == NULL ? "" : status, status == NULL ? "" : " ", text);

	if (n > (int)sizeof(line) - 3)
		n = sizeof(line) - 3;
	memcpy(line + n, "\r\n", 2);
	lines_put(s->conn, line, (size_t)n + 2);
}

/* The same words as the emulated clients hear. */
static void host_says(struct session *s, const char *rcpt, struct host_smtp_reply *ret)
{
	host_smtp_one(s->arena, s->sink->o.host, rcpt, ret);
}

/* ---- transactions ---- */

static uint64_t now_us(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_REALTIME, &ts);
	return (uint64_t)ts.tv_sec * 1000000 + (uint64_t)ts.tv_nsec / 1000;
}

/* The message as it stands. */
static const struct sink_message *so_far(struct session *s)
{
	s->m.time_us = now_us();
	s->m.rcpts = s->rcpts;
	s->m.headers = s->headers.data;
	s->m.headers_len = s->headers.len;
	s->m.body = s->body.data;
	s->m.body_len = s->body.len;
	return &s->m;
}

static void record(struct session *s, enum sink_end end)
{
	const struct sink_options *o = &s->sink->o;

	s->m.end = end;
	o->record(o->ctx, so_far(s));
}

static void tell_offer(struct session *s)
{
	const struct sink_options *o = &s->sink->o;

	if (o->offered != NULL)
		o->offered(o->ctx, so_far(s));
}

/* The end of a transaction, if there is one (RFC 5321 4.1.4). */
static void end_transaction(struct session *s, enum sink_end end)
{
	if (s->m.from != NULL)
		record(s, end);
	s->m.from = NULL;
	s->m.smtputf8 = false;
	s->m.n_rcpts = s->n_taken = 0;
	s->m.octets = 0;
	str_reset(&s->headers);
	str_reset(&s->body);
	arena_reset(s->arena);
}

static void end_session(struct session *s, enum sink_end end)
{
	if (s->state == OVER)
		return;
	if (!s->had_mail)
		record(s, end);
	end_transaction(s, end);
	s->state = OVER;
	lines_end(s->conn);
}

/* ---- paths and parameters ---- */

/* The bracket that closes the path at p; a quoted string may hold others (RFC 5321
 * 4.1.2). NULL when there is none, or a blank or control character on the way. */
static char *end_of_path(char *p)
{
	bool quoted = false;

	for (; *p != '\0'; p++) {
		if ((unsigned char)*p < ' ' || *p == 0x7f || (*p == ' ' && !quoted))
			return NULL;
		if (*p == '>' && !quoted)
			return p;
		if (*p == '"')
			quoted = !quoted;
		else if (*p == '\\' && quoted && p[1] != '\0')
			p++;
	}
	return NULL;
}

/* RFC 5321 4.1.1.3: a source route is accepted and ignored. */
static char *skip_route(char *path)
{
	char *colon = path[0] == '@' ? strchr(path, ':') : NULL;

	return colon == NULL ? path : colon + 1;
}

/* "FROM:<path> parameters": NULL when it is not. */
static char *read_path(char *arg, const char *keyword, char **ret_parameters)
{
	size_t n = strlen(keyword);
	char *end;

	if (strncasecmp(arg, keyword, n) != 0 || arg[n] != '<')
		return NULL;
	end = end_of_path(arg + n + 1);
	if (end == NULL || (end[1] != '\0' && end[1] != ' '))
		return NULL;
	if (end + 1 - (arg + n) > PATH_MAX_OCTETS)
		return NULL;
	*end = '\0';
	*ret_parameters = end + 1;
	return skip_route(arg + n + 1);
}

static bool is_ascii(const char *text)
{
	while (*text != '\0' && (unsigned char)*text < 0x80)
		text++;
	return *text == '\0';
}

static bool is_utf8(const char *text)
{
	for (size_t n; *text != '\0'; text += n) {
		n = utf8_length((const unsigned char *)text);
		if (n == 0)
			return false;
	}
	return true;
}

/* RFC 6531 3.1, 3.5: such an address needs SMTPUTF8. */
static bool letters_are_allowed(struct session *s, const char *path, bool smtputf8)
{
	if (is_ascii(path))
		return true;
	if (!smtputf8)
		reply(s, 553, "5.6.7", "SMTPUTF8 is required");
	else if (!is_utf8(path))
		reply(s, 501, "5.5.4", "the address is not UTF-8");
	return smtputf8 && is_utf8(path);
}

static bool size_is_allowed(struct session *s, const char *value)
{
	size_t n = strspn(value, "0123456789");

	/* RFC 1870 3: up to 20 digits. */
	if (n == 0 || n > 20 || value[n] != '\0') {
		reply(s, 501, "5.5.4", "SIZE is a number");
		return false;
	}
	if (strtoull(value, NULL, 10) > SINK_MESSAGE_MAX) {
		reply(s, 552, "5.3.4", "message too large"); /* RFC 1870 6.1 */
		return false;
	}
	return true;
}

static bool mail_parameter_is_allowed(struct session *s, char *p, bool *ret_smtputf8)
{
	if (strncasecmp(p, "SIZE=", 5) == 0)
		return size_is_allowed(s, p + 5);
	if (strcasecmp(p, "BODY=7BIT") == 0 || strcasecmp(p, "BODY=8BITMIME") == 0)
		return true;
	if (strncasecmp(p, "BODY=", 5) == 0) {
		reply(s, 501, "5.5.4", "unknown BODY");
		return false;
	}
	if (strcasecmp(p, "SMTPUTF8") == 0) {
		*ret_smtputf8 = true;
		return true;
	}
	reply(s, 555, "5.5.4", "parameter not recognized"); /* RFC 5321 4.1.1.11 */
	return false;
}

/* A client that said HELO was offered no parameter. */
static bool mail_parameters_are_allowed(struct session *s, char *text, bool *smtputf8)
{
	char *rest = text;

	for (char *p; (p = strtok_r(rest, " ", &rest)) != NULL;) {
		if (!s->m.esmtp) {
			reply(s, 555, "5.5.4", "no parameters after HELO");
			return false;
		}
		if (!mail_parameter_is_allowed(s, p, smtputf8))
			return false;
	}
	return true;
}

/* ---- commands ---- */

static bool keep_helo(struct session *s, const char *arg)
{
	size_t n = strcspn(arg, " ");

	if (n == 0 || n > DOMAIN_MAX_OCTETS) {
		reply(s, 501, NULL, "say your name");
		return false;
	}
	/* RFC 5321 4.1.4: as RSET, when it is a later one. */
	end_transaction(s, SINK_RESET);
	memcpy(s->helo, arg, n);
	s->helo[n] = '\0';
	s->m.helo = s->helo;
	return true;
}

static void do_ehlo(struct session *s, char *arg)
{
	struct str text = STR_INIT;

	if (!keep_helo(s, arg))
		return;
	s->m.esmtp = true;
	str_printf(&text,
		"250-%s\r\n250-PIPELINING\r\n250-SIZE %u\r\n250-8BITMIME\r\n"
		"250-ENHANCEDSTATUSCODES\r\n250 SMTPUTF8\r\n",
		s->m.host, SINK_MESSAGE_MAX);
	lines_put(s->conn, text.data, text.len);
	str_clear(&text);
}

static void do_helo(struct session *s, char *arg)
{
	if (!keep_helo(s, arg))
		return;
	s->m.esmtp = false;
	reply(s, 250, NULL, s->m.host);
}

static void do_mail(struct session *s, char *arg)
{
	char *parameters, *path = read_path(arg, "FROM:", &parameters);
	bool smtputf8 = false;

	if (s->m.helo == NULL || s->m.from != NULL)
		reply(s, 503, "5.5.1",
			s->m.from == NULL ? "EHLO first" : "a MAIL was there already");
	else if (path == NULL)
		reply(s, 501, "5.5.4", "syntax: MAIL FROM:<address>");
	else if (path[0] != '\0' && strchr(path + 1, '@') == NULL)
		reply(s, 501, "5.1.7", "bad sender address syntax");
	else if (mail_parameters_are_allowed(s, parameters, &smtputf8) &&
		 letters_are_allowed(s, path, smtputf8)) {
		s->m.from = arena_strdup(s->arena, path);
		s->m.smtputf8 = smtputf8;
		s->had_mail = true;
		reply(s, 250, "2.1.0", "sender ok");
	}
}

/* RFC 5321 4.5.1: the one address without a domain that is always taken. */
static bool is_postmaster(const struct session *s, const char *path)
{
	return s->sink->o.host->smtp.rcpt == 0 && strcasecmp(path, "postmaster") == 0;
}

static void take_rcpt(struct session *s, const char *path)
{
	struct sink_rcpt *r = &s->rcpts[s->m.n_rcpts++];
	struct host_smtp_reply says = {
		.code = 250, .status = "2.1.5", .text = "accepted"
	};

	if (!is_postmaster(s, path))
		host_says(s, path, &says);
	*r = (struct sink_rcpt){ .address = arena_strdup(s->arena, path),
		.code = says.code,
		.status = says.status };
	s->n_taken += says.code < 400;
	tell_offer(s);
	reply(s, says.code, says.status, says.text);
	if (says.code == 421) /* RFC 5321 3.8 */
		end_session(s, SINK_CLOSED);
}

static void do_rcpt(struct session *s, char *arg)
{
	char *parameters, *path = read_path(arg, "TO:", &parameters);

	if (s->m.from == NULL)
		reply(s, 503, "5.5.1", "MAIL first");
	else if (path == NULL || path[0] == '\0')
		reply(s, 501, "5.5.4", "syntax: RCPT TO:<address>");
	else if (parameters[strspn(parameters, " ")] != '\0')
		reply(s, 555, "5.5.4", "parameter not recognized");
	else if (s->m.n_rcpts == SINK_RCPTS_MAX)
		reply(s, 452, "4.5.3", "too many recipients");
	else if (letters_are_allowed(s, path, s->m.smtputf8))
		take_rcpt(s, path);
}

static void do_data(struct session *s, char *arg)
{
	(void)arg;
	if (s->m.from == NULL || s->m.n_rcpts == 0) {
		reply(s, 503, "5.5.1", s->m.from == NULL ? "MAIL first" : "RCPT first");
		return;
	}
	if (s->n_taken == 0) { /* RFC 5321 3.3, for one that pipelines */
		reply(s, 554, "5.5.1", "no valid recipients");
		return;
	}
	s->state = DATA_LINES;
	s->in_headers = s->after_crlf = true;
	s->goes_on = false;
	reply(s, 354, NULL, "end with a line of one dot");
}

static void do_rset(struct session *s, char *arg)
{
	(void)arg;
	end_transaction(s, SINK_RESET);
	reply(s, 250, "2.0.0", "ok");
}

static void do_noop(struct session *s, char *arg)
{
	(void)arg;
	reply(s, 250, "2.0.0", "ok");
}

static void do_help(struct session *s, char *arg)
{
	(void)arg;
	reply(s, 214, "2.0.0", "see RFC 5321");
}

static void do_vrfy(struct session *s, char *arg)
{
	if (arg[0] == '\0')
		reply(s, 501, "5.5.4", "verify whom?");
	else
		reply(s, 252, "2.0.0", "cannot tell, send some mail");
}

static void do_quit(struct session *s, char *arg)
{
	(void)arg;
	reply(s, 221, "2.0.0", "bye");
	end_session(s, SINK_QUIT);
}

/* Known and not for us (RFC 5321 4.2.4). */
static void do_nothing(struct session *s, char *arg)
{
	(void)arg;
	reply(s, 502, "5.5.1", "not implemented");
}

static const struct command {
	const char *name;
	void (*run)(struct session *s, char *arg);
	bool alone; /* no argument is allowed */
} commands[] = {
	{ "EHLO", do_ehlo },
	{ "HELO", do_helo },
	{ "MAIL", do_mail },
	{ "RCPT", do_rcpt },
	{ "DATA", do_data, true },
	{ "RSET", do_rset, true },
	{ "NOOP", do_noop },
	{ "HELP", do_help },
	{ "VRFY", do_vrfy },
	{ "EXPN", do_nothing },
	{ "STARTTLS", do_nothing },
	{ "AUTH", do_nothing },
	{ "BDAT", do_nothing },
	{ "QUIT", do_quit, true },
};

static const struct command *find_command(const char *name)
{
	for (size_t i = 0; i < ARRAY_LEN(commands); i++) {
		if (strcasecmp(commands[i].name, name) == 0)
			return &commands[i];
	}
	return NULL;
}

static void run_command(struct session *s, char *line)
{
	size_t n = strcspn(line, " ");
	char *arg = line + n + (line[n] == ' ');
	const struct command *c;

	line[n] = '\0';
	c = find_command(line);
	/* Blanks at the end are tolerated: RFC 5321 4.1.1. */
	for (size_t k = strlen(arg); k > 0 && arg[k - 1] == ' '; k--)
		arg[k - 1] = '\0';
	if (s->state == AWAY && (c == NULL || c->run != do_quit))
		reply(s, 503, "5.5.1", "only QUIT is left");
	else if (c == NULL)
		reply(s, 500, "5.5.2", "unknown command");
	else if (c->alone && arg[0] != '\0')
		reply(s, 501, "5.5.4", "it takes no argument");
	else
		c->run(s, arg);
}

/* A command that is longer than any; answered when it ends, if it does. */
static void take_long_command(struct session *s, size_t len, enum line_end end)
{
	s->long_command += len;
	if (s->long_command > COMMAND_FLOOD) {
		reply(s, 421, "4.3.0", "line too long, closing channel");
		end_session(s, SINK_CLOSED);
	} else if (end != LINE_GOES_ON) {
		s->long_command = 0;
		reply(s, 500, "5.5.2", "line too long");
	}
}

/* RFC 5321 2.3.8: CR and LF stand together or not at all. A line that ends with LF
 * alone is taken all the same, as servers in use do. */
static void take_command(
	struct session *s, const char *text, size_t len, enum line_end end)
{
	char line[COMMAND_MAX + 1];

	if (s->long_command > 0 || end == LINE_GOES_ON) {
		take_long_command(s, len, end);
	} else if (memchr(text, '\0', len) != NULL || memchr(text, '\r', len) != NULL) {
		reply(s, 500, "5.5.2", "a character that no command has");
	} else {
		memcpy(line, text, len);
		line[len] = '\0';
		run_command(s, line);
	}
}

/* ---- the message ---- */

static void end_of_message(struct session *s)
{
	bool fits = s->m.octets <= SINK_MESSAGE_MAX;

	s->state = COMMANDS;
	end_transaction(s, fits ? SINK_TAKEN : SINK_TOO_LARGE);
	if (fits)
		reply(s, 250, "2.0.0", "taken");
	else
		reply(s, 552, "5.3.4", "message too large");
}

static void keep(
	struct str *in, size_t max, const char *text, size_t len, enum line_end end)
{
	size_t room = max - in->len;

	str_put(in, text, len < room ? len : room);
	if (end != LINE_GOES_ON && len < room)
		str_putc(in, '\n');
}

static void keep_line(
	struct session *s, const char *text, size_t len, enum line_end end)
{
	if (!s->in_headers)
		keep(&s->body, SINK_BODY_MAX, text, len, end);
	else if (!s->goes_on && len == 0 && end != LINE_GOES_ON)
		s->in_headers = false;
	else
		keep(&s->headers, SINK_HEADERS_MAX, text, len, end);
}

/* RFC 5321 4.5.2: a dot at the start of a line is taken away; alone it is the end. Only
 * CRLF begins and ends a line (RFC 5321 2.3.8, 4.1.1.4): a dot between bare LF is part
 * of the message. */
static void take_message(
	struct session *s, const char *text, size_t len, enum line_end end)
{
	static const size_t octets[] = { [LINE_LF] = 1, [LINE_CRLF] = 2 };
	bool dot = s->after_crlf && !s->goes_on && len > 0 && text[0] == '.';

	if (dot && len == 1 && end == LINE_CRLF) {
		end_of_message(s);
		return;
	}
	text += dot;
	len -= dot;
	s->m.octets += len + octets[end];
	keep_line(s, text, len, end);
	s->goes_on = end == LINE_GOES_ON;
	s->after_crlf = end == LINE_CRLF;
}

/* ---- sessions ---- */

/* RFC 5321 3.1, 4.3.1: 421 closes; after any other refusal the client shall QUIT. */
static void greet(struct session *s)
{
	struct host_smtp_reply says;

	host_says(s, "", &says);
	if (says.stage == HOST_GREETED_AWAY) {
		s->m.greeting = says.code;
		reply(s, says.code, NULL, says.text);
		s->state = AWAY;
		if (says.code == 421)
			end_session(s, SINK_CLOSED);
		return;
	}
	s->m.greeting = s->sink->o.host->smtp.greeting;
	if (s->m.greeting == 0)
		s->m.greeting = 220;
	reply(s, s->m.greeting, NULL, arena_printf(s->arena, "%s ESMTP", s->m.host));
}

static void *on_open(void *ctx, struct lines_conn *c)
{
	struct session *s = calloc(1, sizeof(*s));
	struct sink *sink = ctx;

	if (s == NULL)
		bug("no memory for a session");
	s->sink = sink;
	s->conn = c;
	s->arena = arena_new();
	s->headers = s->body = (struct str)STR_INIT;
	s->m.host = sink->o.host->name;
	lines_conn_peer(c, &s->m.peer);
	lines_conn_at(c, &s->m.at);
	if (sink->o.met != NULL)
		sink->o.met(sink->o.ctx);
	greet(s);
	return s;
}

static void on_line(void *state, const char *text, size_t len, enum line_end end)
{
	struct session *s = state;

	if (s->state == DATA_LINES)
		take_message(s, text, len, end);
	else if (s->state != OVER)
		take_command(s, text, len, end);
}

static void on_close(void *state)
{
	struct session *s = state;

	end_session(s, SINK_LOST);
	str_clear(&s->headers);
	str_clear(&s->body);
	arena_free(s->arena);
	free(s);
}

/* ---- the host ---- */

static struct lines *open_port(
	struct net_loop *l, struct sink *s, unsigned i, const char **ret_what)
{
	struct lines_options o = {
		.at = s->o.at[i],
		.drops = s->o.host->smtp.behaviour == HOST_SMTP_SILENT,
	};
	struct lines_handler h = { on_open, on_line, on_close, s };

	return lines_new(l, &o, &h, ret_what);
}

struct sink *sink_new(
	struct net_loop *l, const struct sink_options *o, const char **ret_what)
{
	struct sink *s = calloc(1, sizeof(*s));

	if (s == NULL)
		bug("no memory for a mail host");
	s->o = *o;
	s->ports = calloc(o->n_at + 1u, sizeof(struct lines *));
	if (s->ports == NULL)
		bug("no memory for a mail host");
	for (unsigned i = 0; i < o->n_at && o->host->smtp.behaviour != HOST_SMTP_NONE;
		i++) {
		s->ports[i] = open_port(l, s, i, ret_what);
		if (s->ports[i] == NULL) {
			sink_free(s);
			return NULL;
		}
	}
	return s;
}

/* Keeps errno, for sink_new(). */
void sink_free(struct sink *s)
{
	int saved = errno;

	if (s == NULL)
		return;
	for (unsigned i = 0; i < s->o.n_at; i++)
		lines_free(s->ports[i]);
	free(s->ports);
	free(s);
	errno = saved;
}

struct endpoint sink_at(const struct sink *s, unsigned i)
{
	return s->ports[i] == NULL ? (struct endpoint){ .port = 0 }
				   : lines_at(s->ports[i]);
}
