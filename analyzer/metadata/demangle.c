/* SPDX-License-Identifier: Apache-2.0 */
/*
 * demangle.c - libiberty's demanglers with a limit on what they may print.
 *
 * Back references let a mangled name of a few hundred bytes stand for a text of many
 * gigabytes, and libiberty has no way to be stopped: so its printing runs into a buffer
 * of limited size, and is left by longjmp when that is full.
 */
#include "analyzer/metadata/demangle.h"

#include "analyzer/base/alloc.h"

#include <libiberty/demangle.h>
#include <setjmp.h>
#include <stdlib.h>
#include <string.h>

#define OPTIONS (DMGL_PARAMS | DMGL_ANSI)

/*
 * D's demangler has no callback, does not return on want of memory and has no limit on
 * its recursion: its input is kept so small that none of that matters.  With n back
 * references a type grows by less than 3^(n/3).
 */
#define D_INPUT_BYTES	  1024
#define D_BACK_REFERENCES 24

typedef int (*demangler)(const char *name, int options, demangle_callbackref print,
			 void *opaque);

struct printed {
	char *text;
	size_t len, capacity;
	ms_status status; /* why the printing was left */
	jmp_buf leave;
};

static void print(const char *piece, size_t len, void *opaque)
{
	struct printed *out = opaque;

	if (len >= MS_DEMANGLE_OUTPUT_BYTES - out->len)
		longjmp(out->leave, 1);
	if (out->len + len >= out->capacity) {
		size_t capacity = 2 * (out->len + len) + 128;
		char *text = ms_realloc(out->text, capacity);

		if (!text) {
			out->status = MS_ENOMEM;
			longjmp(out->leave, 1);
		}
		out->text = text;
		out->capacity = capacity;
	}
	memcpy(out->text + out->len, piece, len);
	out->len += len;
	out->text[out->len] = '\0';
}

/*
 * Whether name was demangled into out->text.  The demanglers keep their state on the
 * stack; only a Rust identifier in punycode that is being printed just then is lost.
 */
static bool run(demangler demangle, const char *name, struct printed *out)
{
	out->len = 0;
	if (setjmp(out->leave))
		return false;
	return demangle(name, OPTIONS, print, out) && out->len > 0;
}

static ms_status demangle_with(char **out, const char *name, const demangler *demanglers)
{
	struct printed printed = { .status = MS_OK };

	for (; *demanglers; demanglers++) {
		if (run(*demanglers, name, &printed)) {
			*out = printed.text;
			return MS_OK;
		}
		if (printed.status != MS_OK)
			break;
	}
	ms_free(printed.text);
	return printed.status;
}

static bool d_is_small(const char *name)
{
	size_t len, references = 0;

	for (len = 0; name[len]; len++)
		references += name[len] == 'Q';
	return len <= D_INPUT_BYTES && references <= D_BACK_REFERENCES;
}

static ms_status demangle_d(char **out, const char *name)
{
	char *text = d_is_small(name) ? dlang_demangle(name, OPTIONS) : NULL;
	ms_status status = MS_OK;

	if (text) {
		*out = ms_strdup(text);
		status = *out ? MS_OK : MS_ENOMEM;
		free(text);
	}
	return status;
}

bool ms_is_mangled(const char *name)
{
	return name[0] == '_' && (name[1] == 'Z' || name[1] == 'R' || name[1] == 'D');
}

ms_status ms_demangle(char **out, const char *name)
{
	/* Rust's first mangling is C++'s with a hash at the end: it is tried first. */
	static const demangler itanium[] = { rust_demangle_callback,
					     cplus_demangle_v3_callback, NULL };
	static const demangler rust[] = { rust_demangle_callback, NULL };

	*out = NULL;
	if (name[0] != '_' ||
	    strnlen(name, MS_DEMANGLE_INPUT_BYTES + 1) > MS_DEMANGLE_INPUT_BYTES)
		return MS_OK;
	if (name[1] == 'R')
		return demangle_with(out, name, rust);
	if (name[1] == 'D')
		return demangle_d(out, name);
	if (name[1] == 'Z' || strncmp(name, "_GLOBAL_", 8) == 0)
		return demangle_with(out, name, itanium);
	return MS_OK;
}
