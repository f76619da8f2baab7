/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cli.h - what the files of the command line share.
 */
#ifndef MS_CLI_H
#define MS_CLI_H

#include <memscope/analysis.h>
#include <memscope/capture.h>
#include <memscope/event_store.h>
#include <memscope/gate.h>
#include <memscope/metadata.h>
#include <memscope/query.h>
#include <memscope/snapshot.h>
#include <memscope/timeline.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#define CLI_NAME "memscope-analyze"

enum {
	EXIT_DONE = 0,
	EXIT_FAILED = 1,
	EXIT_USAGE = 2,
	EXIT_DAMAGE = 3,
	EXIT_INTERRUPTED = 130
};

/* A command's place in the command table, and its bit in the option table. */
enum cli_command_id {
	CLI_SUMMARY,
	CLI_INFO,
	CLI_SNAPSHOT,
	CLI_FLAME,
	CLI_TOP,
	CLI_DIFF,
	CLI_TIMELINE,
	CLI_LIFETIMES,
	CLI_SIZES,
	CLI_THREADS,
	CLI_MODULES,
	CLI_LEAKS,
	CLI_CHECK,
	CLI_DUMP,
	CLI_QUERY,
	CLI_RENDER,
	CLI_INDEX,
	CLI_SYMBOLS,
	CLI_GATE,
	CLI_RECORD,
	CLI_COMMANDS
};

enum cli_colour { COLOUR_AUTO, COLOUR_ALWAYS, COLOUR_NEVER };

#define CLI_MAX_SETTINGS 16
#define CLI_MAX_BUDGETS	 32

struct cli_gate {  /* of gate, and of record --gate */
	bool on;   /* record --gate */
	bool used; /* an option of it was given */
	struct memscope_gate_budget budgets[CLI_MAX_BUDGETS];
	const char *files[CLI_MAX_BUDGETS]; /* of budgets */
	size_t budget_count, file_count;
	const char *fail_on, *baseline, *write_baseline, *source_root;
	struct memscope_gate_tolerance tolerance;
	const char *json, *junit, *sarif, *markdown; /* files; NULL: not asked for */
	bool github, sum;
};

struct cli_options { /* what the command line said; zero: the defaults */
	enum memscope_format format;
	enum cli_colour colour;
	unsigned width;
	bool has_width;
	const char *debug_dirs;
	bool debuginfod;
	bool no_index;
	unsigned threads;
	char *symbols; /* allocated */
	bool no_symbol_cache;
	bool help;

	unsigned top, depth;
	enum memscope_sort sort;
	struct memscope_time at, from, to;
	bool has_from, has_to;
	enum memscope_group by;
	bool windows, stacks;
	struct memscope_filter filter; /* all but from and to */
	bool lines;		       /* diff */
	bool all;		       /* diff, leaks */
	unsigned map, since;	       /* leaks, as the next */
	bool interior;

	struct {
		const char *sql, *file, *preset, *show; /* NULL: not asked for */
		bool list, schema;
	} query;
	struct {
		const char *only, *fail_on; /* NULL: not said */
		enum memscope_severity least;
	} check;
	unsigned buckets; /* timeline, as the next */
	bool plot, no_plot;
	uint64_t pointer;
	bool events, has_pointer, inside;
	enum memscope_lifetimes_by lifetimes_by;
	enum memscope_lifetimes_sort lifetimes_sort;

	struct {
		const char *format, *metric, *title; /* NULL: not said */
		bool list, has_at, no_sources, inverted, diff;
		unsigned width; /* in pixels */
	} render;
	bool has_least; /* flame, which has some of render's too */
	unsigned least_ppm;
	struct {
		const char **files; /* allocated */
		size_t count;
		bool no_built_in, no_embedded, list;
	} suppress;
	struct cli_gate gate;

	const char *output;  /* record, render, symbols */
	const char *library; /* record */
	bool quiet;
	char *settings[CLI_MAX_SETTINGS + 1]; /* "MEMSCOPE_x=value", allocated */
	size_t setting_count;

	char **args; /* what is left: traces, or the program and its arguments */
	size_t arg_count;
};

struct cli_command {
	const char *name;
	const char *args;    /* after the options, for --help */
	const char *summary; /* one line */
	const char *more;    /* paragraphs of --help */
	int (*run)(const struct cli_options *options);
};
extern const struct cli_command cli_commands[CLI_COMMANDS];

/* --- options.c -------------------------------------------------------------------------
 */

/*
 * Parse argv[0..argc) for a command.  Options and arguments may mix, "--" ends the
 * options; record's options end at the program's name.  false: message printed.
 */
bool cli_parse(struct cli_options *options, enum cli_command_id command, int argc,
	       char **argv);
void cli_options_release(struct cli_options *options);
/* The option part of a command's --help. */
void cli_print_options(enum cli_command_id command);
/* What is wrong with the arguments, formatted into one line; for tests of cli_parse(). */
const char *cli_parse_message(void);

/* --- filter_options.c ------------------------------------------------------------------
 */

/* Setters of the option table: false when value is none. */
bool cli_set_thread(struct cli_options *options, const char *value);
bool cli_set_size(struct cli_options *options, const char *value);
bool cli_set_lifetime(struct cli_options *options, const char *value);
bool cli_set_site(struct cli_options *options, const char *value);
bool cli_set_function(struct cli_options *options, const char *value);
bool cli_set_file(struct cli_options *options, const char *value);
bool cli_set_module(struct cli_options *options, const char *value);
bool cli_set_live(struct cli_options *options, const char *value);
bool cli_set_freed(struct cli_options *options, const char *value);

/* symbol_options.c: the options that say where functions and lines come from. */
bool cli_set_symbols(struct cli_options *options, const char *value);
bool cli_set_no_symbol_cache(struct cli_options *options, const char *value);
bool cli_set_debug_dir(struct cli_options *options, const char *value);
bool cli_set_debuginfod(struct cli_options *options, const char *value);
/* All of the filter: --from and --to are of blocks. */
struct memscope_filter cli_filter(const struct cli_options *options);

/* --- option_values.c -------------------------------------------------------------------
 */

/* The place of text among count names, or -1. */
int cli_name_index(const char *const *names, size_t count, const char *text);
/* A number that fits: false when value is none. */
bool cli_parse_unsigned(const char *value, unsigned *number);

/* --- record_options.c ------------------------------------------------------------------
 */

bool cli_set_output(struct cli_options *options, const char *value);
bool cli_set_library(struct cli_options *options, const char *value);
bool cli_set_quiet(struct cli_options *options, const char *value);
bool cli_set_how(struct cli_options *options, const char *value);
bool cli_set_mode(struct cli_options *options, const char *value);
bool cli_set_sample(struct cli_options *options, const char *value);
bool cli_set_cull(struct cli_options *options, const char *value);
bool cli_set_record_depth(struct cli_options *options, const char *value);
bool cli_set_no_free_stacks(struct cli_options *options, const char *value);
bool cli_set_start_off(struct cli_options *options, const char *value);
bool cli_set_signal(struct cli_options *options, const char *value);
bool cli_set_follow(struct cli_options *options, const char *value);
bool cli_set_no_mmap(struct cli_options *options, const char *value);
bool cli_set_heapmap(struct cli_options *options, const char *value);
bool cli_set_max_size(struct cli_options *options, const char *value);

/* --- leaks_options.c -------------------------------------------------------------------
 */

bool cli_set_interior(struct cli_options *options, const char *value);
bool cli_set_map(struct cli_options *options, const char *value);
bool cli_set_since(struct cli_options *options, const char *value);

/* --- render_options.c ------------------------------------------------------------------
 */

bool cli_set_render_format(struct cli_options *options, const char *value);
bool cli_set_render_at(struct cli_options *options, const char *value);
bool cli_set_metric(struct cli_options *options, const char *value);
bool cli_set_title(struct cli_options *options, const char *value);
bool cli_set_no_sources(struct cli_options *options, const char *value);
bool cli_set_inverted(struct cli_options *options, const char *value);
bool cli_set_diff(struct cli_options *options, const char *value);
bool cli_set_least(struct cli_options *options, const char *value);
bool cli_set_pixels(struct cli_options *options, const char *value);
bool cli_set_list_formats(struct cli_options *options, const char *value);

/* --- detector_options.c ----------------------------------------------------------------
 */

bool cli_set_only(struct cli_options *options, const char *value);
bool cli_set_severity(struct cli_options *options, const char *value);
bool cli_set_fail_on(struct cli_options *options, const char *value);

/* --- suppress_options.c ---------------------------------------------------------------
 */

bool cli_set_suppressions(struct cli_options *options, const char *value);
bool cli_set_no_built_in_suppressions(struct cli_options *options, const char *value);
bool cli_set_no_embedded_suppressions(struct cli_options *options, const char *value);
bool cli_set_list_suppressions(struct cli_options *options, const char *value);
/* What they say; options outlive it. */
struct memscope_suppress cli_suppress(const struct cli_options *options);
/* Print the list of the built-in ones (cmd_leaks.c).  The exit code. */
int cli_list_suppressions(const struct cli_options *options);

/* --- gate_options.c --------------------------------------------------------------------
 */

bool cli_set_max_leaked(struct cli_options *options, const char *value);
bool cli_set_max_leaked_blocks(struct cli_options *options, const char *value);
bool cli_set_max_unfreed(struct cli_options *options, const char *value);
bool cli_set_max_peak(struct cli_options *options, const char *value);
bool cli_set_max_live(struct cli_options *options, const char *value);
bool cli_set_max_allocations(struct cli_options *options, const char *value);
bool cli_set_max_temporary(struct cli_options *options, const char *value);
bool cli_set_budget(struct cli_options *options, const char *value);
bool cli_set_sum(struct cli_options *options, const char *value);
bool cli_set_gate_fail_on(struct cli_options *options, const char *value);
bool cli_set_baseline(struct cli_options *options, const char *value);
bool cli_set_tolerance(struct cli_options *options, const char *value);
bool cli_set_write_baseline(struct cli_options *options, const char *value);
bool cli_set_json(struct cli_options *options, const char *value);
bool cli_set_junit(struct cli_options *options, const char *value);
bool cli_set_sarif(struct cli_options *options, const char *value);
bool cli_set_markdown(struct cli_options *options, const char *value);
bool cli_set_github(struct cli_options *options, const char *value);
bool cli_set_source_root(struct cli_options *options, const char *value);
bool cli_set_gate(struct cli_options *options, const char *value);
/* What of them makes no sense together; NULL: they do. */
const char *cli_gate_complaint(const struct cli_options *options);
/* cmd_gate.c: judge m, print the verdict to fd, write what is asked for; close m.  The
 * exit code. */
int cli_judge(struct memscope *m, const struct cli_options *options, const int *fd);

/* --- timeline_options.c ----------------------------------------------------------------
 */

bool cli_set_buckets(struct cli_options *options, const char *value);
bool cli_set_plot(struct cli_options *options, const char *value);
bool cli_set_no_plot(struct cli_options *options, const char *value);
bool cli_set_events(struct cli_options *options, const char *value);
bool cli_set_pointer(struct cli_options *options, const char *value);
bool cli_set_inside(struct cli_options *options, const char *value);
bool cli_set_lifetimes_by(struct cli_options *options, const char *value);
bool cli_set_lifetimes_sort(struct cli_options *options, const char *value);

/* --- terminal.c ------------------------------------------------------------------------
 */

/* "memscope-analyze: " and one line on stderr, control characters replaced. */
void cli_say(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* An output to fd that looks as the terminal there wants it. */
void cli_output(struct memscope_output *output, const struct cli_options *options,
		const int *fd);
/* For memscope_open_options: a line on stderr when it is a terminal and work takes long.
 */
void cli_progress(void *context, const char *what, uint64_t done, uint64_t total);
/* Remove that line. */
void cli_progress_end(void);

/* --- traces.c --------------------------------------------------------------------------
 */

/* Open options->args; NULL: message printed. */
struct memscope *cli_open(const struct cli_options *options);
/* The same for the command index: short traces get one as well. */
struct memscope *cli_open_to_index(const struct cli_options *options);
/*
 * After a report: print the error of status, or what was damaged; close m.  The exit
 * code.
 */
int cli_finish(struct memscope *m, int status, const struct memscope_error *err);

/* --- query_options.c: as the table of options wants them ------------------------------
 */

bool cli_set_sql(struct cli_options *options, const char *value);
bool cli_set_sql_file(struct cli_options *options, const char *value);
bool cli_set_preset(struct cli_options *options, const char *value);
bool cli_set_show(struct cli_options *options, const char *value);
bool cli_set_list(struct cli_options *options, const char *value);
bool cli_set_schema(struct cli_options *options, const char *value);

/* --- query_shell.c ---------------------------------------------------------------------
 */

/*
 * Run sql; Ctrl-C ends it.  MEMSCOPE_OK or what it failed with; *interrupted: by Ctrl-C.
 */
int cli_run_sql(struct memscope_query *query, const char *sql,
		const struct memscope_output *output, bool *interrupted,
		struct memscope_error *err);
/* The same for a preset. */
int cli_run_preset(struct memscope_query *query, const char *name, const char *argument,
		   const struct memscope_output *output, bool *interrupted,
		   struct memscope_error *err);
/* Questions from a terminal, until its end; errors are printed. */
void cli_query_shell(struct memscope_query *query, const struct memscope_output *output);

int cli_summary(const struct cli_options *options);
int cli_info(const struct cli_options *options);
int cli_snapshot(const struct cli_options *options);
int cli_flame(const struct cli_options *options);
int cli_top(const struct cli_options *options);
int cli_diff(const struct cli_options *options);
int cli_leaks(const struct cli_options *options);
int cli_check(const struct cli_options *options);
int cli_dump(const struct cli_options *options);
int cli_query(const struct cli_options *options);
int cli_timeline(const struct cli_options *options);
int cli_lifetimes(const struct cli_options *options);
int cli_sizes(const struct cli_options *options);
int cli_threads(const struct cli_options *options);
int cli_modules(const struct cli_options *options);
int cli_render(const struct cli_options *options);
int cli_index(const struct cli_options *options);
int cli_symbols(const struct cli_options *options);
int cli_gate(const struct cli_options *options);
int cli_record(const struct cli_options *options);

#endif
