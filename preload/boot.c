/* SPDX-License-Identifier: Apache-2.0 */
/*
 * boot.c - memory before the real allocator is known.  It is never freed.
 */
#include "preload/boot.h"

#include "preload/sys.h"

#include <stdatomic.h>
#include <sys/mman.h>

#define REGION_BYTES (64UL << 20)  /* of address space: pages come as they are touched */
#define KEPT_BYTES   (64UL << 10)  /* of it, once the start is over */
#define STATIC_BYTES (256UL << 10) /* where the address space is limited */

uintptr_t ms_boot_start, ms_boot_end;

static char fallback[STATIC_BYTES] __attribute__((aligned(16)));
static _Atomic uintptr_t next;
static _Atomic bool starting;

static bool region_start(void)
{
	char *p;

	if (atomic_exchange(&starting, true))
		return ms_boot_end != 0;
	p = ms_sys_mmap(REGION_BYTES, PROT_READ | PROT_WRITE,
			MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	ms_boot_start = (uintptr_t)(p ? p : fallback);
	ms_boot_end = ms_boot_start + (p ? REGION_BYTES : STATIC_BYTES);
	atomic_store(&next, ms_boot_start);
	return true;
}

void *ms_boot_alloc(size_t bytes, size_t align)
{
	uintptr_t at, start;

	if (align < 16)
		align = 16;
	if ((!ms_boot_end && !region_start()) || bytes > REGION_BYTES)
		return NULL;
	at = atomic_load(&next);
	do {
		/* the size lies in the word before the block */
		start = (at + 16 + align - 1) & ~(uintptr_t)(align - 1);
		if (start + bytes > ms_boot_end)
			return NULL;
	} while (!atomic_compare_exchange_weak(&next, &at, start + bytes));
	((size_t *)start)[-1] = bytes;
	return (void *)start;
}

/*
 * 64 MiB would count against RLIMIT_AS and mlockall's limit for as long as the program
 * runs.  Who allocates right now has raised `next` before, or fails.
 */
void ms_boot_done(void)
{
	uintptr_t used = atomic_load(&next), end = ms_boot_end;
	uintptr_t keep = (used + KEPT_BYTES + 4095) & ~(uintptr_t)4095;

	if (!end || ms_boot_start == (uintptr_t)fallback || keep >= end)
		return;
	ms_boot_end = keep;
	ms_sys_munmap((void *)keep, end - keep);
}

size_t ms_boot_size(const void *p)
{
	return ((const size_t *)p)[-1];
}
