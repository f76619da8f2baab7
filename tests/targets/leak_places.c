/* SPDX-License-Identifier: Apache-2.0 */
/*
 * leak_places.c - the same as leak_truth.c: where pointers are, and how a program ends.
 *
 * Build with: -O0 -ldl
 */
#define _GNU_SOURCE
#include "tests/targets/leak_shapes.h"

#include <dlfcn.h>
#include <locale.h>
#include <setjmp.h>
#include <sys/mman.h>
#include <ucontext.h>
#include <unistd.h>

static void *global;
static unsigned long hidden;
static _Thread_local void *local;
static _Thread_local void *local_array[8];

static void nothing(void)
{
}

/* --- where the pointer is
 * ---------------------------------------------------------------- */

static void in_local(void)
{
	local = clean(100);
}

static void in_local_array(void)
{
	for (int i = 0; i < 8; i++)
		local_array[i] = chain(2);
}

static void in_own_mapping(void)
{
	void **map = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
			  -1, 0);

	map[700] = clean(100);
}

static void in_shared_mapping(void)
{
	void **map = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
			  -1, 0);

	map[700] = clean(100);
}

static void in_unmapped(void)
{
	void **map = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
			  -1, 0);

	map[700] = clean(100);
	munmap(map, 8192);
}

static void in_unreadable(void)
{
	void **map = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
			  -1, 0);

	map[700] = clean(100);
	mprotect(map, 8192, PROT_NONE);
}

static void in_big_block(void)
{
	void **big = clean(400000);

	big[40000] = clean(50);
	global = big;
}

static void in_lost_big_block(void)
{
	void **big = clean(400000);

	big[40000] = clean(50);
}

static void in_freed(void)
{
	struct node *n = node(NULL, NULL);

	n->value = (long)chain(3);
	free(n);
}

static void in_freed_big(void)
{
	void **big = clean(400000);

	big[40000] = clean(50);
	free(big);
}

/* --- calls
 * ------------------------------------------------------------------------------- */

static void reallocated(void)
{
	void *p = clean(10);

	p = realloc(p, 1000);
	memset(p, 0, 1000);
	p = realloc(p, 100000);
	memset(p, 0, 100000);
}

static void reallocated_kept(void)
{
	global = clean(10);
	global = realloc(global, 300000);
	memset(global, 0, 300000);
}

static void aligned(void)
{
	void *p;

	if (posix_memalign(&p, 4096, 100) == 0)
		memset(p, 0, 100);
	global = aligned_alloc(64, 640);
	memset(global, 0, 640);
	p = aligned_alloc(256, 512);
	memset(p, 0, 512);
}

static void counted(void)
{
	hidden = HIDDEN(calloc(10, 13));
	global = calloc(3, 33);
}

static void copied(void)
{
	global = strdup("a text that is kept");
	hidden = HIDDEN(strdup("a text that is lost"));
}

static void printed(void)
{
	printf("through a buffer that libc keeps\n");
}

static void opened(void)
{
	FILE *f = fopen("/dev/null", "r");

	(void)f;
}

static void opened_and_closed(void)
{
	FILE *f = fopen("/dev/null", "w");

	fputs("text", f);
	fclose(f);
}

static void environment(void)
{
	setenv("LEAK_TRUTH", "a value", 1);
	setenv("LEAK_TRUTH", "another value, which is longer", 1);
}

static void locale(void)
{
	setlocale(LC_ALL, "C.UTF-8");
}

static void registered(void)
{
	for (int i = 0; i < 50; i++)
		atexit(nothing);
}

/* --- frames
 * ------------------------------------------------------------------------------ */

static jmp_buf back;

static NOINLINE void jump(void)
{
	void *volatile p = clean(100);

	(void)p;
	longjmp(back, 1);
}

static void jumped(void)
{
	if (!setjmp(back))
		jump();
	scrub();
}

static void exit_below(void)
{
	void *volatile p = clean(100);

	(void)p;
	exit(0);
}

static NOINLINE void deeper(int depth)
{
	void *volatile p = clean(10);

	if (depth)
		deeper(depth - 1);
	else if (!global)
		exit(0);
	free(p);
}

static void exit_deep(void)
{
	deeper(20);
}

static void exit_now(void)
{
	void *volatile p = clean(100);

	clean(50);
	(void)p;
	_exit(0);
}

static NOINLINE void in_a_register(void)
{
	register void *p __asm__("r12") = clean(100);

	__asm__ volatile("" : "+r"(p));
	exit(0);
}

static void free_global(void)
{
	free(global);
}

static void exit_quickly(void)
{
	global = clean(100);
	clean(30);
	at_quick_exit(free_global);
	quick_exit(0);
}

static void freed_at_exit(void)
{
	global = clean(100);
	atexit(free_global);
}

static void *destroyed;

__attribute__((destructor)) static void destroy(void)
{
	free(destroyed);
}

static void freed_by_destructor(void)
{
	destroyed = clean(100);
}

static void lost_by_destructor_of_list(void)
{
	destroyed = chain(3);
}

/* --- stacks of other contexts
 * ------------------------------------------------------------- */

static ucontext_t first, second;

static void other(void)
{
	void *volatile p = clean(77);

	swapcontext(&second, &first);
	free(p);
}

static void make_context(void *stack, size_t size)
{
	getcontext(&second);
	second.uc_stack.ss_sp = stack;
	second.uc_stack.ss_size = size;
	second.uc_link = &first;
	makecontext(&second, other, 0);
	swapcontext(&first, &second);
}

static void context_in_mapping(void)
{
	make_context(mmap(NULL, 65536, PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0),
		     65536);
}

static void context_in_block(void)
{
	global = clean(65536);
	make_context(global, 65536);
}

static void context_in_lost_block(void)
{
	void *stack = clean(65536);

	make_context(stack, 65536);
	/* both hold what registers held, which memset's may or may not be */
	memset(&first, 0, sizeof first);
	memset(&second, 0, sizeof second);
}

/* --- libraries
 * ----------------------------------------------------------------------------- */

static void *library(void)
{
	char path[4096];
	ssize_t n = readlink("/proc/self/exe", path, sizeof path - 32);

	path[n < 0 ? 0 : n] = '\0';
	strcpy(strrchr(path, '/') + 1, "libleak_parts.so");
	return dlopen(path, RTLD_NOW);
}

static void call_library(const char *name)
{
	void *handle = library();
	void (*call)(void);

	*(void **)&call = dlsym(handle, name);
	call();
}

static void in_library(void)
{
	call_library("parts_keep");
}

static void lost_in_library(void)
{
	call_library("parts_lose");
}

static void in_library_local(void)
{
	call_library("parts_keep_local");
}

static void in_closed_library(void)
{
	void *handle = library();
	void (*call)(void);

	*(void **)&call = dlsym(handle, "parts_keep");
	call();
	dlclose(handle);
}

/* --- table
 * ---------------------------------------------------------------------------------- */

#define CASE(name)          \
	{                   \
#name, name \
	}

static const struct leak_case cases[] = {
	CASE(in_local),
	CASE(in_local_array),
	CASE(in_own_mapping),
	CASE(in_shared_mapping),
	CASE(in_unmapped),
	CASE(in_unreadable),
	CASE(in_big_block),
	CASE(in_lost_big_block),
	CASE(in_freed),
	CASE(in_freed_big),
	CASE(reallocated),
	CASE(reallocated_kept),
	CASE(aligned),
	CASE(counted),
	CASE(copied),
	CASE(printed),
	CASE(opened),
	CASE(opened_and_closed),
	CASE(environment),
	CASE(locale),
	CASE(registered),
	CASE(jumped),
	CASE(exit_below),
	CASE(exit_deep),
	CASE(exit_now),
	CASE(in_a_register),
	CASE(exit_quickly),
	CASE(freed_at_exit),
	CASE(freed_by_destructor),
	CASE(lost_by_destructor_of_list),
	CASE(context_in_mapping),
	CASE(context_in_block),
	CASE(context_in_lost_block),
	CASE(in_library),
	CASE(lost_in_library),
	CASE(in_library_local),
	CASE(in_closed_library),
};

int main(int argc, char **argv)
{
	return run_case(cases, sizeof cases / sizeof *cases, argc, argv);
}
