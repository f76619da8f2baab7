/* SPDX-License-Identifier: Apache-2.0 */
/*
 * event_store.h - the events of a recording, in order.
 */
#ifndef MEMSCOPE_EVENT_STORE_H
#define MEMSCOPE_EVENT_STORE_H

#include <memscope/render.h>

#ifdef __cplusplus
extern "C" {
#endif

struct memscope_dump_options {
	struct memscope_time from, to; /* both zero: everything; see use_from, use_to */
	int use_from, use_to;	       /* not 0: the limit holds */
	int stacks;		       /* not 0: text shows the site of each stack */
	/*
	 * Of the events themselves: when they happened, their thread, size and stack;
	 * live, freed and lifetime: those that made such a block.
	 */
	struct memscope_filter filter;
};

/*
 * The events of traces, in order, one row each; a realloc is one row, at its end.  Of
 * several traces one after the other, and each row has its process first.  Memory does
 * not grow with the number of rows.  *unfinished, when not NULL, is how many reallocs had
 * not returned when the recordings (or the range) ended.
 */
int memscope_dump(struct memscope *m, const struct memscope_dump_options *options,
		  const struct memscope_output *output, uint64_t *unfinished,
		  struct memscope_error *err);

/*
 * The index of each trace, made now where there is none that can be used: one line of
 * text each about what there is.  MEMSCOPE_IO when one cannot be written; a damaged trace
 * gets none, and its line says so.  Open with index_any_size, or short traces get none.
 */
int memscope_index(struct memscope *m, const struct memscope_output *output,
		   struct memscope_error *err);

#ifdef __cplusplus
}
#endif

#endif
