/* SPDX-License-Identifier: Apache-2.0 */
/*
 * heapmap.h - pointer maps: every word of the program's memory that may point at a block.
 *
 * A map is written by a child that is a copy of the program at one instant; the program
 * goes on, or leaves, at once.  Which words keep a block alive is found out offline.
 */
#ifndef MS_HEAPMAP_H
#define MS_HEAPMAP_H

#include "preload/recorder.h"

#define MS_HEAPMAP_REGISTERS 16

/* Registers of a thread that may hold the only pointer to a block. */
struct ms_registers {
	uint64_t sp; /* the first byte of the stack that is in use */
	uint32_t count;
	uint64_t value[MS_HEAPMAP_REGISTERS];
};

/* Write a map of this instant, where the settings ask for one.  Safe in a signal handler.
 */
void ms_heapmap_take(enum ms_map_why why, const struct ms_registers *r);

/* The same with the registers and the frame of the caller. */
void ms_heapmap_here(enum ms_map_why why);

/* Once: handlers of the program's end, and of the signal that asks for a map. */
void ms_heapmap_init(void);

/* --- between the files of heapmap*.c --------------------------------------------------
 */

#define MS_HEAPMAP_THREADS    65536
#define MS_HEAPMAP_WINDOW     (256 * 1024)
#define MS_HEAPMAP_PATH_BYTES 4096

struct ms_heapmap_thread {
	uint32_t tid;
	bool all;	       /* all registers are there that may hold a pointer */
	uint32_t slot;	       /* of heapmap_stop.c, from 1 */
	struct ms_registers r; /* sp 0: nothing is known */
};

/* What the log is told of a map by the program itself. */
struct ms_heapmap_told {
	uint32_t number;
	enum ms_map_why why;
	uint64_t ticks, resident, threads, pause_ns;
	enum ms_map_state state;
	int error;
};

/* All that the child needs: it has no session (recorder.h). */
struct ms_heapmap {
	struct ms_heapmap_told told;
	uint64_t pid, tid;
	uint64_t offset, room; /* a stretch of the file that nobody else writes to */
	uint64_t sequence;     /* of its first window; there are as many as fit */
	long child;
	struct ms_file_id file;
	char path[MS_HEAPMAP_PATH_BYTES];
	size_t thread_count;
	char buffer[32768], line[256];
	struct ms_heapmap_thread threads[MS_HEAPMAP_THREADS]; /* sparse */
};

/* heapmap_threads.c: what can be told of all threads but the caller's, in a bounded time.
 */
void ms_heapmap_list_threads(struct ms_heapmap *map);

/*
 * heapmap_stop.c: hold the threads of which nothing is known, as far as they can be held
 * in a bounded time, and take their registers.  Returns what to give to ms_heapmap_go,
 * which lets them run on.
 */
int ms_heapmap_stop(struct ms_heapmap *map);
void ms_heapmap_go(int stopped);

/* heapmap_child.c: in the child: write the map to fd, then end. */
void ms_heapmap_child(struct ms_heapmap *map, int fd) __attribute__((noreturn));

/* heapmap_write.c: windows of a map. */
struct ms_heapmap_writer {
	const struct ms_heapmap *map;
	int fd;
	bool full;		       /* no room in the log: the rest is left out */
	struct ms_wire_status *status; /* the log's */
	uint64_t offset, sequence, words;
	uint64_t last_address, last_pointer, last_vtable;
	uint8_t *p;
	uint8_t window[MS_HEAPMAP_WINDOW + 64] __attribute__((aligned(64)));
};

bool ms_heapmap_open(struct ms_heapmap_writer *w, const struct ms_heapmap *map, int fd);
void ms_heapmap_word(struct ms_heapmap_writer *w, enum ms_map_item kind, uint64_t address,
		     uint64_t value);
void ms_heapmap_register(struct ms_heapmap_writer *w, uint32_t tid, uint64_t value);
void ms_heapmap_region(struct ms_heapmap_writer *w, enum ms_region kind, uint64_t start,
		       uint64_t end, uint64_t id, unsigned flags);
void ms_heapmap_unscanned(struct ms_heapmap_writer *w, enum ms_unscanned why,
			  uint64_t start, uint64_t bytes);
/* The last window; nothing is written before a window is full. */
void ms_heapmap_end(struct ms_heapmap_writer *w);

#endif
