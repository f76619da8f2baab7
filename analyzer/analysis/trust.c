/* SPDX-License-Identifier: Apache-2.0 */
/*
 * trust.c - how far a log's word can be taken that something did not happen.
 *
 * A free of an address that nothing owned is an error only when the log cannot have
 * missed the allocation: it may have been made by the process that forked this one, while
 * recording was paused, or lie in a part that was lost.
 */
#include "analyzer/analysis/trust.h"
#include "analyzer/base/alloc.h"
#include "common/lost.h"

#include <stdlib.h>

/* Switching is told after it is done, and threads take note of it one by one. */
#define SETTLES_NS UINT64_C(10000000)

/* Counters of lost.h whose events may be any. */
static const unsigned any_event[] = {
	MS_LOST_NESTED_EVENTS,
	MS_LOST_THREADLESS_EVENTS,
	MS_LOST_META_RECORDS,
	MS_LOST_ABANDONED_HOOKS,
};

static bool is_lossy(const struct ms_log *log)
{
	const struct ms_wire_status *status = ms_log_status(log);
	size_t damage;

	ms_log_damage(log, &damage);
	if (damage)
		return true;
	for (size_t i = 0; i < sizeof(any_event) / sizeof(*any_event); i++) {
		if (status->lost[any_event[i]])
			return true;
	}
	return false;
}

static ms_status add_gap(struct ms_trust *trust, uint64_t from_ns, uint64_t to_ns,
			 struct ms_error *err)
{
	if (ms_grow((void **)&trust->gaps, &trust->capacity, trust->count,
		    sizeof(*trust->gaps)) < 0)
		return ms_fail_memory(err);
	from_ns = from_ns > SETTLES_NS ? from_ns - SETTLES_NS : 0;
	to_ns = to_ns < UINT64_MAX - SETTLES_NS ? to_ns + SETTLES_NS : UINT64_MAX;
	trust->gaps[trust->count++] = (struct ms_gap){ from_ns, to_ns };
	return MS_OK;
}

static int by_time(const void *a, const void *b)
{
	const struct ms_note *x = a, *y = b;

	if (x->at_ns != y->at_ns)
		return x->at_ns < y->at_ns ? -1 : 1;
	return x->on - y->on;
}

/* Notes by time; MS_OK with NULL: there are none of switching. */
static ms_status switches(struct ms_note **out, size_t *count,
			  const struct ms_metadata *meta, struct ms_error *err)
{
	size_t all;
	const struct ms_note *notes = ms_metadata_notes(meta, &all);

	*out = NULL;
	*count = 0;
	for (size_t i = 0; i < all; i++) {
		if (notes[i].on < 0)
			continue;
		if (!*out)
			*out = ms_alloc(all * sizeof(**out));
		if (!*out)
			return ms_fail_memory(err);
		(*out)[(*count)++] = notes[i];
	}
	if (*count)
		qsort(*out, *count, sizeof(**out), by_time);
	return MS_OK;
}

static ms_status add_pauses(struct ms_trust *trust, const struct ms_metadata *meta,
			    struct ms_error *err)
{
	struct ms_note *notes;
	size_t count;
	ms_status status = switches(&notes, &count, meta, err);
	uint64_t off_ns = 0;
	bool off = false;

	for (size_t i = 0; status == MS_OK && i < count; i++) {
		if (notes[i].on && off)
			status = add_gap(trust, off_ns, notes[i].at_ns, err);
		else if (!notes[i].on && !off)
			off_ns = notes[i].at_ns;
		off = !notes[i].on;
	}
	if (status == MS_OK && off)
		status = add_gap(trust, off_ns, UINT64_MAX, err);
	ms_free(notes);
	return status;
}

/* Gaps come in order but for the last, and may have met. */
static void join(struct ms_trust *trust)
{
	size_t n = 0;

	for (size_t i = 0; i < trust->count; i++) {
		struct ms_gap gap = trust->gaps[i];

		while (n && gap.from_ns <= trust->gaps[n - 1].to_ns) {
			struct ms_gap *last = &trust->gaps[--n];

			gap.from_ns =
				last->from_ns < gap.from_ns ? last->from_ns : gap.from_ns;
			gap.to_ns = last->to_ns > gap.to_ns ? last->to_ns : gap.to_ns;
		}
		trust->gaps[n++] = gap;
	}
	trust->count = n;
}

ms_status ms_trust_init(struct ms_trust *trust, const struct ms_check_input *input,
			struct ms_error *err)
{
	const struct ms_wire_status *wire = ms_log_status(input->log);
	ms_status status;

	*trust = (struct ms_trust){ .lossy = is_lossy(input->log) };
	trust->forked = ms_metadata_process(input->meta)->flags & MS_HEAD_FORKED;
	status = add_pauses(trust, input->meta, err);
	/* Calls that were paused, and nothing says when. */
	trust->lossy |= !trust->count && (wire->lost[MS_LOST_PAUSED_ALLOCS] ||
					  wire->lost[MS_LOST_PAUSED_FREES]);
	if (status == MS_OK && wire->stop != MS_STOP_NONE)
		status = add_gap(
			trust, ms_ticks_to_ns(ms_log_scale(input->log), wire->stop_ticks),
			UINT64_MAX, err);
	join(trust);
	return status;
}

void ms_trust_release(struct ms_trust *trust)
{
	ms_free(trust->gaps);
	*trust = (struct ms_trust){ 0 };
}

uint64_t ms_trust_since(const struct ms_trust *trust, uint64_t at_ns)
{
	size_t low = 0, high = trust->count;

	/* the first that ends after at_ns */
	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (trust->gaps[middle].to_ns > at_ns)
			high = middle;
		else
			low = middle + 1;
	}
	if (low < trust->count && trust->gaps[low].from_ns <= at_ns)
		return UINT64_MAX;
	return low ? trust->gaps[low - 1].to_ns : 0;
}

bool ms_trust_between(const struct ms_trust *trust, uint64_t from_ns, uint64_t to_ns)
{
	return !trust->lossy && ms_trust_since(trust, to_ns) <= from_ns;
}
