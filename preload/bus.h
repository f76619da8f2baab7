/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bus.h - living on when somebody cuts the log while it is mapped.
 *
 * A store to a page that is no longer in the file is SIGBUS.  Where the program does not
 * ignore that signal the recorder has a handler of its own in the kernel, with the flags
 * and the mask of the program's: a fault in the log's pages is mended there, every other
 * SIGBUS goes on to where it would have gone.  The program sees its own disposition only:
 * around every call that reads or changes it (hook_signal.c) it is put back.
 */
#ifndef MS_BUS_H
#define MS_BUS_H

#include <stdbool.h>
#include <stdint.h>

/* Once, at the start: finds libc's functions (hook_signal.c). */
void ms_signal_init(void);

/* A log has begun: the handler goes in front of the program's disposition. */
void ms_bus_arm(void);

/* The program's own disposition again, for good. */
void ms_bus_disarm(void);

/*
 * The program's own disposition, until ms_bus_land takes what it is then and goes in
 * front of it again.  Signals are held back meanwhile.  false: for good, since this is a
 * vfork child, whose dispositions are not the ones of the memory that it runs in, or a
 * process that is not recorded; do not call ms_bus_land.
 */
bool ms_bus_lift(uint64_t *held);
void ms_bus_land(uint64_t held);

#endif
