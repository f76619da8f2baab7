/* SPDX-License-Identifier: Apache-2.0 */
/*
 * source_path.h - paths of source files, comparable as texts.
 */
#ifndef MS_METADATA_SOURCE_PATH_H
#define MS_METADATA_SOURCE_PATH_H

#include "analyzer/base/strbuf.h"

/*
 * Set out to path, below directory (may be NULL) when it is relative, without empty
 * components, "." and "..".  It is about texts: the files may lie on another machine, so
 * symbolic links are not followed.
 */
void ms_source_path(struct ms_strbuf *out, const char *directory, const char *path);

#endif
