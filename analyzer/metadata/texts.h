/* SPDX-License-Identifier: Apache-2.0 */
/*
 * texts.h - one copy of each text: thousands of frames share their functions and files.
 */
#ifndef MS_METADATA_TEXTS_H
#define MS_METADATA_TEXTS_H

#include "analyzer/base/arena.h"
#include "analyzer/base/map.h"

struct ms_texts {
	struct ms_arena arena;
	struct ms_map by_hash;
};

void ms_texts_init(struct ms_texts *texts);
void ms_texts_release(struct ms_texts *texts);
/* The copy of len bytes at text, NUL-terminated, while texts lives; NULL: no memory. */
const char *ms_texts_keep(struct ms_texts *texts, const char *text, size_t len);

#endif
