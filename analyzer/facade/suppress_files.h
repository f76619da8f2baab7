/* SPDX-License-Identifier: Apache-2.0 */
/*
 * suppress_files.h - where suppressions come from: files, and the programs themselves
 * (private to the facade).
 */
#ifndef MS_FACADE_SUPPRESS_FILES_H
#define MS_FACADE_SUPPRESS_FILES_H

#include "analyzer/facade/suppress_rules.h"

/* The rules of a file.  MS_EIO, MS_EFORMAT or MS_ENOMEM; path stays. */
MS_MUST_CHECK ms_status ms_rules_read(struct ms_rules *rules, const char *path,
				      struct ms_error *err);

/*
 * What traces' modules embed for LeakSanitizer.  Each counts for the traces that have the
 * module; the same module of many traces is read once.
 */
struct ms_programs {
	struct ms_embedder *items;
	size_t count, capacity;
	struct ms_map by_hash; /* of path and build-id, to a place in items + 1 */
	struct ms_map seen;    /* traces that were looked at */
	struct ms_map users;   /* trace << 32 | program */
	const char **notes;    /* which could not be read */
	size_t note_count, note_capacity;
};

void ms_programs_init(struct ms_programs *programs);
void ms_programs_release(struct ms_programs *programs);
/* Look at a trace's modules, once.  MS_OK or MS_ENOMEM. */
MS_MUST_CHECK ms_status ms_programs_add(struct ms_programs *programs,
					struct ms_rules *rules, struct memscope *m,
					uint32_t trace, struct ms_error *err);
/* Whether a trace has the module that program is (from 1). */
bool ms_programs_has(const struct ms_programs *programs, uint32_t trace,
		     uint32_t program);
/* The index-th note for a report's reader; NULL: there are fewer. */
const char *ms_programs_note(const struct ms_programs *programs, size_t index);

#endif
