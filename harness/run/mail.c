#include "run/mail.h"

#include <string.h>

#include "base/arena.h"
#include "mta/profile.h"

struct log {
	struct asked *list;
	unsigned n, room;
};

static void log_asked(struct arena *a, struct log *log, const struct asked *one)
{
	if (log->n == log->room) {
		unsigned room = log->room == 0 ? 8 : log->room * 2;
		struct asked *grown = arena_alloc_raw(a, room * sizeof(*grown));

		if (log->n > 0)
			memcpy(grown, log->list, log->n * sizeof(*grown));
		log->list = grown;
		log->room = room;
	}
	log->list[log->n++] = *one;
}

static void ask(struct drive *d, struct mta *m, const struct question *q,
	struct log *log, const struct trace *trace)
{
	struct asked one = { .t_us = d->now_us, .question = *q };
	const struct msg *answer = drive_ask(d, q);

	if (d->arrange != NULL && answer != NULL)
		answer = d->arrange->arrange(d->arrange->ctx, d->arena, q, answer);
	/* The resolver's message is its own until the next question. */
	if (trace != NULL) {
		one.after = trace->n;
		if (answer != NULL)
			one.answer = arena_memdup(d->arena, answer, sizeof(*answer));
	}
	log_asked(d->arena, log, &one);
	mta_answer(m, answer, d->now_us);
}

static const enum smtp_stage stage_of[] = {
	[HOST_NO_CONNECTION] = SMTP_CONNECT,
	[HOST_GREETED_AWAY] = SMTP_GREETING,
	[HOST_RCPT_REFUSED] = SMTP_RCPT,
	[HOST_TOOK_IT] = SMTP_ACCEPTED,
};

static void try(struct drive *d, struct mta *m, const struct mta_attempt *attempt,
	bool open_hosts)
{
	const struct world_stage *stage = &d->world->stages[d->stage];
	struct host_smtp_reply reply = { .stage = HOST_TOOK_IT, .code = 250 };
	struct smtp_reaction reaction;

	if (!open_hosts)
		host_smtp(d->arena, &stage->hosts, &attempt->ip, attempt->rcpt, &reply);
	reaction = (struct smtp_reaction){
		.stage = stage_of[reply.stage],
		.timed_out = reply.timed_out,
		.code = reply.code,
		.status = reply.status,
		.text = reply.text,
	};
	mta_reaction(m, &reaction, d->now_us);
}

void mail_send(struct drive *d, const struct mta_profile *profile,
	const struct mta_setting *setting, const char *address, uint64_t seed,
	bool open_hosts, struct trace *trace, struct mail *ret)
{
	struct mta_setting with_turns = *setting;
	struct mta *m;
	struct mta_attempt attempt;
	struct question q;
	struct log log = { 0 };

	if (d->arrange != NULL) {
		with_turns.turn = d->arrange->turn;
		with_turns.turn_ctx = d->arrange->ctx;
	}
	m = mta_new(d->arena, profile, &with_turns, address, seed, trace);
	for (;;) {
		switch (mta_want(m, &q, &attempt)) {
		case MTA_ASK:
			ask(d, m, &q, &log, trace);
			continue;
		case MTA_TRY:
			try(d, m, &attempt, open_hosts);
			continue;
		case MTA_DONE:
			break;
		}
		break;
	}
	*ret = (struct mail){
		.result = mta_result(m),
		.asked = log.list,
		.n_asked = log.n,
		.validated = profile_is_validator(profile),
	};
}
