#include "dns/reader.h"

#include <ldns/ldns.h>
#include <string.h>

#include "base/arena.h"
#include "base/octets.h"
#include "dns/writer.h"

/* Type, class, TTL, RDLENGTH. */
#define RECORD_FIXED_LEN 10

size_t reader_name_to(const struct reader *in, const uint8_t **at, uint8_t *to)
{
	const uint8_t *p = *at, *lowest = *at;
	bool jumped = false;
	size_t len = 0;

	for (;;) {
		if (p >= in->end)
			return 0;
		if ((*p & 0xc0) == 0xc0) {
			const uint8_t *target;

			if (in->end - p < 2)
				return 0;
			target = in->start + (get16(p) & 0x3fff);
			if (target >= lowest)
				return 0;
			if (!jumped)
				*at = p + 2;
			jumped = true;
			lowest = p = target;
			continue;
		}
		if (*p > NAME_LABEL_MAX || in->end - p <= *p)
			return 0;
		if (len + 1u + *p > NAME_WIRE_MAX)
			return 0;
		memcpy(to + len, p, 1u + *p);
		len += 1u + *p;
		if (*p == 0)
			break;
		p += 1 + *p;
	}
	if (!jumped)
		*at = p + 1;
	return len;
}

const struct name *reader_name(struct reader *in)
{
	uint8_t name[NAME_WIRE_MAX];
	size_t len = reader_name_to(in, &in->at, name);

	return len == 0 ? NULL : arena_memdup(in->arena, name, len);
}

int reader_skip_name(struct reader *in)
{
	const uint8_t *p = in->at;

	while (p < in->end) {
		unsigned n = *p;

		if ((n & 0xc0) == 0xc0) {
			if (in->end - p < 2)
				return -1;
			in->at = p + 2;
			return 0;
		}
		if (n > NAME_LABEL_MAX || in->end - p <= (ptrdiff_t)n)
			return -1;
		p += 1 + n;
		if (n == 0) {
			in->at = p;
			return 0;
		}
	}
	return -1;
}

int reader_record(struct reader *in, struct reader_record *ret)
{
	ret->owner = reader_name(in);
	if (ret->owner == NULL || in->end - in->at < RECORD_FIXED_LEN)
		return -1;
	ret->type = get16(in->at);
	ret->class = get16(in->at + 2);
	ret->ttl = get32(in->at + 4);
	ret->rdlen = get16(in->at + 8);
	ret->rdata = in->at + RECORD_FIXED_LEN;
	if (in->end - ret->rdata < ret->rdlen)
		return -1;
	in->at = ret->rdata + ret->rdlen;
	return 0;
}

#define SOA_NUMBERS_LEN 20

/* RDATA that is `skip` octets, names, and the numbers of an SOA. */
static int read_names(struct reader *in, const struct reader_record *r, unsigned skip,
	unsigned names, struct rr *ret)
{
	const uint8_t *p = r->rdata, *end = r->rdata + r->rdlen;
	size_t rest = r->type == TYPE_SOA ? SOA_NUMBERS_LEN : 0;
	uint8_t out[2 * NAME_WIRE_MAX + SOA_NUMBERS_LEN];
	size_t n = skip;

	if (r->rdlen < skip)
		return -1;
	memcpy(out, p, skip);
	p += skip;
	for (unsigned i = 0; i < names; i++) {
		size_t len = reader_name_to(in, &p, out + n);

		if (len == 0 || p > end)
			return -1;
		n += len;
	}
	if ((size_t)(end - p) != rest)
		return -1;
	memcpy(out + n, p, rest);
	ret->rdata = arena_memdup(in->arena, out, n + rest);
	ret->rdlen = (uint16_t)(n + rest);
	return 0;
}

static void head_of(const struct reader_record *r, struct rr *ret)
{
	*ret = (struct rr){ .owner = r->owner, .type = r->type, .ttl = r->ttl };
}

int reader_rdata(struct reader *in, const struct reader_record *r, struct rr *ret)
{
	unsigned skip, names;

	head_of(r, ret);
	/* RFC 3597 4 forbids compression in newer types; DNAME and SRV are read
	 * leniently. */
	if (writer_rdata_layout(r->type, &skip, &names))
		return read_names(in, r, skip, names, ret);
	ret->rdata = arena_memdup(in->arena, r->rdata, r->rdlen);
	ret->rdlen = r->rdlen;
	return rr_is_well_formed(r->type, ret->rdata, r->rdlen) ? 0 : -1;
}

/* Through ldns and back; it follows pointers in every type it knows. It stops without a
 * word where fields are missing, and may read a name beyond the RDATA. */
static int read_by_ldns(struct reader *in, const struct reader_record *r,
	const ldns_rr_descriptor *d, struct rr *ret)
{
	size_t end = (size_t)(r->rdata - in->start) + r->rdlen;
	size_t pos = (size_t)(r->rdata - in->start) - 2;
	ldns_buffer *out = ldns_buffer_new(LDNS_MIN_BUFLEN);
	ldns_rr *rr = ldns_rr_new();
	int rc = -1;

	if (out == NULL || rr == NULL)
		goto out;
	ldns_rr_set_type(rr, (ldns_rr_type)r->type);
	ldns_rr_set_class(rr, LDNS_RR_CLASS_IN);
	if (ldns_wire2rdf(rr, in->start, (size_t)(in->end - in->start), &pos) !=
			LDNS_STATUS_OK ||
		pos != end || ldns_rr_rd_count(rr) < ldns_rr_descriptor_minimum(d) ||
		ldns_rr_rdata2buffer_wire(out, rr) != LDNS_STATUS_OK ||
		ldns_buffer_position(out) > UINT16_MAX)
		goto out;
	ret->rdlen = (uint16_t)ldns_buffer_position(out);
	ret->rdata = arena_memdup(in->arena, ldns_buffer_begin(out), ret->rdlen);
	rc = 0;
out:
	ldns_rr_free(rr);
	ldns_buffer_free(out);
	return rc;
}

int reader_rdata_strict(
	struct reader *in, const struct reader_record *r, struct rr *ret)
{
	const ldns_rr_descriptor *d = ldns_rr_descript(r->type);
	unsigned skip, names;

	if (writer_rdata_layout(r->type, &skip, &names) || r->type == TYPE_A ||
		r->type == TYPE_AAAA || d == NULL || d->_type != r->type)
		return reader_rdata(in, r, ret);
	head_of(r, ret);
	return read_by_ldns(in, r, d, ret);
}
