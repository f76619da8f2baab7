/* SPDX-License-Identifier: Apache-2.0 */
/*
 * real.h - the allocator below us, whatever it is: the next definitions in the search
 * order.
 */
#ifndef MS_REAL_H
#define MS_REAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct sigaction;

struct ms_real {
	void *(*malloc)(size_t); /* NULL: nothing is resolved yet */
	void *(*calloc)(size_t, size_t);
	void *(*realloc)(void *, size_t);
	void (*free)(void *);
	int (*posix_memalign)(void **, size_t, size_t);
	void *(*aligned_alloc)(size_t, size_t);
	void *(*memalign)(size_t, size_t);
	void *(*valloc)(size_t);
	void *(*pvalloc)(size_t);
	int (*dlclose)(void *);
	void *(*mmap)(void *, size_t, int, int, int, off_t);
	void *(*mmap64)(void *, size_t, int, int, int, off_t);
	int (*munmap)(void *, size_t);
	void *(*mremap)(void *, size_t, size_t, int, ...);
	int (*brk)(void *);
	void *(*sbrk)(intptr_t);
	int (*sigaction)(int, const struct sigaction *, struct sigaction *);
	void (*exit_now)(int);
	uintptr_t own_start,
		own_end;    /* the allocator's module, unless it is libc; else 0 */
	const char *module; /* the allocator's, as the loader names it; NULL: not known */
};
extern struct ms_real ms_real;

void ms_real_resolve(void);

/* The next definition of name after ours, or NULL. */
void *ms_real_next(const char *name);

#endif
