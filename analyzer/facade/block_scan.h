/* SPDX-License-Identifier: Apache-2.0 */
/*
 * block_scan.h - blocks as rows, while the log is read (private to the facade).
 */
#ifndef MS_FACADE_BLOCK_SCAN_H
#define MS_FACADE_BLOCK_SCAN_H

#include "analyzer/facade/sources.h"

enum ms_block_column {
	MS_BLOCK_TRACE,
	MS_BLOCK_PROCESS,
	MS_BLOCK_ADDRESS,
	MS_BLOCK_SIZE,
	MS_BLOCK_ALIGN,
	MS_BLOCK_KIND,
	MS_BLOCK_T_ALLOC,
	MS_BLOCK_THREAD,
	MS_BLOCK_STACK,
	MS_BLOCK_FUNCTION, /* in the order of enum ms_frame_part, to MODULE */
	MS_BLOCK_FILE,
	MS_BLOCK_LINE,
	MS_BLOCK_MODULE,
	MS_BLOCK_TYPE,
	MS_BLOCK_WEIGHT,
	MS_BLOCK_T_FREE,
	MS_BLOCK_LIFETIME,
	MS_BLOCK_ENDED,
	MS_BLOCK_FREE_KIND,
	MS_BLOCK_FREE_THREAD,
	MS_BLOCK_FREE_STACK,
	MS_BLOCK_TEMPORARY,
	MS_BLOCK_NEXT,
	MS_BLOCK_PREVIOUS,
	MS_BLOCK_CHAIN,
	MS_BLOCK_COLUMNS, /* of allocations; live has the first ones and this one */
	MS_BLOCK_AGE = MS_BLOCK_COLUMNS,
};

/* What columns need: how the blocks ended; what came before. */
enum { MS_NEEDS_END = 1, MS_NEEDS_CHAIN = 2 };

enum ms_ended { MS_ENDED_NOT, MS_ENDED_FREE, MS_ENDED_REALLOC, MS_ENDED_LOST };

struct ms_block_row {
	struct ms_block block;
	uint64_t end_ns, next; /* next: address of the event that ended it */
	uint64_t previous, chain;
	uint32_t end_thread, end_stack;
	uint8_t ended; /* enum ms_ended */
	uint8_t end_kind;
	bool temporary;
};

struct ms_block_view { /* a row, where it is */
	const struct ms_block_row *row;
	size_t trace;
	struct ms_metadata *meta;
	uint64_t now_ns;
	uint64_t sample_bytes;
	bool tells_temporary;
};

MS_MUST_CHECK ms_status ms_block_value(struct ms_tables *tables,
				       const struct ms_block_view *view,
				       enum ms_block_column column,
				       struct ms_value *value, struct ms_error *err);

/* The open function of the table allocations. */
ms_status ms_block_scan_open(struct ms_scan **out, const struct ms_source *source,
			     const struct ms_scan_plan *plan, struct ms_error *err);

/* --- block_feed.c: the blocks of one trace
 * ---------------------------------------------- */

struct ms_block_want { /* rows may be left out that do not meet it */
	struct ms_bound made, ended, size, thread, address, stack;
	unsigned needs;
};

struct ms_block_feed;

MS_MUST_CHECK ms_status ms_block_feed_open(struct ms_block_feed **out,
					   struct ms_tables *tables, size_t trace,
					   const struct ms_block_want *want,
					   struct ms_error *err);
/* The next block, valid until the next call; NULL at the end. */
MS_MUST_CHECK ms_status ms_block_feed_next(struct ms_block_feed *feed,
					   const struct ms_block_row **row,
					   struct ms_error *err);
void ms_block_feed_close(struct ms_block_feed *feed); /* NULL is fine */

/* By the time they were made, then by address. */
void ms_block_rows_sort(struct ms_block_row *rows, size_t count);

/* --- block_chains.c: which block a realloc made of which
 * --------------------------------- */

struct ms_chain_link {
	uint64_t at_ns;		  /* when the block was made */
	uint64_t chain, previous; /* previous: 0 when no realloc made it */
};

struct ms_block_chains;

MS_MUST_CHECK ms_status ms_block_chains_new(struct ms_block_chains **out,
					    struct ms_error *err);
void ms_block_chains_free(struct ms_block_chains *chains);
/* Every event, before the heap takes it. */
MS_MUST_CHECK ms_status ms_block_chains_event(struct ms_block_chains *chains,
					      const struct ms_event *event,
					      struct ms_error *err);
/* The link of a block that has just ended, or that lives; all zero when unknown. */
struct ms_chain_link ms_block_chains_find(const struct ms_block_chains *chains,
					  const struct ms_block *block);

#endif
