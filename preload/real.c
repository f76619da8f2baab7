/* SPDX-License-Identifier: Apache-2.0 */
/*
 * real.c - the allocator below us, whatever it is.
 */
#define _GNU_SOURCE
#include "preload/real.h"

#include <dlfcn.h>
#include <link.h>
#include <string.h>

struct ms_real ms_real;

void *ms_real_next(const char *name)
{
	return dlsym(RTLD_NEXT, name);
}

static int find_range(struct dl_phdr_info *info, size_t size, void *context)
{
	uintptr_t at = (uintptr_t)ms_real.malloc, start, end;

	(void)size;
	(void)context;
	for (unsigned i = 0; i < info->dlpi_phnum; i++) {
		const ElfW(Phdr) *h = &info->dlpi_phdr[i];

		start = info->dlpi_addr + h->p_vaddr;
		end = start + h->p_memsz;
		if (h->p_type != PT_LOAD || at < start || at >= end)
			continue;
		ms_real.module = info->dlpi_name;
		if (!strstr(info->dlpi_name, "/libc.so") &&
		    !strstr(info->dlpi_name, "/libc-")) {
			ms_real.own_start = start;
			ms_real.own_end = end;
		}
		return 1;
	}
	return 0;
}

void ms_real_resolve(void)
{
	struct ms_real r = { 0 };

	*(void **)&r.calloc = ms_real_next("calloc");
	*(void **)&r.realloc = ms_real_next("realloc");
	*(void **)&r.free = ms_real_next("free");
	*(void **)&r.posix_memalign = ms_real_next("posix_memalign");
	*(void **)&r.aligned_alloc = ms_real_next("aligned_alloc");
	*(void **)&r.memalign = ms_real_next("memalign");
	*(void **)&r.valloc = ms_real_next("valloc");
	*(void **)&r.pvalloc = ms_real_next("pvalloc");
	*(void **)&r.dlclose = ms_real_next("dlclose");
	*(void **)&r.mmap = ms_real_next("mmap");
	*(void **)&r.mmap64 = ms_real_next("mmap64");
	*(void **)&r.munmap = ms_real_next("munmap");
	*(void **)&r.mremap = ms_real_next("mremap");
	*(void **)&r.brk = ms_real_next("brk");
	*(void **)&r.sbrk = ms_real_next("sbrk");
	*(void **)&r.sigaction = ms_real_next("sigaction");
	*(void **)&r.exit_now = ms_real_next("_exit");
	*(void **)&r.malloc = ms_real_next("malloc");
	ms_real = r;
	dl_iterate_phdr(find_range, NULL);
}
