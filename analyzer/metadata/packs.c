/* SPDX-License-Identifier: Apache-2.0 */
/*
 * packs.c - the packs and directories that a user named: opened once, for all traces.
 *
 * A name that leads nowhere is told: who names a place expects something from it.
 */
#include "analyzer/metadata/packs.h"

#include "analyzer/base/alloc.h"
#include "analyzer/base/strbuf.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

struct named {
	struct ms_pack *pack;
	char *path;
};

struct ms_packs {
	struct named *items;
	size_t count, room;
	struct ms_strbuf dirs;
};

void ms_packs_free(struct ms_packs *packs)
{
	if (!packs)
		return;
	for (size_t i = 0; i < packs->count; i++) {
		ms_pack_close(packs->items[i].pack);
		ms_free(packs->items[i].path);
	}
	ms_free(packs->items);
	ms_strbuf_release(&packs->dirs);
	ms_free(packs);
}

static ms_status add_pack(struct ms_packs *packs, const char *path, struct ms_error *err)
{
	struct named named = { NULL, NULL };
	ms_status status;

	if (ms_grow((void **)&packs->items, &packs->room, packs->count, sizeof(named)) <
	    0)
		return ms_fail_memory(err);
	named.path = ms_strdup(path);
	status = named.path ? ms_pack_open(&named.pack, path, err) : ms_fail_memory(err);
	if (status == MS_OK)
		packs->items[packs->count++] = named;
	else
		ms_free(named.path);
	return status;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static bool is_pack(const char *name)
{
	size_t len = strlen(name), end = strlen(MS_PACK_SUFFIX);

	return len > end && strcmp(name + len - end, MS_PACK_SUFFIX) == 0;
}

struct names {
	char **items;
	size_t count, room;
};

/* The packs of a directory, sorted: what comes first is asked first. */
static ms_status list_packs(struct names *names, const char *dir, struct ms_error *err)
{
	DIR *stream = opendir(dir);
	struct dirent *entry;
	ms_status status = MS_OK;

	if (!stream)
		return ms_fail(err, MS_EIO, "%s: %s", dir, strerror(errno));
	while (status == MS_OK && (entry = readdir(stream)) != NULL) {
		char *copy;

		if (!is_pack(entry->d_name))
			continue;
		copy = ms_strdup(entry->d_name);
		if (!copy || ms_grow((void **)&names->items, &names->room, names->count,
				     sizeof(char *)) < 0) {
			ms_free(copy);
			status = ms_fail_memory(err);
		} else {
			names->items[names->count++] = copy;
		}
	}
	closedir(stream);
	if (names->count)
		qsort(names->items, names->count, sizeof(char *), by_name);
	return status;
}

static ms_status add_dir(struct ms_packs *packs, const char *dir, struct ms_error *err)
{
	struct names names = { NULL, 0, 0 };
	ms_status status = list_packs(&names, dir, err);
	char path[PATH_MAX];

	if (packs->dirs.len)
		ms_strbuf_addc(&packs->dirs, ':');
	ms_strbuf_adds(&packs->dirs, dir);
	if (status == MS_OK && packs->dirs.failed)
		status = ms_fail_memory(err);
	for (size_t i = 0; i < names.count; i++) {
		int len = snprintf(path, sizeof(path), "%s/%s", dir, names.items[i]);

		if (status == MS_OK && len >= 0 && (size_t)len < sizeof(path))
			status = add_pack(packs, path, err);
		ms_free(names.items[i]);
	}
	ms_free(names.items);
	return status;
}

static ms_status add_place(struct ms_packs *packs, const char *place,
			   struct ms_error *err)
{
	struct stat st;

	if (stat(place, &st) < 0)
		return ms_fail(err, MS_EIO, "%s: %s", place, strerror(errno));
	return S_ISDIR(st.st_mode) ? add_dir(packs, place, err)
				   : add_pack(packs, place, err);
}

ms_status ms_packs_open(struct ms_packs **out, const char *places, struct ms_error *err)
{
	struct ms_packs *packs = ms_alloc_zero(1, sizeof(*packs));
	ms_status status = packs ? MS_OK : ms_fail_memory(err);

	*out = NULL;
	if (packs)
		ms_strbuf_init(&packs->dirs);
	while (status == MS_OK && *places) {
		size_t len = strcspn(places, ":");
		char *place = ms_strndup(places, len);

		status = !place ? ms_fail_memory(err)
			 : len	? add_place(packs, place, err)
				: MS_OK;
		ms_free(place);
		places += len + (places[len] == ':');
	}
	if (status == MS_OK)
		*out = packs;
	else
		ms_packs_free(packs);
	return status;
}

const char *ms_packs_dirs(const struct ms_packs *packs)
{
	return ms_strbuf_text(&packs->dirs);
}

bool ms_packs_have(const struct ms_packs *packs, const struct ms_pack_key *key)
{
	size_t module;

	for (size_t i = 0; packs && i < packs->count; i++)
		if (ms_pack_find_module(packs->items[i].pack, key, &module))
			return true;
	return false;
}

bool ms_packs_find(const struct ms_packs *packs, const struct ms_pack_key *key,
		   uint64_t address, struct ms_pack_cursor *cursor)
{
	size_t module;

	for (size_t i = 0; i < packs->count; i++)
		if (ms_pack_find_module(packs->items[i].pack, key, &module) &&
		    ms_pack_find(packs->items[i].pack, module, address, cursor))
			return true;
	return false;
}

bool ms_packs_module(const struct ms_packs *packs, size_t index,
		     struct ms_packed_module *module)
{
	struct ms_pack_key key;
	size_t i = 0;

	for (; i < packs->count; i++) {
		size_t here = ms_pack_module_count(packs->items[i].pack);

		if (index < here)
			break;
		index -= here;
	}
	if (i == packs->count)
		return false;
	key = ms_pack_module(packs->items[i].pack, index);
	*module = (struct ms_packed_module){ .pack = packs->items[i].path,
					     .path = key.path,
					     .build_id = key.build_id,
					     .build_id_bytes = key.build_id_bytes,
					     .addresses = ms_pack_address_count(
						     packs->items[i].pack, index) };
	return true;
}
