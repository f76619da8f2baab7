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
	const struct ms_symbol_options *options;
	char *dirs;    /* those of the options, in the order of looking */
	char *program; /* the module's path, without what says that it was deleted */

	struct ms_code_index
		*code; /* NULL: no debug information, or not looked for yet */
	struct ms_symbol_table *symbols;
	Dwarf *alt;	 /* what dwz moved out */
	bool is_located; /* whether a debug file was looked for */
	bool is_loaded;
	char path[PATH_MAX];
	char debug_path[PATH_MAX];
};

/* --- opening ---------------------------------------------------------------------------
 */

static char *join_dirs(const struct ms_symbol_options *options)
{
	const char *named = options->symbol_dirs ? options->symbol_dirs : "";
	const char *common = options->debug_dirs ? options->debug_dirs : "/usr/lib/debug";
	size_t bytes = strlen(named) + strlen(common) + 2;
	char *dirs = ms_alloc(bytes);

	if (dirs)
		snprintf(dirs, bytes, "%s:%s", named, common);
	return dirs;
}

/* What took a deleted file's place is it only when a build-id says so. */
static size_t program_length(const struct ms_module *module)
{
	size_t len = strlen(module->path), cut = strlen(DELETED);
	bool is_deleted = module->build_id_bytes > 0 && len > cut &&
			  strcmp(module->path + len - cut, DELETED) == 0;

	return is_deleted ? len - cut : len;
}

static struct ms_symbol_file *make(const struct ms_module *module,
				   const struct ms_symbol_options *options)
{
	struct ms_symbol_file *file = ms_alloc_zero(1, sizeof(*file));

	if (!file)
		return NULL;
	file->options = options;
	file->id = (struct ms_build_id){ module->build_id, module->build_id_bytes };
	file->dirs = join_dirs(options);
	file->program = ms_strndup(module->path, program_length(module));
	if (file->dirs && file->program)
		return file;
	ms_symbol_file_close(file);
	return NULL;
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
	ms_free(file->dirs);
	ms_free(file->program);
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
		      const char *path)
{
	int len = snprintf(file->path, sizeof(file->path), "%s%s%s", directory,
			   *directory ? "/" : "", path);

	return len >= 0 && (size_t)len < sizeof(file->path) &&
	       take(file, ms_elf_open(file->path));
}

/* The file where the user says that files are. */
static bool take_named(struct ms_symbol_file *file)
{
	const char *dirs = file->options->symbol_dirs ? file->options->symbol_dirs : "";
	unsigned index = 0;
	int fd;

	while ((fd = ms_debug_by_name(file->path, dirs, file->program, &index)) >= 0)
		if (take(file, fd))
			return true;
	return false;
}

/* The file where the program had it. */
static bool take_own(struct ms_symbol_file *file, const struct ms_module *module,
		     const char *cwd)
{
	const char *directory = *module->path == '/' ? "" : cwd;

	if (!directory)
		return false;
	return take_path(file, directory, module->path) ||
	       (strcmp(file->program, module->path) != 0 &&
		take_path(file, directory, file->program));
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
	return file->options->debuginfod && take(file, ms_debuginfod_program(file->id));
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
	if (take_named(file) || take_own(file, module, cwd) || take_by_build_id(file) ||
	    take_from_server(file)) {
		*out = file;
		return MS_OK;
	}
	*differs = true;
	ms_symbol_file_close(file);
	return MS_OK;
}

bool ms_symbol_file_defines(const struct ms_symbol_file *file, const char *const *names,
			    size_t count)
{
	return ms_elf_image_defines(&file->main, names, count) ||
	       (file->debug.elf && ms_elf_image_defines(&file->debug, names, count));
}

/* --- debug information -----------------------------------------------------------------
 */

/* Open fd as the debug file when it has debug information of that build-id. */
static bool open_if_debug(struct ms_symbol_file *file, int fd, struct ms_build_id id)
{
	if (fd < 0)
		return false;
	if (!ms_elf_has_build_id(fd, id)) {
		close(fd);
		return false;
	}
	if (!ms_elf_image_open(&file->debug, fd))
		return false;
	if (file->debug.has_debug)
		return true;
	ms_elf_image_close(&file->debug);
	return false;
}

/* The program itself before it was stripped, where the user says that files are. */
static bool open_named_debug(struct ms_symbol_file *file, struct ms_build_id id)
{
	const char *dirs = file->options->symbol_dirs ? file->options->symbol_dirs : "";
	unsigned index = 0;
	int fd;

	while ((fd = ms_debug_by_name(file->debug_path, dirs, file->program, &index)) >=
	       0)
		if (open_if_debug(file, fd, id))
			return true;
	return false;
}

/* The file where the program had it, which another one was preferred to. */
static bool open_own_debug(struct ms_symbol_file *file, struct ms_build_id id)
{
	if (*file->program != '/' || strlen(file->program) >= PATH_MAX ||
	    strcmp(file->program, file->path) == 0)
		return false;
	strcpy(file->debug_path, file->program);
	return open_if_debug(file, ms_elf_open(file->debug_path), id);
}

/* Open the debug file of a file that has no debug information itself. */
static void open_debug(struct ms_symbol_file *file)
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
	if (fd < 0 && id.len && (open_named_debug(file, id) || open_own_debug(file, id)))
		return;
	if (fd < 0) {
		file->debug_path[0] = '\0';
		fd = file->options->debuginfod ? ms_debuginfod_debug(id) : -1;
	}
	if (fd >= 0)
		ms_elf_image_open(&file->debug, fd);
}

/* The image that has the debug information, looked for once; it may have none. */
static struct ms_elf_image *locate_debug(struct ms_symbol_file *file)
{
	if (!file->is_located && !file->main.has_debug)
		open_debug(file);
	file->is_located = true;
	return file->debug.elf ? &file->debug : &file->main;
}

/* A descriptor of the file that dwz moved common parts of image to, or -1. */
static int open_alt(struct ms_symbol_file *file, const struct ms_elf_image *image)
{
	struct ms_build_id id;
	const char *link;

	if (!ms_elf_image_alt(image, &link, &id))
		return -1;
	return ms_debug_alt(file->dirs,
			    image == &file->main ? file->path : file->debug_path, link,
			    id);
}

static void attach_alt(struct ms_symbol_file *file, const struct ms_elf_image *image)
{
	int fd = open_alt(file, image);

	if (fd < 0)
		return;
	file->alt = dwarf_begin(fd, DWARF_C_READ);
	if (file->alt) {
		dwarf_setalt(image->dwarf, file->alt);
		elf_cntl(dwarf_getelf(file->alt), ELF_C_FDREAD);
	}
	close(fd);
}

/* Read what the files have, once.  MS_OK, whether there is some or not, or MS_ENOMEM. */
static ms_status load(struct ms_symbol_file *file)
{
	struct ms_elf_image *image = locate_debug(file);

	if (file->is_loaded)
		return MS_OK;
	ms_elf_image_load(&file->main);
	ms_elf_image_load(&file->debug);
	if (image->dwarf) {
		file->code = ms_code_index_new(image->dwarf, image->bias);
		if (!file->code)
			return MS_ENOMEM;
		attach_alt(file, image);
	}
	file->is_loaded = true;
	return MS_OK;
}

static void add_stat(struct ms_strbuf *out, const char *what, const struct stat *st)
{
	ms_strbuf_appendf(out, " %s %lld %lld.%09ld", what, (long long)st->st_size,
			  (long long)st->st_mtim.tv_sec, st->st_mtim.tv_nsec);
}

void ms_symbol_file_source(struct ms_strbuf *out, struct ms_symbol_file *file)
{
	struct ms_elf_image *image = locate_debug(file);
	struct stat st;
	int alt = open_alt(file, image);

	add_stat(out, "file", &file->main.st);
	if (file->debug.elf)
		add_stat(out, "debug", &file->debug.st);
	if (alt >= 0 && fstat(alt, &st) == 0)
		add_stat(out, "dwz", &st);
	if (alt >= 0)
		close(alt);
}

Elf *ms_symbol_file_elf(struct ms_symbol_file *file)
{
	return file->main.elf;
}

const char *ms_symbol_file_library(void)
{
	return dwfl_version(NULL);
}

/* --- asking ----------------------------------------------------------------------------
 */

/* The symbol table's name for address; NULL in *name when it has none. */
static ms_status find_symbol(const char **name, struct ms_symbol_file *file,
			     uint64_t address)
{
	if (!file->symbols) {
		file->symbols = ms_symbol_table_new(
			file->main.module, file->debug.elf ? file->debug.module : NULL);
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
	if (load(file) != MS_OK ||
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
