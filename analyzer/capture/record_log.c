/* SPDX-License-Identifier: Apache-2.0 */
/*
 * record_log.c - which log did that process write?
 *
 * The recorder expands %e and %t inside the program, and numbers a name that
 * was taken (the same pid after exec).  So the head of each file that could be
 * it decides: it holds the pid and the time.
 */
#include "analyzer/base/alloc.h"
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
#include <stdlib.h>
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
			put(p, pid ? number : "[0-9]*");
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

/* The head of the log at path; false: there is none. */
static bool read_head(const char *path, struct ms_wire_head *head)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	ssize_t len;

	if (fd < 0)
		return false;
	len = pread(fd, head, sizeof *head, 0);
	close(fd);
	return len == (ssize_t)sizeof *head &&
	       memcmp(head->magic, MS_WIRE_MAGIC, 8) == 0 &&
	       head->head_crc == ms_head_check(head);
}

/* When the log at path began (its head's unix ns), or 0: no log, or not of pid.
 */
static uint64_t begun(const char *path, uint64_t pid)
{
	struct ms_wire_head head;

	return read_head(path, &head) && head.pid == pid ? head.start_unix_ns : 0;
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

/* --- the logs of a whole family
 * --------------------------------------------------------- */

struct relative {
	char *path;
	uint64_t pid, parent, at;
	bool is_one;
};

struct family {
	struct relative *items;
	size_t count, capacity;
};

static ms_status add_relative(struct family *family, const char *path,
			      const struct ms_wire_head *head, struct ms_error *err)
{
	struct relative *item;

	if (ms_grow((void **)&family->items, &family->capacity, family->count,
		    sizeof *family->items))
		return ms_fail_memory(err);
	item = &family->items[family->count];
	*item = (struct relative){ .path = ms_strdup(path),
				   .pid = head->pid,
				   .parent = head->parent_pid,
				   .at = head->start_unix_ns };
	family->count += item->path != NULL;
	return item->path ? MS_OK : ms_fail_memory(err);
}

static ms_status list(struct family *family, const char *pattern, uint64_t since_unix_ns,
		      struct ms_error *err)
{
	ms_status status = MS_OK;
	glob_t found;
	int r = glob(pattern, GLOB_NOSORT, NULL, &found);

	for (size_t i = 0; r == 0 && !status && i < found.gl_pathc; i++) {
		struct ms_wire_head head;

		if (read_head(found.gl_pathv[i], &head) &&
		    head.start_unix_ns >= since_unix_ns)
			status = add_relative(family, found.gl_pathv[i], &head, err);
	}
	globfree(&found);
	return r == GLOB_NOSPACE ? ms_fail_memory(err) : status;
}

static int first_begun_first(const void *a, const void *b)
{
	const struct relative *x = a, *y = b;

	if (x->at != y->at)
		return x->at < y->at ? -1 : 1;
	return strcmp(x->path, y->path);
}

static bool is_known(const struct family *family, uint64_t pid)
{
	for (size_t i = 0; i < family->count; i++)
		if (family->items[i].is_one && family->items[i].pid == pid)
			return true;
	return false;
}

/* Its own, and those whose parent is one of it.  Parents mostly come before. */
static void find_family(struct family *family, uint64_t pid)
{
	bool more = true;

	if (family->count)
		qsort(family->items, family->count, sizeof *family->items,
		      first_begun_first);
	while (more) {
		more = false;
		for (size_t i = 0; i < family->count; i++) {
			struct relative *item = &family->items[i];

			if (item->is_one || (item->pid != pid && item->parent != pid &&
					     !is_known(family, item->parent)))
				continue;
			item->is_one = more = true;
		}
	}
}

/* Two patterns may find one file. */
static bool is_first(const struct family *family, size_t index)
{
	for (size_t i = 0; i < index; i++)
		if (strcmp(family->items[i].path, family->items[index].path) == 0)
			return false;
	return true;
}

static ms_status hand_over(struct family *family, char ***paths, size_t *count,
			   struct ms_error *err)
{
	*paths = ms_alloc_zero(family->count + 1, sizeof **paths);
	if (!*paths)
		return ms_fail_memory(err);
	for (size_t i = 0; i < family->count; i++) {
		struct relative *item = &family->items[i];

		if (!item->is_one || !is_first(family, i))
			continue;
		wait_for_map(item->path);
		(*paths)[*count] = ms_strdup(item->path);
		if (!(*paths)[(*count)++])
			return ms_fail_memory(err);
	}
	return MS_OK;
}

ms_status ms_record_family(char ***paths, size_t *count, const char *output, uint64_t pid,
			   uint64_t since_unix_ns, struct ms_error *err)
{
	char plain[MS_RECORD_PATH], numbered[MS_RECORD_PATH];
	struct family family = { 0 };
	ms_status status = ms_record_patterns(plain, numbered, output, 0, err);

	*paths = NULL;
	*count = 0;
	if (!status)
		status = list(&family, plain, since_unix_ns, err);
	if (!status)
		status = list(&family, numbered, since_unix_ns, err);
	find_family(&family, pid);
	if (!status)
		status = hand_over(&family, paths, count, err);
	for (size_t i = 0; i < family.count; i++)
		ms_free(family.items[i].path);
	ms_free(family.items);
	if (!status)
		return MS_OK;
	ms_record_family_free(*paths, *count);
	*paths = NULL;
	*count = 0;
	return status;
}

void ms_record_family_free(char **paths, size_t count)
{
	for (size_t i = 0; i < count; i++)
		ms_free(paths[i]);
	ms_free(paths);
}
