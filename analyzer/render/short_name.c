/* SPDX-License-Identifier: Apache-2.0 */
/*
 * short_name.c - the telling part of a long function name.
 *
 * A C++ name may take ten lines of terminal, most of it template arguments.  Where it
 * does not fit, arguments become <> and (), and the return type goes; what is not
 * understood stays as it is.  JSON and CSV always have the whole name.
 */
#include "analyzer/render/parts.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

static bool is_name_char(char c)
{
	return isalnum((unsigned char)c) || c == '_' || c == '~';
}

/* Whether the name before end is an operator's: its < > ( ) are no brackets. */
static bool after_operator(const char *text, const char *end)
{
	static const char word[] = "operator";
	size_t len = sizeof(word) - 1;

	while (end > text && strchr("<>-=", end[-1]))
		end--;
	return (size_t)(end - text) >= len && strncmp(end - len, word, len) == 0;
}

/* Past the bracket that matches the one at text; NULL: there is none. */
static const char *skip_brackets(const char *text)
{
	size_t depth = 0;

	for (const char *c = text; *c; c++) {
		if (strchr("<({[", *c))
			depth++;
		else if (strchr(")}]", *c) || (*c == '>' && c > text && c[-1] != '-'))
			depth--;
		if (depth == 0)
			return c + 1;
	}
	return NULL;
}

/* Replace "name<...>" by "name<>" in out, which has room for text; drop inline
 * namespaces. */
static void drop_template_arguments(char *out, const char *text)
{
	const char *begin = text;

	while (*text) {
		const char *end = NULL;

		if (*text == '<' && text > begin && is_name_char(text[-1]) &&
		    !after_operator(begin, text))
			end = skip_brackets(text);
		if (strncmp(text, "__cxx11::", 9) == 0) {
			text += 9;
		} else if (end) {
			*out++ = '<';
			*out++ = '>';
			text = end;
		} else {
			*out++ = *text++;
		}
	}
	*out = 0;
}

/* Where the parameter list of a name begins; its end when it has none. */
static char *find_parameters(char *name)
{
	char *found = NULL;

	for (char *c = name; *c;) {
		bool opens =
			strchr("<({[", *c) && !(*c == '<' && after_operator(name, c));
		const char *end = opens ? skip_brackets(c) : NULL;

		if (end && *c == '(' && (!*end || *end == ' '))
			found = c;
		c = end ? (char *)(c + (end - c)) : c + 1;
	}
	/* The first pair of operator() is its name. */
	if (!found || (found - name >= 8 && strncmp(found - 8, "operator", 8) == 0 &&
		       found[2] != '('))
		return name + strlen(name);
	return found;
}

/* The name without its return type: what follows the last blank outside brackets. */
static const char *skip_return_type(char *name, const char *end)
{
	const char *start = name;

	for (const char *c = name; c < end;) {
		const char *after = strchr("<({[", *c) ? skip_brackets(c) : NULL;

		if (strncmp(c, "operator", 8) == 0)
			break;
		if (*c == ' ')
			start = c + 1;
		c = after ? after : c + 1;
	}
	return start;
}

void ms_short_name(char *out, size_t room, const char *name)
{
	char copy[1024];
	char *parameters;
	const char *start;

	if (strlen(name) >= sizeof(copy)) {
		snprintf(out, room, "%s", name);
		return;
	}
	drop_template_arguments(copy, name);
	parameters = find_parameters(copy);
	start = skip_return_type(copy, parameters);
	snprintf(out, room, "%.*s%s", (int)(parameters - start), start,
		 *parameters ? "()" : "");
}
