/* SPDX-License-Identifier: Apache-2.0 */
/*
 * suppress_match.c - whether a stack is what a suppression means.
 *
 * Valgrind's stacks begin with the allocator's own function, which it replaces; ours
 * begin with its caller, so that name is put before them.
 */
#include "analyzer/base/glob.h"
#include "analyzer/facade/suppress_rules.h"
#include "common/event.h"

#include <stdlib.h>
#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

bool ms_name_match(const char *pattern, const char *text)
{
	return ms_glob_match(pattern, text, strlen(text));
}

size_t ms_plain_name(const char *name)
{
	static const char *const suffixes[] = { " [clone ", ".constprop.", ".isra.",
						".part.",   ".cold",	   ".lto_priv.",
						"@" };
	size_t len = strlen(name);

	for (size_t i = 0; i < COUNT(suffixes); i++) {
		const char *suffix = strstr(name, suffixes[i]);

		if (suffix && suffix > name && (size_t)(suffix - name) < len)
			len = (size_t)(suffix - name);
	}
	return len;
}

/* --- the allocator's own frame ---------------------------------------------------------
 */

/* Where Valgrind's replacements lie. */
#define REPLACEMENTS "/usr/libexec/valgrind/vgpreload_memcheck-amd64-linux.so"

static const struct {
	uint8_t event;
	const char *mangled, *name; /* the same where there is nothing to mangle */
} calls[] = {
	{ MS_EVENT_MALLOC, "malloc", "malloc" },
	{ MS_EVENT_CALLOC, "calloc", "calloc" },
	{ MS_EVENT_REALLOC_NULL, "realloc", "realloc" },
	{ MS_EVENT_REALLOC_END, "realloc", "realloc" },
	{ MS_EVENT_REALLOCARRAY_NULL, "realloc", "reallocarray" },
	{ MS_EVENT_REALLOCARRAY_END, "realloc", "reallocarray" },
	{ MS_EVENT_POSIX_MEMALIGN, "posix_memalign", "posix_memalign" },
	{ MS_EVENT_ALIGNED_ALLOC, "aligned_alloc", "aligned_alloc" },
	{ MS_EVENT_MEMALIGN, "memalign", "memalign" },
	{ MS_EVENT_VALLOC, "valloc", "valloc" },
	{ MS_EVENT_PVALLOC, "pvalloc", "pvalloc" },
	{ MS_EVENT_NEW, "_Znwm", "operator new(unsigned long)" },
	{ MS_EVENT_NEW_NOTHROW, "_ZnwmRKSt9nothrow_t",
	  "operator new(unsigned long, std::nothrow_t const&)" },
	{ MS_EVENT_NEW_ALIGNED, "_ZnwmSt11align_val_t",
	  "operator new(unsigned long, std::align_val_t)" },
	{ MS_EVENT_NEW_ALIGNED_NOTHROW, "_ZnwmSt11align_val_tRKSt9nothrow_t",
	  "operator new(unsigned long, std::align_val_t, std::nothrow_t const&)" },
	{ MS_EVENT_NEW_ARRAY, "_Znam", "operator new[](unsigned long)" },
	{ MS_EVENT_NEW_ARRAY_NOTHROW, "_ZnamRKSt9nothrow_t",
	  "operator new[](unsigned long, std::nothrow_t const&)" },
	{ MS_EVENT_NEW_ARRAY_ALIGNED, "_ZnamSt11align_val_t",
	  "operator new[](unsigned long, std::align_val_t)" },
	{ MS_EVENT_NEW_ARRAY_ALIGNED_NOTHROW, "_ZnamSt11align_val_tRKSt9nothrow_t",
	  "operator new[](unsigned long, std::align_val_t, std::nothrow_t const&)" },
	{ MS_EVENT_FREE, "free", "free" },
	{ MS_EVENT_CFREE, "cfree", "cfree" },
	{ MS_EVENT_REALLOC_BEGIN, "realloc", "realloc" },
	{ MS_EVENT_REALLOC_FREED, "realloc", "realloc" },
	{ MS_EVENT_DELETE, "_ZdlPv", "operator delete(void*)" },
	{ MS_EVENT_DELETE_NOTHROW, "_ZdlPvRKSt9nothrow_t",
	  "operator delete(void*, std::nothrow_t const&)" },
	{ MS_EVENT_DELETE_SIZED, "_ZdlPvm", "operator delete(void*, unsigned long)" },
	{ MS_EVENT_DELETE_ALIGNED, "_ZdlPvSt11align_val_t",
	  "operator delete(void*, std::align_val_t)" },
	{ MS_EVENT_DELETE_ALIGNED_NOTHROW, "_ZdlPvSt11align_val_tRKSt9nothrow_t",
	  "operator delete(void*, std::align_val_t, std::nothrow_t const&)" },
	{ MS_EVENT_DELETE_SIZED_ALIGNED, "_ZdlPvmSt11align_val_t",
	  "operator delete(void*, unsigned long, std::align_val_t)" },
	{ MS_EVENT_DELETE_ARRAY, "_ZdaPv", "operator delete[](void*)" },
	{ MS_EVENT_DELETE_ARRAY_NOTHROW, "_ZdaPvRKSt9nothrow_t",
	  "operator delete[](void*, std::nothrow_t const&)" },
	{ MS_EVENT_DELETE_ARRAY_SIZED, "_ZdaPvm",
	  "operator delete[](void*, unsigned long)" },
	{ MS_EVENT_DELETE_ARRAY_ALIGNED, "_ZdaPvSt11align_val_t",
	  "operator delete[](void*, std::align_val_t)" },
	{ MS_EVENT_DELETE_ARRAY_ALIGNED_NOTHROW, "_ZdaPvSt11align_val_tRKSt9nothrow_t",
	  "operator delete[](void*, std::align_val_t, std::nothrow_t const&)" },
	{ MS_EVENT_DELETE_ARRAY_SIZED_ALIGNED, "_ZdaPvmSt11align_val_t",
	  "operator delete[](void*, unsigned long, std::align_val_t)" },
};

/* Whether a line is the frame of a call of the allocator by event; 0: by any. */
static bool is_call(const struct ms_rule_line *line, uint8_t event)
{
	if (line->place == MS_PLACE_OBJECT)
		return ms_name_match(line->pattern, REPLACEMENTS);
	if (line->place != MS_PLACE_FUNCTION)
		return false;
	for (size_t i = 0; i < COUNT(calls); i++)
		if ((!event || calls[i].event == event) &&
		    (ms_name_match(line->pattern, calls[i].mangled) ||
		     ms_name_match(line->pattern, calls[i].name)))
			return true;
	return false;
}

static bool is_call_name(const char *function)
{
	for (size_t i = 0; function && i < COUNT(calls); i++)
		if (strcmp(calls[i].name, function) == 0)
			return true;
	return false;
}

/* --- frames ----------------------------------------------------------------------------
 */

static bool same_or_like(const char *pattern, bool wild, const char *text)
{
	return wild ? ms_name_match(pattern, text) : strcmp(pattern, text) == 0;
}

/* The same name, though one may be a part or a copy of the other. */
static bool same_name(const char *plain, const char *name)
{
	size_t len = ms_plain_name(name);

	return strncmp(plain, name, len) == 0 && !plain[len];
}

static bool is_function(const struct ms_rule_line *line, const char *name)
{
	if (!name)
		name = "???";
	if (line->wild ? ms_name_match(line->pattern, name)
		       : same_name(line->pattern, name))
		return true;
	return line->readable &&
	       (line->readable_wild ? ms_name_match(line->readable, name)
				    : same_name(line->readable, name));
}

/* /lib is /usr/lib, and a library's name a link to its version's. */
static bool is_object(const struct ms_rule_line *line, const char *module)
{
	char *real;
	bool matches;

	if (!module)
		return same_or_like(line->pattern, line->wild, "???");
	if (same_or_like(line->pattern, line->wild, module))
		return true;
	real = *module == '/' ? realpath(module, NULL) : NULL;
	matches = real && same_or_like(line->pattern, line->wild, real);
	free(real);
	return matches;
}

static bool is_source(const struct ms_rule_line *line, const struct ms_frame *frame)
{
	const char *slash = frame->file ? strrchr(frame->file, '/') : NULL;

	return frame->file && (!line->line || line->line == frame->line) &&
	       (same_or_like(line->pattern, line->wild, frame->file) ||
		(slash && same_or_like(line->pattern, line->wild, slash + 1)));
}

static bool is_frame(const struct ms_rule_line *line, const struct ms_frame *frame)
{
	switch (line->place) {
	case MS_PLACE_FUNCTION:
		return is_function(line, frame->function);
	case MS_PLACE_OBJECT:
		return is_object(line, frame->module);
	default:
		return is_source(line, frame);
	}
}

/* --- stacks ----------------------------------------------------------------------------
 */

/*
 * One way to see a stack: calls of the allocator, then its frames.  Valgrind's own
 * functions may call each other (realloc of NULL is malloc, posix_memalign is memalign),
 * and so may the real ones, which ours show: operator new[] is operator new.
 */
struct attempt {
	const uint8_t *calls;	    /* events */
	size_t call_count, skipped; /* frames */
	bool whole;		    /* with the inlined functions */
};

static const struct ms_frame *frame_at(const struct ms_stack_frames *stack,
				       const struct attempt *attempt, size_t at)
{
	return stack->items[at - attempt->call_count + attempt->skipped];
}

static size_t end_of(const struct ms_stack_frames *stack, const struct attempt *attempt)
{
	return attempt->call_count + stack->count - attempt->skipped;
}

/* Past frames that are not seen. */
static size_t next_seen(const struct ms_stack_frames *stack,
			const struct attempt *attempt, size_t at)
{
	while (!attempt->whole && at >= attempt->call_count &&
	       at < end_of(stack, attempt) && frame_at(stack, attempt, at)->inlined)
		at++;
	return at;
}

static bool is_at(const struct ms_rule_line *line, const struct ms_stack_frames *stack,
		  const struct attempt *attempt, size_t at)
{
	return at < attempt->call_count ? is_call(line, attempt->calls[at])
					: is_frame(line, frame_at(stack, attempt, at));
}

/* All lines, from the leaf on: the stack may go on behind the last. */
static bool try_match(const struct ms_rule_line *lines, size_t count,
		      const struct ms_stack_frames *stack, const struct attempt *attempt)
{
	size_t end = end_of(stack, attempt), line = 0;
	size_t at = next_seen(stack, attempt, 0), star = SIZE_MAX, retry = 0;

	while (line < count) {
		if (lines[line].place == MS_PLACE_ANY) {
			star = ++line;
			retry = at;
		} else if (at >= end) {
			return false;
		} else if (is_at(&lines[line], stack, attempt, at)) {
			line++;
			at = next_seen(stack, attempt, at + 1);
		} else if (star != SIZE_MAX) {
			line = star;
			at = retry = next_seen(stack, attempt, retry + 1);
		} else {
			return false;
		}
	}
	return true;
}

/* Frames of the allocator itself at the leaf. */
static size_t count_calls(const struct ms_stack_frames *stack)
{
	size_t count = 0;

	while (count < stack->count && is_call_name(stack->items[count]->function))
		count++;
	return count;
}

/* What Valgrind's function calls of its own; 0: none. */
static uint8_t called_by(uint8_t event)
{
	switch (event) {
	case MS_EVENT_REALLOC_NULL:
	case MS_EVENT_REALLOCARRAY_NULL:
		return MS_EVENT_MALLOC;
	case MS_EVENT_POSIX_MEMALIGN:
	case MS_EVENT_ALIGNED_ALLOC:
	case MS_EVENT_VALLOC:
		return MS_EVENT_MEMALIGN;
	default:
		return 0;
	}
}

bool ms_valgrind_match(const struct ms_rule_line *lines, size_t count,
		       const struct ms_stack_frames *stack)
{
	const uint8_t events[] = { called_by(stack->event), stack->event };
	const size_t own = count_calls(stack);

	for (unsigned i = 0; i < 8; i++) {
		bool two = i & 1, skip = i & 2;
		const struct attempt attempt = { .calls = events + !two,
						 .call_count = 1 + two,
						 .skipped = skip ? own : 0,
						 .whole = i & 4 };

		if ((!two || events[0]) && (!skip || own) &&
		    try_match(lines, count, stack, &attempt))
			return true;
	}
	return false;
}

static bool lsan_matches(const char *pattern, const struct ms_stack_frames *stack)
{
	for (size_t i = 0; i < stack->count; i++) {
		const struct ms_frame *frame = stack->items[i];

		if (ms_lsan_match(pattern, frame->function) ||
		    ms_lsan_match(pattern, frame->file) ||
		    ms_lsan_match(pattern, frame->module))
			return true;
	}
	return false;
}

bool ms_rule_matches(const struct ms_rule *rule, const struct ms_stack_frames *stack)
{
	if (rule->built_in)
		return ms_built_in_match(rule->built_in, stack);
	return rule->pattern ? lsan_matches(rule->pattern, stack)
			     : ms_valgrind_match(rule->lines, rule->line_count, stack);
}
