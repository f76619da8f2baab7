/* SPDX-License-Identifier: Apache-2.0 */
/*
 * block_weight.c - how many blocks a sampled one stands for, for those who list blocks.
 */
#include "analyzer/snapshot/snapshot.h"
#include "analyzer/snapshot/weight.h"

double ms_block_weight(uint64_t sample_bytes, uint64_t size)
{
	return sample_bytes ? ms_weight_of(sample_bytes, size) : 1;
}
