/* SPDX-License-Identifier: Apache-2.0 */
/*
 * clock.c - which clock, decided once.
 */
#include "preload/clock.h"

#include "preload/file.h"

bool ms_clock_is_tsc;

uint64_t ms_clock_ns(clockid_t clock)
{
	struct timespec t = { 0, 0 };

	clock_gettime(clock, &t);
	return (uint64_t)t.tv_sec * 1000000000ULL + (uint64_t)t.tv_nsec;
}

/* Before a calibration there is no better guess than a few GHz; callers need no more. */
uint64_t ms_clock_interval(uint64_t ns)
{
	return ms_clock_is_tsc ? ns * 5 / 2 : ns;
}

static bool tsc_is_invariant(void)
{
	uint32_t a = 0x80000000, b, c = 0, d;

	__asm__("cpuid" : "+a"(a), "=b"(b), "+c"(c), "=d"(d));
	if (a < 0x80000007)
		return false;
	a = 0x80000007;
	c = 0;
	__asm__("cpuid" : "+a"(a), "=b"(b), "+c"(c), "=d"(d));
	return (d >> 8) & 1;
}

/* The kernel leaves the TSC for one of these when it saw it run unevenly. */
static bool kernel_distrusts_tsc(void)
{
	char name[32];
	size_t n = ms_file_read_small(
		"/sys/devices/system/clocksource/clocksource0/current_clocksource", name,
		sizeof name);

	return n >= 4 &&
	       (!__builtin_memcmp(name, "hpet", 4) ||
		!__builtin_memcmp(name, "acpi", 4) || !__builtin_memcmp(name, "jiff", 4));
}

void ms_clock_init(void)
{
	ms_clock_is_tsc = tsc_is_invariant() && !kernel_distrusts_tsc();
}
