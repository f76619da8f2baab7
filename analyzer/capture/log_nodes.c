/* SPDX-License-Identifier: Apache-2.0 */
/*
 * log_nodes.c - the windows of the stack trie.
 *
 * A node proves itself by its check, so metadata reads them where they lie; here only
 * windows that claim the same ids are kept apart, and a finished log is checked whole.
 */
#include "analyzer/base/alloc.h"
#include "analyzer/capture/log.h"

#include <inttypes.h>

static bool is_zero(const struct ms_wire_node *node)
{
	return !node->where && !node->parent && !node->check;
}

/*
 * Unwritten nodes are zero.  A thread that was still alive at exit may have left one
 * without its check, which is stored last.
 */
static bool is_right(const struct ms_log *log, const struct ms_wire_node *node,
		     uint32_t id)
{
	if (!node->check && log->status.open_windows)
		return true;
	return node->parent < id &&
	       node->check == ms_wire_node_check(id, node->where, node->parent);
}

static void check_nodes(struct ms_log *log, const struct ms_log_window *window,
			const struct ms_wire_node *nodes, uint64_t count)
{
	uint64_t start = window->offset + window->header_bytes, next;

	for (uint64_t i = 0; i < count; i++) {
		if (is_zero(&nodes[i])) {
			next = ms_log_nonzero(log, start + i * sizeof(*nodes),
					      start + count * sizeof(*nodes));
			i = (next - start) / sizeof(*nodes);
			if (i >= count)
				return;
		}
		if (!is_right(log, &nodes[i], window->owner + (uint32_t)i))
			ms_log_damaged(log, start + i * sizeof(*nodes), sizeof(*nodes),
				       "a stack node is wrong");
	}
}

/* first is one past the largest id so far; it moves on. */
static ms_status add_nodes(struct ms_log *log, const struct ms_log_window *window,
			   uint64_t *first, struct ms_metadata *meta,
			   struct ms_error *err)
{
	uint64_t bytes, count, most = (UINT64_C(1) << 32) - window->owner;
	const struct ms_wire_node *nodes =
		(const struct ms_wire_node *)(const void *)ms_log_body(log, window,
								       &bytes);

	count = bytes / sizeof(*nodes);
	/* a recorder that lost the race for these ids and was killed before it said so */
	if (ms_log_nonzero(log, window->offset + window->header_bytes,
			   window->offset + window->header_bytes + bytes) ==
	    window->offset + window->header_bytes + bytes)
		return MS_OK;
	if (window->owner < *first || count > most) {
		ms_log_damaged(log, window->offset, window->length,
			       "window %" PRIu64
			       ": stack nodes of another window, left out",
			       window->sequence);
		return MS_OK;
	}
	*first = window->owner + count;
	if (log->ended)
		check_nodes(log, window, nodes, count);
	if (ms_metadata_add_nodes(meta, window->owner, nodes, (size_t)count) != MS_OK)
		return ms_fail_memory(err);
	return MS_OK;
}

ms_status ms_log_read_nodes(struct ms_log *log, struct ms_metadata *meta,
			    struct ms_error *err)
{
	const struct ms_log_window **windows;
	uint64_t first = 0;
	size_t count;
	ms_status status = ms_log_sorted(log, MS_WINDOW_NODES, &windows, &count, err);

	for (size_t i = 0; status == MS_OK && i < count; i++)
		status = add_nodes(log, windows[i], &first, meta, err);
	ms_free(windows);
	return status;
}
