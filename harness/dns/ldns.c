#include "dns/ldns.h"

#include <stdlib.h>

#include "base/arena.h"
#include "base/bug.h"

#define RECORD_FIXED 10 /* type, class, TTL, RDLENGTH */

static size_t put_wire(const struct rr *rr, uint8_t *to)
{
	size_t len = name_len(rr->owner);
	uint8_t *p = to + len;

	memcpy(to, name_wire(rr->owner), len);
	ldns_write_uint16(p, rr->type);
	ldns_write_uint16(p + 2, CLASS_IN);
	ldns_write_uint32(p + 4, rr->ttl);
	ldns_write_uint16(p + 8, rr->rdlen);
	memcpy(p + RECORD_FIXED, rr->rdata, rr->rdlen);
	return len + RECORD_FIXED + rr->rdlen;
}

static ldns_rr *opaque(const struct rr *rr)
{
	ldns_rr *to = ldns_rr_new();

	if (to == NULL)
		bug("out of memory");
	ldns_rr_set_owner(to, ldns_rdf_new_frm_data(LDNS_RDF_TYPE_DNAME,
				      name_len(rr->owner), name_wire(rr->owner)));
	ldns_rr_set_type(to, (ldns_rr_type)rr->type);
	ldns_rr_set_class(to, LDNS_RR_CLASS_IN);
	ldns_rr_set_ttl(to, rr->ttl);
	ldns_rr_push_rdf(
		to, ldns_rdf_new_frm_data(LDNS_RDF_TYPE_UNKNOWN, rr->rdlen, rr->rdata));
	return to;
}

ldns_rr *rr_to_ldns(const struct rr *rr)
{
	uint8_t *wire = malloc(NAME_WIRE_MAX + RECORD_FIXED + rr->rdlen);
	size_t len, pos = 0;
	ldns_rr *to = NULL;

	if (wire == NULL)
		bug("out of memory");
	len = put_wire(rr, wire);
	if (ldns_wire2rr(&to, wire, len, &pos, LDNS_SECTION_ANSWER) != LDNS_STATUS_OK)
		to = opaque(rr);
	free(wire);
	return to;
}

void rr_from_ldns(
	struct arena *a, const ldns_rr *from, const struct name *owner, struct rr *ret)
{
	size_t len = 0;
	uint8_t *rdata, *p;

	for (size_t i = 0; i < ldns_rr_rd_count(from); i++)
		len += ldns_rdf_size(ldns_rr_rdf(from, i));
	rdata = p = arena_alloc_raw(a, len);
	for (size_t i = 0; i < ldns_rr_rd_count(from); i++) {
		const ldns_rdf *field = ldns_rr_rdf(from, i);

		memcpy(p, ldns_rdf_data(field), ldns_rdf_size(field));
		p += ldns_rdf_size(field);
	}
	*ret = (struct rr){
		.owner = owner,
		.type = (uint16_t)ldns_rr_get_type(from),
		.ttl = ldns_rr_ttl(from),
		.rdata = rdata,
		.rdlen = (uint16_t)len,
	};
}
