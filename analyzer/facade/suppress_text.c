/* SPDX-License-Identifier: Apache-2.0 */
/*
 * suppress_text.c - the lines of suppressions, of whichever form.
 */
#include "analyzer/base/alloc.h"
#include "analyzer/facade/suppress_rules.h"

#include <string.h>

void ms_rules_init(struct ms_rules *rules)
{
	*rules = (struct ms_rules){ 0 };
	ms_arena_init(&rules->arena);
}

void ms_rules_release(struct ms_rules *rules)
{
	ms_arena_release(&rules->arena);
	ms_free(rules->items);
	*rules = (struct ms_rules){ 0 };
}

struct ms_rule *ms_rules_add(struct ms_rules *rules)
{
	struct ms_rule *rule;

	if (ms_grow((void **)&rules->items, &rules->capacity, rules->count,
		    sizeof(struct ms_rule *)) < 0)
		return NULL;
	rule = ms_arena_alloc(&rules->arena, sizeof(*rule));
	if (!rule)
		return NULL;
	*rule = (struct ms_rule){ .kinds = MS_RULE_ALL_KINDS };
	rules->items[rules->count++] = rule;
	return rule;
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\f' || c == '\v';
}

bool ms_rule_text_next(struct ms_rule_text *text)
{
	while (text->next < text->end) {
		const char *line = text->next;
		const char *end = memchr(line, '\n', (size_t)(text->end - line));

		text->next = end ? end + 1 : text->end;
		end = end ? end : text->end;
		text->number++;
		while (line < end && is_blank(*line))
			line++;
		while (end > line && is_blank(end[-1]))
			end--;
		if (line == end || *line == '#')
			continue;
		text->line = line;
		text->len = (size_t)(end - line);
		return true;
	}
	return false;
}

ms_status ms_rule_text_fail(const struct ms_rule_text *text, struct ms_error *err,
			    const char *why)
{
	return ms_fail(err, MS_EFORMAT, "%s:%u: %s", text->origin, text->number, why);
}

ms_status ms_rules_parse(struct ms_rules *rules, const char *text, size_t len,
			 const char *origin, uint32_t program, struct ms_error *err)
{
	struct ms_rule_text lines = { .rules = rules,
				      .next = text,
				      .end = text + len,
				      .origin = origin,
				      .program = program };

	if (len > MS_SUPPRESS_FILE_BYTES)
		return ms_fail(err, MS_EFORMAT, "%s: too large for suppressions", origin);
	if (len && memchr(text, '\0', len))
		return ms_fail(err, MS_EFORMAT, "%s: not a text of suppressions", origin);
	if (!ms_rule_text_next(&lines))
		return MS_OK;
	return *lines.line == '{' ? ms_rules_parse_valgrind(&lines, err)
				  : ms_rules_parse_lsan(&lines, err);
}
