/* SPDX-License-Identifier: Apache-2.0 */
/*
 * dropped.c - a large function that the linker drops: DWARF then has it at address 0.
 */
#include <stdlib.h>

void *volatile kept;

__attribute__((visibility("hidden"))) void dropped(void)
{
	__asm__ volatile(".fill 16384, 1, 0x90");
	kept = malloc(1);
}

__attribute__((visibility("default"))) void used(void)
{
	kept = malloc(2);
	kept = malloc(3);
}
