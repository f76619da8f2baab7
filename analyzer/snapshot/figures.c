/* SPDX-License-Identifier: Apache-2.0 */
/*
 * figures.c - sums of figures, and the classes of ages that reports share.
 */
#include "analyzer/snapshot/snapshot.h"
#include "analyzer/snapshot/weight.h"

void ms_figures_add(struct ms_figures *sum, const struct ms_figures *figures)
{
	sum->allocations += figures->allocations;
	sum->allocated += figures->allocated;
	sum->frees += figures->frees;
	sum->freed += figures->freed;
	sum->live_blocks += figures->live_blocks;
	sum->live_bytes += figures->live_bytes;
	sum->peak_bytes += figures->peak_bytes;
	sum->peak_blocks += figures->peak_blocks;
	sum->temporary += figures->temporary;
	sum->culled += figures->culled;
	sum->absent |= figures->absent;
	sum->estimated |= figures->estimated;
	for (size_t i = 0; i < MS_FIGURES; i++)
		sum->variance[i] += figures->variance[i];
}

#define FIRST_AGE_NS UINT64_C(1000000)

unsigned ms_age_class(uint64_t ns)
{
	uint64_t bound = FIRST_AGE_NS;
	unsigned c = 0;

	while (c < MS_AGES - 1 && ns >= bound) {
		bound *= 10;
		c++;
	}
	return c;
}

uint64_t ms_age_from_ns(unsigned c)
{
	uint64_t from = FIRST_AGE_NS;

	for (unsigned i = 1; i < c; i++)
		from *= 10;
	return c ? from : 0;
}

void ms_figures_estimate(struct ms_figures *f, uint64_t sample_bytes)
{
	uint64_t *sums[] = { &f->allocations, &f->allocated,   &f->frees,
			     &f->freed,	      &f->live_blocks, &f->live_bytes,
			     &f->peak_bytes,  &f->peak_blocks };

	for (size_t i = 0; i < sizeof(sums) / sizeof(sums[0]); i++)
		*sums[i] = ms_weight_sum(sample_bytes, *sums[i]);
	for (size_t i = 0; i < MS_FIGURES; i++)
		f->variance[i] = f->variance[i] > 0 ? f->variance[i] : 0;
	f->absent = 1u << MS_FIGURE_TEMPORARY;
	f->estimated = MS_FIGURES_ALL & ~f->absent;
}
