/* SPDX-License-Identifier: Apache-2.0 */
/*
 * weight.h - how much a sampled block stands for (a part of the door, snapshot.h).
 *
 * Horvitz and Thompson: a block that is sampled with probability p stands for 1/p blocks
 * like it, whose sum is without bias; its part of the sum's variance is (1 - p)/p^2 times
 * the square of the figure.  Sums are kept in 2^-16ths, so that what a block adds is
 * taken away exactly.
 */
#ifndef MS_WEIGHT_H
#define MS_WEIGHT_H

#include <math.h>
#include <stdint.h>

#define MS_WEIGHT_BITS 16

struct ms_weight {
	uint64_t blocks, bytes;
	double block_variance, byte_variance; /* in whole blocks and bytes */
};

static inline uint64_t ms_weight_fixed(double value)
{
	value *= 1 << MS_WEIGHT_BITS;
	return value < 0x1p62 ? (uint64_t)(value + 0.5) : UINT64_C(1) << 62;
}

/* How many blocks like it a sampled block of size stands for; mean is not 0. */
static inline double ms_weight_of(uint64_t mean, uint64_t size)
{
	return -1 / expm1(-(size ? (double)size : 1) / (double)mean);
}

/* A block of size; mean: bytes between samples, 0 when every block is in the log. */
static inline struct ms_weight ms_weigh(uint64_t mean, uint64_t size)
{
	double weight;

	if (!mean)
		return (struct ms_weight){ 1, size, 0, 0 };
	weight = ms_weight_of(mean, size);
	return (struct ms_weight){
		.blocks = ms_weight_fixed(weight),
		.bytes = ms_weight_fixed(weight * (double)size),
		.block_variance = weight * (weight - 1),
		.byte_variance = weight * (weight - 1) * (double)size * (double)size,
	};
}

/* A sum as it is reported. */
static inline uint64_t ms_weight_sum(uint64_t mean, uint64_t sum)
{
	return mean ? (sum + (1u << (MS_WEIGHT_BITS - 1))) >> MS_WEIGHT_BITS : sum;
}

#endif
