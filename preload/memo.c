/* SPDX-License-Identifier: Apache-2.0 */
/*
 * memo.c - stacks that a thread has seen, found again without walking.
 *
 * An entry holds what led to its stack: the hook's frame, the rbp that the walk began
 * with where that mattered, and for each word that was read its value and its slot,
 * counted from the frame.
 */
#define _GNU_SOURCE
#include "preload/memo.h"

#include "preload/step.h"

#include <string.h>
#include <sys/mman.h>

struct ms_memo_way {
	uint64_t key; /* 0: empty */
	uint64_t at;  /* index of the entry in words */
};

/* Words from here on hold entries; what lies before is one that is nobody's. */
#define NOBODY 4

#define WAYS		4 /* a cache line */
#define SET_BITS_FIRST	6
#define SET_BITS_MAX	18
#define WORDS_FIRST	(8U << 10)
#define WORDS_MAX	(4U << 20)
#define KEY_DEPTH_FIRST 2
#define KEY_DEPTH_MAX	16

static inline uint8_t *depth_of(struct ms_memo *m, uintptr_t pc)
{
	return &m->depth[(pc * 0x9e3779b97f4a7c15ULL) >> 56];
}

static inline struct ms_memo_way *set_of(const struct ms_memo *m, uint64_t key)
{
	return &m->ways[((key * 0x9e3779b97f4a7c15ULL) >> (64 - m->bits)) * WAYS];
}

/*
 * A hash of the leaf's pc and sp and of the first return addresses: as many as it takes
 * to tell this leaf's stacks apart, which ms_memo_put learns.
 */
static inline uint64_t key_of(struct ms_thread *t, const uintptr_t *frame)
{
	struct ms_place p = { frame[1], (uintptr_t)(frame + 2), frame[0] };
	struct ms_stack s = { p.sp, t->stack_high, NULL };
	unsigned depth = KEY_DEPTH_FIRST + *depth_of(&t->memo, p.pc);
	uint64_t hash = p.pc ^ (uintptr_t)frame << 20;
	struct ms_frame unused;
	enum ms_cut cut;

	while (depth--) {
		ms_rule rule = ms_rule_find(p.pc, t->generation);
		enum ms_step step = ms_step(&p, &s, rule, &unused, &cut);

		if (step == MS_STEP_ODD)
			return 0;
		if (step == MS_STEP_END)
			break;
		hash = (hash ^ p.pc) * 0xd6e8feb86659fd93ULL;
		hash ^= hash >> 32;
	}
	return hash | 1;
}

/* Found by the key, and looked at first from now on. */
static inline uint32_t by_key(struct ms_memo *m, const uintptr_t *frame, uint64_t key)
{
	struct ms_memo_way *w = set_of(m, key);
	uint32_t node;

	for (unsigned i = 0; i < WAYS; i++) {
		if (w[i].key != key || !(node = ms_memo_same(m, w[i].at, frame)))
			continue;
		*ms_memo_recent(m, frame) = (uint32_t)w[i].at;
		if (i) {
			struct ms_memo_way found = w[i];

			w[i] = w[i - 1];
			w[i - 1] = found;
		}
		return node;
	}
	return 0;
}

uint32_t ms_memo_find(struct ms_thread *t, const uintptr_t *frame, uint64_t *key)
{
	*key = key_of(t, frame);
	return *key && t->memo.count ? by_key(&t->memo, frame, *key) : 0;
}

void ms_memo_forget(struct ms_memo *m)
{
	if (m->count) {
		__builtin_memset(m->ways, 0, (WAYS * sizeof *m->ways) << m->bits);
		__builtin_memset(m->recent, 0, sizeof m->recent);
	}
	m->count = 0;
	m->used = NOBODY;
}

/* --- remembering -----------------------------------------------------------------------
 */

/* Into an empty way of its set, or the last. */
static struct ms_memo_way *place(struct ms_memo *m, uint64_t key)
{
	struct ms_memo_way *w = set_of(m, key);

	for (unsigned i = 0; i < WAYS; i++) {
		if (!w[i].key) {
			m->count++;
			return &w[i];
		}
	}
	return &w[WAYS - 1];
}

static bool ways_grow(struct ms_memo *m)
{
	struct ms_memo old = *m;
	unsigned bits = m->ways ? m->bits + 1 : SET_BITS_FIRST;
	struct ms_memo_way *ways;

	if (bits > SET_BITS_MAX)
		return false;
	ways = ms_map((WAYS * sizeof *ways) << bits, true);
	if (!ways)
		return false;
	m->ways = ways;
	m->bits = bits;
	m->count = 0;
	for (size_t i = 0; old.ways && i < (size_t)WAYS << old.bits; i++)
		if (old.ways[i].key)
			*place(m, old.ways[i].key) = old.ways[i];
	if (old.ways)
		ms_sys_munmap(old.ways, (WAYS * sizeof *ways) << old.bits);
	return true;
}

static bool words_grow(struct ms_memo *m)
{
	uint32_t max = m->words ? m->max * 2 : WORDS_FIRST;
	long p;

	if (max > WORDS_MAX) { /* as much as it may have: begin anew */
		ms_memo_forget(m);
		return true;
	}
	if (!m->words)
		p = (long)ms_map(max * sizeof *m->words, true);
	else
		p = ms_sys(SYS_mremap, m->words, m->max * sizeof *m->words,
			   max * sizeof *m->words, MREMAP_MAYMOVE);
	if (!p || ms_sys_failed(p))
		return false;
	if (!m->words)
		m->used = NOBODY;
	m->words = (uint64_t *)p;
	m->max = max;
	return true;
}

struct draft { /* an entry being made; its slots lie after max values */
	struct ms_memo_entry *entry;
	uint16_t *slots;
	uint32_t max;
	bool fits;
};

static void add_word(struct draft *d, uint64_t slot)
{
	struct ms_memo_entry *e = d->entry;
	uint64_t index = (slot - e->frame) / 8;

	if (index > UINT16_MAX || e->count == d->max) {
		d->fits = false;
		return;
	}
	e->values[e->count] = *(const uint64_t *)slot;
	d->slots[e->count++] = (uint16_t)index;
}

/* All words that the walk read, except saved rbps that no CFA came to depend on. */
static void add_stack(struct draft *d, const struct ms_thread *t, uint64_t bp)
{
	uint64_t bp_slot =
		0; /* where the current rbp was read; 0: the hook's caller's own */

	add_word(d, d->entry->frame + 8);
	for (uint32_t i = t->level_count; i-- > 0 && d->fits;) {
		const struct ms_frame *f = &t->levels[i];

		if (f->sp == 0) {
			/* the mark of a cut reads nothing; other frames cannot be
			 * repeated */
			d->fits = i == 0 &&
				  f->where >> MS_FRAME_MODULE_SHIFT == MS_MODULE_CUT;
			return;
		}
		if (!f->ra_slot)
			continue;
		if (f->uses_bp && bp_slot)
			add_word(d, bp_slot);
		else if (f->uses_bp)
			d->entry->first_bp = bp;
		if (f->cfa_slot)
			add_word(d, f->cfa_slot);
		add_word(d, f->ra_slot);
		if (f->bp_slot)
			bp_slot = f->bp_slot;
	}
}

/*
 * A full set is no reason to forget: where most of it has this very key, two frames more
 * tell such stacks apart from now on; else the table grows while it is not very empty.
 */
static struct ms_memo_way *choose_way(struct ms_memo *m, uint64_t key, uintptr_t pc)
{
	struct ms_memo_way *w = set_of(m, key);
	uint8_t *depth = depth_of(m, pc);
	unsigned full = 0, equal = 0;

	for (unsigned i = 0; i < WAYS; i++) {
		full += w[i].key != 0;
		equal += w[i].key == key;
	}
	if (equal >= WAYS - 1 && *depth + 2 <= KEY_DEPTH_MAX - KEY_DEPTH_FIRST)
		*depth += 2;
	else if (full == WAYS && m->count > (uint32_t)WAYS << m->bits >> 3)
		ways_grow(m);
	return place(m, key);
}

void ms_memo_put(struct ms_thread *t, const uintptr_t *frame, uint64_t key, uint32_t node)
{
	struct ms_memo *m = &t->memo;
	uint32_t most = 1 + 3 * t->level_count,
		 room = (uint32_t)ms_memo_entry_words(most);
	struct draft d = { .max = most, .fits = true };

	while (!m->words || m->used + room > m->max)
		if (room > WORDS_MAX / 2 || !words_grow(m))
			return;
	if (!m->ways && !ways_grow(m))
		return;
	d.entry = ms_memo_entry_at(m, m->used);
	*d.entry = (struct ms_memo_entry){ .node = node, .frame = (uintptr_t)frame };
	d.slots = (uint16_t *)(d.entry->values + most);
	add_stack(&d, t, frame[0]);
	if (!d.fits)
		return;
	memmove(d.entry->values + d.entry->count, d.slots,
		d.entry->count * sizeof *d.slots);
	*choose_way(m, key, frame[1]) = (struct ms_memo_way){ key, m->used };
	*ms_memo_recent(m, frame) = m->used;
	m->used += (uint32_t)ms_memo_entry_words(d.entry->count);
}
