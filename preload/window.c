/* SPDX-License-Identifier: Apache-2.0 */
/*
 * window.c - handing out windows of the log.
 *
 * No thread waits for another: who finds the current extent full grows the file itself;
 * when two do, both extents are used.
 */
#include "preload/window.h"

#include "common/checks.h"
#include "preload/config.h"
#include "preload/own_cost.h"
#include "preload/file.h"
#include "preload/pool.h"

#include <errno.h>
#include <sys/resource.h>

#define EXTENT_FIRST   (64 * 1024)
#define EXTENT_LARGEST (2 * 1024 * 1024)

/* Larger as the log grows, so that small logs stay small and large ones grow seldom. */
static size_t extent_bytes(uint64_t file_bytes)
{
	size_t bytes = EXTENT_FIRST;

	while (bytes < EXTENT_LARGEST && bytes < file_bytes / 2)
		bytes *= 2;
	return bytes;
}

void ms_window_extent_mapped(struct ms_extent *extent)
{
	extent->mapped_before =
		atomic_load_explicit(&ms_session->mapped, memory_order_relaxed);
	/* release: pairs with the acquire in bus.c */
	while (!atomic_compare_exchange_weak_explicit(
		&ms_session->mapped, &extent->mapped_before, extent, memory_order_release,
		memory_order_relaxed))
		;
}

/* Map the next bytes of the file.  NULL with *error; then the file is as it was. */
static struct ms_extent *stretch_new(size_t bytes, size_t touched, int *error)
{
	struct ms_extent *extent = ms_small(sizeof *extent);
	uint64_t end;

	*error = ENOMEM;
	if (!extent)
		return NULL;
	extent->bytes = bytes;
	extent->touched = touched;
	extent->offset = atomic_fetch_add_explicit(&ms_session->file_bytes, bytes,
						   memory_order_relaxed);
	extent->base = ms_file_grow_map(ms_session->path, &ms_session->file,
					ms_session->status->extent, extent->offset, bytes,
					touched, error);
	if (extent->base) {
		ms_window_extent_mapped(extent);
		atomic_fetch_add_explicit(&ms_cost_growths, 1, memory_order_relaxed);
		return extent;
	}
	end = extent->offset + bytes; /* unless another has taken what follows */
	atomic_compare_exchange_strong(&ms_session->file_bytes, &end, extent->offset);
	return NULL;
}

/* Cut an extent off the reserve.  NULL: there is none, or it has no more space. */
static struct ms_extent *reserve_cut(size_t bytes)
{
	struct ms_extent *r =
		atomic_load_explicit(&ms_session->reserve, memory_order_acquire);
	struct ms_extent *extent;
	uint64_t at;

	if (!r || atomic_load_explicit(&r->cursor, memory_order_relaxed) == r->bytes)
		return NULL;
	extent = ms_small(sizeof *extent);
	if (!extent)
		return NULL;
	at = atomic_fetch_add_explicit(&r->cursor, bytes, memory_order_relaxed);
	if (at + bytes > r->bytes ||
	    (at + bytes > r->touched && ms_file_touch(r->base + at, bytes))) {
		/* nobody may take what lies beyond: it might not be there either */
		atomic_store_explicit(&r->cursor, r->bytes, memory_order_relaxed);
		return NULL;
	}
	extent->base = r->base + at;
	extent->offset = r->offset + at;
	extent->bytes = bytes;
	return extent;
}

static enum ms_wire_stop stop_reason(int error)
{
	if (error == EPERM && ms_confined)
		return MS_STOP_CONFINED;
	if (error == ENODATA)
		return MS_STOP_CUT;
	return error == ESTALE || error == ENOENT ? MS_STOP_GONE : MS_STOP_SPACE;
}

/* alone: nobody else is growing the file; what a race leaves over should be small */
static struct ms_extent *extent_grow(bool alone, size_t need)
{
	uint64_t have =
		atomic_load_explicit(&ms_session->file_bytes, memory_order_relaxed);
	size_t bytes = alone ? extent_bytes(have) : EXTENT_FIRST;
	struct ms_extent *extent;
	int error = 0;

	while (bytes < need)
		bytes *= 2;
	extent = reserve_cut(bytes);
	if (extent)
		return extent;
	if (ms_config.max_size && have + bytes > ms_config.max_size) {
		ms_stop(MS_STOP_SIZE, 0);
		return NULL;
	}
	extent = stretch_new(bytes, bytes, &error);
	if (!extent)
		ms_stop(stop_reason(error), error);
	return extent;
}

/*
 * Growing and the final cut exclude each other without a lock: each announces itself,
 * then looks for the other (both sequentially consistent).  The cut gives way at once; a
 * grower waits for the one ftruncate that may be under way, not longer.
 */
static bool growing_begin(bool *alone)
{
	for (unsigned tries = 0; tries < 1000000; tries++) {
		*alone = !atomic_fetch_add(&ms_session->growers, 1);
		if (!atomic_load(&ms_session->trimming))
			return true;
		atomic_fetch_sub(&ms_session->growers, 1);
		ms_cpu_relax();
	}
	return false;
}

static struct ms_extent *extent_new(size_t need)
{
	struct ms_extent *extent;
	bool alone;

	if (!growing_begin(&alone))
		return NULL;
	extent = extent_grow(alone, need);
	atomic_fetch_sub(&ms_session->growers, 1);
	return extent;
}

/* Address space that is limited is the program's. */
static size_t reserve_bytes(void)
{
	uint64_t have =
		atomic_load_explicit(&ms_session->file_bytes, memory_order_relaxed);
	struct rlimit limit;
	size_t bytes = MS_RESERVE_BYTES;

	if (ms_sys_failed(ms_sys(SYS_prlimit64, 0, RLIMIT_AS, 0, &limit)) ||
	    limit.rlim_cur != RLIM_INFINITY)
		bytes = EXTENT_LARGEST;
	while (ms_config.max_size && bytes >= EXTENT_FIRST &&
	       have + bytes > ms_config.max_size)
		bytes /= 2;
	return bytes;
}

static bool reserve_left(void)
{
	struct ms_extent *r =
		atomic_load_explicit(&ms_session->reserve, memory_order_acquire);

	return r && atomic_load_explicit(&r->cursor, memory_order_relaxed) < r->bytes / 2;
}

void ms_window_reserve(size_t touched)
{
	struct ms_extent *r = NULL;
	bool alone;
	int error;

	if (!ms_session_usable() ||
	    atomic_load_explicit(&ms_session->stopped, memory_order_relaxed) ||
	    reserve_left() || !growing_begin(&alone))
		return;
	ms_small_reserve();
	for (size_t n = reserve_bytes(); !r && n >= EXTENT_FIRST; n /= 4)
		r = stretch_new(n, touched < n ? touched : n, &error);
	atomic_fetch_sub(&ms_session->growers, 1);
	/* release: publishes the fields */
	if (r)
		atomic_store_explicit(&ms_session->reserve, r, memory_order_release);
}

/* Take up to bytes from extent; what is left at its end goes out whole. */
static void *carve(struct ms_extent *extent, size_t *bytes)
{
	uint64_t at = atomic_load_explicit(&extent->cursor, memory_order_relaxed);
	uint64_t take;

	do {
		take = extent->bytes - at;
		if (take == 0)
			return NULL;
		if (take > *bytes + MS_WIRE_PAGE)
			take = *bytes;
	} while (!atomic_compare_exchange_weak_explicit(&extent->cursor, &at, at + take,
							memory_order_relaxed,
							memory_order_relaxed));
	*bytes = take;
	return extent->base + at;
}

/* The status' extent only grows; it covers every window that is handed out. */
static void status_cover(uint64_t end)
{
	uint64_t old = __atomic_load_n(&ms_session->status->extent, __ATOMIC_RELAXED);

	while (old < end &&
	       !__atomic_compare_exchange_n(&ms_session->status->extent, &old, end, true,
					    __ATOMIC_RELEASE, __ATOMIC_RELAXED))
		;
	ms_status_seal();
}

/*
 * The extent to carve from after `full`: one that a lost race left over, or a new one.
 * When another thread was faster, ours is left over.
 */
static struct ms_extent *next_extent(struct ms_extent *full, size_t need)
{
	struct ms_extent *e = MS_POOL_POP(&ms_session->extent_pool, struct ms_extent);

	if (!e) {
		e = extent_new(need);
		if (!e)
			return NULL;
		status_cover(e->offset + e->bytes);
	}
	/* release: pairs with the acquire in take_space, publishes the extent's fields */
	if (atomic_compare_exchange_strong_explicit(&ms_session->extent, &full, e,
						    memory_order_acq_rel,
						    memory_order_acquire))
		return e;
	MS_POOL_PUSH(&ms_session->extent_pool, e);
	return full;
}

static void *take_space(size_t *bytes)
{
	struct ms_extent *extent =
		atomic_load_explicit(&ms_session->extent, memory_order_acquire);
	void *space = NULL;

	while (extent && !(space = carve(extent, bytes)))
		extent = next_extent(extent, *bytes);
	return space;
}

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
	space = window ? take_space(&bytes) : NULL;
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
