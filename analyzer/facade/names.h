/* SPDX-License-Identifier: Apache-2.0 */
/*
 * names.h - where functions and lines come from, for all traces of a struct memscope
 * (private to the facade).
 */
#ifndef MS_FACADE_NAMES_H
#define MS_FACADE_NAMES_H

#include "analyzer/metadata/metadata.h"

#include <memscope/memscope.h>

struct ms_names { /* all zero: nothing is open */
	char *debug_dirs, *cache_dir;
	struct ms_packs *packs;
	struct ms_symbol_options options; /* of each trace's metadata */
};

/* What open options say of symbols.  MS_OK; MS_EIO and MS_EFORMAT as ms_packs_open() has
 * them; MS_ENOMEM.  Close it in each case. */
MS_MUST_CHECK ms_status ms_names_open(struct ms_names *names,
				      const struct memscope_open_options *options,
				      struct ms_error *err);
void ms_names_close(struct ms_names *names);

struct ms_views;
struct ms_sites;
/* Find at once the names that the stacks of views need. */
MS_MUST_CHECK ms_status ms_names_of_views(const struct ms_views *views,
					  enum ms_resolve what, struct ms_error *err);
/* The same of one trace of them. */
MS_MUST_CHECK ms_status ms_names_of_view(const struct ms_views *views, size_t trace,
					 enum ms_resolve what, struct ms_error *err);
/*
 * The same for printing the first count of sites that are sorted: of the first whole of
 * them every stack, of the others the heaviest.
 */
MS_MUST_CHECK ms_status ms_names_of_stacks(const struct ms_sites *sites, size_t whole,
					   size_t count, struct ms_error *err);

#endif
