/* SPDX-License-Identifier: Apache-2.0 */
/*
 * library_tour.c - a program that uses the analyzer's library, as anybody may.
 *
 * library_tour TRACE [TRACE] prints the largest sites at the peak, how many events there
 * are, and what changed from the start to the end, or from the first trace to the second.
 *
 *	cc -o library_tour library_tour.c $(pkg-config --cflags --libs memscope)
 */
#include <memscope/event_store.h>
#include <memscope/snapshot.h>

#include <errno.h>
#include <stdio.h>

static int print(void *context, const char *data, size_t bytes)
{
	return fwrite(data, 1, bytes, context) == bytes ? 0 : errno;
}

/* Reports come in pieces of any size: a CSV's rows are its lines but the first. */
static int count_lines(void *context, const char *data, size_t bytes)
{
	unsigned long *lines = context;

	for (size_t i = 0; i < bytes; i++)
		*lines += data[i] == '\n';
	return 0;
}

static int tour(struct memscope *m, struct memscope_error *err)
{
	struct memscope_snapshot_options peak = { 0 };
	struct memscope_dump_options large = { 0 };
	struct memscope_diff_options change = { 0 };
	struct memscope_output text = { print, stdout, MEMSCOPE_TEXT, 80, 0, 0, 0 };
	unsigned long lines = 0;
	struct memscope_output counted = {
		count_lines, &lines, MEMSCOPE_CSV, 0, 0, 0, 0
	};
	int status;

	peak.at.kind = MEMSCOPE_AT_PEAK;
	peak.top = 5;
	status = memscope_snapshot(m, &peak, &text, err);
	if (status != MEMSCOPE_OK)
		return status;
	large.filter.use_size = 1;
	large.filter.size_from = 100;
	large.filter.size_to = UINT64_MAX;
	status = memscope_dump(m, &large, &counted, NULL, err);
	if (status != MEMSCOPE_OK)
		return status;
	printf("\n%lu calls for 100 bytes or more\n\n", lines - 1);
	change.two_traces = memscope_trace_count(m) == 2;
	change.by = MEMSCOPE_GROUP_FUNCTION;
	return memscope_diff(m, &change, &text, err);
}

int main(int argc, char **argv)
{
	struct memscope_error err = { "" };
	struct memscope *m;
	int status;

	if (argc < 2 || argc > 3) {
		fprintf(stderr, "usage: library_tour TRACE [TRACE]\n");
		return 2;
	}
	status = memscope_open(&m, (const char *const *)argv + 1, (size_t)argc - 1, NULL,
			       &err);
	if (status == MEMSCOPE_OK)
		status = tour(m, &err);
	if (status != MEMSCOPE_OK)
		fprintf(stderr, "%s\n", err.text);
	memscope_close(m);
	return status == MEMSCOPE_OK ? 0 : 1;
}
