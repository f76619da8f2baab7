/* SPDX-License-Identifier: Apache-2.0 */
/*
 * annotate.h - what a program can tell the recorder that watches it.
 *
 * For the watched program: header-only, C99 and C++11, nothing to link.  Where no
 * recorder is in the process a call costs a load and a branch.  libmemscope.so exports
 * one table of functions; the loader puts its address, or 0, into a weak reference, so
 * there is nothing to look up and no library to open.
 */
#ifndef MEMSCOPE_ANNOTATE_H
#define MEMSCOPE_ANNOTATE_H

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

/* A recorder's functions; later ones add some at the end, and bytes says which are there.
 */
struct memscope_annotations {
	size_t bytes; /* of this struct, as the recorder has it */
	void (*mark)(const char *name);
	void (*heap_map)(void);
};

/*
 * On x86-64, where compilers would take the address of a weak symbol for known in
 * programs that are not position-independent, it is read from where the loader stores it.
 * Elsewhere but on ELF there is no recorder.
 */
static inline const struct memscope_annotations *memscope_annotations_found(void)
{
#if defined(__ELF__) && defined(__GNUC__) && defined(__x86_64__) && defined(__LP64__)
	const struct memscope_annotations *found;

	__asm__(".weak memscope_annotations\n\t"
		"movq memscope_annotations@GOTPCREL(%%rip), %0"
		: "=r"(found));
	return found;
#elif defined(__ELF__) && defined(__GNUC__)
	extern const struct memscope_annotations memscope_annotations
		__attribute__((weak));

	return &memscope_annotations;
#else
	return 0;
#endif
}

/*
 * Say that the program has come to a point that has a name: "loaded", "request 1000".
 * The analyzer lists marks, and takes mark:NAME (the first of that name) where it takes a
 * time.
 *
 * name is any text, copied; more than 255 bytes are cut off.  It may be called from any
 * thread and from a signal handler; it takes no lock, allocates nothing and leaves errno
 * alone.  With a recorder it costs about a microsecond, so it is for milestones, not for
 * every allocation.
 */
static inline void memscope_mark(const char *name)
{
	const struct memscope_annotations *found = memscope_annotations_found();

	if (found)
		found->mark(name);
}

/*
 * Take a pointer map now: what still points at which block, which the analyzer tells lost
 * memory from live memory by.  MEMSCOPE_HEAPMAP=off alone forbids it.
 *
 * A copy of the process (fork's way, but no handler runs and there is no child to wait
 * for) writes it while the program goes on: a call takes as long as a fork does.  It may
 * be made from any thread and from a signal handler; it leaves errno alone.
 */
static inline void memscope_heap_map(void)
{
	const struct memscope_annotations *found = memscope_annotations_found();

	/* a recorder of before has no such function */
	if (found && found->bytes > offsetof(struct memscope_annotations, heap_map))
		found->heap_map();
}

#ifdef __cplusplus
}
#endif

#endif
