/* SPDX-License-Identifier: Apache-2.0 */
/*
 * early.c - allocates before constructors run: in preinit_array, and in the resolver of
 * an ifunc of a library (libifunc.c).
 *
 * Blocks of 500021 and 500022 bytes are made in preinit_array, of 500023 in a
 * constructor, of 500024 in main; all but the second are freed.
 *
 * Build with: -O2 -fno-builtin -Wl,--export-dynamic
 */
#include "tests/targets/truth.h"

#include <dlfcn.h>

static void *kept;

static void first(int argc, char **argv, char **environment)
{
	(void)argc, (void)argv, (void)environment;
	free(hide(malloc(500021)));
	kept = malloc(500022);
}

__attribute__((section(".preinit_array"),
	       used)) static void (*const before)(int, char **, char **) = first;

__attribute__((constructor)) static void second(void)
{
	free(hide(malloc(500023)));
}

int main(int argc, char **argv)
{
	int (*chosen)(void) = NULL;
	void *library;

	free(hide(malloc(500024)));
	if (argc > 1) {
		library = dlopen(argv[1], RTLD_NOW);
		MUST(library);
		chosen = (int (*)(void))dlsym(library, "chosen_early");
	} else {
		chosen = (int (*)(void))dlsym(RTLD_DEFAULT, "chosen_early");
	}
	if (chosen)
		printf("chosen %d\n", chosen());
	return kept ? 5 : 6;
}
