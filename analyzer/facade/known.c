/* SPDX-License-Identifier: Apache-2.0 */
/*
 * known.c - what a trace lets a report say.
 *
 * One place decides what a capture mode leaves unknown, so that no report shows a zero
 * where there is no figure.
 */
#include "analyzer/facade/known.h"

const char *const ms_known_names[MS_KNOWN_FIGURES] = {
	[MS_KNOWN_ALLOCATIONS] = "total_allocations",
	[MS_KNOWN_REALLOCATIONS] = "total_reallocations",
	[MS_KNOWN_DEALLOCATIONS] = "total_deallocations",
	[MS_KNOWN_UNMATCHED] = "unmatched_deallocations",
	[MS_KNOWN_ACTIVE] = "active_allocations",
	[MS_KNOWN_ALLOCATED] = "total_allocated",
	[MS_KNOWN_DEALLOCATED] = "total_deallocated",
	[MS_KNOWN_CURRENT_MEMORY] = "current_memory",
	[MS_KNOWN_PEAK_MEMORY] = "peak_memory",
	[MS_KNOWN_FAILED] = "failed_allocations",
	[MS_KNOWN_OVERWRITTEN_BLOCKS] = "overwritten_blocks",
	[MS_KNOWN_OVERWRITTEN_BYTES] = "overwritten_bytes",
};

#define ALL ((1u << MS_KNOWN_FIGURES) - 1)
#define COUNTED                                                      \
	(1u << MS_KNOWN_ALLOCATIONS | 1u << MS_KNOWN_REALLOCATIONS | \
	 1u << MS_KNOWN_DEALLOCATIONS | 1u << MS_KNOWN_ALLOCATED |   \
	 1u << MS_KNOWN_FAILED)

static void replayed(struct ms_known *known, const struct ms_totals *t)
{
	*known = (struct ms_known){
		.value = { [MS_KNOWN_ALLOCATIONS] = t->total_allocations,
			   [MS_KNOWN_REALLOCATIONS] = t->total_reallocations,
			   [MS_KNOWN_DEALLOCATIONS] = t->total_deallocations,
			   [MS_KNOWN_UNMATCHED] = t->unmatched_deallocations,
			   [MS_KNOWN_ACTIVE] = t->active_allocations,
			   [MS_KNOWN_ALLOCATED] = t->total_allocated,
			   [MS_KNOWN_DEALLOCATED] = t->total_deallocated,
			   [MS_KNOWN_CURRENT_MEMORY] = t->current_memory,
			   [MS_KNOWN_PEAK_MEMORY] = t->peak_memory,
			   [MS_KNOWN_FAILED] = t->failed_allocations,
			   [MS_KNOWN_OVERWRITTEN_BLOCKS] = t->overwritten_blocks,
			   [MS_KNOWN_OVERWRITTEN_BYTES] = t->overwritten_bytes },
		.peak_at_ns = t->peak_at_ns,
	};
}

/* In the full mode the counts go on where the events end. */
static void counted(struct ms_known *known, const struct ms_counts *counts, bool go_on)
{
	const uint64_t values[MS_KNOWN_FIGURES] = {
		[MS_KNOWN_ALLOCATIONS] = counts->allocations,
		[MS_KNOWN_REALLOCATIONS] = counts->reallocations,
		[MS_KNOWN_DEALLOCATIONS] = counts->deallocations,
		[MS_KNOWN_ALLOCATED] = counts->allocated,
		[MS_KNOWN_FAILED] = counts->failed,
	};

	for (unsigned i = 0; i < MS_KNOWN_FIGURES; i++) {
		if (COUNTED & 1u << i)
			known->value[i] = values[i] + (go_on ? known->value[i] : 0);
	}
	known->absent &= ~COUNTED;
	known->estimated &= ~COUNTED;
}

uint64_t ms_known_sample_bytes(const struct ms_trace *trace)
{
	const struct ms_log_mode *mode = ms_log_mode(trace->log);

	if (mode->mode != MS_MODE_SAMPLE)
		return 0;
	return mode->parameter ? mode->parameter : 1;
}

#define ESTIMATED                                           \
	(1u << MS_KNOWN_ACTIVE | 1u << MS_KNOWN_ALLOCATED | \
	 1u << MS_KNOWN_CURRENT_MEMORY | 1u << MS_KNOWN_PEAK_MEMORY)

/* Figures of samples; size classes have all blocks between them. */
static void estimated(struct ms_known *known, const struct ms_snapshot *snapshot)
{
	const struct ms_figures *classes = ms_snapshot_size_classes(snapshot);

	known->absent = ALL & ~ESTIMATED;
	known->estimated = ESTIMATED;
	for (unsigned c = 0; c < MS_SIZE_CLASSES; c++) {
		const double *variance = classes[c].variance;

		known->variance[MS_KNOWN_ACTIVE] += variance[MS_FIGURE_LIVE_BLOCKS];
		known->variance[MS_KNOWN_ALLOCATED] += variance[MS_FIGURE_ALLOCATED];
		known->variance[MS_KNOWN_CURRENT_MEMORY] +=
			variance[MS_FIGURE_LIVE_BYTES];
		known->variance[MS_KNOWN_PEAK_MEMORY] += variance[MS_FIGURE_PEAK_BYTES];
	}
}

static bool ends_in_counters(const struct ms_log_mode *mode)
{
	return mode->mode == MS_MODE_COUNTERS || mode->fell_back;
}

bool ms_known_mappings(const struct ms_trace *trace)
{
	return !ends_in_counters(ms_log_mode(trace->log));
}

/* What was folded has no time: it belongs to the whole only. */
static void culled(struct ms_known *known, const struct ms_trace *trace, bool whole)
{
	size_t count;
	const struct ms_folded *folded = ms_log_folded(trace->log, &count);

	if (!whole)
		known->absent |= COUNTED | 1u << MS_KNOWN_DEALLOCATED;
	for (size_t i = 0; i < count; i++)
		known->value[MS_KNOWN_DEALLOCATED] += folded[i].bytes;
}

void ms_known_find(struct ms_known *known, const struct ms_trace *trace,
		   const struct ms_snapshot *snapshot, bool whole)
{
	const struct ms_log_mode *mode = ms_log_mode(trace->log);

	replayed(known, ms_snapshot_totals(snapshot));
	if (mode->mode == MS_MODE_SAMPLE)
		estimated(known, snapshot);
	if (mode->mode == MS_MODE_CULL)
		culled(known, trace, whole);
	if (whole && mode->counted)
		counted(known, ms_log_counts(trace->log), mode->mode == MS_MODE_FULL);
	if (whole && ends_in_counters(mode))
		known->absent |= ALL & ~COUNTED;
	if (!whole && (mode->mode == MS_MODE_COUNTERS ||
		       ms_known_beyond(trace, ms_snapshot_at_ns(snapshot))))
		known->absent |= ALL;
}

#define CHOSEN                                                       \
	(1u << MS_KNOWN_ALLOCATIONS | 1u << MS_KNOWN_REALLOCATIONS | \
	 1u << MS_KNOWN_DEALLOCATIONS | 1u << MS_KNOWN_DEALLOCATED | ESTIMATED)

void ms_known_tallied(struct ms_known *known, const struct ms_trace *trace,
		      const struct ms_snapshot *snapshot, const struct ms_tally *tally,
		      bool whole)
{
	const struct ms_log_mode *mode = ms_log_mode(trace->log);
	const struct ms_figures *all = &tally->all;

	*known = (struct ms_known){
		.value = { [MS_KNOWN_ALLOCATIONS] = all->allocations - tally->reallocated,
			   [MS_KNOWN_REALLOCATIONS] = tally->reallocated,
			   [MS_KNOWN_DEALLOCATIONS] = tally->freed_by_calls + all->culled,
			   [MS_KNOWN_ACTIVE] = all->live_blocks,
			   [MS_KNOWN_ALLOCATED] = all->allocated,
			   [MS_KNOWN_DEALLOCATED] = all->freed,
			   [MS_KNOWN_CURRENT_MEMORY] = all->live_bytes,
			   [MS_KNOWN_PEAK_MEMORY] = all->peak_bytes },
		.variance = { [MS_KNOWN_ACTIVE] = all->variance[MS_FIGURE_LIVE_BLOCKS],
			      [MS_KNOWN_ALLOCATED] = all->variance[MS_FIGURE_ALLOCATED],
			      [MS_KNOWN_CURRENT_MEMORY] =
				      all->variance[MS_FIGURE_LIVE_BYTES],
			      [MS_KNOWN_PEAK_MEMORY] =
				      all->variance[MS_FIGURE_PEAK_BYTES] },
		.peak_at_ns = ms_snapshot_totals(snapshot)->peak_at_ns,
		.absent = ALL & ~CHOSEN,
	};
	if (mode->mode == MS_MODE_SAMPLE) {
		known->absent = ALL & ~ESTIMATED;
		known->estimated = ESTIMATED;
	}
	if (all->absent & MS_FIGURES_MADE)
		known->absent |= COUNTED | 1u << MS_KNOWN_DEALLOCATED;
	if ((whole && ends_in_counters(mode)) || all->absent == MS_FIGURES_ALL)
		known->absent = ALL;
}

void ms_known_add(struct ms_known *sum, const struct ms_known *known)
{
	for (unsigned i = 0; i < MS_KNOWN_FIGURES; i++)
		sum->value[i] += known->value[i];
	for (unsigned i = 0; i < MS_KNOWN_FIGURES; i++)
		sum->variance[i] += known->variance[i];
	sum->estimated |= known->estimated;
	sum->absent |= known->absent;
	sum->peak_at_ns = known->peak_at_ns;
}

bool ms_known_beyond(const struct ms_trace *trace, uint64_t at_ns)
{
	const struct ms_log_mode *mode = ms_log_mode(trace->log);

	return mode->fell_back && at_ns > mode->fell_back_ns;
}

unsigned ms_known_lacks(const struct ms_trace *trace, const struct ms_snapshot *snapshot,
			bool whole)
{
	unsigned mode = ms_log_mode(trace->log)->mode, lacks = 0;

	if (!whole && (mode == MS_MODE_COUNTERS ||
		       ms_known_beyond(trace, ms_snapshot_at_ns(snapshot))))
		return MS_FIGURES_ALL;
	if (mode == MS_MODE_CULL || mode == MS_MODE_SAMPLE)
		lacks |= 1u << MS_FIGURE_TEMPORARY;
	if (mode == MS_MODE_CULL && !whole)
		lacks |= MS_FIGURES_MADE;
	return lacks;
}

unsigned ms_known_absent(const struct ms_trace *trace)
{
	const struct ms_log_mode *mode = ms_log_mode(trace->log);

	if (ends_in_counters(mode))
		return MS_FIGURES_ALL & ~MS_FIGURES_MADE;
	return mode->mode == MS_MODE_FULL ? 0 : 1u << MS_FIGURE_TEMPORARY;
}

void ms_known_counted(struct ms_figures *figures, const struct ms_trace *trace,
		      uint64_t allocations, uint64_t allocated, bool whole)
{
	const struct ms_log_mode *mode = ms_log_mode(trace->log);
	bool go_on = mode->mode == MS_MODE_FULL;

	if (!whole || !mode->counted)
		return;
	figures->absent |= ms_known_absent(trace);
	figures->absent &= ~MS_FIGURES_MADE;
	figures->estimated &= ~MS_FIGURES_MADE;
	figures->allocations = allocations + (go_on ? figures->allocations : 0);
	figures->allocated = allocated + (go_on ? figures->allocated : 0);
}
