/* SPDX-License-Identifier: Apache-2.0 */
/*
 * event.h - the kinds of event, one row each.
 *
 * Numbers are part of the log (memscope-log(5)); names are part of the promise to
 * users (dump's kind column).
 */
#ifndef MS_EVENT_H
#define MS_EVENT_H

#include <stdbool.h>
#include <stdint.h>

enum ms_event_class {
	MS_CLASS_UNKNOWN = 0,
	MS_CLASS_ALLOC,		/* makes a block; address 0: the call failed */
	MS_CLASS_FREE,		/* ends a block; stamped before the real call */
	MS_CLASS_REALLOC_BEGIN, /* takes the old block; stamped before the real call */
	MS_CLASS_REALLOC_END, /* makes the new block; address 0: failed, the old one lives
			       */
	MS_CLASS_REALLOC_FREED, /* realloc(p, 0) ended the old block and made none */
	/* memory that the program takes from the kernel itself: no blocks of the heap */
	MS_CLASS_MAP,	      /* takes pages; address 0: the call failed */
	MS_CLASS_UNMAP,	      /* gives pages up; stamped before the call */
	MS_CLASS_REMAP_BEGIN, /* gives up the old pages; stamped before the call */
	MS_CLASS_REMAP_END,   /* takes the new ones; address 0: failed, none given up */
	MS_CLASS_BREAK,	      /* takes or gives up pages below, or above, the new break */
};

/*      id                               value class          name               form */
#define MS_EVENT_KINDS(X)                                                             \
	X(MALLOC, 1, ALLOC, "malloc", "malloc")                                       \
	X(CALLOC, 2, ALLOC, "calloc", "calloc")                                       \
	X(REALLOC_NULL, 3, ALLOC, "realloc", "realloc(NULL)")                         \
	X(REALLOCARRAY_NULL, 4, ALLOC, "reallocarray", "reallocarray(NULL)")          \
	X(POSIX_MEMALIGN, 5, ALLOC, "posix_memalign", "posix_memalign")               \
	X(ALIGNED_ALLOC, 6, ALLOC, "aligned_alloc", "aligned_alloc")                  \
	X(MEMALIGN, 7, ALLOC, "memalign", "memalign")                                 \
	X(VALLOC, 8, ALLOC, "valloc", "valloc")                                       \
	X(PVALLOC, 9, ALLOC, "pvalloc", "pvalloc")                                    \
	X(NEW, 10, ALLOC, "new", "new")                                               \
	X(NEW_NOTHROW, 11, ALLOC, "new", "new nothrow")                               \
	X(NEW_ALIGNED, 12, ALLOC, "new", "new aligned")                               \
	X(NEW_ALIGNED_NOTHROW, 13, ALLOC, "new", "new aligned nothrow")               \
	X(NEW_ARRAY, 14, ALLOC, "new[]", "new[]")                                     \
	X(NEW_ARRAY_NOTHROW, 15, ALLOC, "new[]", "new[] nothrow")                     \
	X(NEW_ARRAY_ALIGNED, 16, ALLOC, "new[]", "new[] aligned")                     \
	X(NEW_ARRAY_ALIGNED_NOTHROW, 17, ALLOC, "new[]", "new[] aligned nothrow")     \
	X(FREE, 20, FREE, "free", "free")                                             \
	X(CFREE, 21, FREE, "free", "cfree")                                           \
	X(FREE_SIZED, 22, FREE, "free", "free_sized")                                 \
	X(FREE_ALIGNED_SIZED, 23, FREE, "free", "free_aligned_sized")                 \
	X(DELETE, 24, FREE, "delete", "delete")                                       \
	X(DELETE_NOTHROW, 25, FREE, "delete", "delete nothrow")                       \
	X(DELETE_SIZED, 26, FREE, "delete", "delete sized")                           \
	X(DELETE_ALIGNED, 27, FREE, "delete", "delete aligned")                       \
	X(DELETE_ALIGNED_NOTHROW, 28, FREE, "delete", "delete aligned nothrow")       \
	X(DELETE_SIZED_ALIGNED, 29, FREE, "delete", "delete sized aligned")           \
	X(DELETE_ARRAY, 30, FREE, "delete[]", "delete[]")                             \
	X(DELETE_ARRAY_NOTHROW, 31, FREE, "delete[]", "delete[] nothrow")             \
	X(DELETE_ARRAY_SIZED, 32, FREE, "delete[]", "delete[] sized")                 \
	X(DELETE_ARRAY_ALIGNED, 33, FREE, "delete[]", "delete[] aligned")             \
	X(DELETE_ARRAY_ALIGNED_NOTHROW, 34, FREE, "delete[]",                         \
	  "delete[] aligned nothrow")                                                 \
	X(DELETE_ARRAY_SIZED_ALIGNED, 35, FREE, "delete[]", "delete[] sized aligned") \
	X(REALLOC_BEGIN, 40, REALLOC_BEGIN, "realloc", "realloc begin")               \
	X(REALLOC_END, 41, REALLOC_END, "realloc", "realloc")                         \
	X(REALLOCARRAY_END, 42, REALLOC_END, "reallocarray", "reallocarray")          \
	X(REALLOC_FREED, 43, REALLOC_FREED, "realloc", "realloc(p, 0)")               \
	X(MMAP, 48, MAP, "mmap", "mmap")                                              \
	X(MUNMAP, 49, UNMAP, "munmap", "munmap")                                      \
	X(MREMAP_BEGIN, 50, REMAP_BEGIN, "mremap", "mremap begin")                    \
	X(MREMAP, 51, REMAP_END, "mremap", "mremap")                                  \
	X(BRK, 52, BREAK, "brk", "brk")

enum ms_event_kind {
#define X(id, value, class, name, form) MS_EVENT_##id = value,
	MS_EVENT_KINDS(X)
#undef X
		MS_EVENT_FUTURE = 48, /* from here on a length follows in the log */
	MS_EVENT_KIND_MAX = 64,
};

/* A row of the table; class is MS_CLASS_UNKNOWN and the texts "?" where there is none. */
struct ms_event_kind_info {
	enum ms_event_class class;
	const char *name; /* the family, as dump prints it */
	const char *form; /* the exact entry point */
};

/* kind: 0 to 255.  Never NULL. */
const struct ms_event_kind_info *ms_event_kind_info(unsigned kind);

#endif
