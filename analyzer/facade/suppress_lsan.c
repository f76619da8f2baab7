/* SPDX-License-Identifier: Apache-2.0 */
/*
 * suppress_lsan.c - suppressions as LeakSanitizer reads them: a line each, TYPE:PATTERN.
 *
 * LeakSanitizer knows the type leak alone; here every detector's name is one.
 */
#define _GNU_SOURCE /* memmem */
#include "analyzer/facade/suppress_rules.h"

#include "analyzer/analysis/analysis.h"

#include <string.h>

/* Of other sanitizers, which may share a file with it. */
static const char *const others[] = {
	"interceptor_name",
	"interceptor_via_fun",
	"interceptor_via_lib",
	"odr_violation",
	"alloc_dealloc_mismatch",
	"race",
	"race_top",
	"mutex",
	"thread",
	"deadlock",
	"signal",
	"called_from_lib",
	"fun",
	"src",
	"vptr_check",
};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static bool is_name(const char *name, const char *text, size_t len)
{
	return strlen(name) == len && memcmp(name, text, len) == 0;
}

/* The detectors of a type; NULL: there is none of that name. */
static const char *faults_of(const char *type, size_t len)
{
	if (is_name("leak", type, len))
		return "leak";
	for (size_t i = 0; i < ms_detector_count; i++)
		if (is_name(ms_detectors[i]->name, type, len))
			return ms_detectors[i]->name;
	return NULL;
}

static bool is_other(const char *type, size_t len)
{
	for (size_t i = 0; i < COUNT(others); i++)
		if (is_name(others[i], type, len))
			return true;
	return false;
}

static ms_status add(struct ms_rule_text *text, const char *faults, const char *pattern,
		     struct ms_error *err)
{
	size_t len = (size_t)(text->line + text->len - pattern);
	struct ms_rule *rule;

	if (len == 0)
		return ms_rule_text_fail(text, err, "a pattern is missing after ':'");
	rule = ms_rules_add(text->rules);
	if (!rule)
		return ms_fail_memory(err);
	rule->pattern = ms_arena_text(&text->rules->arena, pattern, len);
	if (!rule->pattern)
		return ms_fail_memory(err);
	rule->faults = faults;
	rule->program = text->program;
	rule->shown = (struct ms_suppression){ .name = rule->pattern,
					       .origin = text->origin,
					       .line = text->number,
					       .from_user = !text->program };
	return MS_OK;
}

ms_status ms_rules_parse_lsan(struct ms_rule_text *text, struct ms_error *err)
{
	ms_status status = MS_OK;

	do {
		const char *colon = memchr(text->line, ':', text->len);
		size_t len = colon ? (size_t)(colon - text->line) : 0;
		const char *faults = faults_of(text->line, len);

		if (faults)
			status = add(text, faults, colon + 1, err);
		else if (!is_other(text->line, len))
			status = ms_rule_text_fail(text, err,
						   "neither leak:PATTERN, nor another "
						   "detector's name, ':' and a pattern");
	} while (status == MS_OK && ms_rule_text_next(text));
	return status;
}

/* The first place of part[0..len) in text, or NULL. */
static const char *find(const char *text, const char *part, size_t len)
{
	return memmem(text, strlen(text), part, len);
}

bool ms_lsan_match(const char *pattern, const char *text)
{
	bool start = *pattern == '^', star = false;

	if (!text || !*text)
		return false;
	for (pattern += start; *pattern;) {
		size_t len = strcspn(pattern, "*$");
		const char *found;

		if (*pattern == '*') {
			start = false;
			star = true;
			pattern++;
			continue;
		}
		if (*pattern == '$')
			return !*text || star;
		found = find(text, pattern, len);
		if (!found || (start && found != text))
			return false;
		text = found + len;
		pattern += len;
		start = star = false;
	}
	return true;
}
