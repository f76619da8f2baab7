/* SPDX-License-Identifier: Apache-2.0 */
/*
 * demangle.h - names of C++, Rust and D symbols as their programmers wrote them.
 */
#ifndef MS_METADATA_DEMANGLE_H
#define MS_METADATA_DEMANGLE_H

#include "analyzer/base/error.h"

#include <stdbool.h>

#define MS_DEMANGLE_INPUT_BYTES	 16384
#define MS_DEMANGLE_OUTPUT_BYTES 65536

/*
 * The readable form of name, for ms_free.  *out is NULL with MS_OK when name is not
 * mangled, cannot be demangled, or is larger than the limits above: show it as it is.
 * MS_ENOMEM.
 */
MS_MUST_CHECK ms_status ms_demangle(char **out, const char *name);

/* Whether name begins as the mangled names of C++, Rust and D do. */
bool ms_is_mangled(const char *name);

#endif
