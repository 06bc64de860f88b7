/* rng.h - chance as a value: the same seed gives the same run, on every machine. */
#ifndef BASE_RNG_H
#define BASE_RNG_H

#include <stddef.h>
#include <stdint.h>

struct rng {
	uint64_t state;
};

/* Mixes a text into a seed, so that each case has numbers of its own that do not
 * depend on which other cases run. */
uint64_t rng_seed_from(uint64_t seed, const char *text);

uint64_t rng_next(struct rng *r);

/* 0 <= result < n; n > 0. */
uint32_t rng_below(struct rng *r, uint32_t n);

#endif
