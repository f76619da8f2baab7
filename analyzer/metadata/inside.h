/* SPDX-License-Identifier: Apache-2.0 */
/*
 * inside.h - what the files of this room share: the metadata itself.
 */
#ifndef MS_METADATA_INSIDE_H
#define MS_METADATA_INSIDE_H

#include "analyzer/base/arena.h"
#include "analyzer/base/map.h"
#include "analyzer/base/strbuf.h"
#include "analyzer/metadata/metadata.h"
#include "analyzer/metadata/trie.h"

struct ms_symbols;

struct ms_metadata {
	struct ms_arena arena; /* every text, name and row that never moves */
	struct ms_process process;
	struct ms_strbuf command; /* grows with each "argv" */

	struct ms_fact *facts;
	size_t fact_count, fact_room;

	struct ms_sample *samples;
	size_t sample_count, sample_room;

	struct ms_thread_cost *costs; /* cost.c */
	size_t cost_count, cost_room;
	struct ms_map cost_index; /* thread + 1 to place in costs */

	struct ms_note *notes;
	size_t note_count, note_room;

	struct ms_mark *marks;
	size_t mark_count, mark_room;
	bool marks_sorted;

	uint64_t exec_tries, exec_failures, exec_at_ns;
	const char *exec_path; /* of the last try */

	struct ms_thread *threads; /* in the order they came */
	size_t thread_count, thread_room;
	struct ms_map thread_index; /* id to place in threads */

	struct ms_module *modules; /* in the order they came */
	size_t module_count, module_room;
	struct ms_map module_index; /* id to place in modules */

	struct ms_trie trie;
	struct ms_symbols *symbols; /* made when the first name is asked for */
	struct ms_symbol_options options;
};

/* As a growing vector's ms_grow(), for a vector of any type. */
#define MS_GROW(items, room, count) \
	ms_grow((void **)&(items), &(room), (count), sizeof(*(items)))

#endif
