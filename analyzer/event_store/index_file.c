/* SPDX-License-Identifier: Apache-2.0 */
/*
 * index_file.c - reading an index: is it of this log, and where are its parts?
 *
 * Anybody may have written the file, so nothing in it is used before it was compared with
 * the file's size.  What a part says is checked by those who use it.
 */
#define _GNU_SOURCE
#include "analyzer/base/alloc.h"
#include "analyzer/event_store/index_format.h"

#include <fcntl.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

enum verdict { UNKNOWN, SOUND, BROKEN };

struct ms_index {
	const uint8_t *bytes;
	uint64_t size;
	const struct ms_index_entry *entries;
	size_t count;
	atomic_uchar *verdicts; /* enum verdict of each part; any order will do */
};

char *ms_index_path(const char *log_path)
{
	size_t len = strlen(log_path);
	char *path = ms_alloc(len + sizeof(".idx"));

	if (!path)
		return NULL;
	memcpy(path, log_path, len);
	memcpy(path + len, ".idx", sizeof(".idx"));
	return path;
}

/* Map the regular file at path; false: there is none. */
static bool map_index(struct ms_index *index, const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NOCTTY | O_NONBLOCK);
	void *map = MAP_FAILED;
	struct stat st;

	if (fd < 0)
		return false;
	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) &&
	    st.st_size >= (off_t)sizeof(struct ms_index_head))
		map = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	close(fd);
	if (map == MAP_FAILED)
		return false;
	index->bytes = map;
	index->size = (uint64_t)st.st_size;
	return true;
}

static bool is_sound_entry(const struct ms_index *index, size_t i, uint64_t table)
{
	const struct ms_index_entry *e = &index->entries[i];

	return e->offset % MS_INDEX_ALIGN == 0 &&
	       e->offset >= sizeof(struct ms_index_head) && e->offset <= table &&
	       e->bytes <= table - e->offset &&
	       (i == 0 || ms_index_compare(e - 1, e->kind, e->number) < 0);
}

static bool read_table(struct ms_index *index, const struct ms_index_head *head)
{
	uint64_t room = index->size - head->table;

	if (head->table > index->size || head->table % MS_INDEX_ALIGN ||
	    head->table < sizeof(*head) || room % sizeof(struct ms_index_entry) ||
	    room / sizeof(struct ms_index_entry) != head->parts)
		return false;
	index->entries = (const void *)(index->bytes + head->table);
	index->count = (size_t)head->parts;
	if (ms_crc32c(0, index->entries, (size_t)room) != head->table_crc)
		return false;
	for (size_t i = 0; i < index->count; i++) {
		if (!is_sound_entry(index, i, head->table))
			return false;
	}
	return true;
}

static bool is_of(struct ms_index *index, const struct ms_index_identity *identity)
{
	struct ms_index_head head;

	memcpy(&head, index->bytes, sizeof(head));
	return head.magic == MS_INDEX_MAGIC && head.version == MS_INDEX_VERSION &&
	       head.crc == ms_index_head_check(&head) &&
	       memcmp(&head.identity, identity, sizeof(*identity)) == 0 &&
	       read_table(index, &head);
}

ms_status ms_index_open(struct ms_index **out, const char *log_path,
			const struct ms_index_identity *identity, struct ms_error *err)
{
	char *path = ms_index_path(log_path);
	struct ms_index *index = ms_alloc_zero(1, sizeof(*index));
	ms_status status = MS_OK;
	bool found = false;

	*out = NULL;
	if (!path || !index)
		status = ms_fail_memory(err);
	else
		found = map_index(index, path) && is_of(index, identity);
	if (found) {
		index->verdicts = ms_alloc_zero(index->count, sizeof(*index->verdicts));
		if (!index->verdicts)
			status = ms_fail_memory(err);
	}
	ms_free(path);
	if (found && status == MS_OK)
		*out = index;
	else
		ms_index_close(index);
	return status;
}

void ms_index_close(struct ms_index *index)
{
	if (!index)
		return;
	if (index->bytes)
		munmap((void *)(uintptr_t)index->bytes, (size_t)index->size);
	ms_free(index->verdicts);
	ms_free(index);
}

/* The first entry that is not before (kind, number). */
static size_t lower_bound(const struct ms_index *index, unsigned kind, uint32_t number)
{
	size_t low = 0, high = index->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (ms_index_compare(&index->entries[middle], kind, number) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static bool is_sound(const struct ms_index *index, size_t i)
{
	const struct ms_index_entry *e = &index->entries[i];
	unsigned char verdict =
		atomic_load_explicit(&index->verdicts[i], memory_order_relaxed);

	/* two threads may both look, and find the same */
	if (verdict == UNKNOWN) {
		verdict =
			ms_crc32c(0, index->bytes + e->offset, (size_t)e->bytes) == e->crc
				? SOUND
				: BROKEN;
		atomic_store_explicit(&index->verdicts[i], verdict, memory_order_relaxed);
	}
	return verdict == SOUND;
}

bool ms_index_part(const struct ms_index *index, unsigned kind, uint32_t number,
		   const uint8_t **bytes, size_t *len_bytes)
{
	size_t i = lower_bound(index, kind, number);

	*bytes = NULL;
	*len_bytes = 0;
	if (i == index->count ||
	    ms_index_compare(&index->entries[i], kind, number) != 0 ||
	    !is_sound(index, i))
		return false;
	*bytes = index->bytes + index->entries[i].offset;
	*len_bytes = (size_t)index->entries[i].bytes;
	return true;
}

size_t ms_index_part_count(const struct ms_index *index, unsigned kind)
{
	return lower_bound(index, kind + 1, 0) - lower_bound(index, kind, 0);
}

uint64_t ms_index_file_bytes(const struct ms_index *index)
{
	return index->size;
}

void ms_index_copy(struct ms_index_writer *writer, const struct ms_index *from,
		   unsigned kind)
{
	size_t i = lower_bound(from, kind, 0);

	for (; i < from->count && from->entries[i].kind == kind; i++) {
		const struct ms_index_entry *e = &from->entries[i];

		if (is_sound(from, i))
			ms_index_add(writer, kind, e->number, from->bytes + e->offset,
				     (size_t)e->bytes);
	}
}
