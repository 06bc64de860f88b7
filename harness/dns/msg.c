#include "dns/msg.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/arena.h"
#include "base/lookup.h"
#include "base/octets.h"
#include "base/str.h"
#include "dns/reader.h"
#include "dns/writer.h"

#define HEADER_LEN READER_HEADER_LEN
#define PLAIN_UDP_MAX 512 /* RFC 1035 2.3.4 */

static const struct rcode_row {
	const char *name;
	uint16_t rcode;
} rcodes[] = {
	{ "NOERROR", RCODE_NOERROR },
	{ "FORMERR", RCODE_FORMERR },
	{ "SERVFAIL", RCODE_SERVFAIL },
	{ "NXDOMAIN", RCODE_NXDOMAIN },
	{ "NOTIMP", RCODE_NOTIMP },
	{ "REFUSED", RCODE_REFUSED },
	{ "YXDOMAIN", RCODE_YXDOMAIN },
	{ "YXRRSET", RCODE_YXRRSET },
	{ "NXRRSET", RCODE_NXRRSET },
	{ "NOTAUTH", RCODE_NOTAUTH },
	{ "NOTZONE", RCODE_NOTZONE },
	{ "BADVERS", RCODE_BADVERS },
};

const char *rcode_to_text(uint16_t rcode, char buf[RCODE_TEXT_MAX])
{
	for (size_t i = 0; i < ARRAY_LEN(rcodes); i++) {
		if (rcodes[i].rcode == rcode)
			return strcpy(buf, rcodes[i].name);
	}
	snprintf(buf, RCODE_TEXT_MAX, "RCODE%u", rcode);
	return buf;
}

int rcode_from_text(const char *text)
{
	for (size_t i = 0; i < ARRAY_LEN(rcodes); i++) {
		if (strcasecmp(rcodes[i].name, text) == 0)
			return rcodes[i].rcode;
	}
	return -1;
}

void msg_init_query(struct msg *m, uint16_t id, const struct question *q, bool rd)
{
	*m = (struct msg){
		.id = id,
		.rd = rd,
		.has_question = true,
		.has_edns = true,
		.udp_size = EDNS_PAYLOAD,
		.question = *q,
	};
}

void msg_init_reply(struct msg *m, const struct msg *query)
{
	*m = (struct msg){
		.id = query->id,
		.opcode = query->opcode,
		.qr = true,
		.rd = query->rd,
		.cd = query->cd,
		.has_question = query->has_question,
		.has_edns = query->has_edns,
		.dnssec_ok = query->dnssec_ok,
		.udp_size = query->has_edns ? EDNS_PAYLOAD : PLAIN_UDP_MAX,
		.question = query->question,
	};
}

void msg_add(struct msg *m, struct arena *a, enum section_id id, const struct rr *rr)
{
	struct section *s = &m->section[id];

	if (s->n == UINT16_MAX)
		return;
	if (s->n >= s->room) {
		size_t room = s->n < 4 ? 4 : (size_t)s->n * 2;
		struct rr *grown;

		if (room > UINT16_MAX)
			room = UINT16_MAX;
		grown = arena_alloc_raw(a, room * sizeof(*grown));
		if (s->n > 0)
			memcpy(grown, s->rr, s->n * sizeof(*grown));
		s->rr = grown;
		s->room = (uint16_t)room;
	}
	s->rr[s->n++] = *rr;
}

bool msg_has(const struct msg *m, enum section_id id, const struct rr *rr)
{
	const struct section *s = &m->section[id];

	for (unsigned i = 0; i < s->n; i++) {
		if (name_equal(s->rr[i].owner, rr->owner) &&
			rr_equal_data(&s->rr[i], rr))
			return true;
	}
	return false;
}

/* ---- decoding ---- */

/* RFC 6891 6.1.2: code, length and data, one after another. NSD and Knot find a message
 * malformed whose options are not. */
static bool options_are_whole(const uint8_t *p, size_t len)
{
	while (len >= 4) {
		size_t option = 4 + (size_t)get16(p + 2);

		if (option > len)
			return false;
		p += option;
		len -= option;
	}
	return len == 0;
}

/* RFC 6891 6.1.1: one only, in the additional section, at the root. What the options of
 * other versions look like nobody knows. */
static int decode_opt(struct msg *m, const struct reader_record *r, enum section_id id)
{
	uint8_t version = (uint8_t)(r->ttl >> 16);

	if (id != ADDITIONAL || m->has_edns || !name_is_root(r->owner))
		return -1;
	if (version == 0 && !options_are_whole(r->rdata, r->rdlen))
		return -1;
	m->has_edns = true;
	m->udp_size = r->class < PLAIN_UDP_MAX ? PLAIN_UDP_MAX : r->class;
	m->rcode |= (uint16_t)((r->ttl >> 24) << 4);
	m->edns_version = version;
	m->dnssec_ok = (r->ttl & 0x8000) != 0;
	return 0;
}

static int decode_record(struct reader *in, struct msg *m, enum section_id id)
{
	struct reader_record r;
	struct rr rr;

	if (reader_record(in, &r) != 0)
		return -1;
	if (r.type == TYPE_OPT)
		return decode_opt(m, &r, id);
	if (r.class != CLASS_IN)
		return 0;
	if (reader_rdata(in, &r, &rr) != 0)
		return -1;
	/* RFC 2181 8: a TTL with its top bit set counts as zero. */
	if (rr.ttl > INT32_MAX)
		rr.ttl = 0;
	msg_add(m, in->arena, id, &rr);
	return 0;
}

int msg_decode(struct arena *a, const uint8_t *wire, size_t len, struct msg *ret)
{
	struct reader in = { a, wire, wire + HEADER_LEN, wire + len };
	uint16_t flags, questions;

	*ret = (struct msg){ .udp_size = PLAIN_UDP_MAX };
	if (len < HEADER_LEN)
		return -1;
	flags = get16(wire + 2);
	ret->id = get16(wire);
	ret->qr = (flags & 0x8000) != 0;
	ret->opcode = (uint8_t)(flags >> 11 & 15);
	ret->aa = (flags & 0x0400) != 0;
	ret->tc = (flags & 0x0200) != 0;
	ret->rd = (flags & 0x0100) != 0;
	ret->ra = (flags & 0x0080) != 0;
	ret->ad = (flags & 0x0020) != 0;
	ret->cd = (flags & 0x0010) != 0;
	ret->rcode = flags & 15;
	questions = get16(wire + 4);
	if (questions > 1)
		return -1;
	if (questions == 1) {
		ret->question.name = reader_name(&in);
		if (ret->question.name == NULL || in.end - in.at < 4)
			return -1;
		ret->question.type = get16(in.at);
		ret->question.class = get16(in.at + 2);
		ret->has_question = true;
		in.at += 4;
	}
	for (int id = ANSWER; id <= ADDITIONAL; id++) {
		unsigned n = get16(wire + 6 + 2 * id);

		for (unsigned i = 0; i < n; i++) {
			if (decode_record(&in, ret, (enum section_id)id) != 0)
				return -1;
		}
	}
	return in.at == in.end ? 0 : -1;
}

/* ---- encoding ---- */

static uint16_t flags_of(const struct msg *m, bool tc)
{
	return (uint16_t)(m->qr << 15 | (m->opcode & 15) << 11 | m->aa << 10 | tc << 9 |
			  m->rd << 8 | m->ra << 7 | m->ad << 5 | m->cd << 4 |
			  (m->rcode & 15));
}

#define OPT_LEN 11

static void put_opt(struct writer *w, const struct msg *m)
{
	uint8_t opt[OPT_LEN] = {
		0,
		0,
		TYPE_OPT,
		(uint8_t)(m->udp_size >> 8),
		(uint8_t)m->udp_size,
		(uint8_t)(m->rcode >> 4),
		m->edns_version,
		m->dnssec_ok ? 0x80 : 0,
		0,
		0,
		0,
	};

	writer_put(w, opt, sizeof(opt));
}

/* Writes the sections until the message is full; says how many records of each there
 * was room for, and whether an answer or an authority is missing. */
static bool put_sections(struct writer *w, const struct msg *m, unsigned written[3])
{
	for (int id = ANSWER; id <= ADDITIONAL; id++) {
		for (unsigned i = 0; i < m->section[id].n; i++) {
			const struct rr *rr = &m->section[id].rr[i];
			size_t before = w->len;

			if (!writer_record(w, rr->owner, rr->type, rr->ttl, rr->rdata,
				    rr->rdlen)) {
				writer_cut(w, before);
				return id != ADDITIONAL;
			}
			written[id]++;
		}
	}
	return false;
}

size_t msg_encode(const struct msg *m, uint8_t *buf, size_t limit)
{
	size_t kept = m->has_edns ? OPT_LEN : 0; /* free, so that OPT always fits */
	unsigned written[3] = { 0 };
	struct writer w;
	uint16_t flags;
	bool tc;

	if (limit < HEADER_LEN + kept)
		return 0;
	writer_init(&w, buf, limit - kept);
	if (m->has_question && !writer_question(&w, m->question.name, m->question.type,
				       m->question.class))
		return 0;
	tc = put_sections(&w, m, written);
	w.limit = limit;
	if (m->has_edns)
		put_opt(&w, m);
	memset(buf, 0, HEADER_LEN);
	flags = flags_of(m, m->tc || tc);
	buf[0] = (uint8_t)(m->id >> 8);
	buf[1] = (uint8_t)m->id;
	buf[2] = (uint8_t)(flags >> 8);
	buf[3] = (uint8_t)flags;
	buf[5] = m->has_question;
	written[ADDITIONAL] += m->has_edns;
	for (int id = ANSWER; id <= ADDITIONAL; id++) {
		buf[6 + 2 * id] = (uint8_t)(written[id] >> 8);
		buf[7 + 2 * id] = (uint8_t)written[id];
	}
	return w.len;
}

size_t msg_size(const struct msg *m)
{
	static _Thread_local uint8_t buf[MESSAGE_MAX];

	return msg_encode(m, buf, sizeof(buf));
}

void msg_put_text(struct str *s, const struct msg *m)
{
	static const char *const names[] = { "answer", "authority", "additional" };
	char rcode[RCODE_TEXT_MAX];
	char name[NAME_TEXT_MAX], type[RRTYPE_TEXT_MAX];

	str_printf(s, "%s%s%s%s%s%s", rcode_to_text(m->rcode, rcode),
		m->qr ? " qr" : "", m->aa ? " aa" : "", m->tc ? " tc" : "",
		m->rd ? " rd" : "", m->ra ? " ra" : "");
	if (m->has_question)
		str_printf(s, "\nquestion: %s %s", name_to_text(m->question.name, name),
			rrtype_to_text(m->question.type, type));
	for (int id = ANSWER; id <= ADDITIONAL; id++) {
		for (unsigned i = 0; i < m->section[id].n; i++) {
			str_printf(s, "\n%s: ", names[id]);
			rr_put_text(s, &m->section[id].rr[i]);
		}
	}
	str_putc(s, '\n');
}
