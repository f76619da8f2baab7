/* SPDX-License-Identifier: Apache-2.0 */
/*
 * gate_parts.h - what the formats of a gate share (private to render).
 */
#ifndef MS_RENDER_GATE_PARTS_H
#define MS_RENDER_GATE_PARTS_H

#include "analyzer/base/strbuf.h"
#include "analyzer/render/parts.h"

/* All of these append; what is hostile in them stays so, but for the body. */

/* "max-peak of parser/ (budgets:3)". */
void ms_gate_check_name(struct ms_strbuf *text, const json_t *check);
/* "3.2 MiB, at most 10 MiB", or why it is not known. */
void ms_gate_check_said(struct ms_strbuf *text, const json_t *check);
/* "PASS", "FAIL" or "SKIP". */
const char *ms_gate_verdict(const json_t *check);
/* The command of a process, and its pid. */
void ms_gate_process_name(struct ms_strbuf *text, const json_t *process);

/* A problem's processes, stacks, sites and advice, as lines of text. */
void ms_write_gate_problem(struct ms_writer *writer, const json_t *document,
			   const json_t *problem);
/* The same in memory, without escape sequences, escaped as for a terminal. */
MS_MUST_CHECK ms_status ms_gate_problem_body(struct ms_strbuf *text,
					     const json_t *document,
					     const json_t *problem, struct ms_error *err);

struct ms_gate_place {	  /* where in the sources a problem is */
	const char *file; /* below the source root when relative, NULL: not known */
	uint64_t line;	  /* 0: not known */
	bool relative;
};
/* Of the innermost frame that lies below the root, or the problem's own. */
void ms_gate_place(struct ms_gate_place *place, const json_t *document,
		   const json_t *problem);
/* The same of one frame. */
void ms_gate_frame_place(struct ms_gate_place *place, const json_t *document,
			 const json_t *frame);

/* Text of XML and HTML: what its characters may not be is escaped first. */
void ms_write_xml(struct ms_writer *writer, const char *text);

#endif
