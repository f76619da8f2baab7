/* SPDX-License-Identifier: Apache-2.0 */
/*
 * markup_names.c - a program whose functions are called what would do harm in a page, a
 * table, a graph or a terminal, were it taken for more than text.
 *
 * Build with: -g0
 */
#include <stdlib.h>

/* The assembler wants such names in quotes; the compiler takes any text for a name. */
#define NAMED(function, name) \
	__attribute__((noinline)) void *function(size_t size) __asm__("\"" name "\"")

NAMED(ends_script, "</script><img onerror=alert(1) src=x>");
NAMED(quotes, "'};alert(2);//{{}}");
NAMED(separators, "a;b,c|d {label=e} -> \tf");
NAMED(control, "\033]0;owned\007\377<b>@MEMSCOPE_DATA@");

void *ends_script(size_t size)
{
	void *p = malloc(size);

	__asm__ volatile("" : "+r"(p));
	return p;
}

void *quotes(size_t size)
{
	void *p = ends_script(size);

	__asm__ volatile("" : "+r"(p));
	return p;
}

void *separators(size_t size)
{
	void *p = quotes(size);

	__asm__ volatile("" : "+r"(p));
	return p;
}

void *control(size_t size)
{
	void *p = separators(size);

	__asm__ volatile("" : "+r"(p));
	return p;
}

int main(void)
{
	void *volatile lost = control(1000);

	lost = quotes(2000);
	free(ends_script(3000));
	(void)lost;
	return 0;
}
