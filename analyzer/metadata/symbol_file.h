/* SPDX-License-Identifier: Apache-2.0 */
/*
 * symbol_file.h - the files of one module, open: its code, symbols and debug information.
 */
#ifndef MS_METADATA_SYMBOL_FILE_H
#define MS_METADATA_SYMBOL_FILE_H

#include "analyzer/base/strbuf.h"
#include "analyzer/metadata/metadata.h"

#include <libelf.h>

/* No real program comes near; a hostile one does. */
#define MS_CODE_LEVELS 128

/* One function at an address, with texts that belong to the file.  NULL: not known. */
struct ms_code_level {
	const char *linkage; /* perhaps mangled */
	const char *name;
	const char *directory; /* of file, when that is relative */
	const char *file;
	uint32_t line;
};

/* The innermost inlined function first, the one that owns the code last. */
struct ms_code {
	size_t count;
	struct ms_code_level levels[MS_CODE_LEVELS];
};

struct ms_symbol_file;

/*
 * Open what is there of module.  *out is NULL with MS_OK when no file can be trusted to
 * be the module's; *differs then says whether there should be one.  cwd is where relative
 * paths begin, or NULL.  Headers are all that is read.  options outlive the file.
 * MS_ENOMEM.
 */
MS_MUST_CHECK ms_status ms_symbol_file_open(struct ms_symbol_file **out, bool *differs,
					    const struct ms_module *module,
					    const char *cwd,
					    const struct ms_symbol_options *options);
void ms_symbol_file_close(struct ms_symbol_file *file); /* NULL is fine */

/*
 * Append what tells these files from others that the module's symbols could come from:
 * the size and the time of each.  Looks for debug files, and reads nothing in them.
 */
void ms_symbol_file_source(struct ms_strbuf *out, struct ms_symbol_file *file);

/* The program or library itself, or its debug file where that alone is there; it belongs
 * to the file. */
Elf *ms_symbol_file_elf(struct ms_symbol_file *file);

/* Does a symbol table of them define one of the names? */
bool ms_symbol_file_defines(const struct ms_symbol_file *file, const char *const *names,
			    size_t count);

/* The version of the library that reads the files. */
const char *ms_symbol_file_library(void);

/*
 * What lies at an ELF virtual address (of an instruction, not where a call returns to).
 * code->count is 0 when nothing is known.  MS_OK, or MS_ENOMEM; asking again is fine.
 */
MS_MUST_CHECK ms_status ms_symbol_file_find(struct ms_code *code,
					    struct ms_symbol_file *file,
					    uint64_t address);

#endif
