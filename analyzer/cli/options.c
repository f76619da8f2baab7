/* SPDX-License-Identifier: Apache-2.0 */
/*
 * options.c - the one table of options: parsing and --help come from it.
 */
#include "analyzer/cli/cli.h"
#include "common/units.h"

#include <limits.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define BIT(command) (1u << (command))
/* Their filters choose blocks by how they were made. */
#define CHOOSING \
	(BIT(CLI_TIMELINE) | BIT(CLI_LIFETIMES) | BIT(CLI_SIZES) | BIT(CLI_CHECK))
/* which show the heap at an instant */
#define AT_ONCE	  (BIT(CLI_SNAPSHOT) | BIT(CLI_FLAME) | BIT(CLI_TOP))
#define OVER_TIME (CHOOSING | BIT(CLI_THREADS) | BIT(CLI_MODULES))
#define READERS                                                                        \
	(BIT(CLI_SUMMARY) | BIT(CLI_INFO) | AT_ONCE | BIT(CLI_DIFF) | BIT(CLI_LEAKS) | \
	 BIT(CLI_DUMP) | BIT(CLI_QUERY) | BIT(CLI_GATE) | OVER_TIME)
/* which look for names of functions */
#define NAMERS	(READERS | BIT(CLI_SYMBOLS))
#define LOOKERS (NAMERS | BIT(CLI_RENDER))
#define GATES	(BIT(CLI_GATE) | BIT(CLI_RECORD))
/* whose options choose blocks */
#define FILTERED                                                                       \
	(BIT(CLI_SUMMARY) | AT_ONCE | BIT(CLI_DIFF) | BIT(CLI_LEAKS) | BIT(CLI_DUMP) | \
	 BIT(CLI_RENDER))
/* and by when they were made */
#define MADE                                                                \
	(BIT(CLI_SUMMARY) | AT_ONCE | BIT(CLI_LEAKS) | BIT(CLI_LIFETIMES) | \
	 BIT(CLI_SIZES) | BIT(CLI_RENDER) | BIT(CLI_CHECK))
#define ENDED (BIT(CLI_SUMMARY) | AT_ONCE | BIT(CLI_DUMP) | BIT(CLI_RENDER))
#define ALL   (BIT(CLI_COMMANDS) - 1)
/* which report findings */
#define SUPPRESSING (BIT(CLI_LEAKS) | BIT(CLI_CHECK) | GATES)

static char message[512];

static bool wrong(const char *format, ...) __attribute__((format(printf, 1, 2)));
static bool wrong(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(message, sizeof(message), format, args);
	va_end(args);
	return false;
}

const char *cli_parse_message(void)
{
	return message;
}

/* --- values
 * ----------------------------------------------------------------------------- */

static bool set_format(struct cli_options *o, const char *value)
{
	static const char *const names[] = { "text", "json", "csv" };
	int i = cli_name_index(names, COUNT(names), value);

	o->format = (enum memscope_format)i;
	return i >= 0;
}

static bool set_colour(struct cli_options *o, const char *value)
{
	static const char *const names[] = { "auto", "always", "never" };
	int i = cli_name_index(names, COUNT(names), value);

	o->colour = (enum cli_colour)i;
	return i >= 0;
}

static bool set_sort(struct cli_options *o, const char *value)
{
	static const char *const names[] = { "peak", "live", "allocated", "calls",
					     "temporary" };
	int i = cli_name_index(names, COUNT(names), value);

	o->sort = (enum memscope_sort)(i + 1); /* 0: the command's default */
	return i >= 0;
}

static bool set_by(struct cli_options *o, const char *value)
{
	static const char *const names[] = { "site",   "stack", "thread",
					     "module", "size",	"function",
					     "file",   "kind",	"age" };
	int i = cli_name_index(names, COUNT(names), value);

	o->by = (enum memscope_group)i;
	return i >= 0;
}

static bool set_blocks(struct cli_options *o, const char *value)
{
	(void)value;
	o->by = MEMSCOPE_GROUP_NONE;
	return true;
}

static bool set_width(struct cli_options *o, const char *value)
{
	o->has_width = true;
	return cli_parse_unsigned(value, &o->width);
}

/* Zero is the library's "default": there, no limit is a large number. */
static bool set_top(struct cli_options *o, const char *value)
{
	bool good = cli_parse_unsigned(value, &o->top);

	o->top = o->top ? o->top : UINT_MAX;
	return good;
}

static bool set_depth(struct cli_options *o, const char *value)
{
	bool good = cli_parse_unsigned(value, &o->depth);

	o->depth = o->depth ? o->depth : UINT_MAX;
	return good;
}

static bool set_at(struct cli_options *o, const char *value)
{
	return memscope_parse_time(value, &o->at) == 0;
}

static bool set_from(struct cli_options *o, const char *value)
{
	o->has_from = true;
	return memscope_parse_time(value, &o->from) == 0;
}

static bool set_to(struct cli_options *o, const char *value)
{
	o->has_to = true;
	return memscope_parse_time(value, &o->to) == 0;
}

static bool set_stacks(struct cli_options *o, const char *value)
{
	(void)value;
	o->stacks = true;
	return true;
}

static bool set_lines(struct cli_options *o, const char *value)
{
	(void)value;
	o->lines = true;
	return true;
}

static bool set_all(struct cli_options *o, const char *value)
{
	(void)value;
	o->all = true;
	return true;
}

static bool set_windows(struct cli_options *o, const char *value)
{
	(void)value;
	o->windows = true;
	return true;
}

static bool set_no_index(struct cli_options *o, const char *value)
{
	(void)value;
	o->no_index = true;
	return true;
}

static bool set_threads(struct cli_options *o, const char *value)
{
	return cli_parse_unsigned(value, &o->threads) && o->threads > 0;
}

static bool set_help(struct cli_options *o, const char *value)
{
	(void)value;
	o->help = true;
	return true;
}

/* --- the table
 * -------------------------------------------------------------------------- */

struct option {
	const char *name;
	char letter;	   /* 0: none */
	const char *value; /* its name in --help; NULL: a flag */
	const char *help;
	unsigned commands;
	bool (*set)(struct cli_options *options, const char *value);
};

static const struct option table[] = {
	{ "sort", 's', "ORDER",
	  "sites by peak (default), live, allocated, calls or temporary",
	  BIT(CLI_SUMMARY), set_sort },
	{ "sort", 's', "ORDER",
	  "rows by live (default), peak, allocated, calls or temporary",
	  BIT(CLI_SNAPSHOT) | BIT(CLI_TOP), set_sort },
	{ "at", 'a', "TIME", "start, end (default), peak, 12.5s, 40%, mark:NAME",
	  BIT(CLI_SNAPSHOT) | BIT(CLI_TOP), set_at },
	{ "from", 0, "TIME", "the instant before (default start)", BIT(CLI_DIFF),
	  set_from },
	{ "to", 0, "TIME", "the instant after (default end)", BIT(CLI_DIFF), set_to },
	{ "at", 'a', "TIME", "of two traces: the instant of each (default end)",
	  BIT(CLI_DIFF), set_at },
	{ "by", 'b', "GROUP",
	  "site (default), stack, function, file, module, thread, size, kind or age",
	  BIT(CLI_SNAPSHOT), set_by },
	{ "by", 'b', "GROUP",
	  "site (default), stack, function, file, module, thread, size or kind",
	  BIT(CLI_DIFF), set_by },
	{ "lines", 0, NULL, "of two traces: tell lines of a function apart",
	  BIT(CLI_DIFF), set_lines },
	{ "all", 0, NULL, "rows that did not change, too", BIT(CLI_DIFF), set_all },
	{ "blocks", 0, NULL, "every live block instead of groups, the largest first",
	  BIT(CLI_SNAPSHOT), set_blocks },
	{ "blocks", 0, NULL, "every block that is not reachable, the heaviest first",
	  BIT(CLI_LEAKS), set_blocks },
	{ "all", 0, NULL, "sites of indirectly lost and reachable blocks, too (text)",
	  BIT(CLI_LEAKS), set_all },
	{ "interior", 0, NULL, "pointers into a block's middle keep it as well",
	  BIT(CLI_LEAKS), cli_set_interior },
	{ "map", 0, "N", "the N-th pointer map of each trace (default: the last)",
	  BIT(CLI_LEAKS), cli_set_map },
	{ "list", 0, NULL, "list the detectors; needs no trace", BIT(CLI_CHECK),
	  cli_set_list },
	{ "only", 0, "NAMES", "these detectors only, with ',' between them",
	  BIT(CLI_CHECK), cli_set_only },
	{ "severity", 0, "LEVEL",
	  "at least info (default), low, medium, high or critical", BIT(CLI_CHECK),
	  cli_set_severity },
	{ "fail-on", 0, "LIST", "exit 1 on findings of these detectors or severities",
	  BIT(CLI_CHECK), cli_set_fail_on },
	{ "suppressions", 0, "FILE",
	  "leave aside what FILE says (LeakSanitizer's or Valgrind's form)", SUPPRESSING,
	  cli_set_suppressions },
	{ "no-built-in-suppressions", 0, NULL,
	  "report what the C library keeps for itself, too", SUPPRESSING,
	  cli_set_no_built_in_suppressions },
	{ "no-embedded-suppressions", 0, NULL,
	  "do not heed those that programs bring along for LeakSanitizer", SUPPRESSING,
	  cli_set_no_embedded_suppressions },
	{ "list-suppressions", 0, NULL, "list the built-in suppressions", SUPPRESSING,
	  cli_set_list_suppressions },
	{ "since", 0, "N", "what was lost, or has grown, since the N-th pointer map",
	  BIT(CLI_LEAKS), cli_set_since },
	{ "top", 'n', "N", "show N sites or rows; 0: all",
	  BIT(CLI_SUMMARY) | BIT(CLI_SNAPSHOT) | BIT(CLI_TOP) | BIT(CLI_DIFF) |
		  BIT(CLI_LIFETIMES) | BIT(CLI_SIZES) | BIT(CLI_LEAKS) | BIT(CLI_CHECK),
	  set_top },
	{ "depth", 'd', "N", "frames of each stack; 0: all",
	  BIT(CLI_SUMMARY) | BIT(CLI_SNAPSHOT) | BIT(CLI_DIFF) | BIT(CLI_LEAKS) |
		  BIT(CLI_CHECK) | BIT(CLI_GATE),
	  set_depth },
	{ "windows", 0, NULL, "list every window of the log", BIT(CLI_INFO),
	  set_windows },
	{ "buckets", 'b', "N", "how many equal parts (60)", BIT(CLI_TIMELINE),
	  cli_set_buckets },
	{ "plot", 0, NULL, "draw what was live (default on a terminal of UTF-8)",
	  BIT(CLI_TIMELINE), cli_set_plot },
	{ "no-plot", 0, NULL, "list the parts (default elsewhere)", BIT(CLI_TIMELINE),
	  cli_set_no_plot },
	{ "events", 'e', NULL, "the events of the time instead, as dump has them",
	  BIT(CLI_TIMELINE), cli_set_events },
	{ "pointer", 'p', "ADDRESS", "the life of an address instead: who had it",
	  BIT(CLI_TIMELINE), cli_set_pointer },
	{ "inside", 0, NULL, "of --pointer: what contains the address, too",
	  BIT(CLI_TIMELINE), cli_set_inside },
	{ "by", 'b', "GROUP", "site (default), stack, thread, size or none",
	  BIT(CLI_LIFETIMES), cli_set_lifetimes_by },
	{ "sort", 's', "ORDER",
	  "blocks (default), bytes, short (below 1 ms) or live (bytes)",
	  BIT(CLI_LIFETIMES), cli_set_lifetimes_sort },
	{ "from", 0, "TIME", "begin at TIME (as snapshot's --at)", BIT(CLI_TIMELINE),
	  set_from },
	{ "to", 0, "TIME", "end at TIME", BIT(CLI_TIMELINE), set_to },
	{ "from", 0, "TIME", "events at or after TIME only (as snapshot's --at)",
	  BIT(CLI_DUMP), set_from },
	{ "to", 0, "TIME", "events at or before TIME only", BIT(CLI_DUMP), set_to },
	{ "format", 'f', "FORMAT", "how to write it, see --list-formats", BIT(CLI_RENDER),
	  cli_set_render_format },
	{ "output", 'o', "FILE", "where to (default -, standard output)", BIT(CLI_RENDER),
	  cli_set_output },
	{ "list-formats", 0, NULL,
	  "list the formats and who opens them (text, json, csv)", BIT(CLI_RENDER),
	  cli_set_list_formats },
	{ "metric", 'm', "METRIC",
	  "peak (default), live, allocated, calls, temporary, leaked, peak-blocks ...",
	  BIT(CLI_RENDER) | BIT(CLI_FLAME), cli_set_metric },
	{ "title", 0, "TEXT", "html, svg: over the page (default: the command)",
	  BIT(CLI_RENDER), cli_set_title },
	{ "diff", 0, NULL, "svg: what changed, of two traces or from --from to --to",
	  BIT(CLI_RENDER), cli_set_diff },
	{ "inverted", 'i', NULL, "svg: the functions that allocate first",
	  BIT(CLI_RENDER), cli_set_inverted },
	{ "inverted", 'i', NULL, "the functions that allocate first, callers below",
	  BIT(CLI_FLAME), cli_set_inverted },
	{ "depth", 'd', "N", "so many levels; 0: all (default)", BIT(CLI_FLAME),
	  set_depth },
	{ "min", 0, "PERCENT", "what has at least that of all (0.5%); 0: everything",
	  BIT(CLI_FLAME), cli_set_least },
	{ "width", 0, "PIXELS", "svg: of the picture (1200)", BIT(CLI_RENDER),
	  cli_set_pixels },
	{ "no-sources", 0, NULL, "html: no source lines", BIT(CLI_RENDER),
	  cli_set_no_sources },
	{ "at", 'a', "TIME", "what is live, is live then (default --to, or the end)",
	  BIT(CLI_RENDER) | BIT(CLI_FLAME), cli_set_render_at },
	{ "from", 0, "TIME", "blocks made at or after TIME only (as --at)", MADE,
	  set_from },
	{ "to", 0, "TIME", "blocks made at or before TIME only", MADE, set_to },
	{ "thread", 't', "TID", "of that thread only (the kernel's id)",
	  FILTERED | CHOOSING, cli_set_thread },
	{ "size", 0, "A..B", "of A to B bytes only; A.. and ..B too", FILTERED | CHOOSING,
	  cli_set_size },
	{ "site", 0, "REGEX", "only if the site, \"function file:line\", matches",
	  FILTERED | CHOOSING, cli_set_site },
	{ "function", 0, "REGEX", "only if a function of the stack matches",
	  FILTERED | CHOOSING, cli_set_function },
	{ "file", 0, "REGEX", "only if a source file of the stack matches",
	  FILTERED | CHOOSING, cli_set_file },
	{ "module", 0, "REGEX", "only if a module of the stack matches",
	  FILTERED | CHOOSING, cli_set_module },
	{ "live", 0, NULL, "blocks that are live only", ENDED, cli_set_live },
	{ "freed", 0, NULL, "blocks that were freed only", ENDED, cli_set_freed },
	{ "lifetime", 0, "A..B", "blocks that lived that long only, so far or in all",
	  FILTERED, cli_set_lifetime },
	{ "stacks", 0, NULL, "show the site of each event (text only)",
	  BIT(CLI_DUMP) | BIT(CLI_TIMELINE), set_stacks },
	{ "sql", 'e', "SQL", "the statements, ';' between them", BIT(CLI_QUERY),
	  cli_set_sql },
	{ "file", 0, "FILE", "a file of statements, - for standard input", BIT(CLI_QUERY),
	  cli_set_sql_file },
	{ "preset", 'p', "NAME", "a question by name; its argument follows the traces",
	  BIT(CLI_QUERY), cli_set_preset },
	{ "list", 0, NULL, "list the presets", BIT(CLI_QUERY), cli_set_list },
	{ "show", 0, "NAME", "print the SQL of a preset", BIT(CLI_QUERY), cli_set_show },
	{ "schema", 0, NULL, "every table, column and function with its meaning",
	  BIT(CLI_QUERY), cli_set_schema },
	{ "gate", 'g', NULL, "judge what was recorded, as gate does with its options",
	  BIT(CLI_RECORD), cli_set_gate },
	{ "max-leaked", 0, "SIZE", "bytes lost, definitely or with such a block", GATES,
	  cli_set_max_leaked },
	{ "max-leaked-blocks", 0, "N", "those blocks", GATES, cli_set_max_leaked_blocks },
	{ "max-unfreed", 0, "SIZE", "bytes never freed", GATES, cli_set_max_unfreed },
	{ "max-peak", 0, "SIZE", "most bytes live at once", GATES, cli_set_max_peak },
	{ "max-live", 0, "SIZE[@TIME]", "bytes live at TIME (default end)", GATES,
	  cli_set_max_live },
	{ "max-allocations", 0, "N", "blocks made", GATES, cli_set_max_allocations },
	{ "max-temporary", 0, "N|P%", "blocks freed before their thread made another",
	  GATES, cli_set_max_temporary },
	{ "budget", 0, "FILE", "lines of SITE METRIC LIMIT, see memscope-gate(1)", GATES,
	  cli_set_budget },
	{ "sum", 0, NULL, "all processes together, instead of each", GATES, cli_set_sum },
	{ "fail-on", 0, "LIST", "detectors and severities (leak,double_free,...)", GATES,
	  cli_set_gate_fail_on },
	{ "baseline", 0, "FILE", "compare with a trace, or a file of --write-baseline",
	  GATES, cli_set_baseline },
	{ "tolerance", 0, "P%[,SIZE[,N]]", "of --baseline (5%,64KiB,100)", GATES,
	  cli_set_tolerance },
	{ "write-baseline", 0, "FILE", "keep this run's figures, for --baseline", GATES,
	  cli_set_write_baseline },
	{ "json", 0, "FILE", "the verdict as JSON, too; - for standard output", GATES,
	  cli_set_json },
	{ "junit", 0, "FILE", "the verdict as JUnit's XML, too", GATES, cli_set_junit },
	{ "sarif", 0, "FILE", "the verdict as SARIF, too", GATES, cli_set_sarif },
	{ "markdown", 0, "FILE", "the verdict as Markdown, too; added to FILE", GATES,
	  cli_set_markdown },
	{ "github", 0, NULL, "annotations of a GitHub job on standard output", GATES,
	  cli_set_github },
	{ "source-root", 0, "DIR", "where the sources are (GITHUB_WORKSPACE, or here)",
	  GATES, cli_set_source_root },
	{ "format", 'f', "FORMAT", "text (default), json or csv", NAMERS, set_format },
	{ "width", 0, "COLUMNS", "of the text; 0: never cut (default: the terminal's)",
	  NAMERS, set_width },
	{ "color", 0, "WHEN", "auto (default), always or never", NAMERS, set_colour },
	{ "symbols", 0, "PLACES",
	  "symbol packs, and directories of programs and debug files", LOOKERS,
	  cli_set_symbols },
	{ "debug-dir", 0, "DIRS", "where separate debug files are, ':' between several",
	  LOOKERS, cli_set_debug_dir },
	{ "debuginfod", 0, NULL, "ask the servers of DEBUGINFOD_URLS for debug files",
	  LOOKERS, cli_set_debuginfod },
	{ "no-index", 0, NULL, "neither read nor write TRACE.idx", LOOKERS,
	  set_no_index },
	{ "threads", 0, "N", "use N threads at most (default: one a processor)",
	  LOOKERS | BIT(CLI_INDEX), set_threads },
	{ "no-symbol-cache", 0, NULL, "neither use nor keep names that were found before",
	  LOOKERS, cli_set_no_symbol_cache },
	{ "output", 'o', "PACK", "the symbol pack to be written", BIT(CLI_SYMBOLS),
	  cli_set_output },
	{ "output", 'o', "FILE",
	  "the log (default memscope.%p.bin; %p pid, %e name, %t time)", BIT(CLI_RECORD),
	  cli_set_output },
	{ "quiet", 'q', NULL, "print nothing but the program's own output",
	  BIT(CLI_RECORD), cli_set_quiet },
	{ "mode", 'm', "MODE",
	  "full (default), cull, sample or counters, see memscope(7)", BIT(CLI_RECORD),
	  cli_set_mode },
	{ "sample", 0, "SIZE", "of --mode sample: mean bytes between samples (512KiB)",
	  BIT(CLI_RECORD), cli_set_sample },
	{ "cull", 0, "TIME", "of --mode cull: lifetime up to which blocks fold (10ms)",
	  BIT(CLI_RECORD), cli_set_cull },
	{ "stacks", 0, "HOW", "full (default), fp (frame pointers) or none",
	  BIT(CLI_RECORD), cli_set_how },
	{ "depth", 0, "N", "keep N frames of each stack, from the leaf; 0: all",
	  BIT(CLI_RECORD), cli_set_record_depth },
	{ "no-free-stacks", 0, NULL, "no stacks of frees: a smaller log", BIT(CLI_RECORD),
	  cli_set_no_free_stacks },
	{ "no-mmap", 0, NULL, "leave out what the program maps itself", BIT(CLI_RECORD),
	  cli_set_no_mmap },
	{ "heapmap", 0, "WHEN", "pointer maps: exit (default), a signal, api, or off",
	  BIT(CLI_RECORD), cli_set_heapmap },
	{ "follow", 0, "WHAT", "children: fork, exec, both with a comma, or none",
	  BIT(CLI_RECORD), cli_set_follow },
	{ "max-size", 0, "SIZE", "totals only once the log reaches SIZE", BIT(CLI_RECORD),
	  cli_set_max_size },
	{ "start-off", 0, NULL, "begin paused, see --signal", BIT(CLI_RECORD),
	  cli_set_start_off },
	{ "signal", 0, "NAME", "a signal that switches recording on and off",
	  BIT(CLI_RECORD), cli_set_signal },
	{ "library", 0, "FILE", "libmemscope.so, when it is not found by itself",
	  BIT(CLI_RECORD), cli_set_library },
	{ "help", 'h', NULL, "this text", ALL, set_help },
};

void cli_print_options(enum cli_command_id command)
{
	for (size_t i = 0; i < COUNT(table); i++) {
		const struct option *option = &table[i];
		char left[64];
		int n;

		if (!(option->commands & BIT(command)))
			continue;
		if (option->letter)
			n = snprintf(left, sizeof(left), "-%c, --%s", option->letter,
				     option->name);
		else
			n = snprintf(left, sizeof(left), "    --%s", option->name);
		if (option->value)
			snprintf(left + n, sizeof(left) - (size_t)n, " %s",
				 option->value);
		printf("  %-22s  %s\n", left, option->help);
	}
}

/* --- parsing
 * ---------------------------------------------------------------------------- */

struct parser {
	struct cli_options *options;
	enum cli_command_id command;
	int argc, index;
	char **argv;
};

static const struct option *find_long(enum cli_command_id command, const char *name,
				      size_t len)
{
	for (size_t i = 0; i < COUNT(table); i++) {
		if ((table[i].commands & BIT(command)) && strlen(table[i].name) == len &&
		    strncmp(table[i].name, name, len) == 0)
			return &table[i];
	}
	return NULL;
}

static const struct option *find_letter(enum cli_command_id command, char letter)
{
	for (size_t i = 0; i < COUNT(table); i++) {
		if ((table[i].commands & BIT(command)) && table[i].letter == letter)
			return &table[i];
	}
	return NULL;
}

/* Apply an option; value is NULL when none was attached, the next argument is taken then.
 */
static bool apply(struct parser *p, const struct option *option, const char *value)
{
	if (option->value && !value) {
		if (p->index == p->argc)
			return wrong("--%s needs %s", option->name, option->value);
		value = p->argv[p->index++];
	}
	if (option->set(p->options, value))
		return true;
	return wrong("--%s: '%s' is no %s: %s", option->name, value ? value : "",
		     option->value ? option->value : "value", option->help);
}

static bool parse_long(struct parser *p, const char *name)
{
	size_t len = strcspn(name, "=");
	const struct option *option = find_long(p->command, name, len);

	if (!option)
		return wrong("unknown option --%.*s", (int)(len < 100 ? len : 100), name);
	if (name[len] && !option->value)
		return wrong("--%s takes no value", option->name);
	return apply(p, option, name[len] ? name + len + 1 : NULL);
}

/* "-n5", "-n 5", "-qo file". */
static bool parse_letters(struct parser *p, const char *letters)
{
	for (; *letters; letters++) {
		const struct option *option = find_letter(p->command, *letters);

		if (!option)
			return wrong("unknown option -%c", *letters);
		if (option->value)
			return apply(p, option, letters[1] ? letters + 1 : NULL);
		if (!apply(p, option, NULL))
			return false;
	}
	return true;
}

static bool parse_all(struct parser *p)
{
	struct cli_options *options = p->options;

	while (p->index < p->argc) {
		char *arg = p->argv[p->index++];
		bool good = true;

		if (strcmp(arg, "--") == 0)
			break;
		if (strncmp(arg, "--", 2) == 0)
			good = parse_long(p, arg + 2);
		else if (arg[0] == '-' && arg[1])
			good = parse_letters(p, arg + 1);
		else if (p->command == CLI_RECORD) {
			p->index--;
			break;
		} else
			options->args[options->arg_count++] = arg;
		if (!good)
			return false;
	}
	while (p->index < p->argc)
		options->args[options->arg_count++] = p->argv[p->index++];
	return true;
}

bool cli_parse(struct cli_options *options, enum cli_command_id command, int argc,
	       char **argv)
{
	struct parser parser = { options, command, argc, 0, argv };

	*options = (struct cli_options){ 0 };
	/* One more: a program's arguments end with NULL. */
	options->args = calloc((size_t)argc + 1, sizeof(*options->args));
	if (!options->args)
		return wrong("out of memory");
	if (!parse_all(&parser))
		return false;
	if (command == CLI_RECORD && cli_gate_complaint(options))
		return wrong("%s", cli_gate_complaint(options));
	if (options->help || options->arg_count || options->query.list ||
	    options->query.show || options->query.schema || options->render.list ||
	    options->suppress.list)
		return true;
	return wrong(command == CLI_RECORD ? "no program was named"
					   : "no trace was named");
}

void cli_options_release(struct cli_options *options)
{
	for (size_t i = 0; i < options->setting_count; i++)
		free(options->settings[i]);
	free(options->suppress.files);
	free(options->symbols);
	free(options->args);
	*options = (struct cli_options){ 0 };
}
