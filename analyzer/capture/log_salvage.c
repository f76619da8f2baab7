/* SPDX-License-Identifier: Apache-2.0 */
/*
 * log_salvage.c - listing what is wrong with a log, and finding where it goes on.
 */
#include "analyzer/base/alloc.h"
#include "analyzer/capture/log.h"
#include "common/checks.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The next free entry, or NULL when there is no memory for it. */
static struct ms_damage *next_entry(struct ms_log *log)
{
	if (ms_grow((void **)&log->damage, &log->damage_room, log->damage_count,
		    sizeof(*log->damage))) {
		log->no_memory = true;
		return NULL;
	}
	return &log->damage[log->damage_count];
}

void ms_log_damaged(struct ms_log *log, uint64_t offset, uint64_t length,
		    const char *format, ...)
{
	struct ms_damage entry = { .offset = offset, .length = length }, *last, *next;
	va_list args;

	va_start(args, format);
	vsnprintf(entry.what, sizeof(entry.what), format, args);
	va_end(args);
	last = log->damage_count ? &log->damage[log->damage_count - 1] : NULL;
	if (last && last->offset + last->length == offset &&
	    strcmp(last->what, entry.what) == 0) {
		last->length += length;
		return;
	}
	if (log->damage_count == MS_DAMAGE_MAX - 1) {
		log->damage_more++;
		return;
	}
	next = next_entry(log);
	if (!next)
		return;
	*next = entry;
	log->damage_count++;
}

static int by_offset(const void *a, const void *b)
{
	const struct ms_damage *x = a, *y = b;

	return x->offset < y->offset ? -1 : x->offset > y->offset;
}

void ms_log_damage_end(struct ms_log *log)
{
	struct ms_damage *entry;

	if (log->damage_count)
		qsort(log->damage, log->damage_count, sizeof(*log->damage), by_offset);
	if (!log->damage_more)
		return;
	entry = next_entry(log);
	if (!entry)
		return;
	*entry = (struct ms_damage){ 0 };
	snprintf(entry->what, sizeof(entry->what), "%" PRIu64 " more pieces, not listed",
		 log->damage_more);
	log->damage_count++;
}

bool ms_log_header_at(const struct ms_log *log, uint64_t offset,
		      struct ms_wire_window *header)
{
	if (offset > log->size || log->size - offset < sizeof(*header))
		return false;
	memcpy(header, log->bytes + offset, sizeof(*header));
	return header->magic == MS_WINDOW_MAGIC &&
	       ms_window_check(header) == header->header_crc &&
	       header->header_bytes >= sizeof(*header) && header->header_bytes % 8 == 0 &&
	       header->length >= MS_WIRE_PAGE && header->length % MS_WIRE_PAGE == 0 &&
	       header->header_bytes <= header->length;
}

/* A header is written with its magic last, into a window where nothing is committed. */
static bool is_torn_header(const struct ms_log *log, uint64_t offset)
{
	struct ms_wire_window header;

	if (log->ended || log->size - offset < sizeof(header))
		return false;
	memcpy(&header, log->bytes + offset, sizeof(header));
	return header.magic == 0 && header.commit == 0 && header.sealed == 0 &&
	       header.kind >= MS_WINDOW_EVENTS && header.kind <= MS_WINDOW_POINTERS;
}

static uint64_t page_of(uint64_t offset)
{
	return offset - offset % MS_WIRE_PAGE;
}

uint64_t ms_log_gap_end(const struct ms_log *log, uint64_t offset, uint64_t end,
			bool *is_damage)
{
	struct ms_wire_window header;
	uint64_t next = ms_log_nonzero(log, offset, end);

	*is_damage = false;
	if (next == end || page_of(next) != offset)
		return next == end ? end : page_of(next);
	*is_damage = !is_torn_header(log, offset);
	for (next = offset + MS_WIRE_PAGE; next < end; next += MS_WIRE_PAGE) {
		next = page_of(ms_log_nonzero(log, next, end));
		if (ms_log_header_at(log, next, &header))
			break;
	}
	return next < end ? next : end;
}
