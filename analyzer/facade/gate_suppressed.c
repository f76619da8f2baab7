/* SPDX-License-Identifier: Apache-2.0 */
/*
 * gate_suppressed.c - what suppressions took, of all processes, and which took nothing.
 *
 * Findings and sums of what is lost ask each for itself.  What findings count is told;
 * one that took something of either is used.
 */
#include "analyzer/facade/gate.h"

#include <stdio.h>

static json_t *row_of(struct ms_gate_run *run, const struct ms_suppression *s)
{
	struct ms_gate_print print;
	uint64_t *index;
	char line[16];
	json_t *row;
	bool is_new;

	snprintf(line, sizeof(line), "%u", s->line);
	ms_gate_print_begin(&print);
	ms_gate_print_text(&print, s->name);
	ms_gate_print_text(&print, s->origin);
	ms_gate_print_text(&print, line);
	index = ms_map_at(&run->by_suppression, print.hash, &is_new);
	if (!index) {
		run->doc.failed = true;
		return NULL;
	}
	if (!is_new && *index)
		return json_array_get(run->suppressions, (size_t)*index - 1);
	row = ms_doc_append(&run->doc, run->suppressions);
	*index = json_array_size(run->suppressions);
	ms_doc_text(&run->doc, row, "name", s->name);
	ms_doc_text(&run->doc, row, "origin", s->origin);
	ms_doc_value(&run->doc, row, "line",
		     s->line ? ms_json_number(s->line) : json_null());
	ms_doc_bool(&run->doc, row, "built_in", s->built_in);
	return row;
}

static void add(struct ms_doc *doc, json_t *row, const char *key, uint64_t more)
{
	ms_doc_u64(doc, row, key, ms_json_u64(row, key) + more);
}

static bool is_used(const struct ms_suppression *s)
{
	return s && (s->findings || s->blocks);
}

void ms_gate_add_suppressions(struct ms_gate_run *run,
			      const struct ms_gate_subject *subject)
{
	const struct ms_suppressions *first =
		subject->suppressions ? subject->suppressions : subject->of_losses;
	const struct ms_suppressions *second =
		subject->suppressions ? subject->of_losses : NULL;
	const struct ms_suppression *s;

	for (size_t i = 0; first && (s = ms_suppressions_item(first, i)); i++) {
		const struct ms_suppression *too =
			second ? ms_suppressions_item(second, i) : NULL;
		const struct ms_suppression *told = is_used(s) || !too ? s : too;
		json_t *row;

		if (!is_used(told) && s->built_in)
			continue;
		row = row_of(run, s);
		add(&run->doc, row, "findings", told->findings);
		add(&run->doc, row, "blocks", told->blocks);
		add(&run->doc, row, "bytes", told->bytes);
	}
}

void ms_gate_note_unused(struct ms_gate_run *run)
{
	const json_t *row;
	size_t i;

	json_array_foreach (run->suppressions, i, row) {
		const char *origin = ms_json_string(row, "origin");

		if (!ms_json_u64(row, "findings") && !ms_json_u64(row, "blocks"))
			ms_gate_notice(run, "the suppression '%s' (%s:%u) took nothing",
				       ms_json_string(row, "name"), origin ? origin : "?",
				       (unsigned)ms_json_u64(row, "line"));
	}
}
