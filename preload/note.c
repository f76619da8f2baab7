/* SPDX-License-Identifier: Apache-2.0 */
/*
 * note.c - one line on the stderr that the program began with.
 *
 * The program may close descriptor 2 and open a file of its own there; our line must not
 * land in it, so the descriptor is compared with what it was at the start.
 */
#include "preload/config.h"
#include "preload/recorder.h"
#include "preload/session.h"
#include "preload/window.h"

#include <string.h>
#include <sys/stat.h>

static struct ms_file_id stderr_id;
static bool stderr_known;

static bool stderr_same(void)
{
	struct stat st;

	if (ms_sys_failed(ms_sys(SYS_fstat, 2, &st, 0, 0)))
		return false;
	if (!stderr_known) {
		stderr_id = (struct ms_file_id){ st.st_dev, st.st_ino };
		stderr_known = true;
	}
	return st.st_dev == stderr_id.device && st.st_ino == stderr_id.inode;
}

void ms_note_init(void)
{
	stderr_known = false;
	if (!stderr_same())
		stderr_known = true; /* closed at the start: no file matches */
}

/* Control bytes in values and paths must not reach a terminal. */
static size_t append(char *line, size_t n, size_t max, const char *s)
{
	for (; *s && n < max; s++)
		line[n++] = (unsigned char)*s < 0x20 || *s == 0x7f ? '?' : *s;
	return n;
}

void ms_note(const char *a, const char *b, const char *c)
{
	char line[1024];
	size_t n = append(line, 0, sizeof line - 1, "memscope: ");
	size_t text = n;

	n = append(line, n, sizeof line - 1, a);
	n = append(line, n, sizeof line - 1, b);
	n = append(line, n, sizeof line - 1, c);
	ms_meta_put(MS_RECORD_NOTE, (const uint8_t *)line + text, n - text);
	line[n++] = '\n';
	if (!ms_config.quiet && stderr_same())
		ms_sys(SYS_write, 2, line, n, 0);
}
