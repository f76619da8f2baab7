/* SPDX-License-Identifier: Apache-2.0 */
/*
 * code_index.c - functions and lines by address, from DWARF, read as little as possible.
 *
 * .debug_aranges leads to the unit of an address, so that a program of ten thousand units
 * is not read for one of them.  Compilers other than gcc leave it out: then the ranges
 * that units have in their heads are sorted once.  A unit's functions are sorted when the
 * first of its addresses is asked for; what is inlined there is walked for each address.
 *
 * Entries of a sound tree come at rising offsets.  A hostile file can point backwards or
 * into itself, so a walk ends where they do not rise: it is never longer than the file.
 */
#include "analyzer/metadata/code_index.h"

#include "analyzer/base/alloc.h"
#include "analyzer/base/map.h"
#include "analyzer/metadata/inline_chain.h"
#include "analyzer/metadata/ranges.h"

#include <dwarf.h>

/* Namespaces, types, functions and blocks within each other. */
#define NESTING 64

struct unit {
	Dwarf_Die head;		    /* holds the lines */
	Dwarf_Die tree;		    /* holds the functions: head, or of a .dwo file */
	struct ms_ranges functions; /* values: offsets of DW_TAG_subprogram */
	bool is_deep;		    /* functions within functions are there too */
};

struct ms_code_index {
	Dwarf *dwarf;
	Dwarf_Addr bias;
	struct ms_map units; /* offset of the head to struct unit * */
	struct ms_ranges heads;
	bool has_heads;
};

struct ms_code_index *ms_code_index_new(Dwarf *dwarf, Dwarf_Addr bias)
{
	struct ms_code_index *index = ms_alloc_zero(1, sizeof(*index));

	if (!index)
		return NULL;
	index->dwarf = dwarf;
	index->bias = bias;
	ms_map_init(&index->units);
	return index;
}

static void free_unit(struct unit *unit)
{
	ms_ranges_release(&unit->functions);
	ms_free(unit);
}

void ms_code_index_free(struct ms_code_index *index)
{
	size_t position = 0;
	uint64_t key, value;

	if (!index)
		return;
	while (ms_map_next(&index->units, &position, &key, &value))
		free_unit((struct unit *)(uintptr_t)value);
	ms_map_release(&index->units);
	ms_ranges_release(&index->heads);
	ms_free(index);
}

/*
 * Add each range of die.  Linkers leave ranges at 0 where they dropped the code: no
 * program of ours has any there.  0, or -1 without memory.
 */
static int add_ranges(struct ms_ranges *ranges, Dwarf_Die *die, uint64_t value)
{
	Dwarf_Addr base, start, end;
	ptrdiff_t at = 0, next;

	while ((next = dwarf_ranges(die, at, &base, &start, &end)) > at) {
		if (start > 0 && ms_ranges_add(ranges, start, end, value) < 0)
			return -1;
		at = next;
	}
	return 0;
}

/* --- from address to unit --------------------------------------------------------------
 */

static ms_status read_heads(struct ms_code_index *index)
{
	Dwarf_CU *cu = NULL;
	Dwarf_Die head;
	Dwarf_Off last = 0;

	while (dwarf_get_units(index->dwarf, cu, &cu, NULL, NULL, &head, NULL) == 0) {
		Dwarf_Off offset = dwarf_dieoffset(&head);

		if (offset <= last)
			break;
		last = offset;
		if (add_ranges(&index->heads, &head, offset) < 0) {
			ms_ranges_release(&index->heads);
			return MS_ENOMEM;
		}
	}
	ms_ranges_sort(&index->heads);
	index->has_heads = true;
	return MS_OK;
}

/* The head of the unit that has address; *found is false when there is none. */
static ms_status find_head(Dwarf_Die *head, bool *found, struct ms_code_index *index,
			   Dwarf_Addr address)
{
	const uint64_t *offset;

	*found = dwarf_addrdie(index->dwarf, address, head) != NULL;
	if (*found)
		return MS_OK;
	if (!index->has_heads && read_heads(index) != MS_OK)
		return MS_ENOMEM;
	offset = ms_ranges_find(&index->heads, address);
	*found = offset && dwarf_offdie(index->dwarf, *offset, head);
	return MS_OK;
}

/* --- the functions of a unit -----------------------------------------------------------
 */

struct walk {
	struct ms_ranges *functions;
	Dwarf_Off last;
	bool is_deep;
};

static bool may_hold_functions(const struct walk *walk, Dwarf_Die *die)
{
	switch (dwarf_tag(die)) {
	case DW_TAG_namespace:
	case DW_TAG_module:
		return true;
	case DW_TAG_structure_type:
	case DW_TAG_class_type:
	case DW_TAG_union_type:
	case DW_TAG_subprogram:
	case DW_TAG_inlined_subroutine:
	case DW_TAG_lexical_block:
	case DW_TAG_try_block:
	case DW_TAG_catch_block:
		return walk->is_deep;
	default:
		return false;
	}
}

/* 0, or -1 without memory. */
static int walk_functions(struct walk *walk, Dwarf_Die *parent, unsigned depth)
{
	Dwarf_Die die;

	if (depth == NESTING || dwarf_child(parent, &die) != 0)
		return 0;
	do {
		Dwarf_Off offset = dwarf_dieoffset(&die);

		if (offset <= walk->last)
			return 0;
		walk->last = offset;
		if (dwarf_tag(&die) == DW_TAG_subprogram &&
		    add_ranges(walk->functions, &die, offset) < 0)
			return -1;
		if (may_hold_functions(walk, &die) &&
		    walk_functions(walk, &die, depth + 1) < 0)
			return -1;
	} while (dwarf_siblingof(&die, &die) == 0);
	return 0;
}

static ms_status read_functions(struct unit *unit, bool is_deep)
{
	struct ms_ranges functions = { 0 };
	struct walk walk = { &functions, dwarf_dieoffset(&unit->tree), is_deep };

	if (walk_functions(&walk, &unit->tree, 0) < 0) {
		ms_ranges_release(&functions);
		return MS_ENOMEM;
	}
	ms_ranges_sort(&functions);
	ms_ranges_release(&unit->functions);
	unit->functions = functions;
	unit->is_deep = is_deep;
	return MS_OK;
}

/* The tree of a unit whose head only says in which .dwo file the rest is. */
static void find_tree(struct unit *unit)
{
	Dwarf_Die split;
	uint8_t type;

	unit->tree = unit->head;
	if (dwarf_cu_info(unit->head.cu, NULL, &type, NULL, &split, NULL, NULL, NULL) ==
		    0 &&
	    type == DW_UT_skeleton && split.addr)
		unit->tree = split;
}

static struct unit *make_unit(const Dwarf_Die *head)
{
	struct unit *unit = ms_alloc_zero(1, sizeof(*unit));

	if (!unit)
		return NULL;
	unit->head = *head;
	find_tree(unit);
	if (read_functions(unit, false) != MS_OK) {
		ms_free(unit);
		return NULL;
	}
	return unit;
}

static struct unit *unit_at(struct ms_code_index *index, Dwarf_Die *head)
{
	uint64_t key = dwarf_dieoffset(head);
	const uint64_t *known = ms_map_find(&index->units, key);
	struct unit *unit;

	if (known)
		return (struct unit *)(uintptr_t)*known;
	unit = make_unit(head);
	if (unit && ms_map_put(&index->units, key, (uint64_t)(uintptr_t)unit) < 0) {
		free_unit(unit);
		return NULL;
	}
	return unit;
}

/* The function that owns the code at address; *found is false when there is none. */
static ms_status find_function(Dwarf_Die *function, bool *found, struct unit *unit,
			       Dwarf_Addr address)
{
	const uint64_t *offset = ms_ranges_find(&unit->functions, address);

	*found = false;
	if (!offset && !unit->is_deep) {
		if (read_functions(unit, true) != MS_OK)
			return MS_ENOMEM;
		offset = ms_ranges_find(&unit->functions, address);
	}
	*found = offset &&
		 dwarf_offdie(dwarf_cu_getdwarf(unit->tree.cu), *offset, function);
	return MS_OK;
}

ms_status ms_code_index_find(struct ms_code *code, struct ms_code_index *index,
			     uint64_t address)
{
	Dwarf_Addr pc = address - index->bias;
	Dwarf_Die head, function;
	struct unit *unit;
	bool found;

	code->count = 0;
	if (find_head(&head, &found, index, pc) != MS_OK)
		return MS_ENOMEM;
	if (!found)
		return MS_OK;
	unit = unit_at(index, &head);
	if (!unit || find_function(&function, &found, unit, pc) != MS_OK)
		return MS_ENOMEM;
	ms_inlines_find(code, &unit->head, found ? &function : NULL, pc);
	return MS_OK;
}
