#include "server/plain.h"

#include <string.h>

#include "base/arena.h"
#include "base/octets.h"
#include "dns/writer.h"
#include "server/quirk.h"
#include "server/server.h"

#define OPT_LEN 11

/* Which queries the rules of server_respond() about types and classes leave alone. */
static bool is_plain(const struct server *s, const struct query *q)
{
	return !s->any_alias && q->edns_version == 0 && q->question.class == CLASS_IN &&
	       !server_is_meta_type(q->question.type) &&
	       !(s->minimal_any && q->question.type == TYPE_ANY);
}

/* ---- writing ---- */

/* Writes the records of all sections, and counts them. False when the message is full.
 */
static bool put_sections(struct writer *w, const struct answer *answer, unsigned n[3])
{
	for (unsigned i = 0; i < answer->n; i++) {
		const struct answer_piece *p = &answer->piece[i];

		for (unsigned k = 0; k < p->n; k++) {
			const struct rr *rr = &p->rr[k];
			size_t before = w->len;

			if (!writer_record(w, p->owner, rr->type, p->ttl, rr->rdata,
				    rr->rdlen)) {
				writer_cut(w, before);
				return false;
			}
			n[p->section]++;
		}
	}
	return true;
}

static unsigned records_in(const struct answer *answer, unsigned section)
{
	unsigned n = 0;

	for (unsigned i = 0; i < answer->n; i++) {
		if (answer->piece[i].section == section)
			n += answer->piece[i].n;
	}
	return n;
}

/* As lost_needed_glue() of server.c, where `kept` additional records were written. The
 * pieces stand in the order of their sections. */
static bool lost_glue(const struct answer *answer, unsigned kept)
{
	const struct name *cut = NULL;
	unsigned n = 0;

	for (unsigned i = 0; i < answer->n; i++) {
		const struct answer_piece *p = &answer->piece[i];

		if (p->section == ANSWER)
			return false;
		if (p->section == AUTHORITY && cut == NULL) {
			if (p->rr->type != TYPE_NS)
				return false;
			cut = p->owner;
		}
		if (p->section != ADDITIONAL || cut == NULL)
			continue;
		n += p->n;
		if (n > kept && name_is_under(p->owner, cut))
			return true;
	}
	return false;
}

static void put_header(uint8_t *out, const struct query *q, const struct answer *answer,
	bool tc, const unsigned n[3])
{
	set16(out, q->id);
	out[2] = (uint8_t)(0x80 | answer->aa << 2 | tc << 1 | q->rd);
	/* RFC 4035 3.1.6: CD means nothing to an authority and does not come back. */
	out[3] = answer->rcode & 15;
	set16(out + 4, 1);
	set16(out + 6, n[ANSWER]);
	set16(out + 8, n[AUTHORITY]);
	set16(out + 10, n[ADDITIONAL] + q->has_edns);
}

static void put_opt(struct writer *w, const struct query *q)
{
	uint8_t opt[OPT_LEN] = { 0, 0, TYPE_OPT, EDNS_PAYLOAD >> 8, EDNS_PAYLOAD & 0xff,
		0, 0, q->dnssec_ok ? 0x80 : 0, 0, 0, 0 };

	writer_put(w, opt, sizeof(opt));
}

static size_t encode(const struct answer *answer, const struct query *q,
	enum proto proto, uint8_t *out, size_t room)
{
	size_t limit = proto == PROTO_UDP ? server_udp_limit(q->has_edns, q->udp_size)
					  : UINT16_MAX;
	unsigned n[3] = { 0 };
	struct writer w;
	bool tc = false;

	if (limit > room)
		limit = room;
	writer_init(&w, out, limit - (q->has_edns ? OPT_LEN : 0));
	writer_question(&w, q->question.name, q->question.type, q->question.class);
	if (!put_sections(&w, answer, n))
		tc = n[ANSWER] < records_in(answer, ANSWER) ||
		     n[AUTHORITY] < records_in(answer, AUTHORITY) ||
		     (proto == PROTO_UDP && lost_glue(answer, n[ADDITIONAL]));
	w.limit = limit;
	if (q->has_edns)
		put_opt(&w, q);
	put_header(out, q, answer, tc, n);
	return w.len;
}

size_t server_plain(struct arena *a, const struct server *s, enum proto proto,
	const struct query *q, uint8_t *out, size_t room)
{
	struct answer answer;

	if (!is_plain(s, q) || quirk_may_act(s, &q->question) ||
		server_is_refused(s, &q->question))
		return 0;
	zone_decide(a, &s->answer, &q->question, q->dnssec_ok, &answer);
	return encode(&answer, q, proto, out, room);
}

void server_prefetch(const struct server *s, const struct query *q, unsigned n)
{
	if (s->answer.n == 1)
		zone_prefetch(s->answer.zones[0].zone, q, n);
}
