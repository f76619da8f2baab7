/* SPDX-License-Identifier: Apache-2.0 */
/*
 * gate_options.c - values of the options of gate, which record --gate takes as well.
 */
#include "analyzer/cli/cli.h"

static bool add_budget(struct cli_options *o, const char *metric, const char *value)
{
	struct cli_gate *gate = &o->gate;

	gate->used = true;
	return gate->budget_count < CLI_MAX_BUDGETS &&
	       memscope_gate_parse_budget(metric, value,
					  &gate->budgets[gate->budget_count++]) == 0;
}

bool cli_set_max_leaked(struct cli_options *o, const char *value)
{
	return add_budget(o, "leaked", value);
}

bool cli_set_max_leaked_blocks(struct cli_options *o, const char *value)
{
	return add_budget(o, "leaked-blocks", value);
}

bool cli_set_max_unfreed(struct cli_options *o, const char *value)
{
	return add_budget(o, "unfreed", value);
}

bool cli_set_max_peak(struct cli_options *o, const char *value)
{
	return add_budget(o, "peak", value);
}

bool cli_set_max_live(struct cli_options *o, const char *value)
{
	return add_budget(o, "live", value);
}

bool cli_set_max_allocations(struct cli_options *o, const char *value)
{
	return add_budget(o, "allocations", value);
}

bool cli_set_max_temporary(struct cli_options *o, const char *value)
{
	return add_budget(o, "temporary", value);
}

bool cli_set_budget(struct cli_options *o, const char *value)
{
	struct cli_gate *gate = &o->gate;

	gate->used = true;
	if (!*value || gate->file_count == CLI_MAX_BUDGETS)
		return false;
	gate->files[gate->file_count++] = value;
	return true;
}

bool cli_set_tolerance(struct cli_options *o, const char *value)
{
	o->gate.used = true;
	return memscope_gate_parse_tolerance(value, &o->gate.tolerance) == 0;
}

bool cli_set_sum(struct cli_options *o, const char *value)
{
	(void)value;
	o->gate.used = o->gate.sum = true;
	return true;
}

bool cli_set_github(struct cli_options *o, const char *value)
{
	(void)value;
	o->gate.used = o->gate.github = true;
	return true;
}

bool cli_set_gate(struct cli_options *o, const char *value)
{
	(void)value;
	o->gate.on = true;
	return true;
}

static bool note_text(struct cli_options *o, const char **text, const char *value)
{
	o->gate.used = true;
	*text = value;
	return *value != 0;
}

bool cli_set_gate_fail_on(struct cli_options *o, const char *value)
{
	return note_text(o, &o->gate.fail_on, value);
}

bool cli_set_baseline(struct cli_options *o, const char *value)
{
	return note_text(o, &o->gate.baseline, value);
}

bool cli_set_write_baseline(struct cli_options *o, const char *value)
{
	return note_text(o, &o->gate.write_baseline, value);
}

bool cli_set_json(struct cli_options *o, const char *value)
{
	return note_text(o, &o->gate.json, value);
}

bool cli_set_junit(struct cli_options *o, const char *value)
{
	return note_text(o, &o->gate.junit, value);
}

bool cli_set_sarif(struct cli_options *o, const char *value)
{
	return note_text(o, &o->gate.sarif, value);
}

bool cli_set_markdown(struct cli_options *o, const char *value)
{
	return note_text(o, &o->gate.markdown, value);
}

bool cli_set_source_root(struct cli_options *o, const char *value)
{
	return note_text(o, &o->gate.source_root, value);
}

const char *cli_gate_complaint(const struct cli_options *o)
{
	bool used = o->gate.used || o->suppress.count || o->suppress.no_built_in ||
		    o->suppress.no_embedded;

	return used && !o->gate.on ? "budgets, --fail-on, --baseline, reports and "
				     "suppressions are options of record --gate"
				   : NULL;
}
