/* SPDX-License-Identifier: Apache-2.0 */
/*
 * gate_findings.c - findings of the detectors that may not be there.
 */
#include "analyzer/facade/gate.h"
#include "analyzer/base/alloc.h"

#include <stdio.h>
#include <string.h>

#define ITEM_BYTES 64

struct item { /* of the list: a detector, one of its kinds, or a severity */
	char name[ITEM_BYTES];
	const char *kind;
	int severity; /* -1: it is a detector */
};

struct fail_on {
	struct item *items;
	size_t count, capacity;
	char *only; /* their detectors; NULL: all */
};

struct judging {
	struct ms_gate_run *run;
	struct ms_gate_subject *subject;
	struct ms_site_findings findings;
	size_t *problem; /* of a finding, from 1; 0: none yet */
	size_t *told;	 /* problems of the item */
};

/* --- the list
 * --------------------------------------------------------------------------- */

static int severity_named(const char *name)
{
	for (int i = 0; i < MS_SEVERITIES; i++)
		if (strcmp(ms_severity_names[i], name) == 0)
			return i;
	return -1;
}

static ms_status add_item(struct fail_on *list, const char *text, size_t len,
			  struct ms_error *err)
{
	struct item *item;
	char *kind;

	if (!len || len >= ITEM_BYTES)
		return ms_fail(err, MS_EUSAGE, "'%.*s' is no detector and no severity",
			       (int)(len < 200 ? len : 200), text);
	if (ms_grow((void **)&list->items, &list->capacity, list->count,
		    sizeof(*list->items)) < 0)
		return ms_fail_memory(err);
	item = &list->items[list->count++];
	*item = (struct item){ .kind = NULL };
	memcpy(item->name, text, len);
	item->severity = severity_named(item->name);
	kind = item->severity < 0 ? strchr(item->name, ':') : NULL;
	if (kind)
		*kind = '\0';
	return MS_OK;
}

/* Kinds point into the list, which does not move any more. */
static void set_kinds(struct fail_on *list)
{
	for (size_t i = 0; i < list->count; i++) {
		struct item *item = &list->items[i];
		size_t len = strlen(item->name);

		if (item->severity < 0 && len + 1 < ITEM_BYTES && item->name[len + 1])
			item->kind = item->name + len + 1;
		else if (strcmp(item->name, "leak") == 0)
			item->kind = ms_leak_names[MS_LEAK_DEFINITE];
	}
}

static ms_status set_only(struct fail_on *list, struct ms_error *err)
{
	struct ms_strbuf only;

	ms_strbuf_init(&only);
	for (size_t i = 0; i < list->count; i++) {
		if (list->items[i].severity >= 0) {
			ms_strbuf_release(&only);
			return MS_OK;
		}
		ms_strbuf_appendf(&only, "%s%s", i ? "," : "", list->items[i].name);
	}
	list->only = ms_strbuf_take(&only);
	return list->only ? MS_OK : ms_fail_memory(err);
}

static ms_status parse(struct fail_on *list, const char *text, struct ms_error *err)
{
	ms_status status = MS_OK;

	while (status == MS_OK) {
		size_t len = strcspn(text, ",");

		status = add_item(list, text, len, err);
		text += len;
		if (!*text++)
			break;
	}
	if (status != MS_OK)
		return status;
	set_kinds(list);
	return set_only(list, err);
}

static bool is_meant(const struct item *item, const struct ms_finding *finding)
{
	if (item->severity >= 0)
		return (int)finding->severity >= item->severity;
	return strcmp(finding->detector->name, item->name) == 0 &&
	       (!item->kind || strcmp(finding->kind, item->kind) == 0);
}

/* --- problems
 * --------------------------------------------------------------------------- */

static void put_title(struct ms_doc *doc, json_t *problem)
{
	uint64_t count = ms_json_u64(problem, "count"),
		 bytes = ms_json_u64(problem, "bytes");
	char size[MS_HUMAN_BYTES], times[MS_HUMAN_BYTES], title[300];

	snprintf(title, sizeof(title), "%s (%s): %s time%s%s%s",
		 ms_json_string(problem, "detector"), ms_json_string(problem, "kind"),
		 ms_human_count(times, count), count == 1 ? "" : "s", bytes ? ", " : "",
		 bytes ? ms_human_size(size, bytes) : "");
	ms_doc_text(doc, problem, "title", title);
}

/* The same finding of one more process. */
static void add_to(struct ms_doc *doc, json_t *problem, const struct ms_finding *finding)
{
	ms_doc_u64(doc, problem, "count", ms_json_u64(problem, "count") + finding->count);
	ms_doc_u64(doc, problem, "bytes", ms_json_u64(problem, "bytes") + finding->bytes);
	put_title(doc, problem);
}

/* What a report of findings says of it, for a problem that is new. */
static ms_status describe(struct judging *j, json_t *problem,
			  struct ms_site_finding *finding, struct ms_error *err)
{
	struct ms_doc *doc = &j->run->doc;
	struct ms_site_finding *items = j->findings.items;
	size_t count = j->findings.count;
	json_t *scratch = json_object();
	ms_status status;

	if (!scratch)
		return ms_fail_memory(err);
	j->findings.items = finding;
	j->findings.count = 1;
	status = ms_doc_findings(doc, scratch, &j->subject->view, &j->findings, 0,
				 j->run->depth, err);
	j->findings.items = items;
	j->findings.count = count;
	if (status == MS_OK && !doc->failed &&
	    json_object_update(
		    problem, json_array_get(json_object_get(scratch, "findings"), 0)) < 0)
		doc->failed = true;
	json_decref(scratch);
	ms_doc_text(doc, problem, "rule", finding->sum.detector->name);
	ms_doc_text(doc, problem, "about", finding->sum.detector->summary);
	if (finding->frame != MS_FRAME_NONE)
		ms_doc_frame(doc, problem, &j->findings.seen.items[finding->frame].frame);
	put_title(doc, problem);
	return status;
}

static ms_status add_problem(struct judging *j, size_t index, struct ms_error *err)
{
	struct ms_site_finding *finding = &j->findings.items[index];
	const struct ms_frame *frame =
		finding->frame == MS_FRAME_NONE
			? NULL
			: &j->findings.seen.items[finding->frame].frame;
	struct ms_gate_print print;
	json_t *problem;
	bool is_new;
	size_t number;
	ms_status status;

	ms_gate_print_begin(&print);
	ms_gate_print_text(&print, finding->sum.detector->name);
	ms_gate_print_text(&print, finding->sum.kind);
	status = ms_gate_print_frame(&print, frame, err);
	if (status != MS_OK)
		return status;
	problem = ms_gate_problem(j->run, j->subject, &print, &number, &is_new);
	if (!problem)
		return MS_OK; /* the document tells it, in the end */
	j->problem[index] = number + 1;
	if (is_new)
		return describe(j, problem, finding, err);
	add_to(&j->run->doc, problem, &finding->sum);
	return MS_OK;
}

/* --- the checks
 * ------------------------------------------------------------------------- */

static bool is_told(const struct judging *j, size_t count, size_t number)
{
	for (size_t i = 0; i < count; i++)
		if (j->told[i] == number)
			return true;
	return false;
}

/* What a detector cannot look at is no pass. */
static void see_unable(const struct judging *j, const struct item *item,
		       struct ms_gate_value *got)
{
	const struct memscope *m = &j->subject->view;
	size_t excused = 0;

	for (size_t i = 0; i < j->findings.unable_count; i++) {
		const struct ms_unable *unable = &j->findings.unable[i];

		if (strcmp(unable->detector->name, item->name) != 0)
			continue;
		if (strcmp(item->name, "leak") == 0 &&
		    ms_gate_is_excused(&m->traces[unable->trace]))
			excused++;
		else
			got->lacks = unable->why;
	}
	got->excused = excused == m->count;
}

static ms_status check_item(struct judging *j, const struct item *item,
			    struct ms_error *err)
{
	char name[2 * ITEM_BYTES];
	struct ms_gate_check row = { .name = name,
				     .metric = "findings",
				     .unit = "count",
				     .origin = "--fail-on",
				     .problems = j->told };
	ms_status status = MS_OK;

	snprintf(name, sizeof(name), "fail-on %s%s%s", item->name, item->kind ? ":" : "",
		 item->kind ? item->kind : "");
	for (size_t i = 0; status == MS_OK && i < j->findings.count; i++) {
		if (!is_meant(item, &j->findings.items[i].sum))
			continue;
		row.got.value += j->findings.items[i].sum.count;
		if (!j->problem[i])
			status = add_problem(j, i, err);
		/* lines of one function are one problem */
		if (j->problem[i] && !is_told(j, row.problem_count, j->problem[i] - 1))
			j->told[row.problem_count++] = j->problem[i] - 1;
	}
	row.failed = row.got.value;
	if (item->severity < 0 && !row.failed)
		see_unable(j, item, &row.got);
	if (status == MS_OK)
		ms_gate_add_check(j->run, j->subject, &row);
	return status;
}

static ms_status judge(struct judging *j, const struct fail_on *list,
		       struct ms_error *err)
{
	const struct memscope_check_options options = { .only = list->only };
	ms_status status = ms_facade_findings(
		&j->subject->view, &options, j->subject->suppressions, &j->findings, err);

	if (status != MS_OK)
		return status;
	j->problem = ms_alloc_zero(j->findings.count + 1, sizeof(*j->problem));
	j->told = ms_alloc_zero(j->findings.count + 1, sizeof(*j->told));
	if (!j->problem || !j->told)
		return ms_fail_memory(err);
	for (size_t i = 0; status == MS_OK && i < list->count; i++)
		status = check_item(j, &list->items[i], err);
	return status;
}

ms_status ms_gate_check_findings(struct ms_gate_run *run, struct ms_gate_subject *subject,
				 struct ms_error *err)
{
	struct fail_on list = { 0 };
	struct judging j = { .run = run, .subject = subject };
	ms_status status;

	status = parse(&list, run->fail_on, err);
	if (status == MS_OK) {
		status = judge(&j, &list, err);
		ms_site_findings_release(&j.findings);
	}
	ms_free(j.problem);
	ms_free(j.told);
	ms_free(list.items);
	ms_free(list.only);
	return status;
}
