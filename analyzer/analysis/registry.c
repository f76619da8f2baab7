/* SPDX-License-Identifier: Apache-2.0 */
/*
 * registry.c - the table of detectors: a new one is one line here.
 *
 * The order is that of `check --list`: what is wrong, then what could be better.
 */
#include "analyzer/analysis/detectors.h"

#include <string.h>

const struct ms_detector *const ms_detectors[] = {
	&ms_detector_leak,
	&ms_detector_growth,
	&ms_detector_double_free,
	&ms_detector_invalid_free,
	&ms_detector_mismatched_free,
	&ms_detector_cross_module_free,
	&ms_detector_failed,
	&ms_detector_zero_size,
	&ms_detector_huge,
	&ms_detector_churn,
	&ms_detector_realloc_chain,
	&ms_detector_oversize,
	&ms_detector_cross_thread_free,
	&ms_detector_unbalanced_threads,
	&ms_detector_burst,
	&ms_detector_fragmentation,
};
const size_t ms_detector_count = sizeof(ms_detectors) / sizeof(*ms_detectors);
_Static_assert(sizeof(ms_detectors) / sizeof(*ms_detectors) <= 64, "a bit for each");

int ms_detector_index(const char *name, size_t len)
{
	for (size_t i = 0; i < ms_detector_count; i++) {
		if (strlen(ms_detectors[i]->name) == len &&
		    memcmp(ms_detectors[i]->name, name, len) == 0)
			return (int)i;
	}
	return -1;
}
