/* SPDX-License-Identifier: Apache-2.0 */
/*
 * block_scan.c - one reading of the table allocations: trace after trace.
 */
#include "analyzer/facade/block_scan.h"
#include "analyzer/base/alloc.h"

struct block_scan {
	struct ms_scan base; /* first */
	struct ms_tables *tables;
	struct ms_block_want want;
	struct ms_bound trace, process;
	struct ms_block_feed *feed; /* of the trace that is read; NULL: between two */
	struct ms_block_view view;
};

static struct block_scan *scan_of(struct ms_scan *base)
{
	return (struct block_scan *)(void *)base;
}

static ms_status begin_trace(struct block_scan *s, struct ms_error *err)
{
	const struct ms_trace *trace = &s->tables->m->traces[s->view.trace];
	unsigned mode = ms_log_mode(trace->log)->mode;

	s->view.meta = trace->meta;
	s->view.sample_bytes = ms_known_sample_bytes(trace);
	s->view.tells_temporary = mode != MS_MODE_CULL && mode != MS_MODE_SAMPLE;
	return ms_block_feed_open(&s->feed, s->tables, s->view.trace, &s->want, err);
}

static ms_status next(struct ms_scan *base, bool *more, struct ms_error *err)
{
	struct block_scan *s = scan_of(base);
	ms_status status = MS_OK;

	s->view.row = NULL;
	while (status == MS_OK && !s->view.row) {
		if (!s->feed &&
		    !ms_plan_trace(s->tables, &s->trace, &s->process, &s->view.trace))
			break;
		if (!s->feed)
			status = begin_trace(s, err);
		if (status == MS_OK)
			status = ms_block_feed_next(s->feed, &s->view.row, err);
		if (status == MS_OK && !s->view.row) {
			ms_block_feed_close(s->feed);
			s->feed = NULL;
			s->view.trace++;
		}
	}
	*more = s->view.row;
	return status;
}

static ms_status value(struct ms_scan *base, size_t column, struct ms_value *out,
		       struct ms_error *err)
{
	struct block_scan *s = scan_of(base);

	return ms_block_value(s->tables, &s->view, (enum ms_block_column)column, out,
			      err);
}

static void close_scan(struct ms_scan *base)
{
	ms_block_feed_close(scan_of(base)->feed);
	ms_free(base);
}

ms_status ms_block_scan_open(struct ms_scan **out, const struct ms_source *source,
			     const struct ms_scan_plan *plan, struct ms_error *err)
{
	struct block_scan *s = ms_alloc_zero(1, sizeof(*s));

	*out = NULL;
	if (!s)
		return ms_fail_memory(err);
	s->base = (struct ms_scan){ next, value, close_scan };
	s->tables = source->context;
	s->trace = ms_plan_bound(plan, MS_BLOCK_TRACE);
	s->process = ms_plan_bound(plan, MS_BLOCK_PROCESS);
	s->want = (struct ms_block_want){
		.made = ms_plan_bound(plan, MS_BLOCK_T_ALLOC),
		.ended = ms_plan_bound(plan, MS_BLOCK_T_FREE),
		.size = ms_plan_bound(plan, MS_BLOCK_SIZE),
		.thread = ms_plan_bound(plan, MS_BLOCK_THREAD),
		.address = ms_plan_bound(plan, MS_BLOCK_ADDRESS),
		.stack = ms_plan_bound(plan, MS_BLOCK_STACK),
		.needs = plan->needs,
	};
	*out = &s->base;
	return MS_OK;
}
