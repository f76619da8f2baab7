/* SPDX-License-Identifier: Apache-2.0 */
/*
 * gate_figures.c - the figures that budgets and baselines are about.
 *
 * A gate that passes on totals looks up no name: sites are found when a budget is of one,
 * or when it has to be said who is to blame.
 */
#include "analyzer/facade/gate.h"
#include "analyzer/base/alloc.h"

void ms_gate_figures_init(struct ms_gate_figures *f, struct memscope *m,
			  const struct memscope_time *at,
			  struct ms_suppressions *suppressions)
{
	*f = (struct ms_gate_figures){ .m = m, .at = *at, .suppressions = suppressions };
	ms_frames_init(&f->seen);
	ms_map_init(&f->by_frame);
	ms_map_init(&f->losses.by_stack);
}

void ms_gate_figures_release(struct ms_gate_figures *f)
{
	if (f->has_views)
		ms_views_release(&f->views);
	ms_gate_losses_release(&f->losses);
	ms_frames_release(&f->seen);
	ms_map_release(&f->by_frame);
	ms_free(f->sites);
	*f = (struct ms_gate_figures){ 0 };
}

static bool is_of_losses(unsigned column)
{
	return column == MEMSCOPE_GATE_LEAKED || column == MEMSCOPE_GATE_LEAKED_BLOCKS;
}

static ms_status need_losses(struct ms_gate_figures *f, struct ms_error *err)
{
	ms_status status;

	if (f->has_losses)
		return MS_OK;
	status = ms_gate_losses_init(&f->losses, f->m, f->suppressions, err);
	f->has_losses = status == MS_OK;
	return status;
}

static ms_status need_views(struct ms_gate_figures *f, struct ms_error *err)
{
	ms_status status;

	if (f->has_views)
		return MS_OK;
	status = ms_views_init(&f->views, f->m, &f->at, NULL, false, err);
	f->has_views = status == MS_OK;
	return status;
}

/* --- totals
 * ----------------------------------------------------------------------------- */

static const char *why_unknown(const struct ms_trace *trace)
{
	const struct ms_log_mode *mode = ms_log_mode(trace->log);

	if (mode->fell_back)
		return "the log reached its size limit, and does not tell it from there "
		       "on";
	return mode->mode == MS_MODE_COUNTERS ? "the mode counters does not record it"
	       : mode->mode == MS_MODE_SAMPLE ? "the mode sample does not record it"
	       : mode->mode == MS_MODE_CULL   ? "the mode cull does not record it"
					      : "the log does not tell it";
}

static void add_known(struct ms_gate_value *value, const struct ms_trace *trace,
		      const struct ms_known *known, enum ms_known_id id)
{
	value->value += known->value[id];
	if (known->absent & 1u << id)
		value->lacks = why_unknown(trace);
	value->estimated |= known->estimated & 1u << id;
}

static void add_temporary(struct ms_gate_value *value, const struct ms_views *views,
			  size_t trace)
{
	for (unsigned c = 0; c < MS_SIZE_CLASSES; c++) {
		struct ms_figures f = ms_view_size_class(views, trace, c);

		value->value += f.temporary;
		if (f.absent & 1u << MS_FIGURE_TEMPORARY)
			value->lacks = why_unknown(&views->m->traces[trace]);
	}
}

static void add_view(struct ms_gate_value *value, const struct ms_views *views,
		     size_t trace, unsigned column)
{
	const struct ms_trace *of = &views->m->traces[trace];
	struct ms_known known;

	ms_view_known(views, trace, &known);
	switch (column) {
	case MEMSCOPE_GATE_UNFREED:
		add_known(value, of, &known, MS_KNOWN_CURRENT_MEMORY);
		break;
	case MEMSCOPE_GATE_PEAK:
		add_known(value, of, &known, MS_KNOWN_PEAK_MEMORY);
		break;
	case MEMSCOPE_GATE_ALLOCATIONS:
		add_known(value, of, &known, MS_KNOWN_ALLOCATIONS);
		add_known(value, of, &known, MS_KNOWN_REALLOCATIONS);
		break;
	default:
		add_temporary(value, views, trace);
	}
}

ms_status ms_gate_figure(struct ms_gate_figures *f, unsigned column,
			 struct ms_gate_value *value, struct ms_error *err)
{
	ms_status status;

	*value = (struct ms_gate_value){ 0 };
	if (is_of_losses(column)) {
		status = need_losses(f, err);
		if (status != MS_OK)
			return status;
		value->value = column == MEMSCOPE_GATE_LEAKED ? f->losses.bytes
							      : f->losses.blocks;
		value->lacks = f->losses.lacks;
		value->excused = f->losses.excused;
		return MS_OK;
	}
	status = need_views(f, err);
	for (size_t i = 0; status == MS_OK && i < f->m->count; i++)
		add_view(value, &f->views, i, column);
	return status;
}

/* --- sites
 * ------------------------------------------------------------------------------ */

/* The site of a stack, new when need be. */
static ms_status site_of(struct ms_gate_figures *f, uint32_t trace, uint32_t stack,
			 struct ms_gate_site **site, struct ms_error *err)
{
	const struct ms_frame *frame;
	ms_status status = ms_metadata_site(f->m->traces[trace].meta, stack, &frame, err);
	uint64_t *index;
	uint32_t id;

	if (status != MS_OK)
		return status;
	id = ms_frames_id(&f->seen, frame);
	index = id == MS_FRAME_NONE ? NULL : ms_map_at(&f->by_frame, id, NULL);
	if (!index || ms_grow((void **)&f->sites, &f->site_capacity, f->site_count,
			      sizeof(*f->sites)) < 0)
		return ms_fail_memory(err);
	if (!*index) {
		f->sites[f->site_count] = (struct ms_gate_site){ .frame = id };
		*index = ++f->site_count;
	}
	*site = &f->sites[*index - 1];
	return MS_OK;
}

static void add_value(struct ms_gate_site *site, unsigned column, uint64_t value,
		      uint32_t trace, uint32_t stack)
{
	struct ms_gate_heaviest *heaviest = &site->heaviest[column];

	site->values[column] += value;
	if (value > heaviest->weight)
		*heaviest = (struct ms_gate_heaviest){ trace, stack, value };
}

/* The figures that a column is, with their bits of absence. */
static const struct {
	unsigned column;
	enum ms_figure_id figure;
} of_figures[] = {
	{ MEMSCOPE_GATE_UNFREED, MS_FIGURE_LIVE_BYTES },
	{ MEMSCOPE_GATE_PEAK, MS_FIGURE_PEAK_BYTES },
	{ MEMSCOPE_GATE_ALLOCATIONS, MS_FIGURE_ALLOCATIONS },
	{ MEMSCOPE_GATE_TEMPORARY, MS_FIGURE_TEMPORARY },
};

static ms_status add_stack(struct ms_gate_figures *f, uint32_t trace,
			   const struct ms_stack_figures *stack, struct ms_error *err)
{
	const uint64_t values[] = { stack->f.live_bytes, stack->f.peak_bytes,
				    stack->f.allocations, stack->f.temporary };
	struct ms_gate_site *site;
	ms_status status = site_of(f, trace, stack->stack, &site, err);

	if (status != MS_OK)
		return status;
	for (size_t i = 0; i < sizeof(of_figures) / sizeof(of_figures[0]); i++) {
		add_value(site, of_figures[i].column, values[i], trace, stack->stack);
		if (stack->f.absent & 1u << of_figures[i].figure)
			f->site_lacks |= 1u << of_figures[i].column;
	}
	return MS_OK;
}

static ms_status add_losses(struct ms_gate_figures *f, struct ms_error *err)
{
	ms_status status = MS_OK;

	for (size_t i = 0; status == MS_OK && i < f->losses.count; i++) {
		const struct ms_gate_lost *lost = &f->losses.items[i];
		struct ms_gate_site *site;

		status = site_of(f, lost->trace, lost->stack, &site, err);
		if (status != MS_OK)
			break;
		add_value(site, MEMSCOPE_GATE_LEAKED, lost->bytes, lost->trace,
			  lost->stack);
		add_value(site, MEMSCOPE_GATE_LEAKED_BLOCKS, lost->blocks, lost->trace,
			  lost->stack);
	}
	return status;
}

/* Where the log has no figures of stacks at all. */
static void note_modes(struct ms_gate_figures *f)
{
	for (size_t i = 0; i < f->m->count; i++) {
		const struct ms_log_mode *mode = ms_log_mode(f->m->traces[i].log);

		if (mode->mode == MS_MODE_COUNTERS || mode->fell_back)
			f->site_lacks = (1u << MS_GATE_COLUMNS) - 1;
	}
	if (f->losses.lacks)
		f->site_lacks |=
			1u << MEMSCOPE_GATE_LEAKED | 1u << MEMSCOPE_GATE_LEAKED_BLOCKS;
}

ms_status ms_gate_find_sites(struct ms_gate_figures *f, struct ms_error *err)
{
	ms_status status;

	if (f->has_sites)
		return MS_OK;
	status = need_views(f, err);
	/* What is lost is known of the end only. */
	if (status == MS_OK && f->views.whole)
		status = need_losses(f, err);
	if (status == MS_OK)
		status = ms_names_of_views(&f->views, MS_RESOLVE_SITES, err);
	for (size_t t = 0; status == MS_OK && t < f->m->count; t++) {
		size_t count;
		const struct ms_stack_figures *stacks =
			ms_view_stacks(&f->views, t, &count);

		for (size_t i = 0; status == MS_OK && i < count; i++)
			status = add_stack(f, (uint32_t)t, &stacks[i], err);
	}
	if (status == MS_OK)
		status = add_losses(f, err);
	note_modes(f);
	f->has_sites = status == MS_OK;
	return status;
}
