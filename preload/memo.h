/* SPDX-License-Identifier: Apache-2.0 */
/*
 * memo.h - stacks that a thread has seen, found again without walking.
 *
 * A walk depends only on (pc, sp, rbp) and on the stack words that it read.  So a stack
 * that was walked once is kept as the list of those words and what they held: when all
 * are as they were it is the same stack, exactly.
 *
 * The leaf's pc and frame lead to the first stack that was seen there.  Where a word
 * differs from it, (that stack, the word's index, the value found) leads to the next
 * candidate, and so on: a tree whose branches are the words in which stacks differ.  No
 * rule is looked up on the way and no load waits for another but at a branch.
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

#define MS_MEMO_HOPS   32
#define MS_MEMO_PROBES 8

static inline uint32_t ms_memo_mix(uint64_t a, uint64_t b)
{
	uint64_t h = (a ^ b * 0xd6e8feb86659fd93ULL) * 0x9e3779b97f4a7c15ULL;

	return (uint32_t)(h >> 32);
}

/* The place that hash links to, or 0. */
static inline uint32_t ms_memo_link(const struct ms_memo *m, uint32_t hash)
{
	uint32_t mask = (1U << m->bits) - 1;

	for (uint32_t i = 0; i < MS_MEMO_PROBES; i++) {
		uint64_t link = m->links[(hash + i) & mask];

		if (MS_LIKELY((uint32_t)(link >> 32) == hash))
			return (uint32_t)link;
		if (!link)
			break;
	}
	return 0;
}

/* The index of the first word that is not as it was; count when all are. */
static inline uint32_t ms_memo_differs(const struct ms_memo_entry *e,
				       const uintptr_t *frame)
{
	const uint64_t *v = e->values;
	const uint16_t *slot = (const uint16_t *)(v + e->count);
	uint32_t i = 0, n = e->count;

	/* four at a time: a difference is found among them afterwards */
	for (; i + 4 <= n; i += 4)
		if ((frame[slot[i]] ^ v[i]) | (frame[slot[i + 1]] ^ v[i + 1]) |
		    (frame[slot[i + 2]] ^ v[i + 2]) | (frame[slot[i + 3]] ^ v[i + 3]))
			break;
	for (; i < n && frame[slot[i]] == v[i]; i++)
		;
	return i;
}

/* The node of the stack at frame, or 0.  The thread's own stack only. */
static inline uint32_t ms_memo_find(struct ms_memo *m, const uintptr_t *frame)
{
	uint32_t hash = ms_memo_mix(frame[1], (uintptr_t)frame);

	m->missing = hash;
	for (unsigned hop = 0; m->count && hop < MS_MEMO_HOPS; hop++) {
		uint32_t at = ms_memo_link(m, hash), i;
		const struct ms_memo_entry *e;

		if (!at)
			break;
		e = (const struct ms_memo_entry *)(const void *)(m->words + at);
		/* slots count from the entry's own frame: elsewhere they may not be
		 * mapped */
		if (MS_UNLIKELY(e->frame != (uintptr_t)frame))
			break;
		i = ms_memo_differs(e, frame);
		if (MS_LIKELY(i == e->count)) {
			if (MS_LIKELY(!e->first_bp || e->first_bp == frame[0])) {
				m->hits++;
				return e->node;
			}
			hash = ms_memo_mix(at, frame[0]);
		} else {
			const uint16_t *slot = (const uint16_t *)(e->values + e->count);

			hash = ms_memo_mix((uint64_t)i << 32 | at, frame[slot[i]]);
		}
		m->missing = hash;
	}
	return 0;
}

/*
 * Remember the stack that ms_memo_find() did not find and that was walked and interned
 * since: thread->levels are all of it.  Nothing happens when there is no memory or a
 * frame lies too far out.
 */
MS_COLD void ms_memo_put(struct ms_thread *thread, const uintptr_t *frame, uint32_t node);

/* The code has changed, or the state goes to another thread. */
void ms_memo_forget(struct ms_memo *memo);

#endif
