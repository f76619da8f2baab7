/* SPDX-License-Identifier: Apache-2.0 */
/*
 * meta.c - the records that describe: facts, modules, threads, samples.
 *
 * They come seldom and from any thread, from handlers too.  A writer takes a META window
 * out of the pool, appends, and gives it back; who finds the pool empty makes another.
 */
#include "preload/window.h"

#include "common/varint.h"
#include "preload/pool.h"

#define FRAME_BYTES (1 + MS_VARINT_MAX) /* tag and length */

static struct ms_window *take(size_t room)
{
	struct ms_window *w = MS_POOL_POP(&ms_session->meta_pool, struct ms_window);

	if (w && w->body_bytes - w->header->commit >= room)
		return w;
	if (w) /* full: nobody will write to it again */
		ms_window_retire(w);
	return ms_window_new(MS_WINDOW_META, MS_WINDOW_FIRST, 0, 0);
}

struct ms_window *ms_meta_take(size_t bytes, uint64_t *held)
{
	struct ms_window *w;

	if (!ms_session_usable())
		return NULL;
	/* a window that is out of the pool when longjmp comes by is never sealed */
	*held = ms_sys_hold_signals();
	w = take(bytes + FRAME_BYTES);
	if (w && w->body_bytes - w->header->commit >= bytes + FRAME_BYTES)
		return w;
	ms_lost(MS_LOST_META_RECORDS, 1);
	if (w)
		MS_POOL_PUSH(&ms_session->meta_pool, w);
	ms_sys_release_signals(*held);
	return NULL;
}

uint8_t *ms_meta_place(struct ms_window *w)
{
	return ms_window_body(w->header) + w->header->commit + FRAME_BYTES;
}

/* What lies behind the last record is zero when a log has ended. */
static void clear(struct ms_window *w, uint8_t *from, uint8_t *to)
{
	uint8_t *end = ms_window_body(w->header) + w->body_bytes;

	memset(from, 0, (size_t)((to < end ? to : end) - from));
}

void ms_meta_give(struct ms_window *w, unsigned type, size_t bytes, uint64_t held)
{
	uint8_t *payload = ms_meta_place(w);
	uint8_t *body = ms_window_body(w->header), *p = body + w->header->commit;
	uint8_t length[MS_VARINT_MAX];
	size_t n = (size_t)(ms_varint_put(length, bytes) - length);

	/* where the payload was composed there is room for any length */
	memmove(p + 1 + n, payload, bytes);
	p[0] = (uint8_t)(type << 3);
	memcpy(p + 1, length, n);
	clear(w, p + 1 + n + bytes, payload + bytes + 8); /* a varint stores eight */
	ms_window_commit(w->header, (size_t)(p + 1 + n + bytes - body));
	if (atomic_load_explicit(&ms_session->ended, memory_order_relaxed))
		ms_window_seal(w->header);
	MS_POOL_PUSH(&ms_session->meta_pool, w);
	ms_sys_release_signals(held);
}

void ms_meta_put(unsigned type, const uint8_t *payload, size_t bytes)
{
	uint64_t held;
	struct ms_window *w =
		bytes > MS_META_BYTES_MAX ? NULL : ms_meta_take(bytes, &held);

	if (!w)
		return;
	memcpy(ms_meta_place(w), payload, bytes);
	ms_meta_give(w, type, bytes, held);
}
