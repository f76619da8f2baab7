/* SPDX-License-Identifier: Apache-2.0 */
/*
 * symbol_table.c - function names of an ELF file by address.
 *
 * dwfl_module_addrinfo() looks at every symbol for every address and falls back to a
 * neighbour; this sorts once, and a name counts only for addresses that it covers.
 */
#include "analyzer/metadata/symbol_table.h"

#include "analyzer/base/alloc.h"
#include "analyzer/metadata/ranges.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

struct symbol {
	uint64_t start, end;
	const char *name;
	uint32_t rank; /* smaller is better, of equal starts */
	bool is_sized;
};

struct symbols {
	struct symbol *items;
	size_t count, room;
};

struct ms_symbol_table {
	struct ms_ranges functions; /* values: their names */
};

/* Smaller is better: code before labels, then as names of libraries are seen from
 * outside. */
static uint32_t rank_of(const GElf_Sym *sym, const char *name)
{
	static const uint8_t binding[] = {
		[STB_LOCAL] = 2, [STB_GLOBAL] = 0, [STB_WEAK] = 1
	};
	unsigned bind = GELF_ST_BIND(sym->st_info), type = GELF_ST_TYPE(sym->st_info);
	size_t underscores = strspn(name, "_");

	return (type == STT_NOTYPE) << 16 |
	       (bind < sizeof(binding) ? binding[bind] : 0) << 8 |
	       (underscores < 255 ? (uint32_t)underscores : 255);
}

static bool is_function(const GElf_Sym *sym, const char *name)
{
	unsigned type = GELF_ST_TYPE(sym->st_info);

	return name && *name && sym->st_shndx != SHN_UNDEF && sym->st_shndx != SHN_ABS &&
	       (type == STT_FUNC || type == STT_GNU_IFUNC || type == STT_NOTYPE);
}

/*
 * End of the code section that holds start; 0: it holds none.  Without section headers,
 * which some strip, anything may be code.
 */
static uint64_t section_end(Elf *elf, GElf_Word index, uint64_t start, uint64_t bias)
{
	Elf_Scn *section = elf ? elf_getscn(elf, index) : NULL;
	GElf_Shdr header;
	uint64_t first;

	if (!section)
		return UINT64_MAX;
	if (!gelf_getshdr(section, &header) || !(header.sh_flags & SHF_EXECINSTR))
		return 0;
	first = header.sh_addr + bias;
	return start >= first && start - first < header.sh_size ? first + header.sh_size
								: 0;
}

static int add(struct symbols *symbols, Dwfl_Module *module, int index)
{
	GElf_Sym sym;
	GElf_Addr start;
	GElf_Word section = 0;
	Dwarf_Addr bias = 0;
	Elf *elf = NULL;
	const char *name = dwfl_module_getsym_info(module, index, &sym, &start, &section,
						   &elf, &bias);
	struct symbol symbol = { .start = start, .name = name };

	if (!is_function(&sym, name) || section == (GElf_Word)-1)
		return 0;
	symbol.end = section_end(elf, section, start, bias);
	symbol.is_sized = sym.st_size > 0;
	symbol.rank = rank_of(&sym, name);
	if (symbol.end == 0 || (symbol.end == UINT64_MAX && !symbol.is_sized))
		return 0;
	if (symbol.is_sized && sym.st_size < symbol.end - start)
		symbol.end = start + sym.st_size;
	if (ms_grow((void **)&symbols->items, &symbols->room, symbols->count,
		    sizeof(symbol)) < 0)
		return -1;
	symbols->items[symbols->count++] = symbol;
	return 0;
}

static int by_start(const void *a, const void *b)
{
	const struct symbol *x = a, *y = b;

	if (x->start != y->start)
		return x->start < y->start ? -1 : 1;
	if (x->is_sized != y->is_sized)
		return x->is_sized ? -1 : 1;
	if (x->rank != y->rank)
		return x->rank < y->rank ? -1 : 1;
	return strcmp(x->name, y->name);
}

/* One name for each start; a symbol without a size ends where the next one begins. */
static int keep_best(struct ms_ranges *functions, struct symbols *symbols)
{
	size_t kept = 0;

	if (symbols->count)
		qsort(symbols->items, symbols->count, sizeof(*symbols->items), by_start);
	for (size_t i = 0; i < symbols->count; i++)
		if (kept == 0 ||
		    symbols->items[kept - 1].start != symbols->items[i].start)
			symbols->items[kept++] = symbols->items[i];
	for (size_t i = 0; i < kept; i++) {
		struct symbol *symbol = &symbols->items[i];

		if (!symbol->is_sized && i + 1 < kept && symbol[1].start < symbol->end)
			symbol->end = symbol[1].start;
		if (ms_ranges_add(functions, symbol->start, symbol->end,
				  (uint64_t)(uintptr_t)symbol->name) < 0)
			return -1;
	}
	ms_ranges_sort(functions);
	return 0;
}

static int add_all(struct symbols *symbols, Dwfl_Module *module)
{
	int count = module ? dwfl_module_getsymtab(module) : 0, failed = 0;

	for (int i = 1; i < count && !failed; i++)
		failed = add(symbols, module, i);
	return failed;
}

struct ms_symbol_table *ms_symbol_table_new(Dwfl_Module *main, Dwfl_Module *debug)
{
	struct ms_symbol_table *table = ms_alloc_zero(1, sizeof(*table));
	struct symbols symbols = { 0 };
	int failed;

	if (!table)
		return NULL;
	failed = add_all(&symbols, main) < 0 || add_all(&symbols, debug) < 0 ||
		 keep_best(&table->functions, &symbols) < 0;
	ms_free(symbols.items);
	if (failed) {
		ms_symbol_table_free(table);
		return NULL;
	}
	return table;
}

void ms_symbol_table_free(struct ms_symbol_table *table)
{
	if (!table)
		return;
	ms_ranges_release(&table->functions);
	ms_free(table);
}

const char *ms_symbol_table_find(const struct ms_symbol_table *table, uint64_t address)
{
	const uint64_t *name = ms_ranges_find(&table->functions, address);

	return name ? (const char *)(uintptr_t)*name : NULL;
}
