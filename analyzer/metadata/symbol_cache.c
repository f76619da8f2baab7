/* SPDX-License-Identifier: Apache-2.0 */
/*
 * symbol_cache.c - names kept from one report to the next.
 *
 * The name of a pack has its build-id and a checksum of its source, so that names of a
 * stripped file and of its debug package, installed later, lie beside each other.  Times
 * of modification are times of use.
 */
#define _GNU_SOURCE /* utimensat, dirfd */
#include "analyzer/metadata/symbol_cache.h"

#include "analyzer/base/alloc.h"
#include "analyzer/base/replace_file.h"
#include "analyzer/metadata/metadata.h"
#include "common/crc32c.h"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define ID_BYTES      64   /* of those that are kept */
#define ABANDONED_SEC 3600 /* a file that no writer can still be writing */

static bool path_of(char path[PATH_MAX], const char *dir, const struct ms_pack_key *key)
{
	char hex[2 * ID_BYTES + 1];
	int len;

	if (key->build_id_bytes < 2 || key->build_id_bytes > ID_BYTES)
		return false;
	for (size_t i = 0; i < key->build_id_bytes; i++)
		snprintf(hex + 2 * i, 3, "%02x", key->build_id[i]);
	len = snprintf(path, PATH_MAX, "%s/%s-%08x%s", dir, hex,
		       ms_crc32c(0, key->source, strlen(key->source)), MS_PACK_SUFFIX);
	return len >= 0 && len < PATH_MAX;
}

struct ms_pack *ms_symbol_cache_load(const char *dir, const struct ms_pack_key *key)
{
	char path[PATH_MAX];
	struct ms_pack *pack;
	size_t module;

	if (!path_of(path, dir, key) || ms_pack_open(&pack, path, NULL) != MS_OK)
		return NULL;
	if (!ms_pack_find_module(pack, key, &module) ||
	    strcmp(ms_pack_module(pack, module).source, key->source) != 0) {
		ms_pack_close(pack);
		return NULL;
	}
	utimensat(AT_FDCWD, path, NULL, 0);
	return pack;
}

/* Make dir and what it lies in, for this user alone as caches are. */
static void make_dirs(const char *dir)
{
	char path[PATH_MAX];
	size_t len = strlen(dir);

	if (len >= sizeof(path))
		return;
	for (size_t i = 1; i <= len; i++) {
		if (dir[i] != '/' && dir[i] != '\0')
			continue;
		memcpy(path, dir, i);
		path[i] = '\0';
		mkdir(path, 0700);
	}
}

void ms_symbol_cache_store(const char *dir, const struct ms_pack_key *key,
			   const uint8_t *bytes, size_t len_bytes)
{
	char path[PATH_MAX];

	if (!path_of(path, dir, key))
		return;
	make_dirs(dir);
	if (ms_replace_file(path, bytes, len_bytes, 0600, NULL) != MS_OK)
		return; /* a cache that cannot be written is none */
}

struct kept {
	struct timespec used;
	uint64_t bytes;
	char name[NAME_MAX + 1];
};

struct list {
	struct kept *items;
	size_t count, room;
	uint64_t bytes;
};

static int by_use(const void *a, const void *b)
{
	const struct kept *x = a, *y = b;

	if (x->used.tv_sec != y->used.tv_sec)
		return x->used.tv_sec < y->used.tv_sec ? -1 : 1;
	if (x->used.tv_nsec != y->used.tv_nsec)
		return x->used.tv_nsec < y->used.tv_nsec ? -1 : 1;
	return strcmp(x->name, y->name);
}

static bool ends(const char *name, const char *with)
{
	size_t len = strlen(name), end = strlen(with);

	return len >= end && strcmp(name + len - end, with) == 0;
}

/* Packs go into list; what a killed writer left goes away.  false: no memory. */
static bool look_at(struct list *list, int fd, const char *name)
{
	struct kept kept;
	struct stat st;

	if (fstatat(fd, name, &st, AT_SYMLINK_NOFOLLOW) < 0 || !S_ISREG(st.st_mode))
		return true;
	if (ends(name, ".tmp") && strstr(name, MS_PACK_SUFFIX ".") &&
	    st.st_mtim.tv_sec < time(NULL) - ABANDONED_SEC)
		unlinkat(fd, name, 0);
	if (!ends(name, MS_PACK_SUFFIX))
		return true;
	if (ms_grow((void **)&list->items, &list->room, list->count, sizeof(kept)) < 0)
		return false;
	kept.used = st.st_mtim;
	kept.bytes = (uint64_t)st.st_size;
	snprintf(kept.name, sizeof(kept.name), "%s", name);
	list->items[list->count++] = kept;
	list->bytes += kept.bytes;
	return true;
}

void ms_symbol_cache_prune(const char *dir, uint64_t max_bytes)
{
	DIR *stream = opendir(dir);
	struct list list = { 0 };
	struct dirent *entry;

	if (!stream)
		return;
	while ((entry = readdir(stream)) != NULL)
		if (!look_at(&list, dirfd(stream), entry->d_name))
			break;
	if (list.count && list.bytes > max_bytes)
		qsort(list.items, list.count, sizeof(*list.items), by_use);
	for (size_t i = 0; i < list.count && list.bytes > max_bytes; i++) {
		if (unlinkat(dirfd(stream), list.items[i].name, 0) == 0)
			list.bytes -= list.items[i].bytes;
	}
	ms_free(list.items);
	closedir(stream);
}
