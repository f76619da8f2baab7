/* SPDX-License-Identifier: Apache-2.0 */
/*
 * own_operators.c - whether a call came through an operator new or delete that somebody
 * wrote himself.
 *
 * Such operators call malloc and free, so that the log has these: an object that one of
 * them made and the library's own operator deletes is no mistake.
 */
#include "analyzer/analysis/own_operators.h"

#include <string.h>

/* Beyond so many frames nobody is an allocator's wrapper any more. */
#define FRAMES 8

/* The operators that a program may replace; an array's may be alone. */
static const char *const symbols[] = {
	"_Znwm",
	"_ZnwmRKSt9nothrow_t",
	"_ZnwmSt11align_val_t",
	"_ZnwmSt11align_val_tRKSt9nothrow_t",
	"_Znam",
	"_ZnamRKSt9nothrow_t",
	"_ZnamSt11align_val_t",
	"_ZnamSt11align_val_tRKSt9nothrow_t",
	"_ZdlPv",
	"_ZdlPvRKSt9nothrow_t",
	"_ZdlPvm",
	"_ZdlPvSt11align_val_t",
	"_ZdlPvmSt11align_val_t",
	"_ZdaPv",
	"_ZdaPvRKSt9nothrow_t",
	"_ZdaPvm",
	"_ZdaPvSt11align_val_t",
	"_ZdaPvmSt11align_val_t",
};

/* Libraries that have the language's own ones. */
static const char *const runtimes[] = { "libstdc++.", "libc++.", "libc++abi.",
					"libmemscope" };

static bool is_runtime(const char *path)
{
	const char *name = path ? strrchr(path, '/') : NULL;

	name = name ? name + 1 : path;
	for (size_t i = 0; name && i < sizeof(runtimes) / sizeof(*runtimes); i++) {
		if (strncmp(name, runtimes[i], strlen(runtimes[i])) == 0)
			return true;
	}
	return false;
}

/* The program itself, whose operators all modules use. */
static const struct ms_module *program_of(const struct ms_metadata *meta)
{
	const char *exe = ms_metadata_fact(meta, "exe", 0);
	size_t count;
	const struct ms_module *modules = ms_metadata_modules(meta, &count);

	for (size_t i = 0; exe && i < count; i++) {
		if (strcmp(modules[i].path, exe) == 0)
			return &modules[i];
	}
	return NULL;
}

void ms_operators_init(struct ms_operators *operators, struct ms_metadata *meta)
{
	*operators = (struct ms_operators){ .meta = meta, .program = program_of(meta) };
	ms_map_init(&operators->known);
}

void ms_operators_release(struct ms_operators *operators)
{
	ms_map_release(&operators->known);
}

/* By the symbol tables of a module; each is read once. */
static ms_status defines(enum ms_own_operators *answer, struct ms_operators *operators,
			 const struct ms_module *module, struct ms_error *err)
{
	static const enum ms_own_operators answers[] = {
		[MS_DEFINES_UNKNOWN] = MS_OWN_MAYBE,
		[MS_DEFINES_NONE] = MS_OWN_NO,
		[MS_DEFINES_SOME] = MS_OWN_YES,
	};
	enum ms_defines found = MS_DEFINES_NONE;
	ms_status status = MS_OK;
	const uint64_t *known;

	*answer = MS_OWN_NO;
	if (!module || is_runtime(module->path))
		return MS_OK;
	known = ms_map_find(&operators->known, module->id);
	if (known) {
		*answer = (enum ms_own_operators) * known;
		return MS_OK;
	}
	status = ms_metadata_defines(&found, operators->meta, module->id, symbols,
				     sizeof(symbols) / sizeof(*symbols), err);
	*answer = answers[found];
	if (status == MS_OK && ms_map_put(&operators->known, module->id, *answer) < 0)
		status = ms_fail_memory(err);
	return status;
}

static bool is_operator(const struct ms_frame *frame)
{
	return frame->function && !is_runtime(frame->module) &&
	       (strstr(frame->function, "operator new") ||
		strstr(frame->function, "operator delete"));
}

/*
 * The code of one node.  A library's operators may be hidden, and it may be stripped of
 * their names; a program's are always seen.
 */
static ms_status look_at(enum ms_own_operators *answer, struct ms_operators *operators,
			 uint32_t node, const struct ms_module *module, bool is_caller,
			 struct ms_error *err)
{
	enum ms_own_operators own = MS_OWN_NO;
	const struct ms_frame *frames;
	size_t count;
	ms_status status =
		ms_metadata_frames(operators->meta, node, &frames, &count, err);

	for (size_t i = 0; status == MS_OK && i < count; i++) {
		if (is_operator(&frames[i]))
			own = MS_OWN_YES;
	}
	if (status == MS_OK && is_caller && own == MS_OWN_NO)
		status = defines(&own, operators, module, err);
	if (status == MS_OK && is_caller && own == MS_OWN_NO && count &&
	    !frames[0].function && module != operators->program)
		own = MS_OWN_MAYBE;
	*answer = own > *answer ? own : *answer;
	return status;
}

ms_status ms_operators_own(enum ms_own_operators *answer, struct ms_operators *operators,
			   uint32_t stack, struct ms_error *err)
{
	ms_status status = defines(answer, operators, operators->program, err);
	bool called = false;

	for (unsigned n = 0; status == MS_OK && *answer != MS_OWN_YES && n < FRAMES;
	     n++) {
		const struct ms_module *module;
		uint32_t id, node = stack;
		uint64_t offset;
		bool is_caller;

		if (!ms_metadata_node(operators->meta, node, &id, &offset, &stack))
			break;
		module = ms_metadata_module(operators->meta, id);
		is_caller = !called && !(module && is_runtime(module->path));
		called |= is_caller;
		status = look_at(answer, operators, node, module, is_caller, err);
	}
	/* Who called is not known. */
	if (status == MS_OK && !called && *answer == MS_OWN_NO)
		*answer = MS_OWN_MAYBE;
	return status;
}
