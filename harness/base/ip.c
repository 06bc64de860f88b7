#include "base/ip.h"

#include <arpa/inet.h>
#include <stddef.h>
#include <string.h>

struct ip ip_from_bytes(const uint8_t *bytes, unsigned len)
{
	struct ip ip = { .family = len == 4 ? 4 : 6 };

	memcpy(ip.bytes, bytes, len == 4 ? 4 : 16);
	return ip;
}

int ip_from_text(const char *text, struct ip *ret)
{
	uint8_t bytes[16];

	if (inet_pton(AF_INET, text, bytes) == 1)
		*ret = ip_from_bytes(bytes, 4);
	else if (inet_pton(AF_INET6, text, bytes) == 1)
		*ret = ip_from_bytes(bytes, 16);
	else
		return -1;
	return 0;
}

const char *ip_to_text(const struct ip *ip, char buf[IP_TEXT_MAX])
{
	if (ip->family == 0 || inet_ntop(ip->family == 4 ? AF_INET : AF_INET6,
				       ip->bytes, buf, IP_TEXT_MAX) == NULL)
		buf[0] = '\0';
	return buf;
}

bool ip_equal(const struct ip *a, const struct ip *b)
{
	return a->family == b->family &&
	       memcmp(a->bytes, b->bytes, a->family == 4 ? 4 : 16) == 0;
}

struct prefix {
	uint8_t family, bits;
	uint8_t bytes[16];
};

static bool is_under(const struct ip *ip, const struct prefix *p)
{
	unsigned whole = p->bits / 8, rest = p->bits % 8;

	if (ip->family != p->family || memcmp(ip->bytes, p->bytes, whole) != 0)
		return false;
	return rest == 0 || ((ip->bytes[whole] ^ p->bytes[whole]) &
				    (0xff << (8 - rest)) & 0xff) == 0;
}

bool ip_is_loopback(const struct ip *ip)
{
	static const struct prefix v4 = { 4, 8, { 127 } };
	static const struct prefix v6 = { 6, 128, { [15] = 1 } };

	return is_under(ip, &v4) || is_under(ip, &v6);
}

bool ip_is_global(const struct ip *ip)
{
	/* IANA IPv4 and IPv6 Special-Purpose Address Registries, "globally reachable:
	 * false", and multicast; without the documentation and benchmarking ranges,
	 * which stand for public addresses in our worlds. 2001::/23 is narrowed to
	 * its first half for the same reason. */
	static const struct prefix special[] = {
		{ 4, 8, { 0 } },
		{ 4, 8, { 10 } },
		{ 4, 10, { 100, 64 } },
		{ 4, 8, { 127 } },
		{ 4, 16, { 169, 254 } },
		{ 4, 12, { 172, 16 } },
		{ 4, 24, { 192, 0, 0 } },
		{ 4, 16, { 192, 168 } },
		{ 4, 4, { 224 } },
		{ 4, 4, { 240 } },
		{ 6, 127, { 0 } },
		{ 6, 96, { [10] = 0xff, [11] = 0xff } },
		{ 6, 48, { 0, 0x64, 0xff, 0x9b, 0, 1 } },
		{ 6, 64, { 1 } },
		{ 6, 24, { 0x20, 1, 0 } },
		{ 6, 7, { 0xfc } },
		{ 6, 10, { 0xfe, 0x80 } },
		{ 6, 8, { 0xff } },
	};

	for (size_t i = 0; i < sizeof(special) / sizeof(special[0]); i++) {
		if (is_under(ip, &special[i]))
			return false;
	}
	return ip->family != 0;
}
