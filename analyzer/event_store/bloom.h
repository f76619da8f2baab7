/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bloom.h - which addresses a chunk's events may bear: a Bloom filter of one-word blocks.
 *
 * An address has four bits in one word, so that asking costs one cache line (Putze,
 * Sanders, Singler, Cache-, Hash- and Space-Efficient Bloom Filters, 2007).  A filter is
 * filled at its largest and then folded in half as often as that leaves it sparse, since
 * nobody knows beforehand how many different addresses will come.
 */
#ifndef MS_BLOOM_H
#define MS_BLOOM_H

#include <stdbool.h>
#include <stdint.h>

#define MS_BLOOM_LOG2  9 /* of the words of the largest */
#define MS_BLOOM_WORDS (1u << MS_BLOOM_LOG2)

static inline uint64_t ms_bloom_hash(uint64_t address)
{
	return address * UINT64_C(0x9e3779b97f4a7c15);
}

static inline uint64_t ms_bloom_bits(uint64_t hash)
{
	return UINT64_C(1) << (hash >> 49 & 63) | UINT64_C(1) << (hash >> 43 & 63) |
	       UINT64_C(1) << (hash >> 37 & 63) | UINT64_C(1) << (hash >> 31 & 63);
}

static inline void ms_bloom_put(uint64_t words[MS_BLOOM_WORDS], uint64_t address)
{
	uint64_t hash = ms_bloom_hash(address);

	words[hash >> (64 - MS_BLOOM_LOG2)] |= ms_bloom_bits(hash);
}

/* May address be in a filter of 2^log2 words? */
static inline bool ms_bloom_has(const uint64_t *words, unsigned log2, uint64_t address)
{
	uint64_t hash = ms_bloom_hash(address), bits = ms_bloom_bits(hash);
	uint64_t at = hash >> (64 - MS_BLOOM_LOG2) & ((UINT64_C(1) << log2) - 1);

	return (words[at] & bits) == bits;
}

/* Make a full-size filter as small as is good; returns its new size's logarithm. */
static inline unsigned ms_bloom_fold(uint64_t words[MS_BLOOM_WORDS])
{
	unsigned log2 = MS_BLOOM_LOG2;
	uint64_t set = 0;

	for (unsigned i = 0; i < MS_BLOOM_WORDS; i++)
		set += (unsigned)__builtin_popcountll(words[i]);
	/* folding doubles the share of bits that are set, at most; two fifths is good */
	for (; log2 > 0 && set * 5 <= UINT64_C(64) << log2; log2--) {
		unsigned half = 1u << (log2 - 1);

		set = 0;
		for (unsigned i = 0; i < half; i++) {
			words[i] |= words[i + half];
			set += (unsigned)__builtin_popcountll(words[i]);
		}
	}
	return log2;
}

#endif
