#include <string.h>
#include <time.h>

#include "base/arena.h"
#include "server/chaos.h"
#include "server/plain.h"
#include "server/upstream.h"
#include "server/worker.h"

#define HEADER_LEN 12
#define QR 0x80 /* of octet 2 */

bool job_is_signed(const struct job *j)
{
	return j->signature == TSIG_GOOD || j->signature == TSIG_BAD;
}

/* Of the whole reply. */
static size_t whole_limit(const struct job *j)
{
	size_t limit = server_udp_limit(j->query.has_edns, j->query.udp_size);

	return j->tcp || limit > j->room ? j->room : limit;
}

size_t job_limit(const struct job *j)
{
	size_t limit = whole_limit(j), kept = job_is_signed(j) ? tsig_room(j->tsig) : 0;

	return limit > kept ? limit - kept : 0;
}

uint64_t job_now_s(void)
{
	return (uint64_t)time(NULL);
}

/* A reply that is long for names as large as they can be, and what they sign with, is
 * not sent at all: the client will come again by TCP. */
void job_sign(struct job *j)
{
	if (job_is_signed(j) && j->out_len > 0)
		j->out_len = tsig_sign(
			j->tsig, j->out, j->out_len, whole_limit(j), job_now_s());
}

void job_write(struct job *j, const struct msg *m)
{
	j->out_len = msg_encode(m, j->out, job_limit(j));
	j->rcode = m->rcode;
}

/* Has a header and cannot be read to its end. Of an opcode that we do not have nobody
 * knows how it is to be read. */
static void answer_malformed(struct job *j)
{
	uint8_t opcode = j->query.opcode;
	struct msg m;

	msg_init_reply(&m, &j->query);
	m.cd = false;
	m.rcode = opcode == OPCODE_QUERY || opcode == OPCODE_NOTIFY ||
				  opcode == OPCODE_UPDATE
			  ? RCODE_FORMERR
			  : RCODE_NOTIMP;
	job_write(j, &m);
}

static bool answer_chaos(
	const struct service_worker *w, const struct snapshot *snap, struct job *j)
{
	const char *version = w->service->options.version;
	const char *identity = version == NULL ? NULL : snap->data.server.name;

	j->out_len = chaos_answer(&j->query, version, identity, j->out, job_limit(j));
	return j->out_len > 0;
}

/* RFC 2136 2.2: what is RD and CD elsewhere has no meaning here, and is zero. */
static void write_update_reply(struct job *j, uint16_t rcode)
{
	struct msg m;

	msg_init_reply(&m, &j->query);
	m.rd = m.cd = false;
	m.rcode = rcode;
	job_write(j, &m);
}

/* RFC 2136. */
static void answer_update(struct service_worker *w, struct job *j)
{
	const struct tsig_key *key = NULL;
	const uint8_t *message = j->in;
	size_t len = j->in_len;

	/* RFC 6891 6.1.3. */
	if (j->query.has_edns && j->query.edns_version > 0) {
		write_update_reply(j, RCODE_BADVERS);
		return;
	}
	if (j->signature == TSIG_GOOD) {
		uint8_t *stripped = arena_alloc_raw(w->arena, j->tsig->unsigned_len);

		tsig_strip(j->tsig, j->in, stripped);
		message = stripped;
		len = j->tsig->unsigned_len;
		key = j->tsig->key;
	}
	write_update_reply(j, updates_apply(&w->service->updates,
				      &w->service->snapshots, key, message, len));
}

/* RFC 8945 5.2: the signature comes before whatever is asked. True when that was the
 * end of it. */
static bool answer_signature(
	struct service_worker *w, const struct snapshot *snap, struct job *j)
{
	struct msg m;

	j->tsig = &w->tsig;
	j->signature = tsig_check(
		j->tsig, snap->data.server.keys, j->in, j->in_len, job_now_s());
	if (j->signature == TSIG_NONE || j->signature == TSIG_GOOD)
		return false;
	msg_init_reply(&m, &j->query);
	m.rcode = j->signature == TSIG_BAD ? RCODE_NOTAUTH : RCODE_FORMERR;
	job_write(j, &m);
	return true;
}

/* Sends what a quirk put in place of a message; longer than the datagram can be it is
 * cut off, as is everything about it. */
static void write_raw(struct job *j, const struct reply *reply)
{
	j->signature = TSIG_NONE; /* nor is it signed */
	j->out_len = reply->raw_len < j->room ? reply->raw_len : j->room;
	memcpy(j->out, reply->raw, j->out_len);
	j->rcode = RCODE_NOERROR;
}

static const struct server_upstream *upstream_of(struct service_worker *w,
	const struct snapshot *snap, struct server_upstream *memory)
{
	if (w->upstream == NULL)
		return snap->data.upstream.lookup == NULL ? NULL : &snap->data.upstream;
	*memory = upstream_memory(w->upstream);
	return memory;
}

static struct quirk_choice choose_quirk(struct service_worker *w, struct snapshot *snap,
	enum proto proto, const struct msg *query)
{
	if (w->quirks == NULL || snap->data.server.n_quirks == 0)
		return snapshot_choose_quirk(snap, proto, query);
	return quirk_choose(&snap->data.server, w->quirks, proto, query);
}

static void respond(struct service_worker *w, struct snapshot *snap, struct job *j)
{
	enum proto proto = j->tcp ? PROTO_TCP : PROTO_UDP;
	struct server_upstream memory;
	struct reply reply;

	j->choice = j->chosen != NULL ? *j->chosen
				      : choose_quirk(w, snap, proto, &j->query);
	server_respond_as(w->arena, &snap->data.server, &j->choice,
		upstream_of(w, snap, &memory), proto, &j->query, &reply);
	if (reply.dropped)
		return;
	if (reply.raw != NULL)
		write_raw(j, &reply);
	else
		job_write(j, &reply.msg);
	j->transfer = reply.transfer;
}

bool job_answer_plain(struct service_worker *w, struct snapshot *snap,
	const struct query *q, struct job *j)
{
	j->out_len = server_plain(w->arena, &snap->data.server,
		j->tcp ? PROTO_TCP : PROTO_UDP, q, j->out, j->room);
	if (j->out_len == 0)
		return false;
	j->rcode = j->out[3] & 0xf;
	return true;
}

void job_answer(struct service_worker *w, struct snapshot *snap, struct job *j)
{
	if (j->in_len < HEADER_LEN || (j->in[2] & QR) != 0)
		return;
	if (msg_decode(w->arena, j->in, j->in_len, &j->query) != 0) {
		answer_malformed(j);
		return;
	}
	if (answer_signature(w, snap, j))
		return;
	if (j->query.opcode == OPCODE_UPDATE) {
		answer_update(w, j);
		return;
	}
	if (answer_chaos(w, snap, j))
		return;
	respond(w, snap, j);
}
