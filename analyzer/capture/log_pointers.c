/* SPDX-License-Identifier: Apache-2.0 */
/*
 * log_pointers.c - the pointer maps of a log.
 *
 * They are written by a process of their own, which may be at it still when the log is
 * read: it holds a lock of the file.
 */
#define _GNU_SOURCE
#include "analyzer/base/alloc.h"
#include "analyzer/capture/log.h"
#include "common/bytes.h"

#include <errno.h>
#include <sys/file.h>
#include <time.h>

#define WAIT_STEPS 2000
#define STEP_NS	   5000000

void ms_log_wait(int fd)
{
	struct timespec step = { .tv_nsec = STEP_NS };

	for (int i = 0; i < WAIT_STEPS; i++) {
		if (flock(fd, LOCK_SH | LOCK_NB) == 0)
			flock(fd, LOCK_UN);
		else if (errno == EWOULDBLOCK) {
			nanosleep(&step, NULL);
			continue;
		}
		return;
	}
}

ms_status ms_log_map_told(struct ms_log *log, const struct ms_pointer_map *map)
{
	if (ms_grow((void **)&log->maps, &log->map_room, log->map_count,
		    sizeof(*log->maps)))
		return MS_ENOMEM;
	log->maps[log->map_count++] = *map;
	return MS_OK;
}

const struct ms_pointer_map *ms_log_maps(const struct ms_log *log, size_t *count)
{
	*count = log->map_count;
	return log->maps;
}

unsigned ms_log_left(const struct ms_log *log)
{
	return log->left;
}

/* --- items ----------------------------------------------------------------------------
 */

struct items {
	const struct ms_map_reader *reader;
	uint64_t words; /* so far, of all windows */
	bool ended;	/* the last item said that it was all */

	/* of this window */
	struct ms_bytes b;
	uint64_t address, last[8];
};

typedef ms_status item_fn(struct items *items, unsigned kind, uint64_t rest);

static ms_status read_word(struct items *items, unsigned kind, uint64_t rest)
{
	uint64_t value = ms_bytes_varint(&items->b);

	if (items->b.bad)
		return MS_OK;
	items->address += (uint64_t)ms_unzigzag(rest) * 8;
	if (kind != MS_ITEM_NUMBER) {
		value = items->last[kind] + (uint64_t)ms_unzigzag(value);
		items->last[kind] = value;
	}
	items->words++;
	if (!items->reader->word)
		return MS_OK;
	return items->reader->word(items->reader->context, kind, items->address, value);
}

static ms_status read_region(struct items *items, unsigned kind, uint64_t rest)
{
	uint64_t start = ms_bytes_varint(&items->b), bytes = ms_bytes_varint(&items->b);
	uint64_t id = ms_bytes_varint(&items->b), flags = ms_bytes_varint(&items->b);

	(void)kind;
	if (start + bytes < start || rest > UINT32_MAX)
		items->b.bad = true;
	if (items->b.bad || !items->reader->region)
		return MS_OK;
	return items->reader->region(items->reader->context, (unsigned)rest, start, bytes,
				     id, (unsigned)flags);
}

static ms_status read_register(struct items *items, unsigned kind, uint64_t rest)
{
	uint64_t value = ms_bytes_varint(&items->b);

	(void)kind;
	if (items->b.bad || !items->reader->thread_register)
		return MS_OK;
	return items->reader->thread_register(items->reader->context, rest, value);
}

static ms_status read_unscanned(struct items *items, unsigned kind, uint64_t rest)
{
	uint64_t start = ms_bytes_varint(&items->b), bytes = ms_bytes_varint(&items->b);

	(void)kind;
	if (items->b.bad || !items->reader->unscanned)
		return MS_OK;
	return items->reader->unscanned(items->reader->context,
					rest > UINT32_MAX ? 0 : (unsigned)rest, start,
					bytes);
}

static ms_status read_end(struct items *items, unsigned kind, uint64_t rest)
{
	(void)kind;
	items->ended = rest == items->words;
	return MS_OK;
}

static item_fn *const item_readers[8] = {
	[MS_ITEM_END] = read_end,
	[MS_ITEM_POINTER] = read_word,
	[MS_ITEM_VTABLE] = read_word,
	[MS_ITEM_NUMBER] = read_word,
	[MS_ITEM_REGION] = read_region,
	[MS_ITEM_REGISTER] = read_register,
	[MS_ITEM_UNSCANNED] = read_unscanned,
};

/* *right: every byte of the window made sense. */
static ms_status read_window(struct items *items, const uint8_t *body, uint64_t bytes,
			     bool *right)
{
	ms_status status = MS_OK;

	items->b = ms_bytes(body, (size_t)bytes);
	items->address = 0;
	memset(items->last, 0, sizeof(items->last));
	items->ended = false;
	while (status == MS_OK && ms_bytes_left(&items->b)) {
		uint64_t tag = ms_bytes_varint(&items->b);
		item_fn *read = items->b.bad ? NULL : item_readers[tag & 7];

		*right = read;
		if (!read)
			return MS_OK;
		items->ended = false;
		status = read(items, tag & 7, tag >> 3);
		*right = !items->b.bad;
		if (items->b.bad)
			return status;
	}
	return status;
}

ms_status ms_log_read_map(const struct ms_log *log, uint32_t number,
			  const struct ms_map_reader *reader, bool *whole,
			  struct ms_error *err)
{
	struct items items = { .reader = reader };
	const struct ms_log_window **windows;
	size_t count;
	bool right = true;
	ms_status status = ms_log_sorted(log, MS_WINDOW_POINTERS, &windows, &count, err);

	*whole = false;
	if (status != MS_OK)
		return status;
	for (size_t i = 0; status == MS_OK && right && i < count; i++) {
		uint64_t bytes;
		const uint8_t *body = ms_log_body(log, windows[i], &bytes);

		if (windows[i]->owner != number)
			continue;
		/* addresses build on each other: a window is right as a whole */
		right = windows[i]->sealed && bytes == windows[i]->commit;
		if (right)
			status = read_window(&items, body, bytes, &right);
	}
	ms_free(windows);
	*whole = right && items.ended;
	return status == MS_ENOMEM ? ms_fail_memory(err) : status;
}
