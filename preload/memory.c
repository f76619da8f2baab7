/* SPDX-License-Identifier: Apache-2.0 */
/*
 * memory.c - the recorder's own memory: always from the kernel, never from an allocator.
 */
#define _GNU_SOURCE
#include "preload/recorder.h"

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
	return p;
}

#define BLOCK_BYTES (64 * 1024)

struct block {
	_Atomic size_t used;
	char pad[16 - sizeof(size_t)];
};

void *ms_small(size_t bytes)
{
	uintptr_t current =
		atomic_load_explicit(&ms_session->small, memory_order_acquire);
	struct block *block;
	size_t at;

	bytes = (bytes + 15) & ~(size_t)15;
	for (;;) {
		block = (struct block *)current;
		if (block) {
			at = atomic_fetch_add_explicit(&block->used, bytes,
						       memory_order_relaxed);
			if (at + bytes <= BLOCK_BYTES - sizeof *block)
				return (char *)(block + 1) + at;
		}
		block = ms_map(BLOCK_BYTES, true);
		if (!block)
			return NULL;
		/* the loser's block goes back; release pairs with the acquire above */
		if (atomic_compare_exchange_strong_explicit(
			    &ms_session->small, &current, (uintptr_t)block,
			    memory_order_acq_rel, memory_order_acquire))
			current = (uintptr_t)block;
		else
			ms_sys_munmap(block, BLOCK_BYTES);
	}
}
