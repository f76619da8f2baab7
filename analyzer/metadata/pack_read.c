/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pack_read.c - names of addresses from a pack, whose bytes may be anybody's.
 *
 * The body is unpacked and walked once, and everything in it is checked then: what is
 * asked later only follows places that were found to be sound.  Nothing is allocated by
 * a number that the bytes that are there do not cover.
 */
#include "analyzer/base/alloc.h"
#include "analyzer/base/map.h"
#include "analyzer/metadata/pack_inside.h"
#include "common/bytes.h"

#include <string.h>

struct module {
	struct ms_pack_key key;
	uint64_t *addresses;
	uint32_t *places; /* in the body, of the number of levels of each address */
	size_t count;
	uint64_t same_hash; /* the next module of that hash + 1; 0: none */
};

struct ms_pack {
	uint8_t *body;
	size_t body_bytes;
	const char **texts; /* text n at n - 1 */
	size_t text_count;
	struct module *modules;
	size_t module_count, module_room;
	struct ms_map by_key; /* hash of a key to the first module of it + 1 */
};

/* --- the body --------------------------------------------------------------------------
 */

static ms_status read_texts(struct ms_pack *pack, struct ms_bytes *b)
{
	uint64_t bytes = ms_bytes_varint(b);
	const char *text = bytes <= ms_bytes_left(b)
				   ? (const char *)ms_bytes_take(b, (size_t)bytes)
				   : NULL;
	const char *end = text ? text + bytes : NULL;

	if (!text || (bytes && end[-1] != '\0'))
		return MS_EFORMAT;
	for (const char *p = text; p < end; p += strlen(p) + 1)
		pack->text_count++;
	pack->texts = ms_alloc(pack->text_count * sizeof(*pack->texts));
	if (!pack->texts)
		return MS_ENOMEM;
	for (size_t i = 0; i < pack->text_count; i++) {
		pack->texts[i] = text;
		text += strlen(text) + 1;
	}
	return MS_OK;
}

static const char *text_of(const struct ms_pack *pack, uint64_t id)
{
	return id ? pack->texts[id - 1] : NULL;
}

/* A text's number; too large a one makes b bad. */
static uint64_t read_text(const struct ms_pack *pack, struct ms_bytes *b)
{
	uint64_t id = ms_bytes_varint(b);

	b->bad |= id > pack->text_count;
	return b->bad ? 0 : id;
}

/* Step over the levels of one address. */
static void check_levels(const struct ms_pack *pack, struct ms_bytes *b)
{
	uint64_t levels = ms_bytes_varint(b);

	b->bad |= levels > MS_PACK_LEVELS;
	for (; !b->bad && levels > 0; levels--) {
		read_text(pack, b);
		read_text(pack, b);
		b->bad |= ms_bytes_varint(b) > UINT32_MAX;
	}
}

static ms_status read_addresses(struct module *module, const struct ms_pack *pack,
				struct ms_bytes *b, uint64_t count)
{
	uint64_t address = 0;

	/* An address takes two bytes at least. */
	if (b->bad || count > ms_bytes_left(b) / 2)
		return MS_EFORMAT;
	module->addresses = ms_alloc((size_t)count * sizeof(*module->addresses));
	module->places = ms_alloc((size_t)count * sizeof(*module->places));
	if (!module->addresses || !module->places)
		return MS_ENOMEM;
	for (; module->count < count && !b->bad; module->count++) {
		uint64_t distance = ms_bytes_varint(b);

		b->bad |= (module->count && distance == 0) ||
			  distance > UINT64_MAX - address;
		address += distance;
		module->addresses[module->count] = address;
		module->places[module->count] = (uint32_t)(b->p - pack->body);
		check_levels(pack, b);
	}
	return b->bad ? MS_EFORMAT : MS_OK;
}

static ms_status read_module(struct ms_pack *pack, struct ms_bytes *b)
{
	struct module *module;
	uint64_t bytes = ms_bytes_varint(b), path, source, count;
	const uint8_t *end;
	ms_status status;

	b->bad |= bytes > MS_PACK_BUILD_ID_MAX;
	if (b->bad)
		return MS_EFORMAT;
	if (ms_grow((void **)&pack->modules, &pack->module_room, pack->module_count,
		    sizeof(*module)) < 0)
		return MS_ENOMEM;
	module = &pack->modules[pack->module_count++];
	*module = (struct module){ .key = { .build_id_bytes = (size_t)bytes } };
	module->key.build_id = ms_bytes_take(b, (size_t)bytes);
	path = read_text(pack, b);
	module->key.mapped_bytes = ms_bytes_varint(b);
	source = read_text(pack, b);
	module->key.path = path ? text_of(pack, path) : "";
	module->key.source = source ? text_of(pack, source) : "";
	count = ms_bytes_varint(b);
	bytes = ms_bytes_varint(b);
	if (b->bad || bytes > ms_bytes_left(b))
		return MS_EFORMAT;
	end = b->p + bytes;
	status = read_addresses(module, pack, b, count);
	return status == MS_OK && b->p != end ? MS_EFORMAT : status;
}

/* When all modules are there: they do not move any more. */
static ms_status index_modules(struct ms_pack *pack)
{
	for (size_t i = pack->module_count; i-- > 0;) {
		uint64_t *first = ms_map_at(
			&pack->by_key, ms_pack_key_hash(&pack->modules[i].key), NULL);

		if (!first)
			return MS_ENOMEM;
		pack->modules[i].same_hash = *first;
		*first = i + 1;
	}
	return MS_OK;
}

static ms_status read_body(struct ms_pack *pack)
{
	struct ms_bytes b = ms_bytes(pack->body, pack->body_bytes);
	ms_status status = read_texts(pack, &b);
	uint64_t count = status == MS_OK ? ms_bytes_varint(&b) : 0;

	for (; status == MS_OK && !b.bad && count > 0; count--)
		status = read_module(pack, &b);
	if (status == MS_OK && (b.bad || ms_bytes_left(&b)))
		status = MS_EFORMAT;
	return status == MS_OK ? index_modules(pack) : status;
}

ms_status ms_pack_take_body(struct ms_pack **out, uint8_t *body, size_t body_bytes,
			    const char *name, struct ms_error *err)
{
	struct ms_pack *pack = ms_alloc_zero(1, sizeof(*pack));
	ms_status status;

	*out = NULL;
	if (!pack) {
		ms_free(body);
		return ms_fail_memory(err);
	}
	ms_map_init(&pack->by_key);
	pack->body = body;
	pack->body_bytes = body_bytes;
	status = read_body(pack);
	if (status == MS_OK) {
		*out = pack;
		return MS_OK;
	}
	ms_pack_close(pack);
	return status == MS_ENOMEM ? ms_fail_memory(err) : ms_pack_damaged(err, name);
}

ms_status ms_pack_parse_body(struct ms_pack **out, const void *bytes, size_t len_bytes,
			     const char *name, struct ms_error *err)
{
	uint8_t *body = ms_alloc(len_bytes);

	*out = NULL;
	if (!body)
		return ms_fail_memory(err);
	if (len_bytes)
		memcpy(body, bytes, len_bytes);
	return ms_pack_take_body(out, body, len_bytes, name, err);
}

void ms_pack_close(struct ms_pack *pack)
{
	if (!pack)
		return;
	for (size_t i = 0; i < pack->module_count; i++) {
		ms_free(pack->modules[i].addresses);
		ms_free(pack->modules[i].places);
	}
	ms_map_release(&pack->by_key);
	ms_free(pack->modules);
	ms_free(pack->texts);
	ms_free(pack->body);
	ms_free(pack);
}

/* --- asking ----------------------------------------------------------------------------
 */

size_t ms_pack_module_count(const struct ms_pack *pack)
{
	return pack->module_count;
}

struct ms_pack_key ms_pack_module(const struct ms_pack *pack, size_t module)
{
	return pack->modules[module].key;
}

size_t ms_pack_address_count(const struct ms_pack *pack, size_t module)
{
	return pack->modules[module].count;
}

bool ms_pack_find_module(const struct ms_pack *pack, const struct ms_pack_key *key,
			 size_t *module)
{
	const uint64_t *first = ms_map_find(&pack->by_key, ms_pack_key_hash(key));

	for (uint64_t i = first ? *first : 0; i; i = pack->modules[i - 1].same_hash) {
		*module = (size_t)i - 1;
		if (ms_pack_key_same(&pack->modules[*module].key, key))
			return true;
	}
	return false;
}

uint64_t ms_pack_address(const struct ms_pack *pack, size_t module, size_t index,
			 struct ms_pack_cursor *cursor)
{
	const struct module *m = &pack->modules[module];
	struct ms_bytes b = ms_bytes(pack->body + m->places[index],
				     pack->body_bytes - m->places[index]);

	cursor->pack = pack;
	cursor->left = (size_t)ms_bytes_varint(&b);
	cursor->next = b.p;
	return m->addresses[index];
}

bool ms_pack_find(const struct ms_pack *pack, size_t module, uint64_t address,
		  struct ms_pack_cursor *cursor)
{
	const struct module *m = &pack->modules[module];
	size_t low = 0, high = m->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (m->addresses[middle] < address)
			low = middle + 1;
		else
			high = middle;
	}
	if (low == m->count || m->addresses[low] != address)
		return false;
	ms_pack_address(pack, module, low, cursor);
	return true;
}

bool ms_pack_next(struct ms_pack_cursor *cursor, struct ms_pack_level *level)
{
	const struct ms_pack *pack = cursor->pack;
	struct ms_bytes b = ms_bytes(
		cursor->next, pack->body_bytes - (size_t)(cursor->next - pack->body));

	if (cursor->left == 0)
		return false;
	cursor->left--;
	level->function = text_of(pack, ms_bytes_varint(&b));
	level->file = text_of(pack, ms_bytes_varint(&b));
	level->line = ms_bytes_varint(&b);
	cursor->next = b.p;
	return true;
}
