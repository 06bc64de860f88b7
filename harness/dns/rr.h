/* rr.h - types and records.
 *
 * A record is plain data: its owner and RDATA are borrowed (from a zone, a message or
 * an arena) and in wire form, names in RDATA uncompressed. All are of class IN. */
#ifndef DNS_RR_H
#define DNS_RR_H

#include <stdbool.h>
#include <stdint.h>

#include "base/ip.h"
#include "dns/name.h"

struct arena;
struct str;

/* IANA "DNS parameters", the types whose number we use by name. */
enum rrtype {
	TYPE_A = 1,
	TYPE_NS = 2,
	TYPE_MD = 3,
	TYPE_MF = 4,
	TYPE_CNAME = 5,
	TYPE_SOA = 6,
	TYPE_MB = 7,
	TYPE_MG = 8,
	TYPE_MR = 9,
	TYPE_WKS = 11,
	TYPE_PTR = 12,
	TYPE_MINFO = 14,
	TYPE_MX = 15,
	TYPE_TXT = 16,
	TYPE_RP = 17,
	TYPE_AFSDB = 18,
	TYPE_RT = 21,
	TYPE_SIG = 24,
	TYPE_KEY = 25,
	TYPE_PX = 26,
	TYPE_AAAA = 28,
	TYPE_NXT = 30,
	TYPE_SRV = 33,
	TYPE_KX = 36,
	TYPE_DNAME = 39,
	TYPE_OPT = 41,
	TYPE_DS = 43,
	TYPE_RRSIG = 46,
	TYPE_NSEC = 47,
	TYPE_DNSKEY = 48,
	TYPE_TSIG = 250,
	TYPE_IXFR = 251,
	TYPE_AXFR = 252,
	TYPE_ANY = 255,
	/* Private use; PowerDNS' number for the ALIAS pseudo-record. Written ALIAS or
	 * ANAME in our zones, never sent. */
	TYPE_ALIAS = 65401,
};

#define CLASS_IN 1
#define CLASS_CH 3
#define CLASS_NONE 254 /* RFC 2136 1.3 */
#define CLASS_ANY 255

struct rr {
	const struct name *owner;
	const uint8_t *rdata;
	uint32_t ttl;
	uint16_t type;
	uint16_t rdlen;
};

/* "MX" -> 15, "TYPE123" -> 123 (RFC 3597 5), any letter case; 0 when there is no such
 * type. */
uint16_t rrtype_from_text(const char *text);

#define RRTYPE_TEXT_MAX 16
const char *rrtype_to_text(uint16_t type, char buf[RRTYPE_TEXT_MAX]);

/* The only name in the RDATA of CNAME, DNAME, NS, PTR, ALIAS; the exchange of MX; the
 * target of SRV. The record must be well formed (a zone's or a decoded message's are).
 */
const struct name *rr_target(const struct rr *rr);

uint16_t rr_mx_preference(const struct rr *rr);
uint32_t rr_soa_minimum(const struct rr *rr);
uint32_t rr_soa_serial(const struct rr *rr);

/* The address of an A or AAAA record. */
struct ip rr_ip(const struct rr *rr);

/* True when the RDATA is what its type says, for the types above; others pass. */
bool rr_is_well_formed(uint16_t type, const uint8_t *rdata, uint16_t rdlen);

/* Type and RDATA in an order of its own, 0 when they are the same record's: names in
 * RDATA have no letter case. */
int rr_compare_data(const struct rr *a, const struct rr *b);
bool rr_equal_data(const struct rr *a, const struct rr *b);

/* "customer.mywebservice.com 300 MX 10 mail.mywebservice.com": names without final dot,
 * class left out. */
const char *rr_text(struct arena *a, const struct rr *rr);
void rr_put_text(struct str *s, const struct rr *rr);

/* RDATA alone: "10 mail.mywebservice.com". */
void rr_put_rdata(struct str *s, const struct rr *rr);

#endif
