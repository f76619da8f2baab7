/* SPDX-License-Identifier: Apache-2.0 */
/*
 * extent.c - mapping the log's file, piece by piece.
 *
 * No thread waits for another: who finds the current extent full grows the file itself;
 * when two do, both extents are used.
 */
#include "preload/extent.h"

#include "preload/config.h"
#include "preload/file.h"
#include "preload/own_cost.h"
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

void ms_extent_mapped(struct ms_extent *extent)
{
	extent->mapped_before =
		atomic_load_explicit(&ms_session->mapped, memory_order_relaxed);
	/* release: pairs with the acquire in bus.c */
	while (!atomic_compare_exchange_weak_explicit(
		&ms_session->mapped, &extent->mapped_before, extent, memory_order_release,
		memory_order_relaxed))
		;
}

/* Map what extent says of the file.  false with *error. */
static bool map_extent(struct ms_extent *extent, int *error)
{
	uint64_t least = __atomic_load_n(&ms_session->status->extent, __ATOMIC_RELAXED);

	extent->base =
		ms_file_grow_map(ms_session->path, &ms_session->file, least,
				 extent->offset, extent->bytes, extent->touched, error);
	if (!extent->base)
		return false;
	ms_extent_mapped(extent);
	atomic_fetch_add_explicit(&ms_cost_growths, 1, memory_order_relaxed);
	return true;
}

/* Map the next bytes of the file.  NULL with *error; then the file is as it was. */
static struct ms_extent *stretch_new(size_t bytes, size_t touched, int *error)
{
	struct ms_extent *extent = ms_small(sizeof *extent), *growing;
	uint64_t end;
	bool mapped;

	*error = ENOMEM;
	if (!extent)
		return NULL;
	extent->bytes = bytes;
	extent->touched = touched;
	extent->offset = atomic_fetch_add_explicit(&ms_session->file_bytes, bytes,
						   memory_order_relaxed);
	/* release: pairs with the acquire in piece_new */
	atomic_store_explicit(&ms_session->growing, extent, memory_order_release);
	mapped = map_extent(extent, error);
	growing = extent;
	atomic_compare_exchange_strong(&ms_session->growing, &growing, NULL);
	if (mapped)
		return extent;
	end = extent->offset +
	      bytes; /* unless others have taken of it, or what follows */
	if (!atomic_exchange(&extent->cursor, bytes))
		atomic_compare_exchange_strong(&ms_session->file_bytes, &end,
					       extent->offset);
	return NULL;
}

/* Take up to bytes from extent; what is left at its end goes out whole.  false: none. */
static bool carve(struct ms_extent *extent, size_t *bytes, uint64_t *at)
{
	uint64_t take;

	*at = atomic_load_explicit(&extent->cursor, memory_order_relaxed);
	do {
		take = extent->bytes - *at;
		if (take == 0)
			return false;
		if (take > *bytes + MS_WIRE_PAGE)
			take = *bytes;
	} while (!atomic_compare_exchange_weak_explicit(&extent->cursor, at, *at + take,
							memory_order_relaxed,
							memory_order_relaxed));
	*bytes = take;
	return true;
}

/*
 * For who runs out of room while another thread maps more: a piece of what that one is
 * about to have, mapped by itself.  So the file grows at one place only, and what was not
 * needed lies at its end.  NULL: there is none.
 */
static struct ms_extent *piece_new(size_t bytes)
{
	/* acquire: pairs with the release in stretch_new */
	struct ms_extent *whole =
		atomic_load_explicit(&ms_session->growing, memory_order_acquire);
	struct ms_extent *piece = whole ? ms_small(sizeof *piece) : NULL;
	uint64_t at;
	int error;

	if (!piece || !carve(whole, &bytes, &at))
		return NULL;
	piece->offset = whole->offset + at;
	piece->bytes = piece->touched = bytes;
	return map_extent(piece, &error) ? piece : NULL;
}

/* What another thread is about to have, or has just got. */
static struct ms_extent *others_new(size_t bytes)
{
	struct ms_extent *extent = piece_new(bytes);

	return extent ? extent : MS_POOL_POP(&ms_session->extent_pool, struct ms_extent);
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
	if (!extent && !alone)
		extent = others_new(bytes);
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

void ms_extent_reserve(size_t touched)
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
	/* release: pairs with the acquire in ms_extent_take, publishes the extent's
	 * fields */
	if (atomic_compare_exchange_strong_explicit(&ms_session->extent, &full, e,
						    memory_order_acq_rel,
						    memory_order_acquire))
		return e;
	MS_POOL_PUSH(&ms_session->extent_pool, e);
	return full;
}

void *ms_extent_take(size_t *bytes)
{
	struct ms_extent *extent =
		atomic_load_explicit(&ms_session->extent, memory_order_acquire);
	uint64_t at;

	while (extent && !carve(extent, bytes, &at))
		extent = next_extent(extent, *bytes);
	if (!extent)
		return NULL;
	return extent->base + at;
}

/* --- the end --------------------------------------------------------------------------
 */

/* Closing its cursor proves that nobody can take a window there any more. */
static void close_extent(struct ms_extent *e, struct ms_extent **closed)
{
	e->used = atomic_exchange_explicit(&e->cursor, e->bytes, memory_order_relaxed);
	e->next = *closed;
	*closed = e;
}

/* All that may have space which was never handed out. */
static struct ms_extent *close_extents(void)
{
	struct ms_extent *e, *closed = NULL, *list = NULL;

	while ((e = MS_POOL_POP(&ms_session->extent_pool, struct ms_extent))) {
		e->next = list;
		list = e;
	}
	while ((e = list)) {
		list = e->next;
		close_extent(e, &closed);
	}
	close_extent(atomic_load_explicit(&ms_session->extent, memory_order_acquire),
		     &closed);
	e = atomic_load_explicit(&ms_session->reserve, memory_order_acquire);
	if (e)
		close_extent(e, &closed);
	return closed;
}

/* Where the log ends that now ends at end: without what lies unused there. */
static uint64_t used_end(const struct ms_extent *closed, uint64_t end)
{
	const struct ms_extent *e = closed;

	while (e) {
		if (e->used < e->bytes && e->offset + e->bytes == end) {
			end = e->offset + e->used;
			e = closed; /* another one may end there */
		} else {
			e = e->next;
		}
	}
	return end;
}

void ms_extent_trim(void)
{
	uint64_t end = atomic_load(&ms_session->file_bytes);
	uint64_t used = used_end(close_extents(), end);

	/* a thread that is growing the file makes us leave it as it is */
	if (used == end || atomic_load(&ms_session->cut))
		return;
	atomic_store(&ms_session->trimming, true);
	if (!atomic_load(&ms_session->growers) &&
	    atomic_compare_exchange_strong(&ms_session->file_bytes, &end, used)) {
		/* the extent first: a longer file is a log, a shorter one is damaged */
		__atomic_store_n(&ms_session->status->extent, used, __ATOMIC_RELEASE);
		ms_file_truncate(ms_session->path, &ms_session->file, used);
	}
	atomic_store(&ms_session->trimming, false);
}
