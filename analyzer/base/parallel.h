/* SPDX-License-Identifier: Apache-2.0 */
/*
 * parallel.h - many pieces of work that need nothing of each other, on several threads.
 */
#ifndef MS_BASE_PARALLEL_H
#define MS_BASE_PARALLEL_H

#include <stddef.h>

#define MS_THREADS_MAX 16

/*
 * How many threads to use where wanted were asked for: 0 means one a processor that this
 * process may run on.  1 to MS_THREADS_MAX.
 */
unsigned ms_thread_count(unsigned wanted);

/*
 * Call work for 0 to count - 1, each once, on at most threads threads (0: see above), the
 * caller's among them, and return when all calls have.  worker tells the threads apart: 0
 * is the caller.  Where no thread can be started there are fewer; it cannot fail.
 */
typedef void ms_work_fn(void *context, unsigned worker, size_t i);
void ms_parallel(unsigned threads, size_t count, ms_work_fn *work, void *context);

#endif
