#include "server/quirk.h"

#include <ctype.h>
#include <string.h>

#include "base/arena.h"
#include "base/duration.h"
#include "base/lookup.h"
#include "server/soa.h"

/* Nothing longer fits a message (RFC 1035 4.2.2). */
#define RAW_MAX 65535

const struct quirk_row quirk_rows[] = {
	{ "delay", QUIRK_ARG_DURATION,
		"answers after this time; combines with the quirk after it",
		"slow servers and long paths; the client's patience is RFC 1035 4.2.1",
		QUIRK_DELAY, 0 },
	{ "drop", QUIRK_ARG_NONE, "does not answer",
		"firewalls; RFC 8906 3 (failure to respond)", QUIRK_DROP, 0 },
	{ "servfail", QUIRK_ARG_NONE, "answers SERVFAIL",
		"RFC 1035 4.1.1 (RCODE 2); an expired or broken zone", QUIRK_RCODE,
		RCODE_SERVFAIL },
	{ "refused", QUIRK_ARG_NONE, "answers REFUSED",
		"RFC 1035 4.1.1 (RCODE 5); BIND, NSD, Knot for a zone they lack",
		QUIRK_RCODE, RCODE_REFUSED },
	{ "notimp", QUIRK_ARG_NONE, "answers NOTIMP", "RFC 1035 4.1.1 (RCODE 4)",
		QUIRK_RCODE, RCODE_NOTIMP },
	{ "formerr", QUIRK_ARG_NONE, "answers FORMERR without EDNS",
		"RFC 6891 7 (servers that do not know EDNS)", QUIRK_RCODE,
		RCODE_FORMERR },
	{ "nxdomain", QUIRK_ARG_NONE,
		"denies the name, with the zone's SOA, whatever it holds",
		"RFC 4074 4.2 (NXDOMAIN for AAAA of a name that exists)",
		QUIRK_NXDOMAIN, RCODE_NXDOMAIN },
	{ "truncate", QUIRK_ARG_NONE, "sets TC and leaves the answer out on UDP",
		"RFC 2181 9, RFC 7766 5", QUIRK_TRUNCATE, 0 },
	{ "bare-cname", QUIRK_ARG_NONE,
		"answers the CNAME alone, though the server has its target",
		"RFC 1034 4.3.2 step 3a demands the rest; PowerDNS, tinydns leave it "
		"out across zones",
		QUIRK_BARE_CNAME, 0 },
	{ "no-dname-synthesis", QUIRK_ARG_NONE,
		"answers a DNAME without the CNAME made from it",
		"RFC 6672 3.1 demands the CNAME", QUIRK_NO_SYNTHESIS, 0 },
	{ "lame", QUIRK_ARG_NONE,
		"answers as a server that was never told about the zone: NOERROR, not "
		"authoritative, empty",
		"RFC 1912 2.8, RFC 4697 2.2", QUIRK_LAME, 0 },
	{ "wrong-id", QUIRK_ARG_NONE, "answers under another message id",
		"RFC 5452 9.1: no answer to the question", QUIRK_WRONG_ID, 0 },
	{ "foreign", QUIRK_ARG_RECORDS,
		"adds records that the question does not ask for to the answer section",
		"RFC 2181 5.4.1, RFC 5452 6 (what may be believed)", QUIRK_FOREIGN, 0 },
	{ "raw", QUIRK_ARG_HEX,
		"sends these octets, with the query's id over the first two",
		"RFC 1035 4: whatever is no message", QUIRK_RAW, 0 },
};

const size_t quirk_rows_n = ARRAY_LEN(quirk_rows);

const struct quirk_row *quirk_row(const char *name)
{
	return lookup_row(quirk_rows, quirk_rows_n, sizeof(quirk_rows[0]), name);
}

/* ---- the value ---- */

static int parse_duration(
	struct quirk *q, const char *value, struct place at, struct errs *errs)
{
	struct err *e;

	if (duration_from_text(value, &q->delay_us) == 0)
		return 0;
	e = errs_add(
		errs, at, "quirk \"%s\": \"%s\" is no duration", q->row->name, value);
	err_hint(errs, e, "write " DURATION_FORMS);
	return -1;
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

/* Text to octets, spaces left out; `to` has room for half the text. Returns NULL or
 * what is wrong with the text. */
static const char *hex_decode(const char *text, uint8_t *to, size_t *ret_n)
{
	size_t digits = 0;

	for (const char *p = text; *p != '\0'; p++) {
		int digit = hex_digit(*p);

		if (isspace((unsigned char)*p))
			continue;
		if (digit < 0)
			return "holds a character that is no hexadecimal digit";
		if (digits % 2 == 0)
			to[digits / 2] = (uint8_t)(digit << 4);
		else
			to[digits / 2] |= (uint8_t)digit;
		digits++;
	}
	*ret_n = digits / 2;
	if (digits == 0)
		return "is empty";
	if (digits % 2 != 0)
		return "has half an octet at its end";
	return *ret_n > RAW_MAX ? "is longer than a message can be (65535 octets)"
				: NULL;
}

static int parse_hex(struct arena *a, struct quirk *q, const char *value,
	struct place at, struct errs *errs)
{
	uint8_t *bytes = arena_alloc_raw(a, strlen(value) / 2 + 1);
	const char *why = hex_decode(value, bytes, &q->n_bytes);
	struct err *e;

	q->bytes = bytes;
	if (why == NULL)
		return 0;
	e = errs_add(errs, at, "quirk \"%s\": the value %s", q->row->name, why);
	err_hint(errs, e, "write two hexadecimal digits an octet: \"0000 8180 0001\"");
	return -1;
}

static int parse_records(struct arena *a, struct quirk *q, const char *value,
	struct place at, struct errs *errs)
{
	struct err *e;

	if (zone_parse_records(a, value, at, errs, &q->records, &q->n_records) != 0)
		return -1;
	if (q->n_records > 0)
		return 0;
	e = errs_add(errs, at, "quirk \"%s\": the value holds no record", q->row->name);
	err_hint(errs, e,
		"write records with absolute names: "
		"\"victim.example.net. 300 MX 10 evil.example.org.\"");
	return -1;
}

static int lacks_value(const struct quirk *q, struct place at, struct errs *errs)
{
	static const char *const example[] = {
		[QUIRK_ARG_NONE] = "",
		[QUIRK_ARG_DURATION] = "500ms",
		[QUIRK_ARG_RECORDS] = "\"victim.example.net. 300 A 192.0.2.66\"",
		[QUIRK_ARG_HEX] = "\"0000 8180\"",
	};
	struct err *e = errs_add(errs, at, "quirk \"%s\" needs a value", q->row->name);

	err_hint(errs, e, "write, for example, value: %s", example[q->row->arg]);
	return -1;
}

static int has_needless_value(const struct quirk *q, struct place at, struct errs *errs)
{
	struct err *e = errs_add(errs, at, "quirk \"%s\" takes no value", q->row->name);

	err_hint(errs, e, "leave the value out");
	return -1;
}

int quirk_set_value(struct arena *a, struct quirk *q, const char *value,
	struct place at, struct errs *errs)
{
	if (q->row->arg == QUIRK_ARG_NONE)
		return value == NULL ? 0 : has_needless_value(q, at, errs);
	if (value == NULL)
		return lacks_value(q, at, errs);
	switch (q->row->arg) {
	case QUIRK_ARG_DURATION:
		return parse_duration(q, value, at, errs);
	case QUIRK_ARG_RECORDS:
		return parse_records(a, q, value, at, errs);
	default:
		return parse_hex(a, q, value, at, errs);
	}
}

/* ---- which one acts ---- */

static bool matches_question(const struct quirk *q, const struct msg *query)
{
	if (q->name == NULL && q->type == 0)
		return true;
	if (!query->has_question)
		return false;
	if (q->type != 0 && q->type != query->question.type)
		return false;
	if (q->name == NULL)
		return true;
	/* "*.x" means every name below x, also more than one label below: as RFC 4592
	 * 2.2.1 has it for names that do not exist. */
	if (name_is_wildcard(q->name)) {
		const struct name *x = name_parent(q->name);

		return !name_equal(query->question.name, x) &&
		       name_is_under(query->question.name, x);
	}
	return name_equal(query->question.name, q->name);
}

static bool matches(const struct quirk *q, enum proto proto, const struct msg *query)
{
	bool udp_only = q->udp_only || q->row->action == QUIRK_TRUNCATE;

	return !(udp_only && proto != PROTO_UDP) && matches_question(q, query);
}

static uint64_t bit_of(const struct name *name)
{
	return UINT64_C(1) << (name_hash(name) & 63);
}

void quirk_prepare(struct server *s)
{
	s->quirk_names = 0;
	s->quirks_all = false;
	for (unsigned i = 0; i < s->n_quirks; i++) {
		const struct name *name = s->quirks[i].name;

		if (name == NULL || name_is_wildcard(name))
			s->quirks_all = true;
		else
			s->quirk_names |= bit_of(name);
	}
}

bool quirk_may_act(const struct server *s, const struct question *q)
{
	return s->quirks_all ||
	       (s->quirk_names != 0 && (s->quirk_names & bit_of(q->name)) != 0);
}

struct quirk_choice quirk_choose(const struct server *s, struct server_state *st,
	enum proto proto, const struct msg *query)
{
	struct quirk_choice choice = { 0 };

	for (unsigned i = 0; i < s->n_quirks; i++) {
		const struct quirk *q = &s->quirks[i];

		/* `after` counts queries, so all that match are counted, whichever
		 * quirk acts on them; `count` counts acts. */
		if (!matches(q, proto, query) || st->seen[i]++ < q->after)
			continue;
		if (choice.quirk != NULL || (q->count > 0 && st->acted[i] >= q->count))
			continue;
		st->acted[i]++;
		if (q->row->action == QUIRK_DELAY)
			choice.delay_us += q->delay_us;
		else
			choice.quirk = q;
	}
	return choice;
}

const char *quirk_name(const struct quirk_choice *choice)
{
	if (choice->quirk != NULL)
		return choice->quirk->row->name;
	return choice->delay_us > 0 ? "delay" : NULL;
}

/* ---- what it does ---- */

static void deny_name(struct arena *a, const struct server *s, struct msg *m)
{
	m->rcode = RCODE_NXDOMAIN;
	m->aa = true;
	if (m->has_question)
		soa_add(a, answer_zone_for(&s->every, &m->question), m);
}

static void send_raw(struct arena *a, const struct quirk *q, struct reply *ret)
{
	uint8_t *raw = arena_memdup(a, q->bytes, q->n_bytes);
	uint8_t id[2] = { (uint8_t)(ret->msg.id >> 8), (uint8_t)ret->msg.id };

	memcpy(raw, id, q->n_bytes < 2 ? q->n_bytes : 2);
	ret->raw = raw;
	ret->raw_len = q->n_bytes;
}

bool quirk_replace(struct arena *a, const struct server *s, const struct quirk *q,
	struct reply *ret)
{
	switch ((enum quirk_action)q->row->action) {
	case QUIRK_DROP:
		ret->dropped = true;
		return true;
	case QUIRK_RCODE:
		ret->msg.rcode = q->row->rcode;
		/* RFC 6891 7: who does not know EDNS sends no OPT back. */
		if (q->row->rcode == RCODE_FORMERR)
			ret->msg.has_edns = false;
		return true;
	case QUIRK_NXDOMAIN:
		deny_name(a, s, &ret->msg);
		return true;
	case QUIRK_TRUNCATE:
		ret->msg.tc = ret->msg.aa = true;
		return true;
	case QUIRK_LAME:
		/* Lame servers come in three shapes: REFUSED (a quirk of its own), an
		 * upward referral to the root (died out), and this one: nothing, not
		 * even AA. It is the hard one, since only the missing AA and SOA tell
		 * it from NODATA (RFC 2308 2.2). */
		return true;
	case QUIRK_RAW:
		send_raw(a, q, ret);
		return true;
	default:
		return false;
	}
}

struct answer_zones quirk_zones(
	struct arena *a, const struct server *s, const struct quirk *q)
{
	int action = q == NULL ? QUIRK_DELAY : q->row->action;
	struct answer_zone *changed;

	if (action != QUIRK_BARE_CNAME && action != QUIRK_NO_SYNTHESIS)
		return s->answer;
	changed = arena_memdup(a, s->answer.zones, s->answer.n * sizeof(*changed));
	for (size_t i = 0; i < s->answer.n; i++) {
		if (action == QUIRK_BARE_CNAME)
			changed[i].rules.no_chase = true;
		else
			changed[i].rules.no_synthesis = true;
	}
	return (struct answer_zones){ changed, s->answer.n, s->answer.index };
}

void quirk_change(struct arena *a, const struct quirk *q, struct msg *answer)
{
	if (q->row->action == QUIRK_WRONG_ID)
		answer->id++;
	if (q->row->action != QUIRK_FOREIGN)
		return;
	for (unsigned i = 0; i < q->n_records; i++)
		msg_add(answer, a, ANSWER, &q->records[i]);
}
