/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mode_log.c - writes a small log of a mode to standard output: counters, sample or cull;
 * or one with marks.
 *
 * They are the fuzz corpus' logs with such records; a test compares them.
 */
#include "tests/unit/log_builder.h"

#define HEAP  0x5a2010
#define START LB_START_TICKS

static void put_mode(struct log_builder *lb, unsigned mode, uint64_t parameter)
{
	lb_record_of(lb, MS_RECORD_MODE, LB_NUMBERS(mode, parameter, START), NULL);
}

static void put_totals(struct log_builder *lb)
{
	size_t window = lb_open(lb, MS_WINDOW_COUNTERS, MS_COUNTERS_TOTALS, 0);
	struct ms_wire_totals *totals = lb_body(lb, window);
	struct ms_wire_sizes *sizes;

	totals[0] = (struct ms_wire_totals){ .allocations = 2, .allocated = 48 };
	totals[1] = (struct ms_wire_totals){ 1, 0, 10, 2, 8, 1, 1000, { 0 } };
	totals[2] = (struct ms_wire_totals){ 2, 0, 5, 0, 5, 0, 50, { 0 } };
	window = lb_open(lb, MS_WINDOW_COUNTERS, MS_COUNTERS_SIZES, 0);
	sizes = lb_body(lb, window);
	sizes[1].classes[7].blocks = 12;
	sizes[1].classes[7].bytes = 1000;
	sizes[2].classes[4].blocks = 5;
	sizes[2].classes[4].bytes = 50;
}

static void put_samples(struct log_builder *lb, uint32_t stack)
{
	lb_event(lb, 1, START + 100, MS_EVENT_MALLOC, HEAP, 600, stack);
	lb_event(lb, 1, START + 200, MS_EVENT_NEW, HEAP + 0x400, 24, stack);
	lb_event(lb, 1, START + 300, MS_EVENT_REALLOC_BEGIN, HEAP, 0, 0);
	lb_event(lb, 1, START + 350, MS_EVENT_REALLOC_END, HEAP + 0x800, 900, stack);
	lb_event(lb, 2, START + 400, MS_EVENT_DELETE, HEAP + 0x400, 0, 0);
}

static void put_folded(struct log_builder *lb, uint32_t stack)
{
	size_t window = lb_open(lb, MS_WINDOW_COUNTERS, MS_COUNTERS_FOLDED, 0);
	struct ms_wire_folded *folded = lb_body(lb, window);
	struct ms_wire_pending *pending;

	folded[0] = (struct ms_wire_folded){ stack, 0, 7, 70, 12, { 6, 1 } };
	folded[1] = (struct ms_wire_folded){ stack - 1, 0, 1, 40, 40, { 0, 0, 0, 0, 1 } };
	lb_event(lb, 1, START + 500, MS_EVENT_MALLOC, HEAP, 64, stack);
	window = lb_open(lb, MS_WINDOW_COUNTERS, MS_COUNTERS_PENDING, 0);
	pending = lb_body(lb, window);
	pending[0].stack = 1; /* the ring is that thread's */
	pending[1] = (struct ms_wire_pending){ START + 600, 32,
					       (uint64_t)(HEAP + 0x400) << 16 |
						       MS_EVENT_NEW << 8,
					       stack, MS_PENDING_WAITS };
	pending[2] =
		(struct ms_wire_pending){ START + 500, 64,
					  (uint64_t)HEAP << 16 | MS_EVENT_MALLOC << 8,
					  stack, MS_PENDING_WRITTEN };
}

static void put_marks(struct log_builder *lb, uint32_t stack)
{
	lb_event(lb, 1, START + 100, MS_EVENT_MALLOC, HEAP, 600, stack);
	lb_mark(lb, 2, START + 400, "loaded");
	lb_mark(lb, 1, START + 150, "loaded");
	lb_mark(lb, 0, START + 200, "\x1b[31m\xff");
	lb_mark(lb, 7, 0, "");
	lb_record_of(lb, MS_RECORD_ANNOTATION, LB_NUMBERS(2, START), "of another kind");
}

int main(int argc, char **argv)
{
	const char *mode = argc == 2 ? argv[1] : "";
	struct log_builder lb;
	uint32_t stack;

	lb_init(&lb);
	lb_thread(&lb, 1, START, LB_PID, "app");
	lb_thread(&lb, 2, START + 50, LB_PID + 1, "worker");
	stack = lb_node(&lb, MS_MODULE_NONE, 0x4011c4, 0);
	stack = lb_node(&lb, MS_MODULE_NONE, 0x401196, stack);
	if (!strcmp(mode, "counters")) {
		put_mode(&lb, MS_MODE_COUNTERS, 0);
		put_totals(&lb);
	} else if (!strcmp(mode, "sample")) {
		put_mode(&lb, MS_MODE_SAMPLE, 512);
		put_totals(&lb);
		put_samples(&lb, stack);
	} else if (!strcmp(mode, "cull")) {
		put_mode(&lb, MS_MODE_CULL, 10000000);
		put_folded(&lb, stack);
	} else if (!strcmp(mode, "marks")) {
		put_marks(&lb, stack);
	} else {
		fprintf(stderr, "usage: mode_log counters|sample|cull|marks\n");
		return 2;
	}
	lb_end(&lb, START + 2000);
	fwrite(lb.data, 1, lb.len, stdout);
	lb_release(&lb);
	return ferror(stdout) != 0;
}
