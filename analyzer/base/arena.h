/* SPDX-License-Identifier: Apache-2.0 */
/*
 * arena.h - memory that is given back all at once: texts and rows that live as long as
 * their owner.
 */
#ifndef MS_BASE_ARENA_H
#define MS_BASE_ARENA_H

#include <stddef.h>

struct ms_arena_block;

struct ms_arena {
	struct ms_arena_block *blocks;
	char *next;
	size_t left;
};

void ms_arena_init(struct ms_arena *arena);
void ms_arena_release(struct ms_arena *arena);

/* bytes of memory aligned for anything, not cleared; NULL: no memory. */
void *ms_arena_alloc(struct ms_arena *arena, size_t bytes);
/* A NUL-terminated copy of len bytes; NULL: no memory. */
char *ms_arena_text(struct ms_arena *arena, const char *text, size_t len);

#endif
