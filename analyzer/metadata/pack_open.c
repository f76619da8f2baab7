/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pack_open.c - the file of a pack and its head: what has to be right before its body is
 * looked at.
 */
#include "analyzer/base/alloc.h"
#include "analyzer/metadata/pack_inside.h"
#include "common/bytes.h"
#include "common/crc32c.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#define FILE_MAX (512u << 20)

ms_status ms_pack_damaged(struct ms_error *err, const char *name)
{
	return ms_fail(err, MS_EFORMAT, "%s: damaged symbol pack", name);
}

struct head {
	uint64_t major, head_bytes, body_bytes, unpacked_bytes, body_crc;
};

static ms_status read_head(struct head *head, const uint8_t *bytes, size_t len_bytes,
			   const char *name, struct ms_error *err)
{
	struct ms_bytes b = ms_bytes(bytes, len_bytes);
	const uint8_t *magic = ms_bytes_take(&b, sizeof(MS_PACK_MAGIC) - 1);

	if (!magic || memcmp(magic, MS_PACK_MAGIC, sizeof(MS_PACK_MAGIC) - 1) != 0)
		return ms_fail(err, MS_EFORMAT, "%s: not a symbol pack", name);
	head->major = ms_bytes_fixed(&b, 2);
	ms_bytes_fixed(&b, 2);
	head->head_bytes = ms_bytes_fixed(&b, 4);
	head->body_bytes = ms_bytes_fixed(&b, 8);
	head->unpacked_bytes = ms_bytes_fixed(&b, 8);
	head->body_crc = ms_bytes_fixed(&b, 4);
	if (ms_bytes_fixed(&b, 4) !=
		    ms_crc32c(0, bytes, b.bad ? 0 : MS_PACK_HEAD_BYTES - 4) ||
	    b.bad)
		return ms_pack_damaged(err, name);
	if (head->major != MS_PACK_MAJOR)
		return ms_fail(err, MS_EFORMAT,
			       "%s: a symbol pack of version %u, which is not known here",
			       name, (unsigned)head->major);
	if (head->head_bytes < MS_PACK_HEAD_BYTES || head->head_bytes > len_bytes ||
	    head->body_bytes != len_bytes - head->head_bytes ||
	    head->unpacked_bytes > MS_PACK_BODY_MAX ||
	    head->body_crc !=
		    ms_crc32c(0, bytes + head->head_bytes, (size_t)head->body_bytes))
		return ms_pack_damaged(err, name);
	return MS_OK;
}

/* Unpack exactly to_bytes.  MS_OK, MS_EFORMAT or MS_ENOMEM. */
static ms_status unpack(uint8_t *to, size_t to_bytes, const uint8_t *from,
			size_t from_bytes)
{
	z_stream z = { .zalloc = ms_pack_zlib_alloc, .zfree = ms_pack_zlib_free };
	int result;

	z.next_in = (uint8_t *)(uintptr_t)from;
	z.avail_in = (unsigned)from_bytes;
	z.next_out = to;
	z.avail_out = (unsigned)to_bytes;
	if (inflateInit(&z) != Z_OK)
		return MS_ENOMEM;
	result = inflate(&z, Z_FINISH);
	inflateEnd(&z);
	if (result == Z_MEM_ERROR)
		return MS_ENOMEM;
	return result == Z_STREAM_END && z.avail_out == 0 && z.avail_in == 0 ? MS_OK
									     : MS_EFORMAT;
}

ms_status ms_pack_parse(struct ms_pack **out, const void *bytes, size_t len_bytes,
			const char *name, struct ms_error *err)
{
	const uint8_t *p = bytes;
	struct head head = { 0 };
	ms_status status;
	uint8_t *body;

	*out = NULL;
	if (len_bytes > FILE_MAX)
		return ms_fail(err, MS_EFORMAT, "%s: too large for a symbol pack", name);
	status = read_head(&head, p, len_bytes, name, err);
	if (status != MS_OK)
		return status;
	body = ms_alloc((size_t)head.unpacked_bytes);
	status = body ? unpack(body, (size_t)head.unpacked_bytes, p + head.head_bytes,
			       (size_t)head.body_bytes)
		      : MS_ENOMEM;
	if (status == MS_OK)
		return ms_pack_take_body(out, body, (size_t)head.unpacked_bytes, name,
					 err);
	ms_free(body);
	return status == MS_ENOMEM ? ms_fail_memory(err) : ms_pack_damaged(err, name);
}

static ssize_t read_all(int fd, uint8_t *bytes, size_t len_bytes)
{
	size_t done = 0;
	ssize_t n = 1;

	while (done < len_bytes && n != 0) {
		n = read(fd, bytes + done, len_bytes - done);
		if (n < 0 && errno != EINTR)
			return -1;
		done += n > 0 ? (size_t)n : 0;
	}
	return (ssize_t)done;
}

static ms_status open_fd(struct ms_pack **out, int fd, const char *path,
			 struct ms_error *err)
{
	struct stat st;
	uint8_t *bytes;
	ssize_t len;
	ms_status status;

	if (fstat(fd, &st) < 0)
		return ms_fail(err, MS_EIO, "%s: %s", path, strerror(errno));
	if (!S_ISREG(st.st_mode) || st.st_size > (off_t)FILE_MAX)
		return ms_fail(err, MS_EFORMAT, "%s: not a symbol pack", path);
	bytes = ms_alloc((size_t)st.st_size);
	if (!bytes)
		return ms_fail_memory(err);
	len = read_all(fd, bytes, (size_t)st.st_size);
	status = len < 0 ? ms_fail(err, MS_EIO, "%s: %s", path, strerror(errno))
			 : ms_pack_parse(out, bytes, (size_t)len, path, err);
	ms_free(bytes);
	return status;
}

ms_status ms_pack_open(struct ms_pack **out, const char *path, struct ms_error *err)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	ms_status status;

	*out = NULL;
	if (fd < 0)
		return ms_fail(err, MS_EIO, "%s: %s", path, strerror(errno));
	status = open_fd(out, fd, path, err);
	close(fd);
	return status;
}
