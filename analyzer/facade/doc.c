/* SPDX-License-Identifier: Apache-2.0 */
/*
 * doc.c - composing documents without a check at every line.
 */
#include "analyzer/facade/doc.h"

#include <inttypes.h>
#include <stdio.h>

void ms_doc_init(struct ms_doc *doc)
{
	doc->root = json_object();
	doc->failed = !doc->root;
}

json_t *ms_doc_take(struct ms_doc *doc)
{
	json_t *root = doc->root;

	if (doc->failed) {
		json_decref(root);
		root = NULL;
	}
	doc->root = NULL;
	return root;
}

ms_status ms_doc_end(struct ms_doc *doc, json_t **out, ms_status status,
		     struct ms_error *err)
{
	*out = ms_doc_take(doc);
	if (status == MS_OK)
		return *out ? MS_OK : ms_fail_memory(err);
	json_decref(*out);
	*out = NULL;
	return status;
}

void ms_doc_value(struct ms_doc *doc, json_t *object, const char *key, json_t *value)
{
	/* Takes the reference to value in every case; fails for a NULL of either. */
	if (json_object_set_new(object, key, value) < 0)
		doc->failed = true;
}

void ms_doc_u64(struct ms_doc *doc, json_t *object, const char *key, uint64_t value)
{
	ms_doc_value(doc, object, key, ms_json_number(value));
}

void ms_doc_text(struct ms_doc *doc, json_t *object, const char *key, const char *text)
{
	ms_doc_value(doc, object, key, ms_json_text(text));
}

void ms_doc_bool(struct ms_doc *doc, json_t *object, const char *key, bool value)
{
	ms_doc_value(doc, object, key, json_boolean(value));
}

void ms_doc_hex(struct ms_doc *doc, json_t *object, const char *key, uint64_t value)
{
	char text[24];

	snprintf(text, sizeof(text), "0x%" PRIx64, value);
	ms_doc_text(doc, object, key, text);
}

json_t *ms_doc_object(struct ms_doc *doc, json_t *object, const char *key)
{
	json_t *made = json_object();

	ms_doc_value(doc, object, key, made);
	return doc->failed ? NULL : made;
}

json_t *ms_doc_array(struct ms_doc *doc, json_t *object, const char *key)
{
	json_t *made = json_array();

	ms_doc_value(doc, object, key, made);
	return doc->failed ? NULL : made;
}

void ms_doc_append_value(struct ms_doc *doc, json_t *array, json_t *value)
{
	if (json_array_append_new(array, value) < 0)
		doc->failed = true;
}

json_t *ms_doc_append(struct ms_doc *doc, json_t *array)
{
	json_t *made = json_object();

	ms_doc_append_value(doc, array, made);
	return doc->failed ? NULL : made;
}
