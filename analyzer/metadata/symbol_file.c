/* SPDX-License-Identifier: Apache-2.0 */
/*
 * symbol_file.c - the files of one module, through elfutils' libdwfl.
 *
 * Each module is a session of its own, reported at bias 0: two modules that were at one
 * address at different times never meet, and addresses are those of the file.  A file is
 * taken when its build-id is the log's; the path alone proves nothing.
 */
#include "analyzer/metadata/symbol_file.h"

#include "analyzer/base/alloc.h"
#include "analyzer/base/strbuf.h"
#include "analyzer/metadata/code_index.h"
#include "analyzer/metadata/debug_files.h"
#include "analyzer/metadata/demangle.h"
#include "analyzer/metadata/symbol_table.h"

#include <elfutils/libdwelf.h>
#include <elfutils/libdwfl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define DELETED " (deleted)"

struct ms_symbol_file {
	Dwfl_Callbacks callbacks; /* the session keeps a pointer to it */
	char *search_path;	  /* likewise */
	Dwfl *session;
	Dwfl_Module *module;
	struct ms_build_id id; /* the log's */
	const char *dirs;
	bool debuginfod;

	struct ms_code_index *code; /* NULL: no debug information */
	struct ms_symbol_table *symbols;
	bool has_dwarf_answer; /* whether code says all there is */
	Dwarf *alt;	       /* what dwz moved out */
	char path[PATH_MAX];
	char debug_path[PATH_MAX]; /* "": the main file's own */
};

/* --- what libdwfl asks -----------------------------------------------------------------
 */

/* Whether libdwfl wants the main file's debug file; else it is what dwz made. */
static bool is_main_request(Dwfl_Module *module, const char *link, GElf_Word crc)
{
	Dwarf_Addr bias;
	GElf_Word own_crc;
	Elf *elf = dwfl_module_getelf(module, &bias);
	const char *own = elf ? dwelf_elf_gnu_debuglink(elf, &own_crc) : NULL;

	if (!link)
		return true;
	return own && strcmp(own, link) == 0 && own_crc == crc;
}

static int find_debuginfo(Dwfl_Module *module, void **userdata, const char *name,
			  Dwarf_Addr base, const char *path, const char *link,
			  GElf_Word crc, char **found)
{
	struct ms_symbol_file *file = *userdata;
	const unsigned char *bytes;
	struct ms_build_id id = { NULL, 0 };
	GElf_Addr where;
	int fd, len;

	if (!file || !is_main_request(module, link, crc))
		return -1;
	len = dwfl_module_build_id(module, &bytes, &where);
	if (len > 0)
		id = (struct ms_build_id){ bytes, (size_t)len };
	fd = ms_debug_by_build_id(file->debug_path, file->dirs, id, ".debug");
	if (fd < 0 && link && *file->path)
		fd = ms_debug_by_link(file->debug_path, file->dirs, file->path, link, crc,
				      id);
	if (fd < 0)
		file->debug_path[0] = '\0';
	if (fd < 0 && file->debuginfod)
		fd = dwfl_standard_find_debuginfo(module, userdata, name, base, path,
						  link, crc, found);
	return fd;
}

static int no_elf(Dwfl_Module *module, void **userdata, const char *name, Dwarf_Addr base,
		  char **path, Elf **elf)
{
	(void)module, (void)userdata, (void)name, (void)base, (void)path, (void)elf;
	return -1;
}

/* --- opening
 * ----------------------------------------------------------------------------- */

static struct ms_symbol_file *make(const struct ms_module *module,
				   const struct ms_symbol_options *options)
{
	struct ms_symbol_file *file = ms_alloc_zero(1, sizeof(*file));
	struct ms_strbuf path;

	if (!file)
		return NULL;
	file->dirs = options->debug_dirs ? options->debug_dirs : "/usr/lib/debug";
	file->debuginfod = options->debuginfod;
	file->id = (struct ms_build_id){ module->build_id, module->build_id_bytes };
	ms_strbuf_init(&path);
	ms_strbuf_appendf(&path, "+:.debug:%s", file->dirs);
	file->search_path = ms_strbuf_take(&path);
	if (!file->search_path) {
		ms_free(file);
		return NULL;
	}
	file->callbacks = (Dwfl_Callbacks){
		.find_elf = file->debuginfod ? dwfl_build_id_find_elf : no_elf,
		.find_debuginfo = find_debuginfo,
		.section_address = dwfl_offline_section_address,
		.debuginfo_path = &file->search_path,
	};
	return file;
}

static void end_session(struct ms_symbol_file *file)
{
	if (file->session)
		dwfl_end(file->session);
	file->session = NULL;
	file->module = NULL;
}

void ms_symbol_file_close(struct ms_symbol_file *file)
{
	if (!file)
		return;
	ms_code_index_free(file->code);
	ms_symbol_table_free(file->symbols);
	end_session(file);
	if (file->alt)
		dwarf_end(file->alt);
	ms_free(file->search_path);
	ms_free(file);
}

/* Whether the session, which reports one module, has its ELF file, and that is the log's.
 */
static bool is_logged_file(struct ms_symbol_file *file)
{
	const unsigned char *bytes;
	GElf_Addr where;
	GElf_Ehdr header;
	Dwarf_Addr bias;
	Elf *elf = dwfl_module_getelf(file->module, &bias);
	int len;

	if (!elf || !gelf_getehdr(elf, &header) ||
	    (header.e_type != ET_EXEC && header.e_type != ET_DYN))
		return false;
	len = dwfl_module_build_id(file->module, &bytes, &where);
	return file->id.len == 0 || (len >= 0 && (size_t)len == file->id.len &&
				     memcmp(bytes, file->id.bytes, file->id.len) == 0);
}

static void remember(struct ms_symbol_file *file)
{
	void **userdata;

	dwfl_module_info(file->module, &userdata, NULL, NULL, NULL, NULL, NULL, NULL);
	*userdata = file;
}

/* Begin the session with the ELF file of fd, which is consumed. */
static bool take_file(struct ms_symbol_file *file, int fd)
{
	file->session = dwfl_begin(&file->callbacks);
	if (file->session) {
		dwfl_report_begin(file->session);
		/* Bias 0, so that addresses are the file's own. */
		file->module =
			dwfl_report_elf(file->session, "module", file->path, fd, 0, true);
	}
	if (!file->module) {
		close(fd);
	} else {
		remember(file);
		if (dwfl_report_end(file->session, NULL, NULL) == 0 &&
		    is_logged_file(file))
			return true;
	}
	end_session(file);
	return false;
}

static bool take_path(struct ms_symbol_file *file, const char *directory,
		      const char *path, size_t path_len)
{
	int fd, len;

	len = snprintf(file->path, sizeof(file->path), "%s%s%.*s", directory,
		       *directory ? "/" : "", (int)path_len, path);
	if (len < 0 || (size_t)len >= sizeof(file->path))
		return false;
	fd = ms_elf_open(file->path);
	return fd >= 0 && take_file(file, fd);
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

/* The file, or the debug file alone, where debug packages put it. */
static bool take_by_build_id(struct ms_symbol_file *file)
{
	static const char *const suffixes[] = { "", ".debug" };

	for (size_t i = 0; i < sizeof(suffixes) / sizeof(*suffixes); i++) {
		int fd = ms_debug_by_build_id(file->path, file->dirs, file->id,
					      suffixes[i]);

		if (fd >= 0 && take_file(file, fd))
			return true;
	}
	return false;
}

/* The file from a debuginfod server. */
static bool take_from_server(struct ms_symbol_file *file, const struct ms_module *module)
{
	if (!file->debuginfod || file->id.len == 0 || module->start < module->base ||
	    module->end <= module->start)
		return false;
	file->path[0] = '\0';
	file->session = dwfl_begin(&file->callbacks);
	if (!file->session)
		return false;
	dwfl_report_begin(file->session);
	file->module =
		dwfl_report_module(file->session, "module", module->start - module->base,
				   module->end - module->base);
	if (file->module) {
		remember(file);
		if (dwfl_module_report_build_id(file->module, file->id.bytes,
						file->id.len, 0) == 0 &&
		    dwfl_report_end(file->session, NULL, NULL) == 0 &&
		    is_logged_file(file))
			return true;
	}
	end_session(file);
	return false;
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
	    take_from_server(file, module)) {
		*out = file;
		return MS_OK;
	}
	*differs = true;
	ms_symbol_file_close(file);
	return MS_OK;
}

/* --- asking
 * ------------------------------------------------------------------------------ */

/* Give dwarf the file that dwz moved common parts to. */
static void attach_alt(struct ms_symbol_file *file, Dwarf *dwarf)
{
	const char *link = NULL;
	const void *bytes;
	ssize_t len = dwelf_dwarf_gnu_debugaltlink(dwarf, &link, &bytes);
	int fd;

	if (len <= 0 || !link)
		return;
	fd = ms_debug_alt(file->dirs, *file->debug_path ? file->debug_path : file->path,
			  link, (struct ms_build_id){ bytes, (size_t)len });
	if (fd < 0)
		return;
	file->alt = dwarf_begin(fd, DWARF_C_READ);
	if (file->alt) {
		dwarf_setalt(dwarf, file->alt);
		/* Mapped whole: a program may have more modules than we descriptors. */
		elf_cntl(dwarf_getelf(file->alt), ELF_C_FDREAD);
	}
	close(fd);
}

static ms_status find_dwarf(struct ms_code *code, struct ms_symbol_file *file,
			    uint64_t address)
{
	Dwarf_Addr bias = 0;
	Dwarf *dwarf;

	if (!file->has_dwarf_answer) {
		dwarf = dwfl_module_getdwarf(file->module, &bias);
		if (dwarf) {
			file->code = ms_code_index_new(dwarf, bias);
			if (!file->code)
				return MS_ENOMEM;
			attach_alt(file, dwarf);
		}
		file->has_dwarf_answer = true;
	}
	return file->code ? ms_code_index_find(code, file->code, address) : MS_OK;
}

/* The symbol table's name for address; NULL in *name when it has none. */
static ms_status find_symbol(const char **name, struct ms_symbol_file *file,
			     uint64_t address)
{
	if (!file->symbols) {
		file->symbols = ms_symbol_table_new(file->module);
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
	if (find_dwarf(code, file, address) != MS_OK)
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
