/* SPDX-License-Identifier: Apache-2.0 */
/*
 * gate_checks.c - budgets: of a process, and of sites in it.
 */
#include "analyzer/facade/gate.h"
#include "analyzer/base/alloc.h"
#include "analyzer/facade/blocks.h"

#include <stdio.h>
#include <string.h>

#define SHARE_OF_ONE 100000

struct check { /* of one budget */
	struct ms_gate_run *run;
	struct ms_gate_subject *subject;
	struct ms_gate_budget *budget;
	struct ms_gate_figures *figures;
	unsigned column;
	size_t *indexes; /* of the sites that it is of */
	size_t count;
	struct ms_gate_check row;
	char name[40];
};

/* --- figures
 * ---------------------------------------------------------------------------- */

static ms_status choose_sites(struct check *c, struct ms_error *err)
{
	struct ms_gate_figures *f = c->figures;
	ms_status status = ms_gate_find_sites(f, err);
	const struct ms_frame *frame;
	struct ms_strbuf text;

	if (status != MS_OK)
		return status;
	c->indexes = ms_alloc_zero(f->site_count + 1, sizeof(*c->indexes));
	if (!c->indexes)
		return ms_fail_memory(err);
	ms_strbuf_init(&text);
	for (size_t i = 0; status == MS_OK && i < f->site_count; i++) {
		ms_strbuf_clear(&text);
		frame = &f->seen.items[f->sites[i].frame].frame;
		if (frame->function || frame->file || frame->module || frame->address)
			ms_facade_frame_text(&text, frame);
		if (text.failed)
			status = ms_fail_memory(err);
		else if (!c->budget->pattern ||
			 regexec(&c->budget->regex, ms_strbuf_text(&text), 0, NULL, 0) ==
				 0)
			c->indexes[c->count++] = i;
	}
	ms_strbuf_release(&text);
	return status;
}

static uint64_t sum_of(const struct check *c, unsigned column)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < c->count; i++)
		sum += c->figures->sites[c->indexes[i]].values[column];
	return sum;
}

static ms_status value_of(struct check *c, unsigned column, struct ms_gate_value *value,
			  struct ms_error *err)
{
	ms_status status = ms_gate_figure(c->figures, column, value, err);

	if (status != MS_OK || !c->budget->pattern)
		return status;
	if (!value->lacks && !value->excused && c->figures->site_lacks & 1u << column)
		value->lacks = "the log does not tell it by site";
	value->value = sum_of(c, column);
	return MS_OK;
}

/* Temporary blocks as a share of all. */
static ms_status share_of(struct check *c, struct ms_gate_value *value,
			  struct ms_error *err)
{
	struct ms_gate_value all;
	ms_status status = value_of(c, MEMSCOPE_GATE_ALLOCATIONS, &all, err);

	if (status != MS_OK)
		return status;
	if (!value->lacks)
		value->lacks = all.lacks;
	value->value = all.value ? (uint64_t)((unsigned __int128)value->value *
					      SHARE_OF_ONE / all.value)
				 : 0;
	return MS_OK;
}

/* --- problems
 * --------------------------------------------------------------------------- */

static void put_title(struct check *c, json_t *problem)
{
	static const char *const whats[MEMSCOPE_GATE_METRICS] = {
		[MEMSCOPE_GATE_LEAKED] = "leaked",
		[MEMSCOPE_GATE_LEAKED_BLOCKS] = "leaked blocks",
		[MEMSCOPE_GATE_UNFREED] = "never freed",
		[MEMSCOPE_GATE_PEAK] = "at the peak",
		[MEMSCOPE_GATE_ALLOCATIONS] = "allocations",
		[MEMSCOPE_GATE_TEMPORARY] = "temporary allocations",
		[MEMSCOPE_GATE_LIVE] = "live",
	};
	char got[MS_HUMAN_BYTES], limit[MS_HUMAN_BYTES];
	struct ms_strbuf text;

	ms_strbuf_init(&text);
	ms_strbuf_appendf(&text, "%s %s, over the budget of %s",
			  ms_amount_text(got, c->row.unit, c->row.got.value),
			  whats[c->budget->b.metric],
			  ms_amount_text(limit, c->row.unit, c->row.limit));
	if (c->budget->pattern)
		ms_strbuf_appendf(&text, " for %s (%s:%u)", c->budget->pattern,
				  c->budget->file, c->budget->line);
	c->run->doc.failed |= text.failed;
	ms_doc_text(&c->run->doc, problem, "title", ms_strbuf_text(&text));
	ms_strbuf_release(&text);
}

static const char *advice(enum memscope_gate_metric metric)
{
	static const char *const texts[MEMSCOPE_GATE_METRICS] = {
		[MEMSCOPE_GATE_LEAKED] =
			"Free the blocks where their last pointer goes; "
			"memscope-analyze leaks shows what hangs on them.",
		[MEMSCOPE_GATE_LEAKED_BLOCKS] =
			"Free the blocks where their last pointer goes; "
			"memscope-analyze leaks shows what hangs on them.",
		[MEMSCOPE_GATE_UNFREED] = "Free what is live at the end, or raise the "
					  "budget in the same change that needs it.",
		[MEMSCOPE_GATE_PEAK] =
			"memscope-analyze snapshot --at peak shows what was live then.",
		[MEMSCOPE_GATE_ALLOCATIONS] =
			"memscope-analyze summary --sort calls shows who makes them.",
		[MEMSCOPE_GATE_TEMPORARY] = "Keep a buffer instead of making one anew: "
					    "memscope-analyze summary --sort temporary.",
		[MEMSCOPE_GATE_LIVE] =
			"memscope-analyze snapshot --at TIME shows what was live then.",
	};

	return texts[metric];
}

static ms_status add_problem(struct check *c, size_t *number, struct ms_error *err)
{
	struct ms_doc *doc = &c->run->doc;
	struct ms_gate_print print;
	char rule[60];
	bool is_new;
	json_t *problem;

	snprintf(rule, sizeof(rule), "budget-%s",
		 ms_gate_metric_names[c->budget->b.metric]);
	ms_gate_print_begin(&print);
	ms_gate_print_text(&print, rule);
	ms_gate_print_text(&print, c->budget->pattern);
	ms_gate_print_text(&print, c->subject->name);
	problem = ms_gate_problem(c->run, c->subject, &print, number, &is_new);
	ms_doc_text(doc, problem, "rule", rule);
	ms_doc_text(doc, problem, "severity", "high");
	put_title(c, problem);
	ms_doc_text(doc, problem, "unit", ms_gate_unit(c->budget->b.metric));
	ms_doc_text(doc, problem, "suggestion", advice(c->budget->b.metric));
	return doc->failed ? MS_OK
			   : ms_gate_doc_sites(c->run, problem, c->figures, c->column,
					       c->indexes, c->count, err);
}

/* --- the check
 * -------------------------------------------------------------------------- */

static ms_status judge(struct check *c, struct ms_error *err)
{
	const struct memscope_gate_budget *b = &c->budget->b;
	ms_status status = MS_OK;
	size_t problem;

	if (c->budget->pattern)
		status = choose_sites(c, err);
	if (status == MS_OK)
		status = value_of(c, c->column, &c->row.got, err);
	if (status == MS_OK && b->share)
		status = share_of(c, &c->row.got, err);
	if (status != MS_OK)
		return status;
	c->budget->matched |= c->count != 0;
	c->row.failed = !c->row.got.lacks && c->row.got.value > b->limit;
	if (c->row.failed && !c->indexes)
		status = choose_sites(c, err);
	if (status == MS_OK && c->row.failed) {
		status = add_problem(c, &problem, err);
		c->row.problems = &problem;
		c->row.problem_count = 1;
	}
	if (status == MS_OK)
		ms_gate_add_check(c->run, c->subject, &c->row);
	return status;
}

static ms_status check_budget(struct ms_gate_run *run, struct ms_gate_subject *subject,
			      struct ms_gate_budget *budget, struct ms_error *err)
{
	bool elsewhen = budget->b.at.kind != MEMSCOPE_AT_END;
	struct ms_gate_figures then;
	struct check c = {
		.run = run,
		.subject = subject,
		.budget = budget,
		.figures = elsewhen ? &then : &subject->figures,
		.column = ms_gate_column(budget->b.metric),
	};
	ms_status status;

	snprintf(c.name, sizeof(c.name), "max-%s",
		 ms_gate_metric_names[budget->b.metric]);
	c.row = (struct ms_gate_check){
		.name = c.name,
		.metric = ms_gate_metric_names[budget->b.metric],
		.unit = budget->b.share ? "share" : ms_gate_unit(budget->b.metric),
		.budget = budget,
		.limit = budget->b.limit,
	};
	if (elsewhen)
		ms_gate_figures_init(&then, &subject->view, &budget->b.at, NULL);
	status = judge(&c, err);
	if (elsewhen)
		ms_gate_figures_release(&then);
	ms_free(c.indexes);
	return status;
}

ms_status ms_gate_check_budgets(struct ms_gate_run *run, struct ms_gate_subject *subject,
				struct ms_error *err)
{
	ms_status status = MS_OK;

	for (size_t i = 0; status == MS_OK && i < run->budgets.count; i++)
		status = check_budget(run, subject, &run->budgets.items[i], err);
	return status;
}
