/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sampler.h - which allocations are sampled: a Poisson process over the bytes asked for.
 *
 * The bytes from one sample to the next are exponentially distributed, so a block of n
 * bytes is sampled with probability 1 - exp(-n / mean), whatever came before it.  A block
 * of no bytes counts as one byte.  Integers only: a hook calls nothing of libm.
 */
#ifndef MS_SAMPLER_H
#define MS_SAMPLER_H

#include <stdbool.h>
#include <stdint.h>

#define MS_SAMPLE_MEAN_MAX (1ULL << 48)

struct ms_sampler {
	uint64_t random; /* never 0 once it has begun */
	uint64_t left;	 /* whole bytes that pass before the next sample */
};

/* -log2 of (random + 1) / 2^64 in 2^-32ths, the fraction bit by bit from squares. */
static inline uint64_t ms_sampler_minus_log2(uint64_t random)
{
	unsigned zeros = random ? (unsigned)__builtin_clzll(random) : 63;
	uint64_t m = random ? random << zeros : 1ULL << 63, fraction = 0;

	for (int i = 0; i < 32; i++) {
		unsigned __int128 square = (unsigned __int128)m * m;
		unsigned bit = (unsigned)(square >> 127);

		m = (uint64_t)(square >> (63 + bit));
		fraction = fraction << 1 | bit;
	}
	return ((uint64_t)(zeros + 1) << 32) - fraction;
}

/* xorshift64* by Marsaglia and Vigna. */
static inline uint64_t ms_sampler_random(struct ms_sampler *s)
{
	s->random ^= s->random >> 12;
	s->random ^= s->random << 25;
	s->random ^= s->random >> 27;
	return s->random * 0x2545f4914f6cdd1dULL;
}

static inline void ms_sampler_draw(struct ms_sampler *s, uint64_t mean)
{
	static const uint64_t ln2 = 0xb17217f7; /* in 2^-32ths */
	uint64_t minus_log2 = ms_sampler_minus_log2(ms_sampler_random(s));

	s->left = (uint64_t)(((unsigned __int128)minus_log2 * mean * ln2) >> 64);
}

static inline void ms_sampler_begin(struct ms_sampler *s, uint64_t seed, uint64_t mean)
{
	seed = (seed ^ seed >> 30) * 0xbf58476d1ce4e5b9ULL;
	seed = (seed ^ seed >> 27) * 0x94d049bb133111ebULL;
	s->random = (seed ^ seed >> 31) | 1;
	ms_sampler_draw(s, mean);
}

/* Is this block one? */
static inline bool ms_sampler_hit(struct ms_sampler *s, uint64_t size, uint64_t mean)
{
	uint64_t n = size ? size : 1;

	if (s->left >= n) {
		s->left -= n;
		return false;
	}
	ms_sampler_draw(s, mean);
	return true;
}

#endif
