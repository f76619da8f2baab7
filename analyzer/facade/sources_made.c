/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sources_made.c - tables whose rows are made at once, as parts of documents are.
 *
 * They are small, and reports print the same figures: both come from the same functions.
 * Rows are kept for the session, since a join reads a table again and again.
 */
#include "analyzer/facade/sources.h"
#include "analyzer/base/alloc.h"

#include <string.h>

struct made_scan {
	struct ms_scan base; /* first */
	const struct ms_source *source;
	const json_t *rows; /* borrowed */
	size_t next;
};

static const struct made_scan *scan_of(const struct ms_scan *base)
{
	return (const struct made_scan *)(const void *)base;
}

static ms_status next(struct ms_scan *base, bool *more, struct ms_error *err)
{
	struct made_scan *s = (struct made_scan *)(void *)base;

	(void)err;
	*more = s->next < json_array_size(s->rows);
	s->next += *more;
	return MS_OK;
}

static ms_status value(struct ms_scan *base, size_t column, struct ms_value *out,
		       struct ms_error *err)
{
	const struct made_scan *s = scan_of(base);
	const struct ms_source_column *c = &s->source->columns[column];
	const json_t *member =
		json_object_get(json_array_get(s->rows, s->next - 1), c->name);

	(void)err;
	*out = (struct ms_value){ .absent = true };
	if (c->type == MS_TYPE_TEXT && json_is_string(member))
		*out = ms_text(json_string_value(member));
	else if (c->type != MS_TYPE_TEXT && json_is_boolean(member))
		*out = ms_number(json_is_true(member));
	else if (c->type == MS_TYPE_SIGNED && json_is_integer(member))
		*out = ms_number((uint64_t)json_integer_value(member));
	else if (c->type != MS_TYPE_TEXT && json_is_number(member))
		*out = ms_number(
			ms_json_u64(json_array_get(s->rows, s->next - 1), c->name));
	return MS_OK;
}

static void close_scan(struct ms_scan *base)
{
	ms_free(base);
}

/* Arguments as one text; NULL without memory. */
static char *joined(const struct ms_source *source, const char *const *arguments)
{
	struct ms_strbuf text;

	ms_strbuf_init(&text);
	for (size_t i = 0, n = 0; i < source->column_count; i++) {
		if (!(source->columns[i].flags & MS_SOURCE_PARAMETER))
			continue;
		if (arguments[n])
			ms_strbuf_adds(&text, arguments[n]);
		ms_strbuf_addc(&text, arguments[n] ? '\1' : '\2');
		n++;
	}
	return ms_strbuf_take(&text);
}

static const json_t *find(const struct ms_tables *tables, const struct ms_source *source,
			  const char *arguments)
{
	for (size_t i = 0; i < tables->made_count; i++) {
		if (tables->made[i].source == source &&
		    strcmp(tables->made[i].arguments, arguments) == 0)
			return tables->made[i].rows;
	}
	return NULL;
}

/* Make the rows and keep them; takes key. */
static ms_status make_rows(const json_t **rows, const struct ms_source *source, char *key,
			   const char *const *arguments, ms_make_fn *make,
			   struct ms_error *err)
{
	struct ms_tables *tables = source->context;
	struct ms_doc doc;
	json_t *made, *root;
	ms_status status;

	ms_doc_init(&doc);
	made = ms_doc_array(&doc, doc.root, "rows");
	status = make(tables, arguments, &doc, made, err);
	json_incref(made);
	root = ms_doc_take(&doc);
	if (status == MS_OK &&
	    (!root || ms_grow((void **)&tables->made, &tables->made_capacity,
			      tables->made_count, sizeof(*tables->made)) < 0))
		status = ms_fail_memory(err);
	json_decref(root);
	if (status != MS_OK) {
		json_decref(made);
		ms_free(key);
		return status;
	}
	tables->made[tables->made_count++] = (struct ms_made_rows){ source, key, made };
	*rows = made;
	return MS_OK;
}

ms_status ms_made_rows(const json_t **rows, const struct ms_source *source,
		       const char *const *arguments, ms_make_fn *make,
		       struct ms_error *err)
{
	char *key = joined(source, arguments);

	*rows = key ? find(source->context, source, key) : NULL;
	if (!key)
		return ms_fail_memory(err);
	if (!*rows)
		return make_rows(rows, source, key, arguments, make, err);
	ms_free(key);
	return MS_OK;
}

ms_status ms_made_open(struct ms_scan **out, const struct ms_source *source,
		       const struct ms_scan_plan *plan, ms_make_fn *make,
		       struct ms_error *err)
{
	const json_t *rows;
	ms_status status = ms_made_rows(&rows, source, plan->arguments, make, err);
	struct made_scan *s;

	*out = NULL;
	if (status != MS_OK)
		return status;
	s = ms_alloc(sizeof(*s));
	if (!s)
		return ms_fail_memory(err);
	*s = (struct made_scan){ { next, value, close_scan }, source, rows, 0 };
	*out = &s->base;
	return MS_OK;
}

void ms_made_estimate(const struct ms_source *source, bool figures, double *rows,
		      double *reads)
{
	const struct ms_tables *tables = source->context;

	*rows = 20 * (double)tables->m->count;
	*reads = 100;
	for (size_t i = 0; figures && i < tables->m->count; i++)
		*reads += (double)ms_store_event_count(tables->m->traces[i].store);
}

json_t *ms_made_row(struct ms_tables *tables, struct ms_doc *doc, json_t *rows,
		    size_t trace)
{
	const struct ms_metadata *meta = tables->m->traces[trace].meta;
	json_t *row = ms_doc_append(doc, rows);

	ms_doc_u64(doc, row, "trace", trace + 1);
	ms_doc_u64(doc, row, "process", ms_metadata_process(meta)->pid);
	return row;
}
