/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pace.h - how long a piece of a program took and how much memory it has resident.
 *
 * Asked by the program itself, so that its start, its end and the recorder's own are left
 * out; without an allocation, so that asking changes no count.
 */
#ifndef PACE_H
#define PACE_H

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

__attribute__((unused)) static double pace_now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

/* A field of /proc/self/status in KiB: VmRSS what is resident, VmHWM the most that was.
 */
__attribute__((unused)) static long pace_resident_kib(const char *field)
{
	static char text[16384];
	int fd = open("/proc/self/status", O_RDONLY | O_CLOEXEC);
	ssize_t n = read(fd, text, sizeof(text) - 1);
	const char *at;

	close(fd);
	text[n > 0 ? n : 0] = '\0';
	at = strstr(text, field);
	return at ? strtol(at + strlen(field) + 1, NULL, 10) : -1;
}

/* The line that tests/bench/run reads. */
__attribute__((unused)) static void pace_say(double begin_ns, double end_ns,
					     double events)
{
	dprintf(1, "ns_per_event=%.2f resident_kib=%ld most_kib=%ld\n",
		(end_ns - begin_ns) / events, pace_resident_kib("VmRSS"),
		pace_resident_kib("VmHWM"));
}

#endif
