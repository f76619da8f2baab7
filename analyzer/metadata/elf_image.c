/* SPDX-License-Identifier: Apache-2.0 */
/*
 * elf_image.c - one ELF file as libdwfl sees it, at the file's own addresses.
 *
 * libdwfl would keep a descriptor for each file and look for debug files by itself.  It
 * gets an ELF handle that is already mapped instead, and finds nothing: a program may
 * have more modules than we may have descriptors, and debug files are the business of
 * symbol_file.c.
 */
#include "analyzer/metadata/elf_image.h"

#include <gelf.h>
#include <string.h>
#include <unistd.h>

static int give_elf(Dwfl_Module *module, void **userdata, const char *name,
		    Dwarf_Addr base, char **path, Elf **elf)
{
	struct ms_elf_image *image = *userdata;

	(void)module, (void)name, (void)base, (void)path;
	*elf = image->elf;
	image->is_given = true; /* the session ends it */
	return -1;
}

static int find_nothing(Dwfl_Module *module, void **userdata, const char *name,
			Dwarf_Addr base, const char *path, const char *link,
			GElf_Word crc, char **found)
{
	(void)module, (void)userdata, (void)name, (void)base;
	(void)path, (void)link, (void)crc, (void)found;
	return -1;
}

/* The addresses that elf takes when it is loaded where it asks to be. */
static bool loaded_range(Elf *elf, GElf_Addr *start, GElf_Addr *end)
{
	size_t count;
	GElf_Phdr segment;

	*start = UINT64_MAX;
	*end = 0;
	if (elf_getphdrnum(elf, &count) != 0)
		return false;
	for (size_t i = 0; i < count && i < INT32_MAX; i++) {
		GElf_Addr first, past;

		if (!gelf_getphdr(elf, (int)i, &segment))
			return false;
		if (segment.p_type != PT_LOAD)
			continue;
		/* libdwfl takes the start of the first segment's page for its bias. */
		first = segment.p_vaddr & -(segment.p_align ? segment.p_align : 1);
		past = segment.p_vaddr + segment.p_memsz;
		*start = first < *start ? first : *start;
		*end = past > *end ? past : *end;
	}
	return *start < *end;
}

static bool is_program(Elf *elf)
{
	GElf_Ehdr header;

	return elf_kind(elf) == ELF_K_ELF && gelf_getehdr(elf, &header) &&
	       (header.e_type == ET_EXEC || header.e_type == ET_DYN);
}

/* The section of that name that has bytes in the file, or NULL. */
static Elf_Scn *section_named(Elf *elf, const char *wanted)
{
	Elf_Scn *section = NULL;
	GElf_Shdr header;
	size_t names;

	if (elf_getshdrstrndx(elf, &names) != 0)
		return NULL;
	while ((section = elf_nextscn(elf, section)) != NULL) {
		const char *name = gelf_getshdr(section, &header)
					   ? elf_strptr(elf, names, header.sh_name)
					   : NULL;

		if (name && header.sh_type != SHT_NOBITS && strcmp(name, wanted) == 0)
			return section;
	}
	return NULL;
}

bool ms_elf_image_alt(const struct ms_elf_image *image, const char **path,
		      struct ms_build_id *id)
{
	Elf_Scn *section = section_named(image->elf, ".gnu_debugaltlink");
	Elf_Data *data = section ? elf_rawdata(section, NULL) : NULL;
	const char *end = data ? memchr(data->d_buf, '\0', data->d_size) : NULL;

	if (!end)
		return false;
	*path = data->d_buf;
	id->bytes = (const uint8_t *)end + 1;
	id->len = data->d_size - (size_t)(end + 1 - *path);
	return id->len > 0;
}

/* --- what it defines -------------------------------------------------------------------
 */

static bool is_one_of(const char *name, const char *const *names, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (strcmp(name, names[i]) == 0)
			return true;
	}
	return false;
}

static bool table_defines(Elf *elf, Elf_Scn *section, const GElf_Shdr *header,
			  const char *const *names, size_t count)
{
	Elf_Data *data = elf_getdata(section, NULL);
	GElf_Sym symbol;

	for (int i = 0; data && gelf_getsym(data, i, &symbol); i++) {
		const char *name =
			symbol.st_shndx == SHN_UNDEF
				? NULL
				: elf_strptr(elf, header->sh_link, symbol.st_name);

		if (name && is_one_of(name, names, count))
			return true;
	}
	return false;
}

bool ms_elf_image_defines(const struct ms_elf_image *image, const char *const *names,
			  size_t count)
{
	Elf_Scn *section = NULL;
	GElf_Shdr header;

	while ((section = elf_nextscn(image->elf, section)) != NULL) {
		if (gelf_getshdr(section, &header) &&
		    (header.sh_type == SHT_SYMTAB || header.sh_type == SHT_DYNSYM) &&
		    table_defines(image->elf, section, &header, names, count))
			return true;
	}
	return false;
}

bool ms_elf_image_open(struct ms_elf_image *image, int fd)
{
	GElf_Addr start, end;
	Elf *elf;

	*image = (struct ms_elf_image){
		.callbacks = { .find_elf = give_elf,
			       .find_debuginfo = find_nothing,
			       .section_address = dwfl_offline_section_address },
	};
	elf_version(EV_CURRENT);
	elf = elf_begin(fd, ELF_C_READ_MMAP_PRIVATE, NULL);
	if (elf && is_program(elf) && loaded_range(elf, &start, &end) &&
	    fstat(fd, &image->st) == 0) {
		image->elf = elf;
		image->has_debug = section_named(elf, ".debug_info") ||
				   section_named(elf, ".zdebug_info");
		elf_cntl(elf, ELF_C_FDREAD);
	} else {
		elf_end(elf);
	}
	close(fd);
	return image->elf != NULL;
}

static bool report(struct ms_elf_image *image)
{
	GElf_Addr start, end;
	Dwarf_Addr bias;
	void **userdata;

	image->session = loaded_range(image->elf, &start, &end)
				 ? dwfl_begin(&image->callbacks)
				 : NULL;
	if (!image->session)
		return false;
	dwfl_report_begin(image->session);
	image->module = dwfl_report_module(image->session, "module", start, end);
	if (!image->module)
		return false;
	dwfl_module_info(image->module, &userdata, NULL, NULL, NULL, NULL, NULL, NULL);
	*userdata = image;
	return dwfl_report_end(image->session, NULL, NULL) == 0 &&
	       dwfl_module_getelf(image->module, &bias);
}

void ms_elf_image_load(struct ms_elf_image *image)
{
	if (image->is_loaded || !image->elf)
		return;
	image->is_loaded = true;
	if (report(image))
		image->dwarf = dwfl_module_getdwarf(image->module, &image->bias);
	else
		image->module = NULL;
}

void ms_elf_image_close(struct ms_elf_image *image)
{
	if (image->session)
		dwfl_end(image->session);
	if (!image->is_given)
		elf_end(image->elf);
	image->session = NULL;
	image->elf = NULL;
}
