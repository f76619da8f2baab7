/* SPDX-License-Identifier: Apache-2.0 */
/*
 * frame_functions.c - the functions that a profile's frames are of.
 */
#include "analyzer/render/frame_functions.h"
#include "analyzer/base/alloc.h"
#include "analyzer/render/text_table.h"

#include <inttypes.h>

/* What tells a function: module, file, and its name, which may be an address. */
static int64_t key_of(struct ms_text_table *keys, struct ms_strbuf *text,
		      const struct ms_profile *profile, uint32_t frame)
{
	const struct ms_profile_frame *f = &profile->frames[frame];

	ms_strbuf_clear(text);
	ms_strbuf_appendf(text, "%" PRIu32 "\n", f->module);
	ms_strbuf_adds(text, f->file ? f->file : "");
	ms_strbuf_addc(text, '\n');
	ms_profile_name(text, profile, frame);
	return text->failed ? -1 : ms_text_table_add(keys, ms_strbuf_text(text));
}

static int add_frame(struct ms_frame_functions *functions, uint32_t frame, int64_t id)
{
	if (id < 0)
		return -1;
	functions->of[frame] = (uint32_t)id;
	if ((size_t)id < functions->count)
		return 0;
	if (ms_grow((void **)&functions->first, &functions->capacity, functions->count,
		    sizeof(*functions->first)) < 0)
		return -1;
	functions->first[functions->count++] = frame;
	return 0;
}

ms_status ms_frame_functions_init(struct ms_frame_functions *functions,
				  const struct ms_profile *profile, struct ms_error *err)
{
	struct ms_text_table keys;
	struct ms_strbuf text;
	int failed;

	*functions = (struct ms_frame_functions){ 0 };
	functions->of = ms_alloc_zero(profile->frame_count + 1, sizeof(*functions->of));
	failed = !functions->of;
	ms_strbuf_init(&text);
	ms_text_table_init(&keys);
	for (uint32_t i = 0; !failed && i < profile->frame_count; i++)
		failed = add_frame(functions, i, key_of(&keys, &text, profile, i)) < 0;
	ms_text_table_release(&keys);
	ms_strbuf_release(&text);
	return failed ? ms_fail_memory(err) : MS_OK;
}

void ms_frame_functions_release(struct ms_frame_functions *functions)
{
	ms_free(functions->of);
	ms_free(functions->first);
}
