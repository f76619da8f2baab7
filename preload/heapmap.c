/* SPDX-License-Identifier: Apache-2.0 */
/*
 * heapmap.c - when a pointer map is taken, and the program's part of taking it.
 *
 * The copy of the program is made by a kernel thread that has left the program's
 * descriptor table (outside.h): so the child has none of the program's descriptors.  It
 * is cloned without a signal: no SIGCHLD comes, wait() does not see it, and no handler of
 * pthread_atfork runs.  It holds a lock of the log's file until it is done, which readers
 * wait for.
 */
#define _GNU_SOURCE
#include "preload/heapmap.h"

#include "preload/clock.h"
#include "preload/config.h"
#include "preload/confine.h"
#include "preload/modes.h"
#include "preload/outside.h"
#include "preload/payload.h"
#include "preload/real.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <ucontext.h>

/*
 * ms_heapmap_here, and the same as an exit handler: what the callee must keep is stored
 * as it came, and nothing of ours lies above the stack pointer that is told.
 */
__asm__(".text\n"
	".hidden ms_heapmap_here\n"
	".hidden ms_heapmap_exits\n"
	".globl ms_heapmap_here, ms_heapmap_exits\n"
	".type ms_heapmap_here, @function\n"
	".type ms_heapmap_exits, @function\n"
	"ms_heapmap_exits:\n"
	"	mov $1, %edi\n" /* MS_MAP_EXIT */
	"ms_heapmap_here:\n"
	"	.cfi_startproc\n"
	"	sub $56, %rsp\n"
	"	.cfi_adjust_cfa_offset 56\n"
	"	mov %rbx, (%rsp)\n"
	"	mov %rbp, 8(%rsp)\n"
	"	mov %r12, 16(%rsp)\n"
	"	mov %r13, 24(%rsp)\n"
	"	mov %r14, 32(%rsp)\n"
	"	mov %r15, 40(%rsp)\n"
	"	mov %rsp, %rsi\n"
	"	lea 64(%rsp), %rdx\n"
	"	call ms_heapmap_saved\n"
	"	add $56, %rsp\n"
	"	.cfi_adjust_cfa_offset -56\n"
	"	ret\n"
	"	.cfi_endproc\n"
	".size ms_heapmap_here, . - ms_heapmap_here\n");

#define SAVED 6

__attribute__((visibility("hidden"))) extern void ms_heapmap_exits(void *unused);
__attribute__((visibility("hidden"), used)) void
ms_heapmap_saved(enum ms_map_why why, const uint64_t saved[SAVED], uint64_t sp);

void ms_heapmap_saved(enum ms_map_why why, const uint64_t saved[SAVED], uint64_t sp)
{
	struct ms_registers r = { .sp = sp, .count = SAVED };

	memcpy(r.value, saved, SAVED * sizeof *saved);
	ms_heapmap_take(why, &r);
}

/* --- setting a stretch of the file aside ----------------------------------------------
 */

/* A pointer takes five bytes or six: enough even where every word is one. */
static uint64_t wanted_room(uint64_t resident)
{
	return (resident / 4 * 3 + (1U << 20)) & ~(uint64_t)(MS_WIRE_PAGE - 1);
}

/* Only as a number: what the child does not write never gets a page. */
static bool set_aside(struct ms_heapmap *map)
{
	uint64_t have =
		atomic_load_explicit(&ms_session->file_bytes, memory_order_relaxed);

	map->room = wanted_room(map->told.resident);
	if (ms_config.max_size && have + map->room > ms_config.max_size)
		map->room = have < ms_config.max_size
				    ? (ms_config.max_size - have) & ~(MS_WIRE_PAGE - 1UL)
				    : 0;
	if (map->room < 2UL * MS_WIRE_PAGE) {
		map->told.state = MS_NOMAP_NO_ROOM;
		return false;
	}
	map->offset = atomic_fetch_add_explicit(&ms_session->file_bytes, map->room,
						memory_order_relaxed);
	map->sequence = 1 + atomic_fetch_add_explicit(&ms_session->sequence,
						      map->room / MS_WIRE_PAGE,
						      memory_order_relaxed);
	return true;
}

/* --- the kernel thread's work ---------------------------------------------------------
 */

static void fail(struct ms_heapmap *map, enum ms_map_state state, long result)
{
	map->told.state = state;
	map->told.error = (int)-result;
}

/* The very file of the log, locked; -1: it cannot be had. */
static int open_log(struct ms_heapmap *map)
{
	long fd = ms_sys(SYS_open, map->path, O_RDWR | O_NOFOLLOW | O_CLOEXEC, 0, 0);
	struct stat st;

	if (ms_sys_failed(fd)) {
		fail(map, MS_NOMAP_NO_LOG, fd);
		return -1;
	}
	if (ms_sys_failed(ms_sys(SYS_fstat, fd, &st, 0, 0)) ||
	    st.st_dev != map->file.device || st.st_ino != map->file.inode) {
		fail(map, MS_NOMAP_NO_LOG, -ESTALE);
		ms_sys(SYS_close, fd, 0, 0, 0);
		return -1;
	}
	/* a reader that is just looking holds it for an instant */
	for (int i = 0; i < 100; i++)
		if (!ms_sys_failed(ms_sys(SYS_flock, fd, LOCK_EX | LOCK_NB, 0, 0)))
			break;
	return (int)fd;
}

static uint64_t parse_number(const char **s)
{
	uint64_t n = 0;

	for (; **s >= '0' && **s <= '9'; ++*s)
		n = n * 10 + (uint64_t)(**s - '0');
	return n;
}

/* The second number of statm, in pages. */
static void read_resident(struct ms_heapmap *map)
{
	long fd = ms_sys(SYS_open, "/proc/self/statm", O_RDONLY | O_CLOEXEC, 0, 0), n;
	const char *s = map->buffer;

	if (ms_sys_failed(fd))
		return;
	n = ms_sys(SYS_read, fd, map->buffer, 128, 0);
	ms_sys(SYS_close, fd, 0, 0, 0);
	if (ms_sys_failed(n))
		return;
	map->buffer[n] = '\0';
	parse_number(&s);
	s += *s == ' ';
	map->told.resident = parse_number(&s) * MS_WIRE_PAGE;
}

/* The program leaves: what its other threads do then, and how soon, is no matter. */
static bool is_end(enum ms_map_why why)
{
	return why != MS_MAP_SIGNAL && why != MS_MAP_API;
}

/* Runs on the kernel thread, all signals blocked, on a small stack. */
static void make_child(void *context)
{
	struct ms_heapmap *map = context;
	int fd = open_log(map), stopped = 0;

	if (fd < 0)
		return;
	ms_heapmap_list_threads(map);
	read_resident(map);
	if (set_aside(map)) {
		if (is_end(map->told.why))
			stopped = ms_heapmap_stop(map);
		map->child = ms_sys(SYS_clone, 0, 0, 0, 0);
		if (map->child == 0)
			ms_heapmap_child(map, fd);
		ms_heapmap_go(stopped);
		if (ms_sys_failed(map->child))
			fail(map, MS_NOMAP_REFUSED, map->child);
	}
	ms_sys(SYS_close, fd, 0, 0, 0);
}

/* --- taking a map ---------------------------------------------------------------------
 */

static _Atomic long last_child;

static bool is_own_process(void)
{
	return ms_session_usable() &&
	       ms_session->head->pid == (uint64_t)ms_sys(SYS_getpid, 0, 0, 0, 0);
}

/* What the child is asked to look at besides the other threads. */
static void add_caller(struct ms_heapmap *map, const struct ms_registers *r)
{
	struct ms_heapmap_thread *t = &map->threads[map->thread_count++];

	*t = (struct ms_heapmap_thread){ .tid = (uint32_t)map->tid,
					 .all = true,
					 .r = *r };
}

static enum ms_map_state obstacle(void)
{
	unsigned mode = ms_mode_now();

	if (mode == MS_MODE_SAMPLE || mode == MS_MODE_COUNTERS)
		return MS_NOMAP_NO_MODE;
	if (ms_outside_emulated())
		return MS_NOMAP_EMULATED;
	return ms_confined ? MS_NOMAP_CONFINED : MS_NOMAP_BEGUN;
}

static void put_map(const struct ms_heapmap_told *told)
{
	struct ms_payload l;

	ms_payload_begin(&l);
	ms_payload_number(&l, told->number);
	ms_payload_number(&l, told->ticks);
	ms_payload_number(&l, told->why);
	ms_payload_number(&l, told->state);
	ms_payload_number(&l, (uint64_t)told->error);
	ms_payload_number(&l, told->pause_ns);
	ms_payload_number(&l, told->resident);
	ms_payload_number(&l, told->threads);
	ms_payload_put(&l, MS_RECORD_POINTERS);
}

/* A zombie of ours counts against the program's limits. */
static void reap_last(long next)
{
	long child = atomic_exchange(&last_child, next);

	if (child > 0)
		ms_sys(SYS_wait4, child, 0, WNOHANG | __WALL, 0);
}

#define WAIT_NS	      10000000ULL    /* less than a program's pause may be */
#define WAIT_FIRST_NS 10000000000ULL /* of the first process of a container */
#define STEP_NS	      100000
#define SMALL_BYTES   (64U << 20) /* resident: more cannot be done in that time */

/*
 * The program is about to leave.  A small one's map is done in an instant, and then no
 * orphan stays behind, which not every container's first process would bury; that one
 * takes all others with it when it leaves.
 */
static void wait_at_end(const struct ms_heapmap *map)
{
	uint64_t limit = map->pid == 1 ? WAIT_FIRST_NS : WAIT_NS;
	uint64_t until = ms_clock_ns(CLOCK_MONOTONIC) + limit;
	struct timespec step = { .tv_nsec = STEP_NS };

	if (map->told.resident > SMALL_BYTES && map->pid != 1)
		return;
	while (ms_sys(SYS_wait4, map->child, 0, WNOHANG | __WALL, 0) == 0 &&
	       ms_clock_ns(CLOCK_MONOTONIC) < until)
		ms_sys(SYS_nanosleep, &step, 0, 0, 0);
}

static void take_with(struct ms_heapmap *map, const struct ms_registers *r)
{
	map->pid = (uint64_t)ms_sys(SYS_getpid, 0, 0, 0, 0);
	map->tid = (uint64_t)ms_sys(SYS_gettid, 0, 0, 0, 0);
	map->file = ms_session->file;
	memcpy(map->path, ms_session->path, sizeof map->path);
	add_caller(map, r);
	ms_outside_run(make_child, map, true);
	if (map->told.state == MS_NOMAP_BEGUN)
		reap_last(map->child);
}

static void take(struct ms_heapmap_told *told, const struct ms_registers *r)
{
	uint64_t since = ms_clock_ns(CLOCK_MONOTONIC);
	struct ms_heapmap *map;

	told->state = obstacle();
	if (told->state != MS_NOMAP_BEGUN)
		return;
	map = ms_map(sizeof *map, false);
	if (!map) {
		told->state = MS_NOMAP_NO_MEMORY;
		return;
	}
	map->told = *told;
	take_with(map, r);
	*told = map->told;
	told->threads = map->thread_count;
	if (told->state == MS_NOMAP_BEGUN && is_end(told->why))
		wait_at_end(map);
	told->pause_ns = ms_clock_ns(CLOCK_MONOTONIC) - since;
	ms_unmap(map, sizeof *map);
}

static void take_and_tell(enum ms_map_why why, const struct ms_registers *r)
{
	struct ms_heapmap_told told = { .number = 1 +
						  atomic_fetch_add(&ms_session->maps, 1),
					.why = why,
					.ticks = ms_now_after() };

	take(&told, r);
	put_map(&told);
}

static void put_left(enum ms_map_why why)
{
	struct ms_payload l;

	ms_payload_begin(&l);
	ms_payload_number(&l, ms_now_before());
	ms_payload_number(&l, why);
	ms_payload_put(&l, MS_RECORD_LEFT);
}

static bool is_wanted(enum ms_map_why why)
{
	if (why == MS_MAP_API)
		return ms_config.heapmap_api;
	return why == MS_MAP_SIGNAL || ms_config.heapmap_exit;
}

void ms_heapmap_take(enum ms_map_why why, const struct ms_registers *r)
{
	int saved = errno;

	if (is_own_process() &&
	    !atomic_load_explicit(&ms_session->stopped, memory_order_relaxed)) {
		if (why == MS_MAP_EXIT_NOW || why == MS_MAP_QUICK_EXIT)
			put_left(why);
		if (is_wanted(why))
			take_and_tell(why, r);
	}
	errno = saved;
}

/* --- occasions ------------------------------------------------------------------------
 */

extern int __cxa_atexit(void (*handler)(void *), void *argument, void *dso);
extern int __cxa_at_quick_exit(void (*handler)(void *), void *dso);

static void quick_exits(void *unused)
{
	(void)unused;
	ms_heapmap_here(MS_MAP_QUICK_EXIT);
}

static void signalled(int signal, siginfo_t *info, void *context)
{
	const greg_t *g = ((const ucontext_t *)context)->uc_mcontext.gregs;
	/* the 128 bytes below it belong to the function that was interrupted */
	struct ms_registers r = { .sp = (uint64_t)g[REG_RSP] - 128,
				  .count = MS_HEAPMAP_REGISTERS };

	for (int i = 0; i < MS_HEAPMAP_REGISTERS; i++) /* REG_R8 to REG_RIP */
		r.value[i] = (uint64_t)g[i];
	(void)signal;
	(void)info;
	ms_heapmap_take(MS_MAP_SIGNAL, &r);
}

static void take_signal(void)
{
	struct sigaction action = { .sa_sigaction = signalled,
				    .sa_flags = SA_RESTART | SA_SIGINFO };

	sigfillset(&action.sa_mask);
	ms_real.sigaction(ms_config.heapmap_signal, &action, NULL);
}

void ms_heapmap_init(void)
{
	/* without a library they are not called when one is unloaded, so that ours, older
	 * than the loader's own, is called after it has run all destructors */
	__cxa_atexit(ms_heapmap_exits, NULL, NULL);
	__cxa_at_quick_exit(quick_exits, NULL);
	if (ms_config.heapmap_signal)
		take_signal();
}
