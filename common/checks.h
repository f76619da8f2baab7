/* SPDX-License-Identifier: Apache-2.0 */
/*
 * checks.h - what each checksum of a log covers.
 */
#ifndef MS_CHECKS_H
#define MS_CHECKS_H

#include "common/crc32c.h"
#include "common/wire.h"

#include <stddef.h>

/* All 128 bytes of the head, head_crc as zero. */
static inline uint32_t ms_head_check(const struct ms_wire_head *head)
{
	struct ms_wire_head h = *head;

	h.head_crc = 0;
	return ms_crc32c(0, &h, sizeof h);
}

/* All of the status before its crc. */
static inline uint32_t ms_status_check(const struct ms_wire_status *status)
{
	return ms_crc32c(0, status, offsetof(struct ms_wire_status, crc));
}

/* The 32 bytes before header_crc. */
static inline uint32_t ms_window_check(const struct ms_wire_window *header)
{
	return ms_crc32c(0, header, offsetof(struct ms_wire_window, header_crc));
}

#endif
