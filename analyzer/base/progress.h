/* SPDX-License-Identifier: Apache-2.0 */
/*
 * progress.h - telling somebody how far a long piece of work has come.
 *
 * The engines count, the listener decides whether and how to show it; nothing here
 * prints.
 */
#ifndef MS_BASE_PROGRESS_H
#define MS_BASE_PROGRESS_H

#include <stdint.h>

/* A listener.  tick may be called some hundred times over one piece of work. */
struct ms_progress {
	void (*tick)(void *context, uint64_t done, uint64_t total);
	void *context;
};

/* One piece of work of total units, cheap enough to be told of each of them. */
struct ms_meter {
	const struct ms_progress *progress; /* NULL: nobody listens */
	uint64_t total;
	uint64_t next; /* tick again when this much is done */
};

void ms_meter_init(struct ms_meter *meter, const struct ms_progress *progress,
		   uint64_t total);
/* Call the listener and choose the next time. */
void ms_meter_tick(struct ms_meter *meter, uint64_t done);

static inline void ms_meter_at(struct ms_meter *meter, uint64_t done)
{
	if (__builtin_expect(done >= meter->next, 0))
		ms_meter_tick(meter, done);
}

#endif
