/* SPDX-License-Identifier: Apache-2.0 */
/*
 * site.h - which frames are the allocator's and which are the program's.
 */
#ifndef MS_METADATA_SITE_H
#define MS_METADATA_SITE_H

#include "analyzer/metadata/metadata.h"

/* Whether a stack must not be filed under frame while another one is there. */
bool ms_site_is_plumbing(const struct ms_frame *frame);

#endif
