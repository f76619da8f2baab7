/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hook_dl.c - dlopen, dlmopen and dlclose.
 *
 * The loader looks at the return address of dlopen to find the caller's RUNPATH and
 * namespace, so the hook must not stand between: it does its work first and jumps on with
 * the stack as it found it.  What was loaded is noticed when its code first appears in a
 * stack, or at the next of these calls.  dlclose asks for no caller and is wrapped, since
 * what was learnt about code must be forgotten when the code is gone.
 */
#define _GNU_SOURCE
#include "preload/life.h"
#include "preload/modules.h"
#include "preload/real.h"
#include "preload/recorder.h"

#include <dlfcn.h>
#include <errno.h>

/* Returns where to jump.  Keeps the program's errno. */
static void *before_open(const char *name)
{
	int saved = errno;
	void *real;

	if (atomic_load(&ms_off) & MS_OFF_BOOT)
		ms_life_boot();
	real = ms_real_next(name);
	if (ms_session_usable())
		ms_modules_refresh();
	errno = saved;
	return real;
}

void *ms_before_dlopen(void);
void *ms_before_dlmopen(void);

__attribute__((used)) void *ms_before_dlopen(void)
{
	return before_open("dlopen");
}

__attribute__((used)) void *ms_before_dlmopen(void)
{
	return before_open("dlmopen");
}

#define JUMP_ON(name)                                     \
	__asm__(".pushsection .text\n"                    \
		".globl " name "\n"                       \
		".type " name ", @function\n" name ":\n"  \
		"	.cfi_startproc\n"                       \
		"	push %rdi\n	.cfi_adjust_cfa_offset 8\n" \
		"	push %rsi\n	.cfi_adjust_cfa_offset 8\n" \
		"	push %rdx\n	.cfi_adjust_cfa_offset 8\n" \
		"	call ms_before_" name "\n"        \
		"	pop %rdx\n	.cfi_adjust_cfa_offset -8\n" \
		"	pop %rsi\n	.cfi_adjust_cfa_offset -8\n" \
		"	pop %rdi\n	.cfi_adjust_cfa_offset -8\n" \
		"	jmp *%rax\n"                            \
		"	.cfi_endproc\n"                         \
		".size " name ", . - " name "\n"          \
		".popsection\n")

JUMP_ON("dlopen");
JUMP_ON("dlmopen");

MS_EXPORT int dlclose(void *handle)
{
	int result, saved;

	if (atomic_load(&ms_off) & MS_OFF_BOOT)
		ms_life_boot();
	if (!ms_real.dlclose || !ms_session_usable())
		return ms_real.dlclose ? ms_real.dlclose(handle) : -1;
	ms_modules_closing();
	result = ms_real.dlclose(handle);
	saved = errno;
	ms_modules_closed();
	errno = saved;
	return result;
}
