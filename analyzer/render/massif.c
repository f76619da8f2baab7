/* SPDX-License-Identifier: Apache-2.0 */
/*
 * massif.c - the heap over time in massif's form, with trees of what lived at the peak
 * and at some other instants.
 *
 * A tree begins where blocks were asked for and goes outwards to the callers.  As massif
 * does it, what is below one percent is summed up, and no tree is deeper than 30 calls.
 */
#define _GNU_SOURCE /* qsort_r */
#include "analyzer/base/alloc.h"
#include "analyzer/base/escape.h"
#include "analyzer/render/formats.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define MS_NS	  UINT64_C(1000000)
#define DEPTH	  30
#define THRESHOLD 100 /* of a snapshot, one part in that many */

struct item { /* blocks of one stack; node: the frame that is looked at, 0 at the end */
	uint32_t node;
	uint64_t bytes;
};

struct group {
	size_t first, count;
	uint64_t bytes;
};

struct tree {
	struct ms_writer *writer;
	const struct ms_profile *profile;
	struct item *items;
	uint64_t least;
	struct ms_strbuf text;
	bool failed; /* no memory */
};

static uint32_t frame_of(const struct ms_profile *profile, const struct item *item)
{
	return profile->nodes[item->node].frame; /* of the root MS_PROFILE_NONE */
}

static int by_frame(const void *a, const void *b, void *profile)
{
	uint32_t x = frame_of(profile, a), y = frame_of(profile, b);

	return x < y ? -1 : x > y;
}

static int heaviest_first(const void *a, const void *b)
{
	const struct group *x = a, *y = b;

	if (x->bytes != y->bytes)
		return x->bytes < y->bytes ? 1 : -1;
	return x->first < y->first ? -1 : 1;
}

/* A comment would begin with '#'; a line ends the name. */
static void write_name(struct tree *tree, const char *name)
{
	size_t len = strlen(name), step;
	char out[32];

	for (size_t i = 0; i < len; i += step) {
		uint32_t code;

		step = ms_utf8_next(name + i, len - i, &code);
		if (code == '#')
			ms_write_text(tree->writer, "\\x23");
		else
			ms_write(tree->writer, out,
				 ms_escape(out, sizeof(out), name + i, step));
	}
}

static void write_head(struct tree *tree, unsigned depth, size_t children, uint64_t bytes)
{
	ms_write_pad(tree->writer, ' ', depth);
	ms_writef(tree->writer, "n%zu: %" PRIu64 " ", children, bytes);
}

/* Items first to first + count by their frames; stacks that end here are in no group. */
static size_t make_groups(struct tree *tree, struct group *groups, size_t first,
			  size_t count)
{
	struct item *items = tree->items + first;
	size_t n = 0;

	qsort_r(items, count, sizeof(*items), by_frame, (void *)(uintptr_t)tree->profile);
	for (size_t i = 0; i < count && items[i].node; i++) {
		if (!i ||
		    by_frame(&items[i], &items[i - 1], (void *)(uintptr_t)tree->profile))
			groups[n++] = (struct group){ .first = first + i };
		groups[n - 1].count++;
		groups[n - 1].bytes += items[i].bytes;
	}
	qsort(groups, n, sizeof(*groups), heaviest_first);
	return n;
}

static void write_children(struct tree *tree, unsigned depth, const struct group *groups,
			   size_t count, size_t shown);

/* A line and those below it; what names it was written behind its figures. */
static void write_group(struct tree *tree, unsigned depth, const struct group *group,
			uint32_t frame)
{
	size_t count = 0, shown = 0;
	struct group *groups = ms_alloc((group->count + 1) * sizeof(*groups));

	if (!groups) {
		tree->failed = true;
		return;
	}
	if (depth < DEPTH)
		count = make_groups(tree, groups, group->first, group->count);
	while (shown < count && groups[shown].bytes >= tree->least)
		shown++;
	write_head(tree, depth, shown + (shown < count), group->bytes);
	ms_strbuf_clear(&tree->text);
	if (frame == MS_PROFILE_NONE)
		ms_strbuf_adds(&tree->text,
			       "(heap allocation functions) malloc/new/new[], "
			       "--alloc-fns, etc.");
	else
		ms_valgrind_frame(&tree->text, tree->profile, frame);
	tree->failed |= tree->text.failed;
	write_name(tree, ms_strbuf_text(&tree->text));
	ms_write_text(tree->writer, "\n");
	write_children(tree, depth + 1, groups, count, shown);
	ms_free(groups);
}

static void write_children(struct tree *tree, unsigned depth, const struct group *groups,
			   size_t count, size_t shown)
{
	uint64_t rest = 0;

	for (size_t i = 0; i < shown && !tree->failed; i++) {
		struct item *items = tree->items + groups[i].first;
		uint32_t frame = frame_of(tree->profile, &items[0]);

		for (size_t n = 0; n < groups[i].count; n++)
			items[n].node = tree->profile->nodes[items[n].node].parent;
		write_group(tree, depth, &groups[i], frame);
	}
	for (size_t i = shown; i < count; i++)
		rest += groups[i].bytes;
	if (shown == count)
		return;
	write_head(tree, depth, 0, rest);
	ms_writef(tree->writer, "in %zu place%s, %sbelow massif's threshold (%d.00%%)\n",
		  count - shown, count - shown == 1 ? "" : "s",
		  count - shown == 1 ? "" : "all ", 100 / THRESHOLD);
}

static uint64_t sum(const struct item *items, size_t count)
{
	uint64_t bytes = 0;

	for (size_t i = 0; i < count; i++)
		bytes += items[i].bytes;
	return bytes;
}

/* count of the items of the tree are what lived; 0: no tree is known. */
static void write_snapshot(struct tree *tree, size_t *number, uint64_t at_ns,
			   uint64_t bytes, size_t count, bool peak)
{
	struct group all = { 0, count, bytes };

	ms_writef(tree->writer,
		  "#-----------\nsnapshot=%zu\n#-----------\ntime=%" PRIu64
		  "\nmem_heap_B=%" PRIu64 "\nmem_heap_extra_B=0\nmem_stacks_B=0\n",
		  (*number)++, at_ns / MS_NS, bytes);
	ms_writef(tree->writer, "heap_tree=%s\n",
		  !count ? "empty"
		  : peak ? "peak"
			 : "detailed");
	tree->least = bytes / THRESHOLD;
	if (count)
		write_group(tree, 0, &all, MS_PROFILE_NONE);
}

static void write_peak(struct tree *tree, size_t *number,
		       const struct ms_profile_process *process)
{
	const struct ms_profile *p = tree->profile;
	size_t count = 0;

	tree->items = ms_alloc((p->row_count + 1) * sizeof(*tree->items));
	tree->failed |= !tree->items;
	for (size_t i = 0; tree->items && i < p->row_count; i++) {
		uint64_t bytes = p->rows[i].value[MS_METRIC_PEAK_BYTES];

		if (bytes)
			tree->items[count++] = (struct item){ p->rows[i].node, bytes };
	}
	if (count)
		write_snapshot(tree, number, process->peak_at_ns, sum(tree->items, count),
			       count, true);
	ms_free(tree->items);
}

static void write_point(struct tree *tree, size_t *number,
			const struct ms_profile_process *process, size_t point)
{
	const struct ms_profile_moment *moment = NULL;
	size_t count;

	for (size_t i = 0; i < process->moment_count; i++) {
		if (process->moments[i].point == point)
			moment = &process->moments[i];
	}
	count = moment ? moment->count : 0;
	tree->items = ms_alloc((count + 1) * sizeof(*tree->items));
	tree->failed |= !tree->items;
	if (!tree->items)
		return;
	for (size_t i = 0; i < count; i++)
		tree->items[i] =
			(struct item){ moment->items[i].node, moment->items[i].bytes };
	write_snapshot(tree, number, process->points[point].at_ns,
		       process->points[point].live_bytes, count, false);
	ms_free(tree->items);
}

ms_status ms_export_massif(struct ms_writer *writer, const struct ms_profile *profile,
			   struct ms_error *err)
{
	const struct ms_profile_process *process = &profile->processes[0];
	struct tree tree = { .writer = writer, .profile = profile };
	bool peak = !(profile->absent & 1u << MS_METRIC_PEAK_BYTES);
	size_t number = 0;

	ms_strbuf_init(&tree.text);
	ms_write_text(writer, "desc: memscope " MS_VERSION "\ncmd: ");
	write_name(&tree, *process->command ? process->command : "?");
	ms_write_text(writer, "\ntime_unit: ms\n");
	for (size_t i = 0; i < process->point_count && !tree.failed; i++) {
		if (peak && process->peak_at_ns <= process->points[i].at_ns) {
			write_peak(&tree, &number, process);
			peak = false;
		}
		write_point(&tree, &number, process, i);
	}
	ms_strbuf_release(&tree.text);
	return tree.failed ? ms_fail_memory(err) : MS_OK;
}
