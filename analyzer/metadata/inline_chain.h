/* SPDX-License-Identifier: Apache-2.0 */
/*
 * inline_chain.h - from one instruction to the functions that were inlined there.
 */
#ifndef MS_METADATA_INLINE_CHAIN_H
#define MS_METADATA_INLINE_CHAIN_H

#include "analyzer/metadata/symbol_file.h"

#include <elfutils/libdw.h>

/*
 * Fill code with what lies at pc: at least one level.  head is the unit that has the
 * lines, function the DW_TAG_subprogram that owns the code, or NULL.
 */
void ms_inlines_find(struct ms_code *code, Dwarf_Die *head, Dwarf_Die *function,
		     Dwarf_Addr pc);

#endif
