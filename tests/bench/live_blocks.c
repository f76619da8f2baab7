/* SPDX-License-Identifier: Apache-2.0 */
/*
 * live_blocks.c - many blocks that live at the exit, and point to each other at random.
 *
 * live_blocks COUNT BYTES: each block holds four pointers to others, and the program one
 * to the first: what none of the four ways of any block leads to is lost, some two in a
 * hundred.
 */
#include "tests/targets/truth.h"

#define WAYS 4

static void **volatile first;

static size_t next(size_t *random, size_t below)
{
	*random ^= *random << 13;
	*random ^= *random >> 7;
	*random ^= *random << 17;
	return *random % below;
}

int main(int argc, char **argv)
{
	size_t count = argc > 2 ? strtoul(argv[1], NULL, 10) : 0;
	size_t bytes = argc > 2 ? strtoul(argv[2], NULL, 10) : 0;
	size_t random = 88172645463325252u;
	void ***all;

	if (!count || bytes < WAYS * sizeof(void *))
		return 2;
	all = calloc(count, sizeof(*all));
	MUST(all);
	for (size_t i = 0; i < count; i++)
		MUST(all[i] = calloc(1, bytes));
	for (size_t i = 0; i < count; i++)
		for (size_t way = 0; way < WAYS; way++)
			all[i][way] = all[next(&random, count)];
	first = hide(all[0]);
	memset(all, 0, count * sizeof(*all));
	free(all);
	return 0;
}
