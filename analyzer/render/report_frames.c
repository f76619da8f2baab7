/* SPDX-License-Identifier: Apache-2.0 */
/*
 * report_frames.c - the frames of the dashboard's stacks, their texts each once.
 */
#include "analyzer/base/alloc.h"
#include "analyzer/render/report_out.h"

#include <inttypes.h>
#include <string.h>

/* As data.ts has them. */
#define FRAME_INLINED 1
#define FRAME_CUT     2
#define FRAME_FOLDED  4

static void use_frame(struct ms_out_frames *f, uint32_t frame)
{
	if (frame == MS_PROFILE_NONE || f->number[frame])
		return;
	f->frames[f->count++] = frame;
	f->number[frame] = (uint32_t)f->count;
}

ms_status ms_out_frames_init(struct ms_out_frames *f, const struct ms_profile *profile,
			     const struct ms_fold *stacks, struct ms_error *err)
{
	*f = (struct ms_out_frames){ .profile = profile };
	ms_map_init(&f->by_hash);
	f->number = ms_alloc_zero(profile->frame_count, sizeof(*f->number));
	f->frames = ms_alloc(profile->frame_count * sizeof(*f->frames));
	if (!f->number || !f->frames)
		return ms_fail_memory(err);
	for (size_t i = 0; i < stacks->node_count; i++)
		use_frame(f, stacks->nodes[i].frame);
	for (size_t i = 0; i < stacks->row_count; i++)
		use_frame(f, stacks->sites[i]);
	return MS_OK;
}

void ms_out_frames_release(struct ms_out_frames *f)
{
	ms_free(f->number);
	ms_free(f->frames);
	ms_free(f->texts);
	ms_free(f->same_hash);
	ms_map_release(&f->by_hash);
}

/* --- texts ----------------------------------------------------------------------------
 */

static uint64_t hash_text(const char *text)
{
	uint64_t hash = UINT64_C(0xcbf29ce484222325); /* FNV-1a */

	for (; *text; text++)
		hash = (hash ^ (unsigned char)*text) * UINT64_C(0x100000001b3);
	return hash;
}

/* The number of a text; NULL, and one for which there is no memory, has -1. */
static int64_t number_of(struct ms_out_frames *f, const char *text)
{
	uint64_t *head;

	if (!text || f->failed)
		return -1;
	head = ms_map_at(&f->by_hash, hash_text(text), NULL);
	for (uint32_t i = head ? (uint32_t)*head : 0; i; i = f->same_hash[i - 1]) {
		if (strcmp(f->texts[i - 1], text) == 0)
			return i - 1;
	}
	f->failed = !head ||
		    ms_grow((void **)&f->texts, &f->text_capacity, f->text_count,
			    sizeof(*f->texts)) < 0 ||
		    ms_grow((void **)&f->same_hash, &f->hash_capacity, f->text_count,
			    sizeof(*f->same_hash)) < 0;
	if (f->failed)
		return -1;
	f->texts[f->text_count] = text;
	f->same_hash[f->text_count] = (uint32_t)*head;
	*head = ++f->text_count;
	return (int64_t)f->text_count - 1;
}

/* --- frames ---------------------------------------------------------------------------
 */

struct column {
	struct ms_out_frames *frames;
	const struct ms_profile_node *nodes;
};

/* NULL: the one after all others, of what was folded. */
static const struct ms_profile_frame *frame_at(const void *context, size_t i)
{
	const struct ms_out_frames *f = ((const struct column *)context)->frames;

	return i < f->count ? &f->profile->frames[f->frames[i]] : NULL;
}

static void put_frame_text(struct ms_out *out, const void *context, const char *text)
{
	ms_out_i64(out, number_of(((const struct column *)context)->frames, text));
}

static void put_function(struct ms_out *out, const void *context, size_t i)
{
	const struct ms_profile_frame *frame = frame_at(context, i);

	put_frame_text(out, context,
		       !frame		 ? "(folded)"
		       : frame->function ? frame->function
					 : frame->cut);
}

static void put_file(struct ms_out *out, const void *context, size_t i)
{
	const struct ms_profile_frame *frame = frame_at(context, i);

	put_frame_text(out, context, frame ? frame->file : NULL);
}

static void put_line(struct ms_out *out, const void *context, size_t i)
{
	const struct ms_profile_frame *frame = frame_at(context, i);

	ms_out_u64(out, frame ? frame->line : 0);
}

static void put_module(struct ms_out *out, const void *context, size_t i)
{
	const struct ms_profile *profile =
		((const struct column *)context)->frames->profile;
	const struct ms_profile_frame *frame = frame_at(context, i);

	put_frame_text(out, context,
		       frame ? ms_profile_module_path(profile, frame) : NULL);
}

/* Of a frame that has no function; a text, since pages count in doubles. */
static void put_address(struct ms_out *out, const void *context, size_t i)
{
	const struct ms_profile_frame *frame = frame_at(context, i);

	if (frame && !frame->function && frame->address)
		ms_writef(out->writer, "\"0x%" PRIx64 "\"", frame->address);
	else
		ms_out(out, "null");
}

static void put_flags(struct ms_out *out, const void *context, size_t i)
{
	const struct ms_profile_frame *frame = frame_at(context, i);
	unsigned inlined = frame && frame->inlined ? FRAME_INLINED : 0;
	unsigned cut = frame && frame->cut ? FRAME_CUT : 0;

	ms_out_u64(out, frame ? inlined | cut : FRAME_FOLDED);
}

static void put_frames(struct ms_out *out, const struct column *column)
{
	size_t count = column->frames->count + 1;

	ms_out_key(out, "frames");
	ms_out_column(out, "{", "function", put_function, column, count);
	ms_out_column(out, ",", "file", put_file, column, count);
	ms_out_column(out, ",", "line", put_line, column, count);
	ms_out_column(out, ",", "module", put_module, column, count);
	ms_out_column(out, ",", "address", put_address, column, count);
	ms_out_column(out, ",", "flags", put_flags, column, count);
	ms_out(out, "}");
}

/* --- nodes ----------------------------------------------------------------------------
 */

static void put_parent(struct ms_out *out, const void *context, size_t i)
{
	ms_out_u64(out, ((const struct column *)context)->nodes[i].parent);
}

/* The root has none. */
static void put_node_frame(struct ms_out *out, const void *context, size_t i)
{
	const struct column *column = context;
	uint32_t frame = column->nodes[i].frame;

	if (i == 0)
		ms_out(out, "-1");
	else
		ms_out_u64(out, frame == MS_PROFILE_NONE
					? column->frames->count
					: column->frames->number[frame] - 1);
}

ms_status ms_out_tree(struct ms_out *out, struct ms_out_frames *f,
		      const struct ms_fold *stacks, struct ms_error *err)
{
	const struct column column = { f, stacks->nodes };

	put_frames(out, &column);
	ms_out_key(out, "nodes");
	ms_out_column(out, "{", "parent", put_parent, &column, stacks->node_count);
	ms_out_column(out, ",", "frame", put_node_frame, &column, stacks->node_count);
	ms_out(out, "}");
	ms_out_key(out, "strings");
	ms_out(out, "[");
	for (size_t i = 0; i < f->text_count; i++) {
		ms_out(out, i ? "," : "");
		ms_out_text(out, f->texts[i]);
	}
	ms_out(out, "]");
	return f->failed ? ms_fail_memory(err) : MS_OK;
}
