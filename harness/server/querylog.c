#include "server/querylog.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/bug.h"
#include "base/lookup.h"
#include "base/octets.h"
#include "base/str.h"
#include "dns/msg.h"
#include "dns/reader.h"

/* Enough that writing costs little, little enough that it is seen soon. */
#define WRITE_AT 32768

/* Kept while nothing can be written: seconds of a busy server. */
#define KEEP_MAX (4u << 20)

struct query_log {
	pthread_mutex_t lock;
	int fd;
	struct str lines;
	int error; /* of the last write; nothing is tried before the next flush */
	unsigned long lost;
};

/* ---- JSON ----
 *
 * Each function writes at `to` and returns the end of what it wrote. */

/* Of a line without the texts of unknown length: a name whose escapes are escaped, and
 * less than this of everything else. */
#define REST_MAX (2 * NAME_TEXT_MAX + 1024)

#define PUT(to, literal)                                                               \
	((char *)memcpy(to, literal, sizeof(literal) - 1) + sizeof(literal) - 1)

static char *put_text(char *to, const char *text)
{
	size_t n = strlen(text);

	return (char *)memcpy(to, text, n) + n;
}

static char *put_number(char *to, uint64_t n)
{
	char text[20], *p = text + sizeof(text);
	size_t len;

	do
		*--p = (char)('0' + n % 10);
	while ((n /= 10) > 0);
	len = (size_t)(text + sizeof(text) - p);
	return (char *)memcpy(to, p, len) + len;
}

static char *put_bool(char *to, bool is)
{
	return is ? PUT(to, "true") : PUT(to, "false");
}

/* The text is one of ours: nothing in it needs escaping. */
static char *put_word(char *to, const char *text)
{
	to = put_text(PUT(to, "\""), text);
	return PUT(to, "\"");
}

static char *put_ip4(char *to, const uint8_t ip[4])
{
	for (int i = 0; i < 4; i++) {
		to = put_number(to, ip[i]);
		*to++ = i < 3 ? '.' : ':';
	}
	return to;
}

static char *put_ip6(char *to, const struct ip *ip)
{
	char text[IP_TEXT_MAX];

	to = put_text(PUT(to, "["), ip_to_text(ip, text));
	return PUT(to, "]:");
}

static char *put_endpoint(char *to, const struct endpoint *e)
{
	*to++ = '"';
	if (e->ip.family == 4)
		to = put_ip4(to, e->ip.bytes);
	else
		to = put_ip6(to, &e->ip);
	to = put_number(to, e->port);
	return PUT(to, "\"");
}

/* IANA "DNS OpCodes". */
static char *put_opcode(char *to, unsigned opcode)
{
	static const char *const names[] = { "QUERY", "IQUERY", "STATUS", NULL,
		"NOTIFY", "UPDATE", "DSO" };

	if (opcode < ARRAY_LEN(names) && names[opcode] != NULL)
		return put_word(to, names[opcode]);
	to = put_number(PUT(to, "\"OPCODE"), opcode);
	return PUT(to, "\"");
}

/* IANA "DNS CLASSes"; others as RFC 3597 5 writes them. */
static char *put_class(char *to, unsigned class)
{
	static const struct {
		unsigned class;
		const char *name;
	} rows[] = { { 1, "IN" }, { 3, "CH" }, { 4, "HS" }, { 254, "NONE" },
		{ 255, "ANY" } };

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		if (rows[i].class == class)
			return put_word(to, rows[i].name);
	}
	to = put_number(PUT(to, "\"CLASS"), class);
	return PUT(to, "\"");
}

static char *put_flags(char *to, unsigned flags)
{
	static const struct {
		unsigned bit;
		const char *text;
	} rows[] = { { 0x8000, "\"qr\"," }, { 0x0400, "\"aa\"," },
		{ 0x0200, "\"tc\"," }, { 0x0100, "\"rd\"," }, { 0x0080, "\"ra\"," },
		{ 0x0020, "\"ad\"," }, { 0x0010, "\"cd\"," } };
	char *start = to;

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		if ((flags & rows[i].bit) != 0)
			to = put_text(to, rows[i].text);
	}
	return to == start ? to : to - 1; /* without the last comma */
}

static bool is_plain(uint8_t c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	       (c >= '0' && c <= '9') || c == '-' || c == '_';
}

/* name_to_text() writes printable ASCII. */
static char *put_odd_name(char *to, const struct name *n)
{
	char text[NAME_TEXT_MAX];

	*to++ = '"';
	for (const char *p = name_to_text(n, text); *p != '\0'; p++) {
		if (*p == '"' || *p == '\\')
			*to++ = '\\';
		*to++ = *p;
	}
	return PUT(to, "\"");
}

/* Nearly all names are made of letters, digits and hyphens. */
static char *put_name(char *to, const struct name *n)
{
	const struct name *label = n;
	char *start = to;

	*to++ = '"';
	for (; !name_is_root(label); label = name_parent(label)) {
		const uint8_t *p = name_wire(label) + 1;

		for (const uint8_t *end = p + label->label_len; p < end; p++) {
			if (!is_plain(*p))
				return put_odd_name(start, n);
			*to++ = (char)*p;
		}
		*to++ = '.';
	}
	if (to == start + 1)
		return PUT(to, ".\"");
	return PUT(to - 1, "\""); /* over the final dot */
}

/* ---- messages ---- */

/* A message as far as it can be read. */
struct seen {
	const uint8_t *header; /* NULL: shorter than one */
	const struct name *name;
	uint16_t type, class;
	bool has_opt;
	struct reader_record opt;
	uint8_t name_room[NAME_WIRE_MAX];
};

static unsigned count_of(const struct seen *m, unsigned section)
{
	return m->header == NULL ? 0 : get16(m->header + 4 + 2 * section);
}

static unsigned flags_of(const struct seen *m)
{
	return m->header == NULL ? 0 : get16(m->header + 2);
}

/* The first question. -1 when there is none to read, or no way past the others. */
static int read_questions(struct reader *in, struct seen *ret)
{
	const uint8_t *at = in->at;

	for (unsigned i = 0; i < count_of(ret, 0); i++) {
		if (reader_skip_name(in) != 0 || in->end - in->at < 4)
			return -1;
		if (i == 0 && reader_name_to(in, &at, ret->name_room) > 0) {
			ret->name = name_at(ret->name_room);
			ret->type = get16(in->at);
			ret->class = get16(in->at + 2);
		}
		in->at += 4;
	}
	return 0;
}

/* Past a record, without its owner's name. */
static int skip_record(struct reader *in, struct reader_record *ret)
{
	if (reader_skip_name(in) != 0 || in->end - in->at < 10)
		return -1;
	ret->type = get16(in->at);
	ret->class = get16(in->at + 2);
	ret->ttl = get32(in->at + 4);
	ret->rdlen = get16(in->at + 8);
	in->at += 10;
	if (in->end - in->at < ret->rdlen)
		return -1;
	in->at += ret->rdlen;
	return 0;
}

/* RFC 6891 6.1.1: the OPT stands in the additional section. */
static void find_opt(struct reader *in, struct seen *ret)
{
	unsigned before = count_of(ret, 1) + count_of(ret, 2);
	unsigned n = before + count_of(ret, 3);
	struct reader_record r;

	if (n == before)
		return;
	for (unsigned i = 0; i < n; i++) {
		if (skip_record(in, &r) != 0)
			return;
		if (i >= before && r.type == TYPE_OPT) {
			ret->has_opt = true;
			ret->opt = r;
			return;
		}
	}
}

static void see(const uint8_t *message, size_t len, struct seen *ret)
{
	struct reader in = { .start = message };

	ret->header = NULL;
	ret->name = NULL;
	ret->has_opt = false;
	if (len < READER_HEADER_LEN)
		return;
	ret->header = message;
	in.at = message + READER_HEADER_LEN;
	in.end = message + len;
	if (read_questions(&in, ret) == 0)
		find_opt(&in, ret);
}

static char *put_question(char *to, const struct seen *query)
{
	char type[RRTYPE_TEXT_MAX];

	if (query->name == NULL)
		return PUT(to, ",\"name\":null,\"type\":null,\"class\":null");
	to = put_name(PUT(to, ",\"name\":"), query->name);
	to = put_word(PUT(to, ",\"type\":"), rrtype_to_text(query->type, type));
	return put_class(PUT(to, ",\"class\":"), query->class);
}

static char *put_edns(char *to, const struct seen *query)
{
	if (!query->has_opt)
		return PUT(to, "null");
	to = put_number(PUT(to, "{\"version\":"), query->opt.ttl >> 16 & 255);
	to = put_number(PUT(to, ",\"size\":"), query->opt.class);
	to = put_bool(PUT(to, ",\"do\":"), (query->opt.ttl & 0x8000) != 0);
	return PUT(to, "}");
}

static char *put_query(char *to, const struct query_log_line *line)
{
	struct seen query;
	unsigned flags;

	see(line->query, line->query_len, &query);
	flags = flags_of(&query);
	if (query.header == NULL) {
		to = PUT(to, ",\"id\":null,\"opcode\":null");
	} else {
		to = put_number(PUT(to, ",\"id\":"), get16(query.header));
		to = put_opcode(PUT(to, ",\"opcode\":"), flags >> 11 & 15);
	}
	to = put_question(to, &query);
	to = put_flags(PUT(to, ",\"flags\":["), flags);
	to = put_edns(PUT(to, "],\"edns\":"), &query);
	return put_number(PUT(to, ",\"query_size\":"), line->query_len);
}

/* RFC 6891 6.1.3: the OPT has the upper eight bits. */
static char *put_rcode(char *to, const struct seen *reply)
{
	unsigned high = reply->has_opt ? reply->opt.ttl >> 24 : 0;
	char text[RCODE_TEXT_MAX];

	if (reply->header == NULL)
		return PUT(to, "null");
	return put_word(to,
		rcode_to_text((uint16_t)(high << 4 | (flags_of(reply) & 15)), text));
}

static char *put_reply(char *to, const struct query_log_line *line)
{
	struct seen reply;

	see(line->reply, line->reply_len, &reply);
	to = put_rcode(PUT(to, ",\"rcode\":"), &reply);
	to = put_bool(PUT(to, ",\"aa\":"), (flags_of(&reply) & 0x0400) != 0);
	to = put_bool(PUT(to, ",\"tc\":"), (flags_of(&reply) & 0x0200) != 0);
	to = put_number(PUT(to, ",\"answer\":"), count_of(&reply, 1));
	to = put_number(PUT(to, ",\"authority\":"), count_of(&reply, 2));
	to = put_number(PUT(to, ",\"additional\":"), count_of(&reply, 3));
	return put_number(PUT(to, ",\"size\":"), line->reply_len);
}

/* All that comes after the texts of unknown length. */
static char *put_rest(char *to, const struct query_log_line *line)
{
	to = put_endpoint(PUT(to, ",\"from\":"), &line->from);
	to = put_endpoint(PUT(to, ",\"to\":"), &line->to);
	to = put_word(PUT(to, ",\"proto\":"), line->tcp ? "tcp" : "udp");
	to = put_reply(put_query(to, line), line);
	if (line->quirk != NULL)
		to = put_word(PUT(to, ",\"quirk\":"), line->quirk);
	if (line->delay_us > 0)
		to = put_number(PUT(to, ",\"delay_us\":"), line->delay_us);
	return PUT(to, "}\n");
}

static void put_line(struct str *s, const struct query_log_line *line)
{
	char *to = str_room(s, 32), *start = to;

	to = put_number(PUT(to, "{\"t_us\":"), line->t_us);
	str_took(s, (size_t)(to - start));
	if (line->case_id != NULL) {
		str_puts(s, ",\"case\":");
		str_put_json(s, line->case_id);
	}
	str_puts(s, ",\"server\":");
	str_put_json(s, line->server);
	start = str_room(s, REST_MAX);
	str_took(s, (size_t)(put_rest(start, line) - start));
}

/* ---- the file ---- */

struct query_log *query_log_new(int fd)
{
	struct query_log *log = calloc(1, sizeof(*log));

	if (log == NULL)
		bug("out of memory");
	pthread_mutex_init(&log->lock, NULL);
	log->fd = fd;
	log->lines = (struct str)STR_INIT;
	return log;
}

/* What could not be written stays: also the rest of a line that was cut, which must
 * come before all others. */
static void write_lines(struct query_log *log)
{
	size_t done = 0;

	log->error = 0;
	while (done < log->lines.len && log->error == 0) {
		ssize_t n =
			write(log->fd, log->lines.data + done, log->lines.len - done);

		if (n >= 0)
			done += (size_t)n;
		else if (errno != EINTR)
			log->error = errno;
	}
	if (done == 0)
		return;
	memmove(log->lines.data, log->lines.data + done, log->lines.len - done + 1);
	log->lines.len -= done;
}

void query_log_add(struct query_log *log, const struct query_log_line *line)
{
	pthread_mutex_lock(&log->lock);
	if (log->lines.len >= KEEP_MAX)
		log->lost++;
	else
		put_line(&log->lines, line);
	if (log->lines.len >= WRITE_AT && log->error == 0)
		write_lines(log);
	pthread_mutex_unlock(&log->lock);
}

void query_log_flush(struct query_log *log)
{
	pthread_mutex_lock(&log->lock);
	write_lines(log);
	pthread_mutex_unlock(&log->lock);
}

/* A pipe that is full has not failed yet. */
int query_log_error(struct query_log *log)
{
	int error;

	pthread_mutex_lock(&log->lock);
	error = log->error == EAGAIN && log->lost == 0 ? 0 : log->error;
	pthread_mutex_unlock(&log->lock);
	return error;
}

unsigned long query_log_end(struct query_log *log)
{
	unsigned long lost;

	write_lines(log);
	lost = log->lost;
	for (size_t i = 0; i < log->lines.len; i++)
		lost += log->lines.data[i] == '\n';
	str_clear(&log->lines);
	pthread_mutex_destroy(&log->lock);
	free(log);
	return lost;
}
