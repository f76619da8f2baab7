/* SPDX-License-Identifier: Apache-2.0 */
/*
 * symbol_packs.c - writing the names that traces need, and listing what packs hold.
 */
#include "analyzer/base/strbuf.h"
#include "analyzer/facade/blocks.h"

#include <memscope/metadata.h>

/* The modules that names were asked for. */
static void count_modules(struct memscope_pack_result *result,
			  const struct ms_metadata *meta)
{
	size_t count;
	const struct ms_module *modules = ms_metadata_modules(meta, &count);

	for (size_t i = 0; i < count; i++) {
		result->modules += ms_metadata_module_asked(meta, modules[i].id);
		result->missing += ms_metadata_module_file_differs(meta, modules[i].id);
	}
}

static ms_status pack_trace(struct memscope *m, size_t index,
			    struct ms_pack_writer *writer,
			    struct memscope_pack_result *result, struct ms_error *err)
{
	struct ms_metadata *meta = m->traces[index].meta;
	ms_status status;

	if (m->progress)
		m->progress(m->progress_context, "looking up functions and lines", index,
			    m->count);
	status = ms_metadata_resolve_all(meta, m->traces[index].threads, err);
	if (status == MS_OK)
		status = ms_metadata_pack_symbols(meta, writer, err);
	if (status == MS_OK && m->count > 1)
		ms_metadata_save_symbols(meta);
	count_modules(result, meta);
	return status;
}

int memscope_symbols_pack(struct memscope *m, const char *path,
			  struct memscope_pack_result *result, struct memscope_error *err)
{
	struct memscope_pack_result counted = { 0, 0 };
	struct ms_error *own = ms_own_error(err);
	struct ms_pack_writer *writer = ms_pack_writer_new();
	ms_status status = writer ? MS_OK : ms_fail_memory(own);

	for (size_t i = 0; status == MS_OK && i < m->count; i++)
		status = pack_trace(m, i, writer, &counted, own);
	if (status == MS_OK)
		status = ms_pack_write(writer, path, own);
	ms_pack_writer_free(writer);
	if (result)
		*result = counted;
	return status;
}

enum { PACK, BUILD_ID, ADDRESSES, PATH, COLUMNS };
static const struct ms_column columns[COLUMNS] = {
	[PACK] = { "pack", "pack", MS_TYPE_TEXT, 0, "the file" },
	[BUILD_ID] = { "build_id", "build-id", MS_TYPE_TEXT, 0, "of the module" },
	[ADDRESSES] = { "addresses", "addresses", MS_TYPE_COUNT, 0,
			"how many of the module's have a name here" },
	[PATH] = { "path", "module", MS_TYPE_TEXT, 0, "as the program saw it" },
};

struct listing {
	const struct ms_packs *packs;
	size_t next;
	struct ms_strbuf build_id;
};

static ms_status next_module(struct ms_rows *rows, struct ms_value *values, bool *more,
			     struct ms_error *err)
{
	struct listing *listing = rows->context;
	struct ms_packed_module module;

	*more = ms_packs_module(listing->packs, listing->next, &module);
	if (!*more)
		return MS_OK;
	listing->next++;
	ms_strbuf_clear(&listing->build_id);
	for (size_t i = 0; i < module.build_id_bytes; i++)
		ms_strbuf_appendf(&listing->build_id, "%02x", module.build_id[i]);
	if (listing->build_id.failed)
		return ms_fail_memory(err);
	values[PACK] = (struct ms_value){ .text = module.pack };
	values[BUILD_ID] =
		(struct ms_value){ .absent = !module.build_id_bytes,
				   .text = ms_strbuf_text(&listing->build_id) };
	values[ADDRESSES] = (struct ms_value){ .number = module.addresses };
	values[PATH] = (struct ms_value){ .text = module.path };
	return MS_OK;
}

int memscope_symbols_list(const char *places, const struct memscope_output *output,
			  struct memscope_error *err)
{
	struct listing listing = { .next = 0 };
	struct ms_rows rows = { columns, COLUMNS, next_module, &listing };
	struct ms_packs *packs;
	ms_status status = ms_packs_open(&packs, places, ms_own_error(err));

	if (status != MS_OK)
		return status;
	listing.packs = packs;
	ms_strbuf_init(&listing.build_id);
	status = ms_facade_print_rows(&rows, "modules", output, ms_own_error(err));
	ms_strbuf_release(&listing.build_id);
	ms_packs_free(packs);
	return status;
}
