/* SPDX-License-Identifier: Apache-2.0 */
/*
 * inline_chain.c - from one instruction to the functions that were inlined there.
 *
 * The line table knows the innermost line.  Where a function was inlined, its entry says
 * from which line of the next function outwards it was called.
 */
#include "analyzer/metadata/inline_chain.h"

#include <dwarf.h>
#include <string.h>

/* Blocks and inlined functions within each other. */
#define NESTING 256

struct chain { /* the owning function first */
	Dwarf_Die dies[MS_CODE_LEVELS];
	size_t count;
	Dwarf_Off last; /* as in code_index.c: a walk goes forwards only */
};

enum place { NOT_THERE, THROUGH, INLINED };

/* What die is to a walk that looks for pc. */
static enum place place_of(Dwarf_Die *die, Dwarf_Addr pc)
{
	switch (dwarf_tag(die)) {
	case DW_TAG_inlined_subroutine:
		return dwarf_haspc(die, pc) > 0 ? INLINED : NOT_THERE;
	case DW_TAG_lexical_block:
	case DW_TAG_try_block:
	case DW_TAG_catch_block:
		return dwarf_haspc(die, pc) > 0 ? THROUGH : NOT_THERE;
	default:
		return NOT_THERE;
	}
}

/* Add the functions inlined at pc below parent; whether there was one. */
static bool walk(struct chain *chain, Dwarf_Die *parent, Dwarf_Addr pc, unsigned depth)
{
	Dwarf_Die die;

	if (depth == NESTING || chain->count == MS_CODE_LEVELS ||
	    dwarf_child(parent, &die) != 0)
		return false;
	do {
		Dwarf_Off offset = dwarf_dieoffset(&die);
		enum place place;

		if (offset <= chain->last)
			return false;
		chain->last = offset;
		place = place_of(&die, pc);
		if (place == INLINED) {
			chain->dies[chain->count++] = die;
			walk(chain, &die, pc, depth + 1);
			return true;
		}
		if (place == THROUGH && walk(chain, &die, pc, depth + 1))
			return true;
	} while (dwarf_siblingof(&die, &die) == 0);
	return false;
}

static const char *text_of(Dwarf_Die *die, unsigned name)
{
	Dwarf_Attribute attribute;

	return dwarf_formstring(dwarf_attr_integrate(die, name, &attribute));
}

static void name_level(struct ms_code_level *level, Dwarf_Die *die)
{
	level->name = text_of(die, DW_AT_name);
	level->linkage = text_of(die, DW_AT_linkage_name);
	if (!level->linkage)
		level->linkage = text_of(die, DW_AT_MIPS_linkage_name);
}

static Dwarf_Word number_of(Dwarf_Die *die, unsigned name)
{
	Dwarf_Attribute attribute;
	Dwarf_Word value;

	return dwarf_formudata(dwarf_attr(die, name, &attribute), &value) == 0 ? value
									       : 0;
}

static void set_file(struct ms_code_level *level, Dwarf_Die *head, const char *file)
{
	Dwarf_Attribute attribute;

	if (!file || strcmp(file, "???") == 0)
		return;
	level->file = file;
	level->directory = dwarf_formstring(dwarf_attr(head, DW_AT_comp_dir, &attribute));
}

/* The place of the innermost level: the line table's. */
static void place_innermost(struct ms_code_level *level, Dwarf_Die *head, Dwarf_Addr pc)
{
	Dwarf_Line *line = dwarf_getsrc_die(head, pc);
	int number;

	if (!line)
		return;
	set_file(level, head, dwarf_linesrc(line, NULL, NULL));
	if (dwarf_lineno(line, &number) == 0 && number > 0)
		level->line = (uint32_t)number;
}

/* The place in a level where the next one inwards, inlined, was called. */
static void place_call(struct ms_code_level *level, Dwarf_Die *head, Dwarf_Die *inlined)
{
	Dwarf_Word line = number_of(inlined, DW_AT_call_line);
	Dwarf_Files *files;
	Dwarf_Die unit;
	size_t count;

	level->line = line <= UINT32_MAX ? (uint32_t)line : 0;
	if (dwarf_hasattr(inlined, DW_AT_call_file) &&
	    dwarf_diecu(inlined, &unit, NULL, NULL) &&
	    dwarf_getsrcfiles(&unit, &files, &count) == 0)
		set_file(level, head,
			 dwarf_filesrc(files, number_of(inlined, DW_AT_call_file), NULL,
				       NULL));
}

void ms_inlines_find(struct ms_code *code, Dwarf_Die *head, Dwarf_Die *function,
		     Dwarf_Addr pc)
{
	struct chain chain = { .count = 0 };

	if (function) {
		chain.dies[chain.count++] = *function;
		chain.last = dwarf_dieoffset(function);
		walk(&chain, function, pc, 0);
	}
	code->count = chain.count ? chain.count : 1;
	memset(code->levels, 0, code->count * sizeof(*code->levels));
	for (size_t i = 0; i < chain.count; i++)
		name_level(&code->levels[i], &chain.dies[chain.count - 1 - i]);
	place_innermost(&code->levels[0], head, pc);
	for (size_t i = 1; i < chain.count; i++)
		place_call(&code->levels[i], head, &chain.dies[chain.count - i]);
}
