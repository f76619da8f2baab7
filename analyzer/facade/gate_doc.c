/* SPDX-License-Identifier: Apache-2.0 */
/*
 * gate_doc.c - the document of a gate: checks, and the problems that made them fail.
 *
 * A problem is told once, however many processes have it; its fingerprint is the same in
 * the next run, so that a tool can tell old ones from new ones.
 */
#include "analyzer/facade/gate.h"
#include "analyzer/base/strbuf.h"
#include "analyzer/facade/normal.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

#define SITES_TOLD 5

void ms_gate_notice(struct ms_gate_run *run, const char *format, ...)
{
	struct ms_error line;
	va_list args;

	va_start(args, format);
	vsnprintf(line.text, sizeof(line.text), format, args);
	va_end(args);
	ms_doc_append_value(&run->doc, run->notices, ms_json_text(line.text));
}

/* --- checks
 * ----------------------------------------------------------------------------- */

static const char *verdict_of(struct ms_gate_run *run, struct ms_gate_subject *subject,
			      const struct ms_gate_check *check)
{
	if (check->failed || (check->got.lacks && !check->got.excused)) {
		subject->failed = true;
		run->failed++;
		return "failed";
	}
	if (check->got.excused) {
		run->skipped++;
		return "skipped";
	}
	run->passed++;
	return "passed";
}

static void add_origin(struct ms_gate_run *run, json_t *row,
		       const struct ms_gate_check *check)
{
	const struct ms_gate_budget *budget = check->budget;

	ms_doc_text(&run->doc, row, "pattern", budget ? budget->pattern : NULL);
	if (budget && budget->file) {
		ms_doc_text(&run->doc, row, "origin", budget->file);
		ms_doc_u64(&run->doc, row, "origin_line", budget->line);
		return;
	}
	ms_doc_text(&run->doc, row, "origin", check->origin);
	ms_doc_value(&run->doc, row, "origin_line", json_null());
}

void ms_gate_add_check(struct ms_gate_run *run, struct ms_gate_subject *subject,
		       const struct ms_gate_check *check)
{
	struct ms_doc *doc = &run->doc;
	json_t *row = ms_doc_append(doc, run->checks), *problems;
	bool known = !check->got.lacks && !check->got.excused;
	const char *reason = check->got.lacks ? check->got.lacks
			     : check->got.excused
				     ? "the program became another one (exec)"
				     : check->reason;

	ms_doc_u64(doc, row, "process", subject->process);
	ms_doc_text(doc, row, "check", check->name);
	ms_doc_text(doc, row, "verdict", verdict_of(run, subject, check));
	ms_doc_text(doc, row, "metric", check->metric);
	ms_doc_text(doc, row, "unit", check->unit);
	ms_doc_u64(doc, row, "limit", check->limit);
	ms_doc_value(doc, row, "got",
		     known ? ms_json_number(check->got.value) : json_null());
	ms_doc_bool(doc, row, "estimated", check->got.estimated);
	ms_doc_value(doc, row, "base",
		     check->has_base ? ms_json_number(check->base) : json_null());
	add_origin(run, row, check);
	ms_doc_text(doc, row, "reason", reason);
	problems = ms_doc_array(doc, row, "problems");
	for (size_t i = 0; i < check->problem_count; i++)
		ms_doc_append_value(doc, problems, ms_json_number(check->problems[i]));
}

/* --- fingerprints
 * ----------------------------------------------------------------------- */

/* FNV-1a, 64 bits; texts are told apart by what cannot be in one. */
void ms_gate_print_begin(struct ms_gate_print *print)
{
	print->hash = 0xcbf29ce484222325ULL;
}

void ms_gate_print_text(struct ms_gate_print *print, const char *text)
{
	for (; text && *text; text++)
		print->hash = (print->hash ^ (unsigned char)*text) * 0x100000001b3ULL;
	print->hash = (print->hash ^ 0xff) * 0x100000001b3ULL;
}

ms_status ms_gate_print_frame(struct ms_gate_print *print, const struct ms_frame *frame,
			      struct ms_error *err)
{
	struct ms_strbuf text;
	bool failed;

	ms_strbuf_init(&text);
	ms_normal_text(&text, frame);
	ms_gate_print_text(print, ms_strbuf_text(&text));
	failed = text.failed;
	ms_strbuf_release(&text);
	return failed ? ms_fail_memory(err) : MS_OK;
}

/* --- problems
 * --------------------------------------------------------------------------- */

/* The process once, however often its findings have that fingerprint. */
static void add_process(struct ms_gate_run *run, json_t *problem, size_t process)
{
	json_t *processes = json_object_get(problem, "processes");
	size_t count = json_array_size(processes);
	const json_t *last = count ? json_array_get(processes, count - 1) : NULL;

	if (!last || json_integer_value(last) != (json_int_t)process)
		ms_doc_append_value(&run->doc, processes, ms_json_number(process));
}

json_t *ms_gate_problem(struct ms_gate_run *run, const struct ms_gate_subject *subject,
			const struct ms_gate_print *print, size_t *number, bool *is_new)
{
	uint64_t *known = ms_map_at(&run->by_fingerprint, print->hash, is_new);
	char text[20];
	json_t *problem;

	*number = 0;
	if (!known) {
		run->doc.failed = true;
		return NULL;
	}
	if (*is_new) {
		problem = ms_doc_append(&run->doc, run->problems);
		*known = json_array_size(run->problems);
		snprintf(text, sizeof(text), "%016" PRIx64, print->hash);
		ms_doc_text(&run->doc, problem, "fingerprint", text);
		ms_doc_array(&run->doc, problem, "processes");
	} else {
		problem = json_array_get(run->problems, (size_t)*known - 1);
	}
	*number = *known ? (size_t)*known - 1 : 0;
	add_process(run, problem, subject->process);
	return run->doc.failed ? NULL : problem;
}

/* --- sites of a problem
 * ----------------------------------------------------------------- */

/* Bring the heaviest of the rest to the front. */
static void select_next(const struct ms_gate_figures *f, unsigned column, size_t *indexes,
			size_t from, size_t count)
{
	size_t best = from;

	for (size_t i = from + 1; i < count; i++) {
		const struct ms_gate_site *x = &f->sites[indexes[i]];
		const struct ms_gate_site *y = &f->sites[indexes[best]];

		if (x->values[column] > y->values[column] ||
		    (x->values[column] == y->values[column] && x->frame < y->frame))
			best = i;
	}
	if (best != from) {
		size_t index = indexes[best];

		indexes[best] = indexes[from];
		indexes[from] = index;
	}
}

static ms_status add_site(struct ms_gate_run *run, json_t *array,
			  struct ms_gate_figures *f, unsigned column,
			  const struct ms_gate_site *site, struct ms_error *err)
{
	const struct ms_gate_heaviest *heaviest = &site->heaviest[column];
	json_t *row = ms_doc_append(&run->doc, array);

	ms_doc_u64(&run->doc, row, "value", site->values[column]);
	ms_doc_frame(&run->doc, row, &f->seen.items[site->frame].frame);
	return ms_doc_stack(&run->doc, row, "stack", &f->seen,
			    f->m->traces[heaviest->trace].meta, heaviest->stack,
			    run->depth, err);
}

ms_status ms_gate_doc_sites(struct ms_gate_run *run, json_t *problem,
			    struct ms_gate_figures *f, unsigned column, size_t *indexes,
			    size_t count, struct ms_error *err)
{
	json_t *array = ms_doc_array(&run->doc, problem, "sites");
	ms_status status = MS_OK;
	size_t told = 0;

	for (; status == MS_OK && told < count && told < SITES_TOLD; told++) {
		const struct ms_gate_site *site;

		select_next(f, column, indexes, told, count);
		site = &f->sites[indexes[told]];
		if (!site->values[column])
			break;
		status = add_site(run, array, f, column, site, err);
	}
	if (told)
		ms_doc_frame(&run->doc, problem,
			     &f->seen.items[f->sites[indexes[0]].frame].frame);
	return status;
}
