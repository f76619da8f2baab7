/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz_log.c - any bytes as a log: opening, describing and replaying it does no harm.
 *
 * A mutator that puts checksums right lets libFuzzer reach what lies behind them; a
 * quarter of the inputs keep theirs wrong.
 */
#define _GNU_SOURCE
#include "analyzer/analysis/analysis.h"
#include "analyzer/capture/capture.h"
#include "analyzer/render/report.h"
#include "analyzer/snapshot/snapshot.h"
#include "common/checks.h"

#include <memscope/render.h>

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t most, unsigned seed);
/* Not there in a replay without libFuzzer. */
__attribute__((weak)) size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t most);

static void require(bool condition)
{
	if (!condition)
		abort();
}

static void ask_metadata(const struct ms_metadata *meta)
{
	uint32_t limit = ms_metadata_node_limit(meta), module, parent, node = limit;
	const struct ms_thread *threads;
	size_t count, length = strlen(ms_metadata_command(meta));
	uint64_t offset;

	require(length < SIZE_MAX);
	threads = ms_metadata_threads(meta, &count);
	for (size_t i = 0; i < count; i++)
		require(ms_metadata_thread(meta, threads[i].id) != NULL);
	for (unsigned i = 0; i < 1000 && node-- > 0; i++) {
		if (ms_metadata_node(meta, node, &module, &offset, &parent))
			require(parent < node);
	}
}

/* By time, and each is found by its name, at the first of that name. */
static void ask_marks(struct ms_metadata *meta)
{
	size_t count;
	const struct ms_mark *marks = ms_metadata_marks(meta, &count);
	uint64_t at_ns;

	for (size_t i = 0; i < count; i++) {
		require(i == 0 || marks[i - 1].at_ns <= marks[i].at_ns);
		if (i < 100) {
			require(ms_metadata_find_mark(meta, marks[i].name, &at_ns));
			require(at_ns <= marks[i].at_ns);
		}
	}
}

static void replay(const struct ms_store *store)
{
	struct ms_cursor *cursor;
	struct ms_event event;
	uint64_t count = 0, at = 0;

	require(ms_cursor_open(&cursor, store, NULL) == MS_OK);
	for (; ms_cursor_next(cursor, &event); count++) {
		require(event.at_ns >= at);
		at = event.at_ns;
	}
	require(count == ms_store_event_count(store));
	ms_cursor_close(cursor);
}

static void take_snapshot(const struct ms_store *store)
{
	const struct ms_instant_at end = { .instant = MS_AT_END };
	const struct ms_totals *totals;
	struct ms_snapshot *snapshot;

	require(ms_snapshot_new(&snapshot, store, &end, NULL, NULL) == MS_OK);
	totals = ms_snapshot_totals(snapshot);
	require(totals->events == ms_store_event_count(store));
	ms_snapshot_free(snapshot);
}

/* Every live block of the map's instant gets one kind. */
static void find_leaks(const struct ms_store *store, const struct ms_log *log)
{
	struct ms_leaks_options options = { .store = store, .log = log };
	struct ms_leaks *leaks;
	uint64_t blocks = 0;
	size_t count;

	options.map = ms_log_maps(log, &count);
	if (!count)
		return;
	require(ms_leaks_new(&leaks, &options, NULL) == MS_OK);
	for (unsigned i = 0; i < MS_LEAK_KINDS; i++)
		blocks += leaks->kinds[i].blocks;
	require(blocks == leaks->count);
	ms_leaks_free(leaks);
}

static int discard(void *context, const char *data, size_t bytes)
{
	(void)data;
	*(size_t *)context += bytes;
	return 0;
}

/* All that is told of a log, by all reports, in a page that has a limit. */
static void make_page(const char *path)
{
	const struct memscope_open_options opening = { .no_index = 1, .threads = 1 };
	const struct memscope_render_options options = { .format = "html",
							 .no_sources = 1 };
	size_t bytes = 0;
	struct memscope_output output = { .write = discard, .context = &bytes };
	struct memscope *m;
	int status;

	if (memscope_open(&m, &path, 1, &opening, NULL) != MEMSCOPE_OK)
		return;
	status = memscope_render(m, &options, &output, NULL);
	require(status == MEMSCOPE_OK || !ms_html_has_page());
	require(bytes <= MS_HTML_BYTES);
	memscope_close(m);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static int fd = -1;
	struct ms_error err = { "" };
	struct ms_store *store;
	struct ms_metadata *meta;
	struct ms_log *log;
	char path[64];
	size_t count;

	if (fd < 0)
		fd = memfd_create("log", MFD_CLOEXEC);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	require(fd >= 0 && ftruncate(fd, 0) == 0);
	require(pwrite(fd, data, size, 0) == (ssize_t)size);
	require(ms_store_new(&store, &err) == MS_OK);
	require(ms_metadata_new(&meta, &err) == MS_OK);
	if (ms_log_open(&log, path, store, meta, &err) == MS_OK) {
		ask_metadata(meta);
		ask_marks(meta);
		replay(store);
		take_snapshot(store);
		find_leaks(store, log);
		ms_log_windows(log, &count);
		require(count <= size / MS_WIRE_PAGE);
	} else {
		require(err.text[0] != '\0' && !strchr(err.text, '\n'));
	}
	ms_store_free(store);
	ms_metadata_free(meta);
	ms_log_close(log);
	/* It takes most of the time; a replay has some. */
	if (!LLVMFuzzerMutate || ms_crc32c(0, data, size) % 8 == 0)
		make_page(path);
	return 0;
}

static void fix_head(uint8_t *data)
{
	struct ms_wire_head head;
	struct ms_wire_status status;

	memcpy(&head, data, sizeof(head));
	memcpy(head.magic, MS_WIRE_MAGIC, 8);
	head.major = MS_WIRE_MAJOR;
	head.head_bytes = MS_WIRE_PAGE;
	head.head_crc = ms_head_check(&head);
	memcpy(data, &head, sizeof(head));
	memcpy(&status, data + MS_WIRE_STATUS, sizeof(status));
	if (status.end == MS_END_EXITED)
		status.crc = ms_status_check(&status);
	memcpy(data + MS_WIRE_STATUS, &status, sizeof(status));
}

static void fix_nodes(uint8_t *body, size_t bytes, uint32_t id)
{
	struct ms_wire_node node;

	for (; bytes >= sizeof(node); bytes -= sizeof(node), body += sizeof(node), id++) {
		memcpy(&node, body, sizeof(node));
		if (!node.where && !node.parent)
			continue;
		node.check = ms_wire_node_check(id, node.where, node.parent);
		memcpy(body, &node, sizeof(node));
	}
}

/* Put a window's checksums right; returns its length, or a page when there is none. */
static size_t fix_window(uint8_t *data, size_t left)
{
	struct ms_wire_window w;

	memcpy(&w, data, sizeof(w));
	if (w.magic != MS_WINDOW_MAGIC)
		return MS_WIRE_PAGE;
	w.header_bytes = sizeof(w);
	w.length = (w.length / MS_WIRE_PAGE % 16 + 1) * MS_WIRE_PAGE;
	w.header_crc = ms_crc32c(0, &w, offsetof(struct ms_wire_window, header_crc));
	if (w.sealed && w.sealed <= left - sizeof(w))
		w.body_crc = ms_crc32c(0, data + sizeof(w), w.sealed);
	memcpy(data, &w, sizeof(w));
	if (w.kind == MS_WINDOW_NODES)
		fix_nodes(data + sizeof(w), MS_WIRE_PAGE - sizeof(w), w.owner);
	return w.length;
}

/* Mutate what one window holds, and nothing else: most of a log is zeros. */
static void mutate_body(uint8_t *page, size_t most)
{
	struct ms_wire_window w;
	uint8_t *body = page + sizeof(w);
	size_t room = MS_WIRE_PAGE - sizeof(w), n;

	memcpy(&w, page, sizeof(w));
	n = w.kind == MS_WINDOW_NODES ? 4 * sizeof(struct ms_wire_node) : w.commit;
	if (w.magic != MS_WINDOW_MAGIC || n == 0 || n > room)
		return;
	n = LLVMFuzzerMutate(body, n, room < most ? room : most);
	if (w.kind != MS_WINDOW_NODES && n < room)
		memset(body + n, 0, room - n);
	if (w.kind == MS_WINDOW_NODES)
		return;
	w.sealed = w.sealed == w.commit ? (uint32_t)n : w.sealed;
	w.commit = (uint32_t)n;
	memcpy(page, &w, sizeof(w));
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t most, unsigned seed)
{
	size_t pages = size / MS_WIRE_PAGE;

	if (pages > 1 && seed % 2)
		mutate_body(data + MS_WIRE_PAGE * (1 + seed / 8 % (pages - 1)), most);
	else
		size = LLVMFuzzerMutate(data, size, most);
	if (size < MS_WIRE_PAGE || seed % 4 == 0)
		return size;
	fix_head(data);
	for (size_t at = MS_WIRE_PAGE; at + MS_WIRE_PAGE <= size;)
		at += fix_window(data + at, size - at);
	return size;
}
