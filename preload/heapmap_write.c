/* SPDX-License-Identifier: Apache-2.0 */
/*
 * heapmap_write.c - the windows of a pointer map.
 *
 * They lie in a stretch of the file that was set aside for them and are written whole,
 * their first bytes last, so that a map cut short is a log all the same.
 */
#define _GNU_SOURCE
#include "preload/heapmap.h"

#include "common/checks.h"
#include "common/crc32c.h"
#include "common/varint.h"

#include <string.h>
#include <sys/mman.h>

#define ITEM_BYTES_MAX (5 * MS_VARINT_MAX)

static void begin_window(struct ms_heapmap_writer *w)
{
	w->p = w->window + sizeof(struct ms_wire_window);
	w->last_address = w->last_pointer = w->last_vtable = 0;
}

bool ms_heapmap_open(struct ms_heapmap_writer *w, const struct ms_heapmap *map, int fd)
{
	long page = ms_sys6(SYS_mmap, 0, MS_WIRE_PAGE, PROT_READ | PROT_WRITE, MAP_SHARED,
			    fd, 0);

	if (ms_sys_failed(page))
		return false;
	w->map = map;
	w->fd = fd;
	w->status = (struct ms_wire_status *)(page + MS_WIRE_STATUS);
	w->offset = map->offset;
	w->sequence = map->sequence;
	begin_window(w);
	return true;
}

static bool write_at(int fd, const uint8_t *bytes, size_t n, uint64_t offset)
{
	while (n) {
		long r = ms_sys(SYS_pwrite64, fd, bytes, n, offset);

		if (ms_sys_failed(r) || r == 0)
			return false;
		bytes += r;
		offset += (uint64_t)r;
		n -= (size_t)r;
	}
	return true;
}

static void fill_header(const struct ms_heapmap_writer *w, struct ms_wire_window *h,
			uint32_t length, uint32_t used)
{
	*h = (struct ms_wire_window){ .magic = MS_WINDOW_MAGIC,
				      .kind = MS_WINDOW_POINTERS,
				      .header_bytes = sizeof *h,
				      .length = length,
				      .owner = w->map->told.number,
				      .sequence = w->sequence,
				      .base_ticks = w->map->told.ticks,
				      .commit = used,
				      .sealed = used };
	h->header_crc = ms_window_check(h);
	h->body_crc = ms_crc32c(0, (const uint8_t *)(h + 1), used);
}

/* The program may still be writing to its log: it counts as another of its threads. */
static void cover(struct ms_wire_status *s, uint64_t end)
{
	uint64_t old = __atomic_load_n(&s->extent, __ATOMIC_RELAXED);

	while (old < end &&
	       !__atomic_compare_exchange_n(&s->extent, &old, end, true, __ATOMIC_RELEASE,
					    __ATOMIC_RELAXED))
		;
	__atomic_fetch_add(&s->windows, 1, __ATOMIC_RELAXED);
	if (__atomic_load_n(&s->end, __ATOMIC_ACQUIRE) == MS_END_EXITED)
		__atomic_store_n(&s->crc, ms_status_check(s), __ATOMIC_RELEASE);
}

static void flush(struct ms_heapmap_writer *w)
{
	struct ms_wire_window *h = (struct ms_wire_window *)w->window;
	uint32_t used = (uint32_t)(w->p - (uint8_t *)(h + 1)), length;

	if (!used || w->full)
		return;
	length = ((uint32_t)sizeof *h + used + MS_WIRE_PAGE - 1) & ~(MS_WIRE_PAGE - 1U);
	memset(w->p, 0, length - sizeof *h - used);
	fill_header(w, h, length, used);
	w->full = w->offset + length > w->map->offset + w->map->room ||
		  !write_at(w->fd, w->window + sizeof *h, length - sizeof *h,
			    w->offset + sizeof *h) ||
		  !write_at(w->fd, w->window, sizeof *h, w->offset);
	if (w->full)
		return;
	cover(w->status, w->offset + length);
	w->offset += length;
	w->sequence++;
	begin_window(w);
}

/* Where an item may be put. */
static uint8_t *room(struct ms_heapmap_writer *w)
{
	if (w->p + ITEM_BYTES_MAX > w->window + MS_HEAPMAP_WINDOW)
		flush(w);
	if (w->full)
		begin_window(w); /* goes nowhere */
	return w->p;
}

static uint8_t *put_kind(uint8_t *p, enum ms_map_item kind, uint64_t rest)
{
	return ms_varint_put(p, rest << 3 | kind);
}

void ms_heapmap_word(struct ms_heapmap_writer *w, enum ms_map_item kind, uint64_t address,
		     uint64_t value)
{
	uint8_t *p = room(w);
	int64_t step = (int64_t)(address - w->last_address) / 8;

	p = put_kind(p, kind, ms_zigzag(step));
	w->last_address = address;
	if (kind == MS_ITEM_POINTER) {
		p = ms_varint_put(p, ms_zigzag((int64_t)(value - w->last_pointer)));
		w->last_pointer = value;
	} else if (kind == MS_ITEM_VTABLE) {
		p = ms_varint_put(p, ms_zigzag((int64_t)(value - w->last_vtable)));
		w->last_vtable = value;
	} else {
		p = ms_varint_put(p, value);
	}
	w->p = p;
	w->words++;
}

void ms_heapmap_register(struct ms_heapmap_writer *w, uint32_t tid, uint64_t value)
{
	uint8_t *p = room(w);

	w->p = ms_varint_put(put_kind(p, MS_ITEM_REGISTER, tid), value);
}

void ms_heapmap_region(struct ms_heapmap_writer *w, enum ms_region kind, uint64_t start,
		       uint64_t end, uint64_t id, unsigned flags)
{
	uint8_t *p;

	if (start >= end)
		return;
	p = put_kind(room(w), MS_ITEM_REGION, kind);
	p = ms_varint_put(p, start);
	p = ms_varint_put(p, end - start);
	p = ms_varint_put(p, id);
	w->p = ms_varint_put(p, flags);
}

void ms_heapmap_unscanned(struct ms_heapmap_writer *w, enum ms_unscanned why,
			  uint64_t start, uint64_t bytes)
{
	uint8_t *p = put_kind(room(w), MS_ITEM_UNSCANNED, why);

	p = ms_varint_put(p, start);
	w->p = ms_varint_put(p, bytes);
}

void ms_heapmap_end(struct ms_heapmap_writer *w)
{
	uint8_t *p = room(w);

	w->p = put_kind(p, MS_ITEM_END, w->words);
	flush(w);
}
