/* SPDX-License-Identifier: Apache-2.0 */
/*
 * debuginfod.h - files from the servers that DEBUGINFOD_URLS names.
 *
 * The only functions of this room that may use the network: called on the user's request.
 */
#ifndef MS_METADATA_DEBUGINFOD_H
#define MS_METADATA_DEBUGINFOD_H

#include "analyzer/metadata/debug_files.h"

/* A descriptor of the file with that build-id, or -1. */
int ms_debuginfod_program(struct ms_build_id id);
int ms_debuginfod_debug(struct ms_build_id id);

#endif
