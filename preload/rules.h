/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rules.h - one word a return address: how to get from its frame to the caller's.
 *
 * A cache over cfi.h, shared by all threads and read without a lock.  Nearly all code has
 * frames that one of three rules describes; what has not is left to unwind.h.
 */
#ifndef MS_RULES_H
#define MS_RULES_H

#include "preload/modules.h"
#include "preload/sys.h"

#include <stdatomic.h>

/*
 * A rule: kind (3 bits), CFA offset / 8 (21 bits, signed), offset of the saved rbp from
 * the CFA / 8 (20 bits, signed; 0: rbp is unchanged), module id (16 bits, from bit 48).
 */
typedef uint64_t ms_rule;

enum ms_rule_kind {
	MS_RULE_RSP = 1, /* CFA = rsp + offset */
	MS_RULE_RBP,	 /* CFA = rbp + offset */
	MS_RULE_DEREF,	 /* CFA = *(rbp + offset), rbp saved at rbp: an over-aligned frame
			  */
	MS_RULE_LAST,	 /* the outermost frame */
	MS_RULE_ODD,	 /* only the whole row tells */
	MS_RULE_NONE,	 /* no unwind information */
};

static inline unsigned ms_rule_kind(ms_rule r)
{
	return r & 7;
}

static inline int64_t ms_rule_cfa(ms_rule r)
{
	return ((int64_t)(r << 40) >> 43) * 8;
}

static inline int64_t ms_rule_rbp(ms_rule r)
{
	return ((int64_t)(r << 20) >> 44) * 8;
}

static inline uint32_t ms_rule_module(ms_rule r)
{
	return (uint32_t)(r >> 48);
}

/* A cache of ways of 8 entries; replaced by a larger one when a way is full of live
 * entries. */
#define MS_RULE_WAY 8
struct ms_rule_entry {
	_Atomic uint64_t key; /* pc << 17 | generation; 0: empty; 1: being written */
	_Atomic uint64_t rule;
};
struct ms_rule_cache {
	unsigned bits; /* log2 of the number of ways */
	struct ms_rule_entry entries[];
};
extern _Atomic(struct ms_rule_cache *) ms_rules;

#define MS_GENERATION_BITS 17

/* Compute the rule of pc and remember it under generation, unless that is 0. */
MS_COLD ms_rule ms_rule_learn(uintptr_t pc, uint32_t generation);

static inline size_t ms_rule_way(uintptr_t pc, unsigned bits)
{
	return (size_t)((pc * 0x9e3779b97f4a7c15ULL) >> (64 - bits)) * MS_RULE_WAY;
}

/*
 * The rule of return address pc, under the generation that ms_modules_generation() gave
 * at the walk's start.  An entry may be rewritten while it is read, so its key is read
 * twice.
 */
static inline ms_rule ms_rule_find(uintptr_t pc, uint32_t generation)
{
	struct ms_rule_cache *c = atomic_load_explicit(&ms_rules, memory_order_acquire);
	uint64_t key = pc << MS_GENERATION_BITS |
		       (generation & ((1U << MS_GENERATION_BITS) - 1));

	if (MS_LIKELY(c && generation)) {
		struct ms_rule_entry *e = &c->entries[ms_rule_way(pc, c->bits)];

		for (unsigned i = 0; i < MS_RULE_WAY; i++, e++) {
			ms_rule r;

			if (atomic_load_explicit(&e->key, memory_order_acquire) != key)
				continue;
			r = atomic_load_explicit(&e->rule, memory_order_acquire);
			if (MS_LIKELY(atomic_load_explicit(&e->key,
							   memory_order_relaxed) == key))
				return r;
		}
	}
	return ms_rule_learn(pc, generation);
}

#endif
