/* SPDX-License-Identifier: Apache-2.0 */
/*
 * stacks_bench.c - a chosen number of distinct stacks of depth 30, and what they cost.
 *
 * stacks_bench SHAPE COUNT EVENTS: makes and frees EVENTS blocks from COUNT distinct
 * stacks, one after the other in a scattered order, and says how long that took and how
 * much memory is resident then.  SHAPE is how the stacks share their outer frames:
 *
 *	chains	32 stacks share all but the innermost frame, as in depth_bench
 *	tree	each call leads on one or two ways, at 18 of the 30 levels on two
 *	apart	stacks differ from the second frame on
 */
#define _GNU_SOURCE
#include "tests/targets/pace.h"
#include "tests/targets/truth.h"

#define DEPTH 30 /* main and DEPTH - 1 steps */
#define STEPS (DEPTH - 1)

static unsigned char way[STEPS]; /* which function each level calls, from without */
static size_t sum;

typedef void step(unsigned level);

#define EACH8(X, n) \
	X(n##0)     \
	X(n##1)     \
	X(n##2)     \
	X(n##3)     \
	X(n##4)     \
	X(n##5)     \
	X(n##6)     \
	X(n##7)
#define EACH32(X)  EACH8(X, 1) EACH8(X, 2) EACH8(X, 3) EACH8(X, 4)
#define DECLARE(n) static step step_##n;
EACH32(DECLARE)
#define STEP_NAME(n) step_##n,
static step *const steps[32] = { EACH32(STEP_NAME) };

/* Frames differ in size, and nothing is left to do in tail position. */
#define STEP(n)                                                \
	NOINLINE static void step_##n(unsigned level)          \
	{                                                      \
		char room[16 + n % 7 * 8];                     \
                                                               \
		hide(room);                                    \
		if (level < STEPS) {                           \
			steps[way[level]](level + 1);          \
		} else {                                       \
			void *p = hide(malloc(16 + sum % 64)); \
                                                               \
			free(p);                               \
			sum += (size_t)p >> 4;                 \
		}                                              \
		sum += (size_t)room[0];                        \
		hide(room);                                    \
	}
EACH32(STEP)

/* A number below 32 that looks random. */
static unsigned char any(size_t x)
{
	x = (x + 1) * 0x9e3779b97f4a7c15u;
	x = (x ^ x >> 32) * 0xd6e8feb86659fd93u;
	return x >> 59;
}

static void choose_chains(size_t stack)
{
	for (size_t l = 0; l < STEPS - 1; l++)
		way[l] = any(stack / 32 * STEPS + l);
	way[STEPS - 1] = stack % 32;
}

static void choose_tree(size_t stack)
{
	for (size_t l = 0, bit = 0; l < STEPS; l++) {
		way[l] = (unsigned char)(l * 5 % 32);
		if (l * 18 / STEPS != (l + 1) * 18 / STEPS)
			way[l] = (way[l] + (stack >> bit++ & 1) * 11) % 32;
	}
}

static void choose_apart(size_t stack)
{
	for (size_t l = 0; l < STEPS; l++)
		way[l] = any(stack * STEPS + l);
}

int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		void (*choose)(size_t stack);
	} shapes[] = { { "chains", choose_chains },
		       { "tree", choose_tree },
		       { "apart", choose_apart } };
	size_t count, events, prime = 7368787;
	double begin;

	if (argc < 4 || !(count = strtoul(argv[2], NULL, 10)) || count > 1 << 18)
		return 2;
	events = strtoul(argv[3], NULL, 10);
	for (size_t s = 0; s < sizeof(shapes) / sizeof(*shapes); s++) {
		if (strcmp(argv[1], shapes[s].name) != 0)
			continue;
		begin = pace_now_ns();
		for (size_t i = 0; i < events; i++) {
			shapes[s].choose(i % count * prime % count);
			steps[way[0]](1);
		}
		pace_say(begin, pace_now_ns(), 2.0 * (double)events);
		return 0;
	}
	return 2;
}
