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

static struct ms_window *take(size_t room)
{
	struct ms_window *w = MS_POOL_POP(&ms_session->meta_pool, struct ms_window);

	if (w && w->body_bytes - w->header->commit >= room)
		return w;
	if (w) /* full: nobody will write to it again */
		ms_window_retire(w);
	return ms_window_new(MS_WINDOW_META, MS_WINDOW_FIRST, 0, 0);
}

static void put(unsigned type, const uint8_t *payload, size_t bytes)
{
	size_t room = bytes + 1 + MS_VARINT_MAX;
	struct ms_window *w;
	uint8_t *body, *p;

	w = take(room);
	if (!w || w->body_bytes - w->header->commit < room) {
		ms_lost(MS_LOST_META_RECORDS, 1);
		return;
	}
	body = ms_window_body(w->header);
	p = body + w->header->commit;
	*p++ = (uint8_t)(type << 3);
	p = ms_varint_put(p, bytes);
	memcpy(p, payload, bytes);
	ms_window_commit(w->header, (size_t)(p + bytes - body));
	if (atomic_load_explicit(&ms_session->ended, memory_order_relaxed))
		ms_window_seal(w->header);
	MS_POOL_PUSH(&ms_session->meta_pool, w);
}

/* In one piece: a window that is out of the pool when longjmp comes by is never sealed.
 */
void ms_meta_put(unsigned type, const uint8_t *payload, size_t bytes)
{
	uint64_t held;

	if (!ms_session_usable() || bytes > MS_META_BYTES_MAX)
		return;
	held = ms_sys_hold_signals();
	put(type, payload, bytes);
	ms_sys_release_signals(held);
}
