/* SPDX-License-Identifier: Apache-2.0 */
/*
 * heapmap_vmas.c - the mappings of the child, which are those of the program.
 */
#include "preload/heapmap_child.h"

#include <string.h>

struct line {
	uint64_t start, end, inode;
	char mode[4];
	const char *path; /* "" without one */
};

static uint64_t hex(const char **s)
{
	uint64_t n = 0;

	for (;; ++*s) {
		char c = **s;

		if (c >= '0' && c <= '9')
			n = n << 4 | (uint64_t)(c - '0');
		else if (c >= 'a' && c <= 'f')
			n = n << 4 | (uint64_t)(c - 'a' + 10);
		else
			return n;
	}
}

static const char *after_blank(const char *s)
{
	while (*s && *s != ' ')
		s++;
	while (*s == ' ')
		s++;
	return s;
}

/* "start-end rwxp offset major:minor inode    path" */
static void parse_line(struct line *l, const char *s)
{
	l->start = hex(&s);
	s += *s == '-';
	l->end = hex(&s);
	s = after_blank(s);
	memcpy(l->mode, s, 4);
	s = after_blank(s); /* offset */
	s = after_blank(s); /* device */
	s = after_blank(s); /* inode */
	l->inode = *s != '0';
	l->path = after_blank(s);
}

static bool begins(const char *text, const char *with)
{
	return !strncmp(text, with, strlen(with));
}

/* Far from where the kernel puts mappings by itself: memory.c. */
#define OWN_START 0x200000000000ULL
#define OWN_END	  0x240000000000ULL

static unsigned flags_of(const struct line *l)
{
	unsigned flags = 0;

	flags |= l->mode[0] == 'r' ? MS_VMA_READ : 0;
	flags |= l->mode[1] == 'w' ? MS_VMA_WRITE : 0;
	flags |= l->mode[2] == 'x' ? MS_VMA_EXECUTE : 0;
	flags |= l->mode[3] == 's' ? MS_VMA_SHARED : 0;
	flags |= l->inode ? MS_VMA_FILE : 0;
	flags |= begins(l->path, "[heap]") ? MS_VMA_BREAK : 0;
	flags |= begins(l->path, "[stack]") ? MS_VMA_STACK : 0;
	if (begins(l->path, "/dev/") && !begins(l->path, "/dev/zero") &&
	    !begins(l->path, "/dev/shm/"))
		flags |= MS_VMA_DEVICE;
	if (begins(l->path, "[v")) /* vdso, vvar, vsyscall */
		flags |= MS_VMA_OWN;
	if (l->start >= OWN_START && l->end <= OWN_END)
		flags |= MS_VMA_OWN;
	return flags;
}

static void add_line(struct ms_heapmap_scan *s, const char *text)
{
	struct line l;
	unsigned flags;

	parse_line(&l, text);
	flags = flags_of(&l);
	if (!(flags & MS_VMA_READ) || s->vma_count == MS_HEAPMAP_VMAS)
		return;
	s->vmas[s->vma_count++] = (struct ms_vma){ l.start, l.end, flags };
}

/* Whole lines of the text; what is left over moves to its front. */
static size_t add_lines(struct ms_heapmap_scan *s, size_t n)
{
	char *line = s->text, *end;

	while ((end = memchr(line, '\n', (size_t)(s->text + n - line)))) {
		*end = '\0';
		add_line(s, line);
		line = end + 1;
	}
	n -= (size_t)(line - s->text);
	memmove(s->text, line, n);
	return n;
}

bool ms_heapmap_list_vmas(struct ms_heapmap_scan *s, long fd)
{
	size_t have = 0;
	long n;

	for (;;) {
		/* a line is shorter than the text: a path has 4096 bytes at most */
		n = ms_sys(SYS_read, fd, s->text + have, sizeof s->text - 1 - have, 0);
		if (ms_sys_failed(n) || n == 0)
			break;
		have = add_lines(s, have + (size_t)n);
	}
	ms_sys(SYS_close, fd, 0, 0, 0);
	return s->vma_count;
}
