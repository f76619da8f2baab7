/* SPDX-License-Identifier: Apache-2.0 */
/*
 * snapshot.h - engine 4: the heap at one instant.
 *
 * heap.c alone decides what "live" means; aggregate.c groups what heap.c tells.
 */
#ifndef MS_SNAPSHOT_H
#define MS_SNAPSHOT_H

#include "analyzer/base/error.h"
#include "analyzer/base/map.h"
#include "analyzer/base/progress.h"
#include "analyzer/event_store/event_store.h"
#include "analyzer/snapshot/weight.h"
#include "common/wire.h"

/*
 * Bytes are requested bytes.  At any instant
 *
 *   active_allocations = total_allocations - overwritten_blocks
 *                        - (total_deallocations - unmatched_deallocations)
 *   current_memory     = total_allocated - total_deallocated - overwritten_bytes
 *
 * An unmatched call is counted as the call that it is: it ended (or changed) a block, but
 * one whose beginning the log does not have, so there are no bytes to take away.  (Sums
 * wrap at 2^64, which only a forged log reaches.)
 */
struct ms_totals {
	uint64_t total_allocations;   /* calls that made a block, realloc(NULL, n) too */
	uint64_t total_reallocations; /* calls that changed one */
	uint64_t total_deallocations; /* calls that ended one, realloc(p, 0) too where it
					 frees */
	uint64_t unmatched_deallocations; /* frees and reallocs of blocks that the log
					     does not know */
	uint64_t active_allocations;	  /* blocks live now */
	uint64_t total_allocated; /* bytes of allocations and of reallocations' new blocks
				   */
	uint64_t total_deallocated;  /* bytes of ended blocks and of reallocations' old
					blocks */
	uint64_t current_memory;     /* bytes live now */
	uint64_t peak_memory;	     /* largest current_memory so far */
	uint64_t failed_allocations; /* calls that returned NULL for want of memory */
	uint64_t peak_at_ns;	     /* the first instant at which it was reached */
	uint64_t peak_event;	     /* which event reached it, from 1; 0: none */
	uint64_t events;	     /* applied so far */
	uint64_t
		overwritten_blocks; /* anomaly: handed out again while the log has them */
	uint64_t overwritten_bytes; /* live */
};

struct ms_block { /* a live block */
	uint64_t address, size, at_ns;
	uint32_t stack, thread;
	uint8_t kind, align_log2;
};

/* --- pairs.c: first halves of reallocs that wait for their second
 * ----------------------- */

/*
 * Halves pair per thread, innermost first: a signal handler may nest one realloc inside
 * another.
 */
struct ms_pairs {
	struct ms_pair *items; /* linked per thread; ended ones in a free list */
	size_t count, capacity;
	uint32_t free;
	struct ms_map threads; /* thread id to index in newest[] */
	uint32_t *newest;
	size_t newest_capacity;
	size_t waiting;
};

void ms_pairs_init(struct ms_pairs *pairs);
void ms_pairs_release(struct ms_pairs *pairs);
/* The thread's realloc of old has begun.  0, or -1 without memory (nothing has changed).
 */
int ms_pairs_push(struct ms_pairs *pairs, uint32_t thread, const struct ms_block *old);
/* It has ended: the block that was pushed; false when none waits (its half was lost). */
bool ms_pairs_pop(struct ms_pairs *pairs, uint32_t thread, struct ms_block *old);
/* Visit what waits, in no order: *position is 0 to begin; NULL at the end. */
const struct ms_block *ms_pairs_next(const struct ms_pairs *pairs, size_t *position);
/* The same, each thread's innermost first. */
void ms_pairs_each(const struct ms_pairs *pairs,
		   void (*visit)(void *context, uint32_t thread,
				 const struct ms_block *old),
		   void *context);

/* --- heap.c
 * ----------------------------------------------------------------------------- */

struct ms_heap;

/*
 * What became of a block, for those who aggregate.  Called after the heap has changed; an
 * event that ends one block and makes another (realloc, an overwritten address) tells the
 * end first, with the totals of the moment between.
 */
enum ms_change { MS_CHANGE_BEGIN, MS_CHANGE_END };
struct ms_observer {
	/* event is the one that made (BEGIN) or ended (END) the block. */
	void (*block)(void *context, enum ms_change change, const struct ms_block *block,
		      const struct ms_event *event, const struct ms_totals *totals);
	void *context;
	/* Before the event counts; may be NULL.  An error ends the replay. */
	ms_status (*event)(void *context, const struct ms_event *event,
			   struct ms_error *err);
};

MS_MUST_CHECK ms_status ms_heap_new(struct ms_heap **out,
				    const struct ms_observer *observer,
				    struct ms_error *err);
void ms_heap_free(struct ms_heap *heap);
/*
 * Apply one event.  Events must arrive in log order.
 *
 * MS_OK, or MS_ENOMEM with the heap as it was.  A free of an unknown address is not an
 * error: it is counted in unmatched_deallocations and the replay goes on.
 *
 * A realloc takes its old block out of the address map at its first half and changes the
 * totals at its second; until then the block is "in transit" and counts as live.
 * A second half without a first (it was lost), or whose first named an unknown block,
 * ended a block that the log does not know.  When a realloc fails and its old address has
 * been handed out meanwhile, the old block counts as overwritten.
 */
MS_MUST_CHECK ms_status ms_heap_apply(struct ms_heap *heap, const struct ms_event *event,
				      struct ms_error *err);
/*
 * Before the first event: what comes is a sample, of mean sample_bytes from one to the
 * next.  The totals' blocks and bytes are then estimates, in 2^-16ths.
 */
void ms_heap_sampled(struct ms_heap *heap, uint64_t sample_bytes);
const struct ms_totals *ms_heap_totals(const struct ms_heap *heap);
/* How many blocks a block of this size stands for: 1, or more in a log of samples. */
double ms_block_weight(uint64_t sample_bytes, uint64_t size);
/*
 * Visit each live block, those in transit too, in no order, until visit returns false.
 * The block is there during the visit only: the heap keeps it in another form.
 */
void ms_heap_each(const struct ms_heap *heap,
		  bool (*visit)(void *context, const struct ms_block *block),
		  void *context);

/* --- mappings.c: memory that the program took from the kernel itself
 * -------------------- */

struct ms_mapping_totals {
	uint64_t maps, unmaps, remaps, breaks; /* calls that did something */
	uint64_t failed;	/* mmap, mremap and brk that found no memory */
	uint64_t current_bytes; /* address space, in whole pages but for the break's part
				 */
	uint64_t peak_bytes;
};

struct ms_mappings;

MS_MUST_CHECK ms_status ms_mappings_new(struct ms_mappings **out, struct ms_error *err);
void ms_mappings_free(struct ms_mappings *mappings);
/*
 * Apply one event; events of the heap do nothing.  MS_OK, or MS_ENOMEM with the mappings
 * as they were.
 */
MS_MUST_CHECK ms_status ms_mappings_apply(struct ms_mappings *mappings,
					  const struct ms_event *event,
					  struct ms_error *err);
const struct ms_mapping_totals *ms_mappings_totals(const struct ms_mappings *mappings);
/*
 * The addresses [*start, *end) that an event takes, or gives up; false: none, since it is
 * no such event, or failed.
 */
bool ms_mapping_range(const struct ms_event *event, uint64_t *start, uint64_t *end,
		      bool *takes);
/* Is address in memory that the program mapped itself, and has still? */
bool ms_mappings_has(const struct ms_mappings *mappings, uint64_t address);

/* --- heap_replay.c: the events of a log through a heap
 * --------------------------------------- */

/*
 * The state of a replay between two events of different ticks, so that one can begin
 * there.  Its bytes are checkpoint.c's business, and hostile when they come back.
 */
#define MS_CHECKPOINT_VERSION 1 /* of the form, and of what the figures mean */

struct ms_checkpoint_place {
	uint64_t events;      /* before it */
	uint64_t last_ns;     /* of the last of them */
	uint64_t after_ticks; /* the same in the log's ticks */
};

struct ms_checkpoint_source {
	const struct ms_checkpoint_place *places; /* in log order */
	size_t count;
	/* The bytes of one of them; false when they are no good. */
	bool (*bytes)(void *context, size_t index, const void **bytes, size_t *len_bytes);
	void *context;
};

struct ms_checkpoint_sink {
	/* Takes what a replay leaves on its way, and its end; an error ends the replay.
	 */
	ms_status (*save)(void *context, const struct ms_checkpoint_place *place,
			  const void *bytes, size_t len_bytes, struct ms_error *err);
	void *context;
	uint64_t log_bytes; /* those on the way have at most a quarter of that many */
	uint64_t least_gap; /* events from one to the next; 0: what is soon replayed */
};

/* How far: to the first limit that is met. */
struct ms_replay_options {
	const struct ms_store *store;
	uint64_t to_events;    /* that many; UINT64_MAX: all */
	uint64_t to_ns;	       /* events at that time are included; UINT64_MAX: all */
	uint64_t sample_bytes; /* as struct ms_instant_at has it */
	unsigned threads;      /* that may work; 0: as many as there are processors */
	const struct ms_progress *progress; /* or NULL; told by one thread at a time */
	/*
	 * Begin at the last checkpoint at or before from_ns (UINT64_MAX: the last one
	 * before the limits) instead of at the log's beginning.  The observer is told
	 * what comes after it, with totals that have all that was before.
	 */
	const struct ms_checkpoint_source *source; /* or NULL */
	uint64_t from_ns;
	struct ms_checkpoint_sink *sink; /* or NULL */
};

struct ms_replayed {
	struct ms_heap *heap;	      /* as it is at the end: free it */
	struct ms_mappings *mappings; /* the same */
	uint64_t last_ns;	      /* of the last event applied; 0: none was */
};

/*
 * Apply events from the log's beginning, telling observer (may be NULL) each of them and
 * each change, in log order.  Decoding, matching and counting of different batches go on
 * at the same time; the observer is called by one thread at a time, though not always by
 * the same one nor by the caller's, and sees all that its earlier calls have written.
 * The results do not depend on the number of threads.  MS_OK, MS_ENOMEM, or what the
 * observer returned; out holds nothing then.
 */
MS_MUST_CHECK ms_status ms_replay(struct ms_replayed *out,
				  const struct ms_replay_options *options,
				  const struct ms_observer *observer,
				  struct ms_error *err);
void ms_replayed_release(struct ms_replayed *replayed);

/* --- a snapshot: totals and figures per group at one instant ---------------------------
 */
enum ms_instant { MS_AT_END, MS_AT_START, MS_AT_PEAK, MS_AT_NS };

enum ms_figure_id {
	MS_FIGURE_ALLOCATIONS,
	MS_FIGURE_ALLOCATED,
	MS_FIGURE_LIVE_BLOCKS,
	MS_FIGURE_LIVE_BYTES,
	MS_FIGURE_PEAK_BYTES,
	MS_FIGURE_PEAK_BLOCKS,
	MS_FIGURE_TEMPORARY,
	MS_FIGURES
};
#define MS_FIGURES_MADE (1u << MS_FIGURE_ALLOCATIONS | 1u << MS_FIGURE_ALLOCATED)
#define MS_FIGURES_ALL	((1u << MS_FIGURES) - 1)

struct ms_figures { /* of one stack, one thread or one size class, up to the instant */
	uint64_t allocations;  /* blocks made (reallocations' new blocks too) */
	uint64_t allocated;    /* bytes of them */
	uint64_t frees, freed; /* blocks ended, bytes */
	uint64_t live_blocks, live_bytes;
	uint64_t peak_bytes; /* live bytes at the process's peak (so far) */
	uint64_t peak_blocks;
	/*
	 * Freed before the thread that made them made another block.  The old block of a
	 * realloc is never one: the realloc itself made the next block.
	 */
	uint64_t temporary;
	uint64_t culled;	     /* of the allocations: folded by the mode cull */
	unsigned absent;	     /* bits of ms_figure_id: the log cannot tell them */
	unsigned estimated;	     /* bits of those that are estimates */
	double variance[MS_FIGURES]; /* of these: the standard error squared */
};

struct ms_newest { /* the block that a thread made last */
	uint64_t address, at_ns;
};

/* Is a block that event ends temporary, its maker having made that one last? */
static inline bool ms_block_temporary(const struct ms_newest *newest,
				      const struct ms_block *block,
				      const struct ms_event *event)
{
	return (event->class == MS_CLASS_FREE ||
		event->class == MS_CLASS_REALLOC_FREED) &&
	       newest->address == block->address && newest->at_ns == block->at_ns;
}

struct ms_stack_figures {
	uint32_t stack;
	struct ms_figures f;
};

struct ms_thread_figures { /* of the blocks that this thread made, whoever ended them */
	uint32_t thread;
	struct ms_figures f;
};

/* Class c holds sizes in [2^(c-1), 2^c); class 0 holds size 0. */
#define MS_SIZE_CLASSES 65

struct ms_pair_figures { /* of what a thread made with one stack */
	uint32_t stack, thread;
	struct ms_figures f;
};

struct ms_snapshot;

struct ms_instant_at {
	enum ms_instant instant;
	uint64_t at_ns; /* for MS_AT_NS: events at that time are included */
	/*
	 * Of a log of samples: the mean bytes from one to the next; else 0.  The figures
	 * are estimates then; how often blocks were temporary cannot be told.
	 */
	uint64_t sample_bytes;
	/* As struct ms_replay_options has them; zero: none. */
	unsigned threads;
	const struct ms_checkpoint_source *source;
	struct ms_checkpoint_sink *sink;
};

/* Replay store up to an instant.  progress may be NULL.  MS_OK or MS_ENOMEM. */
MS_MUST_CHECK ms_status ms_snapshot_new(struct ms_snapshot **out,
					const struct ms_store *store,
					const struct ms_instant_at *at,
					const struct ms_progress *progress,
					struct ms_error *err);
/*
 * Pairs that are in no event: they count as calls of their stacks, made and ended.  Of
 * the end only, since nothing says when they were.  MS_OK or MS_ENOMEM.
 */
struct ms_folded;
MS_MUST_CHECK ms_status ms_snapshot_fold(struct ms_snapshot *snapshot,
					 const struct ms_folded *folded, size_t count,
					 struct ms_error *err);
/* These figures (bits of ms_figure_id) of stacks, threads and classes cannot be told. */
void ms_snapshot_lacks(struct ms_snapshot *snapshot, unsigned figures);
void ms_snapshot_free(struct ms_snapshot *snapshot);
const struct ms_totals *ms_snapshot_totals(const struct ms_snapshot *snapshot);
uint64_t
ms_snapshot_at_ns(const struct ms_snapshot *snapshot); /* of the instant itself */
const struct ms_stack_figures *ms_snapshot_stacks(const struct ms_snapshot *snapshot,
						  size_t *count);
const struct ms_thread_figures *ms_snapshot_threads(const struct ms_snapshot *snapshot,
						    size_t *count);
const struct ms_figures *
ms_snapshot_size_classes(const struct ms_snapshot *snapshot); /* MS_SIZE_CLASSES */
const struct ms_heap *ms_snapshot_heap(const struct ms_snapshot *snapshot);
const struct ms_mapping_totals *ms_snapshot_mappings(const struct ms_snapshot *snapshot);

/* --- figures.c -------------------------------------------------------------------------
 */

void ms_figures_add(struct ms_figures *sum, const struct ms_figures *figures);
/* Sums over a sample, in 2^-16ths, as they are reported; sample_bytes is not 0. */
void ms_figures_estimate(struct ms_figures *figures, uint64_t sample_bytes);

/* Class c of ages: below 1 ms, 10 ms, 100 ms, 1 s, 10 s, and the rest. */
#define MS_AGES MS_WIRE_LIFETIMES
unsigned ms_age_class(uint64_t ns);
/* Where class c begins. */
uint64_t ms_age_from_ns(unsigned c);

/* --- lives.c: what became of each block
 * ------------------------------------------------------- */

struct ms_life { /* a block's whole life, as far as the instant knows it */
	const struct ms_block *block;
	const struct ms_event *end; /* what ended it; NULL: it lives */
	uint64_t end_ns;	    /* when; of one that lives the instant itself */
};

struct ms_lives_options {
	const struct ms_store *store;
	uint64_t to_events;    /* the instant: after that many; UINT64_MAX: the end */
	uint64_t at_ns;	       /* and its time; UINT64_MAX: the last event's */
	uint64_t sample_bytes; /* as struct ms_instant_at has it */
	const struct ms_progress *progress; /* or NULL */
	/* Event, by number from 1, has made a block.  May be NULL. */
	ms_status (*begun)(void *context, const struct ms_block *block, uint64_t event,
			   struct ms_error *err);
	/* Event has ended it; or it lives, and event is one past the last. */
	ms_status (*ended)(void *context, const struct ms_life *life, uint64_t event,
			   struct ms_error *err);
	void *context;
};

/*
 * Replay the log up to the instant and tell of each block once when it began and once
 * when it ended, or at the instant.  MS_OK, MS_ENOMEM, or what one of them returned,
 * which ends it.
 */
MS_MUST_CHECK ms_status ms_lives_each(const struct ms_lives_options *options,
				      struct ms_error *err);

/* --- tally.c: figures of the blocks that somebody chose
 * ---------------------------------------- */

struct ms_tally_options {
	const struct ms_store *store;
	const struct ms_snapshot *snapshot; /* of the instant */
	uint64_t sample_bytes;		    /* as struct ms_instant_at has it */
	/* Set *chosen.  NULL: every block.  An error ends the replay. */
	ms_status (*choose)(void *context, const struct ms_life *life, bool *chosen,
			    struct ms_error *err);
	void *context;
	bool pairs; /* figures of pairs of stack and thread, and no others */
	const struct ms_progress *progress; /* or NULL */
};

struct ms_tally {
	struct ms_stack_figures *stacks;
	size_t stack_count, stack_capacity;
	struct ms_thread_figures *threads;
	size_t thread_count, thread_capacity;
	struct ms_pair_figures *pairs; /* when asked for */
	size_t pair_count, pair_capacity;
	struct ms_figures classes[MS_SIZE_CLASSES];
	struct ms_figures kinds[MS_EVENT_KIND_MAX]; /* of the event that made the block */
	struct ms_figures ages[MS_AGES]; /* since the block was made, at the instant */
	struct ms_figures all;
	/* Parts of all, of logs that are no samples. */
	uint64_t reallocated;	 /* of the allocations: blocks made by a realloc */
	uint64_t freed_by_calls; /* of the frees: by a call that only ends a block */
	struct ms_map stack_index, thread_index, pair_index; /* id to index */
};

/*
 * Replay the log once more, to the instant of a snapshot, for the figures of chosen
 * blocks alone: each figure means what struct ms_figures says, so that those of all
 * blocks are the snapshot's own.  Peak figures are those at the peak of the process.
 * What was folded is not among them.  MS_OK, MS_ENOMEM or what choose returned; release
 * it in each case.
 */
MS_MUST_CHECK ms_status ms_tally_init(struct ms_tally *tally,
				      const struct ms_tally_options *options,
				      struct ms_error *err);
/* Pairs that are in no event, as ms_snapshot_fold() has them. */
MS_MUST_CHECK ms_status ms_tally_fold(struct ms_tally *tally,
				      const struct ms_folded *folded,
				      struct ms_error *err);
/* These figures (bits of ms_figure_id) cannot be told: of stacks and of all, of others.
 */
void ms_tally_lacks(struct ms_tally *tally, unsigned stacks, unsigned others);
void ms_tally_release(struct ms_tally *tally);

#endif
