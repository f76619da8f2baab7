/* SPDX-License-Identifier: Apache-2.0 */
/*
 * suppress_valgrind.c - suppressions as Valgrind reads them: blocks of a name, the tool
 * and the kind of its error, and the frames of a stack (its manual, 2.5).
 *
 * A file is for all of Valgrind's tools: what is not Memcheck's, or of no fault that a
 * log shows, is passed over.
 */
#include "analyzer/analysis/analysis.h"
#include "analyzer/base/alloc.h"
#include "analyzer/base/strbuf.h"
#include "analyzer/facade/suppress_rules.h"

#include <ctype.h>
#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* Valgrind itself takes 24. */
#define LINES_PER_BLOCK 256

static bool line_is(const struct ms_rule_text *text, const char *wanted)
{
	return strlen(wanted) == text->len && memcmp(text->line, wanted, text->len) == 0;
}

/* What follows a prefix of the line, or NULL. */
static const char *after(const struct ms_rule_text *text, const char *prefix)
{
	size_t len = strlen(prefix);

	return text->len >= len && memcmp(text->line, prefix, len) == 0 ? text->line + len
									: NULL;
}

/* --- names of functions ----------------------------------------------------------------
 */

/*
 * "foo::bar*" of "_ZN3foo3bar*": the qualified name that begins a mangled one, when all
 * that is behind it may be anything.
 */
static char *begin_of_mangled(struct ms_arena *arena, const char *mangled)
{
	const char *p = mangled + 2;
	struct ms_strbuf out;
	char *made = NULL;

	ms_strbuf_init(&out);
	p += *p == 'N';
	p += strspn(p, "rVK");
	if (p[0] == 'S' && p[1] == 't') {
		ms_strbuf_adds(&out, "std");
		p += 2;
	}
	while (isdigit((unsigned char)*p)) {
		size_t len = 0;

		while (isdigit((unsigned char)*p) && len < 4096)
			len = 10 * len + (size_t)(*p++ - '0');
		if (len == 0 || strcspn(p, "*?") < len)
			break; /* cut within a name */
		if (out.len)
			ms_strbuf_adds(&out, "::");
		ms_strbuf_add(&out, p, len);
		p += len;
	}
	if (p[0] == '*' && !p[1] && out.len) {
		ms_strbuf_addc(&out, '*');
		if (!out.failed)
			made = ms_arena_text(arena, out.text, out.len);
	}
	ms_strbuf_release(&out);
	return made;
}

/* MS_OK or MS_ENOMEM; line->readable stays NULL where there is no other form. */
static ms_status make_readable(struct ms_rules *rules, struct ms_rule_line *line)
{
	ms_status status;
	char *text;

	if (strncmp(line->pattern, "_Z", 2) != 0)
		return MS_OK;
	if (line->wild) {
		line->readable = begin_of_mangled(&rules->arena, line->pattern);
		line->readable_wild = true;
		return MS_OK;
	}
	status = ms_demangle(&text, line->pattern);
	if (status == MS_OK && text) {
		line->readable = ms_arena_text(&rules->arena, text, strlen(text));
		ms_free(text);
		if (!line->readable)
			return MS_ENOMEM;
	}
	return status;
}

/* --- frames ----------------------------------------------------------------------------
 */

/* "file.c:12": the number is the line. */
static void split_source(char *pattern, struct ms_rule_line *line)
{
	char *colon = strrchr(pattern, ':');
	uint64_t number = 0;

	if (!colon || !colon[1] || colon[1 + strspn(colon + 1, "0123456789")])
		return;
	for (const char *p = colon + 1; *p && number < UINT32_MAX; p++)
		number = 10 * number + (uint64_t)(*p - '0');
	line->line = number < UINT32_MAX ? (uint32_t)number : UINT32_MAX;
	*colon = '\0';
}

static ms_status read_frame(struct ms_rule_text *text, struct ms_rule_line *line,
			    struct ms_error *err)
{
	static const struct {
		const char *prefix;
		enum ms_rule_place place;
	} forms[] = { { "fun:", MS_PLACE_FUNCTION },
		      { "obj:", MS_PLACE_OBJECT },
		      { "src:", MS_PLACE_SOURCE } };
	const char *pattern = NULL;
	char *copy;

	*line = (struct ms_rule_line){ .place = MS_PLACE_ANY };
	if (line_is(text, "..."))
		return MS_OK;
	for (size_t i = 0; i < COUNT(forms) && !pattern; i++) {
		pattern = after(text, forms[i].prefix);
		line->place = forms[i].place;
	}
	if (!pattern || pattern == text->line + text->len)
		return ms_rule_text_fail(text, err,
					 "neither fun:NAME, obj:FILE, src:FILE nor ...");
	copy = ms_arena_text(&text->rules->arena, pattern,
			     (size_t)(text->line + text->len - pattern));
	if (!copy)
		return ms_fail_memory(err);
	if (line->place == MS_PLACE_SOURCE)
		split_source(copy, line);
	line->pattern = copy;
	line->wild = strpbrk(copy, "*?") != NULL;
	if (line->place == MS_PLACE_FUNCTION && !line->wild)
		copy[ms_plain_name(copy)] = '\0';
	if (line->place == MS_PLACE_FUNCTION && make_readable(text->rules, line) != MS_OK)
		return ms_fail_memory(err);
	return MS_OK;
}

static ms_status keep_frames(struct ms_rule *rule, struct ms_rules *rules,
			     const struct ms_rule_line *lines, size_t count,
			     struct ms_error *err)
{
	rule->lines = ms_arena_alloc(&rules->arena, count * sizeof(*lines));
	if (!rule->lines)
		return ms_fail_memory(err);
	memcpy(rule->lines, lines, count * sizeof(*lines));
	rule->line_count = count;
	return MS_OK;
}

/* From text->line on to the end of the block. */
static ms_status read_frames(struct ms_rule_text *text, struct ms_rule *rule,
			     struct ms_error *err)
{
	struct ms_rule_line lines[LINES_PER_BLOCK];
	ms_status status = MS_OK;
	size_t count = 0;

	for (;;) {
		if (line_is(text, "}"))
			break;
		if (count == LINES_PER_BLOCK)
			return ms_rule_text_fail(text, err, "too many frames");
		status = read_frame(text, &lines[count++], err);
		if (status != MS_OK)
			return status;
		if (!ms_rule_text_next(text))
			return ms_rule_text_fail(text, err, "'}' is missing");
	}
	if (count == 0)
		return ms_rule_text_fail(text, err, "a suppression without frames");
	return keep_frames(rule, text->rules, lines, count, err);
}

/* --- blocks ----------------------------------------------------------------------------
 */

/* "definite,possible": into bits. */
static bool read_kinds(const char *list, size_t len, uint32_t *kinds)
{
	const char *end = list + len;

	*kinds = 0;
	while (list < end) {
		const char *comma = memchr(list, ',', (size_t)(end - list));
		size_t n = (size_t)((comma ? comma : end) - list);
		unsigned kind = 0;

		while (kind < MS_LEAK_KINDS && (strlen(ms_leak_names[kind]) != n ||
						memcmp(ms_leak_names[kind], list, n)))
			kind++;
		if (kind < MS_LEAK_KINDS)
			*kinds |= 1u << kind;
		else if (n == 3 && memcmp(list, "all", 3) == 0)
			*kinds = MS_RULE_ALL_KINDS;
		else if (n != 4 || memcmp(list, "none", 4) != 0)
			return false;
		list = comma ? comma + 1 : end;
	}
	return true;
}

/* Whether tools names Memcheck, and which fault kind is; NULL: none of ours. */
static const char *fault_of(const struct ms_rule_text *text, const char *colon)
{
	const char *kind = colon + 1, *end = text->line + text->len;
	size_t len = (size_t)(end - kind);

	for (const char *tool = text->line; tool < colon;) {
		const char *comma = memchr(tool, ',', (size_t)(colon - tool));
		size_t n = (size_t)((comma ? comma : colon) - tool);

		if (n == 8 && memcmp(tool, "Memcheck", 8) == 0) {
			if (len == 4 && memcmp(kind, "Leak", 4) == 0)
				return "leak";
			return len == 4 && memcmp(kind, "Free", 4) == 0 ? "free" : NULL;
		}
		tool = comma ? comma + 1 : colon;
	}
	return NULL;
}

/* A block that is for somebody else. */
static ms_status pass_over(struct ms_rule_text *text, struct ms_error *err)
{
	while (ms_rule_text_next(text))
		if (line_is(text, "}"))
			return MS_OK;
	return ms_rule_text_fail(text, err, "'}' is missing");
}

static ms_status read_body(struct ms_rule_text *text, struct ms_rule *rule,
			   struct ms_error *err)
{
	const char *kinds;

	if (!ms_rule_text_next(text))
		return ms_rule_text_fail(text, err, "'}' is missing");
	kinds = strcmp(rule->faults, "leak") == 0 ? after(text, "match-leak-kinds:")
						  : NULL;
	if (kinds) {
		while (kinds < text->line + text->len && isblank((unsigned char)*kinds))
			kinds++;
		if (!read_kinds(kinds, (size_t)(text->line + text->len - kinds),
				&rule->kinds))
			return ms_rule_text_fail(text, err,
						 "a kind of leak that there is not");
		if (!ms_rule_text_next(text))
			return ms_rule_text_fail(text, err, "'}' is missing");
	}
	return read_frames(text, rule, err);
}

static ms_status read_block(struct ms_rule_text *text, struct ms_error *err)
{
	struct ms_rule rule = { .kinds = MS_RULE_ALL_KINDS, .program = text->program };
	struct ms_rule *kept;
	const char *colon;
	ms_status status;

	if (!line_is(text, "{"))
		return ms_rule_text_fail(text, err, "'{' is missing");
	if (!ms_rule_text_next(text) || line_is(text, "}"))
		return ms_rule_text_fail(text, err, "a name is missing after '{'");
	rule.shown =
		(struct ms_suppression){ .name = ms_arena_text(&text->rules->arena,
							       text->line, text->len),
					 .origin = text->origin,
					 .line = text->number,
					 .from_user = !text->program };
	if (!rule.shown.name)
		return ms_fail_memory(err);
	colon = ms_rule_text_next(text) ? memchr(text->line, ':', text->len) : NULL;
	if (!colon)
		return ms_rule_text_fail(text, err, "TOOL:KIND is missing");
	rule.faults = fault_of(text, colon);
	if (!rule.faults)
		return pass_over(text, err);
	status = read_body(text, &rule, err);
	if (status != MS_OK)
		return status;
	kept = ms_rules_add(text->rules);
	if (!kept)
		return ms_fail_memory(err);
	*kept = rule;
	return MS_OK;
}

ms_status ms_rules_parse_valgrind(struct ms_rule_text *text, struct ms_error *err)
{
	ms_status status;

	do
		status = read_block(text, err);
	while (status == MS_OK && ms_rule_text_next(text));
	return status;
}
