/* SPDX-License-Identifier: Apache-2.0 */
/*
 * symbol_file.c - the files of one module: the program or library, its debug file, and
 * what dwz moved out of that.
 *
 * A file is taken when its build-id is the log's; the path alone proves nothing.  Each
 * module has its own libdwfl sessions, with the addresses of the file: two modules that
 * were at one address at different times never meet.
 */
#include "analyzer/metadata/symbol_file.h"

#include "analyzer/base/alloc.h"
#include "analyzer/metadata/code_index.h"
#include "analyzer/metadata/debug_files.h"
#include "analyzer/metadata/debuginfod.h"
#include "analyzer/metadata/demangle.h"
#include "analyzer/metadata/elf_image.h"
#include "analyzer/metadata/symbol_table.h"

#include <elfutils/libdwelf.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define DELETED " (deleted)"

struct ms_symbol_file {
	struct ms_elf_image main, debug; /* debug is open only when main has no DWARF */
	struct ms_build_id id;		 /* the log's */
	const char *dirs;
	bool debuginfod;

	struct ms_code_index
		*code; /* NULL: no debug information, or not looked for yet */
	struct ms_symbol_table *symbols;
	Dwarf *alt;	/* what dwz moved out */
	bool has_debug; /* whether it was looked for */
	char path[PATH_MAX];
	char debug_path[PATH_MAX];
};

/* --- opening ---------------------------------------------------------------------------
 */

static struct ms_symbol_file *make(const struct ms_module *module,
				   const struct ms_symbol_options *options)
{
	struct ms_symbol_file *file = ms_alloc_zero(1, sizeof(*file));

	if (!file)
		return NULL;
	file->dirs = options->debug_dirs ? options->debug_dirs : "/usr/lib/debug";
	file->debuginfod = options->debuginfod;
	file->id = (struct ms_build_id){ module->build_id, module->build_id_bytes };
	return file;
}

void ms_symbol_file_close(struct ms_symbol_file *file)
{
	if (!file)
		return;
	ms_code_index_free(file->code);
	ms_symbol_table_free(file->symbols);
	ms_elf_image_close(&file->debug);
	ms_elf_image_close(&file->main);
	if (file->alt)
		dwarf_end(file->alt);
	ms_free(file);
}

/* Take the file of fd, which is closed if it is not the module's. */
static bool take(struct ms_symbol_file *file, int fd)
{
	if (fd < 0)
		return false;
	if (file->id.len == 0 || ms_elf_has_build_id(fd, file->id))
		return ms_elf_image_open(&file->main, fd);
	close(fd);
	return false;
}

static bool take_path(struct ms_symbol_file *file, const char *directory,
		      const char *path, size_t path_len)
{
	int len = snprintf(file->path, sizeof(file->path), "%s%s%.*s", directory,
			   *directory ? "/" : "", (int)path_len, path);

	return len >= 0 && (size_t)len < sizeof(file->path) &&
	       take(file, ms_elf_open(file->path));
}

/* The file where the program had it. */
static bool take_own(struct ms_symbol_file *file, const struct ms_module *module,
		     const char *cwd)
{
	size_t len = strlen(module->path), cut = strlen(DELETED);
	const char *directory = *module->path == '/' ? "" : cwd;

	if (!directory || len >= PATH_MAX)
		return false;
	if (take_path(file, directory, module->path, len))
		return true;
	/* What took a deleted file's place is it only when a build-id says so. */
	return file->id.len > 0 && len > cut &&
	       strcmp(module->path + len - cut, DELETED) == 0 &&
	       take_path(file, directory, module->path, len - cut);
}

/* The file, or its debug file alone, where debug packages put it. */
static bool take_by_build_id(struct ms_symbol_file *file)
{
	return take(file, ms_debug_by_build_id(file->path, file->dirs, file->id, "")) ||
	       take(file,
		    ms_debug_by_build_id(file->path, file->dirs, file->id, ".debug"));
}

static bool take_from_server(struct ms_symbol_file *file)
{
	file->path[0] = '\0';
	return file->debuginfod && take(file, ms_debuginfod_program(file->id));
}

ms_status ms_symbol_file_open(struct ms_symbol_file **out, bool *differs,
			      const struct ms_module *module, const char *cwd,
			      const struct ms_symbol_options *options)
{
	struct ms_symbol_file *file;

	*out = NULL;
	*differs = false;
	if (!strchr(module->path, '/')) /* the vdso, or no path at all */
		return MS_OK;
	file = make(module, options);
	if (!file)
		return MS_ENOMEM;
	if (take_own(file, module, cwd) || take_by_build_id(file) ||
	    take_from_server(file)) {
		*out = file;
		return MS_OK;
	}
	*differs = true;
	ms_symbol_file_close(file);
	return MS_OK;
}

/* --- debug information -----------------------------------------------------------------
 */

/* Open the debug file of a file that has no debug information itself. */
static bool open_debug(struct ms_symbol_file *file)
{
	struct ms_build_id id = { NULL, 0 };
	const void *bytes;
	const char *link;
	GElf_Word crc = 0;
	ssize_t len = dwelf_elf_gnu_build_id(file->main.elf, &bytes);
	int fd;

	if (len > 0)
		id = (struct ms_build_id){ bytes, (size_t)len };
	link = dwelf_elf_gnu_debuglink(file->main.elf, &crc);
	fd = ms_debug_by_build_id(file->debug_path, file->dirs, id, ".debug");
	if (fd < 0 && link && *file->path)
		fd = ms_debug_by_link(file->debug_path, file->dirs, file->path, link, crc,
				      id);
	if (fd < 0) {
		file->debug_path[0] = '\0';
		fd = file->debuginfod ? ms_debuginfod_debug(id) : -1;
	}
	return fd >= 0 && ms_elf_image_open(&file->debug, fd);
}

/* Give dwarf, of the file at path, the file that dwz moved common parts to. */
static void attach_alt(struct ms_symbol_file *file, Dwarf *dwarf, const char *path)
{
	const char *link = NULL;
	const void *bytes;
	ssize_t len = dwelf_dwarf_gnu_debugaltlink(dwarf, &link, &bytes);
	int fd;

	if (len <= 0 || !link)
		return;
	fd = ms_debug_alt(file->dirs, path, link,
			  (struct ms_build_id){ bytes, (size_t)len });
	if (fd < 0)
		return;
	file->alt = dwarf_begin(fd, DWARF_C_READ);
	if (file->alt) {
		dwarf_setalt(dwarf, file->alt);
		elf_cntl(dwarf_getelf(file->alt), ELF_C_FDREAD);
	}
	close(fd);
}

/* Look for debug information, once.  MS_OK, whether there is some or not, or MS_ENOMEM.
 */
static ms_status find_debug(struct ms_symbol_file *file)
{
	struct ms_elf_image *image = &file->main;

	if (file->has_debug)
		return MS_OK;
	if (!image->dwarf && (file->debug.session || open_debug(file)))
		image = &file->debug;
	if (image->dwarf) {
		file->code = ms_code_index_new(image->dwarf, image->bias);
		if (!file->code)
			return MS_ENOMEM;
		attach_alt(file, image->dwarf,
			   image == &file->main ? file->path : file->debug_path);
	}
	file->has_debug = true;
	return MS_OK;
}

/* --- asking ----------------------------------------------------------------------------
 */

/* The symbol table's name for address; NULL in *name when it has none. */
static ms_status find_symbol(const char **name, struct ms_symbol_file *file,
			     uint64_t address)
{
	if (!file->symbols) {
		file->symbols = ms_symbol_table_new(
			file->main.module,
			file->debug.session ? file->debug.module : NULL);
		if (!file->symbols)
			return MS_ENOMEM;
	}
	*name = ms_symbol_table_find(file->symbols, address);
	return MS_OK;
}

ms_status ms_symbol_file_find(struct ms_code *code, struct ms_symbol_file *file,
			      uint64_t address)
{
	struct ms_code_level *owner = &code->levels[0];
	const char *name;

	code->count = 0;
	if (find_debug(file) != MS_OK ||
	    (file->code && ms_code_index_find(code, file->code, address) != MS_OK))
		return MS_ENOMEM;
	if (code->count)
		owner = &code->levels[code->count - 1];
	else
		*owner = (struct ms_code_level){ 0 };
	if (owner->linkage)
		return MS_OK;
	if (find_symbol(&name, file, address) != MS_OK) {
		code->count = 0;
		return MS_ENOMEM;
	}
	/* With -g1 a mangled symbol says more than DWARF does: its class and arguments.
	 */
	if (name && (!owner->name || ms_is_mangled(name)))
		owner->linkage = name;
	if (code->count == 0 && name)
		code->count = 1;
	return MS_OK;
}
