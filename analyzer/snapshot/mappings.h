/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mappings.h - what mappings.c keeps (private to snapshot).
 */
#ifndef MS_MAPPINGS_H
#define MS_MAPPINGS_H

#include "analyzer/snapshot/intervals.h"
#include "analyzer/snapshot/snapshot.h"

struct ms_mappings {
	struct ms_intervals set;
	struct ms_mapping_totals totals;
};

#endif
