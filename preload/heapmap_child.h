/* SPDX-License-Identifier: Apache-2.0 */
/*
 * heapmap_child.h - what the files of the map's child share.
 */
#ifndef MS_HEAPMAP_CHILD_H
#define MS_HEAPMAP_CHILD_H

#include "preload/heapmap.h"

#define MS_HEAPMAP_VMAS	      131072
#define MS_HEAPMAP_TCBS	      65536
#define MS_HEAPMAP_PAGES      4096
#define MS_HEAPMAP_TABLE_BITS 14

enum ms_vma_flag {
	MS_VMA_READ = 1,
	MS_VMA_WRITE = 2,
	MS_VMA_EXECUTE = 4,
	MS_VMA_SHARED = 8,
	MS_VMA_FILE = 16,
	MS_VMA_BREAK = 32, /* [heap] */
	MS_VMA_STACK = 64, /* the first thread's */
	MS_VMA_DEVICE = 128,
	MS_VMA_OWN = 256, /* the recorder's */
};

struct ms_vma {
	uint64_t start, end;
	unsigned flags;
};

/* All the child's memory: one mapping, most of it never touched. */
struct ms_heapmap_scan {
	struct ms_heapmap *map;
	struct ms_heapmap_writer *writer;
	int fd;
	long pid, pagemap;
	uint64_t low, span;	       /* all that is mapped lies there */
	uint64_t hit_start, hit_bytes; /* where the last pointer pointed */
	size_t vma_count, tcb_count;
	struct ms_vma vmas[MS_HEAPMAP_VMAS];
	uint64_t tcbs[MS_HEAPMAP_TCBS]; /* threads' control blocks, by address */
	uint64_t tables[1 << MS_HEAPMAP_TABLE_BITS]; /* address << 1 | is a vtable */
	uint64_t pages[MS_HEAPMAP_PAGES];
	uint64_t copy[MS_WIRE_PAGE / 8];
	char text[65536];
	struct ms_heapmap_writer own_writer;
	uint8_t stack[65536] __attribute__((aligned(16)));
};

/* Copy n bytes of the program at address; false where they cannot be read. */
bool ms_heapmap_read(const struct ms_heapmap_scan *s, uint64_t address, void *to,
		     size_t n);

/* heapmap_vmas.c: /proc/self/maps, by address.  false: it cannot be read. */
bool ms_heapmap_list_vmas(struct ms_heapmap_scan *s, long fd);

/* heapmap_regions.c: say what each stretch of memory is. */
void ms_heapmap_regions(struct ms_heapmap_scan *s);

#endif
