/* SPDX-License-Identifier: Apache-2.0 */
/*
 * leak_shapes.h - blocks that point to each other.
 */
#ifndef LEAK_SHAPES_H
#define LEAK_SHAPES_H

#include "tests/targets/leak_truth.h"

#define NOINLINE __attribute__((noinline, unused))

struct node {
	struct node *next, *other;
	long value;
};

static NOINLINE struct node *node(struct node *next, struct node *other)
{
	struct node *n = clean(sizeof *n);

	n->next = next;
	n->other = other;
	return n;
}

static NOINLINE struct node *chain(int length)
{
	struct node *first = NULL;

	while (length--)
		first = node(first, NULL);
	return first;
}

static NOINLINE struct node *tree(int depth)
{
	return depth ? node(tree(depth - 1), tree(depth - 1)) : NULL;
}

static NOINLINE struct node *ring(int length)
{
	struct node *first = node(NULL, NULL), *n = first;

	for (int i = 1; i < length; i++)
		n = n->next = node(NULL, NULL);
	n->next = first;
	return first;
}

#endif
