/* SPDX-License-Identifier: Apache-2.0 */
/*
 * gate.c - may this run pass?
 *
 * Each process is judged by itself, so that the one that is to blame is named; a baseline
 * is of all of them together.
 */
#include "analyzer/facade/gate.h"
#include "analyzer/base/alloc.h"
#include "analyzer/base/replace_file.h"

#include <stdio.h>
#include <string.h>

#define BY_DEFAULT    "leak,double_free,invalid_free,mismatched_free"
#define DEFAULT_DEPTH 16
#define FILE_MODE     0666 /* less the umask: it is kept beside sources */

struct memscope_gate {
	json_t *document;
	int failed;
};

/* --- subjects
 * --------------------------------------------------------------------------- */

static const char *command_of(const struct ms_trace *trace)
{
	const char *command = ms_metadata_command(trace->meta);

	return command && *command ? command : "(unknown command)";
}

/* The command, and how many before it have it: the same in each run of a suite. */
static ms_status name_subject(struct ms_gate_subject *subject,
			      const struct ms_gate_run *run, size_t first,
			      struct ms_error *err)
{
	const char *command = command_of(&run->m->traces[first]);
	struct ms_strbuf name;
	size_t before = 0;

	ms_strbuf_init(&name);
	for (size_t i = 0; i < first; i++)
		before += strcmp(command_of(&run->m->traces[i]), command) == 0;
	ms_strbuf_appendf(&name, "%s %zu", command, before);
	subject->name = ms_strbuf_take(&name);
	return subject->name ? MS_OK : ms_fail_memory(err);
}

static void describe(struct ms_gate_run *run, struct ms_gate_subject *subject)
{
	struct ms_doc *doc = &run->doc;

	subject->process = json_array_size(run->processes);
	subject->row = ms_doc_append(doc, run->processes);
	ms_doc_u64(doc, subject->row, "traces", subject->view.count);
	if (subject->view.count == 1) {
		ms_doc_text(doc, subject->row, "path", subject->view.traces[0].path);
		ms_doc_process(doc, subject->row, &subject->view.traces[0]);
		return;
	}
	ms_doc_value(doc, subject->row, "path", json_null());
	ms_doc_value(doc, subject->row, "pid", json_null());
	ms_doc_text(doc, subject->row, "command", "all processes together");
}

static bool asks_losses(const struct ms_gate_run *run)
{
	bool asks = run->options->baseline;

	for (size_t i = 0; i < run->budgets.count; i++)
		asks |= run->budgets.items[i].b.metric <= MEMSCOPE_GATE_LEAKED_BLOCKS;
	return asks;
}

static ms_status begin_subject(struct ms_gate_run *run, struct ms_gate_subject *subject,
			       size_t first, size_t count, struct ms_error *err)
{
	static const struct memscope_time end;
	const struct memscope_suppress *suppress = &run->options->suppress;
	ms_status status = MS_OK;

	*subject = (struct ms_gate_subject){ .view = *run->m };
	subject->view.traces += first;
	subject->view.count = count;
	ms_gate_figures_init(&subject->figures, &subject->view, &end, NULL);
	status = name_subject(subject, run, first, err);
	describe(run, subject);
	if (status == MS_OK && run->fail_on)
		status = ms_suppressions_new(&subject->suppressions, &subject->view,
					     suppress, err);
	if (status == MS_OK && asks_losses(run))
		status = ms_suppressions_new(&subject->of_losses, &subject->view,
					     suppress, err);
	subject->figures.suppressions = subject->of_losses;
	return status;
}

static void end_subject(struct ms_gate_run *run, struct ms_gate_subject *subject)
{
	if (subject->row)
		ms_doc_text(&run->doc, subject->row, "verdict",
			    subject->failed ? "failed" : "passed");
	if (subject->figures.losses.parts)
		ms_gate_notice(run,
			       "%s: the pointer map is not whole: blocks may look lost "
			       "that are not",
			       subject->view.traces[0].path);
	ms_gate_add_suppressions(run, subject);
	ms_gate_figures_release(&subject->figures);
	ms_suppressions_free(subject->suppressions);
	ms_suppressions_free(subject->of_losses);
	ms_free((char *)(uintptr_t)subject->name);
}

/* Some traces; of all of them the baseline, too. */
static ms_status judge(struct ms_gate_run *run, size_t first, size_t count,
		       bool only_baseline, struct ms_error *err)
{
	struct ms_gate_subject subject;
	bool all = count == run->m->count && run->options->baseline;
	ms_status status = begin_subject(run, &subject, first, count, err);

	if (status == MS_OK && !only_baseline && run->budgets.count)
		status = ms_gate_check_budgets(run, &subject, err);
	if (status == MS_OK && !only_baseline && run->fail_on)
		status = ms_gate_check_findings(run, &subject, err);
	if (status == MS_OK && all)
		status = ms_gate_check_baseline(run, &subject, err);
	end_subject(run, &subject);
	return status;
}

/* --- the run
 * ----------------------------------------------------------------------------- */

static ms_status read_budgets(struct ms_gate_run *run, struct ms_error *err)
{
	const struct memscope_gate_options *options = run->options;
	ms_status status = MS_OK;

	for (size_t i = 0; status == MS_OK && i < options->budget_count; i++)
		status = ms_gate_budget_add(&run->budgets, &options->budgets[i], err);
	for (size_t i = 0; status == MS_OK && i < options->budget_file_count; i++)
		status = ms_gate_budgets_read(&run->budgets, options->budget_files[i],
					      err);
	return status;
}

static ms_status judge_all(struct ms_gate_run *run, struct ms_error *err)
{
	bool each = run->budgets.count || run->fail_on;
	size_t count = run->m->count;
	ms_status status = MS_OK;

	if (run->options->sum)
		return judge(run, 0, count, false, err);
	if (count == 1)
		return judge(run, 0, 1, false, err);
	for (size_t i = 0; status == MS_OK && each && i < count; i++)
		status = judge(run, i, 1, false, err);
	if (status == MS_OK && run->options->baseline)
		status = judge(run, 0, count, true, err);
	return status;
}

static void note_unmatched(struct ms_gate_run *run)
{
	for (size_t i = 0; i < run->budgets.count; i++) {
		const struct ms_gate_budget *budget = &run->budgets.items[i];

		if (budget->pattern && !budget->matched)
			ms_gate_notice(run, "%s:%u: no site matches '%s'", budget->file,
				       budget->line, budget->pattern);
	}
}

static void begin_document(struct ms_gate_run *run)
{
	struct ms_doc *doc = &run->doc;

	ms_doc_init(doc);
	ms_doc_u64(doc, doc->root, "version", 1);
	ms_doc_text(doc, doc->root, "tool_version", MEMSCOPE_VERSION);
	ms_doc_text(doc, doc->root, "source_root", run->options->source_root);
	run->processes = ms_doc_array(doc, doc->root, "processes");
	run->checks = ms_doc_array(doc, doc->root, "checks");
	run->problems = ms_doc_array(doc, doc->root, "problems");
	run->suppressions = ms_doc_array(doc, doc->root, "suppressions");
	run->notices = ms_doc_array(doc, doc->root, "notices");
}

static void end_document(struct ms_gate_run *run)
{
	struct ms_doc *doc = &run->doc;
	json_t *damage = ms_doc_array(doc, doc->root, "damage");

	note_unmatched(run);
	ms_gate_note_unused(run);
	for (size_t i = 0; i < run->m->count; i++)
		ms_doc_damage(doc, damage, &run->m->traces[i]);
	ms_doc_text(doc, doc->root, "verdict", run->failed ? "failed" : "passed");
	ms_doc_u64(doc, doc->root, "passed", run->passed);
	ms_doc_u64(doc, doc->root, "failed", run->failed);
	ms_doc_u64(doc, doc->root, "skipped", run->skipped);
}

static ms_status take(struct memscope_gate **out, struct ms_gate_run *run,
		      struct ms_error *err)
{
	json_t *document = ms_doc_take(&run->doc);
	struct memscope_gate *gate = document ? ms_alloc_zero(1, sizeof(*gate)) : NULL;

	if (!gate) {
		json_decref(document);
		return ms_fail_memory(err);
	}
	gate->document = document;
	gate->failed = run->failed != 0;
	*out = gate;
	return MS_OK;
}

int memscope_gate_run(struct memscope_gate **out, struct memscope *m,
		      const struct memscope_gate_options *options,
		      struct memscope_error *err)
{
	static const struct memscope_gate_options none;
	struct ms_gate_run run = { .m = m, .options = options ? options : &none };
	struct ms_error *own = ms_own_error(err);
	ms_status status;

	*out = NULL;
	run.depth = run.options->depth ? run.options->depth : DEFAULT_DEPTH;
	run.fail_on = run.options->fail_on;
	ms_gate_budgets_init(&run.budgets);
	ms_map_init(&run.by_fingerprint);
	ms_map_init(&run.by_suppression);
	begin_document(&run);
	status = run.doc.failed ? ms_fail_memory(own) : read_budgets(&run, own);
	if (!run.fail_on && !run.options->baseline && !run.options->budget_count &&
	    !run.options->budget_file_count)
		run.fail_on = BY_DEFAULT;
	if (status == MS_OK)
		status = judge_all(&run, own);
	end_document(&run);
	if (status == MS_OK)
		status = take(out, &run, own);
	json_decref(run.doc.root);
	ms_gate_budgets_release(&run.budgets);
	ms_map_release(&run.by_fingerprint);
	ms_map_release(&run.by_suppression);
	return status;
}

int memscope_gate_failed(const struct memscope_gate *gate)
{
	return gate->failed;
}

void memscope_gate_free(struct memscope_gate *gate)
{
	if (!gate)
		return;
	json_decref(gate->document);
	ms_free(gate);
}

int memscope_gate_print(const struct memscope_gate *gate,
			enum memscope_gate_format format,
			const struct memscope_output *output, struct memscope_error *err)
{
	static ms_render_fn *const renderers[] = {
		[MEMSCOPE_GATE_REPORT] = ms_render_gate,
		[MEMSCOPE_GATE_JUNIT] = ms_render_gate_junit,
		[MEMSCOPE_GATE_SARIF] = ms_render_gate_sarif,
		[MEMSCOPE_GATE_MARKDOWN] = ms_render_gate_markdown,
		[MEMSCOPE_GATE_GITHUB] = ms_render_gate_github,
	};

	if ((unsigned)format >= sizeof(renderers) / sizeof(renderers[0]))
		return ms_fail(ms_own_error(err), MS_EUSAGE, "there is no such format");
	return ms_facade_print(json_incref(gate->document), renderers[format], output,
			       ms_own_error(err));
}

/* --- writing a baseline
 * ----------------------------------------------------------------- */

static ms_status write_baseline(const struct ms_baseline *baseline, const char *path,
				struct ms_error *err)
{
	struct ms_strbuf text;
	ms_status status;

	ms_strbuf_init(&text);
	ms_baseline_text(&text, baseline);
	status = text.failed ? ms_fail_memory(err)
			     : ms_replace_file(path, text.text, text.len, FILE_MODE, err);
	ms_strbuf_release(&text);
	return status;
}

int memscope_gate_write_baseline(struct memscope *m, const char *path,
				 const struct memscope_suppress *suppress,
				 struct memscope_error *err)
{
	static const struct memscope_suppress none;
	static const struct memscope_time end;
	struct ms_suppressions *suppressions;
	struct ms_gate_figures figures;
	struct ms_baseline baseline;
	ms_status status = ms_suppressions_new(
		&suppressions, m, suppress ? suppress : &none, ms_own_error(err));

	ms_baseline_init(&baseline);
	ms_gate_figures_init(&figures, m, &end, suppressions);
	if (status == MS_OK)
		status = ms_baseline_take(&baseline, &figures, false, ms_own_error(err));
	if (status == MS_OK)
		status = write_baseline(&baseline, path, ms_own_error(err));
	ms_gate_figures_release(&figures);
	ms_baseline_release(&baseline);
	ms_suppressions_free(suppressions);
	return status;
}
