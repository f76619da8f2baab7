/* SPDX-License-Identifier: Apache-2.0 */
/*
 * alloc.h - the one place where the analyzer gets memory, so that a test can make any
 * allocation fail.  jansson allocates through here too (see facade).
 */
#ifndef MS_BASE_ALLOC_H
#define MS_BASE_ALLOC_H

#include <stddef.h>

void *ms_alloc(size_t bytes) __attribute__((malloc, warn_unused_result));
void *ms_alloc_zero(size_t count, size_t bytes)
	__attribute__((malloc, warn_unused_result));
void *ms_realloc(void *p, size_t bytes) __attribute__((warn_unused_result));
char *ms_strdup(const char *s) __attribute__((malloc, warn_unused_result));
char *ms_strndup(const char *s, size_t n) __attribute__((malloc, warn_unused_result));
void ms_free(void *p);

/*
 * A table that is read all over: zeroed, aligned to cache lines, and, when it is large,
 * in huge pages where the system has them.  bytes: as it was made; NULL is fine.
 */
void *ms_alloc_table(size_t bytes) __attribute__((warn_unused_result));
void ms_free_table(void *p, size_t bytes);

/* Tests only: the n-th allocation from now on fails (1 = the next), 0 = none. */
void ms_alloc_fail_at(unsigned long n);
/* Tests only: allocations made since the last ms_alloc_fail_at(). */
unsigned long ms_alloc_count(void);

/*
 * Make room for one more element in a vector of element_bytes each: grows *items (moved
 * by ms_realloc) and *capacity when count has reached it.  0, or -1 with the vector as it
 * was.
 */
int ms_grow(void **items, size_t *capacity, size_t count, size_t element_bytes);

#endif
