/* SPDX-License-Identifier: Apache-2.0 */
/*
 * judge.c - libunwind's opinion of the recorder's stacks, from inside a running program.
 *
 * libmemscope-judge.so is the recorder with this file linked in: at one in MS_JUDGE_EVERY
 * stacks it walks the stack a second time with libunwind, which shares no code with ours,
 * and compares every frame.  At the end it appends one line to the file MS_JUDGE_OUT.
 */
#define _GNU_SOURCE
#define UNW_LOCAL_ONLY
#include "preload/judge.h"

#include "preload/recorder.h"

#include <errno.h>
#include <libunwind.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define NODES_MAX  (1U << 22)
#define FRAMES_MAX 20000

static struct {
	uint64_t frame;
	uint32_t parent;
} * nodes;

static _Atomic unsigned long asked, compared, same, different, shown;
static unsigned long every = 1;
static char out[4096];
static _Atomic bool settling; /* libunwind holds its lock and maps memory */

static void settle(void)
{
	const char *text = getenv("MS_JUDGE_EVERY"), *path = getenv("MS_JUDGE_OUT");

	nodes = ms_map(NODES_MAX * sizeof *nodes, false);
	every = text && atol(text) > 0 ? (unsigned long)atol(text) : 1;
	snprintf(out, sizeof out, "%s", path ? path : "/dev/stderr");
	settling = true;
	unw_set_caching_policy(unw_local_addr_space, UNW_CACHE_NONE);
	settling = false;
}

__attribute__((constructor)) static void begin(void)
{
	if (!nodes)
		settle();
}

void ms_judge_node(uint32_t id, uint64_t frame, uint32_t parent)
{
	if (!nodes)
		settle();
	if (id < NODES_MAX) {
		nodes[id].frame = frame;
		nodes[id].parent = parent;
	}
}

static void show(const uint64_t *ours, size_t n, const uint64_t *theirs, size_t m)
{
	FILE *f = atomic_fetch_add(&shown, 1) < 5 ? fopen(out, "ae") : NULL;

	if (!f)
		return;
	fprintf(f, "differ: ours");
	for (size_t i = 0; i < n; i++)
		fprintf(f, " %lx", ours[i]);
	fprintf(f, " theirs");
	for (size_t i = 0; i < m; i++)
		fprintf(f, " %lx", theirs[i]);
	fprintf(f, "\n");
	fclose(f);
}

/* Their frames from the hook's caller outwards; 0: they never came by it. */
static size_t walk_theirs(uint64_t *pcs, const uintptr_t *frame)
{
	unw_context_t context;
	unw_cursor_t cursor;
	unw_word_t ip, sp;
	size_t n = 0;

	unw_getcontext(&context);
	if (unw_init_local(&cursor, &context) < 0)
		return 0;
	do {
		unw_get_reg(&cursor, UNW_REG_IP, &ip);
		unw_get_reg(&cursor, UNW_REG_SP, &sp);
		if (n || sp == (uintptr_t)(frame + 2))
			pcs[n++] = ip;
	} while (n < FRAMES_MAX && ip && unw_step(&cursor) > 0);
	return n;
}

static size_t walk_ours(uint64_t *pcs, uint32_t node, bool *cut)
{
	size_t n = 0;

	for (; node && n < FRAMES_MAX; node = nodes[node].parent) {
		uint64_t frame = nodes[node].frame;

		*cut |= frame >> MS_WHERE_MODULE_SHIFT == MS_MODULE_CUT;
		pcs[n++] = frame & MS_WHERE_OFFSET;
	}
	/* outermost is the last; the list is leaf first already */
	return n;
}

static void compare(const uintptr_t *frame, uint32_t node)
{
	static __thread uint64_t ours[FRAMES_MAX]
		__attribute__((tls_model("global-dynamic")));
	static __thread uint64_t theirs[FRAMES_MAX]
		__attribute__((tls_model("global-dynamic")));
	bool cut = false;
	size_t n = walk_ours(ours, node, &cut), m = walk_theirs(theirs, frame);

	/* where clone or the loader put 0 they may count a frame more */
	while (m && !theirs[m - 1])
		m--;
	if (cut)
		n--;
	atomic_fetch_add(&compared, 1);
	if ((n == m || (cut && n < m)) && !memcmp(ours, theirs, n * sizeof *ours)) {
		atomic_fetch_add(&same, 1);
		return;
	}
	atomic_fetch_add(&different, 1);
	show(ours, n, theirs, m);
}

void ms_judge_stack(const uintptr_t *frame, uint32_t node)
{
	struct ms_tls tls = ms_tls;

	if (!nodes || settling || atomic_fetch_add(&asked, 1) % every)
		return;
	/* what we call may allocate: it finds a thread without a state */
	ms_tls.thread = NULL;
	ms_tls.active = NULL;
	ms_tls.creating = true;
	compare(frame, node);
	ms_tls = tls;
}

__attribute__((destructor)) static void end(void)
{
	FILE *f = fopen(out, "ae");

	if (!f)
		return;
	fprintf(f, "%lu compared, %lu equal, %lu differ: %s\n", compared, same, different,
		program_invocation_short_name);
	fclose(f);
}
