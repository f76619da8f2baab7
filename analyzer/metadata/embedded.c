/* SPDX-License-Identifier: Apache-2.0 */
/*
 * embedded.c - the suppressions for LeakSanitizer that a program brings along.
 *
 * __lsan_default_suppressions() returns a constant in nearly every program that has it,
 * which compilers turn into a handful of instructions.  They are read here, from the
 * file: the program's code is never run.
 */
#include "analyzer/base/alloc.h"
#include "analyzer/metadata/inside.h"
#include "analyzer/metadata/symbol_file.h"

#include <gelf.h>
#include <string.h>

#define FUNCTION     "__lsan_default_suppressions"
#define LONGEST_TEXT (1u << 20)
/* Instructions: prologue, address, load, epilogue. */
#define MOST_STEPS 16

struct image {
	Elf *elf;
	const uint8_t *bytes; /* of the file */
	size_t len;
};

/* Bytes of the file from an ELF virtual address on to its segment's end, or NULL. */
static const uint8_t *at_address(const struct image *image, uint64_t address, size_t *len)
{
	GElf_Phdr segment;
	size_t count;

	if (elf_getphdrnum(image->elf, &count) != 0)
		return NULL;
	for (size_t i = 0; i < count && i < INT32_MAX; i++) {
		uint64_t skip;

		if (!gelf_getphdr(image->elf, (int)i, &segment) ||
		    segment.p_type != PT_LOAD || address < segment.p_vaddr)
			continue;
		skip = address - segment.p_vaddr;
		if (skip >= segment.p_filesz || segment.p_offset > image->len ||
		    segment.p_filesz > image->len - segment.p_offset)
			continue;
		*len = segment.p_filesz - skip;
		return image->bytes + segment.p_offset + skip;
	}
	return NULL;
}

/* --- symbols and relocations -----------------------------------------------------------
 */

static Elf_Data *table_data(Elf_Scn *section, GElf_Shdr *header)
{
	return section && gelf_getshdr(section, header) && header->sh_entsize
		       ? elf_getdata(section, NULL)
		       : NULL;
}

static bool search_symbols(Elf *elf, Elf_Scn *section, GElf_Sym *found)
{
	GElf_Shdr header;
	Elf_Data *data = table_data(section, &header);
	size_t count = data ? data->d_size / header.sh_entsize : 0;

	for (size_t i = 0; i < count && i < INT32_MAX; i++) {
		const char *name =
			gelf_getsym(data, (int)i, found)
				? elf_strptr(elf, header.sh_link, found->st_name)
				: NULL;

		if (name && found->st_shndx != SHN_UNDEF &&
		    GELF_ST_TYPE(found->st_info) == STT_FUNC &&
		    strcmp(name, FUNCTION) == 0)
			return true;
	}
	return false;
}

static bool find_function(const struct image *image, GElf_Sym *found)
{
	static const GElf_Word kinds[] = { SHT_DYNSYM, SHT_SYMTAB };

	for (size_t k = 0; k < sizeof(kinds) / sizeof(*kinds); k++) {
		Elf_Scn *section = NULL;
		GElf_Shdr header;

		while ((section = elf_nextscn(image->elf, section)) != NULL)
			if (gelf_getshdr(section, &header) &&
			    header.sh_type == kinds[k] &&
			    search_symbols(image->elf, section, found))
				return true;
	}
	return false;
}

/* A debug file has the symbols, and none of the code. */
static bool has_code(const struct image *image, const GElf_Sym *function)
{
	Elf_Scn *section = elf_getscn(image->elf, function->st_shndx);
	GElf_Shdr header;

	return section && gelf_getshdr(section, &header) &&
	       header.sh_type == SHT_PROGBITS;
}

/* What a relocation makes of the word that it is for. */
static bool relocated_value(const struct image *image, GElf_Word symbols,
			    const GElf_Rela *rela, uint64_t *value)
{
	GElf_Sym symbol;
	GElf_Shdr header;
	Elf_Data *data;

	switch (GELF_R_TYPE(rela->r_info)) {
	case R_X86_64_RELATIVE:
		*value = (uint64_t)rela->r_addend;
		return true;
	case R_X86_64_64:
	case R_X86_64_GLOB_DAT:
		data = table_data(elf_getscn(image->elf, symbols), &header);
		if (!data || GELF_R_SYM(rela->r_info) > INT32_MAX ||
		    !gelf_getsym(data, (int)GELF_R_SYM(rela->r_info), &symbol) ||
		    symbol.st_shndx == SHN_UNDEF)
			return false;
		*value = symbol.st_value + (uint64_t)rela->r_addend;
		return true;
	default:
		return false;
	}
}

/* The relocation of the word at address.  false: there is none. */
static bool find_relocation(const struct image *image, uint64_t address, GElf_Rela *rela,
			    GElf_Word *symbols)
{
	Elf_Scn *section = NULL;
	GElf_Shdr header;

	while ((section = elf_nextscn(image->elf, section)) != NULL) {
		Elf_Data *data;
		size_t count;

		if (!gelf_getshdr(section, &header) || header.sh_type != SHT_RELA ||
		    !(header.sh_flags & SHF_ALLOC))
			continue;
		data = table_data(section, &header);
		count = data ? data->d_size / header.sh_entsize : 0;
		for (size_t i = 0; i < count && i < INT32_MAX; i++)
			if (gelf_getrela(data, (int)i, rela) &&
			    rela->r_offset == address) {
				*symbols = header.sh_link;
				return true;
			}
	}
	return false;
}

/* The word at address as the program would find it at its start. */
static bool load_word(const struct image *image, uint64_t address, uint64_t *value)
{
	const uint8_t *bytes;
	GElf_Word symbols;
	GElf_Rela rela;
	size_t len;

	if (find_relocation(image, address, &rela, &symbols))
		return relocated_value(image, symbols, &rela, value);
	bytes = at_address(image, address, &len);
	if (!bytes || len < sizeof(*value))
		return false;
	memcpy(value, bytes, sizeof(*value));
	return true;
}

/* --- instructions ----------------------------------------------------------------------
 */

enum effect { NOTHING, ADDRESS, SIGNED, UNSIGNED, WIDE, LOAD, LOAD_AT, INDIRECT, RETURN };

/* x86-64 (Intel's manual, volume 2), as compilers spell "return a constant". */
static const struct form {
	uint8_t bytes[4], len;
	uint8_t operand; /* bytes that follow */
	enum effect effect;
} forms[] = {
	{ { 0xf3, 0x0f, 0x1e, 0xfa }, 4, 0, NOTHING }, /* endbr64 */
	{ { 0x55 }, 1, 0, NOTHING },		       /* push %rbp */
	{ { 0x48, 0x89, 0xe5 }, 3, 0, NOTHING },       /* mov %rsp,%rbp */
	{ { 0x5d }, 1, 0, NOTHING },		       /* pop %rbp */
	{ { 0xc9 }, 1, 0, NOTHING },		       /* leave */
	{ { 0x90 }, 1, 0, NOTHING },		       /* nop */
	{ { 0x48, 0x8d, 0x05 }, 3, 4, ADDRESS },       /* lea x(%rip),%rax */
	{ { 0xb8 }, 1, 4, UNSIGNED },		       /* mov $x,%eax */
	{ { 0x48, 0xc7, 0xc0 }, 3, 4, SIGNED },	       /* mov $x,%rax */
	{ { 0x48, 0xb8 }, 2, 8, WIDE },		       /* movabs $x,%rax */
	{ { 0x48, 0x8b, 0x05 }, 3, 4, LOAD },	       /* mov x(%rip),%rax */
	{ { 0x48, 0x8b, 0x04, 0x25 }, 4, 4, LOAD_AT }, /* mov x,%rax */
	{ { 0x48, 0x8b, 0x00 }, 3, 0, INDIRECT },      /* mov (%rax),%rax */
	{ { 0xc3 }, 1, 0, RETURN },		       /* ret */
	{ { 0xf3, 0xc3 }, 2, 0, RETURN },	       /* rep ret */
};

static const struct form *form_at(const uint8_t *code, size_t len)
{
	for (size_t i = 0; i < sizeof(forms) / sizeof(*forms); i++) {
		const struct form *f = &forms[i];

		if (len >= (size_t)f->len + f->operand &&
		    memcmp(code, f->bytes, f->len) == 0)
			return f;
	}
	return NULL;
}

/* The operand, little-endian. */
static uint64_t operand_of(const struct form *form, const uint8_t *code)
{
	uint64_t value = 0;

	memcpy(&value, code + form->len, form->operand);
	return value;
}

/* What an instruction, which ends at next, makes of %rax; false: not known. */
static bool run(const struct image *image, const struct form *form, uint64_t operand,
		uint64_t next, uint64_t *rax)
{
	uint64_t relative = (uint64_t)(int64_t)(int32_t)operand;

	switch (form->effect) {
	case ADDRESS:
		*rax = next + relative;
		return true;
	case SIGNED:
		*rax = relative;
		return true;
	case UNSIGNED:
	case WIDE:
		*rax = operand;
		return true;
	case LOAD:
		return load_word(image, next + relative, rax);
	case LOAD_AT:
		return load_word(image, relative, rax);
	case INDIRECT:
		return load_word(image, *rax, rax);
	default:
		return true;
	}
}

/* What a function returns: false when it does more than to find that out. */
static bool returned(const struct image *image, uint64_t address, uint64_t *rax)
{
	*rax = 0;
	for (unsigned step = 0; step < MOST_STEPS; step++) {
		size_t len;
		const uint8_t *code = at_address(image, address, &len);
		const struct form *form = code ? form_at(code, len) : NULL;

		if (!form)
			return false;
		if (form->effect == RETURN)
			return *rax != 0;
		address += form->len + form->operand;
		if (!run(image, form, operand_of(form, code), address, rax))
			return false;
	}
	return false;
}

/* --- asking ----------------------------------------------------------------------------
 */

static ms_status read_text(const struct image *image, const GElf_Sym *function,
			   enum ms_embedded *what, char **out)
{
	uint64_t address;
	const uint8_t *text = NULL, *end = NULL;
	size_t len;

	*what = MS_EMBEDDED_UNREADABLE;
	if (has_code(image, function) && returned(image, function->st_value, &address))
		text = at_address(image, address, &len);
	if (text)
		end = memchr(text, '\0', len < LONGEST_TEXT ? len : LONGEST_TEXT);
	if (!end)
		return MS_OK;
	*out = ms_strndup((const char *)text, (size_t)(end - text));
	*what = *out ? MS_EMBEDDED_READ : MS_EMBEDDED_NONE;
	return *out ? MS_OK : MS_ENOMEM;
}

static ms_status read_file(struct ms_symbol_file *file, enum ms_embedded *what,
			   char **out)
{
	struct image image = { .elf = ms_symbol_file_elf(file) };
	GElf_Ehdr header;
	GElf_Sym function;

	if (gelf_getehdr(image.elf, &header) && header.e_machine == EM_X86_64 &&
	    find_function(&image, &function)) {
		image.bytes = (const uint8_t *)elf_rawfile(image.elf, &image.len);
		if (image.bytes)
			return read_text(&image, &function, what, out);
	}
	return MS_OK;
}

ms_status ms_metadata_embedded(struct ms_metadata *meta, uint32_t module_id,
			       enum ms_embedded *what, char **text, struct ms_error *err)
{
	const struct ms_module *module = ms_metadata_module(meta, module_id);
	struct ms_symbol_options options = meta->options;
	struct ms_symbol_file *file;
	ms_status status;
	bool differs;

	*text = NULL;
	*what = MS_EMBEDDED_NONE;
	if (!module || module->build_id_bytes == 0)
		return MS_OK;
	options.debuginfod = false; /* not worth a download */
	status = ms_symbol_file_open(&file, &differs, module,
				     ms_metadata_fact(meta, "cwd", 0), &options);
	if (status == MS_OK && file)
		status = read_file(file, what, text);
	ms_symbol_file_close(file);
	return status == MS_OK ? MS_OK : ms_fail_memory(err);
}
