/* SPDX-License-Identifier: Apache-2.0 */
/*
 * main.c - memscope-analyze: finds the command, runs it.
 */
#include "analyzer/cli/cli.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

const struct cli_command cli_commands[CLI_COMMANDS] = {
	[CLI_SUMMARY] = { "summary", "TRACE...",
			  "totals, peak, top sites with their callers, threads, losses",
			  "Several traces are summed, and each is listed too.",
			  cli_summary },
	[CLI_INFO] = { "info", "TRACE...",
		       "what a log is made of: process, modules, threads, windows, damage",
		       NULL, cli_info },
	[CLI_SNAPSHOT] = { "snapshot", "TRACE...", "the heap at one instant",
			   "With several traces, each is looked at at its own TIME.",
			   cli_snapshot },
	[CLI_FLAME] = { "flame", "TRACE...",
			"who called whom, as a tree with shares and bars",
			"A flame graph as text; render --format svg draws one.",
			cli_flame },
	[CLI_TOP] = { "top", "TRACE...", "the heaviest sites, one line each with a bar",
		      NULL, cli_top },
	[CLI_LEAKS] = { "leaks", "TRACE...", "blocks that nothing points to any more",
			"Needs the pointer map that the recorder takes when the program "
			"exits; a trace\nwithout one has its live blocks listed.",
			cli_leaks },
	[CLI_CHECK] = { "check", "TRACE...", "faults, and what could be better",
			"What each detector finds, the worst first.  With --fail-on the exit "
			"code is 1 when\nthere is such a finding.",
			cli_check },
	[CLI_DIFF] = { "diff", "TRACE [TRACE]",
		       "what is live before and after: two instants, or two traces",
		       "Of two traces without --from and --to the first is compared with the "
		       "second;\nelse each is compared with itself, and they are summed.",
		       cli_diff },
	[CLI_TIMELINE] = { "timeline", "TRACE...",
			   "the heap over time; the events of a time; the life of an address",
			   "Live bytes and blocks at the end of equal parts of the time, the peak inside\n"
			   "each, allocations and frees, and the memory of the process beside them.",
			   cli_timeline },
	[CLI_LIFETIMES] = { "lifetimes", "TRACE...", "how long blocks lived, by site",
			    NULL, cli_lifetimes },
	[CLI_SIZES] = { "sizes", "TRACE...",
			"the sizes asked for: classes, and the most frequent", NULL,
			cli_sizes },
	[CLI_THREADS] = { "threads", "TRACE...",
			  "threads: what they made, and whose blocks they freed", NULL,
			  cli_threads },
	[CLI_MODULES] = { "modules", "TRACE...",
			  "modules: where they were, symbols, figures of their sites",
			  NULL, cli_modules },
	[CLI_DUMP] = { "dump", "TRACE...", "every event, one a line; a realloc is one",
		       "Of several traces one after the other, with a column for the process.",
		       cli_dump },
	[CLI_QUERY] = { "query", "TRACE... [SQL]", "ask in SQL, see memscope-query(7)",
			"SQL is the last argument, when there is no such file; without any, "
			"statements are\nread from standard input.",
			cli_query },
	[CLI_RENDER] = { "render", "TRACE...", "write traces as another tool reads them",
			 "Filters, --from, --to and --at choose what is counted, and when.",
			 cli_render },
	[CLI_INDEX] = { "index", "TRACE...",
			"make TRACE.idx, with which other commands are faster",
			"Long traces get theirs by themselves when they are read first.",
			cli_index },
	[CLI_SYMBOLS] = { "symbols", "pack TRACE... | list PACK...",
			  "names of functions and lines, to read traces on another machine",
			  "pack writes the names that traces need to --output; list shows what packs\n"
			  "hold.  Any other command reads them with --symbols.",
			  cli_symbols },
	[CLI_GATE] = { "gate", "TRACE...",
		       "may this run pass? budgets, findings, a baseline; for CI",
		       "Without a budget, --fail-on and --baseline: it fails on definite "
		       "leaks, double and\ninvalid frees, and mismatched ones.  See "
		       "memscope-gate(1).",
		       cli_gate },
	[CLI_RECORD] = { "record", "[--] PROGRAM [ARGUMENT...]",
			 "run a program, record it, print the summary",
			 "Returns the program's exit code, 128 + N after signal N, and 2 when it "
			 "could not\nbe run or recorded.",
			 cli_record },
};

static void print_help(void)
{
	puts("Usage: " CLI_NAME " TRACE...                      the summary of traces\n"
	     "       " CLI_NAME " COMMAND [OPTION...] TRACE...\n"
	     "       " CLI_NAME " record [OPTION...] -- PROGRAM [ARGUMENT...]\n"
	     "\n"
	     "Commands:");
	for (size_t i = 0; i < CLI_COMMANDS; i++)
		printf("  %-10s  %s\n", cli_commands[i].name, cli_commands[i].summary);
	puts("\n"
	     "`" CLI_NAME
	     " COMMAND --help` lists a command's options.  --version prints the\n"
	     "version.  Traces are written by a program that runs with libmemscope.so in\n"
	     "LD_PRELOAD, or by record.\n"
	     "\n"
	     "Exit: 0 done; 1 a gate failed, or findings under --fail-on; 2 wrong usage, or a\n"
	     "file that cannot be read or written or is no trace; 3 a trace is damaged, and all\n"
	     "that is readable was used.");
}

static void print_command_help(enum cli_command_id id)
{
	const struct cli_command *command = &cli_commands[id];

	printf("Usage: " CLI_NAME " %s [OPTION...] %s\n\n%c%s.\n", command->name,
	       command->args, command->summary[0] - 'a' + 'A', command->summary + 1);
	if (command->more)
		printf("%s\n", command->more);
	puts("\nOptions:");
	cli_print_options(id);
}

static int find_command(const char *name)
{
	for (int i = 0; i < CLI_COMMANDS; i++) {
		if (strcmp(cli_commands[i].name, name) == 0)
			return i;
	}
	return -1;
}

/* Single-letter edits between two short words (Levenshtein). */
static unsigned distance(const char *a, const char *b)
{
	size_t n = strlen(a), m = strlen(b);
	unsigned row[33];

	if (n > 32 || m > 32)
		return 33;
	for (size_t j = 0; j <= m; j++)
		row[j] = (unsigned)j;
	for (size_t i = 1; i <= n; i++) {
		unsigned diagonal = row[0];

		row[0] = (unsigned)i;
		for (size_t j = 1; j <= m; j++) {
			unsigned best = diagonal + (a[i - 1] != b[j - 1]);

			diagonal = row[j];
			best = row[j] + 1 < best ? row[j] + 1 : best;
			row[j] = row[j - 1] + 1 < best ? row[j - 1] + 1 : best;
		}
	}
	return row[m];
}

static const char *similar_command(const char *name)
{
	for (size_t i = 0; i < CLI_COMMANDS; i++) {
		if (distance(name, cli_commands[i].name) <= 2)
			return cli_commands[i].name;
	}
	return NULL;
}

/* A first word that is neither a command nor a file: wrong usage, not a missing trace. */
static bool is_misspelt(const char *word)
{
	const char *similar;

	if (word[0] == '-' || strpbrk(word, "/.") || access(word, F_OK) == 0)
		return false;
	similar = similar_command(word);
	if (similar)
		cli_say("'%s' is no command and no file; did you mean '%s'? See --help.",
			word, similar);
	else
		cli_say("'%s' is no command and no file. See --help.", word);
	return true;
}

static int run(enum cli_command_id id, int argc, char **argv)
{
	struct cli_options options;
	int code = EXIT_DONE;

	if (!cli_parse(&options, id, argc, argv)) {
		cli_say("%s (see " CLI_NAME " %s --help)", cli_parse_message(),
			cli_commands[id].name);
		code = EXIT_USAGE;
	} else if (options.help) {
		print_command_help(id);
	} else {
		code = cli_commands[id].run(&options);
	}
	cli_options_release(&options);
	return code;
}

/* help, help COMMAND */
static int help(int argc, char **argv)
{
	int id = argc ? find_command(argv[0]) : -1;

	if (argc && id < 0) {
		cli_say("there is no command '%s'. See --help.", argv[0]);
		return EXIT_USAGE;
	}
	if (argc)
		print_command_help((enum cli_command_id)id);
	else
		print_help();
	return EXIT_DONE;
}

static int dispatch(int argc, char **argv)
{
	int id;

	if (argc < 2) {
		cli_say("no trace was named (see " CLI_NAME " --help)");
		return EXIT_USAGE;
	}
	if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0)
		return help(0, NULL);
	if (strcmp(argv[1], "help") == 0)
		return help(argc - 2, argv + 2);
	if (strcmp(argv[1], "--version") == 0) {
		printf(CLI_NAME " %s\n", memscope_version());
		return EXIT_DONE;
	}
	id = find_command(argv[1]);
	if (id >= 0)
		return run((enum cli_command_id)id, argc - 2, argv + 2);
	return is_misspelt(argv[1]) ? EXIT_USAGE : run(CLI_SUMMARY, argc - 1, argv + 1);
}

int main(int argc, char **argv)
{
	int code = dispatch(argc, argv);

	/* Reports bypass stdio; this is --help and --version. */
	if (fflush(stdout) != 0 && code == EXIT_DONE) {
		cli_say("cannot write the output");
		return EXIT_USAGE;
	}
	return code;
}
