/* SPDX-License-Identifier: Apache-2.0 */
/*
 * annotate.c - what the program itself has to say: <memscope/annotate.h>'s other side.
 *
 * These are calls of the program, no hooks: none of its allocations is under way, unless
 * it calls from a signal handler.  A mark is a record among those that describe.
 */
#include <memscope/annotate.h>

#include "preload/clock.h"
#include "preload/confine.h"
#include "preload/heapmap.h"
#include "preload/life.h"
#include "preload/payload.h"
#include "preload/thread.h"

#include <errno.h>
#include <string.h>

#define NAME_BYTES_MAX 255

/* As much of a name as is kept; a character in UTF-8 stays whole, or goes. */
static size_t kept_bytes(const char *name)
{
	size_t n = 0;

	while (name && n <= NAME_BYTES_MAX && name[n])
		n++;
	if (n <= NAME_BYTES_MAX)
		return n;
	n = NAME_BYTES_MAX;
	for (size_t back = 0; back < 4; back++)
		if (((unsigned char)name[n - back] & 0xc0) != 0x80)
			return n - back;
	return n;
}

/*
 * 0 where the thread has no state and can have none.  Signals are held back: a thread
 * that has a state and no active one would seem to be in a hook.
 */
static uint32_t thread_id(void)
{
	uint64_t held;

	if (!ms_tls.thread) {
		held = ms_sys_hold_signals();
		ms_tls.active = ms_thread_state();
		ms_sys_release_signals(held);
	}
	return ms_tls.thread ? ms_tls.thread->id : ms_tls.late_id;
}

static void put_mark(const char *name)
{
	uint64_t ticks = ms_now_after();
	uint32_t thread = thread_id();
	struct ms_payload l;

	ms_payload_begin(&l);
	ms_payload_number(&l, MS_ANNOTATION_MARK);
	ms_payload_number(&l, ticks);
	ms_payload_number(&l, thread);
	ms_payload_bytes(&l, name, kept_bytes(name));
	ms_payload_put(&l, MS_RECORD_ANNOTATION);
}

/* Whether there is a log that goes on; it may have to be begun, as at a hook's first
 * call.
 */
static bool has_log(void)
{
	unsigned off = atomic_load_explicit(&ms_off, memory_order_relaxed);

	if (off & MS_OFF_CHILD || (off & MS_OFF_BOOT && !ms_life_boot()))
		return false;
	if (!ms_session_usable() && !ms_life_forked_unseen())
		return false;
	ms_stop_when_cut();
	off = atomic_load_explicit(&ms_off, memory_order_relaxed);
	if (!(off & MS_OFF_STOPPED) && !ms_confine_clockless())
		return true;
	ms_lost(MS_LOST_META_RECORDS, 1);
	return false;
}

/* While recording is paused, too: a pause is about events. */
static void mark(const char *name)
{
	int saved;

	if (!ms_life_relocated())
		return;
	saved = errno;
	if (has_log())
		put_mark(name);
	errno = saved;
}

/* What the caller's frame and registers hold is looked at, too. */
static void heap_map(void)
{
	int saved;

	if (!ms_life_relocated())
		return;
	saved = errno;
	if (has_log())
		ms_heapmap_here(MS_MAP_API);
	errno = saved;
}

MS_EXPORT const struct memscope_annotations memscope_annotations = {
	.bytes = sizeof(struct memscope_annotations),
	.mark = mark,
	.heap_map = heap_map,
};
