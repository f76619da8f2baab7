/* SPDX-License-Identifier: Apache-2.0 */
/*
 * wrong_frees.c - one wrong free a run: argv[1] says which.
 *
 * glibc notices most of them and aborts; what it does not notice ends with exit(0).
 *
 * Build with: -O0 -fno-builtin -Wno-free-nonheap-object -Wno-use-after-free
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

static char *volatile kept;
static char in_data[64] = "data";
static volatile size_t zero;

static void release(void *p)
{
	free(p);
}

static void again(void *p)
{
	free(p);
}

/* caught by tcache's key */
static void twice(void)
{
	kept = malloc(40);
	release(kept);
	again(kept);
}

/* Overwritten after its free, it looks like any block to tcache. */
static void twice_unseen(void)
{
	kept = malloc(40);
	release(kept);
	memset(kept, 0, 16);
	again(kept);
}

/* its pages are gone: the second free faults, or finds no size */
static void twice_large(void)
{
	kept = malloc(1 << 20);
	release(kept);
	again(kept);
}

/* other blocks between the two: a fastbin's or an unsorted chunk's check */
static void twice_later(void)
{
	char *others[16];

	kept = malloc(5000);
	for (int i = 0; i < 16; i++)
		others[i] = malloc(200);
	release(kept);
	for (int i = 0; i < 16; i++)
		free(others[i]);
	again(kept);
}

static void *release_it(void *p)
{
	release(p);
	return NULL;
}

static void twice_by_threads(void)
{
	pthread_t thread;

	kept = malloc(40);
	pthread_create(&thread, NULL, release_it, kept);
	pthread_join(thread, NULL);
	again(kept);
}

static void realloc_freed(void)
{
	kept = malloc(40);
	release(kept);
	kept = realloc(kept, 400);
}

/* the block moved: its old address is freed */
static void free_moved(void)
{
	char *wall, *old = kept = malloc(2000);

	wall = malloc(2000);
	kept = realloc(old, 200000);
	again(old);
	free(wall);
}

static void interior(void)
{
	kept = malloc(100);
	again(kept + 16);
}

static void interior_freed(void)
{
	kept = malloc(100);
	release(kept);
	again(kept + 32);
}

static void on_stack(void)
{
	char local[64] = "local";

	kept = local;
	again(kept + 16);
}

static void *in_thread(void *unused)
{
	char local[64] = "local";

	(void)unused;
	kept = local;
	again(kept + 16);
	return NULL;
}

static void on_threads_stack(void)
{
	pthread_t thread;

	pthread_create(&thread, NULL, in_thread, NULL);
	pthread_join(thread, NULL);
}

static void arguments(char **argv)
{
	again(argv[0]);
}

static void in_module(void)
{
	kept = in_data;
	again(kept);
}

static void literal(void)
{
	kept = (char *)(uintptr_t) "some text that is no block at all";
	again(kept);
}

static void in_libc(void)
{
	again(stdout);
}

static void mapped(void)
{
	char *pages = mmap(NULL, 65536, PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	again(pages + 4096);
}

static void wild(void)
{
	again((void *)(uintptr_t)0x1234560);
}

/* What the parent made, the child may free; its own blocks only once. */
static void in_child(int wrong)
{
	char *blocks[100];
	int status;

	for (int i = 0; i < 100; i++)
		blocks[i] = malloc(50 + (size_t)i);
	if (fork() == 0) {
		for (int i = 0; i < 100; i++)
			release(blocks[i]);
		if (wrong == 1) {
			twice();
		} else if (wrong == 2) {
			memset(blocks[7], 0, 16);
			again(blocks[7]);
		}
		exit(0);
	}
	wait(&status);
}

static const struct {
	const char *name;
	void (*run)(void);
} cases[] = {
	{ "twice", twice },
	{ "twice_unseen", twice_unseen },
	{ "twice_large", twice_large },
	{ "twice_later", twice_later },
	{ "twice_by_threads", twice_by_threads },
	{ "realloc_freed", realloc_freed },
	{ "free_moved", free_moved },
	{ "interior", interior },
	{ "interior_freed", interior_freed },
	{ "stack", on_stack },
	{ "threads_stack", on_threads_stack },
	{ "static", in_module },
	{ "literal", literal },
	{ "libc", in_libc },
	{ "mapped", mapped },
	{ "wild", wild },
};

int main(int argc, char **argv)
{
	struct rlimit none = { 0, 0 };

	if (argc != 2)
		return 2;
	setrlimit(RLIMIT_CORE, &none);
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		if (strcmp(argv[1], cases[i].name) == 0) {
			cases[i].run();
			return 0;
		}
	}
	if (strcmp(argv[1], "arguments") == 0)
		arguments(argv);
	else if (strcmp(argv[1], "child") == 0)
		in_child(0);
	else if (strcmp(argv[1], "child_twice") == 0)
		in_child(1);
	else if (strcmp(argv[1], "child_again") == 0)
		in_child(2);
	else
		return 2;
	return zero ? 3 : 0;
}
