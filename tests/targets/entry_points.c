/* SPDX-License-Identifier: Apache-2.0 */
/*
 * entry_points.c - calls each C allocation function once in each of its ways.
 *
 * argv[1] gets the truth: one line for each half of each call.  Exits 98 when a function
 * does not behave as its manual says (results, errno, contents).
 *
 * Build with: -O2 -fno-builtin -Wno-use-after-free -Wno-alloc-size-larger-than
 */
#define _GNU_SOURCE
#include "tests/targets/truth.h"

#include <dlfcn.h>
#include <errno.h>
#include <malloc.h>

#define QUIET_ERRNO 4242 /* a successful call leaves errno alone */
#define HUGE_BYTES  ((size_t)PTRDIFF_MAX)

static volatile size_t zero;

#define OK_CALL(p, call)                         \
	do {                                     \
		errno = QUIET_ERRNO;             \
		p = hide(call);                  \
		MUST(errno == QUIET_ERRNO && p); \
	} while (0)

#define FAILED_CALL(call)                             \
	do {                                          \
		errno = 0;                            \
		MUST(!hide(call) && errno == ENOMEM); \
	} while (0)

static void end(void *p)
{
	truth_ended("free", p);
	errno = QUIET_ERRNO;
	free(p);
	MUST(errno == QUIET_ERRNO);
}

static void makers(void)
{
	void *p;

	OK_CALL(p, malloc(100));
	truth_made("malloc", p, 100, 0);
	end(p);
	OK_CALL(p, malloc(zero));
	truth_made("malloc", p, 0, 0);
	end(p);
	OK_CALL(p, calloc(7, 11));
	truth_made("calloc", p, 77, 0);
	for (int i = 0; i < 77; i++)
		MUST(((char *)p)[i] == 0);
	end(p);
	OK_CALL(p, realloc(NULL, 300));
	truth_made("realloc(NULL)", p, 300, 0);
	end(p);
	OK_CALL(p, reallocarray(NULL, 4, 100));
	truth_made("reallocarray(NULL)", p, 400, 0);
	end(p);
	free(NULL); /* no event */
	FAILED_CALL(malloc(HUGE_BYTES));
	truth_made("malloc", NULL, HUGE_BYTES, 0);
	FAILED_CALL(calloc(1, HUGE_BYTES));
	truth_made("calloc", NULL, HUGE_BYTES, 0);
	/* the product does not fit: what was asked for has no number */
	FAILED_CALL(calloc(HUGE_BYTES, 4));
	truth_made("calloc", NULL, SIZE_MAX, 0);
	FAILED_CALL(reallocarray(NULL, HUGE_BYTES, 4));
	truth_made("reallocarray(NULL)", NULL, SIZE_MAX, 0);
}

static void aligned(void)
{
	void *p = NULL, *kept = &p;

	errno = QUIET_ERRNO;
	MUST(posix_memalign(&p, 256, 1000) == 0 && errno == QUIET_ERRNO);
	truth_made("posix_memalign", p, 1000, 256);
	MUST((uintptr_t)p % 256 == 0);
	end(p);
	p = kept;
	MUST(posix_memalign(&p, 3, 1000) == EINVAL && p == kept);
	MUST(posix_memalign(&p, 64, HUGE_BYTES) == ENOMEM && p == kept);
	truth_made("posix_memalign", NULL, HUGE_BYTES, 64);
	OK_CALL(p, aligned_alloc(128, 1280));
	truth_made("aligned_alloc", p, 1280, 128);
	MUST((uintptr_t)p % 128 == 0);
	end(p);
	OK_CALL(p, memalign(4096, 10));
	truth_made("memalign", p, 10, 4096);
	MUST((uintptr_t)p % 4096 == 0);
	end(p);
	OK_CALL(p, valloc(20));
	truth_made("valloc", p, 20, 4096);
	end(p);
	OK_CALL(p, pvalloc(30));
	truth_made("pvalloc", p, 30, 4096);
	end(p);
}

static void moved(const char *form, void *old, void *now, size_t size)
{
	truth_ended("realloc begin", old);
	truth_made(form, now, size, 0);
}

static void reallocs(void)
{
	void *p, *q;

	OK_CALL(p, malloc(50));
	truth_made("malloc", p, 50, 0);
	memset(p, 'x', 50);
	OK_CALL(q, realloc(p, 500000));
	moved("realloc", p, q, 500000);
	MUST(((char *)q)[49] == 'x');
	OK_CALL(p, reallocarray(q, 30, 100));
	moved("reallocarray", q, p, 3000);
	FAILED_CALL(realloc(p, HUGE_BYTES));
	moved("realloc", p, NULL, HUGE_BYTES);
	FAILED_CALL(reallocarray(p, HUGE_BYTES, 16));
	moved("reallocarray", p, NULL, SIZE_MAX);
	MUST(((char *)p)[49] == 'x');
	truth_ended("realloc begin", p);
	errno = QUIET_ERRNO;
	MUST(!hide(realloc(p, zero)) && errno == QUIET_ERRNO);
	truth_ended("realloc(p, 0)", NULL);
	OK_CALL(p, realloc(NULL, zero));
	truth_made("realloc(NULL)", p, 0, 0);
	end(p);
}

/* Functions that this C library may lack and a recorder may bring. */
static void looked_up(void)
{
	void (*old_free)(void *) = (void (*)(void *))dlsym(RTLD_DEFAULT, "cfree");
	void (*sized)(void *, size_t) =
		(void (*)(void *, size_t))dlsym(RTLD_DEFAULT, "free_sized");
	void (*aligned_sized)(void *, size_t, size_t) =
		(void (*)(void *, size_t, size_t))dlsym(RTLD_DEFAULT,
							"free_aligned_sized");
	void *p;

	hide(malloc(TRUTH_BEGIN + 2)); /* dlsym may have allocated: compare from here */
	truth_bytes = 0;
	if (!old_free || !sized || !aligned_sized)
		return;
	OK_CALL(p, malloc(11));
	truth_made("malloc", p, 11, 0);
	old_free(p);
	truth_ended("cfree", p);
	OK_CALL(p, malloc(22));
	truth_made("malloc", p, 22, 0);
	sized(p, 22);
	truth_ended("free_sized", p);
	OK_CALL(p, aligned_alloc(64, 64));
	truth_made("aligned_alloc", p, 64, 64);
	aligned_sized(p, 64, 64);
	truth_ended("free_aligned_sized", p);
}

int main(int argc, char **argv)
{
	if (argc < 3)
		return 2;
	hide(malloc(TRUTH_BEGIN));
	if (strcmp(argv[2], "lookup") == 0) {
		looked_up();
	} else {
		makers();
		aligned();
		reallocs();
	}
	hide(malloc(TRUTH_END));
	truth_write(argv[1]);
	return 0;
}
