/* SPDX-License-Identifier: Apache-2.0 */
/*
 * truth.h - what a watched program itself knows about its calls.
 *
 * Lines are collected in static memory and written by one write(2), so telling the truth
 * makes no call that a recorder would see.  A line has the columns that logcat.pl prints:
 * form, address, size, alignment.
 */
#ifndef TRUTH_H
#define TRUTH_H

#include <fcntl.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define NOINLINE    __attribute__((noinline, noclone))
#define TRUTH_BEGIN 7654321 /* sizes of the blocks that enclose what is compared */
#define TRUTH_END   7654322

static char truth_text[32 << 20];
static size_t truth_bytes;

__attribute__((format(printf, 1, 2), unused)) static void truth_say(const char *format,
								    ...)
{
	va_list ap;

	va_start(ap, format);
	truth_bytes += (size_t)vsnprintf(truth_text + truth_bytes,
					 sizeof(truth_text) - truth_bytes, format, ap);
	va_end(ap);
	if (truth_bytes >= sizeof(truth_text))
		abort();
}

__attribute__((unused)) static void truth_made(const char *form, const void *p,
					       size_t size, size_t align)
{
	truth_say("%s\t%#zx\t%zu\t%zu\n", form, (size_t)p, size, align);
}

__attribute__((unused)) static void truth_ended(const char *form, const void *p)
{
	truth_say("%s\t%#zx\t-\t0\n", form, (size_t)p);
}

__attribute__((unused)) static void truth_write(const char *path)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	for (size_t done = 0; done < truth_bytes;) {
		ssize_t n = write(fd, truth_text + done, truth_bytes - done);

		if (n <= 0)
			abort();
		done += (size_t)n;
	}
	close(fd);
}

/* Keep the compiler from seeing that a block is not used. */
__attribute__((unused)) static inline void *hide(void *p)
{
	__asm__ volatile("" : "+r"(p)::"memory");
	return p;
}

#define MUST(condition)                                                            \
	do {                                                                       \
		if (!(condition)) {                                                \
			fprintf(stderr, "%s:%d: not so: %s\n", __FILE__, __LINE__, \
				#condition);                                       \
			_exit(98);                                                 \
		}                                                                  \
	} while (0)

#endif
