/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libcounter.c - a second, independent recorder that only counts.
 *
 * Preloaded in front of libmemscope.so it sees exactly the calls that the recorder must
 * see, and shares no line with it.  The counts of a process live in a shared mapping of
 * $COUNTER_OUT/<pid>.<n>, so they are exact however the process ends; n counts the execs
 * of one pid, as the recorder's log names do.
 *
 * Build with: -O2
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

struct counts {
	_Atomic uint64_t allocations, reallocations, deallocations, allocated, failed;
};

static struct counts early; /* calls before libc has an environment */
static struct counts *
	*self; /* a page of its own that fork empties: the child counts anew */

static struct counts *open_counts(void)
{
	static char dir[3000];
	struct counts *counts = MAP_FAILED;
	char path[3100];
	int fd = -1;

	if (!dir[0] && (!environ || !getenv("COUNTER_OUT")))
		return &early;
	if (!dir[0])
		snprintf(dir, sizeof(dir), "%s", getenv("COUNTER_OUT"));
	for (int n = 0; fd < 0 && n < 100; n++) {
		snprintf(path, sizeof(path), "%s/%d.%d", dir, (int)getpid(), n);
		fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	}
	if (fd >= 0 && ftruncate(fd, sizeof(*counts)) == 0)
		counts = mmap(NULL, sizeof(*counts), PROT_READ | PROT_WRITE, MAP_SHARED,
			      fd, 0);
	if (fd >= 0)
		close(fd);
	if (counts == MAP_FAILED)
		_exit(99); /* a count that is not kept must not go unnoticed */
	if (!self) {
		self = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		madvise(self, 4096, MADV_WIPEONFORK);
		*counts = early;
	}
	return *self = counts;
}

static struct counts *counts(void)
{
	int saved = errno;
	struct counts *c = self && *self ? *self : open_counts();

	errno = saved;
	return c;
}

#define REAL(result, name, ...)             \
	static result (*real)(__VA_ARGS__); \
	if (!real)                          \
	real = (result(*)(__VA_ARGS__))dlsym(RTLD_NEXT, #name)

static void *made(void *p, size_t bytes)
{
	struct counts *c = counts();

	if (p) {
		c->allocations++;
		c->allocated += bytes;
	} else {
		c->failed++;
	}
	return p;
}

static void *changed(void *old, void *p, size_t bytes)
{
	struct counts *c = counts();

	if (!old)
		return made(p, bytes);
	if (p) {
		c->reallocations++;
		c->allocated += bytes;
	} else if (!bytes) {
		c->deallocations++;
	} else {
		c->failed++;
	}
	return p;
}

void *malloc(size_t bytes)
{
	REAL(void *, malloc, size_t);
	return made(real(bytes), bytes);
}

void *calloc(size_t count, size_t bytes)
{
	REAL(void *, calloc, size_t, size_t);
	return made(real(count, bytes), count * bytes);
}

void *realloc(void *old, size_t bytes)
{
	REAL(void *, realloc, void *, size_t);
	return changed(old, real(old, bytes), bytes);
}

void *reallocarray(void *old, size_t count, size_t bytes)
{
	REAL(void *, reallocarray, void *, size_t, size_t);
	size_t all;

	if (__builtin_mul_overflow(count, bytes, &all))
		all = SIZE_MAX;
	return changed(old, real(old, count, bytes), all);
}

void free(void *p)
{
	REAL(void, free, void *);
	int saved = errno;

	if (p)
		counts()->deallocations++;
	errno = saved;
	real(p);
}

int posix_memalign(void **out, size_t alignment, size_t bytes)
{
	REAL(int, posix_memalign, void **, size_t, size_t);
	int failure = real(out, alignment, bytes);

	if (failure != EINVAL)
		made(failure ? NULL : *out, bytes);
	return failure;
}

void *aligned_alloc(size_t alignment, size_t bytes)
{
	REAL(void *, aligned_alloc, size_t, size_t);
	return made(real(alignment, bytes), bytes);
}

void *memalign(size_t alignment, size_t bytes)
{
	REAL(void *, memalign, size_t, size_t);
	return made(real(alignment, bytes), bytes);
}

void *valloc(size_t bytes)
{
	REAL(void *, valloc, size_t);
	return made(real(bytes), bytes);
}

void *pvalloc(size_t bytes)
{
	REAL(void *, pvalloc, size_t);
	return made(real(bytes), bytes);
}
