/* SPDX-License-Identifier: Apache-2.0 */
/*
 * facts.h - what the log says of the process: facts at the start, samples on the way.
 */
#ifndef MS_FACTS_H
#define MS_FACTS_H

#include <stdbool.h>
#include <stdint.h>

uint64_t ms_facts_page_bytes(void);
uint32_t ms_facts_cpus(void); /* that the process may run on */

/* argv, MEMSCOPE_* variables, program, directory, kernel, host: into a log that begins.
 */
void ms_facts_write(void);

/* Resident memory and page faults; the clock's calibration too, sometimes or when asked.
 */
void ms_facts_sample(uint64_t ticks, bool calibrate);

#endif
