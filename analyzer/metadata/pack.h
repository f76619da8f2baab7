/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pack.h - names of addresses in a file: what a trace needs to be read elsewhere, and
 * what is kept from one report to the next.
 *
 * A pack is a head of 40 bytes and a body, compressed by zlib.  All numbers of the head
 * are little-endian; those of the body are varints (common/varint.h).
 *
 *	head	magic "MEMSYMS\n", major u16, minor u16, head's bytes u32, body's bytes
 *u64, unpacked bytes u64, CRC-32C of the body u32, of the head before this u32 body
 *length of the texts, then each with a zero byte; the first is text 1, and 0 stands for
 *none modules: how many, then for each length of the build-id (0: none) and its bytes
 *			text of its path, bytes of its mapped range, text of its source
 *			addresses: how many, bytes of them, then for each
 *				distance from the one before, levels: how many, then for
 *				each: text of the function, text of the file, line
 *
 * Addresses are ELF virtual ones of instructions, in rising order.  Levels are the
 * functions there, the innermost inlined one first; none when nothing is known there.
 */
#ifndef MS_METADATA_PACK_H
#define MS_METADATA_PACK_H

#include "analyzer/metadata/metadata.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MS_PACK_MAGIC	     "MEMSYMS\n"
#define MS_PACK_MAJOR	     1
#define MS_PACK_MINOR	     0
#define MS_PACK_HEAD_BYTES   40
#define MS_PACK_BODY_MAX     (256u << 20) /* unpacked */
#define MS_PACK_LEVELS	     128	  /* at one address */
#define MS_PACK_BUILD_ID_MAX 255

/* What a module is known by: the build-id, or path and mapped range without one. */
struct ms_pack_key {
	const uint8_t *build_id;
	size_t build_id_bytes;
	const char *path;
	uint64_t mapped_bytes;
	const char *source; /* of a cache: the files that the names come from; or "" */
};

struct ms_pack_level { /* NULL, 0: not known */
	const char *function, *file;
	uint64_t line;
};

/* --- reading (pack_read.c, pack_open.c) -----------------------------------------------
 * A pack that is open never changes: threads may share it.
 */
struct ms_pack;

/*
 * Open the pack at path.  MS_EIO; MS_EFORMAT when it is none, damaged, or of a later
 * major version; MS_ENOMEM.
 */
MS_MUST_CHECK ms_status ms_pack_open(struct ms_pack **out, const char *path,
				     struct ms_error *err);
/* The same of len_bytes at bytes, which may go after; name is for messages. */
MS_MUST_CHECK ms_status ms_pack_parse(struct ms_pack **out, const void *bytes,
				      size_t len_bytes, const char *name,
				      struct ms_error *err);
/* The same of an unpacked body. */
MS_MUST_CHECK ms_status ms_pack_parse_body(struct ms_pack **out, const void *bytes,
					   size_t len_bytes, const char *name,
					   struct ms_error *err);
void ms_pack_close(struct ms_pack *pack); /* NULL is fine */

size_t ms_pack_module_count(const struct ms_pack *pack);
/* Texts and bytes belong to the pack. */
struct ms_pack_key ms_pack_module(const struct ms_pack *pack, size_t module);
size_t ms_pack_address_count(const struct ms_pack *pack, size_t module);

/* The first module that key stands for (whatever its source); false: none. */
bool ms_pack_find_module(const struct ms_pack *pack, const struct ms_pack_key *key,
			 size_t *module);

/* The levels at one address, one after the other. */
struct ms_pack_cursor {
	const struct ms_pack *pack;
	const uint8_t *next;
	size_t left;
};
/* false: the pack has not got address; else cursor->left levels may be none. */
bool ms_pack_find(const struct ms_pack *pack, size_t module, uint64_t address,
		  struct ms_pack_cursor *cursor);
/* The index-th address of a module, and its levels. */
uint64_t ms_pack_address(const struct ms_pack *pack, size_t module, size_t index,
			 struct ms_pack_cursor *cursor);
/* Texts belong to the pack.  false: no more. */
bool ms_pack_next(struct ms_pack_cursor *cursor, struct ms_pack_level *level);

/* --- writing (pack_write.c, see metadata.h)
 * ----------------------------------------------------------
 */
/* The module of key, added when it is new.  Texts are copied.  MS_OK or MS_ENOMEM. */
MS_MUST_CHECK ms_status ms_pack_add_module(struct ms_pack_writer *writer,
					   const struct ms_pack_key *key, size_t *module);
/*
 * What lies at address of a module; of several the first counts.  Levels past
 * MS_PACK_LEVELS are left out, texts are copied.  MS_OK or MS_ENOMEM.
 */
MS_MUST_CHECK ms_status ms_pack_add(struct ms_pack_writer *writer, size_t module,
				    uint64_t address, const struct ms_pack_level *levels,
				    size_t count);
/* The pack's bytes, for ms_free.  MS_EUSAGE: they would be too many.  MS_ENOMEM. */
MS_MUST_CHECK ms_status ms_pack_encode(uint8_t **bytes, size_t *len_bytes,
				       struct ms_pack_writer *writer,
				       struct ms_error *err);

#endif
