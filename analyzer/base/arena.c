/* SPDX-License-Identifier: Apache-2.0 */
/*
 * arena.c - memory that is given back all at once.
 *
 * Something larger than a quarter of a block gets one of its own, behind the current
 * block, so that at most a quarter of any block is wasted.
 */
#include "analyzer/base/arena.h"
#include "analyzer/base/alloc.h"

#include <stdalign.h>
#include <stdint.h>
#include <string.h>

#define BLOCK_BYTES ((size_t)65536)

struct ms_arena_block {
	struct ms_arena_block *older;
	alignas(max_align_t) char bytes[];
};

void ms_arena_init(struct ms_arena *arena)
{
	*arena = (struct ms_arena){ 0 };
}

void ms_arena_release(struct ms_arena *arena)
{
	struct ms_arena_block *block = arena->blocks, *older;

	for (; block; block = older) {
		older = block->older;
		ms_free(block);
	}
	ms_arena_init(arena);
}

static struct ms_arena_block *add_block(struct ms_arena *arena, size_t bytes)
{
	struct ms_arena_block *block;

	if (bytes > SIZE_MAX - sizeof(*block))
		return NULL;
	block = ms_alloc(sizeof(*block) + bytes);
	if (!block)
		return NULL;
	block->older = arena->blocks;
	arena->blocks = block;
	return block;
}

/* bytes at an address that is a multiple of align, a power of two. */
static void *take(struct ms_arena *arena, size_t bytes, size_t align)
{
	size_t pad = (size_t)(-(uintptr_t)arena->next & (align - 1));
	struct ms_arena_block *block;

	if (!arena->next || arena->left < pad || arena->left - pad < bytes) {
		if (bytes > BLOCK_BYTES / 4) {
			block = add_block(arena, bytes);
			return block ? block->bytes : NULL;
		}
		block = add_block(arena, BLOCK_BYTES);
		if (!block)
			return NULL;
		arena->next = block->bytes;
		arena->left = BLOCK_BYTES;
		pad = 0;
	}
	arena->next += pad + bytes;
	arena->left -= pad + bytes;
	return arena->next - bytes;
}

void *ms_arena_alloc(struct ms_arena *arena, size_t bytes)
{
	return take(arena, bytes, alignof(max_align_t));
}

char *ms_arena_text(struct ms_arena *arena, const char *text, size_t len)
{
	char *copy = len < SIZE_MAX ? take(arena, len + 1, 1) : NULL;

	if (copy) {
		memcpy(copy, text, len);
		copy[len] = '\0';
	}
	return copy;
}
