/* SPDX-License-Identifier: Apache-2.0 */
/*
 * loads.c - loads and unloads libraries in the ways that confuse a recorder.
 *
 * twins A B:  loads A, allocates 900001 bytes in it, unloads it, loads B at the same
 *             address (exit 77 if the loader would not), allocates 900002; ten times.
 * runpath:    dlopen of bare names and $ORIGIN, found through this program's RUNPATH
 * only. space A:    loads A into a namespace of its own.
 *
 * Build with: -O2 -fno-builtin -Wl,-rpath,$ORIGIN/found
 */
#define _GNU_SOURCE
#include "tests/targets/truth.h"

#include <dlfcn.h>
#include <link.h>

typedef void *maker(size_t bytes);

static maker *make_of(void *library)
{
	maker *make;

	MUST(library);
	make = (maker *)dlsym(library, "twin_make");
	MUST(make);
	return make;
}

static uintptr_t use(const char *path, size_t bytes)
{
	void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
	struct link_map *map = library;
	uintptr_t base;

	free(hide(make_of(library)(bytes)));
	base = map->l_addr;
	MUST(dlclose(library) == 0);
	return base;
}

static int twins(const char *a, const char *b)
{
	for (int i = 0; i < 10; i++)
		if (use(a, 900001) != use(b, 900002))
			return 77;
	return 0;
}

static int runpath(void)
{
	void *bare = dlopen("libfound.so", RTLD_NOW);
	void *origin = dlopen("$ORIGIN/found/libfound.so", RTLD_NOW);

	if (!bare || !origin)
		fprintf(stderr, "%s\n", dlerror());
	MUST(bare && bare == origin);
	free(hide(make_of(bare)(900003)));
	MUST(dlopen("libnowhere.so", RTLD_NOW) == NULL && dlerror());
	MUST(dlopen(NULL, RTLD_NOW) == dlopen(NULL, RTLD_LAZY));
	return 0;
}

static int space(const char *a)
{
	void *library = dlmopen(LM_ID_NEWLM, a, RTLD_NOW);
	Lmid_t id;

	MUST(library && dlinfo(library, RTLD_DI_LMID, &id) == 0 && id != LM_ID_BASE);
	MUST(hide(make_of(library)(900004)));
	free(hide(malloc(900005)));
	MUST(dlclose(library) == 0);
	return 0;
}

int main(int argc, char **argv)
{
	if (argc > 3 && strcmp(argv[1], "twins") == 0)
		return twins(argv[2], argv[3]);
	if (argc > 1 && strcmp(argv[1], "runpath") == 0)
		return runpath();
	if (argc > 2 && strcmp(argv[1], "space") == 0)
		return space(argv[2]);
	return 2;
}
