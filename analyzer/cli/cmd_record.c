/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cmd_record.c - memscope-analyze record: run a program, then say what was recorded.
 *
 * Everything of ours goes to stderr: stdout is the program's.
 */
#include "analyzer/cli/cli.h"

#include <stdlib.h>
#include <unistd.h>

#define REPORT_SITES 5

/* The report is an extra: when it fails, the program's exit code still counts. */
static void report(const struct cli_options *options, const char *path)
{
	static const int fd = STDERR_FILENO;
	struct memscope_summary_options summary = { .top = REPORT_SITES };
	struct memscope_error err = { "" };
	struct memscope_output output;
	struct cli_options open = { 0 };
	char *args[] = { (char *)(uintptr_t)path, NULL };
	struct memscope *m;

	open.args = args;
	open.arg_count = 1;
	m = cli_open(&open);
	if (!m)
		return;
	cli_output(&output, options, &fd);
	fputc('\n', stderr);
	cli_finish(m, memscope_summary(m, &summary, &output, &err), &err);
	fputc('\n', stderr);
}

/* One line is enough to find many logs. */
static void say_logs(const struct memscope_record_result *result)
{
	cli_say("the log is %s", result->log_path);
	if (result->log_count > 1)
		cli_say("and there are %zu more, of its children", result->log_count - 1);
}

/* The verdict on all that it recorded, on stderr: the program's own failure wins. */
static int judge(const struct cli_options *options,
		 const struct memscope_record_result *result)
{
	static const int fd = STDERR_FILENO;
	struct cli_options gate = *options;
	struct memscope *m;
	int code;

	if (!result->log_count) {
		cli_say("%s wrote no log: there is nothing to judge", options->args[0]);
		return result->exit_code ? result->exit_code : EXIT_FAILED;
	}
	gate.args = result->logs;
	gate.arg_count = result->log_count;
	m = cli_open(&gate);
	code = m ? cli_judge(m, &gate, &fd) : EXIT_USAGE;
	if (!options->quiet)
		say_logs(result);
	return result->exit_code ? result->exit_code : code;
}

int cli_record(const struct cli_options *options)
{
	struct memscope_record_options record = {
		.argv = options->args,
		.library = options->library,
		.output = options->output,
		.settings = (char *const *)options->settings,
		.all_logs = options->gate.on,
	};
	struct memscope_record_result result;
	struct memscope_error err = { "" };

	if (memscope_record(&record, &result, &err) != MEMSCOPE_OK) {
		cli_say("%s", err.text);
		return EXIT_USAGE;
	}
	if (options->gate.on) {
		int code = judge(options, &result);

		memscope_record_release(&result);
		return code;
	}
	if (options->quiet)
		return result.exit_code;
	if (!*result.log_path) {
		cli_say("%s wrote no log", options->args[0]);
		return result.exit_code;
	}
	report(options, result.log_path);
	cli_say("the log is %s", result.log_path);
	cli_say("look at it again with: " CLI_NAME " %s", result.log_path);
	return result.exit_code;
}
