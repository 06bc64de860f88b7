#include "dns/rr.h"

#include <ctype.h>
#include <stdlib.h>
#include <stdio.h>

#include "base/arena.h"
#include "base/octets.h"
#include "base/str.h"
#include "dns/ldns.h"

uint16_t rrtype_from_text(const char *text)
{
	unsigned type;
	size_t n = strlen(text);

	if (n == 0 || n >= RRTYPE_TEXT_MAX)
		return 0;
	for (const char *p = text; *p != '\0'; p++) {
		if (!isalnum((unsigned char)*p) && *p != '-')
			return 0;
	}
	if (strcasecmp(text, "ALIAS") == 0 || strcasecmp(text, "ANAME") == 0)
		return TYPE_ALIAS;
	if (strcasecmp(text, "ANY") == 0)
		return TYPE_ANY;
	type = (unsigned)ldns_get_rr_type_by_name(text);
	return type <= UINT16_MAX ? (uint16_t)type : 0;
}

const char *rrtype_to_text(uint16_t type, char buf[RRTYPE_TEXT_MAX])
{
	const ldns_rr_descriptor *d;

	switch (type) {
	case TYPE_ALIAS:
		return strcpy(buf, "ALIAS");
	/* Those of questions only, which ldns has no name for. */
	case TYPE_ANY:
		return strcpy(buf, "ANY");
	case TYPE_AXFR:
		return strcpy(buf, "AXFR");
	case TYPE_IXFR:
		return strcpy(buf, "IXFR");
	default:
		break;
	}
	d = ldns_rr_descript(type);
	if (d != NULL && d->_name != NULL && d->_type == type &&
		strlen(d->_name) < RRTYPE_TEXT_MAX)
		strcpy(buf, d->_name);
	else
		snprintf(buf, RRTYPE_TEXT_MAX, "TYPE%u", type);
	return buf;
}

const struct name *rr_target(const struct rr *rr)
{
	unsigned skip = rr->type == TYPE_MX ? 2 : rr->type == TYPE_SRV ? 6 : 0;

	return name_at(rr->rdata + skip);
}

uint16_t rr_mx_preference(const struct rr *rr)
{
	return get16(rr->rdata);
}

static uint32_t soa_number(const struct rr *rr, unsigned index)
{
	const uint8_t *p = rr->rdata;

	p += name_len(name_at(p));
	p += name_len(name_at(p));
	p += 4 * index;
	return get32(p);
}

uint32_t rr_soa_serial(const struct rr *rr)
{
	return soa_number(rr, 0);
}

uint32_t rr_soa_minimum(const struct rr *rr)
{
	return soa_number(rr, 4);
}

struct ip rr_ip(const struct rr *rr)
{
	return ip_from_bytes(rr->rdata, rr->rdlen);
}

bool rr_is_well_formed(uint16_t type, const uint8_t *rdata, uint16_t rdlen)
{
	const uint8_t *end = rdata + rdlen;
	size_t n, m;

	switch (type) {
	case TYPE_A:
		return rdlen == 4;
	case TYPE_AAAA:
		return rdlen == 16;
	case TYPE_NS:
	case TYPE_CNAME:
	case TYPE_PTR:
	case TYPE_DNAME:
	case TYPE_ALIAS:
		return rdlen > 0 && name_check(rdata, end) == rdlen;
	case TYPE_MX:
		return rdlen > 2 && name_check(rdata + 2, end) == rdlen - 2u;
	case TYPE_SRV:
		return rdlen > 6 && name_check(rdata + 6, end) == rdlen - 6u;
	case TYPE_SOA:
		n = name_check(rdata, end);
		m = n == 0 ? 0 : name_check(rdata + n, end);
		return m != 0 && n + m + 20 == rdlen;
	default:
		return true;
	}
}

/* The octets that are names, whose letters have no case: the types of RFC 4034 6.2 (as
 * corrected by RFC 6840 5.1) whose names have a fixed place. */
static void find_names(const struct rr *rr, size_t *from, size_t *to)
{
	size_t before = 0, after = 0;

	switch (rr->type) {
	case TYPE_NS:
	case TYPE_MD:
	case TYPE_MF:
	case TYPE_CNAME:
	case TYPE_MB:
	case TYPE_MG:
	case TYPE_MR:
	case TYPE_PTR:
	case TYPE_MINFO:
	case TYPE_RP:
	case TYPE_DNAME:
	case TYPE_ALIAS:
		break;
	case TYPE_SOA:
		after = 20;
		break;
	case TYPE_MX:
	case TYPE_AFSDB:
	case TYPE_RT:
	case TYPE_PX:
	case TYPE_KX:
		before = 2;
		break;
	case TYPE_SRV:
		before = 6;
		break;
	default:
		before = rr->rdlen;
	}
	*from = before < rr->rdlen ? before : rr->rdlen;
	*to = rr->rdlen > *from + after ? rr->rdlen - after : *from;
}

int rr_compare_data(const struct rr *a, const struct rr *b)
{
	size_t from, to;
	int c;

	if (a->type != b->type)
		return a->type < b->type ? -1 : 1;
	if (a->rdlen != b->rdlen)
		return a->rdlen < b->rdlen ? -1 : 1;
	find_names(a, &from, &to);
	c = memcmp(a->rdata, b->rdata, from);
	for (size_t i = from; c == 0 && i < to; i++)
		c = octet_lower(a->rdata[i]) - octet_lower(b->rdata[i]);
	return c != 0 ? c : memcmp(a->rdata + to, b->rdata + to, a->rdlen - to);
}

bool rr_equal_data(const struct rr *a, const struct rr *b)
{
	return a->type == b->type && a->rdlen == b->rdlen &&
	       (memcmp(a->rdata, b->rdata, a->rdlen) == 0 ||
		       rr_compare_data(a, b) == 0);
}

/* RFC 3597 section 5. */
static void put_unknown(struct str *s, const struct rr *rr)
{
	str_printf(s, "\\# %u", rr->rdlen);
	for (unsigned i = 0; i < rr->rdlen; i++)
		str_printf(s, i == 0 ? " %02x" : "%02x", rr->rdata[i]);
}

static void put_by_ldns(struct str *s, const struct rr *rr)
{
	ldns_rr *parsed = rr_to_ldns(rr);

	for (size_t i = 0; i < ldns_rr_rd_count(parsed); i++) {
		char *text = ldns_rdf2str(ldns_rr_rdf(parsed, i));
		size_t len = text == NULL ? 0 : strlen(text);

		if (len > 0 && text[len - 1] == ' ') /* behind a list of types */
			len--;
		if (i > 0)
			str_putc(s, ' ');
		str_put(s, text == NULL ? "?" : text, text == NULL ? 1 : len);
		free(text);
	}
	ldns_rr_free(parsed);
}

/* The types that fill our reports are printed here, since ldns takes microseconds and
 * dozens of allocations for each; all others go through it. */
void rr_put_rdata(struct str *s, const struct rr *rr)
{
	char text[NAME_TEXT_MAX];
	struct ip ip;

	if (!rr_is_well_formed(rr->type, rr->rdata, rr->rdlen)) {
		put_unknown(s, rr);
		return;
	}
	switch (rr->type) {
	case TYPE_A:
	case TYPE_AAAA:
		ip = rr_ip(rr);
		str_puts(s, ip_to_text(&ip, text));
		break;
	case TYPE_MX:
		str_printf(s, "%u ", rr_mx_preference(rr));
		str_puts(s, name_to_text(rr_target(rr), text));
		break;
	case TYPE_NS:
	case TYPE_CNAME:
	case TYPE_DNAME:
	case TYPE_PTR:
	case TYPE_ALIAS:
		str_puts(s, name_to_text(rr_target(rr), text));
		break;
	default:
		put_by_ldns(s, rr);
	}
}

void rr_put_text(struct str *s, const struct rr *rr)
{
	char text[NAME_TEXT_MAX];

	str_puts(s, name_to_text(rr->owner, text));
	str_printf(s, " %u ", rr->ttl);
	str_puts(s, rrtype_to_text(rr->type, text));
	str_putc(s, ' ');
	rr_put_rdata(s, rr);
}

const char *rr_text(struct arena *a, const struct rr *rr)
{
	struct str s = STR_INIT;
	const char *text;

	rr_put_text(&s, rr);
	text = arena_strndup(a, s.data, s.len);
	str_clear(&s);
	return text;
}
