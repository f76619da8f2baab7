/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hook_exec.h - programs that are executed by this one.
 */
#ifndef MS_HOOK_EXEC_H
#define MS_HOOK_EXEC_H

/* Once, when the settings are known: the real functions, and what MEMSCOPE_FOLLOW asks.
 */
void ms_exec_init(void);

#endif
