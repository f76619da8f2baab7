/* SPDX-License-Identifier: Apache-2.0 */
/*
 * leak_truth.c - programs whose leaks are known, one by each argument.
 *
 * Without an argument it lists them.  What is lost, and how, is Valgrind's word: the test
 * that runs these compares.
 *
 * Build with: -O0
 */
#include "tests/targets/leak_shapes.h"

static void *global;
static void *array[64];
static unsigned long hidden;

/* --- plain ----------------------------------------------------------------------------
 */

static void nothing(void)
{
}

static void freed(void)
{
	free(clean(100));
}

static void lost_one(void)
{
	clean(100);
}

static void lost_sizes(void)
{
	static const size_t sizes[] = { 1,  7,	8,   9,	  15,	16,    17,    23,
					24, 25, 100, 500, 1000, 10000, 50000, 200000 };

	for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
		clean(sizes[i]);
}

static void lost_empty(void)
{
	hidden = HIDDEN(malloc(0));
}

static void kept_empty(void)
{
	global = malloc(0);
}

static void kept_one(void)
{
	global = clean(100);
}

static void kept_many(void)
{
	for (int i = 0; i < 64; i++)
		array[i] = clean(10 + (size_t)i);
}

static void kept_half(void)
{
	for (int i = 0; i < 64; i++) {
		void *p = clean(10 + (size_t)i);

		if (i % 2)
			array[i] = p;
	}
}

static void overwritten(void)
{
	for (int i = 0; i < 10; i++)
		global = clean(64);
}

static void hidden_one(void)
{
	hidden = HIDDEN(clean(123));
}

/* --- shapes ----------------------------------------------------------------------------
 */

static void lost_chain(void)
{
	hidden = HIDDEN(chain(20));
}

static void kept_chain(void)
{
	global = chain(20);
}

static void cut_chain(void)
{
	struct node *n = chain(20);

	global = n;
	for (int i = 0; i < 9; i++)
		n = n->next;
	n->next = NULL;
}

static void kept_tail(void)
{
	struct node *n = chain(20);

	for (int i = 0; i < 9; i++)
		n = n->next;
	global = n;
}

static void lost_tree(void)
{
	hidden = HIDDEN(tree(6));
}

static void kept_tree(void)
{
	global = tree(6);
}

static void kept_subtree(void)
{
	global = tree(6)->other;
}

static void lost_ring(void)
{
	hidden = HIDDEN(ring(7));
}

static void kept_ring(void)
{
	global = ring(7);
}

static void lost_self(void)
{
	struct node *n = node(NULL, NULL);

	n->next = n;
}

static void lost_pair(void)
{
	ring(2);
}

static void ring_with_tail(void)
{
	ring(5)->other = chain(4);
}

static void tail_with_ring(void)
{
	node(chain(3), ring(5));
}

static void two_rings(void)
{
	ring(3)->other = ring(4);
}

static void eight(void)
{
	struct node *a = ring(3), *b = ring(4);

	a->other = b;
	b->other = a;
}

static void diamond(void)
{
	struct node *bottom = node(NULL, NULL);

	node(node(bottom, NULL), node(bottom, NULL));
}

static void two_owners(void)
{
	struct node *shared = chain(3);

	node(shared, NULL);
	node(shared, NULL);
}

static void kept_and_lost_owner(void)
{
	struct node *shared = chain(3);

	global = node(shared, NULL);
	node(shared, NULL);
}

static void long_chain(void)
{
	hidden = HIDDEN(chain(20000));
}

/* --- into the middle -------------------------------------------------------------------
 */

static void middle(void)
{
	global = (char *)clean(100) + 40;
}

static void middle_of_chain(void)
{
	global = (char *)chain(5) + 16;
}

static void middle_in_chain(void)
{
	struct node *a = chain(3), *b = chain(4);

	a->other = (struct node *)((char *)b + 16);
	global = a;
}

static void middle_and_start(void)
{
	char *p = clean(100);

	array[0] = p + 50;
	array[1] = p;
}

static void last_byte(void)
{
	global = (char *)clean(100) + 99;
}

static void past_end(void)
{
	global = (char *)clean(96) + 96;
}

static void unaligned_word(void)
{
	char *p = clean(64), *q = clean(77);

	global = p;
	memcpy(p + 5, &q, sizeof q);
}

static void word_over_end(void)
{
	char *p = clean(20), *q = clean(77);

	global = p;
	memcpy(p + 16, &q, 4);
}

static void length_before(void)
{
	unsigned long *p = clean(8 + 120);

	*p = 120;
	global = p + 1;
}

static void lost_middle(void)
{
	struct node *a = node(NULL, NULL), *b = node(NULL, NULL);

	a->next = (struct node *)((char *)b + 8);
}

/* --- table
 * ---------------------------------------------------------------------------------- */

#define CASE(name)          \
	{                   \
#name, name \
	}

static const struct leak_case cases[] = {

	CASE(nothing),
	CASE(freed),
	CASE(lost_one),
	CASE(lost_sizes),
	CASE(lost_empty),
	CASE(kept_empty),
	CASE(kept_one),
	CASE(kept_many),
	CASE(kept_half),
	CASE(overwritten),
	CASE(hidden_one),
	CASE(lost_chain),
	CASE(kept_chain),
	CASE(cut_chain),
	CASE(kept_tail),
	CASE(lost_tree),
	CASE(kept_tree),
	CASE(kept_subtree),
	CASE(lost_ring),
	CASE(kept_ring),
	CASE(lost_self),
	CASE(lost_pair),
	CASE(ring_with_tail),
	CASE(tail_with_ring),
	CASE(two_rings),
	CASE(eight),
	CASE(diamond),
	CASE(two_owners),
	CASE(kept_and_lost_owner),
	CASE(long_chain),
	CASE(middle),
	CASE(middle_of_chain),
	CASE(middle_in_chain),
	CASE(middle_and_start),
	CASE(last_byte),
	CASE(past_end),
	CASE(unaligned_word),
	CASE(word_over_end),
	CASE(length_before),
	CASE(lost_middle),
};

int main(int argc, char **argv)
{
	return run_case(cases, sizeof cases / sizeof *cases, argc, argv);
}
