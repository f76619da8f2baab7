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
};

/*
 * The events of one trace (MEMSCOPE_USAGE with more), in order, one row each; a realloc
 * is one row, at its end.  Memory does not grow with the number of rows.  *unfinished,
 * when not NULL, is how many reallocs had not returned when the recording (or the range)
 * ended.
 */
int memscope_dump(struct memscope *m, const struct memscope_dump_options *options,
		  const struct memscope_output *output, uint64_t *unfinished,
		  struct memscope_error *err);

#ifdef __cplusplus
}
#endif

#endif
