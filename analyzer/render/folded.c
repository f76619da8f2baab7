/* SPDX-License-Identifier: Apache-2.0 */
/*
 * folded.c - folded stacks: "outermost;...;innermost figure", one line a stack.
 *
 * The form of Brendan Gregg's stackcollapse programs.  A name's ';' would begin another
 * frame and a line end another stack: they are escaped.
 */
#include "analyzer/base/alloc.h"
#include "analyzer/base/escape.h"
#include "analyzer/render/formats.h"
#include "analyzer/render/names_tree.h"

#include <inttypes.h>
#include <string.h>

static void write_name(struct ms_writer *writer, const char *name)
{
	size_t len = strlen(name), step;
	char out[32];

	for (size_t i = 0; i < len; i += step) {
		uint32_t code;

		step = ms_utf8_next(name + i, len - i, &code);
		if (code == ';')
			ms_write_text(writer, "\\x3b");
		else
			ms_write(writer, out,
				 ms_escape(out, sizeof(out), name + i, step));
	}
	if (!len)
		ms_write_text(writer, "(no name)");
}

static ms_status write_stacks(struct ms_writer *writer, const struct ms_names_tree *tree,
			      const uint64_t *sums, struct ms_error *err)
{
	struct ms_node_path path = { 0 };
	bool failed = false;

	for (size_t i = 1; !failed && !writer->failure && i < tree->node_count; i++) {
		if (!sums[i])
			continue;
		failed = ms_names_tree_path(&path, tree, (uint32_t)i) < 0;
		for (size_t n = 0; !failed && n < path.count; n++) {
			if (n)
				ms_write(writer, ";", 1);
			write_name(writer,
				   tree->names.items[tree->nodes[path.nodes[n]].name]);
		}
		ms_writef(writer, " %" PRIu64 "\n", sums[i]);
	}
	ms_node_path_release(&path);
	return failed ? ms_fail_memory(err) : MS_OK;
}

ms_status ms_export_folded(struct ms_writer *writer, const struct ms_profile *profile,
			   struct ms_error *err)
{
	struct ms_names_tree tree;
	ms_status status = ms_names_tree_init(&tree, profile, err);
	uint64_t *sums =
		status == MS_OK ? ms_names_tree_sums(&tree, profile->metric) : NULL;

	if (sums)
		status = write_stacks(writer, &tree, sums, err);
	else if (status == MS_OK)
		status = ms_fail_memory(err);
	ms_free(sums);
	ms_names_tree_release(&tree);
	return status;
}
