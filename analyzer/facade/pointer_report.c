/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pointer_report.c - who had an address.
 */
#include "analyzer/facade/blocks.h"
#include "analyzer/facade/choose.h"

struct report {
	struct memscope *m;
	struct memscope_pointer_options options;
	struct ms_doc doc;
	struct ms_strbuf site;
	json_t *rows;
	bool inside; /* some trace was searched so */
};

static const char *const end_names[] = {
	[MS_OWNER_LIVES] = "live",	  [MS_OWNER_FREED] = "freed",
	[MS_OWNER_MOVED] = "moved",	  [MS_OWNER_OVERWRITTEN] = "not seen",
	[MS_OWNER_UNMAPPED] = "unmapped",
};

static void add_address(struct ms_doc *doc, json_t *row, const char *key,
			uint64_t address)
{
	if (address)
		ms_doc_hex(doc, row, key, address);
	else
		ms_doc_value(doc, row, key, json_null());
}

/* A call: who made it, where.  prefix is of its keys. */
static ms_status add_call(struct report *r, json_t *row, const struct ms_trace *trace,
			  const char *const keys[3], uint32_t thread, uint32_t stack,
			  struct ms_error *err)
{
	ms_status status = ms_facade_site_text(&r->site, trace->meta, stack, err);

	ms_doc_tid(&r->doc, row, keys[0], trace, thread);
	ms_doc_value(&r->doc, row, keys[1], stack ? ms_json_number(stack) : json_null());
	ms_doc_text(&r->doc, row, keys[2], stack ? ms_strbuf_text(&r->site) : NULL);
	return status;
}

static ms_status add_end(struct report *r, json_t *row, const struct ms_trace *trace,
			 const struct ms_owner *owner, struct ms_error *err)
{
	static const char *const keys[] = { "end_thread", "end_stack", "end_site" };
	const struct ms_event *ended = &owner->ended;
	bool lives = owner->end == MS_OWNER_LIVES;
	struct ms_doc *doc = &r->doc;
	ms_status status = MS_OK;

	ms_doc_text(doc, row, "end", end_names[owner->end]);
	ms_doc_value(doc, row, "end_ns",
		     lives ? json_null() : ms_json_number(ended->at_ns));
	ms_doc_value(doc, row, "lifetime_ns",
		     lives || owner->end == MS_OWNER_OVERWRITTEN
			     ? json_null()
			     : ms_json_number(ended->at_ns - owner->block.at_ns));
	ms_doc_text(doc, row, "end_kind",
		    lives || owner->end == MS_OWNER_OVERWRITTEN
			    ? NULL
			    : ms_event_kind_info(ended->kind)->name);
	add_address(doc, row, "moved_to", owner->moved_to);
	if (!lives && owner->end != MS_OWNER_OVERWRITTEN)
		status = add_call(r, row, trace, keys, ended->thread, ended->stack, err);
	return status;
}

static ms_status add_owner(struct report *r, const struct ms_trace *trace,
			   const struct ms_owner *owner, struct ms_error *err)
{
	static const char *const keys[] = { "thread", "stack", "site" };
	const struct ms_block *block = &owner->block;
	json_t *row = ms_doc_append(&r->doc, r->rows);
	struct ms_doc *doc = &r->doc;
	ms_status status;

	ms_doc_u64(doc, row, "pid", ms_metadata_process(trace->meta)->pid);
	ms_doc_u64(doc, row, "at_ns", block->at_ns);
	ms_doc_text(doc, row, "kind", ms_event_kind_info(block->kind)->name);
	ms_doc_hex(doc, row, "address", block->address);
	ms_doc_u64(doc, row, "offset", r->options.address - block->address);
	ms_doc_u64(doc, row, "size", block->size);
	add_address(doc, row, "moved_from", owner->moved_from);
	status = add_call(r, row, trace, keys, block->thread, block->stack, err);
	return status == MS_OK ? add_end(r, row, trace, owner, err) : status;
}

static ms_status add_trace(struct report *r, size_t i, struct ms_error *err)
{
	const struct ms_trace *trace = &r->m->traces[i];
	const struct ms_progress *progress =
		ms_facade_progress(r->m, "looking for the address");
	json_t *process = json_array_get(json_object_get(r->doc.root, "processes"), i);
	bool inside = r->options.inside;
	struct ms_owners owners;
	ms_status status = ms_owners_init(&owners, trace->store, r->options.address,
					  inside, progress, err);

	if (status == MS_OK && !inside && owners.count == 0) {
		ms_owners_release(&owners);
		inside = true;
		status = ms_owners_init(&owners, trace->store, r->options.address, true,
					progress, err);
	}
	if (status != MS_OK)
		return status;
	ms_doc_bool(&r->doc, process, "inside", inside);
	ms_doc_u64(&r->doc, process, "owners", owners.count);
	ms_doc_u64(&r->doc, process, "unmatched_frees", owners.unmatched);
	for (size_t n = 0; status == MS_OK && n < owners.count && !r->doc.failed; n++)
		status = add_owner(r, trace, &owners.items[n], err);
	ms_owners_release(&owners);
	return status;
}

int memscope_pointer(struct memscope *m, const struct memscope_pointer_options *options,
		     const struct memscope_output *output, struct memscope_error *err)
{
	struct report r = { .m = m };
	struct ms_error *own = ms_own_error(err);
	ms_status status = MS_OK;
	json_t *document;

	if (options)
		r.options = *options;
	ms_strbuf_init(&r.site);
	ms_doc_init(&r.doc);
	ms_doc_head(&r.doc, m, NULL);
	ms_doc_hex(&r.doc, r.doc.root, "address", r.options.address);
	r.rows = ms_doc_array(&r.doc, r.doc.root, "owners");
	for (size_t i = 0; status == MS_OK && !r.doc.failed && i < m->count; i++)
		status = add_trace(&r, i, own);
	ms_strbuf_release(&r.site);
	document = ms_doc_take(&r.doc);
	if (status == MS_OK)
		return ms_facade_print(document, ms_render_pointer, output, own);
	json_decref(document);
	return status;
}
