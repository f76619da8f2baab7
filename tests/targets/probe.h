/* SPDX-License-Identifier: Apache-2.0 */
/*
 * probe.h - an allocation and libunwind's own view of the stack at it.
 *
 * Every probe makes a block of a size that no other probe has, so that its event is found
 * in the log; the truth has the size and the addresses that unw_backtrace saw.  libunwind
 * is loaded at run time, so that exceptions still run through libgcc as they do
 * elsewhere.
 */
#ifndef PROBE_H
#define PROBE_H

#include "tests/targets/truth.h"

#include <dlfcn.h>

#define PROBE_FRAMES 20000
#define PROBE_FIRST  1000000

#ifdef __cplusplus
extern "C" {
#endif

static int (*probe_unwind)(void **frames, int count);
static void *probe_frames[PROBE_FRAMES];
static size_t probe_size = PROBE_FIRST;

static inline void probe_open(void)
{
	void *library = dlopen("libunwind.so.8", RTLD_NOW | RTLD_LOCAL);

	if (!library)
		exit(77);
	probe_unwind = (int (*)(void **, int))dlsym(library, "unw_backtrace");
	MUST(probe_unwind);
}

/* One thread at a time.  The leaf's two call sites differ; all that is outside is equal.
 */
NOINLINE static void probe(void)
{
	void *p = hide(malloc(++probe_size));
	int count = probe_unwind(probe_frames, PROBE_FRAMES);

	truth_say("%zu\t", probe_size);
	for (int i = 0; i < count; i++)
		truth_say("%s%#zx", i ? "," : "", (size_t)probe_frames[i]);
	truth_say("\n");
	free(p);
}

#ifdef __cplusplus
}
#endif
#endif
