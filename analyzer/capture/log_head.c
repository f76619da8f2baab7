/* SPDX-License-Identifier: Apache-2.0 */
/*
 * log_head.c - is it a log, of which version, and how did it end?
 *
 * Only the magic and the major version can make a file unreadable.  All else that is
 * wrong with the first page is damage: the windows do not depend on it.
 */
#include "analyzer/capture/log.h"
#include "common/checks.h"

#include <stddef.h>
#include <string.h>

#define HEAD_BYTES_MAX (1u << 20)

static ms_status check_format(const struct ms_log *log, const char *path,
			      struct ms_error *err)
{
	if (log->size == 0)
		return ms_fail(err, MS_EFORMAT, "%s: is empty, not a memscope log", path);
	if (log->size < 8 || memcmp(log->bytes, MS_WIRE_MAGIC, 8))
		return ms_fail(err, MS_EFORMAT, "%s: is not a memscope log", path);
	if (log->size < sizeof(log->head))
		return ms_fail(err, MS_EFORMAT,
			       "%s: is cut off after %u bytes, within the log's head",
			       path, (unsigned)log->size);
	return MS_OK;
}

static ms_status check_version(const struct ms_log *log, const char *path,
			       struct ms_error *err)
{
	unsigned major = log->head.major, minor = log->head.minor;

	if (major == MS_WIRE_MAJOR)
		return MS_OK;
	return ms_fail(err, MS_EFORMAT,
		       "%s: log format %u.%u cannot be read: this program reads %d.%d%s",
		       path, major, minor, MS_WIRE_MAJOR, MS_WIRE_MINOR,
		       major > MS_WIRE_MAJOR ? "; a newer memscope-analyze is needed"
					     : "");
}

static void check_head(struct ms_log *log)
{
	const struct ms_wire_head *head = &log->head;

	log->head_ok = head->head_crc == ms_head_check(head);
	if (!log->head_ok)
		ms_log_damaged(
			log, 0, sizeof(*head),
			"the head's checksum differs: process and clock may be wrong");
	log->known_minor = head->minor <= MS_WIRE_MINOR;
	log->head_bytes = head->head_bytes;
	if (log->head_bytes < MS_WIRE_PAGE || log->head_bytes % MS_WIRE_PAGE ||
	    log->head_bytes > HEAD_BYTES_MAX ||
	    (log->known_minor && log->head_bytes != MS_WIRE_PAGE)) {
		ms_log_damaged(log, offsetof(struct ms_wire_head, head_bytes), 4,
			       "the head's length is not one page");
		log->head_bytes = MS_WIRE_PAGE;
	}
	if (head->clock != MS_CLOCK_TSC && head->clock != MS_CLOCK_MONOTONIC)
		ms_log_damaged(log, offsetof(struct ms_wire_head, clock), 1,
			       "the clock is of an unknown kind");
}

/*
 * The status is checked when it says that the program exited, and also when it does not
 * but its checksum says that it did: then its end was changed.
 */
static void check_status(struct ms_log *log)
{
	struct ms_wire_status exited = log->status;
	uint32_t crc;

	exited.end = MS_END_EXITED;
	crc = ms_status_check(&exited);
	if (log->status.end == MS_END_EXITED)
		log->ended = crc == log->status.crc;
	if ((log->status.end == MS_END_EXITED) != (crc == log->status.crc))
		ms_log_damaged(log, MS_WIRE_STATUS, sizeof(log->status),
			       "the status' checksum differs: its counters may be wrong");
	else if (log->status.end > MS_END_EXITED)
		ms_log_damaged(log, MS_WIRE_STATUS + offsetof(struct ms_wire_status, end),
			       4, "the status tells of an unknown end");
}

/* A stretch of the first page that version 1.0 leaves zero. */
static void check_zero(struct ms_log *log, uint64_t from, uint64_t to)
{
	uint64_t at;

	to = to < log->size ? to : log->size;
	at = from < to ? ms_log_nonzero(log, from, to) : to;
	if (log->known_minor && at < to)
		ms_log_damaged(log, at, to - at, "bytes of the head that should be zero");
}

ms_status ms_log_read_head(struct ms_log *log, const char *path, struct ms_error *err)
{
	uint64_t status_end = MS_WIRE_STATUS + sizeof(log->status);
	ms_status status = check_format(log, path, err);

	if (status != MS_OK)
		return status;
	memcpy(&log->head, log->bytes, sizeof(log->head));
	status = check_version(log, path, err);
	if (status != MS_OK)
		return status;
	check_head(log);
	check_zero(log, sizeof(log->head), MS_WIRE_STATUS);
	if (log->size >= status_end) {
		memcpy(&log->status, log->bytes + MS_WIRE_STATUS, sizeof(log->status));
		check_status(log);
	}
	check_zero(log, status_end, log->head_bytes);
	return MS_OK;
}
