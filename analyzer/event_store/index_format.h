/* SPDX-License-Identifier: Apache-2.0 */
/*
 * index_format.h - the bytes of an index: a head, the parts, a table of them.
 *
 * All numbers are as this machine has them: an index is read where it was made, and one
 * of another order of bytes has another magic.
 */
#ifndef MS_INDEX_FORMAT_H
#define MS_INDEX_FORMAT_H

#include "analyzer/event_store/event_store.h"
#include "common/crc32c.h"

#include <assert.h>

#define MS_INDEX_MAGIC	 UINT64_C(0x0a5844494d534d89) /* "\x89MSMIDX\n" */
#define MS_INDEX_VERSION 1
#define MS_INDEX_ALIGN	 64 /* where a part begins is a multiple of this */

struct ms_index_head {
	uint64_t magic;
	uint32_t version;
	uint32_t crc; /* of this head, itself as 0 */
	struct ms_index_identity identity;
	uint64_t table; /* its offset; it ends the file */
	uint64_t parts; /* how many entries it has */
	uint32_t table_crc;
	uint32_t reserved; /* zero */
};
static_assert(sizeof(struct ms_index_head) == 72, "an index head is 72 bytes");

struct ms_index_entry { /* sorted by kind, then number; no two of both alike */
	uint32_t kind, number;
	uint64_t offset, bytes;
	uint32_t crc;
	uint32_t reserved; /* zero */
};
static_assert(sizeof(struct ms_index_entry) == 32, "an index entry is 32 bytes");

static inline uint32_t ms_index_head_check(const struct ms_index_head *head)
{
	struct ms_index_head copy = *head;

	copy.crc = 0;
	return ms_crc32c(0, &copy, sizeof(copy));
}

static inline int ms_index_compare(const struct ms_index_entry *a, unsigned kind,
				   uint32_t number)
{
	if (a->kind != kind)
		return a->kind < kind ? -1 : 1;
	return a->number < number ? -1 : a->number > number;
}

/* "LOG.idx", allocated; NULL without memory. */
char *ms_index_path(const char *log_path);

#endif
