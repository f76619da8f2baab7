/* SPDX-License-Identifier: Apache-2.0 */
/*
 * checkpoint.c - the state of a replay, written down.
 */
#include "analyzer/snapshot/checkpoint.h"
#include "analyzer/base/alloc.h"
#include "analyzer/snapshot/checkpoint_form.h"
#include "analyzer/snapshot/mappings.h"
#include "common/varint.h"

#define LEAST_BYTES 4096

void ms_draft_release(struct ms_draft *draft)
{
	ms_free(draft->bytes);
	*draft = (struct ms_draft){ 0 };
}

/* Where that many bytes may be written; NULL when the draft has failed. */
static uint8_t *room(struct ms_draft *d, size_t len_bytes)
{
	size_t wanted = d->capacity ? d->capacity : LEAST_BYTES;
	uint8_t *grown;

	if (d->failed)
		return NULL;
	if (__builtin_expect(d->capacity - d->len_bytes >= len_bytes, 1))
		return d->bytes + d->len_bytes;
	while (wanted - d->len_bytes < len_bytes)
		wanted += wanted / 2;
	grown = ms_realloc(d->bytes, wanted);
	d->failed = !grown;
	if (!grown)
		return NULL;
	d->bytes = grown;
	d->capacity = wanted;
	return grown + d->len_bytes;
}

static void put(struct ms_draft *d, const uint64_t *values, size_t count)
{
	uint8_t *p = room(d, count * MS_VARINT_MAX);

	if (!p)
		return;
	for (size_t i = 0; i < count; i++)
		p = ms_varint_put(p, values[i]);
	d->len_bytes = (size_t)(p - d->bytes);
}

static void put_one(struct ms_draft *d, uint64_t value)
{
	put(d, &value, 1);
}

uint64_t ms_checkpoint_estimate(uint64_t blocks, uint64_t groups)
{
	return 512 + 18 * blocks + 28 * groups;
}

/* --- part one -------------------------------------------------------------------------
 */

static void put_makers(struct ms_draft *d, const struct ms_heap *heap)
{
	put_one(d, heap->maker_count);
	for (size_t i = 0; i < heap->maker_count; i++) {
		const struct ms_maker *m = &heap->makers[i];

		put(d, (uint64_t[]){ m->thread, m->kind, m->align_log2 }, 3);
	}
}

static void put_slots(struct ms_draft *d, const struct ms_heap *heap, uint64_t last_ns)
{
	const struct ms_slot *s;
	uint64_t before = 0;
	size_t position = 0;

	put_one(d, heap->table.count);
	while ((s = ms_block_table_next(&heap->table, &position))) {
		put(d,
		    (uint64_t[]){ ms_form_address(before, s->address), s->size,
				  last_ns - s->at_ns, s->stack, s->maker },
		    5);
		before = s->address;
	}
}

struct transits {
	struct ms_draft *draft;
	uint64_t last_ns;
};

static void put_transit(void *context, uint32_t thread, const struct ms_block *old)
{
	struct transits *t = context;

	put(t->draft,
	    (uint64_t[]){ thread, old->address, old->size, t->last_ns - old->at_ns,
			  old->stack, old->thread, old->kind, old->align_log2 },
	    8);
}

void ms_checkpoint_put_heap(struct ms_draft *d, const struct ms_heap *heap,
			    uint64_t last_ns)
{
	put(d, (uint64_t[]){ MS_CHECKPOINT_VERSION, heap->sample_bytes }, 2);
	put_makers(d, heap);
	put_slots(d, heap, last_ns);
	put_one(d, heap->transits.waiting);
	ms_pairs_each(&heap->transits, put_transit, &(struct transits){ d, last_ns });
}

/* --- part two -------------------------------------------------------------------------
 */

static void put_mappings(struct ms_draft *d, const struct ms_mappings *mappings)
{
	size_t chunk = 0, index = 0;
	const struct ms_interval *interval;
	uint64_t before = 0, count = 0;

	while (ms_intervals_next(&mappings->set, &chunk, &index))
		count++;
	put(d, (const uint64_t *)(const void *)&mappings->totals, MS_MAPPING_WORDS);
	put_one(d, count);
	chunk = index = 0;
	while ((interval = ms_intervals_next(&mappings->set, &chunk, &index))) {
		put(d,
		    (uint64_t[]){ interval->start - before,
				  interval->end - interval->start },
		    2);
		before = interval->end;
	}
}

static void put_group(struct ms_draft *d, const struct ms_group *g)
{
	put(d,
	    (uint64_t[]){ g->allocations, g->allocated, g->allocations - g->frees,
			  g->allocated - g->freed, g->peak_blocks, g->peak_bytes,
			  g->temporary },
	    7);
}

static void put_variance(struct ms_draft *d, const struct ms_group_variance *v)
{
	uint8_t *p = room(d, sizeof(*v));

	if (!p)
		return;
	memcpy(p, v, sizeof(*v));
	d->len_bytes += sizeof(*v);
}

static void put_groups(struct ms_draft *d, const struct ms_groups *groups,
		       uint64_t last_ns)
{
	put_one(d, groups->count);
	for (size_t i = 0; i < groups->count; i++) {
		put_one(d, groups->ids[i]);
		put_group(d, &groups->items[i]);
		if (groups->variances)
			put_variance(d, &groups->variances[i]);
		if (groups->newest)
			put(d,
			    (uint64_t[]){ groups->newest[i].address,
					  last_ns - groups->newest[i].at_ns },
			    2);
	}
}

void ms_checkpoint_put_figures(struct ms_draft *d, const struct ms_heap *heap,
			       const struct ms_mappings *mappings, uint64_t last_ns)
{
	struct ms_aggregate *a = heap->aggregate;

	ms_aggregate_settle(a);
	put(d, (const uint64_t *)(const void *)&heap->totals, MS_TOTALS_WORDS);
	put_mappings(d, mappings);
	put_one(d, a->peak_memory);
	put_groups(d, &a->stacks, last_ns);
	put_groups(d, &a->threads, last_ns);
	for (unsigned c = 0; c < MS_SIZE_CLASSES; c++) {
		put_group(d, &a->classes[c]);
		if (a->sample_bytes)
			put_variance(d, &a->class_variances[c]);
	}
}
