/* SPDX-License-Identifier: Apache-2.0 */
/*
 * glob.h - patterns of names.
 */
#ifndef MS_BASE_GLOB_H
#define MS_BASE_GLOB_H

#include <stdbool.h>
#include <stddef.h>

/*
 * Whether pattern is all of len bytes at text: '*' stands for any text, '?' for any
 * character.  Takes at most time proportional to both lengths' product.
 */
bool ms_glob_match(const char *pattern, const char *text, size_t len);

#endif
