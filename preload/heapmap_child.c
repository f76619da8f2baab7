/* SPDX-License-Identifier: Apache-2.0 */
/*
 * heapmap_child.c - the child that writes a pointer map.
 *
 * A process of its own with a copy of the program's memory: system calls only, all
 * signals blocked.  When it dies of something that could not be foreseen, the map is not
 * whole and the reader says so; the program does not notice.
 */
#define _GNU_SOURCE
#include "preload/heapmap_child.h"

#include "preload/real.h"

#include <fcntl.h>
#include <linux/close_range.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/uio.h>

static void __attribute__((noreturn)) leave(int status)
{
	for (;;)
		ms_sys(SYS_exit_group, status, 0, 0, 0);
}

static long open_file(const char *path)
{
	return ms_sys(SYS_open, path, O_RDONLY | O_CLOEXEC, 0, 0);
}

/* --- reading words --------------------------------------------------------------------
 */

/* Of any address; false where there is nothing to read.  Never a fault. */
bool ms_heapmap_read(const struct ms_heapmap_scan *s, uint64_t address, void *to,
		     size_t n)
{
	struct iovec local = { to, n }, remote = { (void *)(uintptr_t)address, n };

	return ms_sys6(SYS_process_vm_readv, s->pid, (long)&local, 1, (long)&remote, 1,
		       0) == (long)n;
}

static const struct ms_vma *find_vma(const struct ms_heapmap_scan *s, uint64_t address)
{
	size_t low = 0, high = s->vma_count;

	while (low < high) {
		size_t middle = (low + high) / 2;

		if (s->vmas[middle].end <= address)
			low = middle + 1;
		else
			high = middle;
	}
	return low < s->vma_count && s->vmas[low].start <= address ? &s->vmas[low] : NULL;
}

/* Blocks may lie in memory that belongs to no file. */
static bool may_hold_blocks(const struct ms_vma *v)
{
	return (v->flags & (MS_VMA_READ | MS_VMA_WRITE | MS_VMA_FILE | MS_VMA_OWN)) ==
	       (MS_VMA_READ | MS_VMA_WRITE);
}

static bool is_pointer(struct ms_heapmap_scan *s, uint64_t value)
{
	const struct ms_vma *v;

	if (value - s->hit_start < s->hit_bytes)
		return true;
	if (value - s->low >= s->span)
		return false;
	v = find_vma(s, value);
	if (!v || !may_hold_blocks(v))
		return false;
	s->hit_start = v->start;
	s->hit_bytes = v->end - v->start;
	return true;
}

/* --- tables of virtual functions ------------------------------------------------------
 */

#define TABLE_WORDS 20 /* looked at */

/*
 * As Valgrind has it (memcheck's mc_leakcheck.c describes it): in a mapped file, and the
 * first two words that are not NULL point at code.
 */
static bool looks_like_vtable(const struct ms_heapmap_scan *s, uint64_t value)
{
	const struct ms_vma *v = find_vma(s, value), *code;
	uint64_t words[TABLE_WORDS];
	size_t n, found = 0;

	if (!v || (v->flags & (MS_VMA_FILE | MS_VMA_READ)) != (MS_VMA_FILE | MS_VMA_READ))
		return false;
	n = (v->end - value) / 8;
	if (n > TABLE_WORDS)
		n = TABLE_WORDS;
	if (!ms_heapmap_read(s, value, words, n * 8))
		return false;
	for (size_t i = 0; i < n && found < 2; i++) {
		if (!words[i])
			continue;
		code = find_vma(s, words[i]);
		if (!code || (code->flags & (MS_VMA_FILE | MS_VMA_EXECUTE)) !=
				     (MS_VMA_FILE | MS_VMA_EXECUTE))
			return false;
		found++;
	}
	return found == 2;
}

/* An object of many has the table of those before it. */
static bool is_vtable(struct ms_heapmap_scan *s, uint64_t value)
{
	uint64_t *slot =
		&s->tables[value * 0x9e3779b97f4a7c15ULL >> (64 - MS_HEAPMAP_TABLE_BITS)];

	if (value % 8 || value < MS_WIRE_PAGE || value - s->low >= s->span)
		return false;
	if (*slot >> 1 != value)
		*slot = value << 1 | looks_like_vtable(s, value);
	return *slot & 1;
}

/* --- scanning --------------------------------------------------------------------------
 */

/* Memory of no file that is mapped for reading: it cannot fault. */
static const volatile uint64_t *words_at(uint64_t address)
{
	return (const volatile uint64_t *)(uintptr_t)address;
}

/* A libc thread's control block: its first and third words are its own address. */
static void note_thread(struct ms_heapmap_scan *s, uint64_t address, bool blocks)
{
	/* at a multiple of 64 all three lie in one page */
	if (blocks && address % 64 == 0 && words_at(address)[2] == address &&
	    s->tcb_count < MS_HEAPMAP_TCBS)
		s->tcbs[s->tcb_count++] = address;
}

#define NUMBER_MAX (1ULL << 40) /* elements or characters: no block has more */

/*
 * A pointer at a block's second or fourth word may be all that an array with a cookie or
 * a string has: the words before it say.  Blocks are aligned to 16.
 */
static void put_numbers(struct ms_heapmap_scan *s, uint64_t value)
{
	const volatile uint64_t *words = words_at(value - 24);
	uint64_t length, capacity, elements;

	if (value - s->hit_start < 24)
		return;
	length = words[0];
	capacity = words[1];
	elements = words[2];
	if (elements && elements < NUMBER_MAX)
		ms_heapmap_word(s->writer, MS_ITEM_NUMBER, value - 8, elements);
	if (length > capacity || capacity >= NUMBER_MAX)
		return;
	ms_heapmap_word(s->writer, MS_ITEM_NUMBER, value - 24, length);
	ms_heapmap_word(s->writer, MS_ITEM_NUMBER, value - 16, capacity);
}

static void scan_word(struct ms_heapmap_scan *s, uint64_t address, uint64_t value,
		      bool blocks)
{
	if (value - s->low >= s->span)
		return;
	if (value == address)
		note_thread(s, address, blocks);
	if (is_pointer(s, value)) {
		ms_heapmap_word(s->writer, MS_ITEM_POINTER, address, value);
		if (value % 16 == 8)
			put_numbers(s, value);
	} else if (blocks && is_vtable(s, value)) {
		ms_heapmap_word(s->writer, MS_ITEM_VTABLE, address, value);
	}
}

/* Words that are sure to be there. */
static void scan_present(struct ms_heapmap_scan *s, uint64_t start, uint64_t end,
			 bool blocks)
{
	const volatile uint64_t *p = (const uint64_t *)(uintptr_t)start;

	for (uint64_t at = start; at < end; at += 8, p++) {
		uint64_t value = *p;

		if (value)
			scan_word(s, at, value, blocks);
	}
}

#define PRESENT (1ULL << 63 | 1ULL << 62) /* in memory or swapped out */

/* What was never touched reads as zero, and costs time and memory to read. */
static void scan_private(struct ms_heapmap_scan *s, const struct ms_vma *v)
{
	bool blocks = may_hold_blocks(v);

	for (uint64_t at = v->start; at < v->end;) {
		uint64_t pages = (v->end - at) / MS_WIRE_PAGE;
		long n;

		if (pages > MS_HEAPMAP_PAGES)
			pages = MS_HEAPMAP_PAGES;
		n = s->pagemap < 0 ? -1
				   : ms_sys(SYS_pread64, s->pagemap, s->pages, pages * 8,
					    at / MS_WIRE_PAGE * 8);
		if (ms_sys_failed(n) || n == 0)
			memset(s->pages, 0xff, pages * 8);
		else
			pages = (uint64_t)n / 8;
		for (uint64_t i = 0; i < pages; i++, at += MS_WIRE_PAGE)
			if (s->pages[i] & PRESENT)
				scan_present(s, at, at + MS_WIRE_PAGE, blocks);
	}
}

/* A file may have become shorter than its mapping: a copy cannot fault. */
static void scan_copied(struct ms_heapmap_scan *s, uint64_t start, uint64_t bytes)
{
	if (!ms_heapmap_read(s, start, s->copy, bytes)) {
		ms_heapmap_unscanned(s->writer, MS_UNSCANNED_SECRET, start, bytes);
		return;
	}
	for (uint64_t i = 0; i < bytes / 8; i++)
		if (s->copy[i])
			scan_word(s, start + i * 8, s->copy[i], false);
}

/* What of a file is not in memory is left there. */
static void scan_shared(struct ms_heapmap_scan *s, const struct ms_vma *v)
{
	unsigned char *resident = (unsigned char *)s->pages;
	uint64_t absent = 0;

	for (uint64_t at = v->start; at < v->end;) {
		uint64_t bytes = v->end - at;

		if (bytes > sizeof s->pages * (uint64_t)MS_WIRE_PAGE)
			bytes = sizeof s->pages * (uint64_t)MS_WIRE_PAGE;
		if (ms_sys_failed(ms_sys(SYS_mincore, at, bytes, resident, 0)))
			memset(resident, 0, sizeof s->pages);
		for (uint64_t i = 0; i < bytes / MS_WIRE_PAGE; i++) {
			if (resident[i] & 1)
				scan_copied(s, at + i * MS_WIRE_PAGE, MS_WIRE_PAGE);
			else
				absent += MS_WIRE_PAGE;
		}
		at += bytes;
	}
	if (absent)
		ms_heapmap_unscanned(s->writer, MS_UNSCANNED_ABSENT, v->start, absent);
}

static void scan_vma(struct ms_heapmap_scan *s, const struct ms_vma *v)
{
	unsigned wanted = MS_VMA_READ | MS_VMA_WRITE;

	if ((v->flags & wanted) != wanted || v->flags & MS_VMA_OWN)
		return;
	if (v->flags & MS_VMA_DEVICE)
		ms_heapmap_unscanned(s->writer, MS_UNSCANNED_DEVICE, v->start,
				     v->end - v->start);
	else if (v->flags & MS_VMA_SHARED)
		scan_shared(s, v);
	else
		scan_private(s, v);
}

/* --- the whole -------------------------------------------------------------------------
 */

static void find_span(struct ms_heapmap_scan *s)
{
	s->low = s->vma_count ? s->vmas[0].start : 0;
	s->span = s->vma_count ? s->vmas[s->vma_count - 1].end - s->low : 0;
}

static void write_map(struct ms_heapmap_scan *s)
{
	find_span(s);
	for (size_t i = 0; i < s->vma_count; i++)
		scan_vma(s, &s->vmas[i]);
	ms_heapmap_regions(s);
	for (size_t i = 0; i < s->map->thread_count; i++) {
		const struct ms_heapmap_thread *t = &s->map->threads[i];

		for (uint32_t r = 0; r < t->r.count; r++)
			if (is_pointer(s, t->r.value[r]))
				ms_heapmap_register(s->writer, t->tid, t->r.value[r]);
		if (t->r.sp && is_pointer(s, t->r.sp))
			ms_heapmap_register(s->writer, t->tid, t->r.sp);
	}
	ms_heapmap_end(s->writer);
}

#define CPU_SECONDS 60

static void __attribute__((noreturn)) work(struct ms_heapmap_scan *s)
{
	struct rlimit cpu = { CPU_SECONDS, CPU_SECONDS };
	long maps;

	s->pid = ms_sys(SYS_getpid, 0, 0, 0, 0);
	maps = open_file("/proc/self/maps");
	s->pagemap = open_file("/proc/self/pagemap");
	/* nothing that becomes of this process is to be seen: no core, and an end */
	ms_sys(SYS_prctl, PR_SET_DUMPABLE, 0, 0, 0);
	ms_sys(SYS_prlimit64, 0, RLIMIT_CPU, &cpu, 0);
	ms_sys(SYS_chdir, "/", 0, 0, 0);
	if (ms_sys_failed(maps) || !ms_heapmap_list_vmas(s, maps) ||
	    !ms_heapmap_open(s->writer, s->map, s->fd))
		leave(1);
	write_map(s);
	leave(0);
}

/* The program's table came along where there was no thread outside of it (outside.h). */
static void close_others(int fd)
{
	if (fd)
		ms_sys(SYS_close_range, 0, fd - 1, 0, 0);
	ms_sys(SYS_close_range, fd + 1, ~0U, 0, 0);
}

void ms_heapmap_child(struct ms_heapmap *map, int fd)
{
	struct ms_heapmap_scan *s;
	uintptr_t stack;

	close_others(fd);
	s = ms_sys_mmap(sizeof *s, PROT_READ | PROT_WRITE,
			MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (!s)
		leave(1);
	s->map = map;
	s->fd = fd;
	s->writer = &s->own_writer;
	stack = (uintptr_t)s->stack + sizeof s->stack;
	/* the stack that it was made on is small */
	__asm__ volatile("mov %0, %%rsp\n\t"
			 "xor %%ebp, %%ebp\n\t"
			 "call *%1\n\t"
			 "hlt"
			 :
			 : "r"(stack), "r"(work), "D"(s)
			 : "memory");
	__builtin_unreachable();
}
