/* SPDX-License-Identifier: Apache-2.0 */
/*
 * heapmap_threads.c - how far the stacks of all threads are in use.
 *
 * A thread that sleeps in a system call is never disturbed: a signal would end many a
 * call with EINTR.  The kernel tells the stack pointer and the arguments of such a call;
 * of a thread that runs it tells nothing, and then all of its stack is looked at.
 */
#define _GNU_SOURCE
#include "preload/heapmap.h"

#include "preload/clock.h"

#include <dirent.h>
#include <fcntl.h>
#include <string.h>

#define TIME_NS	 5000000ULL /* for all of them: the program waits */
#define RED_ZONE 128	    /* below its stack pointer a function may keep values */

/* The next number of a line, decimal or after 0x; false at its end. */
static bool next_number(const char **line, uint64_t *value)
{
	const char *s = *line;
	unsigned base = 10;

	while (*s == ' ')
		s++;
	if (s[0] == '0' && s[1] == 'x') {
		base = 16;
		s += 2;
	}
	*value = 0;
	for (*line = s;; s++) {
		unsigned digit = *s >= '0' && *s <= '9'	  ? (unsigned)(*s - '0')
				 : *s >= 'a' && *s <= 'f' ? (unsigned)(*s - 'a') + 10
							  : 99;

		if (digit >= base)
			break;
		*value = *value * base + digit;
	}
	if (s == *line)
		return false;
	*line = s;
	return true;
}

/* "NR ARG0 ... ARG5 SP PC", "-1 SP PC" where it sleeps outside of a call, "running". */
static void parse_syscall(struct ms_heapmap_thread *t, const char *line)
{
	uint64_t number[9];
	unsigned n = 0;

	if (line[0] == '-') {
		line += 2;
		if (next_number(&line, &number[0]))
			t->r.sp = number[0] - RED_ZONE;
		return;
	}
	while (n < 9 && next_number(&line, &number[n]))
		n++;
	if (n < 9)
		return;
	t->r.sp = number[7] - RED_ZONE;
	t->r.count = 6;
	memcpy(t->r.value, number + 1, 6 * sizeof *number);
}

static size_t append(char *to, const char *text)
{
	size_t n = strlen(text);

	memcpy(to, text, n + 1);
	return n;
}

static void look_at(struct ms_heapmap *map, const char *tid)
{
	struct ms_heapmap_thread *t = &map->threads[map->thread_count++];
	size_t at = append(map->line, "/proc/self/task/");
	long fd, n = 0;
	uint64_t number;

	at += append(map->line + at, tid);
	append(map->line + at, "/syscall");
	next_number(&tid, &number);
	*t = (struct ms_heapmap_thread){ .tid = (uint32_t)number };
	fd = ms_sys(SYS_open, map->line, O_RDONLY | O_CLOEXEC, 0, 0);
	if (ms_sys_failed(fd))
		return;
	n = ms_sys(SYS_read, fd, map->line, sizeof map->line - 1, 0);
	ms_sys(SYS_close, fd, 0, 0, 0);
	map->line[ms_sys_failed(n) ? 0 : n] = '\0';
	parse_syscall(t, map->line);
}

/* The caller of the map is there already, and this is a thread of ours. */
static bool is_other(const struct ms_heapmap *map, const char *name)
{
	uint64_t tid;

	return next_number(&name, &tid) && tid != map->tid &&
	       tid != (uint64_t)ms_sys(SYS_gettid, 0, 0, 0, 0);
}

void ms_heapmap_list_threads(struct ms_heapmap *map)
{
	uint64_t until = ms_clock_ns(CLOCK_MONOTONIC) + TIME_NS;
	long fd = ms_sys(SYS_open, "/proc/self/task", O_RDONLY | O_DIRECTORY | O_CLOEXEC,
			 0, 0),
	     n;

	if (ms_sys_failed(fd))
		return;
	for (;;) {
		n = ms_sys(SYS_getdents64, fd, map->buffer, sizeof map->buffer, 0);
		if (ms_sys_failed(n) || n == 0)
			break;
		for (long at = 0; at < n;) {
			const struct dirent64 *d = (const void *)(map->buffer + at);

			at += d->d_reclen;
			if (map->thread_count < MS_HEAPMAP_THREADS &&
			    is_other(map, d->d_name) &&
			    ms_clock_ns(CLOCK_MONOTONIC) < until)
				look_at(map, d->d_name);
		}
	}
	ms_sys(SYS_close, fd, 0, 0, 0);
}
