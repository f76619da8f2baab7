/* SPDX-License-Identifier: Apache-2.0 */
/*
 * memo.c - remembering the stacks that a thread has seen.
 *
 * An entry holds what led to its stack: the hook's frame, the rbp that the walk began
 * with where that mattered, and for each word that was read its value and its slot,
 * counted from the frame.
 */
#define _GNU_SOURCE
#include "preload/memo.h"

#include "preload/own_cost.h"

#include <string.h>
#include <sys/mman.h>

#define LINK_BITS_FIRST 8
#define LINK_BITS_MAX	21
#define WORDS_FIRST	(8U << 10)
#define WORDS_MAX	(4U << 20)

/* Words from here on hold entries: place 0 means none. */
#define WORDS_BEGIN 4

void ms_memo_forget(struct ms_memo *m)
{
	if (m->count)
		memset(m->links, 0, sizeof *m->links << m->bits);
	m->count = 0;
	m->used = WORDS_BEGIN;
}

/* A place without a link is as good as any: who finds no room pushes another out. */
static void add_link(struct ms_memo *m, uint32_t hash, uint32_t at)
{
	uint32_t mask = (1U << m->bits) - 1, i = 0;

	while (i + 1 < MS_MEMO_PROBES && m->links[(hash + i) & mask])
		i++;
	m->count += !m->links[(hash + i) & mask];
	m->links[(hash + i) & mask] = (uint64_t)hash << 32 | at;
}

static bool links_grow(struct ms_memo *m)
{
	struct ms_memo old = *m;
	unsigned bits = m->links ? m->bits + 1 : LINK_BITS_FIRST;
	uint64_t *links;

	if (bits > LINK_BITS_MAX)
		return m->links != NULL;
	links = ms_map(sizeof *links << bits, true);
	if (!links)
		return m->links != NULL;
	m->links = links;
	m->bits = bits;
	m->count = 0;
	for (size_t i = 0; old.links && i < (size_t)1 << old.bits; i++)
		if (old.links[i])
			add_link(m, (uint32_t)(old.links[i] >> 32),
				 (uint32_t)old.links[i]);
	if (old.links)
		ms_unmap(old.links, sizeof *links << old.bits);
	return true;
}

static bool move_words(struct ms_memo *m)
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
		p = ms_sys6(SYS_mremap, (long)m->words, (long)(m->max * sizeof *m->words),
			    (long)(max * sizeof *m->words), MREMAP_MAYMOVE, 0, 0);
	if (!p || ms_sys_failed(p))
		return false;
	if (!m->words)
		m->used = WORDS_BEGIN;
	else
		atomic_fetch_add_explicit(&ms_cost_table_bytes,
					  (max - m->max) * sizeof *m->words,
					  memory_order_relaxed);
	m->words = (uint64_t *)p;
	m->max = max;
	return true;
}

static bool words_grow(struct ms_memo *m)
{
	uint64_t held = ms_sys_hold_signals();
	bool grown = move_words(m);

	ms_sys_release_signals(held);
	return grown;
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

static size_t entry_words(size_t count)
{
	return sizeof(struct ms_memo_entry) / 8 + count + (count + 3) / 4;
}

void ms_memo_put(struct ms_thread *t, const uintptr_t *frame, uint32_t node)
{
	struct ms_memo *m = &t->memo;
	uint32_t most = 1 + 3 * t->level_count, room = (uint32_t)entry_words(most);
	struct draft d = { .max = most, .fits = true };

	while (!m->words || m->used + room > m->max)
		if (room > WORDS_MAX / 2 || !words_grow(m))
			return;
	if ((!m->links || m->count > 1U << m->bits >> 1) && !links_grow(m))
		return;
	d.entry = (struct ms_memo_entry *)(void *)(m->words + m->used);
	*d.entry = (struct ms_memo_entry){ .node = node, .frame = (uintptr_t)frame };
	d.slots = (uint16_t *)(d.entry->values + most);
	add_stack(&d, t, frame[0]);
	if (!d.fits)
		return;
	memmove(d.entry->values + d.entry->count, d.slots,
		d.entry->count * sizeof *d.slots);
	add_link(m, m->missing, m->used);
	m->used += (uint32_t)entry_words(d.entry->count);
}
