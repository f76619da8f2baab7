/* SPDX-License-Identifier: Apache-2.0 */
/*
 * boot.h - memory before the real allocator is known.
 *
 * dlsym may allocate while we look the real functions up, and ifunc resolvers may while
 * we are not even relocated: so nothing here needs a relocation or libc.
 */
#ifndef MS_BOOT_H
#define MS_BOOT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Zeroed, aligned to align (a power of two, at least 16 is given); NULL when it is used
 * up. */
void *ms_boot_alloc(size_t bytes, size_t align);

/* The real allocator is known: address space that will not be needed goes back. */
void ms_boot_done(void);

extern uintptr_t ms_boot_start, ms_boot_end; /* 0 and 0 while nothing was allocated */

static inline bool ms_boot_owns(const void *p)
{
	return (uintptr_t)p - ms_boot_start < ms_boot_end - ms_boot_start;
}

/* Bytes that were asked for. */
size_t ms_boot_size(const void *p);

#endif
