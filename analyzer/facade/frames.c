/* SPDX-License-Identifier: Apache-2.0 */
/*
 * frames.c - frames by what they say, not by where they lie.
 */
#include "analyzer/facade/frames.h"
#include "analyzer/base/alloc.h"

#include <string.h>

/* Beyond this a stack counts as this long, unless all of it was asked for. */
#define LONGEST_STACK 131072

static const struct ms_frame no_stack;

void ms_frames_init(struct ms_frames_seen *seen)
{
	*seen = (struct ms_frames_seen){ 0 };
	ms_map_init(&seen->by_hash);
	ms_map_init(&seen->by_pointer);
}

void ms_frames_release(struct ms_frames_seen *seen)
{
	for (size_t i = 0; i < seen->count; i++)
		json_decref(seen->items[i].json);
	ms_free(seen->items);
	ms_map_release(&seen->by_hash);
	ms_map_release(&seen->by_pointer);
}

uint32_t ms_frames_add(struct ms_frames_seen *seen, const struct ms_frame *frame)
{
	bool is_new;
	uint64_t *head = ms_map_at(&seen->by_hash, ms_frame_hash(frame), &is_new);
	uint32_t first;

	if (!head)
		return MS_FRAME_NONE;
	/* A value of 0 is "none", so that a failure below leaves nothing to undo. */
	first = *head ? (uint32_t)(*head - 1) : MS_FRAME_NONE;
	for (uint32_t i = first; i != MS_FRAME_NONE; i = seen->items[i].same_hash) {
		if (ms_frame_same(&seen->items[i].frame, frame))
			return i;
	}
	if (seen->count == MS_FRAME_NONE - 1 ||
	    ms_grow((void **)&seen->items, &seen->capacity, seen->count,
		    sizeof(*seen->items)) < 0)
		return MS_FRAME_NONE;
	seen->items[seen->count] = (struct ms_frame_entry){ *frame, first, NULL };
	*head = ++seen->count;
	return (uint32_t)(seen->count - 1);
}

uint32_t ms_frames_id(struct ms_frames_seen *seen, const struct ms_frame *frame)
{
	uint64_t key = (uint64_t)(uintptr_t)frame;
	const uint64_t *known = ms_map_find(&seen->by_pointer, key);
	uint32_t id;

	if (known)
		return (uint32_t)*known;
	id = ms_frames_add(seen, frame ? frame : &no_stack);
	if (id == MS_FRAME_NONE || ms_map_put(&seen->by_pointer, key, id) < 0)
		return MS_FRAME_NONE;
	return id;
}

const char *ms_cut_reason(unsigned cut)
{
	switch (cut) {
	case 0:
		return NULL;
	case MS_CUT_DEPTH:
		return "depth limit";
	case MS_CUT_NO_RULE:
		return "no unwind information";
	case MS_CUT_UNREADABLE:
		return "stack not readable";
	case MS_CUT_LOOP:
		return "frames did not move outwards";
	default:
		return "unknown";
	}
}

void ms_doc_frame(struct ms_doc *doc, json_t *object, const struct ms_frame *frame)
{
	ms_doc_text(doc, object, "function", frame->function);
	ms_doc_text(doc, object, "file", frame->file);
	ms_doc_value(doc, object, "line",
		     frame->line ? json_integer((json_int_t)frame->line) : json_null());
	ms_doc_text(doc, object, "module", frame->module);
	if (!frame->function && (frame->address || frame->module))
		ms_doc_hex(doc, object, "address", frame->address);
	if (frame->cut)
		ms_doc_text(doc, object, "cut", ms_cut_reason(frame->cut));
}

void ms_walk_begin(struct ms_walk *walk, struct ms_metadata *meta, uint32_t stack)
{
	*walk = (struct ms_walk){ .meta = meta, .node = stack };
}

ms_status ms_walk_next(struct ms_walk *walk, const struct ms_frame **frame,
		       struct ms_error *err)
{
	*frame = NULL;
	while (walk->index == walk->count) {
		uint32_t module, node = walk->node;
		uint64_t offset;
		ms_status status;

		if (!ms_metadata_node(walk->meta, node, &module, &offset, &walk->node))
			return MS_OK;
		walk->index = 0;
		status = ms_metadata_frames(walk->meta, node, &walk->frames, &walk->count,
					    err);
		if (status != MS_OK)
			return status;
	}
	*frame = &walk->frames[walk->index++];
	return MS_OK;
}

/*
 * The nodes of a stack, at most limit: a forged log may chain millions of them, and a
 * report walks every stack.
 */
static size_t count_nodes(struct ms_metadata *meta, uint32_t stack, size_t limit)
{
	uint32_t module;
	uint64_t offset;
	size_t count = 0;

	while (count < limit && ms_metadata_node(meta, stack, &module, &offset, &stack))
		count++;
	return count;
}

/* The same object for each occurrence of a frame: stacks are many, frames are few. */
static void append_frame(struct ms_doc *doc, json_t *array, struct ms_frames_seen *seen,
			 const struct ms_frame *frame)
{
	uint32_t id = ms_frames_id(seen, frame);
	struct ms_frame_entry *entry = id == MS_FRAME_NONE ? NULL : &seen->items[id];

	if (!entry) {
		doc->failed = true;
		return;
	}
	if (!entry->json) {
		entry->json = json_object();
		ms_doc_frame(doc, entry->json, &entry->frame);
		ms_doc_bool(doc, entry->json, "inlined", entry->frame.inlined);
	}
	if (!doc->failed)
		ms_doc_append_value(doc, array, json_incref(entry->json));
}

/* Append the frames of count nodes from *node on, and step past them. */
static ms_status append_nodes(struct ms_doc *doc, json_t *array,
			      struct ms_frames_seen *seen, struct ms_metadata *meta,
			      uint32_t *node, size_t count, struct ms_error *err)
{
	ms_status status = MS_OK;

	for (size_t i = 0; status == MS_OK && i < count; i++) {
		const struct ms_frame *frames;
		uint32_t module, here = *node;
		uint64_t offset;
		size_t n;

		if (!ms_metadata_node(meta, here, &module, &offset, node))
			break;
		status = ms_metadata_frames(meta, here, &frames, &n, err);
		for (size_t f = 0; status == MS_OK && f < n; f++)
			append_frame(doc, array, seen, &frames[f]);
	}
	return status;
}

ms_status ms_doc_stack(struct ms_doc *doc, json_t *object, const char *key,
		       struct ms_frames_seen *seen, struct ms_metadata *meta,
		       uint32_t stack, unsigned depth, struct ms_error *err)
{
	json_t *array = ms_doc_array(doc, object, key);
	bool unlimited = depth == 0 || depth == UINT32_MAX;
	size_t count = count_nodes(meta, stack, unlimited ? SIZE_MAX : LONGEST_STACK);
	size_t outer = unlimited || count <= depth ? 0 : depth / 4;
	size_t inner = unlimited || count <= depth ? count : depth - outer;
	ms_status status = append_nodes(doc, array, seen, meta, &stack, inner, err);
	size_t omitted = count - inner - outer;
	uint32_t module;
	uint64_t offset;

	if (status != MS_OK || inner == count)
		return status;
	ms_doc_u64(doc, ms_doc_append(doc, array), "omitted", omitted);
	while (omitted-- && ms_metadata_node(meta, stack, &module, &offset, &stack))
		;
	return append_nodes(doc, array, seen, meta, &stack, outer, err);
}
