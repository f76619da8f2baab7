/* SPDX-License-Identifier: Apache-2.0 */
/*
 * frame.c - when two frames are one for people: the same line of the same function.
 */
#include "analyzer/metadata/metadata.h"

#include <string.h>

static uint64_t hash_text(uint64_t hash, const char *text)
{
	for (; text && *text; text++)
		hash = (hash ^ (unsigned char)*text) * 0x100000001b3ULL;
	return (hash ^ 0xff) * 0x100000001b3ULL;
}

/* FNV-1a over what makes a frame this frame. */
uint64_t ms_frame_hash(const struct ms_frame *frame)
{
	uint64_t hash = hash_text(0xcbf29ce484222325ULL, frame->function);

	hash = hash_text(hash, frame->file);
	hash = hash_text(hash, frame->module);
	hash = (hash ^ frame->line) * 0x100000001b3ULL;
	if (!frame->function)
		hash = (hash ^ frame->address) * 0x100000001b3ULL;
	return hash ^ frame->cut;
}

static bool same_text(const char *a, const char *b)
{
	return a == b || (a && b && strcmp(a, b) == 0);
}

bool ms_frame_same(const struct ms_frame *a, const struct ms_frame *b)
{
	return a->line == b->line && a->cut == b->cut &&
	       same_text(a->function, b->function) && same_text(a->file, b->file) &&
	       same_text(a->module, b->module) &&
	       (a->function || a->address == b->address);
}
