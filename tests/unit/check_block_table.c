/* SPDX-License-Identifier: Apache-2.0 */
/*
 * check_block_table.c - the table of blocks, and that of ids, against arrays.
 */
#include "analyzer/base/alloc.h"
#include "analyzer/snapshot/block_table.h"
#include "analyzer/base/dense.h"

#include <check.h>
#include <stdlib.h>

#define MOST 3000

static uint64_t random_state = 88172645463325252;

static uint64_t below(uint64_t n)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return (random_state >> 11) % n;
}

struct model {
	uint64_t addresses[MOST];
	size_t count;
};

static size_t model_find(const struct model *m, uint64_t address)
{
	size_t i = 0;

	while (i < m->count && m->addresses[i] != address)
		i++;
	return i;
}

static void same_as(const struct ms_block_table *t, const struct model *m)
{
	const struct ms_slot *slot;
	size_t position = 0, seen = 0;

	ck_assert_uint_eq(t->count, m->count);
	while ((slot = ms_block_table_next(t, &position))) {
		if (model_find(m, slot->address) == m->count ||
		    slot->size != slot->address + 1)
			ck_abort_msg("%#llx is not there",
				     (unsigned long long)slot->address);
		seen++;
	}
	ck_assert_uint_eq(seen, m->count);
	for (size_t i = 0; i < m->count; i++) {
		slot = ms_block_table_find(t, m->addresses[i]);
		if (!slot || slot->address != m->addresses[i])
			ck_abort_msg("%#llx is not found",
				     (unsigned long long)m->addresses[i]);
	}
}

static void change(struct ms_block_table *t, struct model *m, uint64_t address,
		   bool grows)
{
	struct ms_slot *slot = ms_block_table_find(t, address);
	size_t i = model_find(m, address);

	if ((slot != NULL) != (i < m->count))
		ck_abort_msg("%#llx is there, or is not", (unsigned long long)address);
	if (slot && !grows) {
		ms_block_table_remove(t, slot);
		m->addresses[i] = m->addresses[--m->count];
	} else if (!slot && m->count < MOST) {
		struct ms_slot new = { .address = address, .size = address + 1 };

		ck_assert_int_eq(ms_block_table_reserve(t, 0), 0);
		ms_block_table_add(t, &new);
		m->addresses[m->count++] = address;
	}
}

/* Addresses whose hashes have their upper bits in common: all begin in one chunk. */
static uint64_t colliding(uint64_t i)
{
	uint64_t inverse = 0x9e3779b97f4a7c15ULL, hash, multiplied;

	for (int step = 0; step < 6; step++)
		inverse *= 2 - 0x9e3779b97f4a7c15ULL * inverse;
	/* An address has sixty bits above its lowest four: look for a hash of such. */
	for (hash = i << 22;; hash += 1 << 14) {
		multiplied = hash * inverse;
		if (multiplied && multiplied < UINT64_C(1) << 60)
			return multiplied << 4;
	}
}

static uint64_t address_of(unsigned kind, uint64_t places)
{
	uint64_t i = 1 + below(places);

	switch (kind) {
	case 0:
		return i * 16;
	case 1:
		return 0x7f0000000000 + i * 4096;
	case 2:
		return colliding(i);
	default:
		return i * 0x100000000001;
	}
}

START_TEST(random_changes_equal_the_model)
{
	for (unsigned kind = 0; kind < 4; kind++) {
		static struct model m;
		struct ms_block_table t;

		m.count = 0;
		ck_assert_int_eq(ms_block_table_init(&t), 0);
		for (unsigned i = 0; i < 30000; i++) {
			/* up, down, and up and down at one place */
			bool grows = i < 6000 || (i > 15000 && below(2));

			change(&t, &m, address_of(kind, kind == 2 ? 900 : 2500), grows);
			if (i % 5000 == 0)
				same_as(&t, &m);
		}
		same_as(&t, &m);
		ms_block_table_release(&t);
	}
}
END_TEST

START_TEST(chunks_that_many_passed_are_still_searched)
{
	static struct model m;
	struct ms_block_table t;
	unsigned full = 0;

	m.count = 0;
	ck_assert_int_eq(ms_block_table_init(&t), 0);
	for (uint64_t i = 1; i <= 600; i++)
		change(&t, &m, colliding(i), true);
	for (size_t i = 0; i <= t.count; i++)
		full += t.chunks[i % (1u << t.bits)].passed == UINT8_MAX;
	ck_assert_uint_gt(full, 0);
	for (uint64_t i = 1; i <= 600; i += 2)
		change(&t, &m, colliding(i), false);
	same_as(&t, &m);
	ms_block_table_release(&t);
}
END_TEST

/* In the order of another table, which is that of the hashes. */
START_TEST(a_copy_in_order_needs_no_long_search)
{
	static struct model m;
	struct ms_block_table t, copy;
	const struct ms_slot *slot;
	size_t position = 0;
	unsigned passed = 0;

	m.count = 0;
	ck_assert_int_eq(ms_block_table_init(&t), 0);
	ck_assert_int_eq(ms_block_table_init(&copy), 0);
	for (uint64_t i = 1; i <= MOST; i++)
		change(&t, &m, i * 16, true);
	ck_assert_int_eq(ms_block_table_expand(&copy, t.count), 0);
	while ((slot = ms_block_table_next(&t, &position)))
		ms_block_table_add(&copy, slot);
	same_as(&copy, &m);
	ck_assert_uint_eq(copy.bits, t.bits);
	for (size_t i = 0; i >> copy.bits == 0; i++)
		passed += copy.chunks[i].passed;
	ck_assert_uint_le(passed, MOST / 4);
	ms_block_table_release(&t);
	ms_block_table_release(&copy);
}
END_TEST

START_TEST(without_memory_a_table_stays_as_it_was)
{
	static struct model m;
	struct ms_block_table t;
	unsigned failures = 0;

	m.count = 0;
	for (unsigned n = 1; n <= 2; n++) {
		ms_alloc_fail_at(n);
		ck_assert_int_eq(ms_block_table_init(&t), -1);
	}
	ms_alloc_fail_at(0);
	ck_assert_int_eq(ms_block_table_init(&t), 0);
	for (uint64_t i = 1; i < 2000; i++) {
		ms_alloc_fail_at(1 + i % 2);
		if (ms_block_table_reserve(&t, 0) < 0) {
			failures++;
			same_as(&t, &m);
		}
		ms_alloc_fail_at(0);
		change(&t, &m, i * 48, true);
	}
	ck_assert_uint_ge(failures, 1);
	same_as(&t, &m);
	ms_block_table_release(&t);
}
END_TEST

/* Large enough for huge pages, and large again. */
START_TEST(a_large_table_is_zeroed_and_aligned)
{
	static const size_t sizes[] = {
		0, 1, 4096, (2 << 20) - 1, 2 << 20, (6 << 20) + 5
	};

	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		unsigned char *p = ms_alloc_table(sizes[i]);

		ck_assert_ptr_nonnull(p);
		ck_assert_uint_eq((uintptr_t)p % 64, 0);
		for (size_t j = 0; j < sizes[i]; j++) {
			if (p[j])
				ck_abort_msg("byte %zu of %zu", j, sizes[i]);
			p[j] = 1;
		}
		ms_free_table(p, sizes[i]);
	}
	ck_assert_ptr_null(ms_alloc_table(SIZE_MAX));
	ms_free_table(NULL, 5);
}
END_TEST

START_TEST(ids_near_and_far)
{
	static const uint32_t edges[] = {
		0, 1023, 1024, MS_DENSE_IDS - 1, MS_DENSE_IDS, UINT32_MAX
	};
	struct ms_dense dense;
	uint32_t row;

	ms_dense_init(&dense);
	for (uint32_t i = 0; i < 6; i++)
		ck_assert(!ms_dense_find(&dense, edges[i], &row));
	for (uint32_t i = 0; i < 6; i++) {
		ms_alloc_fail_at(1);
		if (ms_dense_put(&dense, edges[i], i) < 0) {
			ms_alloc_fail_at(0);
			ck_assert(!ms_dense_find(&dense, edges[i], &row));
			ck_assert_int_eq(ms_dense_put(&dense, edges[i], i), 0);
		}
		ms_alloc_fail_at(0);
		for (uint32_t j = 0; j <= i; j++) {
			ck_assert(ms_dense_find(&dense, edges[j], &row));
			ck_assert_uint_eq(row, j);
		}
	}
	ck_assert(!ms_dense_find(&dense, 5, &row));
	ck_assert(!ms_dense_find(&dense, UINT32_MAX - 1, &row));
	ms_dense_release(&dense);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("block_table");
	TCase *tcase = tcase_create("tables");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_set_timeout(tcase, 120);
	tcase_add_test(tcase, random_changes_equal_the_model);
	tcase_add_test(tcase, chunks_that_many_passed_are_still_searched);
	tcase_add_test(tcase, a_copy_in_order_needs_no_long_search);
	tcase_add_test(tcase, without_memory_a_table_stays_as_it_was);
	tcase_add_test(tcase, a_large_table_is_zeroed_and_aligned);
	tcase_add_test(tcase, ids_near_and_far);
	suite_add_tcase(suite, tcase);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
