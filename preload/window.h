/* SPDX-License-Identifier: Apache-2.0 */
/*
 * window.h - windows of the log: carved from mapped extents of the file, owned by one
 * writer at a time, sealed with a checksum, handed on when a thread ends.
 */
#ifndef MS_WINDOW_H
#define MS_WINDOW_H

#include "preload/recorder.h"

#define MS_WINDOW_FIRST	  (8 * 1024)
#define MS_WINDOW_LARGEST (256 * 1024)

/*
 * A new window of about bytes (less where an extent ends).  owner and base_ticks as in
 * struct ms_wire_window.  NULL: recording has stopped (the reason is noted).
 */
struct ms_window *ms_window_new(enum ms_window_kind kind, size_t bytes, uint32_t owner,
				uint64_t base_ticks);

/* Give an empty window (commit 0) a new kind and owner. */
void ms_window_assign(struct ms_window *window, enum ms_window_kind kind, uint32_t owner,
		      uint64_t base_ticks);

static inline uint8_t *ms_window_body(struct ms_wire_window *header)
{
	return (uint8_t *)(header + 1);
}

/* Make the first body_bytes of the body part of the log. */
static inline void ms_window_commit(struct ms_wire_window *header, size_t body_bytes)
{
	/* release: what commit covers is in the page before it; pairs with any later
	 * reader */
	__atomic_store_n(&header->commit, (uint32_t)body_bytes, __ATOMIC_RELEASE);
}

/* Checksum what is committed beyond the last seal.  The owner only. */
void ms_window_seal(struct ms_wire_window *header);

/* Seal the windows of a pool, those that nobody holds. */
void ms_window_seal_pool(_Atomic uint64_t *pool);

/* Seal a window that its owner will not write to again, and unmap it. */
void ms_window_retire(struct ms_window *window);

/* --- meta records ------------------------------------------------------------------- */

#define MS_META_BYTES_MAX 4800 /* of one record's payload */

/*
 * Append a record (enum ms_record) to a META window.  Never blocks: each caller has a
 * window of its own while it writes.  Dropped and counted when there is no room.
 */
void ms_meta_put(unsigned type, const uint8_t *payload, size_t bytes);

/*
 * The same in steps (payload.h): a window with room for a payload of bytes, which is the
 * caller's, and signals are held back, until it gives it back; where the payload is to be
 * composed; how long it became.  NULL: no room, counted.
 */
struct ms_window *ms_meta_take(size_t bytes, uint64_t *held);
uint8_t *ms_meta_place(struct ms_window *window);
void ms_meta_give(struct ms_window *window, unsigned type, size_t bytes, uint64_t held);

#endif
