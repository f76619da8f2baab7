/* SPDX-License-Identifier: Apache-2.0 */
/*
 * record_log.c - which log did that process write?
 *
 * The recorder expands %e and %t inside the program, and numbers a name that
 * was taken (the same pid after exec).  So the head of each file that could be
 * it decides: it holds the pid and the time.
 */
#include "analyzer/capture/log.h"
#include "analyzer/capture/record.h"
#include "common/checks.h"
#include "common/wire.h"

#include <fcntl.h>
#include <glob.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

struct pattern {
	char *text;
	size_t len;
};

/* Too long a pattern keeps counting, so that the caller sees it in len. */
static void put(struct pattern *p, const char *text)
{
	for (; *text; text++, p->len++)
		if (p->len < MS_RECORD_PATH - 1)
			p->text[p->len] = *text;
}

static void put_literal(struct pattern *p, char c)
{
	char text[3] = { c, 0, 0 };

	if (strchr("*?[]\\", c))
		memcpy(text, (char[]){ '\\', c }, 2);
	put(p, text);
}

/* from up to end, expanded. */
static void put_expanded(struct pattern *p, const char *from, const char *end,
			 uint64_t pid)
{
	char number[24];

	snprintf(number, sizeof number, "%" PRIu64, pid);
	for (; from < end; from++) {
		if (*from != '%' || from + 1 == end) {
			put_literal(p, *from);
			continue;
		}
		from++;
		if (*from == 'p')
			put(p, number);
		else if (*from == 'e' || *from == 't')
			put(p, "*");
		else if (*from == '%')
			put(p, "%");
		else {
			put(p, "%");
			put_literal(p, *from);
		}
	}
}

/* Where the extension of the last component begins: at its last dot, or the
 * end. */
static const char *extension(const char *output)
{
	const char *name = strrchr(output, '/');
	const char *dot = strrchr(output, '.');

	return dot && dot > (name ? name + 1 : output) ? dot : output + strlen(output);
}

ms_status ms_record_patterns(char plain[MS_RECORD_PATH], char numbered[MS_RECORD_PATH],
			     const char *output, uint64_t pid, struct ms_error *err)
{
	struct pattern a = { plain, 0 }, b = { numbered, 0 };
	const char *end = output + strlen(output);
	const char *dot = extension(output);

	put_expanded(&a, output, end, pid);
	put_expanded(&b, output, dot, pid);
	put(&b, ".[0-9]*");
	put_expanded(&b, dot, end, pid);
	if (a.len >= MS_RECORD_PATH || b.len >= MS_RECORD_PATH)
		return ms_fail(err, MS_EUSAGE, "the log's path is too long");
	plain[a.len] = '\0';
	numbered[b.len] = '\0';
	return MS_OK;
}

/* When the log at path began (its head's unix ns), or 0: no log, or not of pid.
 */
static uint64_t begun(const char *path, uint64_t pid)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	struct ms_wire_head head;
	ssize_t len;

	if (fd < 0)
		return 0;
	len = pread(fd, &head, sizeof head, 0);
	close(fd);
	if (len != (ssize_t)sizeof head || memcmp(head.magic, MS_WIRE_MAGIC, 8) != 0 ||
	    head.pid != pid || head.head_crc != ms_head_check(&head))
		return 0;
	return head.start_unix_ns;
}

/* Look through the files of one pattern; keeps the newest in out and *newest.
 */
static ms_status look(const char *pattern, uint64_t pid, char out[MS_RECORD_PATH],
		      uint64_t *newest, struct ms_error *err)
{
	glob_t found;
	int r = glob(pattern, GLOB_NOSORT, NULL, &found);

	if (r == GLOB_NOSPACE) {
		globfree(&found);
		return ms_fail_memory(err);
	}
	for (size_t i = 0; r == 0 && i < found.gl_pathc; i++) {
		uint64_t at = begun(found.gl_pathv[i], pid);

		if (at >= *newest && at && strlen(found.gl_pathv[i]) < MS_RECORD_PATH) {
			*newest = at;
			strcpy(out, found.gl_pathv[i]);
		}
	}
	globfree(&found);
	return MS_OK;
}

/* The log is whole when a copy of the program has written what it was asked for, too. */
static void wait_for_map(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);

	if (fd < 0)
		return;
	ms_log_wait(fd);
	close(fd);
}

ms_status ms_record_log(char out[MS_RECORD_PATH], const char *output, uint64_t pid,
			uint64_t since_unix_ns, struct ms_error *err)
{
	char plain[MS_RECORD_PATH], numbered[MS_RECORD_PATH];
	ms_status status = ms_record_patterns(plain, numbered, output, pid, err);

	out[0] = '\0';
	if (!status)
		status = look(plain, pid, out, &since_unix_ns, err);
	if (!status)
		status = look(numbered, pid, out, &since_unix_ns, err);
	if (!status && *out)
		wait_for_map(out);
	return status;
}
