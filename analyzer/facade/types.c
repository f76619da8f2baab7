/* SPDX-License-Identifier: Apache-2.0 */
/*
 * types.c - the type that the functions of a stack name.
 *
 * Allocators and their callers are templates of the type that they make room for, and
 * say so in their names.  Only a name that holds the type is used; nothing is guessed.
 */
#include "analyzer/facade/frames.h"
#include "analyzer/facade/sources.h"

#include <ctype.h>
#include <string.h>

/* What comes before the type. */
static const char *const makers[] = {
	"allocator<",	  "std::make_unique<",	     "std::make_shared<",
	"Box<",		  "alloc::raw_vec::RawVec<", "alloc::vec::Vec<",
	"alloc::rc::Rc<", "alloc::sync::Arc<",
};

/* The type is in the allocator's own frames or in those right above them. */
#define FRAMES 24

static bool opens(char c)
{
	return c == '<' || c == '(' || c == '[' || c == '{';
}

static bool closes(char c)
{
	return c == '>' || c == ')' || c == ']' || c == '}';
}

/* The bytes of the first argument of a template at text; 0: it does not end. */
static size_t argument_bytes(const char *text)
{
	unsigned depth = 0;

	for (size_t i = 0; text[i]; i++) {
		bool arrow = text[i] == '>' && i && text[i - 1] == '-';

		if (depth == 0 && (text[i] == ',' || (closes(text[i]) && !arrow)))
			return i;
		depth += opens(text[i]);
		depth -= closes(text[i]) && !arrow && depth;
	}
	return 0;
}

/* A parameter's name, as symbols without their arguments have it: T, A, _Tp. */
static bool is_parameter(const char *type, size_t len)
{
	return len == 0 || (len == 1 && isupper((unsigned char)*type)) ||
	       (len > 1 && type[0] == '_' && isupper((unsigned char)type[1]) && len < 5);
}

static bool find_type(struct ms_strbuf *text, const char *function)
{
	for (size_t i = 0; i < sizeof(makers) / sizeof(*makers); i++) {
		const char *at = strstr(function, makers[i]);
		size_t len;

		if (!at)
			continue;
		at += strlen(makers[i]);
		len = argument_bytes(at);
		while (len && at[len - 1] == ' ')
			len--;
		if (is_parameter(at, len))
			continue;
		ms_strbuf_add(text, at, len);
		return true;
	}
	return false;
}

ms_status ms_type_of_stack(struct ms_strbuf *text, struct ms_metadata *meta,
			   uint32_t stack, struct ms_error *err)
{
	const struct ms_frame *site, *frame;
	ms_status status = ms_metadata_site(meta, stack, &site, err);
	struct ms_walk walk;

	ms_strbuf_clear(text);
	ms_walk_begin(&walk, meta, stack);
	for (unsigned i = 0; status == MS_OK && i < FRAMES; i++) {
		status = ms_walk_next(&walk, &frame, err);
		if (status != MS_OK || !frame)
			break;
		if (frame->function && find_type(text, frame->function))
			break;
		/* What calls the site makes something else. */
		if (frame == site)
			break;
	}
	return status == MS_OK && text->failed ? ms_fail_memory(err) : status;
}
