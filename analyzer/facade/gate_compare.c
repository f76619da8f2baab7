/* SPDX-License-Identifier: Apache-2.0 */
/*
 * gate_compare.c - this run beside a baseline.
 *
 * What is live at the peak, and what is temporary, hangs on who was first when threads
 * race: these are compared as totals only.
 */
#include "analyzer/facade/gate.h"
#include "analyzer/base/alloc.h"
#include "common/wire.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PROBLEMS_TOLD 20
#define SHARE_OF_ONE  100000

struct grown { /* a row that is over what is tolerated */
	const struct ms_baseline_row *row;
	uint64_t base;
	bool is_new;
	uint64_t more;
};

struct comparison {
	struct ms_gate_run *run;
	struct ms_gate_subject *subject;
	struct memscope_gate_tolerance tolerance;
	struct ms_baseline base, now;
	struct grown *grown;
	size_t grown_count, capacity;
	size_t *indexes;
	size_t problems[PROBLEMS_TOLD];
};

/* --- the baseline
 * ----------------------------------------------------------------------- */

static ms_status take_trace(struct comparison *c, const char *path, struct ms_error *err)
{
	static const struct memscope_time end;
	struct ms_suppressions *suppressions = NULL;
	struct ms_gate_figures figures;
	struct memscope beside;
	ms_status status = ms_facade_open_beside(&beside, c->run->m, path, err);

	if (status != MS_OK)
		return status;
	status = ms_suppressions_new(&suppressions, &beside, &c->run->options->suppress,
				     err);
	ms_gate_figures_init(&figures, &beside, &end, suppressions);
	if (status == MS_OK)
		status = ms_baseline_take(&c->base, &figures, false, err);
	ms_gate_figures_release(&figures);
	ms_suppressions_free(suppressions);
	ms_facade_close_beside(&beside);
	return status;
}

static ms_status read_base(struct comparison *c, struct ms_error *err)
{
	const char *path = c->run->options->baseline;
	size_t magic = strlen(MS_WIRE_MAGIC);
	struct ms_strbuf text;
	ms_status status;
	char head[16] = "";
	FILE *file = fopen(path, "re");

	if (file) {
		if (fread(head, 1, magic, file) != magic)
			head[0] = '\0';
		fclose(file);
	}
	if (memcmp(head, MS_WIRE_MAGIC, magic) == 0)
		return take_trace(c, path, err);
	ms_strbuf_init(&text);
	status = ms_gate_read_file(&text, path, err);
	if (status == MS_OK)
		status = ms_baseline_parse(&c->base, path, ms_strbuf_text(&text),
					   text.len, err);
	ms_strbuf_release(&text);
	return status;
}

/* --- what is tolerated
 * ------------------------------------------------------------------ */

static uint64_t amount(const struct comparison *c, unsigned column)
{
	if (column == MEMSCOPE_GATE_LEAKED)
		return 0;
	return *ms_gate_unit((enum memscope_gate_metric)column) == 'b'
		       ? c->tolerance.bytes
		       : c->tolerance.calls;
}

static uint64_t allowed(const struct comparison *c, unsigned column, uint64_t base)
{
	unsigned __int128 share =
		(unsigned __int128)base * c->tolerance.share / SHARE_OF_ONE;
	unsigned __int128 sum = base;

	sum += share > amount(c, column) ? share : amount(c, column);
	return sum > UINT64_MAX ? UINT64_MAX : (uint64_t)sum;
}

static bool is_by_site(unsigned column)
{
	return column == MEMSCOPE_GATE_LEAKED || column == MEMSCOPE_GATE_UNFREED ||
	       column == MEMSCOPE_GATE_ALLOCATIONS;
}

static int most_first(const void *a, const void *b)
{
	const struct grown *x = a, *y = b;

	if (x->more != y->more)
		return x->more < y->more ? 1 : -1;
	return strcmp(x->row->site, y->row->site);
}

static ms_status find_grown(struct comparison *c, unsigned column, struct ms_error *err)
{
	c->grown_count = 0;
	for (size_t i = 0; is_by_site(column) && i < c->now.count; i++) {
		const struct ms_baseline_row *row = &c->now.rows[i];
		const struct ms_baseline_row *old = ms_baseline_find(&c->base, row->site);
		/* One without a row may have had that much. */
		uint64_t base = old ? old->values[column] : ms_baseline_small(column) - 1;

		if (row->values[column] <= allowed(c, column, base))
			continue;
		if (ms_grow((void **)&c->grown, &c->capacity, c->grown_count,
			    sizeof(*c->grown)) < 0)
			return ms_fail_memory(err);
		base = old ? base : 0;
		c->grown[c->grown_count++] = (struct grown){
			.row = row,
			.base = base,
			.is_new = !old,
			.more = row->values[column] - base,
		};
	}
	if (c->grown_count)
		qsort(c->grown, c->grown_count, sizeof(*c->grown), most_first);
	return MS_OK;
}

/* --- problems
 * --------------------------------------------------------------------------- */

static const char *what_of(unsigned column)
{
	static const char *const texts[MS_GATE_COLUMNS] = {
		[MEMSCOPE_GATE_LEAKED] = "leaked",
		[MEMSCOPE_GATE_LEAKED_BLOCKS] = "leaked blocks",
		[MEMSCOPE_GATE_UNFREED] = "never freed",
		[MEMSCOPE_GATE_PEAK] = "at the peak",
		[MEMSCOPE_GATE_ALLOCATIONS] = "allocations",
		[MEMSCOPE_GATE_TEMPORARY] = "temporary allocations",
	};

	return texts[column];
}

/* A problem of a site, or (NULL) of the total. */
static json_t *new_problem(struct comparison *c, unsigned column, const char *site,
			   size_t *number)
{
	enum memscope_gate_metric metric = (enum memscope_gate_metric)column;
	struct ms_doc *doc = &c->run->doc;
	struct ms_gate_print print;
	json_t *problem;
	bool is_new;
	char rule[60];

	snprintf(rule, sizeof(rule), "baseline-%s", ms_gate_metric_names[column]);
	ms_gate_print_begin(&print);
	ms_gate_print_text(&print, rule);
	ms_gate_print_text(&print, site);
	problem = ms_gate_problem(c->run, c->subject, &print, number, &is_new);
	ms_doc_text(doc, problem, "rule", rule);
	ms_doc_text(doc, problem, "severity", "high");
	ms_doc_text(doc, problem, "unit", ms_gate_unit(metric));
	ms_doc_text(doc, problem, "suggestion",
		    "When the change is meant, write the baseline anew with "
		    "--write-baseline and review what differs.");
	return problem;
}

static ms_status add_grown(struct comparison *c, unsigned column, const struct grown *g,
			   size_t *number, struct ms_error *err)
{
	const char *unit = ms_gate_unit((enum memscope_gate_metric)column);
	char now[MS_HUMAN_BYTES], base[MS_HUMAN_BYTES], title[200];
	size_t index = g->row->index;
	json_t *problem = new_problem(c, column, g->row->site, number);

	ms_amount_text(now, unit, g->row->values[column]);
	if (g->is_new)
		snprintf(title, sizeof(title), "%s %s, of which the baseline has nothing",
			 now, what_of(column));
	else
		snprintf(title, sizeof(title), "%s %s, %s in the baseline", now,
			 what_of(column), ms_amount_text(base, unit, g->base));
	ms_doc_text(&c->run->doc, problem, "title", title);
	ms_doc_text(&c->run->doc, problem, "of", g->row->site);
	return c->run->doc.failed
		       ? MS_OK
		       : ms_gate_doc_sites(c->run, problem, &c->subject->figures, column,
					   &index, 1, err);
}

/* Sites that have more than before, to be told with a total. */
static size_t choose_growing(struct comparison *c, unsigned column)
{
	size_t count = 0;

	for (size_t i = 0; i < c->now.count; i++) {
		const struct ms_baseline_row *row = &c->now.rows[i];
		const struct ms_baseline_row *old = ms_baseline_find(&c->base, row->site);

		if (row->values[column] > (old ? old->values[column] : 0))
			c->indexes[count++] = row->index;
	}
	return count;
}

static ms_status add_total(struct comparison *c, unsigned column,
			   const struct ms_gate_check *row, size_t *number,
			   struct ms_error *err)
{
	char now[MS_HUMAN_BYTES], base[MS_HUMAN_BYTES], title[200];
	json_t *problem = new_problem(c, column, NULL, number);

	snprintf(title, sizeof(title), "%s %s in all, %s in the baseline",
		 ms_amount_text(now, row->unit, row->got.value), what_of(column),
		 ms_amount_text(base, row->unit, row->base));
	ms_doc_text(&c->run->doc, problem, "title", title);
	return c->run->doc.failed
		       ? MS_OK
		       : ms_gate_doc_sites(c->run, problem, &c->subject->figures, column,
					   c->indexes, choose_growing(c, column), err);
}

/* --- the checks
 * ------------------------------------------------------------------------- */

static ms_status tell(struct comparison *c, unsigned column, struct ms_gate_check *row,
		      struct ms_error *err)
{
	ms_status status = MS_OK;

	row->problems = c->problems;
	for (size_t i = 0; status == MS_OK && i < c->grown_count && i < PROBLEMS_TOLD - 1;
	     i++)
		status = add_grown(c, column, &c->grown[i],
				   &c->problems[row->problem_count++], err);
	if (status == MS_OK && row->got.value > row->limit && !c->grown_count)
		status = add_total(c, column, row, &c->problems[row->problem_count++],
				   err);
	return status;
}

static ms_status compare(struct comparison *c, unsigned column, struct ms_error *err)
{
	char name[40], reason[80];
	struct ms_gate_check row = {
		.name = name,
		.metric = ms_gate_metric_names[column],
		.unit = ms_gate_unit((enum memscope_gate_metric)column),
		.origin = c->run->options->baseline,
		.has_base = true,
		.base = c->base.totals[column],
		.limit = allowed(c, column, c->base.totals[column]),
	};
	ms_status status = ms_gate_figure(&c->subject->figures, column, &row.got, err);

	snprintf(name, sizeof(name), "baseline-%s", row.metric);
	if (status == MS_OK && !(c->base.known & 1u << column) && !row.got.excused)
		row.got.lacks =
			row.got.lacks ? row.got.lacks : "the baseline does not tell it";
	if (status == MS_OK && !row.got.lacks)
		status = find_grown(c, column, err);
	if (status != MS_OK)
		return status;
	row.failed = !row.got.lacks && (row.got.value > row.limit || c->grown_count);
	if (row.failed && c->grown_count) {
		snprintf(reason, sizeof(reason), "%zu site%s grew", c->grown_count,
			 c->grown_count == 1 ? "" : "s");
		row.reason = reason;
	}
	if (row.failed)
		status = tell(c, column, &row, err);
	if (status == MS_OK)
		ms_gate_add_check(c->run, c->subject, &row);
	return status;
}

static ms_status compare_all(struct comparison *c, struct ms_error *err)
{
	ms_status status = read_base(c, err);

	if (status == MS_OK)
		status = ms_baseline_take(&c->now, &c->subject->figures, true, err);
	if (status != MS_OK)
		return status;
	c->indexes = ms_alloc_zero(c->now.count + 1, sizeof(*c->indexes));
	if (!c->indexes)
		return ms_fail_memory(err);
	for (unsigned column = 0; status == MS_OK && column < MS_GATE_COLUMNS; column++) {
		c->grown_count = 0;
		if (MS_BASELINE_COLUMNS & 1u << column)
			status = compare(c, column, err);
	}
	return status;
}

ms_status ms_gate_check_baseline(struct ms_gate_run *run, struct ms_gate_subject *subject,
				 struct ms_error *err)
{
	struct comparison c = { .run = run,
				.subject = subject,
				.tolerance = run->options->tolerance };
	ms_status status;

	if (!c.tolerance.given)
		memscope_gate_parse_tolerance("5%", &c.tolerance);
	ms_baseline_init(&c.base);
	ms_baseline_init(&c.now);
	status = compare_all(&c, err);
	ms_baseline_release(&c.base);
	ms_baseline_release(&c.now);
	ms_free(c.grown);
	ms_free(c.indexes);
	return status;
}
