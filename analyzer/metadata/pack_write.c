/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pack_write.c - making a pack: the same names give the same bytes, in whatever order
 * they came.
 */
#include "analyzer/base/alloc.h"
#include "analyzer/base/replace_file.h"
#include "analyzer/base/strbuf.h"
#include "analyzer/metadata/pack_inside.h"
#include "analyzer/metadata/texts.h"
#include "common/crc32c.h"
#include "common/varint.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

struct entry {
	uint64_t address;
	size_t order; /* of coming */
	const struct ms_pack_level *levels;
	size_t count;
};

struct module {
	struct ms_pack_key key;
	struct entry *entries;
	size_t count, room;
	uint64_t same_hash; /* the next module of that hash + 1; 0: none */
};

struct ms_pack_writer {
	struct ms_texts texts;
	struct ms_arena arena; /* levels, build-ids */
	struct module *modules;
	size_t module_count, module_room;
	struct ms_map by_key; /* hash of a key to the newest module of it + 1 */

	/* Of the encoding. */
	struct ms_map ids; /* a kept text to its number */
	struct ms_strbuf blob, body;
	bool failed;
};

struct ms_pack_writer *ms_pack_writer_new(void)
{
	struct ms_pack_writer *writer = ms_alloc_zero(1, sizeof(*writer));

	if (!writer)
		return NULL;
	ms_texts_init(&writer->texts);
	ms_arena_init(&writer->arena);
	ms_map_init(&writer->by_key);
	ms_map_init(&writer->ids);
	ms_strbuf_init(&writer->blob);
	ms_strbuf_init(&writer->body);
	return writer;
}

void ms_pack_writer_free(struct ms_pack_writer *writer)
{
	if (!writer)
		return;
	for (size_t i = 0; i < writer->module_count; i++)
		ms_free(writer->modules[i].entries);
	ms_free(writer->modules);
	ms_strbuf_release(&writer->blob);
	ms_strbuf_release(&writer->body);
	ms_map_release(&writer->by_key);
	ms_map_release(&writer->ids);
	ms_arena_release(&writer->arena);
	ms_texts_release(&writer->texts);
	ms_free(writer);
}

/* --- collecting ------------------------------------------------------------------------
 */

/* NULL stays NULL, and sets *failed never; else the kept copy. */
static const char *keep(struct ms_pack_writer *writer, const char *text, bool *failed)
{
	const char *kept =
		text ? ms_texts_keep(&writer->texts, text, strlen(text)) : NULL;

	*failed |= text && !kept;
	return kept;
}

static bool copy_key(struct ms_pack_writer *writer, struct ms_pack_key *to,
		     const struct ms_pack_key *from)
{
	bool failed = false;

	*to = *from;
	if (from->build_id_bytes)
		to->build_id = (const uint8_t *)ms_arena_text(
			&writer->arena, (const char *)from->build_id,
			from->build_id_bytes);
	to->path = keep(writer, from->path, &failed);
	to->source = keep(writer, from->source, &failed);
	return !failed && (to->build_id || !from->build_id_bytes);
}

ms_status ms_pack_add_module(struct ms_pack_writer *writer, const struct ms_pack_key *key,
			     size_t *module)
{
	uint64_t *newest = ms_map_at(&writer->by_key, ms_pack_key_hash(key), NULL);
	struct module *made;

	if (!newest)
		return MS_ENOMEM;
	for (uint64_t i = *newest; i; i = writer->modules[i - 1].same_hash) {
		*module = (size_t)i - 1;
		if (ms_pack_key_same(&writer->modules[*module].key, key))
			return MS_OK;
	}
	if (ms_grow((void **)&writer->modules, &writer->module_room, writer->module_count,
		    sizeof(*made)) < 0)
		return MS_ENOMEM;
	made = &writer->modules[writer->module_count];
	*made = (struct module){ .same_hash = *newest };
	if (!copy_key(writer, &made->key, key))
		return MS_ENOMEM;
	*module = writer->module_count++;
	*newest = writer->module_count;
	return MS_OK;
}

ms_status ms_pack_add(struct ms_pack_writer *writer, size_t module, uint64_t address,
		      const struct ms_pack_level *levels, size_t count)
{
	struct module *m = &writer->modules[module];
	size_t kept = count < MS_PACK_LEVELS ? count : MS_PACK_LEVELS;
	struct ms_pack_level *copy =
		ms_arena_alloc(&writer->arena, (kept ? kept : 1) * sizeof(*copy));
	bool failed = !copy;

	for (size_t i = 0; !failed && i < kept; i++)
		copy[i] =
			(struct ms_pack_level){ keep(writer, levels[i].function, &failed),
						keep(writer, levels[i].file, &failed),
						levels[i].line };
	if (failed ||
	    ms_grow((void **)&m->entries, &m->room, m->count, sizeof(*m->entries)) < 0)
		return MS_ENOMEM;
	m->entries[m->count] = (struct entry){ address, m->count, copy, kept };
	m->count++;
	return MS_OK;
}

/* --- encoding --------------------------------------------------------------------------
 */

static int by_address(const void *a, const void *b)
{
	const struct entry *x = a, *y = b;

	if (x->address != y->address)
		return x->address < y->address ? -1 : 1;
	return x->order < y->order ? -1 : 1;
}

/* Once each. */
static void sort_entries(struct module *module)
{
	size_t kept = 0;

	if (module->count)
		qsort(module->entries, module->count, sizeof(*module->entries),
		      by_address);
	for (size_t i = 0; i < module->count; i++)
		if (kept == 0 ||
		    module->entries[kept - 1].address != module->entries[i].address)
			module->entries[kept++] = module->entries[i];
	module->count = kept;
}

static void put(struct ms_strbuf *out, uint64_t value)
{
	uint8_t bytes[MS_VARINT_MAX];
	uint8_t *end = ms_varint_put(bytes, value);

	ms_strbuf_add(out, (const char *)bytes, (size_t)(end - bytes));
}

/* Kept texts have one address each; the first use of one makes its number. */
static void put_text(struct ms_strbuf *out, struct ms_pack_writer *writer,
		     const char *text)
{
	uint64_t *id;
	bool is_new;

	if (!text) {
		put(out, 0);
		return;
	}
	id = ms_map_at(&writer->ids, (uint64_t)(uintptr_t)text, &is_new);
	if (!id) {
		writer->failed = true;
		return;
	}
	if (is_new) {
		*id = writer->ids.count;
		ms_strbuf_add(&writer->blob, text, strlen(text) + 1);
	}
	put(out, *id);
}

static void put_entries(struct ms_strbuf *out, struct ms_pack_writer *writer,
			const struct module *module)
{
	uint64_t last = 0;

	for (size_t i = 0; i < module->count; i++) {
		const struct entry *entry = &module->entries[i];

		put(out, entry->address - last);
		put(out, entry->count);
		for (size_t l = 0; l < entry->count; l++) {
			put_text(out, writer, entry->levels[l].function);
			put_text(out, writer, entry->levels[l].file);
			put(out, entry->levels[l].line);
		}
		last = entry->address;
	}
}

static void put_module(struct ms_pack_writer *writer, struct module *module)
{
	const struct ms_pack_key *key = &module->key;
	struct ms_strbuf *out = &writer->body, entries;

	ms_strbuf_init(&entries);
	sort_entries(module);
	put(out, key->build_id_bytes);
	ms_strbuf_add(out, key->build_id_bytes ? (const char *)key->build_id : "",
		      key->build_id_bytes);
	put_text(out, writer, key->path);
	put(out, key->mapped_bytes);
	put_text(out, writer, key->source);
	put_entries(&entries, writer, module);
	put(out, module->count);
	put(out, entries.len);
	ms_strbuf_add(out, ms_strbuf_text(&entries), entries.len);
	writer->failed |= entries.failed;
	ms_strbuf_release(&entries);
}

static void put_fixed(uint8_t *to, uint64_t value, size_t bytes)
{
	memcpy(to, &value, bytes);
}

/* The head before a body that is in its place already. */
static void make_head(uint8_t *head, size_t body_bytes, size_t unpacked_bytes)
{
	memcpy(head, MS_PACK_MAGIC, 8);
	put_fixed(head + 8, MS_PACK_MAJOR, 2);
	put_fixed(head + 10, MS_PACK_MINOR, 2);
	put_fixed(head + 12, MS_PACK_HEAD_BYTES, 4);
	put_fixed(head + 16, body_bytes, 8);
	put_fixed(head + 24, unpacked_bytes, 8);
	put_fixed(head + 32, ms_crc32c(0, head + MS_PACK_HEAD_BYTES, body_bytes), 4);
	put_fixed(head + 36, ms_crc32c(0, head, 36), 4);
}

/* Compress body behind the room for a head. */
static ms_status compress_body(uint8_t **bytes, size_t *len_bytes,
			       const struct ms_strbuf *body)
{
	z_stream z = { .zalloc = ms_pack_zlib_alloc, .zfree = ms_pack_zlib_free };
	unsigned long room;
	int result = Z_MEM_ERROR;

	if (deflateInit(&z, Z_DEFAULT_COMPRESSION) != Z_OK)
		return MS_ENOMEM;
	room = deflateBound(&z, body->len);
	*bytes = ms_alloc(MS_PACK_HEAD_BYTES + room);
	if (*bytes) {
		z.next_in = (uint8_t *)body->text;
		z.avail_in = (unsigned)body->len;
		z.next_out = *bytes + MS_PACK_HEAD_BYTES;
		z.avail_out = (unsigned)room;
		result = deflate(&z, Z_FINISH);
		*len_bytes = MS_PACK_HEAD_BYTES + z.total_out;
	}
	deflateEnd(&z);
	if (result == Z_STREAM_END)
		return MS_OK;
	ms_free(*bytes);
	*bytes = NULL;
	return MS_ENOMEM;
}

/* The whole body: texts are known when all else is written. */
static ms_status join(struct ms_strbuf *whole, struct ms_pack_writer *writer,
		      struct ms_error *err)
{
	put(whole, writer->blob.len);
	ms_strbuf_add(whole, ms_strbuf_text(&writer->blob), writer->blob.len);
	put(whole, writer->module_count);
	ms_strbuf_add(whole, ms_strbuf_text(&writer->body), writer->body.len);
	if (writer->failed || writer->blob.failed || writer->body.failed || whole->failed)
		return ms_fail_memory(err);
	if (whole->len > MS_PACK_BODY_MAX)
		return ms_fail(err, MS_EUSAGE,
			       "the names of these traces are too many for one pack");
	return MS_OK;
}

ms_status ms_pack_encode(uint8_t **bytes, size_t *len_bytes,
			 struct ms_pack_writer *writer, struct ms_error *err)
{
	struct ms_strbuf whole;
	ms_status status;

	*bytes = NULL;
	*len_bytes = 0;
	ms_strbuf_init(&whole);
	ms_strbuf_clear(&writer->blob);
	ms_strbuf_clear(&writer->body);
	ms_map_release(&writer->ids);
	ms_map_init(&writer->ids);
	writer->failed = false;
	for (size_t i = 0; i < writer->module_count; i++)
		put_module(writer, &writer->modules[i]);
	status = join(&whole, writer, err);
	if (status == MS_OK && compress_body(bytes, len_bytes, &whole) != MS_OK)
		status = ms_fail_memory(err);
	if (status == MS_OK)
		make_head(*bytes, *len_bytes - MS_PACK_HEAD_BYTES, whole.len);
	ms_strbuf_release(&whole);
	return status;
}

/* --- the file --------------------------------------------------------------------------
 */

/* Is there nothing at path, or a pack? */
static bool may_replace(const char *path)
{
	char magic[sizeof(MS_PACK_MAGIC) - 1];
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	struct stat st;
	bool may;

	if (fd < 0)
		return errno == ENOENT;
	may = fstat(fd, &st) == 0 && S_ISREG(st.st_mode) &&
	      pread(fd, magic, sizeof(magic), 0) == (ssize_t)sizeof(magic) &&
	      memcmp(magic, MS_PACK_MAGIC, sizeof(magic)) == 0;
	close(fd);
	return may;
}

ms_status ms_pack_write(struct ms_pack_writer *writer, const char *path,
			struct ms_error *err)
{
	uint8_t *bytes;
	size_t len_bytes;
	ms_status status;

	if (!may_replace(path))
		return ms_fail(err, MS_EUSAGE,
			       "%s: is no symbol pack, and is not overwritten", path);
	status = ms_pack_encode(&bytes, &len_bytes, writer, err);
	if (status == MS_OK)
		status = ms_replace_file(path, bytes, len_bytes, 0644, err);
	ms_free(bytes);
	return status;
}
