/* SPDX-License-Identifier: Apache-2.0 */
/*
 * code_index.h - functions, inlined functions and lines by address, from DWARF.
 */
#ifndef MS_METADATA_CODE_INDEX_H
#define MS_METADATA_CODE_INDEX_H

#include "analyzer/metadata/symbol_file.h"

#include <elfutils/libdw.h>

struct ms_code_index;

/*
 * For the DWARF of a file, whose addresses are bias less than those asked for.  Nothing
 * is read yet.  NULL: no memory.
 */
struct ms_code_index *ms_code_index_new(Dwarf *dwarf, Dwarf_Addr bias);
void ms_code_index_free(
	struct ms_code_index *index); /* NULL is fine; before dwarf ends */

/*
 * What DWARF says of address.  code->count is 0 when no unit has it; a unit without a
 * function there makes one level without a name.  MS_OK or MS_ENOMEM.
 */
MS_MUST_CHECK ms_status ms_code_index_find(struct ms_code *code,
					   struct ms_code_index *index, uint64_t address);

#endif
