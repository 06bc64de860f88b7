/* ip.h - an IPv4 or IPv6 address. */
#ifndef BASE_IP_H
#define BASE_IP_H

#include <stdbool.h>
#include <stdint.h>

struct ip {
	uint8_t family; /* 0 (none), 4 or 6 */
	uint8_t bytes[16];
};

/* Longest text form, with its NUL. */
#define IP_TEXT_MAX 46

/* From RDATA of A (4 octets) or AAAA (16). */
struct ip ip_from_bytes(const uint8_t *bytes, unsigned len);

/* 0, or -1 when text is not an address; "[2001:db8::1]" is not one. */
int ip_from_text(const char *text, struct ip *ret);

/* Returns buf. */
const char *ip_to_text(const struct ip *ip, char buf[IP_TEXT_MAX]);

bool ip_equal(const struct ip *a, const struct ip *b);

/* 127.0.0.0/8 and ::1 (RFC 1122 3.2.1.3, RFC 4291 2.5.3). */
bool ip_is_loopback(const struct ip *ip);

/* Not private, loopback, link-local, multicast or reserved: what Python's ipaddress
 * calls is_global (IANA special-purpose registries). The documentation and benchmarking
 * ranges count as global: in our worlds they stand for public addresses. */
bool ip_is_global(const struct ip *ip);

#endif
