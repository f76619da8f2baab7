/* SPDX-License-Identifier: Apache-2.0 */
/*
 * life.h - the recorder's life inside a process: first call, fork, exit.
 */
#ifndef MS_LIFE_H
#define MS_LIFE_H

#include <stdbool.h>

/* Whether the loader has relocated this library: before, hardly anything may be touched.
 */
bool ms_life_relocated(void);

/* Set everything up, at the first call of any hook.  false: not now (it is under way). */
bool ms_life_boot(void);

/* In a child whose fork no handler saw: begin its log.  false: there is none. */
bool ms_life_forked_unseen(void);

#endif
