/* SPDX-License-Identifier: Apache-2.0 */
/*
 * module_symbols.h - the frames of one module's addresses, each resolved once.
 *
 * Everything that is made for a module is its own: two threads may ask two modules at a
 * time.
 */
#ifndef MS_METADATA_MODULE_SYMBOLS_H
#define MS_METADATA_MODULE_SYMBOLS_H

#include "analyzer/metadata/pack.h"
#include "analyzer/metadata/symbols.h"

struct ms_module_symbols;

/*
 * For module, whose path and build-id stay while it lives, as do cwd (where relative
 * paths begin; may be NULL) and options.  Nothing is opened yet.  NULL: no memory.
 */
struct ms_module_symbols *ms_module_symbols_new(const struct ms_module *module,
						const char *cwd,
						const struct ms_symbol_options *options);
void ms_module_symbols_free(struct ms_module_symbols *symbols); /* NULL is fine */

/* The frames of where (struct ms_wire_node's), if they are known already; or NULL. */
const struct ms_frames *ms_module_symbols_known(const struct ms_module_symbols *symbols,
						uint64_t where);
/* The frames of where.  MS_OK or MS_ENOMEM; asking again is fine. */
MS_MUST_CHECK ms_status ms_module_symbols_at(const struct ms_frames **out,
					     struct ms_module_symbols *symbols,
					     uint64_t where);

/* As ms_metadata_defines(). */
MS_MUST_CHECK ms_status ms_module_symbols_defines(enum ms_defines *answer,
						  struct ms_module_symbols *symbols,
						  const char *const *names, size_t count);
/* See ms_metadata_module_file_differs(). */
bool ms_module_symbols_differs(const struct ms_module_symbols *symbols);
/* Add what is known to a pack, unless nothing is known of the module's files.  MS_OK or
 * MS_ENOMEM. */
MS_MUST_CHECK ms_status ms_module_symbols_pack(struct ms_module_symbols *symbols,
					       struct ms_pack_writer *writer);
/* Keep what was found in files for the next time; whether there was anything. */
bool ms_module_symbols_save(struct ms_module_symbols *symbols);

#endif
