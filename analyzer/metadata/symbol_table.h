/* SPDX-License-Identifier: Apache-2.0 */
/*
 * symbol_table.h - function names of an ELF file by address, where there is nothing
 * better.
 */
#ifndef MS_METADATA_SYMBOL_TABLE_H
#define MS_METADATA_SYMBOL_TABLE_H

#include <elfutils/libdwfl.h>
#include <stdint.h>

struct ms_symbol_table;

/*
 * The functions of the symbol tables of a file and of its debug file (NULL: none):
 * .symtab or else .dynsym, and .gnu_debugdata.  NULL: no memory; without symbols the
 * table is empty.  Names belong to the modules.
 */
struct ms_symbol_table *ms_symbol_table_new(Dwfl_Module *main, Dwfl_Module *debug);
void ms_symbol_table_free(struct ms_symbol_table *table); /* NULL is fine */

/*
 * The name, as the file has it (mangled, with a version), of the function that address
 * lies in; NULL: none.  Of several the innermost; of names for one function a global one,
 * a weak one, a local one, the one with fewest leading underscores, then the first by
 * name.
 */
const char *ms_symbol_table_find(const struct ms_symbol_table *table, uint64_t address);

#endif
