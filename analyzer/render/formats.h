/* SPDX-License-Identifier: Apache-2.0 */
/*
 * formats.h - the functions of the table of formats (private to render): one file each.
 */
#ifndef MS_RENDER_FORMATS_H
#define MS_RENDER_FORMATS_H

#include "analyzer/render/export.h"

typedef ms_status ms_export_fn(struct ms_writer *writer, const struct ms_profile *profile,
			       struct ms_error *err);

ms_export_fn ms_export_folded, ms_export_speedscope, ms_export_callgrind, ms_export_dot,
	ms_export_csv, ms_export_pprof, ms_export_dhat, ms_export_massif,
	ms_export_heaptrack, ms_export_chrome, ms_export_firefox, ms_export_perfetto;

/* "0x401234: function (file:line)", as Valgrind's tools name a frame. */
void ms_valgrind_frame(struct ms_strbuf *text, const struct ms_profile *profile,
		       uint32_t frame);

#endif
