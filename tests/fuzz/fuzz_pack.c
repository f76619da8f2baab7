/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz_pack.c - any bytes as a symbol pack: opening and asking it does no harm.
 *
 * An input that begins with 'B' is a body, unpacked, so that checksums and a compressor
 * do not stand in the way; any other is a file.
 */
#include "analyzer/metadata/pack.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool condition)
{
	if (!condition)
		abort();
}

static size_t ask_levels(struct ms_pack_cursor *cursor)
{
	struct ms_pack_level level;
	size_t count = 0, bytes = 0;

	for (; ms_pack_next(cursor, &level); count++) {
		bytes += level.function ? strlen(level.function) : 0;
		bytes += level.file ? strlen(level.file) : 0;
		require(level.line <= UINT32_MAX);
	}
	require(count <= MS_PACK_LEVELS);
	return bytes;
}

static size_t ask_module(const struct ms_pack *pack, size_t module)
{
	struct ms_pack_key key = ms_pack_module(pack, module);
	struct ms_pack_cursor cursor;
	uint64_t last = 0;
	size_t first, bytes = strlen(key.path) + strlen(key.source);

	require(ms_pack_find_module(pack, &key, &first) && first <= module);
	for (size_t i = 0; i < ms_pack_address_count(pack, module); i++) {
		uint64_t address = ms_pack_address(pack, module, i, &cursor);

		require(i == 0 || address > last);
		last = address;
		bytes += ask_levels(&cursor);
		require(ms_pack_find(pack, module, address, &cursor));
	}
	return bytes;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct ms_error err = { "" };
	size_t bytes = 0;
	struct ms_pack *pack;
	ms_status status;

	if (size && data[0] == 'B')
		status = ms_pack_parse_body(&pack, data + 1, size - 1, "input", &err);
	else
		status = ms_pack_parse(&pack, data, size, "input", &err);
	if (status == MS_OK) {
		for (size_t i = 0; i < ms_pack_module_count(pack); i++)
			bytes += ask_module(pack, i);
		require(bytes < SIZE_MAX);
		ms_pack_close(pack);
	} else {
		require(status == MS_EFORMAT && err.text[0] && !strchr(err.text, '\n'));
	}
	return 0;
}
