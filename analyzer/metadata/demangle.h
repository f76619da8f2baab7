/* SPDX-License-Identifier: Apache-2.0 */
/*
 * demangle.h - names of C++, Rust and D symbols as their programmers wrote them.
 */
#ifndef MS_METADATA_DEMANGLE_H
#define MS_METADATA_DEMANGLE_H

#include "analyzer/metadata/metadata.h" /* ms_demangle() */

#define MS_DEMANGLE_INPUT_BYTES	 16384
#define MS_DEMANGLE_OUTPUT_BYTES 65536

/* Whether name begins as the mangled names of C++, Rust and D do. */
bool ms_is_mangled(const char *name);

#endif
