/* SPDX-License-Identifier: Apache-2.0 */
/*
 * timeline.h - engine 5: the heap over time.
 *
 * Everything here watches a replay (snapshot.h): heap.c decides what lives, these files
 * only count what it tells.  Times are nanoseconds since the recording began.
 *
 * Of a log of samples (sample_bytes not 0) blocks and bytes are estimates, in whole
 * blocks and bytes, each with its variance; what calls a sample cannot tell is 0.
 */
#ifndef MS_TIMELINE_H
#define MS_TIMELINE_H

#include "analyzer/base/dense.h"
#include "analyzer/base/slices.h"
#include "analyzer/capture/capture.h"
#include "analyzer/metadata/metadata.h"
#include "analyzer/snapshot/snapshot.h"

/*
 * Which blocks count.  A block's answer depends on how it was made alone: it is asked for
 * when the block is made and again when it has ended.
 */
struct ms_chosen {
	/* Before an event that makes a block, or tries to: may look things up, and fail.
	 * May be NULL. */
	ms_status (*prepare)(void *context, const struct ms_event *event,
			     struct ms_error *err);
	bool (*wants)(void *context, const struct ms_block *block);
	void *context;
};

/* Does the event make a block, or try to? */
static inline bool ms_event_makes(const struct ms_event *event)
{
	return event->class == MS_CLASS_ALLOC || event->class == MS_CLASS_REALLOC_END;
}

/* The block that it makes. */
static inline struct ms_block ms_event_block(const struct ms_event *event)
{
	return (struct ms_block){ .address = event->address,
				  .size = event->size,
				  .at_ns = event->at_ns,
				  .stack = event->stack,
				  .thread = event->thread,
				  .kind = event->kind,
				  .align_log2 = event->align_log2 };
}

/* What the functions below replay. */
struct ms_pass {
	const struct ms_store *store;
	uint64_t to_ns;	       /* events after it do not count; UINT64_MAX: all */
	uint64_t sample_bytes; /* as struct ms_instant_at has it */
	const struct ms_chosen *chosen;	    /* NULL: every block */
	const struct ms_progress *progress; /* or NULL */
};

/* --- watch.c: several who watch one replay ---------------------------------------------
 */

struct ms_watch { /* made by the functions ms_x_watch() below */
	struct ms_observer observer;
	/* After the last event: complete what is watched for.  May fail. */
	ms_status (*end)(void *context, struct ms_error *err);
	void (*free)(void *context);
};

/*
 * Replay what pass says once and let each of them see it.  Each sees what it would see
 * alone; pass has no part in what they choose.  They are freed in any case.  MS_OK,
 * MS_ENOMEM or what one of them returned.
 */
MS_MUST_CHECK ms_status ms_watch_all(const struct ms_pass *pass, struct ms_watch *watches,
				     size_t count, struct ms_error *err);

/* --- sums.c: counting what a replay tells ----------------------------------------------
 */

/*
 * Of all blocks these are what struct ms_totals has, and of chosen ones the same of them;
 * a call that ended an unknown block belongs to none that was chosen.
 */
struct ms_sums {
	uint64_t allocations, reallocations, frees, failed; /* calls */
	uint64_t unmatched;	   /* of frees and reallocations */
	uint64_t allocated, freed; /* bytes; freed: of reallocations' old blocks too */
	uint64_t overwritten_blocks, overwritten_bytes; /* ended unseen */
	uint64_t live_blocks, live_bytes;
	/* Of estimates; the live ones may fall below 0 by rounding. */
	double allocations_variance, allocated_variance;
	double live_blocks_variance, live_bytes_variance;
};

struct ms_counter {
	const struct ms_pass *pass;
	struct ms_sums now;
	struct ms_event last; /* whose effect is not complete yet */
	bool has_last, ended; /* ended: it has ended a block that a call can end */
	bool chosen;	      /* it made, or would have made, one that counts */
	uint64_t overwritten; /* as the heap had it last */
};

void ms_counter_init(struct ms_counter *counter, const struct ms_pass *pass);
/* Before an event is applied: what came before is complete then.  As prepare() fails. */
MS_MUST_CHECK ms_status ms_counter_event(struct ms_counter *counter,
					 const struct ms_event *event,
					 struct ms_error *err);
/* A change, as an observer hears of it.  Does the block count? */
bool ms_counter_block(struct ms_counter *counter, enum ms_change change,
		      const struct ms_block *block, const struct ms_event *event,
		      const struct ms_totals *totals);
/* After the last event. */
void ms_counter_settle(struct ms_counter *counter);
/* While it counts a sample, sums are in 2^-16ths (weight.h): make them whole. */
void ms_sums_report(struct ms_sums *sums, uint64_t sample_bytes);

/* --- series.c: figures in equal parts of a time
 * ----------------------------------------------- */

struct ms_bucket {
	uint64_t start_ns, end_ns; /* both included */
	struct ms_sums sums;	   /* within it; what lives: at its end */
	uint64_t peak_bytes;	   /* the most that lived at any instant of it ... */
	uint64_t peak_at_ns;	   /* ... the first such */
	double peak_variance;	   /* of an estimate */
	uint64_t resident_bytes;   /* the last sample of the process's memory in it */
	bool has_resident;
};

struct ms_series_options {
	struct ms_pass pass;
	const struct ms_metadata *meta; /* for resident_bytes; NULL: none */
	uint64_t from_ns, to_ns;	/* both included; to_ns below from_ns: EUSAGE */
	size_t buckets;			/* fewer when the time has fewer nanoseconds */
};

#define MS_BUCKETS_MAX 1000000

struct ms_series {
	struct ms_bucket *buckets;
	size_t count;
};

/* MS_OK; MS_ENOMEM; MS_EUSAGE; or as chosen fails.  out is empty on failure. */
MS_MUST_CHECK ms_status ms_series_init(struct ms_series *out,
				       const struct ms_series_options *options,
				       struct ms_error *err);
/*
 * The same, of a replay that others watch too: out is filled by its end.  On failure
 * there is nothing to free.
 */
MS_MUST_CHECK ms_status ms_series_watch(struct ms_watch *watch, struct ms_series *out,
					const struct ms_series_options *options,
					struct ms_error *err);
void ms_series_release(struct ms_series *series);
/* The last instant of a recording: its end, or that of its last event if that is later.
 */
uint64_t ms_series_end_ns(const struct ms_store *store, const struct ms_log *log);

/* --- slices.c: who made what in each part of a time
 * -------------------------------------
 */

struct ms_slices_options {
	struct ms_pass pass;
	const struct ms_bucket *buckets; /* from the recording's beginning on */
	size_t bucket_count;
	/* Stacks and threads to rows, below their counts; others are nobody's. */
	const struct ms_dense *row_of_stack, *row_of_thread;
	uint32_t rows, threads;
};

/*
 * Sums over a row's cells up to a bucket are its figures at the bucket's end, exactly: of
 * a log of samples too, where both are rounded estimates.  out is filled by the watch's
 * end; options point to what stays until then.
 */
MS_MUST_CHECK ms_status ms_slices_watch(struct ms_watch *watch, struct ms_slices *out,
					const struct ms_slices_options *options,
					struct ms_error *err);
void ms_slices_release(struct ms_slices *slices);

/* --- lifetimes.c: how long blocks lived ------------------------------------------------
 */

enum ms_lived_class { /* below 1 ms, 10 ms, 100 ms, 1 s, 10 s; longer; then: */
		      MS_LIVED_STILL =
			      MS_WIRE_LIFETIMES, /* live at the end of the pass */
		      MS_LIVED_UNKNOWN, /* its end is not in the log: its address was
					   handed out anew */
		      MS_LIVED_CLASSES
};

struct ms_lived {
	uint64_t blocks[MS_LIVED_CLASSES], bytes[MS_LIVED_CLASSES];
	double block_variance[MS_LIVED_CLASSES], byte_variance[MS_LIVED_CLASSES];
	unsigned no_bytes;  /* bits of classes whose bytes are too low: see loose_bytes */
	unsigned no_blocks; /* bits of classes whose blocks and bytes are too low */
	uint64_t culled_blocks, culled_bytes; /* of these, folded by the mode cull */
	uint64_t loose_bytes; /* folded, of several classes together: in none of them */
};

enum ms_lived_by {
	MS_LIVED_BY_NONE,
	MS_LIVED_BY_STACK,
	MS_LIVED_BY_THREAD,
	MS_LIVED_BY_SIZE
};

struct ms_lived_row {
	uint32_t key; /* stack, thread (the log's id), or size class (MS_SIZE_CLASSES) */
	struct ms_lived lived;
};

struct ms_lifetimes {
	struct ms_lived all;
	struct ms_lived_row *rows; /* in order of first appearance */
	size_t count, capacity;
	struct ms_map by_key;
	uint64_t end_ns; /* of the last event */
};

/*
 * Lifetimes of the blocks that pass replays.  folded: pairs that are in no event; they
 * have a stack only, so that threads and sizes lack their classes.
 */
MS_MUST_CHECK ms_status ms_lifetimes_init(struct ms_lifetimes *out,
					  const struct ms_pass *pass, enum ms_lived_by by,
					  const struct ms_folded *folded,
					  size_t folded_count, struct ms_error *err);
void ms_lifetimes_release(struct ms_lifetimes *lifetimes);
void ms_lived_add(struct ms_lived *sum, const struct ms_lived *lived);

/* --- sizes.c: the sizes that were asked for --------------------------------------------
 */

struct ms_size_row {
	uint64_t size;
	uint64_t blocks, live_blocks; /* made; live at the end */
	double block_variance, live_variance;
};

/* Beyond so many distinct sizes new ones are counted together. */
#define MS_SIZES_MAX (1u << 20)

struct ms_sizes {
	struct ms_size_row *rows; /* the most frequent first, then the smallest */
	size_t count, capacity;
	struct ms_map by_size;
	uint64_t other_blocks, other_live; /* of sizes that have no row */
};

MS_MUST_CHECK ms_status ms_sizes_init(struct ms_sizes *out, const struct ms_pass *pass,
				      struct ms_error *err);
void ms_sizes_release(struct ms_sizes *sizes);

/* --- handoffs.c: blocks that another thread ended than made them, by pairs
 * ------------------ */

struct ms_handoff {
	uint32_t maker, ender; /* the log's ids */
	uint64_t blocks, bytes;
};

#define MS_HANDOFFS_MAX 4096

struct ms_handoffs {
	struct ms_handoff *rows; /* in no order, until they are sorted */
	size_t count, capacity;
	struct ms_map by_pair;
	size_t most; /* rows that are kept */
	/* Of pairs that have no row: once there were too many the lightest went here, and
	 * a row may have lost what came before. */
	struct ms_handoff rest;
};

void ms_handoffs_init(struct ms_handoffs *handoffs, size_t most);
void ms_handoffs_release(struct ms_handoffs *handoffs);
/* 0, or -1 without memory. */
int ms_handoffs_add(struct ms_handoffs *handoffs, const struct ms_handoff *handoff);
/* At the end: the most rows, those with the most blocks first. */
void ms_handoffs_sort(struct ms_handoffs *handoffs);

/* --- flows.c: which thread ended whose blocks ------------------------------------------
 */

struct ms_flow {
	uint32_t thread;		     /* the log's id */
	uint64_t own, own_bytes;	     /* blocks that it made and ended */
	uint64_t of_others, of_others_bytes; /* that others made and it ended */
	uint64_t by_others, by_others_bytes; /* that it made and others ended */
	uint64_t unmatched; /* frees and reallocs by it of blocks that the log lacks */
	uint64_t live_bytes, live_blocks; /* of the blocks that it made */
	uint64_t peak_bytes, peak_at_ns;  /* the most of them that lived at once; when */
};

struct ms_flows {
	struct ms_flow *rows; /* in order of first appearance */
	size_t count, capacity;
	struct ms_dense by_thread;
	struct ms_handoffs pairs; /* sorted */
};

/* Blocks that ended unseen (see MS_LIVED_UNKNOWN) were ended by nobody. */
MS_MUST_CHECK ms_status ms_flows_init(struct ms_flows *out, const struct ms_pass *pass,
				      struct ms_error *err);
/* The same, of a replay that others watch too: out is filled by its end. */
MS_MUST_CHECK ms_status ms_flows_watch(struct ms_watch *watch, struct ms_flows *out,
				       const struct ms_pass *pass, struct ms_error *err);
void ms_flows_release(struct ms_flows *flows);
/* The row of a thread, or NULL. */
const struct ms_flow *ms_flows_of(const struct ms_flows *flows, uint32_t thread);

/* --- owners.c: the life of an address --------------------------------------------------
 */

enum ms_owner_end {
	MS_OWNER_LIVES,
	MS_OWNER_FREED,
	MS_OWNER_MOVED,	      /* by a realloc, to moved_to, which may be the same */
	MS_OWNER_OVERWRITTEN, /* its end is not in the log: handed out anew */
	MS_OWNER_UNMAPPED,
};

struct ms_owner { /* of an address: a block, or a range of pages */
	struct ms_block block;
	uint64_t moved_from; /* the old address of the realloc or mremap that made it; 0:
				none, or not known */
	enum ms_owner_end end;
	struct ms_event ended; /* by this; unless it lives */
	uint64_t moved_to;
};

struct ms_owners {
	struct ms_owner *items; /* in the order in which they were made */
	size_t count, capacity;
	size_t unmatched; /* frees of the address that ended no block */
};

/*
 * Who had an address.  Blocks that begin there; that takes the parts of the log alone in
 * which it occurs.  inside: blocks and mappings that contain it as well, which takes all
 * of the log.  MS_OK or MS_ENOMEM.
 */
MS_MUST_CHECK ms_status ms_owners_init(struct ms_owners *out,
				       const struct ms_store *store, uint64_t address,
				       bool inside, const struct ms_progress *progress,
				       struct ms_error *err);
void ms_owners_release(struct ms_owners *owners);

#endif
