/* SPDX-License-Identifier: Apache-2.0 */
/*
 * query_presets.c - questions with a name, as SQL that a user can print and change.
 */
#include "analyzer/facade/query_run.h"
#include "common/units.h"

#include <inttypes.h>
#include <string.h>

#define SITE "process, function, file, line, module"

const struct ms_preset ms_presets[] = {
	{ "top_allocations_by_size", MS_PRESET_COUNT, 10,
	  "sites by bytes allocated in all, live or freed since",
	  "SELECT " SITE ", allocations, allocated, live_bytes\n"
	  "FROM sites\n"
	  "WHERE allocated > 0 OR allocated IS NULL\n"
	  "ORDER BY allocated DESC, allocations DESC, function, file, line\n"
	  "LIMIT ?1" },
	{ "top_allocations_by_count", MS_PRESET_COUNT, 10, "sites by blocks made",
	  "SELECT " SITE ", allocations, allocated, temporary\n"
	  "FROM sites\n"
	  "ORDER BY allocations DESC, allocated DESC, function, file, line\n"
	  "LIMIT ?1" },
	{ "memory_leaks", MS_PRESET_COUNT, 20,
	  "blocks live at the end, by site, those first that nothing points to any more; "
	  "without a pointer map that is not known",
	  "WITH lost AS (\n"
	  "  SELECT trace, function, file, line, module, code,\n"
	  "         sum(iif(kind = 'definite', size, 0)) AS definite,\n"
	  "         sum(iif(kind = 'indirect', size, 0)) AS indirect,\n"
	  "         sum(iif(kind = 'possible', size, 0)) AS possible,\n"
	  "         sum(iif(kind = 'reachable', size, 0)) AS reachable\n"
	  "  FROM leaks WHERE kind <> 'unclassified'\n"
	  "  GROUP BY trace, function, file, line, module, code)\n"
	  "SELECT s.process, s.function, s.file, s.line, s.module, s.live_blocks,\n"
	  "       s.live_bytes, l.definite AS definite_bytes,\n"
	  "       l.indirect AS indirect_bytes, l.possible AS possible_bytes,\n"
	  "       l.reachable AS reachable_bytes,\n"
	  "       stack_text(s.process, s.stack, 8) AS called_from\n"
	  "FROM sites s LEFT JOIN lost l ON l.trace = s.trace AND l.function IS s.function\n"
	  "  AND l.file IS s.file AND l.line IS s.line AND l.module IS s.module\n"
	  "  AND l.code IS s.address\n"
	  "WHERE s.live_blocks > 0\n"
	  "ORDER BY coalesce(l.definite + l.indirect + l.possible, 0) DESC,\n"
	  "         s.live_bytes DESC, s.live_blocks DESC, s.function, s.file, s.line\n"
	  "LIMIT ?1" },
	{ "large_allocations", MS_PRESET_SIZE, 1 << 20,
	  "blocks of at least that size, the largest first",
	  "SELECT process, size, human_size(size) AS human, kind, t_alloc, t_free,\n"
	  "       thread, function, file, line\n"
	  "FROM allocations\n"
	  "WHERE size >= ?1\n"
	  "ORDER BY size DESC, t_alloc, address" },
	{ "thread_memory_stats", MS_PRESET_NONE, 0,
	  "threads: blocks and bytes that each made, live and at the peak",
	  "SELECT process, thread, name, allocations, allocated, live_blocks,\n"
	  "       live_bytes, peak_bytes, temporary\n"
	  "FROM threads\n"
	  "ORDER BY allocated DESC, thread" },
	{ "scope_memory_stats", MS_PRESET_COUNT, 20,
	  "functions (a scope is the function that called the allocator) by bytes allocated",
	  "SELECT process, function AS scope, count(*) AS sites,\n"
	  "       sum(allocations) AS allocations, sum(allocated) AS allocated,\n"
	  "       sum(live_blocks) AS live_blocks, sum(live_bytes) AS live_bytes,\n"
	  "       sum(peak_bytes) AS peak_bytes\n"
	  "FROM sites\n"
	  "GROUP BY trace, process, function\n"
	  "ORDER BY allocated DESC, allocations DESC, scope\n"
	  "LIMIT ?1" },
	{ "type_memory_stats", MS_PRESET_COUNT, 20,
	  "types by bytes allocated: of basis 'symbol' where a function's name tells the "
	  "C++ or Rust type, else of basis 'size', one for each size class",
	  "SELECT process,\n"
	  "       coalesce(type, 'below ' || human_size(class)) AS type,\n"
	  "       iif(type IS NULL, 'size', 'symbol') AS basis,\n"
	  "       count(*) AS allocations, sum(size) AS allocated\n"
	  "FROM (SELECT trace, process, size, type,\n"
	  "             iif(type IS NULL, 1 << (CASE WHEN size < 16 THEN 4\n"
	  "               WHEN size < 64 THEN 6 WHEN size < 256 THEN 8\n"
	  "               WHEN size < 1024 THEN 10 WHEN size < 4096 THEN 12\n"
	  "               WHEN size < 65536 THEN 16 WHEN size < 1048576 THEN 20\n"
	  "               WHEN size < 1073741824 THEN 30 ELSE 62 END), NULL) AS class\n"
	  "      FROM allocations)\n"
	  "GROUP BY trace, process, 2, basis\n"
	  "ORDER BY allocated DESC, allocations DESC, 2\n"
	  "LIMIT ?1" },
	{ "system_summary", MS_PRESET_NONE, 0,
	  "processes: calls, bytes, the peak, what lived at the end",
	  "SELECT process, command, duration_ns, events, total_allocations,\n"
	  "       total_reallocations, total_deallocations, total_allocated,\n"
	  "       total_deallocated, peak_memory, peak_at_ns, active_allocations,\n"
	  "       current_memory, failed_allocations, unmatched_deallocations\n"
	  "FROM processes\n"
	  "ORDER BY start_unix_ns, trace" },
};

const size_t ms_preset_count = sizeof(ms_presets) / sizeof(*ms_presets);

const struct ms_preset *ms_preset_find(const char *name)
{
	for (size_t i = 0; i < ms_preset_count; i++) {
		if (strcmp(ms_presets[i].name, name) == 0)
			return &ms_presets[i];
	}
	return NULL;
}

const char *memscope_query_preset_sql(const char *name)
{
	const struct ms_preset *preset = ms_preset_find(name);

	return preset ? preset->sql : NULL;
}
