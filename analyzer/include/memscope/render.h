/* SPDX-License-Identifier: Apache-2.0 */
/*
 * render.h - where reports go and how they look.
 */
#ifndef MEMSCOPE_RENDER_H
#define MEMSCOPE_RENDER_H

#include <memscope/memscope.h>

#ifdef __cplusplus
extern "C" {
#endif

enum memscope_format { MEMSCOPE_TEXT, MEMSCOPE_JSON, MEMSCOPE_CSV };

/* Where a report goes and how text looks. */
struct memscope_output {
	/* Take all the bytes: 0, or an errno value. */
	int (*write)(void *context, const char *data, size_t bytes);
	void *context;
	enum memscope_format format;
	unsigned width; /* of the terminal, in columns; 0: lines are never cut */
	int colour;	/* not 0: escape sequences for colour */
	int unicode;	/* not 0: trees are drawn with box characters */
};

#ifdef __cplusplus
}
#endif

#endif
