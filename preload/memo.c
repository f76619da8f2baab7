/* SPDX-License-Identifier: Apache-2.0 */
/*
 * memo.c - stacks that a thread has seen, found again without walking.
 *
 * An entry is a run of words: the node and two counts, the rbp that the walk began with
 * (0: it did not matter), then for each word that was read its slot, counted from the
 * hook's frame, and its value, packed as 16 and 48 bits.
 */
#define _GNU_SOURCE
#include "preload/memo.h"

#include "preload/step.h"

#include <sys/mman.h>

struct ms_memo_way {
	uint64_t key; /* 0: empty */
	uint64_t at;  /* index of the entry in words */
};

#define WAYS		4 /* a cache line */
#define SET_BITS_FIRST	6
#define SET_BITS_MAX	18
#define WORDS_FIRST	(8U << 10)
#define WORDS_MAX	(4U << 20)
#define KEY_DEPTH_FIRST 2
#define KEY_DEPTH_MAX	16
#define HEADER_WORDS	2

#define VALUE_BITS 48
#define VALUE_MASK ((1ULL << VALUE_BITS) - 1)

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

/* Whether every word of the entry is as it was; its node then, else 0. */
static inline uint32_t same_words(const uint64_t *entry, const uintptr_t *frame)
{
	uint32_t n = (uint32_t)entry[0];
	const uint64_t *q = entry + HEADER_WORDS, *end = q + n;
	uint64_t a = entry[1] ? entry[1] ^ frame[0] : 0, b = 0;

	for (; q + 1 < end; q += 2) {
		a |= frame[q[0] >> VALUE_BITS] ^ (q[0] & VALUE_MASK);
		b |= frame[q[1] >> VALUE_BITS] ^ (q[1] & VALUE_MASK);
	}
	if (q < end)
		a |= frame[q[0] >> VALUE_BITS] ^ (q[0] & VALUE_MASK);
	return a | b ? 0 : (uint32_t)(entry[0] >> 32);
}

uint32_t ms_memo_find(struct ms_thread *t, const uintptr_t *frame, uint64_t *key)
{
	struct ms_memo *m = &t->memo;
	struct ms_memo_way *w;
	uint32_t node;

	*key = key_of(t, frame);
	if (MS_UNLIKELY(!*key || !m->count))
		return 0;
	w = set_of(m, *key);
	for (unsigned i = 0; i < WAYS; i++) {
		if (w[i].key != *key || !(node = same_words(m->words + w[i].at, frame)))
			continue;
		if (MS_UNLIKELY(i)) { /* what was used last is looked at first */
			struct ms_memo_way found = w[i];

			w[i] = w[i - 1];
			w[i - 1] = found;
		}
		return node;
	}
	return 0;
}

void ms_memo_forget(struct ms_memo *m)
{
	if (m->count)
		__builtin_memset(m->ways, 0, (WAYS * sizeof *m->ways) << m->bits);
	m->count = 0;
	m->used = 0;
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
	m->words = (uint64_t *)p;
	m->max = max;
	return true;
}

struct entry {
	const uintptr_t *frame;
	uint64_t *words;
	uint32_t count, max;
	bool fits;
};

static void add_word(struct entry *e, uint64_t slot)
{
	uint64_t index = (slot - (uintptr_t)e->frame) / 8;
	uint64_t value = *(const uint64_t *)slot;

	if (index >> 16 || value >> VALUE_BITS || e->count == e->max)
		e->fits = false;
	else
		e->words[e->count++] = index << VALUE_BITS | value;
}

/* All words that the walk read, except saved rbps that no CFA came to depend on. */
static void add_stack(struct entry *e, const struct ms_thread *t, uint64_t *first_bp)
{
	uint64_t bp_slot =
		0; /* where the current rbp was read; 0: the hook's caller's own */

	*first_bp = 0;
	add_word(e, (uintptr_t)(e->frame + 1));
	for (uint32_t i = t->level_count; i-- > 0 && e->fits;) {
		const struct ms_frame *f = &t->levels[i];

		if (f->sp == 0) {
			/* the mark of a cut reads nothing; other frames cannot be
			 * repeated */
			e->fits = i == 0 &&
				  f->where >> MS_FRAME_MODULE_SHIFT == MS_MODULE_CUT;
			return;
		}
		if (!f->ra_slot)
			continue;
		if (f->uses_bp && bp_slot)
			add_word(e, bp_slot);
		else if (f->uses_bp)
			*first_bp = e->frame[0];
		if (f->cfa_slot)
			add_word(e, f->cfa_slot);
		add_word(e, f->ra_slot);
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
	uint32_t most = HEADER_WORDS + 1 + 3 * t->level_count;
	struct entry e = { .frame = frame, .fits = true };
	uint64_t first_bp;

	while (!m->words || m->used + most > m->max)
		if (most > WORDS_MAX / 2 || !words_grow(m))
			return;
	if (!m->ways && !ways_grow(m))
		return;
	e.words = m->words + m->used + HEADER_WORDS;
	e.max = most - HEADER_WORDS;
	add_stack(&e, t, &first_bp);
	if (!e.fits)
		return;
	e.words[-2] = (uint64_t)node << 32 | e.count;
	e.words[-1] = first_bp;
	*choose_way(m, key, frame[1]) = (struct ms_memo_way){ key, m->used };
	m->used += HEADER_WORDS + e.count;
}
