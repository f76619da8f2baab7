/* SPDX-License-Identifier: Apache-2.0 */
/*
 * session.h - beginning, ending and giving up a log.
 */
#ifndef MS_SESSION_H
#define MS_SESSION_H

#include "preload/recorder.h"

/*
 * Create the log of this process and make it usable; forked: a child continues a recorded
 * parent.  false: this process is not recorded, and a line on stderr says why.
 */
bool ms_session_start(bool forked);

/* The exit handlers have run: last facts, seals, checksum; cut off what was never used.
 */
void ms_session_end(void);

/* note.c: remember which file stderr is. */
void ms_note_init(void);

#endif
