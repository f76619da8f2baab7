/* SPDX-License-Identifier: Apache-2.0 */
/*
 * checkpoint_form.h - what writing and reading a checkpoint agree on (private to
 * snapshot).
 */
#ifndef MS_CHECKPOINT_FORM_H
#define MS_CHECKPOINT_FORM_H

#include "analyzer/snapshot/snapshot.h"
#include "common/varint.h"

#include <assert.h>

#define MS_TOTALS_WORDS	 (sizeof(struct ms_totals) / 8)
#define MS_MAPPING_WORDS (sizeof(struct ms_mapping_totals) / 8)
static_assert(MS_TOTALS_WORDS * 8 == sizeof(struct ms_totals) && MS_TOTALS_WORDS == 15,
	      "only words: a new one changes the version");
static_assert(MS_MAPPING_WORDS * 8 == sizeof(struct ms_mapping_totals) &&
		      MS_MAPPING_WORDS == 7,
	      "only words: a new one changes the version");

/* The distance of 16-byte steps in few bits: its sign and low bits go to the top. */
static inline uint64_t ms_form_address(uint64_t before, uint64_t address)
{
	uint64_t folded = ms_zigzag((int64_t)(address - before));

	return folded >> 5 | folded << 59;
}

static inline uint64_t ms_unform_address(uint64_t before, uint64_t form)
{
	return before + (uint64_t)ms_unzigzag(form << 5 | form >> 59);
}

#endif
