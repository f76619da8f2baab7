/* SPDX-License-Identifier: Apache-2.0 */
/*
 * check_trie.c - nodes of the stack trie in windows of any order, honest or not.
 */
#include "analyzer/base/alloc.h"
#include "analyzer/metadata/metadata.h"
#include "analyzer/metadata/trie.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

static struct ms_wire_node honest(uint32_t id, uint64_t where, uint32_t parent)
{
	return (struct ms_wire_node){ where, parent,
				      ms_wire_node_check(id, where, parent) };
}

static struct ms_wire_node *window(uint32_t first, size_t count)
{
	struct ms_wire_node *nodes = calloc(count, sizeof(*nodes));

	for (size_t i = 0; i < count; i++)
		nodes[i] = honest(first + (uint32_t)i, 1000 + first + i,
				  (first + (uint32_t)i) / 2);
	return nodes;
}

START_TEST(windows_in_any_order)
{
	static const uint32_t firsts[] = { 301, 1, 201, 101, 1001 };
	struct ms_wire_node *windows[5], node;
	struct ms_trie trie = { 0 };

	for (size_t i = 0; i < 5; i++) {
		windows[i] = window(firsts[i], 100);
		ck_assert_int_eq(ms_trie_add(&trie, firsts[i], windows[i], 100), MS_OK);
		/* Asking in between must not lose what comes later. */
		ck_assert(ms_trie_find(&trie, firsts[i] + 99, &node));
	}
	for (uint32_t id = 0; id < 1200; id++) {
		bool there = (id >= 1 && id <= 400) || (id >= 1001 && id <= 1100);

		ck_assert_int_eq(ms_trie_find(&trie, id, &node), there);
		if (there) {
			ck_assert_uint_eq(node.where, 1000 + id);
			ck_assert_uint_eq(node.parent, id / 2);
		}
	}
	ck_assert_uint_eq(ms_trie_limit(&trie), 1101);
	ms_trie_release(&trie);
	for (size_t i = 0; i < 5; i++)
		free(windows[i]);
}
END_TEST

START_TEST(an_empty_trie)
{
	struct ms_trie trie = { 0 };
	struct ms_wire_node node;

	ck_assert(!ms_trie_find(&trie, 0, &node));
	ck_assert(!ms_trie_find(&trie, 1, &node));
	ck_assert(!ms_trie_find(&trie, UINT32_MAX, &node));
	ck_assert_uint_eq(ms_trie_limit(&trie), 0);
	ck_assert_int_eq(ms_trie_add(&trie, 5, NULL, 0), MS_OK);
	ck_assert_uint_eq(ms_trie_limit(&trie), 0);
	ms_trie_release(&trie);
}
END_TEST

/* Unwritten, torn, of another id, and with a parent that would lead in circles. */
START_TEST(wrong_nodes)
{
	struct ms_wire_node nodes[8] = { { 0 } }, node;
	struct ms_trie trie = { 0 };

	nodes[0] = honest(1, 500, 0);
	nodes[2] = honest(3, 500, 3);	       /* its own parent */
	nodes[3] = honest(4, 500, 5);	       /* a later one */
	nodes[4] = honest(5, 500, UINT32_MAX); /* far away */
	nodes[5] = honest(5, 500, 1);	       /* another node's */
	nodes[6] = honest(7, 500, 6);
	nodes[6].where++; /* torn */
	nodes[7] = honest(8, 500, 1);
	ck_assert_int_eq(ms_trie_add(&trie, 1, nodes, 8), MS_OK);
	for (uint32_t id = 0; id < 12; id++)
		ck_assert_int_eq(ms_trie_find(&trie, id, &node), id == 1 || id == 8);
	ms_trie_release(&trie);
}
END_TEST

START_TEST(node_zero_is_no_stack)
{
	struct ms_wire_node nodes[2] = { honest(0, 7, 0), honest(1, 7, 0) }, node;
	struct ms_trie trie = { 0 };

	ck_assert_int_eq(ms_trie_add(&trie, 0, nodes, 2), MS_OK);
	ck_assert(!ms_trie_find(&trie, 0, &node));
	ck_assert(ms_trie_find(&trie, 1, &node));
	ms_trie_release(&trie);
}
END_TEST

START_TEST(ids_up_to_the_last)
{
	struct ms_wire_node nodes[4] = { honest(UINT32_MAX - 1, 7, 1),
					 honest(UINT32_MAX, 8, UINT32_MAX - 1),
					 { 0 } },
			    node;
	struct ms_trie trie = { 0 };

	/* The window claims ids that there are not. */
	ck_assert_int_eq(ms_trie_add(&trie, UINT32_MAX - 1, nodes, 4), MS_OK);
	ck_assert(ms_trie_find(&trie, UINT32_MAX, &node));
	ck_assert_uint_eq(node.where, 8);
	ck_assert(!ms_trie_find(&trie, 0, &node));
	ck_assert(!ms_trie_find(&trie, 1, &node));
	ck_assert_uint_eq(ms_trie_limit(&trie), UINT32_MAX);
	ms_trie_release(&trie);
}
END_TEST

/* A window that claims ids of others hides nothing: a node's check decides. */
START_TEST(overlapping_windows)
{
	struct ms_wire_node *true_nodes = window(100, 50), *first = window(1, 99), node;
	struct ms_wire_node *claims = calloc(1000, sizeof(*claims));
	struct ms_trie trie = { 0 };

	ck_assert_int_eq(ms_trie_add(&trie, 1, claims, 1000), MS_OK);
	ck_assert_int_eq(ms_trie_add(&trie, 100, true_nodes, 50), MS_OK);
	ck_assert_int_eq(ms_trie_add(&trie, 120, claims, 500), MS_OK);
	ck_assert_int_eq(ms_trie_add(&trie, 1, first, 99), MS_OK);
	for (uint32_t id = 0; id < 1100; id++)
		ck_assert_int_eq(ms_trie_find(&trie, id, &node), id >= 1 && id < 150);
	ms_trie_release(&trie);
	free(true_nodes);
	free(first);
	free(claims);
}
END_TEST

/* Two right nodes of one id: the window that came first is believed. */
START_TEST(repeated_nodes)
{
	struct ms_wire_node a = honest(9, 111, 0), b = honest(9, 222, 0), node;
	struct ms_trie trie = { 0 };

	ck_assert_int_eq(ms_trie_add(&trie, 9, &a, 1), MS_OK);
	ck_assert_int_eq(ms_trie_add(&trie, 9, &b, 1), MS_OK);
	ck_assert(ms_trie_find(&trie, 9, &node));
	ck_assert_uint_eq(node.where, 111);
	ms_trie_release(&trie);
}
END_TEST

/* Many windows in the worst order: found out at once. */
START_TEST(a_hundred_thousand_windows)
{
	struct ms_trie trie = { 0 };
	struct ms_wire_node node, *nodes = window(1, 100000);

	for (uint32_t id = 100000; id >= 1; id--)
		if (ms_trie_add(&trie, id, &nodes[id - 1], 1) != MS_OK)
			ck_abort_msg("window %u", id);
	for (uint32_t id = 1; id <= 100000; id++)
		if (!ms_trie_find(&trie, id, &node) || node.where != 1000 + id)
			ck_abort_msg("node %u", id);
	ms_trie_release(&trie);
	free(nodes);
}
END_TEST

START_TEST(the_door)
{
	struct ms_wire_node nodes[2] = { honest(1, 3ULL << 48 | 0x1234, 0) };
	struct ms_metadata *meta;
	struct ms_error err;
	uint32_t module, parent;
	uint64_t offset;

	nodes[1] = honest(2, 0xfffeULL << 48 | MS_WHERE_EXACT | MS_WHERE_OFFSET, 1);
	ck_assert_int_eq(ms_metadata_new(&meta, &err), MS_OK);
	ck_assert(!ms_metadata_node(meta, 1, &module, &offset, &parent));
	ck_assert_int_eq(ms_metadata_add_nodes(meta, 1, nodes, 2), MS_OK);
	ck_assert(ms_metadata_node(meta, 1, &module, &offset, &parent));
	ck_assert_uint_eq(module, 3);
	ck_assert_uint_eq(offset, 0x1234);
	ck_assert_uint_eq(parent, 0);
	/* The offset is an address: its flag is no part of it. */
	ck_assert(ms_metadata_node(meta, 2, &module, &offset, &parent));
	ck_assert_uint_eq(module, 0xfffe);
	ck_assert_uint_eq(offset, MS_WHERE_OFFSET);
	ck_assert_uint_eq(parent, 1);
	ck_assert(!ms_metadata_node(meta, 3, &module, &offset, &parent));
	ck_assert_uint_eq(ms_metadata_node_limit(meta), 3);
	ms_metadata_free(meta);
}
END_TEST

START_TEST(without_memory)
{
	struct ms_trie trie = { 0 };
	struct ms_wire_node n = honest(1, 5, 0), node;

	ms_alloc_fail_at(1);
	ck_assert_int_eq(ms_trie_add(&trie, 1, &n, 1), MS_ENOMEM);
	ms_alloc_fail_at(0);
	ck_assert(!ms_trie_find(&trie, 1, &node));
	ck_assert_int_eq(ms_trie_add(&trie, 1, &n, 1), MS_OK);
	ck_assert(ms_trie_find(&trie, 1, &node));
	ms_trie_release(&trie);
}
END_TEST

int main(void)
{
	TCase *tests = tcase_create("trie");
	Suite *suite = suite_create("trie");
	SRunner *runner;
	int failed;

	tcase_add_test(tests, windows_in_any_order);
	tcase_add_test(tests, an_empty_trie);
	tcase_add_test(tests, wrong_nodes);
	tcase_add_test(tests, node_zero_is_no_stack);
	tcase_add_test(tests, ids_up_to_the_last);
	tcase_add_test(tests, overlapping_windows);
	tcase_add_test(tests, repeated_nodes);
	tcase_add_test(tests, a_hundred_thousand_windows);
	tcase_add_test(tests, the_door);
	tcase_add_test(tests, without_memory);
	suite_add_tcase(suite, tests);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
