/* SPDX-License-Identifier: Apache-2.0 */
/*
 * doc_maps.c - the pointer maps of a trace, and how the process ended, in words.
 */
#include "analyzer/facade/doc.h"

#include <string.h>

static const char *const whys[] = {
	[MS_MAP_EXIT] = "exit",
	[MS_MAP_EXIT_NOW] = "_exit",
	[MS_MAP_QUICK_EXIT] = "quick_exit",
	[MS_MAP_SIGNAL] = "signal",
	[MS_MAP_API] = "api",
};

static const char *const states[] = {
	[MS_NOMAP_REFUSED] = "the system refused a process for it",
	[MS_NOMAP_CONFINED] = "the program locked itself in (seccomp)",
	[MS_NOMAP_NO_ROOM] = "the log's size limit left no room for it",
	[MS_NOMAP_NO_LOG] = "the log could not be opened again",
	[MS_NOMAP_NO_MODE] = "not every block is recorded in this mode",
	[MS_NOMAP_EMULATED] = "none can be taken under Valgrind",
	[MS_NOMAP_NO_MEMORY] = "there was no memory to take it",
};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const char *name_of(const char *const *names, size_t count, unsigned i)
{
	return i < count && names[i] ? names[i] : "unknown";
}

const char *ms_map_why_text(unsigned why)
{
	return name_of(whys, COUNT(whys), why);
}

const char *ms_map_state_text(unsigned state)
{
	return state ? name_of(states, COUNT(states), state) : NULL;
}

const char *ms_end_text(const struct ms_trace *trace)
{
	if (ms_log_status(trace->log)->end == MS_END_EXITED)
		return "exited";
	return ms_log_left(trace->log) ? ms_map_why_text(ms_log_left(trace->log))
				       : "open";
}

void ms_doc_map(struct ms_doc *doc, json_t *row, const struct ms_pointer_map *map)
{
	ms_doc_u64(doc, row, "number", map->number);
	ms_doc_text(doc, row, "why", ms_map_why_text(map->why));
	ms_doc_u64(doc, row, "at_ns", map->at_ns);
	ms_doc_u64(doc, row, "pause_ns", map->pause_ns);
	ms_doc_u64(doc, row, "resident_bytes", map->resident_bytes);
	ms_doc_u64(doc, row, "threads", map->threads);
	ms_doc_text(doc, row, "missing", ms_map_state_text(map->state));
}

void ms_doc_maps(struct ms_doc *doc, json_t *array, const struct ms_trace *trace)
{
	size_t count;
	const struct ms_pointer_map *maps = ms_log_maps(trace->log, &count);

	for (size_t i = 0; i < count; i++)
		ms_doc_map(doc, ms_doc_append(doc, array), &maps[i]);
}
