/* SPDX-License-Identifier: Apache-2.0 */
/*
 * facts.c - what the log says of the process: facts at the start, samples on the way.
 */
#define _GNU_SOURCE
#include "preload/facts.h"

#include "preload/clock.h"
#include "preload/config.h"
#include "preload/payload.h"
#include "preload/real.h"

#include <elf.h>
#include <limits.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/utsname.h>

/* The auxiliary vector follows the environment on the initial stack. */
static uint64_t auxiliary(uint64_t type, uint64_t fallback)
{
	char **e = ms_config.argv ? ms_config.argv + ms_config.argc + 1 : NULL;
	const Elf64_auxv_t *a;

	if (!e)
		return fallback;
	while (*e)
		e++;
	for (a = (const Elf64_auxv_t *)(e + 1); a->a_type != AT_NULL; a++)
		if (a->a_type == type)
			return a->a_un.a_val;
	return fallback;
}

uint64_t ms_facts_page_bytes(void)
{
	return auxiliary(AT_PAGESZ, MS_WIRE_PAGE);
}

uint32_t ms_facts_cpus(void)
{
	uint64_t mask[128];
	long n = ms_sys(SYS_sched_getaffinity, 0, sizeof mask, mask, 0);
	uint32_t cpus = 0;

	for (long i = 0; i < n / 8; i++)
		cpus += (uint32_t)__builtin_popcountll(mask[i]);
	return cpus;
}

static void put_fact(const char *key, const char *value)
{
	struct ms_payload l;

	ms_payload_begin_sized(&l, strlen(key) + 1 + strlen(value));
	ms_payload_bytes(&l, key, strlen(key) + 1);
	ms_payload_text(&l, value);
	ms_payload_put(&l, MS_RECORD_FACT);
}

#define STRINGS_MAX 4096

/*
 * Those of the strings from p to end that begin with prefix.  Not through argv and
 * environ: a forked child comes here late, when these may point to memory that the
 * program freed.
 */
static void put_strings(const char *key, const char *p, const char *end,
			const char *prefix)
{
	for (unsigned n = 0; p && p < end && n < STRINGS_MAX; p += strlen(p) + 1) {
		if (strncmp(p, prefix, strlen(prefix)))
			continue;
		put_fact(key, p);
		n++;
	}
}

static void put_link(const char *key, const char *link)
{
	char target[PATH_MAX];
	long n = ms_sys(SYS_readlink, link, target, sizeof target - 1, 0);

	if (ms_sys_failed(n))
		return;
	target[n] = '\0';
	put_fact(key, target);
}

static void put_calibration(void)
{
	struct ms_payload l;
	uint64_t ticks, ns;

	/* the stamp that took the least time between two looks at the clock is the best
	 */
	uint64_t best = ~0ULL, best_ticks = 0, best_ns = 0;

	for (int i = 0; i < 4; i++) {
		uint64_t before = ms_now_after();

		ns = ms_clock_ns(CLOCK_MONOTONIC);
		ticks = ms_now_after();
		if (ticks - before < best) {
			best = ticks - before;
			best_ticks = before + best / 2;
			best_ns = ns;
		}
	}
	ms_payload_begin(&l);
	ms_payload_number(&l, best_ticks);
	ms_payload_number(&l, best_ns);
	ms_payload_put(&l, MS_RECORD_CLOCK);
}

void ms_facts_write(void)
{
	struct utsname uts;
	char cwd[PATH_MAX];

	put_calibration();
	put_fact("version", MS_VERSION);
	put_strings("argv", ms_config.arguments, ms_config.arguments_end, "");
	put_strings("env", ms_config.arguments_end, ms_config.environment_end,
		    "MEMSCOPE_");
	put_link("exe", "/proc/self/exe");
	if (ms_real.module)
		put_fact("allocator", ms_real.module);
	if (ms_sys(SYS_getcwd, cwd, sizeof cwd, 0, 0) > 0)
		put_fact("cwd", cwd);
	if (!ms_sys_failed(ms_sys(SYS_uname, &uts, 0, 0, 0))) {
		put_fact("kernel", uts.release);
		put_fact("host", uts.nodename);
	}
	/* a second stamp right away: a log that is killed soon still has a time scale */
	put_calibration();
}

/* Second field of statm: resident pages.  0: not known. */
static uint64_t resident_bytes(void)
{
	char text[128];
	const char *s = text;
	uint64_t pages = 0;

	if (!ms_file_read_small("/proc/self/statm", text, sizeof text))
		return 0;
	while (*s && *s != ' ')
		s++;
	while (*s == ' ')
		s++;
	for (; *s >= '0' && *s <= '9'; s++)
		pages = pages * 10 + (uint64_t)(*s - '0');
	return pages * ms_facts_page_bytes();
}

#define CALIBRATE_EVERY 16 /* samples */

void ms_facts_sample(uint64_t ticks, bool calibrate)
{
	struct rusage usage;
	struct ms_payload l;
	uint64_t resident = resident_bytes();
	uint32_t n =
		atomic_fetch_add_explicit(&ms_session->samples, 1, memory_order_relaxed);

	if (calibrate || n % CALIBRATE_EVERY == 0)
		put_calibration();
	if (!resident || ms_sys_failed(ms_sys(SYS_getrusage, RUSAGE_SELF, &usage, 0, 0)))
		return;
	ms_payload_begin(&l);
	ms_payload_number(&l, ticks);
	ms_payload_number(&l, resident);
	ms_payload_number(&l, (uint64_t)usage.ru_minflt);
	ms_payload_number(&l, (uint64_t)usage.ru_majflt);
	ms_payload_put(&l, MS_RECORD_SAMPLE);
}
