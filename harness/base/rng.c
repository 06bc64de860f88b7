#include "base/rng.h"

/* splitmix64 (Steele, Lea, Flood 2014): one multiply-xor-shift chain, good enough to
 * shuffle and small enough to carry in every machine. */
static uint64_t mix(uint64_t z)
{
	z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
	return z ^ (z >> 31);
}

uint64_t rng_next(struct rng *r)
{
	r->state += UINT64_C(0x9e3779b97f4a7c15);
	return mix(r->state);
}

uint64_t rng_seed_from(uint64_t seed, const char *text)
{
	uint64_t h = mix(seed + UINT64_C(0x9e3779b97f4a7c15));

	for (; *text != '\0'; text++)
		h = (h ^ (unsigned char)*text) * UINT64_C(0x100000001b3);
	return mix(h);
}

uint32_t rng_below(struct rng *r, uint32_t n)
{
	return (uint32_t)(((rng_next(r) >> 32) * n) >> 32);
}
