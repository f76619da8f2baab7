/* SPDX-License-Identifier: Apache-2.0 */
/*
 * recorder.h - the state of a recording, shared by the files of this room.
 *
 * Two kinds of memory: the session and the threads' states lie in mappings that the
 * kernel wipes in a forked child (MADV_WIPEONFORK), so a child never continues its
 * parent's log, however it was forked; what stays true in a child (the real functions,
 * the settings, the modules, the unwind rules) lies in ordinary memory.
 */
#ifndef MS_RECORDER_H
#define MS_RECORDER_H

#include "common/cost.h"
#include "common/lost.h"
#include "common/wire.h"
#include "preload/file.h"
#include "preload/sampler.h"
#include "preload/sys.h"

#include <stdatomic.h>

/* --- windows of the log ----------------------------------------------------------- */

struct ms_window { /* a mapped window; lives as long as the process */
	struct ms_wire_window *header;
	uint32_t body_bytes;	/* room for the body */
	struct ms_window *next; /* in a pool */
};

/* --- a stream of events: a thread's, or that of its signal handlers ------ */

/* memo.h: stacks that this thread has seen, found again by comparing words. */
struct ms_memo {
	uint64_t *links;    /* hash << 32 | place of an entry in words; 0: none */
	uint64_t *words;    /* entries */
	uint32_t bits;	    /* log2 of the number of links there may be */
	uint32_t count;	    /* links */
	uint32_t used, max; /* words */
	uint64_t hits;
	uint32_t missing; /* the link that the last search did not find */
};

/*
 * A frame of a walk, and what led from it to its caller.  where: module id << 48 |
 * MS_WHERE_EXACT where it was interrupted, not left by a call | address.
 */
struct ms_frame {
	uint64_t where;
	uint64_t sp, bp; /* registers on arrival; sp 0: not known to be repeatable */
	uint64_t ra_slot, bp_slot, cfa_slot; /* words that were read; 0: none */
	uint32_t node;			     /* of the stack that ends here, once known */
	bool uses_bp;			     /* its CFA hangs on bp */
};

struct ms_thread {
	/* hot: one cache line */
	uint8_t *p;   /* next byte to write; both NULL: no window */
	uint8_t *end; /* no event begins at or after it before it was looked at */
	uint8_t *body;
	struct ms_wire_window *header;
	uint64_t last_ticks;
	uint64_t last_address;
	uint64_t next_tick;   /* when samples are due again */
	uintptr_t hook_frame; /* frame of the hook in progress; 0: none */

	uintptr_t stack_low, stack_high; /* the stack it was given; 0: not known */
	uint32_t id;
	uint32_t window_bytes; /* size of the next window */
	uint8_t phase;	       /* enum ms_phase */
	uint8_t role;	       /* enum ms_role */
	struct ms_window *window;
	struct ms_thread *nested; /* stream for signal handlers that interrupt a hook */
	struct ms_thread *next;	  /* in the pool of unused states */

	struct ms_frame *frames; /* scratch of a walk, leaf first */
	struct ms_frame *levels; /* the last walked stack, outermost first */
	uint32_t frames_max, level_count;
	uint32_t generation;	       /* of the code, that levels and memo belong to */
	struct ms_wire_totals *totals; /* counters.c; NULL: none yet, or no room */
	struct ms_wire_sizes *sizes;   /* stays with the state, whoever has it */
	struct ms_cull *cull;	       /* cull.c; stays with the state, too */
	struct ms_sampler sampler;     /* modes.c, as the next */
	uint32_t calls;
	bool no_ring; /* cull.c: there is none for it */
	struct ms_memo memo;
	char name[16];

	uint8_t *limit;	      /* no event begins at or after it */
	uint8_t *from;	      /* where this thread's events begin in its window */
	uint64_t timed_since; /* own_cost.h: this hook is timed; 0: it is not */
	uint64_t due_tick;    /* next_tick, while a hook is timed */
	uint64_t next_cost;
	uint64_t cost[MS_COST_THREAD_COUNT]; /* enum ms_cost */
};

enum ms_phase {
	MS_PHASE_IDLE = 0,
	MS_PHASE_REAL,	 /* inside the real allocator */
	MS_PHASE_RECORD, /* inside the recorder */
};

enum ms_role {
	MS_ROLE_OWN = 0, /* the thread's own stream */
	MS_ROLE_NESTED,	 /* its signal handlers', while they interrupt a hook */
	MS_ROLE_LATE,	 /* borrowed for one event of an ending thread */
	MS_ROLE_DELAYED, /* a thread's events that waited (cull.c) */
};

struct ms_tls {
	struct ms_thread *active; /* NULL sends every hook to its cold path */
	struct ms_thread *thread; /* NULL: none yet, or the thread is ending */
	uint32_t late_id;	  /* set once the thread's state was given back */
	bool creating;
	uint8_t held;	      /* how often signals are held back now */
	uint8_t mark_kind;    /* what a C++ operator announces to malloc or free */
	uintptr_t mark_value; /* the size or address that the mark is for */
};
extern MS_TLS struct ms_tls ms_tls;

/* --- the session: one log --------------------------------------------------------- */

struct ms_extent { /* a mapped stretch of the file that windows are carved from */
	uint8_t *base;
	uint64_t offset; /* in the file */
	uint64_t bytes;
	uint64_t touched;		 /* of a reserve: these are sure to have space */
	_Atomic uint64_t cursor;	 /* first byte not handed out */
	uint64_t used;			 /* what it was when the log ended */
	struct ms_extent *next;		 /* in the pool of those left over */
	struct ms_extent *mapped_before; /* in the list of all that were mapped */
};

#define MS_FOLLOWED_LEVELS 5

#define MS_SESSION_MAGIC 0x6d656d73636f7065ULL

struct ms_session {
	_Atomic uint64_t magic; /* MS_SESSION_MAGIC once usable; 0 in a forked child */
	struct ms_wire_head *head;
	struct ms_wire_status *status;
	_Atomic(struct ms_extent *) extent;
	_Atomic(struct ms_extent *) growing; /* being mapped: others may take of it */
	_Atomic(struct ms_extent *) reserve; /* mapped ahead, extents are cut from it */
	_Atomic uint64_t file_bytes;	     /* handed out to extents and the reserve */
	_Atomic uint32_t growers;	     /* threads that are growing the file */
	_Atomic bool trimming; /* the end cuts the file: nobody may grow it */
	_Atomic uint64_t sequence;
	_Atomic uint32_t threads;
	_Atomic uint64_t event_pool, meta_pool, thread_pool,
		extent_pool; /* tagged pointers, pool.h */
	_Atomic uint64_t next_sample, next_cost;
	_Atomic uint32_t samples;
	_Atomic uint32_t open_windows;
	_Atomic bool ended;
	_Atomic bool stopped;
	_Atomic bool cut;		    /* bus.c: pages of the log were gone */
	_Atomic bool signal_lock;	    /* bus.c */
	_Atomic(struct ms_extent *) mapped; /* all that were mapped of the log */
	uint64_t pid;
	_Atomic(struct ms_chunk *) chunk;	 /* stacks.c: where new nodes go */
	_Atomic(struct ms_node_table *) nodes;	 /* stacks.c: newest table of the trie */
	_Atomic uintptr_t small;		 /* memory.c: the block being carved */
	_Atomic(struct ms_carving *) carving[5]; /* counters.c: by enum ms_counters */
	struct ms_wire_totals *shared_totals; /* counters.c; NULL: nothing is counted */
	struct ms_wire_sizes *shared_sizes;
	_Atomic uint32_t culls; /* cull.c: numbers of rings */
	_Atomic(struct ms_bucket *) followed[MS_FOLLOWED_LEVELS]; /* followed.c */
	_Atomic uint32_t maps;		/* heapmap.c: taken so far */
	_Atomic(struct ms_stop *) stop; /* heapmap_stop.c */
	struct ms_file_id file;
	char path[4096];
};
extern struct ms_session *ms_session; /* NULL until the first one was made */

/* Bits: any set sends every hook to its cold path.  Read relaxed: a late look is
 * harmless. */
enum ms_off {
	MS_OFF_PAUSED = 1,
	MS_OFF_STOPPED = 2,
	MS_OFF_BOOT = 4,  /* nothing is set up; so it is before our own relocation, too */
	MS_OFF_CHILD = 8, /* a forked child that is not followed */
};
extern _Atomic unsigned ms_off;

static inline bool ms_session_usable(void)
{
	/* acquire: pairs with the release in ms_session_start */
	return ms_session &&
	       atomic_load_explicit(&ms_session->magic, memory_order_acquire) ==
		       MS_SESSION_MAGIC;
}

/* --- small services ----------------------------------------------------------------- */

/* Zeroed private memory, or NULL; wiped: all zero again in a forked child. */
void *ms_map(size_t bytes, bool wiped);

/* Memory of ms_map goes back. */
void ms_unmap(void *p, size_t bytes);

/* A small zeroed piece of the session's memory, 16-byte aligned, never given back; or
 * NULL. */
void *ms_small(size_t bytes);

/* Make sure that a good number of small pieces come without a system call. */
void ms_small_reserve(void);

/* Count what was not recorded (enum ms_lost).  Never fails; without a log it does
 * nothing. */
void ms_lost(unsigned which, uint64_t count);

/* After a change to the status of an ended log: its checksum anew. */
void ms_status_seal(void);

/* Stop recording for good: said in the log and, once, on stderr. */
MS_COLD void ms_stop(enum ms_wire_stop why, int error);

/* Stop when the log was found cut short meanwhile (bus.c). */
void ms_stop_when_cut(void);

/* One line on the stderr that the program began with, unless MEMSCOPE_QUIET. */
MS_COLD void ms_note(const char *a, const char *b, const char *c);

#endif
