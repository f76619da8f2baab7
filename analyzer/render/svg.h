/* SPDX-License-Identifier: Apache-2.0 */
/*
 * svg.h - what the files of the SVG share (private to render).
 */
#ifndef MS_RENDER_SVG_H
#define MS_RENDER_SVG_H

#include "analyzer/render/flame.h"

/* Has no "]]>", so that it may stand in a CDATA section. */
extern const char ms_svg_script[];

/* svg_style.c: the style sheet of a graph. */
void ms_svg_style(struct ms_writer *writer, bool compared);
/* A class of it: the module gives the hue, the function the shade. */
void ms_svg_class(char out[8], const struct ms_flame_frame *frame);
/* One of a comparison: what was there before and after. */
void ms_svg_change_class(char out[8], uint64_t before, uint64_t after);
/* What the colours of a comparison mean, on a line at y. */
void ms_svg_legend(struct ms_writer *writer, unsigned x, unsigned y);

/*
 * Hostile text as character data: escaped as everywhere, then for XML; cut to at most
 * most characters, with ".." where it was cut.  most is not 0.
 */
void ms_svg_text(struct ms_writer *writer, const char *text, size_t most);

#endif
