#include "server/chaos.h"

#include <string.h>
#include <strings.h>

#define STRING_MAX 255 /* RFC 1035 3.3: a character-string */

static const char *text_for(
	const struct msg *query, const char *version, const char *identity)
{
	char name[NAME_TEXT_MAX];

	name_to_text(query->question.name, name);
	if (strcasecmp(name, "version.bind") == 0 ||
		strcasecmp(name, "version.server") == 0)
		return version;
	if (strcasecmp(name, "hostname.bind") == 0 ||
		strcasecmp(name, "id.server") == 0)
		return identity;
	return NULL;
}

size_t chaos_answer(const struct msg *query, const char *version, const char *identity,
	uint8_t *out, size_t limit)
{
	const struct question *q = &query->question;
	uint8_t rdata[1 + STRING_MAX];
	struct rr txt = { .owner = q->name, .type = TYPE_TXT, .rdata = rdata };
	const char *text;
	struct msg reply;
	size_t len, n;

	if (query->opcode != OPCODE_QUERY || !query->has_question ||
		q->class != CLASS_CH || (q->type != TYPE_TXT && q->type != TYPE_ANY))
		return 0;
	if (query->has_edns && query->edns_version > 0)
		return 0;
	text = text_for(query, version, identity);
	if (text == NULL)
		return 0;
	n = strnlen(text, STRING_MAX);
	rdata[0] = (uint8_t)n;
	memcpy(rdata + 1, text, n);
	txt.rdlen = (uint16_t)(1 + n);
	msg_init_reply(&reply, query);
	reply.section[ANSWER] = (struct section){ .rr = &txt, .n = 1 };
	len = msg_encode(&reply, out, limit);
	/* Records are of class IN everywhere else. The owner of this one is a pointer
	 * to the question's name; its type and class come after that. */
	if (len > 0 && (out[2] & 2) == 0)
		out[12 + name_len(q->name) + 4 + 2 + 2 + 1] = CLASS_CH;
	return len;
}
