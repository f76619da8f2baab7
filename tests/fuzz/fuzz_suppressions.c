/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz_suppressions.c - any bytes as suppressions: reading them and asking them of stacks
 * does no harm.
 */
#include "analyzer/facade/suppress_rules.h"
#include "common/event.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct ms_frame frames[] = {
	{ .function = "operator new(unsigned long)", .module = "/lib/libstdc++.so.6" },
	{ .function = "foo::bar(int)",
	  .file = "/src/foo.cc",
	  .line = 3,
	  .inlined = true },
	{ .function = "main.part.0", .module = "/bin/app" },
	{ .module = "/lib/libc.so.6" },
};

static void require(bool condition)
{
	if (!condition)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint8_t events[] = { 0, MS_EVENT_MALLOC, MS_EVENT_REALLOC_NULL,
					  MS_EVENT_FREE };
	const struct ms_frame *items[4];
	struct ms_stack_frames stack = { .items = items };
	struct ms_error err = { "" };
	struct ms_rules rules;
	ms_status status;

	ms_rules_init(&rules);
	status = ms_rules_parse(&rules, (const char *)data, size, "input", 0, &err);
	require(status == MS_OK ||
		(status == MS_EFORMAT && err.text[0] && !strchr(err.text, '\n')));
	for (size_t i = 0; i < 4; i++)
		items[i] = &frames[i];
	for (size_t i = 0; i < rules.count; i++) {
		const struct ms_rule *rule = rules.items[i];

		require(rule->shown.name && *rule->shown.name && rule->shown.line);
		for (stack.count = 0; stack.count <= 4; stack.count++) {
			stack.event = events[stack.count % 4];
			(void)ms_rule_matches(rule, &stack);
		}
	}
	ms_rules_release(&rules);
	return 0;
}
