/* SPDX-License-Identifier: Apache-2.0 */
/*
 * leak.c - detector: blocks that nothing points to any more.
 *
 * What hangs on a lost block is told with it, and is no finding of its own: it goes when
 * that one is freed.
 */
#include "analyzer/analysis/detectors.h"
#include "analyzer/base/alloc.h"

struct lost { /* blocks of one stack and kind */
	const struct ms_leak_block *heaviest;
	uint64_t blocks, bytes, hanging_blocks, hanging_bytes, in_rings;
};

struct state {
	const struct ms_check_input *input;
	struct lost *items;
	size_t count, capacity;
	struct ms_map by_stack; /* stack << 1 | possible, to 1 + an index */
};

static const char *unable(const struct ms_check_input *input)
{
	if (input->leaks)
		return NULL;
	return input->no_leaks ? input->no_leaks : "no pointer map";
}

static void free_state(void *state)
{
	struct state *s = state;

	if (!s)
		return;
	ms_map_release(&s->by_stack);
	ms_free(s->items);
	ms_free(s);
}

static struct lost *lost_of(struct state *s, const struct ms_leak_block *b)
{
	uint64_t key = (uint64_t)b->block.stack << 1 | (b->kind == MS_LEAK_POSSIBLE);
	uint64_t *index = ms_map_at(&s->by_stack, key, NULL);

	if (!index)
		return NULL;
	if (*index)
		return &s->items[*index - 1];
	if (ms_grow((void **)&s->items, &s->capacity, s->count, sizeof(*s->items)) < 0)
		return NULL;
	s->items[s->count] = (struct lost){ .heaviest = b };
	*index = ++s->count;
	return &s->items[*index - 1];
}

static uint64_t weight(const struct ms_leak_block *b)
{
	return b->block.size + b->hanging_bytes;
}

static ms_status add(struct state *s, const struct ms_leak_block *b, struct ms_error *err)
{
	struct lost *lost;
	bool wanted;
	ms_status status = ms_check_wants(s->input, &b->block, &wanted, err);

	if (status != MS_OK || !wanted)
		return status;
	lost = lost_of(s, b);
	if (!lost)
		return ms_fail_memory(err);
	lost->blocks++;
	lost->bytes += b->block.size;
	lost->hanging_blocks += b->hanging_blocks;
	lost->hanging_bytes += b->hanging_bytes;
	lost->in_rings += b->cycle;
	if (weight(b) > weight(lost->heaviest))
		lost->heaviest = b;
	return MS_OK;
}

static ms_status begin(void **state, const struct ms_check_input *input,
		       struct ms_error *err)
{
	const struct ms_leaks *leaks = input->leaks;
	struct state *s = ms_alloc_zero(1, sizeof(*s));
	ms_status status = MS_OK;

	if (!s)
		return ms_fail_memory(err);
	*state = s;
	s->input = input;
	ms_map_init(&s->by_stack);
	for (size_t i = 0; status == MS_OK && i < leaks->count; i++) {
		if (leaks->blocks[i].kind == MS_LEAK_DEFINITE ||
		    leaks->blocks[i].kind == MS_LEAK_POSSIBLE)
			status = add(s, &leaks->blocks[i], err);
	}
	return status;
}

static void add_count(struct ms_finding *f, const char *name, enum ms_evidence_unit unit,
		      uint64_t number)
{
	if (number)
		ms_finding_evidence(f, &(struct ms_evidence){ .name = name,
							      .unit = unit,
							      .number = number });
}

static ms_status report(const struct lost *lost, struct ms_findings *findings,
			struct ms_error *err)
{
	bool definite = lost->heaviest->kind == MS_LEAK_DEFINITE;
	struct ms_finding *f = ms_findings_add(findings, &ms_detector_leak,
					       ms_leak_names[lost->heaviest->kind]);
	struct ms_finding_point point =
		ms_finding_made("allocated", &lost->heaviest->block);

	if (!f)
		return ms_fail_memory(err);
	f->severity = definite ? MS_SEVERITY_HIGH : MS_SEVERITY_LOW;
	f->count = lost->blocks;
	f->bytes = lost->bytes;
	f->suggestion = definite ? "free it before the last pointer to it goes"
				 : "only a pointer into its middle is left: look whether "
				   "that is meant";
	ms_finding_point(f, &point);
	add_count(f, "lost_with_it_blocks", MS_EVIDENCE_COUNT, lost->hanging_blocks);
	add_count(f, "lost_with_it_bytes", MS_EVIDENCE_BYTES, lost->hanging_bytes);
	add_count(f, "blocks_in_rings", MS_EVIDENCE_COUNT, lost->in_rings);
	return MS_OK;
}

static ms_status end(void *state, const struct ms_replayed *replayed,
		     struct ms_findings *findings, struct ms_error *err)
{
	const struct state *s = state;
	ms_status status = MS_OK;

	(void)replayed;
	for (size_t i = 0; status == MS_OK && i < s->count; i++)
		status = report(&s->items[i], findings, err);
	return status;
}

const struct ms_detector ms_detector_leak = {
	.name = "leak",
	.summary = "blocks that nothing points to any more",
	.worst = MS_SEVERITY_HIGH,
	.unable = unable,
	.begin = begin,
	.end = end,
	.free = free_state,
};
