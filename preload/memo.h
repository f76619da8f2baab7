/* SPDX-License-Identifier: Apache-2.0 */
/*
 * memo.h - stacks that a thread has seen, found again without walking.
 *
 * A walk depends only on (pc, sp, rbp) and on the stack words that it read.  So a stack
 * that was walked once is kept as the list of those words and what they held; when the
 * first frames lead to a key that is known and all words are as they were, it is the same
 * stack, exactly, and no load had to wait for another.
 */
#ifndef MS_MEMO_H
#define MS_MEMO_H

#include "preload/walk.h"

struct ms_memo_entry { /* in memo.words; slots follow values */
	uint32_t count, node;
	uint64_t frame;
	uint64_t first_bp; /* 0: no CFA hangs on it */
	uint64_t values[];
};

static inline size_t ms_memo_entry_words(size_t count)
{
	return sizeof(struct ms_memo_entry) / 8 + count + (count + 3) / 4;
}

static inline struct ms_memo_entry *ms_memo_entry_at(const struct ms_memo *m, uint64_t at)
{
	return (struct ms_memo_entry *)(void *)(m->words + at);
}

/*
 * The node of the entry at `at` if every word is as it was, else 0.  Four words are
 * loaded before any is looked at; the innermost come first, since those differ most.
 */
static inline uint32_t ms_memo_same(const struct ms_memo *m, uint64_t at,
				    const uintptr_t *frame)
{
	const struct ms_memo_entry *e = ms_memo_entry_at(m, at);
	const uint64_t *v = e->values, *end = v + e->count;
	const uint16_t *slot = (const uint16_t *)end;

	if (e->frame != (uintptr_t)frame || (e->first_bp && e->first_bp != frame[0]))
		return 0;
	for (; v + 4 <= end; v += 4, slot += 4)
		if ((frame[slot[0]] ^ v[0]) | (frame[slot[1]] ^ v[1]) |
		    (frame[slot[2]] ^ v[2]) | (frame[slot[3]] ^ v[3]))
			return 0;
	for (; v < end; v++, slot++)
		if (frame[*slot] != *v)
			return 0;
	return e->node;
}

/* Where the last entry of this leaf and frame is kept: most often it is the one again. */
static inline uint32_t *ms_memo_recent(struct ms_memo *m, const uintptr_t *frame)
{
	uint64_t h = (frame[1] ^ (uintptr_t)frame << 12) * 0x9e3779b97f4a7c15ULL;

	return &m->recent[h >> (64 - MS_MEMO_RECENT_BITS)];
}

/* The node of the stack at frame if it is the last one of its leaf and frame again, or 0.
 */
static inline uint32_t ms_memo_again(struct ms_memo *m, const uintptr_t *frame)
{
	return MS_LIKELY(m->count) ? ms_memo_same(m, *ms_memo_recent(m, frame), frame)
				   : 0;
}

/*
 * The node of the stack at frame by its key, or 0.  *key: what to remember it by when it
 * is walked now; 0: this stack cannot be remembered.  The thread's own stack only.
 */
uint32_t ms_memo_find(struct ms_thread *thread, const uintptr_t *frame, uint64_t *key);

/*
 * Remember the stack of the walk that was just interned: thread->levels, count of them,
 * are all of it.  Nothing happens when there is no memory or a frame lies too far out.
 */
MS_COLD void ms_memo_put(struct ms_thread *thread, const uintptr_t *frame, uint64_t key,
			 uint32_t node);

/* The code has changed, or the state goes to another thread. */
void ms_memo_forget(struct ms_memo *memo);

#endif
