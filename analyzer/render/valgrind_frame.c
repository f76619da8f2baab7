/* SPDX-License-Identifier: Apache-2.0 */
/*
 * valgrind_frame.c - frames as Valgrind's tools write them, for massif and DHAT.
 */
#include "analyzer/render/formats.h"

#include <inttypes.h>

void ms_valgrind_frame(struct ms_strbuf *text, const struct ms_profile *profile,
		       uint32_t frame)
{
	const struct ms_profile_frame *f = &profile->frames[frame];
	const char *module = ms_profile_module_path(profile, f);
	uint64_t base =
		f->module == MS_PROFILE_NONE ? 0 : profile->modules[f->module].base;

	/* Where the call was, not where it returns to. */
	ms_strbuf_appendf(text, "0x%" PRIX64 ": ",
			  f->address ? base + f->address - 1 : 0);
	if (f->function || !f->address)
		ms_profile_name(text, profile, frame);
	else
		ms_strbuf_adds(text, "???");
	if (f->file && f->line) {
		ms_strbuf_adds(text, " (");
		ms_strbuf_adds(text, f->file);
		ms_strbuf_appendf(text, ":%" PRIu32 ")", f->line);
	} else if (module) {
		ms_strbuf_adds(text, " (in ");
		ms_strbuf_adds(text, module);
		ms_strbuf_adds(text, ")");
	}
}
