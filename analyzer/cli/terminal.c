/* SPDX-License-Identifier: Apache-2.0 */
/*
 * terminal.c - what is on the other side: its width, its colours, progress.
 */
#define _GNU_SOURCE
#include "analyzer/cli/cli.h"
#include "common/units.h"

#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#define LONG_WORK_NS UINT64_C(1000000000)
#define REDRAW_NS    UINT64_C(200000000)

void cli_say(const char *format, ...)
{
	char line[1200];
	va_list args;

	va_start(args, format);
	vsnprintf(line, sizeof(line), format, args);
	va_end(args);
	/* Arguments and names of files may hold anything. */
	for (char *c = line; *c; c++) {
		if ((unsigned char)*c < 0x20 || *c == 0x7f)
			*c = '?';
	}
	cli_progress_end();
	fprintf(stderr, CLI_NAME ": %s\n", line);
}

/* --- output
 * ----------------------------------------------------------------------------- */

static int write_all(void *context, const char *data, size_t bytes)
{
	int fd = *(const int *)context;

	while (bytes) {
		ssize_t n = write(fd, data, bytes);

		if (n < 0 && errno == EAGAIN) {
			struct pollfd ready = { fd, POLLOUT, 0 };

			poll(&ready, 1, -1);
		} else if (n < 0 && errno != EINTR) {
			return errno;
		} else if (n > 0) {
			data += n;
			bytes -= (size_t)n;
		}
	}
	return 0;
}

static unsigned terminal_width(int fd)
{
	const char *columns = getenv("COLUMNS");
	struct winsize size;
	uint64_t width;

	if (columns && ms_parse_number(columns, &width) && width > 0 && width < 10000)
		return (unsigned)width;
	if (ioctl(fd, TIOCGWINSZ, &size) == 0)
		return size.ws_col;
	return 0;
}

static bool wants_colour(int fd, enum cli_colour when)
{
	const char *no_colour = getenv("NO_COLOR"), *term = getenv("TERM");

	if (when != COLOUR_AUTO)
		return when == COLOUR_ALWAYS;
	return isatty(fd) && !(no_colour && *no_colour) && term &&
	       strcmp(term, "dumb") != 0;
}

static bool has_unicode(int fd)
{
	static const char *const names[] = { "LC_ALL", "LC_CTYPE", "LANG" };

	for (size_t i = 0; i < 3; i++) {
		const char *locale = getenv(names[i]);

		if (locale && *locale)
			return isatty(fd) && (strcasestr(locale, "utf-8") ||
					      strcasestr(locale, "utf8"));
	}
	return false;
}

void cli_output(struct memscope_output *output, const struct cli_options *options,
		const int *fd)
{
	*output = (struct memscope_output){ .write = write_all,
					    .context = (void *)(uintptr_t)fd,
					    .format = options->format };
	output->width = options->has_width ? options->width : terminal_width(*fd);
	output->colour = wants_colour(*fd, options->colour);
	output->unicode = has_unicode(*fd);
}

/* --- progress
 * --------------------------------------------------------------------------- */

static struct {
	uint64_t began_ns, drawn_ns;
	bool shown;
} progress;

static uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

void cli_progress(void *context, const char *what, uint64_t done, uint64_t total)
{
	uint64_t now = now_ns();

	(void)context;
	if (!progress.began_ns)
		progress.began_ns = now;
	if (now - progress.began_ns < LONG_WORK_NS ||
	    now - progress.drawn_ns < REDRAW_NS || !isatty(STDERR_FILENO))
		return;
	progress.drawn_ns = now;
	progress.shown = true;
	if (done > total)
		done = total;
	fprintf(stderr, "\r\x1b[K%s: %3u %%", what,
		total ? (unsigned)(100.0 * (double)done / (double)total) : 0);
	fflush(stderr);
}

void cli_progress_end(void)
{
	if (progress.shown)
		fputs("\r\x1b[K", stderr);
	progress.shown = false;
}
