/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sources_figures.c - tables of figures: sites(at), diff(a, b), timeline(buckets).
 */
#include "analyzer/facade/diff.h"
#include "analyzer/facade/sites.h"
#include "analyzer/facade/sources.h"
#include "analyzer/timeline/timeline.h"
#include "common/units.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define FIGURE(name, type, doc)       \
	{                             \
		name, type, 0, 0, doc \
	}
#define KEY(name, type, doc)                      \
	{                                         \
		name, type, MS_SOURCE_KEY, 0, doc \
	}
#define SITE_COLUMNS                                                                     \
	MS_TRACE_COLUMN, MS_PROCESS_COLUMN,                                              \
		KEY("function", MS_TYPE_TEXT,                                            \
		    "that called the allocator; NULL: not known"),                       \
		KEY("file", MS_TYPE_TEXT, "source file of that call, or NULL"),          \
		KEY("line", MS_TYPE_ID, "line of that call, or NULL"),                   \
		KEY("module", MS_TYPE_TEXT, "program or library of that call, or NULL"), \
		KEY("address", MS_TYPE_ADDRESS,                                          \
		    "in the module, where the function is not known")
#define INSTANTS "'start', 'end', 'peak', '12.5s', '40%', 'mark:NAME' or ns"

static void with_figures(const struct ms_source *source, unsigned needs, double *rows,
			 double *reads)
{
	(void)needs;
	ms_made_estimate(source, true, rows, reads);
}

/* --- sites ----------------------------------------------------------------------------
 */

static const struct ms_source_column site_columns[] = {
	SITE_COLUMNS,
	FIGURE("allocations", MS_TYPE_COUNT, "blocks made"),
	FIGURE("allocated", MS_TYPE_BYTES, "bytes of them"),
	FIGURE("live_blocks", MS_TYPE_COUNT, "of them live at the instant"),
	FIGURE("live_bytes", MS_TYPE_BYTES, "bytes of those"),
	FIGURE("peak_blocks", MS_TYPE_COUNT, "of them live at the process's peak"),
	FIGURE("peak_bytes", MS_TYPE_BYTES, "bytes of those"),
	FIGURE("temporary", MS_TYPE_COUNT, "freed before the thread made another"),
	FIGURE("culled", MS_TYPE_COUNT, "of the allocations: folded by the mode cull"),
	FIGURE("stack", MS_TYPE_ID, "its stack with most bytes in all"),
	FIGURE("stacks", MS_TYPE_COUNT, "how many stacks end there"),
	FIGURE("type", MS_TYPE_TEXT,
	       "C++ or Rust type that a function's name in that stack tells, or NULL"),
	{ "at", MS_TYPE_TEXT, MS_SOURCE_PARAMETER, 0,
	  "the instant: " INSTANTS " (default 'end')" },
};

/* What a frame is: members of a site's row. */
static void add_frame(struct ms_doc *doc, json_t *row, const struct ms_frame *frame)
{
	ms_doc_frame(doc, row, frame);
	/* As its bits, and not as the text that documents have. */
	if (!frame->function && (frame->address || frame->module))
		ms_doc_value(doc, row, "address",
			     json_integer((json_int_t)frame->address));
}

static uint64_t count_members(const struct ms_sites *sites, const struct ms_site *site)
{
	uint64_t count = 0;

	for (uint32_t i = site->first; i != MS_FRAME_NONE; i = sites->members[i].next)
		count++;
	return count;
}

static ms_status add_site(struct ms_tables *tables, struct ms_doc *doc, json_t *rows,
			  const struct ms_sites *sites, size_t trace, size_t index,
			  struct ms_error *err)
{
	const struct ms_site *site = &sites->items[index];
	const struct ms_frame *frame = &sites->seen.items[site->frame].frame;
	uint32_t stack = sites->members[site->heaviest].stack;
	json_t *row = ms_made_row(tables, doc, rows, trace);
	ms_status status;

	add_frame(doc, row, frame);
	ms_doc_figures(doc, row, &site->f);
	ms_doc_u64(doc, row, "culled", site->f.culled);
	if (stack)
		ms_doc_u64(doc, row, "stack", stack);
	ms_doc_u64(doc, row, "stacks", count_members(sites, site));
	status = ms_type_of_stack(&tables->text, tables->m->traces[trace].meta, stack,
				  err);
	if (status == MS_OK && tables->text.len)
		ms_doc_text(doc, row, "type", ms_strbuf_text(&tables->text));
	return status;
}

static ms_status make_sites_of(struct ms_tables *tables, const struct memscope_time *at,
			       struct ms_doc *doc, json_t *rows, struct ms_error *err)
{
	const struct ms_views *views;
	ms_status status = ms_tables_moment(tables, at, &views, err);

	for (size_t t = 0; status == MS_OK && t < tables->m->count; t++) {
		/* One trace alone: a site of two processes is two rows. */
		struct memscope one = ms_tables_one(tables, t);
		struct ms_views view = { &one, &views->items[t], views->whole };
		struct ms_sites sites;

		status = ms_sites_init(&sites, &view, MEMSCOPE_GROUP_SITE, err);
		if (status != MS_OK)
			break;
		ms_sites_sort(&sites, MEMSCOPE_BY_ALLOCATED);
		for (size_t i = 0; status == MS_OK && i < sites.count; i++)
			status = add_site(tables, doc, rows, &sites, t, i, err);
		ms_sites_release(&sites);
	}
	return status;
}

static ms_status make_sites(struct ms_tables *tables, const char *const *arguments,
			    struct ms_doc *doc, json_t *rows, struct ms_error *err)
{
	struct memscope_time at;
	ms_status status = ms_tables_time(&at, arguments[0], err);

	return status == MS_OK ? make_sites_of(tables, &at, doc, rows, err) : status;
}

static ms_status open_sites(struct ms_scan **out, const struct ms_source *source,
			    const struct ms_scan_plan *plan, struct ms_error *err)
{
	return ms_made_open(out, source, plan, make_sites, err);
}

/* --- diff -----------------------------------------------------------------------------
 */

static const struct ms_source_column diff_columns[] = {
	SITE_COLUMNS,
	FIGURE("class", MS_TYPE_TEXT, "new, gone, grown, shrunk or same"),
	FIGURE("blocks_a", MS_TYPE_COUNT, "live at a"),
	FIGURE("blocks_b", MS_TYPE_COUNT, "live at b"),
	FIGURE("bytes_a", MS_TYPE_BYTES, "live at a"),
	FIGURE("bytes_b", MS_TYPE_BYTES, "live at b"),
	FIGURE("blocks_change", MS_TYPE_SIGNED, "blocks_b - blocks_a"),
	FIGURE("bytes_change", MS_TYPE_SIGNED, "bytes_b - bytes_a"),
	{ "a", MS_TYPE_TEXT, MS_SOURCE_PARAMETER, 0,
	  "an instant: " INSTANTS " (default 'start')" },
	{ "b", MS_TYPE_TEXT, MS_SOURCE_PARAMETER, 0, "a later one (default 'end')" },
};

static void add_change(struct ms_tables *tables, struct ms_doc *doc, json_t *rows,
		       size_t trace, const struct ms_diff *diff, size_t index)
{
	const struct ms_diff_row *change = &diff->rows[index];
	json_t *row = ms_made_row(tables, doc, rows, trace);

	add_frame(doc, row, &diff->normal.seen.items[change->frame].frame);
	ms_doc_text(doc, row, "class", ms_diff_class_names[change->class]);
	ms_doc_u64(doc, row, "blocks_a", change->before.live_blocks);
	ms_doc_u64(doc, row, "blocks_b", change->after.live_blocks);
	ms_doc_u64(doc, row, "bytes_a", change->before.live_bytes);
	ms_doc_u64(doc, row, "bytes_b", change->after.live_bytes);
	ms_doc_value(doc, row, "blocks_change", json_integer(ms_diff_blocks(change)));
	ms_doc_value(doc, row, "bytes_change", json_integer(ms_diff_bytes(change)));
}

static ms_status make_diff(struct ms_tables *tables, const char *const *arguments,
			   struct ms_doc *doc, json_t *rows, struct ms_error *err)
{
	struct memscope_diff_options options = { .use_from = 1,
						 .by = MEMSCOPE_GROUP_SITE,
						 .lines = 1 };
	ms_status status =
		ms_tables_time(&options.from, arguments[0] ? arguments[0] : "start", err);

	if (status == MS_OK)
		status = ms_tables_time(&options.to, arguments[1], err);
	for (size_t t = 0; status == MS_OK && t < tables->m->count; t++) {
		struct memscope one = ms_tables_one(tables, t);
		struct ms_diff diff;

		status = ms_diff_init(&diff, &one, &options, err);
		if (status != MS_OK)
			break;
		for (size_t i = 0; i < diff.count; i++)
			add_change(tables, doc, rows, t, &diff, i);
		ms_diff_release(&diff);
	}
	return status;
}

static ms_status open_diff(struct ms_scan **out, const struct ms_source *source,
			   const struct ms_scan_plan *plan, struct ms_error *err)
{
	return ms_made_open(out, source, plan, make_diff, err);
}

/* --- timeline -------------------------------------------------------------------------
 */

#define BUCKETS 100

static const struct ms_source_column timeline_columns[] = {
	MS_TRACE_COLUMN,
	MS_PROCESS_COLUMN,
	KEY("bucket", MS_TYPE_ID, "from 1"),
	FIGURE("start_ns", MS_TYPE_INSTANT, "its first instant"),
	FIGURE("end_ns", MS_TYPE_INSTANT, "its last instant"),
	FIGURE("allocations", MS_TYPE_COUNT, "calls that made a block in it"),
	FIGURE("reallocations", MS_TYPE_COUNT, "calls that changed one in it"),
	FIGURE("frees", MS_TYPE_COUNT, "calls that ended one in it"),
	FIGURE("failed", MS_TYPE_COUNT, "calls that found no memory in it"),
	FIGURE("allocated", MS_TYPE_BYTES, "bytes of blocks made in it"),
	FIGURE("freed", MS_TYPE_BYTES, "bytes of blocks ended in it"),
	FIGURE("live_blocks", MS_TYPE_COUNT, "at its end"),
	FIGURE("live_bytes", MS_TYPE_BYTES, "at its end"),
	FIGURE("peak_bytes", MS_TYPE_BYTES, "most bytes live at any instant of it"),
	FIGURE("peak_at_ns", MS_TYPE_INSTANT, "the first such instant"),
	FIGURE("resident_bytes", MS_TYPE_BYTES,
	       "the last sample of the process's memory (RSS) in it; NULL: there is none"),
	{ "buckets", MS_TYPE_ID, MS_SOURCE_PARAMETER, 0,
	  "into how many equal parts of its time each trace is cut (default 100)" },
};

/* What the capture mode cannot tell of a part of the time stays absent. */
static void add_bucket(struct ms_tables *tables, struct ms_doc *doc, json_t *rows,
		       size_t t, size_t number, const struct ms_bucket *bucket)
{
	const struct ms_log_mode *mode = ms_log_mode(tables->m->traces[t].log);
	const struct ms_sums *sums = &bucket->sums;
	bool gone = ms_known_beyond(&tables->m->traces[t], bucket->end_ns);
	bool made = !gone && mode->mode != MS_MODE_CULL;
	bool calls = made && mode->mode != MS_MODE_SAMPLE;
	json_t *row = ms_made_row(tables, doc, rows, t);
	const struct {
		const char *key;
		bool known;
		uint64_t value;
	} members[] = {
		{ "bucket", true, number },
		{ "start_ns", true, bucket->start_ns },
		{ "end_ns", true, bucket->end_ns },
		{ "allocations", made, sums->allocations },
		{ "reallocations", calls, sums->reallocations },
		{ "frees", calls, sums->frees },
		{ "failed", calls, sums->failed },
		{ "allocated", made, sums->allocated },
		{ "freed", calls, sums->freed },
		{ "live_blocks", !gone, sums->live_blocks },
		{ "live_bytes", !gone, sums->live_bytes },
		{ "peak_bytes", !gone, bucket->peak_bytes },
		{ "peak_at_ns", !gone, bucket->peak_at_ns },
		{ "resident_bytes", bucket->has_resident, bucket->resident_bytes },
	};

	for (size_t i = 0; i < COUNT(members); i++) {
		if (members[i].known)
			ms_doc_u64(doc, row, members[i].key, members[i].value);
	}
}

static ms_status make_timeline_of(struct ms_tables *tables, size_t t, size_t buckets,
				  struct ms_doc *doc, json_t *rows, struct ms_error *err)
{
	const struct ms_trace *trace = &tables->m->traces[t];
	struct ms_series_options options = {
		.pass = { .store = trace->store,
			  .to_ns = UINT64_MAX,
			  .sample_bytes = ms_known_sample_bytes(trace),
			  .progress = ms_facade_progress(tables->m, "replaying events") },
		.meta = trace->meta,
		.to_ns = ms_series_end_ns(trace->store, trace->log),
		.buckets = buckets,
	};
	struct ms_series series;
	ms_status status;

	if (ms_log_mode(trace->log)->mode == MS_MODE_COUNTERS)
		return MS_OK;
	status = ms_series_init(&series, &options, err);
	if (status != MS_OK)
		return status;
	for (size_t i = 0; i < series.count; i++)
		add_bucket(tables, doc, rows, t, i + 1, &series.buckets[i]);
	ms_series_release(&series);
	return MS_OK;
}

static ms_status make_timeline(struct ms_tables *tables, const char *const *arguments,
			       struct ms_doc *doc, json_t *rows, struct ms_error *err)
{
	uint64_t buckets = BUCKETS;
	ms_status status = MS_OK;

	if (arguments[0] && (!ms_parse_number(arguments[0], &buckets) || buckets == 0 ||
			     buckets > MS_BUCKETS_MAX))
		return ms_fail(err, MS_EUSAGE, "timeline('%.40s'): 1 to %d buckets",
			       arguments[0], MS_BUCKETS_MAX);
	for (size_t t = 0; status == MS_OK && t < tables->m->count; t++)
		status = make_timeline_of(tables, t, (size_t)buckets, doc, rows, err);
	return status;
}

static ms_status open_timeline(struct ms_scan **out, const struct ms_source *source,
			       const struct ms_scan_plan *plan, struct ms_error *err)
{
	return ms_made_open(out, source, plan, make_timeline, err);
}

/* --- the sources ----------------------------------------------------------------------
 */

const struct ms_source ms_source_sites = {
	.name = "sites",
	.doc = "sites(at): figures by function and line, as the summary has them, up to an "
	       "instant, by default the end.",
	.columns = site_columns,
	.column_count = COUNT(site_columns),
	.estimate = with_figures,
	.open = open_sites,
};

const struct ms_source ms_source_diff = {
	.name = "diff",
	.doc = "diff(a, b): what lives at an instant b and what at a, by site.",
	.columns = diff_columns,
	.column_count = COUNT(diff_columns),
	.estimate = with_figures,
	.open = open_diff,
};

const struct ms_source ms_source_timeline = {
	.name = "timeline",
	.doc = "timeline(buckets): figures of equal parts of a recording's time.",
	.columns = timeline_columns,
	.column_count = COUNT(timeline_columns),
	.estimate = with_figures,
	.open = open_timeline,
};
