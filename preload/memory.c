/* SPDX-License-Identifier: Apache-2.0 */
/*
 * memory.c - the recorder's own memory: always from the kernel, never from an allocator.
 */
#define _GNU_SOURCE
#include "preload/own_cost.h"

#include <sys/mman.h>

void *ms_map(size_t bytes, bool wiped)
{
	void *p = ms_sys_mmap(bytes, PROT_READ | PROT_WRITE,
			      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (!p)
		return NULL;
	if (wiped && ms_sys_failed(ms_sys(SYS_madvise, p, bytes, MADV_WIPEONFORK, 0))) {
		ms_sys_munmap(p, bytes);
		return NULL;
	}
	atomic_fetch_add_explicit(&ms_cost_table_bytes, bytes, memory_order_relaxed);
	return p;
}

void ms_unmap(void *p, size_t bytes)
{
	ms_sys_munmap(p, bytes);
	atomic_fetch_sub_explicit(&ms_cost_table_bytes, bytes, memory_order_relaxed);
}

#define BLOCK_BYTES (64 * 1024)

struct block {
	_Atomic size_t used;
	char pad[16 - sizeof(size_t)];
};

/* A fresh block after `current`, or what another thread put there meanwhile; NULL. */
static struct block *block_new(uintptr_t current)
{
	struct block *block = ms_map(BLOCK_BYTES, true);

	if (!block)
		return NULL;
	/* the loser's block goes back; release pairs with the acquire in ms_small */
	if (atomic_compare_exchange_strong_explicit(
		    &ms_session->small, &current, (uintptr_t)block, memory_order_acq_rel,
		    memory_order_acquire))
		return block;
	ms_unmap(block, BLOCK_BYTES);
	return (struct block *)current;
}

void *ms_small(size_t bytes)
{
	struct block *block = (struct block *)atomic_load_explicit(&ms_session->small,
								   memory_order_acquire);
	size_t at;

	bytes = (bytes + 15) & ~(size_t)15;
	for (;;) {
		if (block) {
			at = atomic_fetch_add_explicit(&block->used, bytes,
						       memory_order_relaxed);
			if (at + bytes <= BLOCK_BYTES - sizeof *block)
				return (char *)(block + 1) + at;
		}
		block = block_new((uintptr_t)block);
		if (!block)
			return NULL;
	}
}

void ms_small_reserve(void)
{
	block_new(atomic_load_explicit(&ms_session->small, memory_order_acquire));
}
