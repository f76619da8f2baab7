/* SPDX-License-Identifier: Apache-2.0 */
/*
 * gate_baseline.c - figures of a run as a small text that is kept beside the sources.
 *
 * One line a site, sorted, told apart by function and file: two runs of one program give
 * texts that differ in what differs, and a change is reviewed as any other.
 */
#include "analyzer/facade/gate.h"
#include "analyzer/base/alloc.h"
#include "analyzer/base/strbuf.h"
#include "analyzer/facade/normal.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define HEAD	   "memscope-baseline 1"
#define TOTAL	   "(total)"
#define OTHERS	   "(others)"
#define COLUMNS_IN 5

/* In the order of the file. */
static const unsigned order[COLUMNS_IN] = { MEMSCOPE_GATE_LEAKED, MEMSCOPE_GATE_UNFREED,
					    MEMSCOPE_GATE_PEAK, MEMSCOPE_GATE_ALLOCATIONS,
					    MEMSCOPE_GATE_TEMPORARY };

uint64_t ms_baseline_small(unsigned column)
{
	static const uint64_t limits[MS_GATE_COLUMNS] = {
		[MEMSCOPE_GATE_LEAKED] = 1,	   [MEMSCOPE_GATE_LEAKED_BLOCKS] = 1,
		[MEMSCOPE_GATE_UNFREED] = 4096,	   [MEMSCOPE_GATE_PEAK] = 16384,
		[MEMSCOPE_GATE_ALLOCATIONS] = 100, [MEMSCOPE_GATE_TEMPORARY] = 100,
	};

	return limits[column];
}

void ms_baseline_init(struct ms_baseline *baseline)
{
	*baseline = (struct ms_baseline){ 0 };
	ms_arena_init(&baseline->texts);
}

void ms_baseline_release(struct ms_baseline *baseline)
{
	ms_free(baseline->rows);
	ms_arena_release(&baseline->texts);
	*baseline = (struct ms_baseline){ 0 };
}

/* --- rows
 * ------------------------------------------------------------------------------- */

static int by_site(const void *a, const void *b)
{
	const struct ms_baseline_row *x = a, *y = b;

	return strcmp(x->site, y->site);
}

/* Of one site, the row with the largest peak comes first. */
static int by_site_and_peak(const void *a, const void *b)
{
	const struct ms_baseline_row *x = a, *y = b;
	uint64_t px = x->values[MEMSCOPE_GATE_PEAK], py = y->values[MEMSCOPE_GATE_PEAK];
	int order_of_sites = by_site(a, b);

	if (order_of_sites || px == py)
		return order_of_sites	     ? order_of_sites
		       : x->frame < y->frame ? -1
					     : x->frame > y->frame;
	return px < py ? 1 : -1;
}

static void sort_rows(struct ms_baseline *baseline)
{
	if (baseline->count)
		qsort(baseline->rows, baseline->count, sizeof(*baseline->rows),
		      by_site_and_peak);
}

const struct ms_baseline_row *ms_baseline_find(const struct ms_baseline *baseline,
					       const char *site)
{
	const struct ms_baseline_row key = { .site = site };

	return baseline->count ? bsearch(&key, baseline->rows, baseline->count,
					 sizeof(*baseline->rows), by_site)
			       : NULL;
}

static struct ms_baseline_row *new_row(struct ms_baseline *baseline, const char *site,
				       size_t len)
{
	struct ms_baseline_row *row;

	if (ms_grow((void **)&baseline->rows, &baseline->capacity, baseline->count,
		    sizeof(*baseline->rows)) < 0)
		return NULL;
	row = &baseline->rows[baseline->count];
	*row = (struct ms_baseline_row){ .frame = MS_FRAME_NONE };
	row->site = ms_arena_text(&baseline->texts, site, len);
	baseline->count += row->site != NULL;
	return row->site ? row : NULL;
}

static bool is_small(const struct ms_baseline_row *row)
{
	for (unsigned c = 0; c < MS_GATE_COLUMNS; c++)
		if (row->values[c] >= ms_baseline_small(c))
			return false;
	return true;
}

/* --- of traces
 * -------------------------------------------------------------------------- */

static ms_status take_totals(struct ms_baseline *baseline,
			     struct ms_gate_figures *figures, struct ms_error *err)
{
	ms_status status = MS_OK;

	for (unsigned c = 0; status == MS_OK && c < MS_GATE_COLUMNS; c++) {
		struct ms_gate_value value;

		if (!(MS_BASELINE_COLUMNS & 1u << c))
			continue;
		status = ms_gate_figure(figures, c, &value, err);
		baseline->totals[c] = value.value;
		if (!value.lacks && !(figures->site_lacks & 1u << c))
			baseline->known |= 1u << c;
	}
	return status;
}

static ms_status take_site(struct ms_baseline *baseline,
			   const struct ms_gate_figures *figures, size_t index,
			   struct ms_strbuf *text, struct ms_error *err)
{
	const struct ms_gate_site *site = &figures->sites[index];
	struct ms_baseline_row *row;

	ms_strbuf_clear(text);
	ms_normal_text(text, &figures->seen.items[site->frame].frame);
	row = text->failed ? NULL : new_row(baseline, ms_strbuf_text(text), text->len);
	if (!row)
		return ms_fail_memory(err);
	memcpy(row->values, site->values, sizeof(row->values));
	row->frame = site->frame;
	row->index = index;
	return MS_OK;
}

/* Lines of one function are one row; it is named after the one with the larger peak. */
static void merge_rows(struct ms_baseline *baseline, bool small)
{
	size_t kept = 0;

	for (size_t i = 0, next; i < baseline->count; i = next) {
		struct ms_baseline_row row = baseline->rows[i];

		for (next = i + 1; next < baseline->count &&
				   strcmp(baseline->rows[next].site, row.site) == 0;
		     next++)
			for (unsigned c = 0; c < MS_GATE_COLUMNS; c++)
				row.values[c] += baseline->rows[next].values[c];
		if (small || !is_small(&row))
			baseline->rows[kept++] = row;
	}
	baseline->count = kept;
}

ms_status ms_baseline_take(struct ms_baseline *baseline, struct ms_gate_figures *figures,
			   bool small, struct ms_error *err)
{
	ms_status status = ms_gate_find_sites(figures, err);
	struct ms_strbuf text;

	ms_strbuf_init(&text);
	if (status == MS_OK)
		status = take_totals(baseline, figures, err);
	for (size_t i = 0; status == MS_OK && i < figures->site_count; i++)
		status = take_site(baseline, figures, i, &text, err);
	ms_strbuf_release(&text);
	if (status != MS_OK)
		return status;
	sort_rows(baseline);
	merge_rows(baseline, small);
	return MS_OK;
}

/* --- as text
 * ---------------------------------------------------------------------------- */

static void write_row(struct ms_strbuf *text, const struct ms_baseline *baseline,
		      const uint64_t *values, const char *site)
{
	for (unsigned i = 0; i < COLUMNS_IN; i++) {
		if (baseline->known & 1u << order[i])
			ms_strbuf_appendf(text, "%" PRIu64 "\t", values[order[i]]);
		else
			ms_strbuf_adds(text, "-\t");
	}
	ms_strbuf_adds(text, site);
	ms_strbuf_addc(text, '\n');
}

void ms_baseline_text(struct ms_strbuf *text, const struct ms_baseline *baseline)
{
	uint64_t others[MS_GATE_COLUMNS];

	memcpy(others, baseline->totals, sizeof(others));
	ms_strbuf_adds(text, HEAD "\n# ");
	for (unsigned i = 0; i < COLUMNS_IN; i++)
		ms_strbuf_appendf(text, "%s\t", ms_gate_metric_names[order[i]]);
	ms_strbuf_adds(text, "site\n");
	write_row(text, baseline, baseline->totals, TOTAL);
	for (size_t i = 0; i < baseline->count; i++) {
		const struct ms_baseline_row *row = &baseline->rows[i];

		write_row(text, baseline, row->values, row->site);
		for (unsigned c = 0; c < MS_GATE_COLUMNS; c++)
			others[c] -=
				others[c] < row->values[c] ? others[c] : row->values[c];
	}
	write_row(text, baseline, others, OTHERS);
}

/* --- from text
 * -------------------------------------------------------------------------- */

struct reading {
	struct ms_baseline *baseline;
	const char *name;
	unsigned line;
	bool has_head, has_total;
};

static ms_status wrong(const struct reading *r, const char *what, struct ms_error *err)
{
	return ms_fail(err, MS_EFORMAT, "%s:%u: %s", r->name, r->line, what);
}

/* A number or "-", then a tab: what follows it, or NULL. */
static const char *read_number(const char *at, const char *end, uint64_t *value,
			       bool *known)
{
	uint64_t n = 0;
	const char *begin = at;

	*known = at == end || *at != '-';
	at += !*known;
	for (; *known && at < end && *at >= '0' && *at <= '9'; at++)
		if (__builtin_mul_overflow(n, 10, &n) ||
		    __builtin_add_overflow(n, (uint64_t)(*at - '0'), &n))
			return NULL;
	*value = n;
	return at > begin && at < end && *at == '\t' ? at + 1 : NULL;
}

static ms_status read_row(struct reading *r, const char *at, const char *end,
			  struct ms_error *err)
{
	struct ms_baseline *baseline = r->baseline;
	struct ms_baseline_row *row;
	uint64_t values[MS_GATE_COLUMNS] = { 0 };
	unsigned known_here = 0;
	size_t len;

	for (unsigned i = 0; i < COLUMNS_IN; i++) {
		bool known;

		at = read_number(at, end, &values[order[i]], &known);
		if (!at)
			return wrong(r,
				     "five numbers and a site are wanted, tabs between",
				     err);
		known_here |= (unsigned)known << order[i];
	}
	len = (size_t)(end - at);
	if (!len || memchr(at, '\t', len) || memchr(at, '\0', len))
		return wrong(r, "this is no site", err);
	if (!r->has_total) {
		if (len != strlen(TOTAL) || memcmp(at, TOTAL, len) != 0)
			return wrong(r, "the first row is to be that of " TOTAL, err);
		r->has_total = true;
		baseline->known = known_here;
		memcpy(baseline->totals, values, sizeof(values));
		return MS_OK;
	}
	if (known_here != baseline->known)
		return wrong(r, "what is not known is the same in each row", err);
	if (len == strlen(OTHERS) && memcmp(at, OTHERS, len) == 0)
		return MS_OK;
	row = new_row(baseline, at, len);
	if (!row)
		return ms_fail_memory(err);
	memcpy(row->values, values, sizeof(values));
	return MS_OK;
}

static ms_status read_line(struct reading *r, const char *at, const char *end,
			   struct ms_error *err)
{
	if (end > at && end[-1] == '\r') /* a checkout on another system */
		end--;
	if (!r->has_head) {
		r->has_head = (size_t)(end - at) == strlen(HEAD) &&
			      memcmp(at, HEAD, strlen(HEAD)) == 0;
		return r->has_head
			       ? MS_OK
			       : wrong(r,
				       "neither a trace nor a baseline: its first line "
				       "is not \"" HEAD "\"",
				       err);
	}
	return at == end || *at == '#' ? MS_OK : read_row(r, at, end, err);
}

ms_status ms_baseline_parse(struct ms_baseline *baseline, const char *name,
			    const char *text, size_t len, struct ms_error *err)
{
	struct reading r = { .baseline = baseline, .name = name };
	const char *end = text + len, *next;
	ms_status status = MS_OK;

	do {
		const char *stop = len ? memchr(text, '\n', (size_t)(end - text)) : NULL;

		r.line++;
		status = read_line(&r, text, stop ? stop : end, err);
		next = stop ? stop + 1 : end;
		text = next;
	} while (status == MS_OK && text < end);
	if (status == MS_OK && !r.has_total)
		return wrong(&r, "the row of " TOTAL " is missing", err);
	if (status != MS_OK)
		return status;
	sort_rows(baseline);
	for (size_t i = 1; i < baseline->count; i++)
		if (strcmp(baseline->rows[i - 1].site, baseline->rows[i].site) == 0)
			return ms_fail(err, MS_EFORMAT, "%s: there are two rows of %s",
				       name, baseline->rows[i].site);
	return MS_OK;
}
