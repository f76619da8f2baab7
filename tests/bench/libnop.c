/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libnop.c - an interposer that forwards and does nothing else.
 *
 * libmemscope-nop.so is the floor of the benchmark: what it adds to a program is the cost
 * of standing between the program and its allocator at all.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <stddef.h>
#include <stdlib.h>

#define UNLIKELY(x) __builtin_expect(!!(x), 0)

void *memalign(size_t align, size_t size);
void *valloc(size_t size);
void *pvalloc(size_t size);

static struct {
	void *(*malloc)(size_t);
	void *(*calloc)(size_t, size_t);
	void *(*realloc)(void *, size_t);
	void *(*reallocarray)(void *, size_t, size_t);
	void (*free)(void *);
	int (*posix_memalign)(void **, size_t, size_t);
	void *(*aligned_alloc)(size_t, size_t);
	void *(*memalign)(size_t, size_t);
	void *(*valloc)(size_t);
	void *(*pvalloc)(size_t);
} real;

static char boot[65536] __attribute__((aligned(16))); /* for dlsym while it looks */
static size_t boot_used;

static void *boot_take(size_t size)
{
	void *p = boot + boot_used;

	size = (size + 15) & ~(size_t)15;
	if (size > sizeof(boot) - boot_used)
		abort();
	boot_used += size;
	return p;
}

__attribute__((noinline, cold, constructor)) static void resolve(void)
{
	static int begun;

	if (begun)
		return;
	begun = 1;
	*(void **)&real.calloc = dlsym(RTLD_NEXT, "calloc");
	*(void **)&real.realloc = dlsym(RTLD_NEXT, "realloc");
	*(void **)&real.reallocarray = dlsym(RTLD_NEXT, "reallocarray");
	*(void **)&real.free = dlsym(RTLD_NEXT, "free");
	*(void **)&real.posix_memalign = dlsym(RTLD_NEXT, "posix_memalign");
	*(void **)&real.aligned_alloc = dlsym(RTLD_NEXT, "aligned_alloc");
	*(void **)&real.memalign = dlsym(RTLD_NEXT, "memalign");
	*(void **)&real.valloc = dlsym(RTLD_NEXT, "valloc");
	*(void **)&real.pvalloc = dlsym(RTLD_NEXT, "pvalloc");
	*(void **)&real.malloc = dlsym(RTLD_NEXT, "malloc");
}

void *malloc(size_t size)
{
	if (UNLIKELY(!real.malloc)) {
		resolve();
		if (!real.malloc)
			return boot_take(size);
	}
	return real.malloc(size);
}

void *calloc(size_t count, size_t size)
{
	if (UNLIKELY(!real.calloc)) {
		resolve();
		if (!real.calloc)
			return boot_take(count * size);
	}
	return real.calloc(count, size);
}

void free(void *p)
{
	if (UNLIKELY((char *)p >= boot && (char *)p < boot + sizeof(boot)))
		return;
	if (UNLIKELY(!real.free))
		resolve();
	real.free(p);
}

#define FORWARD(result, name, parameters, ...) \
	result name parameters                 \
	{                                      \
		if (UNLIKELY(!real.name))      \
			resolve();             \
		return real.name(__VA_ARGS__); \
	}

FORWARD(void *, realloc, (void *p, size_t size), p, size)
FORWARD(void *, reallocarray, (void *p, size_t count, size_t size), p, count, size)
FORWARD(int, posix_memalign, (void **p, size_t align, size_t size), p, align, size)
FORWARD(void *, aligned_alloc, (size_t align, size_t size), align, size)
FORWARD(void *, memalign, (size_t align, size_t size), align, size)
FORWARD(void *, valloc, (size_t size), size)
FORWARD(void *, pvalloc, (size_t size), size)
