/* mail.h - one message on its way: the client's machine, its resolver and the mail
 * hosts of the world, pumped until the client knows what became of it. */
#ifndef RUN_MAIL_H
#define RUN_MAIL_H

#include "mta/mta.h"
#include "run/drive.h"

/* A question the client put to its resolver. */
struct asked {
	uint64_t t_us;
	size_t after; /* decisions traced before it */
	struct question question;
	const struct msg *answer; /* with a trace only, else NULL */
};

struct mail {
	const struct mta_result *result;
	const struct asked *asked;
	unsigned n_asked;
	bool validated;	    /* the client judges addresses: it sends nothing */
	bool observed;	    /* of a real client: its route is not seen */
	const char *untold; /* why nobody knows what became of it; or NULL */
};

/* Sends a message to the address in the drive's current stage. With open_hosts every
 * address accepts (there are no mail hosts to ask). All of *ret lives in the drive's
 * arena. trace may be NULL. */
void mail_send(struct drive *d, const struct mta_profile *profile,
	const struct mta_setting *setting, const char *address, uint64_t seed,
	bool open_hosts, struct trace *trace, struct mail *ret);

#endif
