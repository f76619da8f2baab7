/* SPDX-License-Identifier: Apache-2.0 */
/*
 * progress.c - telling somebody how far a long piece of work has come.
 */
#include "analyzer/base/progress.h"

#define TICKS 256

void ms_meter_init(struct ms_meter *meter, const struct ms_progress *progress,
		   uint64_t total)
{
	meter->progress = progress;
	meter->total = total;
	meter->next = progress ? 0 : UINT64_MAX;
}

void ms_meter_tick(struct ms_meter *meter, uint64_t done)
{
	if (!meter->progress)
		return;
	meter->next = done + meter->total / TICKS + 1;
	meter->progress->tick(meter->progress->context, done, meter->total);
}
