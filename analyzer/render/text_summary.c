/* SPDX-License-Identifier: Apache-2.0 */
/*
 * text_summary.c - the summary as a person reads it on a terminal.
 */
#include "analyzer/render/parts.h"

#include <stdio.h>
#include <string.h>

#define INDENT	    21 /* where names begin, right of the figures */
#define MAX_THREADS 10
#define MAX_PIDS    20

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* --- head and totals
 * -------------------------------------------------------------------- */

static void write_head(struct ms_writer *writer, const json_t *document)
{
	const json_t *process = json_object_get(document, "process");
	size_t count = json_array_size(json_object_get(document, "processes"));
	const char *command = ms_json_string(process, "command");
	char human[MS_HUMAN_BYTES];

	ms_write_bold(writer);
	ms_write_escaped(writer, command && *command ? command : "(unknown command)",
			 writer->look.width);
	ms_write_plain(writer);
	ms_write_text(writer, "\n");
	if (count > 1)
		ms_writef(writer, "and %zu more process%s, ", count - 1,
			  count > 2 ? "es" : "");
	else
		ms_writef(writer, "pid %llu, ",
			  (unsigned long long)ms_json_u64(process, "pid"));
	ms_write_date(writer, ms_json_u64(process, "start_unix_ns"));
	ms_writef(writer, ", ran %s",
		  ms_human_time(human, ms_json_u64(process, "duration_ns")));
	if (count == 1)
		ms_write_end(writer, process);
	ms_write_mode(writer, process);
	ms_write_text(writer, "\n");
}

struct total { /* a line of the totals; NULL key: that column stays empty */
	const char *title, *calls, *bytes;
	bool always; /* shown when it is zero too */
};

static const struct total totals_lines[] = {
	{ "allocated", "total_allocations", "total_allocated", true },
	{ "reallocated", "total_reallocations", NULL, true },
	{ "freed", "total_deallocations", "total_deallocated", true },
	{ "at the peak", NULL, "peak_memory", true },
	{ "not freed at the end", "active_allocations", "current_memory", true },
	{ "failed calls", "failed_allocations", NULL, false },
	{ "frees of blocks that the log does not know", "unmatched_deallocations", NULL,
	  false },
	{ "blocks whose free the log does not show", "overwritten_blocks",
	  "overwritten_bytes", false },
};

/* "  (1,234 bytes)", or what is known of an estimate. */
static void write_exactly(struct ms_writer *writer, const json_t *totals, const char *key)
{
	const json_t *error = ms_figure_error(totals, key);
	char text[MS_HUMAN_BYTES];

	if (error)
		ms_writef(writer, "  (standard error %s)",
			  ms_human_size(text, ms_json_as_u64(error)));
	else
		ms_writef(writer, "  (%s bytes)",
			  ms_human_count(text, ms_json_u64(totals, key)));
}

static void write_figures(struct ms_writer *writer, const json_t *totals,
			  const json_t *peak_at, const char *title,
			  const struct total *line)
{
	char human[MS_HUMAN_BYTES], calls[MS_HUMAN_BYTES + 4] = "";
	char bytes[MS_FIGURE_BYTES];

	if (line->calls && ms_figure_known(totals, line->calls))
		ms_figure_count(calls, totals, line->calls);
	else if (!line->calls && json_is_number(peak_at))
		/* the peak: where calls would stand, when it was */
		snprintf(calls, sizeof(calls), "at %s",
			 ms_human_time(human, ms_json_as_u64(peak_at)));
	ms_writef(writer, "  %-20s  %13s", title, calls);
	if (line->bytes && ms_figure_known(totals, line->bytes)) {
		ms_writef(writer, "  %9s", ms_figure_size(bytes, totals, line->bytes));
		write_exactly(writer, totals, line->bytes);
	}
	ms_write_text(writer, "\n");
}

static void write_total(struct ms_writer *writer, const json_t *document,
			const struct total *line)
{
	const json_t *totals = json_object_get(document, "totals");
	bool sum = json_is_true(json_object_get(document, "peak_is_sum"));
	const char *title = !line->calls && sum ? "sum of the peaks" : line->title;

	if ((line->calls && ms_figure_known(totals, line->calls)) ||
	    (line->bytes && ms_figure_known(totals, line->bytes)))
		write_figures(writer, totals, json_object_get(document, "peak_at_ns"),
			      title, line);
}

/* Of a log that reached its limit: what was live then. */
static void write_before_limit(struct ms_writer *writer, const json_t *document)
{
	static const struct total lines[] = {
		{ "peak before that", NULL, "peak_memory", true },
		{ "live then", "active_allocations", "current_memory", true },
	};
	const json_t *processes = json_object_get(document, "processes");
	const json_t *before =
		json_object_get(json_array_get(processes, 0), "before_limit");

	if (json_array_size(processes) != 1 || !json_is_object(before))
		return;
	ms_write_text(writer, "  Until the log reached its limit:\n");
	for (size_t i = 0; i < COUNT(lines); i++)
		write_figures(writer, before, NULL, lines[i].title, &lines[i]);
}

/* A title too long for its column gets a line of its own below the figures. */
static void write_rare_total(struct ms_writer *writer, const json_t *totals,
			     const struct total *line)
{
	uint64_t calls = ms_json_u64(totals, line->calls);
	char human[MS_HUMAN_BYTES];

	if (!calls)
		return;
	ms_writef(writer, "  %s: %s", line->title, ms_human_count(human, calls));
	if (line->bytes)
		ms_writef(writer, " (%s)",
			  ms_human_size(human, ms_json_u64(totals, line->bytes)));
	ms_write_text(writer, "\n");
}

/* Memory beside the heap, when the program took any itself. */
static void write_mappings(struct ms_writer *writer, const json_t *document)
{
	static const struct {
		const char *key, *name;
	} calls[] = { { "maps", "mmap" },
		      { "unmaps", "munmap" },
		      { "remaps", "mremap" },
		      { "breaks", "brk" },
		      { "failed", "failed" } };
	const json_t *mappings = json_object_get(document, "mappings");
	char human[MS_HUMAN_BYTES];
	bool some = false;

	for (size_t i = 0; i < COUNT(calls); i++) {
		uint64_t n = ms_json_u64(mappings, calls[i].key);

		if (!n)
			continue;
		ms_write_text(writer, some ? ", " : "  mapped besides: ");
		ms_writef(writer, "%s %s", ms_human_count(human, n), calls[i].name);
		some = true;
	}
	if (!some)
		return;
	ms_writef(writer, "; %s at most",
		  ms_human_size(human, ms_json_u64(mappings, "peak_bytes")));
	ms_writef(writer, ", %s at the end\n",
		  ms_human_size(human, ms_json_u64(mappings, "current_bytes")));
}

static void write_totals(struct ms_writer *writer, const json_t *document)
{
	const json_t *totals = json_object_get(document, "totals");
	bool sum = json_is_true(json_object_get(document, "peak_is_sum"));

	ms_write_bold(writer);
	ms_writef(writer, "\n%-22s  %13s  %9s\n", "Totals", "calls", "bytes");
	ms_write_plain(writer);
	for (size_t i = 0; i < COUNT(totals_lines); i++) {
		if (totals_lines[i].always)
			write_total(writer, document, &totals_lines[i]);
		else
			write_rare_total(writer, totals, &totals_lines[i]);
	}
	write_mappings(writer, document);
	write_before_limit(writer, document);
	if (sum)
		ms_write_text(writer,
			      "  The processes peaked at different times: all of them "
			      "together never held more\n  than the sum of their peaks, "
			      "and maybe less.\n");
}

/* --- findings
 * -------------------------------------------------------------------- */

struct brief { /* how a finding reads: what was counted, and of what */
	const char *detector, *kind, *many, *one;
	bool bytes;
};

static const struct brief briefs[] = {
	{ "leak", "definite", "blocks definitely lost", "block definitely lost", true },
	{ "failed", NULL, "calls got no memory", "call got no memory", false },
	{ "churn", NULL, "blocks freed before the next allocation",
	  "block freed before the next allocation", false },
	{ "invalid_free", NULL, "frees of blocks that the log does not know",
	  "free of a block that the log does not know", false },
};

static const struct brief *brief_of(const json_t *finding)
{
	const char *detector = ms_json_string(finding, "detector");
	const char *kind = ms_json_string(finding, "kind");

	for (size_t i = 0; detector && kind && i < COUNT(briefs); i++) {
		if (!strcmp(briefs[i].detector, detector) &&
		    (!briefs[i].kind || !strcmp(briefs[i].kind, kind)))
			return &briefs[i];
	}
	return NULL;
}

static void write_finding(struct ms_writer *writer, const json_t *finding)
{
	const struct brief *brief = brief_of(finding);
	uint64_t count = ms_json_u64(finding, "count");
	const char *site = ms_json_string(finding, "site");
	char human[MS_HUMAN_BYTES];

	if (!brief)
		return;
	ms_writef(writer, "  %-8s  %s %s", ms_json_string(finding, "severity"),
		  ms_human_count(human, count), count == 1 ? brief->one : brief->many);
	if (brief->bytes)
		ms_writef(writer, ", %s",
			  ms_human_size(human, ms_json_u64(finding, "bytes")));
	if (ms_json_u64(finding, "hanging_blocks"))
		ms_writef(writer, " and %s with them",
			  ms_human_size(human, ms_json_u64(finding, "hanging_bytes")));
	if (site) {
		ms_write_text(writer, ", most by ");
		ms_write_escaped(writer, site, 60);
	}
	ms_writef(writer, "\n            memscope-analyze %s\n",
		  ms_json_string(finding, "command"));
}

static void write_findings(struct ms_writer *writer, const json_t *document)
{
	const json_t *findings = json_object_get(document, "findings"), *finding;
	bool unlooked = json_is_false(json_object_get(document, "leaks_looked_for"));
	size_t i;

	if (!json_array_size(findings) && !unlooked)
		return;
	ms_write_heading(writer, "Findings");
	json_array_foreach (findings, i, finding)
		write_finding(writer, finding);
	if (unlooked)
		ms_write_text(writer, "  leaks were not looked for in so long a log\n"
				      "            memscope-analyze leaks\n");
}

/* --- sites
 * -------------------------------------------------------------------------------- */

struct order { /* how the sites are sorted, and how that reads */
	const char *key, *heading, *whole;
	bool bytes;
};

static const struct order orders[] = {
	{ "peak_bytes", "Sites by bytes live at the peak", "peak_memory", true },
	{ "live_bytes", "Sites by bytes not freed at the end", "current_memory", true },
	{ "allocated", "Sites by bytes allocated", "total_allocated", true },
	{ "allocations", "Sites by calls", NULL, false },
	{ "temporary", "Sites by blocks freed before the next allocation", NULL, false },
};

static const struct order *order_of(const json_t *document)
{
	const char *key = ms_json_string(document, "sorted_by");

	for (size_t i = 1; key && i < COUNT(orders); i++) {
		if (strcmp(key, orders[i].key) == 0)
			return &orders[i];
	}
	return &orders[0];
}

static const char *human(char buffer[MS_HUMAN_BYTES], uint64_t value, bool bytes)
{
	return bytes ? ms_human_size(buffer, value) : ms_human_count(buffer, value);
}

static uint64_t sum_of(const json_t *sites, const char *key, size_t count)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < count; i++)
		sum += ms_json_u64(json_array_get(sites, i), key);
	return sum;
}

/* What else is known of a site, on one dim line. */
static void write_details(struct ms_writer *writer, const json_t *site)
{
	char buffer[MS_FIGURE_BYTES];

	ms_write_pad(writer, ' ', INDENT);
	ms_write_dim(writer);
	ms_writef(writer, "%s call%s", ms_figure_count(buffer, site, "allocations"),
		  ms_json_u64(site, "allocations") == 1 ? "" : "s");
	ms_writef(writer, ", %s in all", ms_figure_size(buffer, site, "allocated"));
	if (ms_json_u64(site, "live_blocks")) {
		ms_writef(writer, "; not freed: %s",
			  ms_figure_size(buffer, site, "live_bytes"));
		ms_writef(writer, " in %s", ms_figure_count(buffer, site, "live_blocks"));
	}
	if (ms_json_u64(site, "temporary"))
		ms_writef(writer, "; %s temporary",
			  ms_figure_count(buffer, site, "temporary"));
	ms_write_plain(writer);
	ms_write_text(writer, "\n");
}

/* How far off the figure that sites are sorted by may be. */
static void write_error(struct ms_writer *writer, const json_t *site,
			const struct order *order)
{
	const json_t *error = ms_figure_error(site, order->key);
	char buffer[MS_HUMAN_BYTES];

	if (!error)
		return;
	ms_write_pad(writer, ' ', INDENT);
	ms_write_dim(writer);
	ms_writef(writer, "standard error of the estimate: %s",
		  human(buffer, ms_json_as_u64(error), order->bytes));
	ms_write_plain(writer);
	ms_write_text(writer, "\n");
}

static void write_site(struct ms_writer *writer, const json_t *site,
		       const struct order *order, uint64_t whole)
{
	uint64_t value = ms_json_u64(site, order->key);
	unsigned width = writer->look.width;
	char figure[MS_FIGURE_BYTES], share[MS_HUMAN_BYTES];

	ms_writef(writer, "%10s",
		  order->bytes ? ms_figure_size(figure, site, order->key)
			       : ms_figure_count(figure, site, order->key));
	ms_writef(writer, " %s%7s  ", ms_figure_error(site, order->key) ? "~" : " ",
		  ms_share_text(share, value, whole));
	ms_write_frame(writer, site, width > INDENT + 20 ? width - INDENT : 0);
	ms_write_text(writer, "\n");
	write_details(writer, site);
	write_error(writer, site, order);
	ms_write_callers(writer, json_object_get(site, "callers"), value,
			 ms_figure_error(site, order->key), INDENT + 2);
}

static size_t shown_of(const json_t *sites, const struct order *order, uint64_t top)
{
	size_t shown = 0;

	while (shown < json_array_size(sites) && shown < top &&
	       ms_json_u64(json_array_get(sites, shown), order->key) > 0)
		shown++;
	return shown;
}

static void write_sites(struct ms_writer *writer, const json_t *document)
{
	const json_t *sites = json_object_get(document, "sites");
	const struct order *order = order_of(document);
	size_t shown = shown_of(sites, order, ms_json_u64(document, "top"));
	const json_t *totals = json_object_get(document, "totals");
	uint64_t whole = order->whole && ms_figure_known(totals, order->whole)
				 ? ms_json_u64(totals, order->whole)
				 : sum_of(sites, order->key, json_array_size(sites));
	uint64_t together = sum_of(sites, order->key, shown);
	char buffer[MS_HUMAN_BYTES];

	if (!json_array_size(sites) && !ms_figure_known(totals, "peak_memory"))
		return; /* none were recorded */
	ms_write_heading(writer, order->heading);
	for (size_t i = 0; i < shown; i++)
		write_site(writer, json_array_get(sites, i), order, whole);
	if (!shown)
		ms_write_text(writer, "  There are none.\n");
	if (shown == json_array_size(sites) || whole <= together)
		return;
	ms_writef(writer, "%10s", human(buffer, whole - together, order->bytes));
	ms_writef(writer, "  %7s  ", ms_share_text(buffer, whole - together, whole));
	ms_writef(writer, "in %s other sites\n",
		  ms_human_count(buffer, json_array_size(sites) - shown));
}

/* --- threads and processes
 * ------------------------------------------------------------------ */

static ms_status write_threads(struct ms_writer *writer, const json_t *document,
			       struct ms_error *err)
{
	static const struct ms_column columns[] = {
		{ "tid", "thread", MS_TYPE_ID, 10, "the kernel's id" },
		{ "allocations", "calls", MS_TYPE_COUNT, 10, "blocks that it made" },
		{ "allocated", "allocated", MS_TYPE_BYTES, 10, "bytes of them" },
		{ "peak_bytes", "at the peak", MS_TYPE_BYTES, 0, "bytes of its blocks" },
		{ "live_bytes", "not freed", MS_TYPE_BYTES, 10, "bytes of its blocks" },
		{ "name", "name", MS_TYPE_TEXT, 0, "the last one it had" },
	};
	const json_t *threads = json_object_get(document, "threads");
	size_t count = json_array_size(threads);
	struct ms_array_rows rows;
	ms_status status;
	json_t *heaviest;

	if (count < 2)
		return MS_OK;
	heaviest = ms_json_heaviest(threads, "allocated", MAX_THREADS);
	if (!heaviest)
		return ms_fail_memory(err);
	ms_write_heading(writer, "Threads");
	ms_array_rows_init(&rows, heaviest, 0, columns, COUNT(columns));
	status = ms_render_table(writer, &rows.rows, err);
	if (count > MAX_THREADS)
		ms_writef(writer, "and %zu more thread%s\n", count - MAX_THREADS,
			  count == MAX_THREADS + 1 ? "" : "s");
	json_decref(heaviest);
	return status;
}

static void write_process(struct ms_writer *writer, const json_t *row)
{
	const json_t *process = json_object_get(row, "process");
	const json_t *totals = json_object_get(row, "totals");
	const char *command = ms_json_string(process, "command");
	unsigned width = writer->look.width;
	char buffer[MS_FIGURE_BYTES];

	ms_writef(writer, "%10llu", (unsigned long long)ms_json_u64(process, "pid"));
	ms_writef(writer, "  %12s", ms_figure_count(buffer, totals, "total_allocations"));
	ms_writef(writer, "  %10s", ms_figure_size(buffer, totals, "peak_memory"));
	ms_writef(writer, "  %10s  ", ms_figure_size(buffer, totals, "current_memory"));
	ms_write_escaped(writer, command && *command ? command : "(unknown command)",
			 width > 70 ? width - 50
			 : width    ? 20
				    : 0);
	ms_write_text(writer, "\n");
}

static void write_processes(struct ms_writer *writer, const json_t *document)
{
	const json_t *processes = json_object_get(document, "processes");
	size_t count = json_array_size(processes);

	if (count < 2)
		return;
	ms_write_bold(writer);
	ms_writef(writer, "\n%10s  %12s  %10s  %10s  %s\n", "process", "calls", "peak",
		  "not freed", "command");
	ms_write_plain(writer);
	for (size_t i = 0; i < count && i < MAX_PIDS; i++)
		write_process(writer, json_array_get(processes, i));
	if (count > MAX_PIDS)
		ms_writef(writer, "and %zu more\n", count - MAX_PIDS);
}

/* --- the door
 * -------------------------------------------------------------------------------- */

static ms_status write_csv(struct ms_writer *writer, const json_t *document,
			   struct ms_error *err)
{
	static const struct ms_column columns[] = {
		{ "function", "", MS_TYPE_TEXT, 0, "" },
		{ "file", "", MS_TYPE_TEXT, 0, "" },
		{ "line", "", MS_TYPE_ID, 0, "" },
		{ "module", "", MS_TYPE_TEXT, 0, "" },
		{ "allocations", "", MS_TYPE_COUNT, 0, "" },
		{ "allocated", "", MS_TYPE_BYTES, 0, "" },
		{ "live_blocks", "", MS_TYPE_COUNT, 0, "" },
		{ "live_bytes", "", MS_TYPE_BYTES, 0, "" },
		{ "peak_bytes", "", MS_TYPE_BYTES, 0, "" },
		{ "peak_blocks", "", MS_TYPE_COUNT, 0, "" },
		{ "temporary", "", MS_TYPE_COUNT, 0, "" },
		{ "address", "", MS_TYPE_TEXT, 0, "" },
		MS_ERROR_COLUMNS,
	};

	return ms_render_csv_array(writer, json_object_get(document, "sites"), columns,
				   COUNT(columns), err);
}

ms_status ms_render_summary(struct ms_writer *writer, const json_t *document,
			    enum ms_format format, struct ms_error *err)
{
	ms_status status;

	if (format == MS_FORMAT_JSON)
		return ms_render_json(writer, document, err);
	if (format == MS_FORMAT_CSV)
		return write_csv(writer, document, err);
	write_head(writer, document);
	ms_write_filter(writer, json_object_get(document, "filter"));
	write_totals(writer, document);
	write_findings(writer, document);
	write_sites(writer, document);
	status = write_threads(writer, document, err);
	write_processes(writer, document);
	ms_write_losses(writer, json_object_get(document, "lost"));
	ms_write_damage(writer, json_object_get(document, "damage"));
	return status;
}
