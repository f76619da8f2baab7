/* SPDX-License-Identifier: Apache-2.0 */
/*
 * waste.c - what the detectors of waste share.
 *
 * They count by stack, which costs little while a log is replayed.  A site is what people
 * look at, and what a threshold is about: a program in which one line wastes memory has
 * many stacks that lead there.
 */
#include "analyzer/analysis/waste.h"
#include "analyzer/base/alloc.h"

void ms_waste_init(struct ms_waste *waste)
{
	*waste = (struct ms_waste){ 0 };
	ms_dense_init(&waste->by_stack);
	ms_map_init(&waste->by_site);
}

void ms_waste_release(struct ms_waste *waste)
{
	ms_free(waste->rows);
	ms_dense_release(&waste->by_stack);
	ms_map_release(&waste->by_site);
	*waste = (struct ms_waste){ 0 };
}

struct ms_waste_row *ms_waste_at(struct ms_waste *waste, const struct ms_block *block)
{
	const struct ms_dense_rows rows = { (void **)&waste->rows, &waste->count,
					    &waste->capacity, sizeof(*waste->rows),
					    &waste->by_stack };
	bool is_new;
	struct ms_waste_row *row = ms_dense_rows_at(&rows, block->stack, &is_new);

	if (!row)
		waste->failed = true;
	else if (is_new)
		row->block = *block;
	return row;
}

struct ms_waste_row *ms_waste_find(const struct ms_waste *waste, uint32_t stack)
{
	uint32_t row;

	return ms_dense_find(&waste->by_stack, stack, &row) ? &waste->rows[row] : NULL;
}

/* --- by site --------------------------------------------------------------------------
 */

static void merge(struct ms_waste_row *site, const struct ms_waste_row *row, bool is_new)
{
	for (size_t i = 0; i < MS_WASTE_SUMS; i++)
		site->sums[i] += row->sums[i];
	if (is_new || row->sums[0] > site->heaviest) {
		site->block = row->block;
		site->heaviest = row->sums[0];
	}
	if (row->most > site->most) {
		site->most = row->most;
		site->of_most = row->of_most;
	}
}

/* The names of all of them at once, on several threads. */
static ms_status resolve(const struct ms_waste *stacks,
			 const struct ms_check_input *input, struct ms_error *err)
{
	uint32_t *nodes = ms_alloc(stacks->count * sizeof(*nodes));
	ms_status status;

	if (!nodes)
		return ms_fail_memory(err);
	for (size_t i = 0; i < stacks->count; i++)
		nodes[i] = stacks->rows[i].block.stack;
	status = ms_metadata_resolve(input->meta, MS_RESOLVE_SITES, nodes, stacks->count,
				     input->threads, err);
	ms_free(nodes);
	return status;
}

/* The site of a frame, as the facade tells sites apart; NULL without memory. */
static struct ms_waste_row *site_of(struct ms_waste *sites, const struct ms_frame *frame,
				    bool *is_new)
{
	const struct ms_keyed rows = { (void **)&sites->rows, &sites->count,
				       &sites->capacity, sizeof(*sites->rows),
				       &sites->by_site };
	uint64_t key = frame ? ms_frame_hash(frame) : 0;
	struct ms_waste_row *site;

	for (;; key++) {
		site = ms_keyed_at(&rows, key, is_new);
		if (!site || *is_new || site->frame == frame ||
		    (site->frame && frame && ms_frame_same(site->frame, frame)))
			break;
	}
	if (site && *is_new)
		site->frame = frame;
	return site;
}

static bool has_least(const struct ms_waste *stacks, uint64_t least)
{
	for (size_t i = 0; i < stacks->count; i++)
		if (stacks->rows[i].sums[0] >= least)
			return true;
	return false;
}

ms_status ms_waste_sites(struct ms_waste *sites, const struct ms_waste *stacks,
			 uint64_t least, const struct ms_check_input *input,
			 struct ms_error *err)
{
	ms_status status;

	if (!has_least(stacks, least))
		return MS_OK;
	status = resolve(stacks, input, err);
	for (size_t i = 0; status == MS_OK && i < stacks->count; i++) {
		const struct ms_waste_row *row = &stacks->rows[i];
		const struct ms_frame *frame;
		struct ms_waste_row *site;
		bool is_new;

		status = ms_metadata_site(input->meta, row->block.stack, &frame, err);
		if (status != MS_OK)
			break;
		site = site_of(sites, frame, &is_new);
		if (!site)
			return ms_fail_memory(err);
		merge(site, row, is_new);
	}
	return status;
}

ms_status ms_waste_judge(const struct ms_waste *stacks, uint64_t least,
			 const struct ms_check_input *input,
			 ms_status (*judge)(void *context,
					    const struct ms_waste_row *site,
					    struct ms_error *err),
			 void *context, struct ms_error *err)
{
	struct ms_waste sites;
	ms_status status;

	ms_waste_init(&sites);
	status = stacks->failed ? ms_fail_memory(err)
				: ms_waste_sites(&sites, stacks, least, input, err);
	for (size_t i = 0; status == MS_OK && i < sites.count; i++)
		status = judge(context, &sites.rows[i], err);
	ms_waste_release(&sites);
	return status;
}

const struct ms_waste_row *ms_waste_heaviest(const struct ms_waste *waste)
{
	const struct ms_waste_row *most = waste->rows;

	for (size_t i = 1; i < waste->count; i++)
		if (waste->rows[i].sums[0] > most->sums[0])
			most = &waste->rows[i];
	return most;
}

/* --- evidence -------------------------------------------------------------------------
 */

double ms_waste_share(uint64_t part, uint64_t whole)
{
	return whole ? (double)part / (double)whole : 0;
}

static void add(struct ms_finding *finding, const char *name, enum ms_evidence_unit unit,
		uint64_t number, double real)
{
	ms_finding_evidence(finding, &(struct ms_evidence){ .name = name,
							    .unit = unit,
							    .number = number,
							    .real = real });
}

void ms_waste_count(struct ms_finding *finding, const char *name, uint64_t number)
{
	add(finding, name, MS_EVIDENCE_COUNT, number, 0);
}

void ms_waste_bytes(struct ms_finding *finding, const char *name, uint64_t number)
{
	add(finding, name, MS_EVIDENCE_BYTES, number, 0);
}

void ms_waste_time(struct ms_finding *finding, const char *name, uint64_t ns)
{
	add(finding, name, MS_EVIDENCE_NS, ns, 0);
}

void ms_waste_real(struct ms_finding *finding, const char *name, double real)
{
	add(finding, name, MS_EVIDENCE_REAL, 0, real);
}

void ms_waste_part(struct ms_finding *finding, const char *name, double share)
{
	add(finding, name, MS_EVIDENCE_SHARE, 0, share);
}

void ms_waste_text(struct ms_finding *finding, const char *name, const char *text)
{
	ms_finding_evidence(finding, &(struct ms_evidence){ .name = name,
							    .unit = MS_EVIDENCE_TEXT,
							    .text = text });
}

void ms_waste_thread(struct ms_finding *finding, const char *name,
		     const struct ms_check_input *input, uint32_t thread)
{
	const struct ms_thread *t = ms_metadata_thread(input->meta, thread);

	if (t && t->tid)
		add(finding, name, MS_EVIDENCE_ID, t->tid, 0);
}

/* --- what a log must have -------------------------------------------------------------
 */

const char *ms_waste_needs_pairs(const struct ms_check_input *input)
{
	return ms_log_mode(input->log)->mode == MS_MODE_CULL
		       ? "the mode cull does not record short-lived blocks one by one"
		       : NULL;
}

const char *ms_waste_needs_all(const struct ms_check_input *input)
{
	return ms_log_mode(input->log)->mode == MS_MODE_SAMPLE
		       ? "a sample does not have every call"
		       : ms_waste_needs_pairs(input);
}
