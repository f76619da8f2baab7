/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rules.c - learning a rule from .eh_frame and remembering it.
 */
#include "preload/rules.h"

#include "preload/cfi.h"
#include "preload/own_cost.h"

_Atomic(struct ms_rule_cache *) ms_rules;

#define WAY_BITS_FIRST 11
#define WAY_BITS_MAX   18

static ms_rule pack(enum ms_rule_kind kind, int64_t cfa, int64_t rbp, uint32_t module)
{
	if (cfa % 8 || rbp % 8 || cfa / 8 >= 1 << 20 || cfa / 8 < -(1 << 20) ||
	    rbp / 8 >= 1 << 19 || rbp / 8 < -(1 << 19)) {
		kind = MS_RULE_ODD;
		cfa = rbp = 0;
	}
	return (ms_rule)kind | ((uint64_t)(cfa / 8) & 0x1fffff) << 3 |
	       ((uint64_t)(rbp / 8) & 0xfffff) << 24 | (uint64_t)module << 48;
}

/* DW_OP_breg6 n; [DW_OP_deref]: what gcc emits for frames that it aligns beyond the ABI.
 */
static bool is_rbp_slot(const struct ms_cfi_block *b, bool deref, int64_t *offset)
{
	if (b->bytes != (deref ? 3u : 2u) || b->p[0] != 0x76 || b->p[1] & 0x80 ||
	    (deref && b->p[2] != 0x06))
		return false;
	*offset = (int64_t)((uint64_t)b->p[1] << 57) >> 57;
	return true;
}

static ms_rule classify(const struct ms_cfi_row *row, uint32_t module)
{
	const struct ms_cfi_reg *ra = &row->regs[MS_REG_RA], *bp = &row->regs[MS_REG_RBP];
	int64_t slot, saved;

	if (ra->how == MS_CFI_UNDEFINED)
		return pack(MS_RULE_LAST, 0, 0, module);
	if (row->is_signal_frame || ra->how != MS_CFI_OFFSET || ra->value != -8)
		return pack(MS_RULE_ODD, 0, 0, module);
	if (row->cfa_is_expression) {
		if (is_rbp_slot(&row->cfa_block, true, &slot) &&
		    bp->how == MS_CFI_EXPRESSION &&
		    is_rbp_slot(&bp->block, false, &saved) && saved == 0)
			return pack(MS_RULE_DEREF, slot, 0, module);
		return pack(MS_RULE_ODD, 0, 0, module);
	}
	if ((row->cfa_reg != MS_REG_RSP && row->cfa_reg != MS_REG_RBP) ||
	    (bp->how != MS_CFI_SAME && (bp->how != MS_CFI_OFFSET || bp->value == 0)))
		return pack(MS_RULE_ODD, 0, 0, module);
	return pack(row->cfa_reg == MS_REG_RSP ? MS_RULE_RSP : MS_RULE_RBP,
		    row->cfa_offset, bp->how == MS_CFI_OFFSET ? bp->value : 0, module);
}

static struct ms_rule_cache *cache_new(unsigned bits)
{
	struct ms_rule_cache *c =
		ms_map(sizeof *c + ((MS_RULE_WAY * sizeof(struct ms_rule_entry)) << bits),
		       false);

	if (c)
		c->bits = bits;
	return c;
}

/* The outgrown cache stays mapped: somebody may be reading it. */
static struct ms_rule_cache *cache_grow(struct ms_rule_cache *old)
{
	struct ms_rule_cache *c;

	if (old && old->bits >= WAY_BITS_MAX)
		return old;
	c = cache_new(old ? old->bits + 2 : WAY_BITS_FIRST);
	if (!c)
		return old;
	/* release: pairs with the acquire in ms_rule_find; a loser's cache is simply
	 * unused */
	if (!atomic_compare_exchange_strong_explicit(
		    &ms_rules, &old, c, memory_order_acq_rel, memory_order_acquire))
		return old;
	return c;
}

static bool write_entry(struct ms_rule_entry *e, uint64_t key, uint64_t old, ms_rule rule)
{
	if (!atomic_compare_exchange_strong_explicit(
		    &e->key, &old, 1, memory_order_acq_rel, memory_order_relaxed))
		return false;
	atomic_store_explicit(&e->rule, rule, memory_order_release);
	atomic_store_explicit(&e->key, key, memory_order_release);
	return true;
}

/* An empty entry of the way, or one of a generation that has passed. */
static bool remember_in(struct ms_rule_cache *c, uintptr_t pc, uint64_t key, ms_rule rule)
{
	struct ms_rule_entry *e = &c->entries[ms_rule_way(pc, c->bits)];
	uint64_t mask = (1U << MS_GENERATION_BITS) - 1;

	for (unsigned i = 0; i < MS_RULE_WAY; i++, e++) {
		uint64_t old = atomic_load_explicit(&e->key, memory_order_relaxed);

		if (old == key)
			return true;
		if (old != 1 && (old & mask) != (key & mask) &&
		    write_entry(e, key, old, rule))
			return true;
	}
	return false;
}

static void remember(uintptr_t pc, uint32_t generation, ms_rule rule)
{
	struct ms_rule_cache *c = atomic_load_explicit(&ms_rules, memory_order_acquire);
	uint64_t mask = (1U << MS_GENERATION_BITS) - 1;
	uint64_t key = pc << MS_GENERATION_BITS | (generation & mask);
	struct ms_rule_entry *e;

	if (c && remember_in(c, pc, key, rule))
		return;
	c = cache_grow(c);
	if (!c || remember_in(c, pc, key, rule))
		return;
	/* as large as it gets: somebody has to go */
	e = &c->entries[ms_rule_way(pc, c->bits) + (pc >> 4) % MS_RULE_WAY];
	write_entry(e, key, atomic_load_explicit(&e->key, memory_order_relaxed), rule);
}

ms_rule ms_rule_learn(uintptr_t pc, uint32_t generation)
{
	struct ms_code code;
	struct ms_cfi_row row;
	ms_rule rule;

	atomic_fetch_add_explicit(&ms_cost_rule_misses, 1, memory_order_relaxed);
	/* a return address may be the first byte after its function: look at the call */
	if (!ms_modules_find(&code, pc - 1))
		return pack(MS_RULE_NONE, 0, 0,
			    0); /* may be mapped later: not remembered */
	if (ms_cfi_row(&row, &code, pc - 1))
		rule = classify(&row, code.module);
	else
		rule = pack(MS_RULE_NONE, 0, 0, code.module);
	if (generation && code.module)
		remember(pc, generation, rule);
	return rule;
}
