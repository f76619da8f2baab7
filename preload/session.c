/* SPDX-License-Identifier: Apache-2.0 */
/*
 * session.c - beginning, ending and giving up a log.
 */
#include "preload/session.h"

#include "common/checks.h"
#include "preload/clock.h"
#include "preload/bus.h"
#include "preload/config.h"
#include "preload/confine.h"
#include "preload/own_cost.h"
#include "preload/facts.h"
#include "preload/counters.h"
#include "preload/extent.h"
#include "preload/file.h"
#include "preload/modes.h"
#include "preload/modules.h"
#include "preload/thread.h"
#include "preload/window.h"

#include <errno.h>
#include <string.h>

#define HEAD_EXTENT (64 * 1024)
#define CLASHES_MAX 100000

struct ms_session *ms_session;
_Atomic unsigned ms_off = MS_OFF_BOOT;

static bool given_up; /* in ordinary memory: a forked child knows it */

/* Find a free name and create the file.  0 or an errno. */
static int create_file(uint64_t unix_ns)
{
	int error = EEXIST;

	for (unsigned clash = 0; error == EEXIST && clash < CLASHES_MAX; clash++) {
		if (!ms_config_path(ms_session->path, sizeof ms_session->path,
				    ms_session->pid, unix_ns / 1000000000ULL, clash))
			return ENAMETOOLONG;
		error = ms_file_create(ms_session->path, &ms_session->file);
	}
	return error;
}

/* All but the magic, which makes it a log. */
static void fill_head(struct ms_wire_head *head, bool forked, uint64_t unix_ns)
{
	struct ms_wire_head sealed;

	head->major = MS_WIRE_MAJOR;
	head->minor = MS_WIRE_MINOR;
	head->head_bytes = MS_WIRE_PAGE;
	head->machine = MS_ELF_MACHINE;
	head->pointer_bytes = sizeof(void *);
	head->clock = ms_clock_is_tsc ? MS_CLOCK_TSC : MS_CLOCK_MONOTONIC;
	head->page_bytes = (uint32_t)ms_facts_page_bytes();
	head->cpus = ms_facts_cpus();
	head->pid = ms_session->pid;
	head->parent_pid = (uint64_t)ms_sys(SYS_getppid, 0, 0, 0, 0);
	head->start_unix_ns = unix_ns;
	head->start_mono_ns = ms_clock_ns(CLOCK_MONOTONIC);
	head->start_ticks = ms_now_after();
	head->flags = forked ? MS_HEAD_FORKED : 0;
	sealed = *head;
	memcpy(sealed.magic, MS_WIRE_MAGIC, sizeof sealed.magic);
	head->head_crc = ms_head_check(&sealed);
}

static int map_head(bool forked, uint64_t unix_ns)
{
	struct ms_extent *extent = ms_small(sizeof *extent);
	int error = ENOMEM;

	if (!extent)
		return error;
	if (ms_config.max_size && ms_config.max_size < HEAD_EXTENT)
		return EFBIG;
	extent->base = ms_file_grow_map(ms_session->path, &ms_session->file, 0, 0,
					HEAD_EXTENT, HEAD_EXTENT, &error);
	if (!extent->base)
		return error;
	extent->bytes = HEAD_EXTENT;
	extent->cursor = MS_WIRE_PAGE;
	ms_session->head = (struct ms_wire_head *)extent->base;
	ms_session->status = (struct ms_wire_status *)(extent->base + MS_WIRE_STATUS);
	ms_session->status->extent = HEAD_EXTENT;
	ms_session->file_bytes = HEAD_EXTENT;
	ms_extent_mapped(extent);
	atomic_store_explicit(&ms_session->extent, extent, memory_order_release);
	fill_head(ms_session->head, forked, unix_ns);
	memcpy(ms_session->head->magic, MS_WIRE_MAGIC, sizeof ms_session->head->magic);
	return 0;
}

static const char *reason(int error)
{
	static const struct {
		int error;
		const char *text;
	} reasons[] = {
		{ EACCES, "permission denied" },
		{ ENOENT, "no such directory" },
		{ ENOTDIR, "not a directory" },
		{ EROFS, "read-only file system" },
		{ ENOSPC, "no space left on device" },
		{ EDQUOT, "disk quota exceeded" },
		{ EFBIG, "file size limit too small" },
		{ EMFILE, "too many open files" },
		{ ENAMETOOLONG, "path too long" },
		{ ENODEV, "the file system cannot map files for writing" },
		{ ELOOP, "the path is a symbolic link" },
		{ ENOMEM, "out of memory" },
		{ ESTALE, "the log was replaced by another file" },
	};

	for (size_t i = 0; i < sizeof reasons / sizeof *reasons; i++)
		if (reasons[i].error == error)
			return reasons[i].text;
	return "the log cannot be written";
}

/*
 * Leave no empty file behind that was made in vain.  What is in the way of this log is in
 * the way of a child's, too: that is said once.
 */
static void give_up(int error, bool created)
{
	char why[64] = ": ";

	strcpy(why + 2, reason(error));
	ms_note("not recording: ", ms_session->path, why);
	if (created)
		ms_sys(SYS_unlink, ms_session->path, 0, 0, 0);
	given_up = true;
	atomic_fetch_or_explicit(&ms_off, MS_OFF_STOPPED, memory_order_relaxed);
	atomic_store_explicit(&ms_session->stopped, true, memory_order_relaxed);
}

bool ms_session_start(bool forked)
{
	uint64_t unix_ns = ms_clock_ns(CLOCK_REALTIME);
	bool created;
	int error;

	if (given_up)
		return false;
	if (!ms_session)
		ms_session = ms_map(sizeof *ms_session, true);
	if (!ms_session) {
		atomic_fetch_or_explicit(&ms_off, MS_OFF_STOPPED, memory_order_relaxed);
		ms_note("not recording: ", reason(ENOMEM), "");
		return false;
	}
	atomic_fetch_and_explicit(&ms_off, ~(unsigned)MS_OFF_STOPPED,
				  memory_order_relaxed);
	ms_session->pid = (uint64_t)ms_sys(SYS_getpid, 0, 0, 0, 0);
	error = create_file(unix_ns);
	created = !error;
	if (!error)
		error = map_head(forked, unix_ns);
	if (error) {
		give_up(error, created);
		return false;
	}
	/* release: pairs with ms_session_usable */
	atomic_store_explicit(&ms_session->magic, MS_SESSION_MAGIC, memory_order_release);
	ms_bus_arm();
	ms_mode_begin();
	ms_facts_write();
	ms_modules_rewrite();
	return true;
}

/* --- status ---------------------------------------------------------------------------
 */

void ms_status_seal(void)
{
	struct ms_wire_status *s = ms_session->status;
	uint32_t check;

	if (!atomic_load(&ms_session->ended))
		return;
	/*
	 * Threads that run on may do this at once: whoever is last finds it as he left
	 * it. Nobody stays for long: a checksum that is wrong is told by whoever reads
	 * it.
	 */
	for (unsigned tries = 0; tries < 100; tries++) {
		__atomic_store_n(&s->open_windows, atomic_load(&ms_session->open_windows),
				 __ATOMIC_RELAXED);
		check = ms_status_check(s);
		__atomic_store_n(&s->crc, check, __ATOMIC_SEQ_CST);
		if (ms_status_check(s) == check &&
		    s->open_windows == atomic_load(&ms_session->open_windows))
			return;
	}
}

void ms_lost(unsigned which, uint64_t count)
{
	if (!ms_session_usable())
		return;
	__atomic_fetch_add(&ms_session->status->lost[which], count, __ATOMIC_RELAXED);
	ms_status_seal();
}

void ms_stop(enum ms_wire_stop why, int error)
{
	static const char *const texts[] = {
		[MS_STOP_SIZE] = "MEMSCOPE_MAX_SIZE reached, only totals from here on: ",
		[MS_STOP_SPACE] = "recording stopped: ",
		[MS_STOP_MAP] = "recording stopped: ",
		[MS_STOP_GONE] = "recording stopped: the log is no longer at ",
		[MS_STOP_MEMORY] = "recording stopped: ",
		[MS_STOP_CUT] = "recording stopped: somebody has cut the log short: ",
		[MS_STOP_CONFINED] = "recording stopped: the program has locked itself "
				     "in (seccomp): ",
	};
	struct ms_wire_status *s = ms_session->status;
	bool say_why =
		why == MS_STOP_SPACE || why == MS_STOP_MAP || why == MS_STOP_MEMORY;

	if (atomic_exchange_explicit(&ms_session->stopped, true, memory_order_relaxed))
		return;
	s->stop_ticks = ms_now_after();
	if (why != MS_STOP_SIZE || !ms_mode_fall_back(s->stop_ticks))
		atomic_fetch_or_explicit(&ms_off, MS_OFF_STOPPED, memory_order_relaxed);
	s->stop_errno = (uint32_t)error;
	__atomic_store_n(&s->stop, why, __ATOMIC_RELEASE);
	ms_status_seal();
	ms_note(texts[why], say_why ? reason(error) : ms_session->path, "");
}

void ms_stop_when_cut(void)
{
	if (atomic_load_explicit(&ms_session->cut, memory_order_relaxed) &&
	    !atomic_load_explicit(&ms_session->stopped, memory_order_relaxed))
		ms_stop(MS_STOP_CUT, 0);
}

/* --- the end
 * ---------------------------------------------------------------------------- */

void ms_session_end(void)
{
	if (!ms_session_usable() || ms_confine_clockless() ||
	    atomic_exchange(&ms_session->ended, true))
		return;
	ms_stop_when_cut();
	ms_modules_refresh();
	ms_facts_sample(ms_now_after(), true);
	ms_cost_put_process(ms_now_after());
	ms_threads_end();
	ms_extent_trim();
	ms_window_seal_pool(&ms_session->meta_pool);
	ms_session->status->end_ticks = ms_now_after();
	__atomic_store_n(&ms_session->status->end, MS_END_EXITED, __ATOMIC_RELEASE);
	ms_status_seal();
}
