/* bench.h - inside run: what the cases of a scenario have in common, and one of them.
 */
#ifndef RUN_BENCH_H
#define RUN_BENCH_H

#include "mta/mta.h"
#include "report/record.h"
#include "run/case.h"
#include "run/drive.h"
#include "run/judge.h"

struct trace;
struct visit;

struct bench {
	struct arena *keep;    /* records live here */
	struct arena *scratch; /* is reset for each case */
	const struct scenario *scenario;
	const struct world *world;
	const struct run_options *options;
	struct evidence *evidence;
	struct loopback *loopback; /* NULL: in memory */
	struct mta_setting setting;
	bool open_hosts;
};

/* The world is built in keep. */
void bench_init(struct bench *b, struct arena *keep, struct arena *scratch,
	const struct scenario *s, const struct run_options *options);

/* The web side depends on address and resolver only: it is seen once, not once for each
 * client. One entry for each stage; visits live in `keep`. */
struct visits {
	const struct visit **at_stage;
};

/* `outside` may be NULL. */
struct visits visits_see(struct bench *b, const struct scenario_address *address,
	const struct resolver_policy *policy, const struct drive_outside *outside);

/* A real client. */
struct mail_sender {
	/* As mail_send(): one message to the address in the drive's stage; what *ret
	 * says lives in the drive's arena. NULL, or why it could not be tried. */
	const char *(*send)(void *ctx, struct drive *d, const char *address,
		struct trace *trace, struct mail *ret);
	void *ctx;
};

/* One case, all but `drive` and `seed` given. */
struct one {
	struct bench *bench;
	const struct scenario_address *address;
	const struct mta_profile *profile;
	const struct resolver_policy *policy;
	struct expected expected;
	const struct visits *visits;
	const struct drive_outside *outside; /* or NULL */
	const struct mail_sender *sender;    /* or NULL */
	struct drive drive;
	uint64_t seed;
};

/* Fills what names the case. */
void one_begin(const struct one *c, struct record *r);

/* Runs it through all stages, after one_begin(). */
void one_run(struct one *c, struct record *r);

/* Not run, and why (in b's keep arena, or static). After one_begin(). */
void one_skip(struct record *r, const char *why);

/* What the scenario wants of the cast, in order: fn is called for each case. */
void each_case(struct bench *b, const struct cast *cast,
	void (*fn)(void *ctx, const struct one *c, unsigned resolver), void *ctx);

#endif
