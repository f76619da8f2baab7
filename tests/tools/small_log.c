/* SPDX-License-Identifier: Apache-2.0 */
/*
 * small_log.c - writes the worked example of memscope-log(5) to standard output.
 *
 * A test compares these bytes with the page's, so that page and code cannot part.
 */
#include "tests/unit/log_builder.h"

#define STRDUP	0x401196 /* return addresses, as a program at 0x400000 has them */
#define MAIN	0x4011c4
#define HEAP	0x5a2010
#define START	LB_START_TICKS
#define MODULE	1
#define LATER	(1 << 20) /* a time delta of four bytes */
#define ALIGN64 6

int main(void)
{
	static const uint8_t build_id[] = { 0xbe, 0xef, 0xca, 0xfe };
	struct log_builder lb;
	uint32_t outer, inner;

	lb_init(&lb);
	lb_fact(&lb, "argv", "./app");
	lb_fact(&lb, "argv", "-v");
	lb_module(&lb, MODULE, START, 0x400000, 0x400000, 0x404000, build_id,
		  sizeof build_id, "/usr/bin/app");
	lb_thread(&lb, 1, START, LB_PID, "app");
	outer = lb_node(&lb, MODULE, MAIN - 0x400000, 0);
	inner = lb_node(&lb, MODULE, STRDUP - 0x400000, outer);

	lb_event(&lb, 1, START + 50, MS_EVENT_MALLOC, HEAP, 24, inner);
	lb_event(&lb, 1, START + 350, MS_EVENT_CALLOC, HEAP + 0x20, 4096, outer);
	lb_event(&lb, 1, START + 400, MS_EVENT_REALLOC_BEGIN, HEAP, 0, 0);
	lb_event(&lb, 1, START + 460, MS_EVENT_REALLOC_END, HEAP + 0x1030, 100, inner);
	lb_event_aligned(&lb, 1, START + 500, MS_EVENT_POSIX_MEMALIGN, HEAP + 0x1130, 256,
			 outer, ALIGN64);
	lb_event(&lb, 1, START + LATER, MS_EVENT_FREE, HEAP + 0x20, 0, outer);

	lb_end(&lb, START + 2 * LATER);
	fwrite(lb.data, 1, lb.len, stdout);
	lb_release(&lb);
	return ferror(stdout) != 0;
}
