/* SPDX-License-Identifier: Apache-2.0 */
/*
 * checked.c - reads that cannot fault, for stacks whose bounds are not known.
 */
#define _GNU_SOURCE
#include "preload/walk.h"

#include <string.h>
#include <sys/uio.h>

static bool fetch(struct ms_checked *c, uintptr_t address)
{
	uintptr_t page_end = (address | (MS_WIRE_PAGE - 1)) + 1;
	size_t n = page_end - address < sizeof c->bytes ? page_end - address
							: sizeof c->bytes;
	struct iovec local = { c->bytes, n }, remote = { (void *)address, n };
	/* the session's process has this memory, and so has its vfork child */
	long r = ms_sys6(SYS_process_vm_readv, (long)ms_session->pid, (long)&local, 1,
			 (long)&remote, 1, 0);

	c->start = c->end = 0;
	if (ms_sys_failed(r) || r < 8)
		return false;
	c->start = address;
	c->end = address + (size_t)r;
	return true;
}

bool ms_checked_read(struct ms_checked *c, uintptr_t address, uint64_t *value)
{
	if (address % 8)
		return false;
	if ((address < c->start || address + 8 > c->end) && !fetch(c, address))
		return false;
	memcpy(value, c->bytes + (address - c->start), 8);
	return true;
}
