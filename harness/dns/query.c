#include "dns/query.h"

#include <string.h>

#include "base/octets.h"

#define HEADER_LEN 12
#define OPT_FIXED 11
#define UDP_SIZE_MIN 512 /* RFC 6891 6.2.3 */

/* RFC 6891 6.1.2: code, length and data, one after another. */
static bool options_are_whole(const uint8_t *p, const uint8_t *end)
{
	while (end - p >= 4 && end - p >= 4 + get16(p + 2))
		p += 4 + get16(p + 2);
	return p == end;
}

/* An OPT record that ends with the message (RFC 6891 6.1.2). */
static bool read_opt(const uint8_t *p, const uint8_t *end, struct query *ret)
{
	if (end - p < OPT_FIXED || p[0] != 0 || get16(p + 1) != TYPE_OPT)
		return false;
	ret->has_edns = true;
	ret->udp_size = get16(p + 3);
	if (ret->udp_size < UDP_SIZE_MIN)
		ret->udp_size = UDP_SIZE_MIN;
	ret->edns_version = p[6];
	ret->dnssec_ok = (p[7] & 0x80) != 0;
	/* The extended RCODE is the reply's. */
	return p[5] == 0 && end - p == OPT_FIXED + get16(p + 9) &&
	       options_are_whole(p + OPT_FIXED, end);
}

/* Moves *at past the name; false when there is none (or a pointer: the first name of a
 * message has nothing to point at). */
static bool read_name(const uint8_t **at, const uint8_t *end, struct query *ret)
{
	const uint8_t *p = *at;
	unsigned labels = 0;

	while (p < end && *p != 0) {
		if (*p > NAME_LABEL_MAX)
			return false;
		p += 1 + *p;
		labels++;
	}
	if (p >= end || p - *at >= NAME_WIRE_MAX)
		return false;
	p++;
	ret->name_len = (uint8_t)(p - *at);
	ret->labels = (uint8_t)labels;
	*at = p;
	return true;
}

bool query_read(const uint8_t *wire, size_t len, struct query *ret)
{
	static const uint8_t one_question[6] = { 0, 1, 0, 0, 0, 0 };
	const uint8_t *p = wire + HEADER_LEN, *end = wire + len;

	/* QR, opcode and TC zero; RCODE, too. */
	if (len < HEADER_LEN || (wire[2] & 0xfa) != 0 || (wire[3] & 0x0f) != 0 ||
		memcmp(wire + 4, one_question, 6) != 0 || wire[10] != 0 || wire[11] > 1)
		return false;
	ret->question.name = name_at(p);
	if (!read_name(&p, end, ret) || end - p < 4)
		return false;
	ret->question.type = get16(p);
	ret->question.class = get16(p + 2);
	p += 4;
	ret->id = get16(wire);
	ret->rd = wire[2] & 1;
	ret->has_edns = ret->dnssec_ok = false;
	ret->edns_version = 0;
	ret->udp_size = UDP_SIZE_MIN;
	if (wire[11] == 0)
		return p == end;
	return read_opt(p, end, ret);
}
