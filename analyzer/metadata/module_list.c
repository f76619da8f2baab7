/* SPDX-License-Identifier: Apache-2.0 */
/*
 * module_list.c - the programs and libraries of a log over time.
 *
 * An address range may belong to different modules at different times, so a module is
 * known by its id alone.
 */
#include "analyzer/base/alloc.h"
#include "analyzer/metadata/inside.h"

#include <string.h>

static const uint8_t *copy_bytes(struct ms_arena *arena, const uint8_t *bytes, size_t n)
{
	return (const uint8_t *)ms_arena_text(arena, n ? (const char *)bytes : "", n);
}

static bool is_module_id(uint32_t id)
{
	return id != MS_MODULE_NONE && id < MS_MODULE_CUT;
}

ms_status ms_metadata_add_module(struct ms_metadata *meta, const struct ms_module *module,
				 size_t path_len)
{
	struct ms_module copy = *module;

	if (!is_module_id(copy.id) || ms_map_find(&meta->module_index, copy.id))
		return MS_OK;
	copy.path = ms_arena_text(&meta->arena, path_len ? module->path : "", path_len);
	copy.build_id = copy_bytes(&meta->arena, copy.build_id, copy.build_id_bytes);
	if (!copy.path || !copy.build_id ||
	    MS_GROW(meta->modules, meta->module_room, meta->module_count) < 0 ||
	    ms_map_put(&meta->module_index, copy.id, meta->module_count) < 0)
		return MS_ENOMEM;
	meta->modules[meta->module_count++] = copy;
	return MS_OK;
}

void ms_metadata_module_gone(struct ms_metadata *meta, uint32_t id, uint64_t gone_ns)
{
	const uint64_t *place = ms_map_find(&meta->module_index, id);

	if (place)
		meta->modules[*place].gone_ns = gone_ns;
}

const struct ms_module *ms_metadata_modules(const struct ms_metadata *meta, size_t *count)
{
	*count = meta->module_count;
	return meta->modules;
}

const struct ms_module *ms_metadata_module(const struct ms_metadata *meta, uint32_t id)
{
	const uint64_t *place = ms_map_find(&meta->module_index, id);

	return place ? &meta->modules[*place] : NULL;
}
