/* SPDX-License-Identifier: Apache-2.0 */
/*
 * window.c - handing out windows of the log, and taking them back.
 */
#include "preload/window.h"

#include "common/checks.h"
#include "preload/extent.h"
#include "preload/pool.h"

void ms_window_assign(struct ms_window *window, enum ms_window_kind kind, uint32_t owner,
		      uint64_t base_ticks)
{
	struct ms_wire_window *h = window->header, sealed;

	__atomic_store_n(&h->magic, 0, __ATOMIC_RELEASE);
	h->kind = (uint16_t)kind;
	h->header_bytes = sizeof *h;
	h->length = (uint32_t)sizeof *h + window->body_bytes;
	h->owner = owner;
	h->sequence = 1 + atomic_fetch_add_explicit(&ms_session->sequence, 1,
						    memory_order_relaxed);
	h->base_ticks = base_ticks;
	/* the checksum covers the magic, which is stored last: a torn header is no window
	 */
	sealed = *h;
	sealed.magic = MS_WINDOW_MAGIC;
	h->header_crc = ms_window_check(&sealed);
	__atomic_store_n(&h->magic, MS_WINDOW_MAGIC, __ATOMIC_RELEASE);
}

static struct ms_window *make_window(enum ms_window_kind kind, size_t bytes,
				     uint32_t owner, uint64_t base_ticks)
{
	struct ms_window *window;
	void *space;

	window = ms_small(sizeof *window);
	space = window ? ms_extent_take(&bytes) : NULL;
	if (!space)
		return NULL;
	__atomic_fetch_add(&ms_session->status->windows, 1, __ATOMIC_RELAXED);
	ms_status_seal();
	window->header = space;
	window->body_bytes = (uint32_t)(bytes - sizeof *window->header);
	ms_window_assign(window, kind, owner, base_ticks);
	return window;
}

/* In one piece: space that was taken and never became a window is a hole in the log. */
struct ms_window *ms_window_new(enum ms_window_kind kind, size_t bytes, uint32_t owner,
				uint64_t base_ticks)
{
	struct ms_window *window;
	uint64_t held;

	if (atomic_load_explicit(&ms_session->stopped, memory_order_relaxed))
		return NULL;
	held = ms_sys_hold_signals();
	window = make_window(kind, bytes, owner, base_ticks);
	ms_sys_release_signals(held);
	return window;
}

/* sealed and body_crc are neighbours so that one store changes both. */
static void store_seal(struct ms_wire_window *header, uint32_t bytes, uint32_t crc)
{
	uint64_t both = (uint64_t)crc << 32 | bytes;

	__atomic_store_n((uint64_t *)(void *)&header->sealed, both, __ATOMIC_RELEASE);
}

void ms_window_seal(struct ms_wire_window *header)
{
	uint32_t from = header->sealed, to = header->commit;

	if (to > from)
		store_seal(header, to,
			   ms_crc32c(header->body_crc, ms_window_body(header) + from,
				     to - from));
}

void ms_window_seal_pool(_Atomic uint64_t *pool)
{
	struct ms_window *w, *held = NULL;

	while ((w = MS_POOL_POP(pool, struct ms_window))) {
		ms_window_seal(w->header);
		w->next = held;
		held = w;
	}
	while ((w = held)) {
		held = w->next;
		MS_POOL_PUSH(pool, w);
	}
}

void ms_window_retire(struct ms_window *window)
{
	ms_window_seal(window->header);
	ms_sys_munmap(window->header, window->header->length);
}
