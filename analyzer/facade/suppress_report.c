/* SPDX-License-Identifier: Apache-2.0 */
/*
 * suppress_report.c - what reports say of suppressions, and the list of the built-in
 * ones.
 */
#include "analyzer/facade/blocks.h"
#include "analyzer/facade/facade.h"
#include "analyzer/facade/suppress_rules.h"

static void put_user(struct ms_doc *doc, json_t *row, const struct ms_suppression *s)
{
	ms_doc_text(doc, row, "name", s->name);
	ms_doc_text(doc, row, "origin", s->origin);
	ms_doc_value(doc, row, "line",
		     s->line ? json_integer((json_int_t)s->line) : json_null());
}

static void put_used(struct ms_doc *doc, json_t *object,
		     const struct ms_suppressions *suppressions)
{
	json_t *suppressed = ms_doc_object(doc, object, "suppressed"), *by;
	uint64_t findings = 0, blocks = 0, bytes = 0;
	const struct ms_suppression *s;

	for (size_t i = 0; (s = ms_suppressions_item(suppressions, i)) != NULL; i++) {
		findings += s->findings;
		blocks += s->blocks;
		bytes += s->bytes;
	}
	ms_doc_u64(doc, suppressed, "findings", findings);
	ms_doc_u64(doc, suppressed, "bytes", bytes);
	ms_doc_u64(doc, suppressed, "blocks", blocks);
	by = ms_doc_array(doc, suppressed, "by");
	for (size_t i = 0; (s = ms_suppressions_item(suppressions, i)) != NULL; i++) {
		json_t *row = s->findings ? ms_doc_append(doc, by) : NULL;

		if (!row)
			continue;
		put_user(doc, row, s);
		ms_doc_bool(doc, row, "built_in", s->built_in);
		ms_doc_u64(doc, row, "findings", s->findings);
		ms_doc_u64(doc, row, "bytes", s->bytes);
		ms_doc_u64(doc, row, "blocks", s->blocks);
	}
}

void ms_doc_suppressions(struct ms_doc *doc, json_t *object,
			 const struct ms_suppressions *suppressions)
{
	json_t *unused = ms_doc_array(doc, object, "unused_suppressions"), *notes;
	const struct ms_suppression *s;
	const char *note;

	for (size_t i = 0; (s = ms_suppressions_item(suppressions, i)) != NULL; i++)
		if (s->from_user && !s->findings)
			put_user(doc, ms_doc_append(doc, unused), s);
	put_used(doc, object, suppressions);
	notes = ms_doc_array(doc, object, "suppression_notes");
	for (size_t i = 0; (note = ms_suppressions_note(suppressions, i)) != NULL; i++)
		ms_doc_append_value(doc, notes, ms_json_text(note));
}

/* --- the list --------------------------------------------------------------------------
 */

static const struct ms_column columns[] = {
	{ "name", "name", MS_TYPE_TEXT, 0, "of the suppression" },
	{ "what", "what the libraries keep", MS_TYPE_TEXT, 0, "what it stands for" },
};

static ms_status next_built_in(struct ms_rows *rows, struct ms_value *values, bool *more,
			       struct ms_error *err)
{
	size_t *next = rows->context;
	const struct ms_built_in *b = ms_built_in_item((*next)++);

	(void)err;
	*more = b != NULL;
	if (b) {
		values[0] = (struct ms_value){ .text = b->name };
		values[1] = (struct ms_value){ .text = b->summary };
	}
	return MS_OK;
}

int memscope_suppressions(const struct memscope_output *output,
			  struct memscope_error *err)
{
	size_t next = 0;
	struct ms_rows rows = { columns, 2, next_built_in, &next };

	return ms_facade_print_rows(&rows, "suppressions", output, ms_own_error(err));
}
