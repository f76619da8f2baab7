/* SPDX-License-Identifier: Apache-2.0 */
/*
 * check_stacks.c - stacks that are remembered and interned are the stacks that they were.
 *
 * A stack is played in an array: calls and returns at random, with stale words left where
 * they were.  Walking it is a stand-in's work; what is taken must be a node of the log
 * whose path is that of the calls.
 */
#include "preload/memo.c"
#include "preload/stacks.c"

#include "tests/unit/recorder_stand_in.h"

#include <pthread.h>

#define DEPTH  24
#define WORDS  1024
#define MODULE 3
#define BASE   0x400000UL

struct play {
	struct ms_thread thread;
	struct ms_frame frames[DEPTH + 2], levels[DEPTH + 2];
	uint64_t words[WORDS];
	uint32_t at[DEPTH]; /* of each call's two words, outermost first */
	uint32_t depth;
	uint64_t state;
	unsigned walks;
};

_Atomic uint64_t ms_modules_now = 1;
_Atomic uint64_t ms_cost_table_bytes;
static MS_TLS struct play *playing;

/* --- what the sources need of the others
 * ------------------------------------------------
 */

uintptr_t ms_modules_base(uint32_t module)
{
	ck_assert_uint_eq(module, MODULE);
	return BASE;
}

void ms_walk_stack(struct ms_walk *walk, struct ms_thread *t, const uintptr_t *frame)
{
	*walk = (struct ms_walk){ .repeatable = true };
	for (uint32_t i = playing->depth; i-- > 0;) {
		uint64_t *slot = &playing->words[playing->at[i] + 1];

		t->frames[walk->count++] = (struct ms_frame){
			.where = (uint64_t)MODULE << MS_FRAME_MODULE_SHIFT | *slot,
			.sp = (uintptr_t)(slot + 1),
			.ra_slot = i ? (uintptr_t)&playing->words[playing->at[i - 1] + 1]
				     : 0,
		};
	}
	ck_assert_ptr_eq(frame, &playing->words[playing->at[playing->depth - 1]]);
	playing->walks++;
}

static _Atomic uint64_t window_bytes;

struct ms_window *ms_window_new(enum ms_window_kind kind, size_t bytes, uint32_t owner,
				uint64_t base_ticks)
{
	struct ms_window *w = ms_small(sizeof(*w));

	(void)base_ticks;
	ck_assert_int_eq(kind, MS_WINDOW_NODES);
	w->header = stand_in_memory(MS_WIRE_PAGE, bytes);
	w->header->owner = owner;
	w->body_bytes = (uint32_t)(bytes - sizeof(*w->header));
	atomic_fetch_add(&window_bytes, bytes);
	return w;
}

void ms_window_assign(struct ms_window *window, enum ms_window_kind kind, uint32_t owner,
		      uint64_t base_ticks)
{
	(void)owner, (void)base_ticks;
	window->header->kind = (uint16_t)kind;
}

/* --- the play -------------------------------------------------------------------------
 */

/* All chunks that there were, newest first: stacks.c needs the last one only. */
static struct ms_chunk *chunks[64];
static _Atomic unsigned chunk_count;

static const struct ms_wire_node *node_of(uint32_t id)
{
	for (unsigned i = 0; i < chunk_count; i++)
		if (id >= chunks[i]->first && id < chunks[i]->limit)
			return &chunks[i]->nodes[id - chunks[i]->first];
	ck_abort_msg("node %u lies in no window", id);
	return NULL;
}

static void note_chunk(void)
{
	struct ms_chunk *now = atomic_load(&ms_session->chunk);

	for (unsigned i = 0; i < chunk_count; i++)
		if (chunks[i] == now)
			return;
	chunks[chunk_count++] = now;
}

static void play_begin(struct play *p, uint64_t seed)
{
	memset(p, 0, sizeof(*p));
	p->state = seed;
	p->thread.frames = p->frames;
	p->thread.levels = p->levels;
	p->thread.frames_max = DEPTH + 2;
	for (uint32_t i = 0; i < WORDS; i++)
		p->words[i] = stand_in_random(&p->state) % 5 + BASE;
}

/* As many returns and calls as come: from few functions, of few frame sizes. */
static void play_on(struct play *p)
{
	uint32_t keep =
		p->depth ? (uint32_t)stand_in_random(&p->state) % (p->depth + 1) : 0;
	uint32_t more = 1 + (uint32_t)stand_in_random(&p->state) % 5;

	for (p->depth = keep; more > 0 && p->depth < DEPTH; more--) {
		uint32_t above = p->depth ? p->at[p->depth - 1] : WORDS - 2;
		/* where the caller's words lie follows from the pc, as it does in code */
		uint64_t pc = (p->depth ? 0 : 60) + stand_in_random(&p->state) % 6;
		uint32_t size = 2 + 2 * (uint32_t)(pc % 3);

		p->at[p->depth++] = above - size;
		p->words[above - size + 1] = BASE + pc;
	}
}

static uint32_t play_take(struct play *p)
{
	playing = p;
	return ms_stack_take(&p->thread,
			     (const uintptr_t *)&p->words[p->at[p->depth - 1]]);
}

static void is_the_stack(const struct play *p, uint32_t id)
{
	for (uint32_t i = p->depth; i-- > 0;) {
		const struct ms_wire_node *n = node_of(id);

		ck_assert_uint_eq(n->check, ms_wire_node_check(id, n->where, n->parent));
		ck_assert_uint_eq(n->where, (uint64_t)MODULE << MS_WHERE_MODULE_SHIFT |
						    (p->words[p->at[i] + 1] - BASE));
		ck_assert_uint_lt(n->parent, id);
		id = n->parent;
	}
	ck_assert_uint_eq(id, 0);
}

static void begin(void)
{
	stand_in_begin();
	ms_config.stacks = MS_STACKS_FULL;
	chunk_count = 0;
	window_bytes = 0;
}

START_TEST(one_thread)
{
	static struct play p;
	const int rounds = 6000;

	begin();
	play_begin(&p, 20261123);
	for (int i = 0; i < rounds; i++) {
		uint32_t id;

		play_on(&p);
		id = play_take(&p);
		note_chunk();
		is_the_stack(&p, id);
		/* at once again: the same, whether it was walked or remembered */
		ck_assert_uint_eq(play_take(&p), id);
		if (i % 2000 == 1999)
			atomic_fetch_add(&ms_modules_now, 1); /* code has changed */
	}
	ck_assert_uint_gt(p.thread.memo.hits, rounds / 8);
	ck_assert_uint_gt(p.walks, 100);
	ck_assert_uint_eq(stand_in_lost, 0);
}
END_TEST

START_TEST(no_memory)
{
	static struct play p;

	for (long maps = 0; maps < 6; maps++) {
		uint32_t id;

		begin();
		play_begin(&p, 20261123);
		stand_in_maps_left = maps;
		for (int i = 0; i < 300; i++) {
			play_on(&p);
			id = play_take(&p);
			if (!id) /* counted */
				continue;
			note_chunk();
			is_the_stack(&p, id);
		}
		ck_assert_uint_eq(stand_in_lost > 0, maps == 0);
	}
}
END_TEST

/* --- threads: one trie
 * ------------------------------------------------------------------
 */

#define THREADS 4

static struct play plays[THREADS];
static uint32_t results[THREADS][1000];

static void *run(void *arg)
{
	unsigned me = (unsigned)(uintptr_t)arg;

	for (int i = 0; i < 1000; i++) {
		play_on(&plays[me]);
		results[me][i] = play_take(&plays[me]);
	}
	return NULL;
}

/* All play the same: each stack has, but for lost races, one node. */
START_TEST(threads)
{
	pthread_t ids[THREADS];
	unsigned same = 0;

	begin();
	for (unsigned i = 0; i < THREADS; i++)
		play_begin(&plays[i], 20261123);
	for (uintptr_t i = 0; i < THREADS; i++)
		ck_assert_int_eq(pthread_create(&ids[i], NULL, run, (void *)i), 0);
	for (int i = 0; i < THREADS; i++)
		pthread_join(ids[i], NULL);
	for (int i = 0; i < 1000; i++) {
		ck_assert_uint_ne(results[0][i], 0);
		same += results[0][i] == results[1][i];
	}
	ck_assert_uint_gt(same, 500);
	ck_assert_uint_eq(stand_in_lost, 0);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = { one_thread, no_memory, threads };

	return stand_in_run("stacks", tests, sizeof(tests) / sizeof(*tests));
}
