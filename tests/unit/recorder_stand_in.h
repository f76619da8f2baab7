/* SPDX-License-Identifier: Apache-2.0 */
/*
 * recorder_stand_in.h - what a source of the recorder needs of the others, so that it can
 * be compiled into a unit test alone: a session in ordinary memory, and memory from the
 * allocator, where valgrind and the sanitizers watch it.
 */
#ifndef MS_RECORDER_STAND_IN_H
#define MS_RECORDER_STAND_IN_H

#include "preload/config.h"
#include "preload/recorder.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

MS_TLS struct ms_tls ms_tls;
struct ms_session *ms_session;
struct ms_config ms_config;
_Atomic unsigned ms_off;
static struct ms_session stand_in;
static struct ms_wire_head stand_in_head;
static struct ms_wire_status stand_in_status;
static _Atomic uint64_t stand_in_lost;
static _Atomic long stand_in_maps_left = -1; /* from 0 on: no more memory */
static _Atomic long stand_in_maps;	     /* not given back */

static inline void stand_in_begin(void)
{
	memset(&stand_in, 0, sizeof(stand_in));
	memset(&stand_in_status, 0, sizeof(stand_in_status));
	stand_in.head = &stand_in_head;
	stand_in.status = &stand_in_status;
	ms_session = &stand_in;
	stand_in_lost = 0;
	stand_in_maps_left = -1;
	stand_in_maps = 0;
	atomic_store(&stand_in.magic, MS_SESSION_MAGIC);
}

/* The recorder gives hardly anything back: known from here, nothing is a leak. */
struct stand_in_piece {
	struct stand_in_piece *before;
	void *memory;
};
static _Atomic(struct stand_in_piece *) stand_in_pieces;

static inline void *stand_in_memory(size_t align, size_t bytes)
{
	struct stand_in_piece *piece = malloc(sizeof(*piece));

	ck_assert_ptr_nonnull(piece);
	piece->memory = aligned_alloc(align, (bytes + align - 1) & ~(align - 1));
	ck_assert_ptr_nonnull(piece->memory);
	piece->before = atomic_load(&stand_in_pieces);
	while (!atomic_compare_exchange_weak(&stand_in_pieces, &piece->before, piece))
		;
	return memset(piece->memory, 0, bytes);
}

void *ms_map(size_t bytes, bool wiped)
{
	(void)wiped;
	if (atomic_load(&stand_in_maps_left) >= 0 &&
	    atomic_fetch_sub(&stand_in_maps_left, 1) <= 0)
		return NULL;
	atomic_fetch_add(&stand_in_maps, 1);
	return stand_in_memory(MS_WIRE_PAGE, bytes);
}

void ms_unmap(void *p, size_t bytes)
{
	(void)bytes;
	atomic_fetch_sub(&stand_in_maps, 1);
	free(p);
}

/* Never given back, as the recorder's. */
void *ms_small(size_t bytes)
{
	return stand_in_memory(16, bytes);
}

void ms_lost(unsigned which, uint64_t count)
{
	(void)which;
	atomic_fetch_add(&stand_in_lost, count);
}

uint64_t ms_sys_hold_signals(void)
{
	ms_tls.held++;
	return 0;
}

void ms_sys_release_signals(uint64_t old)
{
	(void)old;
	ms_tls.held--;
}

/* A test program's main: the suite of one source. */
static inline int stand_in_run(const char *name, const TTest *const *tests, size_t count)
{
	Suite *suite = suite_create(name);
	TCase *tcase = tcase_create(name);
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_set_timeout(tcase, 120);
	for (size_t i = 0; i < count; i++)
		tcase_add_test(tcase, tests[i]);
	suite_add_tcase(suite, tcase);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

/* xorshift64 by Marsaglia. */
static inline uint64_t stand_in_random(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state >> 11;
}

#endif
