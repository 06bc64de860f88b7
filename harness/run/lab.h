/* lab.h - cases with real programs: `--network lab`.
 *
 * A case has a client and a resolver, and in the lab at least one of the two is a real
 * program in a box (lab/box.h); the other one may be its emulation. The world is on
 * real sockets (lab-world.h).
 *
 *   emulated client, real resolver   the client's machine is fed with what the resolver
 *                                    says. Clients that ask the same questions in the
 *                                    same order share the resolver's answers
 *   real client                      one message, from a fresh box; resolver emulated
 *                                    or real
 *
 * A case that cannot be run is skipped, with its reason. Each ends within its limits.
 */
#ifndef RUN_LAB_H
#define RUN_LAB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct program;

/* Real time for one start of a program; for one message from its submission until
 * nothing more is waited for; for any other command of a driver. A machine under load
 * needs them; chasquid waits a minute for a silent host where the kernel does not give
 * up earlier (netns.c). */
#define LAB_START_LIMIT_US UINT64_C(30000000)
#define LAB_CASE_LIMIT_US UINT64_C(90000000)
#define LAB_COMMAND_LIMIT_US UINT64_C(20000000)

/* Others in their place; 0: those. */
struct lab_limits {
	uint64_t start_us, case_us, command_us;
};

struct lab_options {
	/* The real programs that take part, in place of what they are the `emulation`
	 * of; at most one for each. Cases with none of them are skipped. */
	const struct program *const *programs;
	size_t n_programs;
	/* Words of program_named_by() with commas between them: a run in which one of
	 * them names no program that can run is RUN_BROKEN. Or NULL. */
	const char *require;
	bool build; /* package roots that are missing are built */
	struct lab_limits limits;
	/* Told what takes long; from any thread, one at a time. NULL: nobody is. */
	void (*tell)(void *ctx, const char *text);
	/* How many of the run's cases are done; the same. */
	void (*progress)(void *ctx, size_t done, size_t of);
	void *ctx;
};

#endif
