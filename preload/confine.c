/* SPDX-License-Identifier: Apache-2.0 */
/*
 * confine.c - what the program's own seccomp filters would do to a system call of ours.
 *
 * The filters are programs for a machine of two registers and sixteen words
 * (seccomp(2)), so they are simply run.  All of them, in any thread, count for all
 * threads, and none is ever taken back: too careful where a filter is one thread's only.
 */
#define _GNU_SOURCE
#include "preload/confine.h"

#include "preload/bus.h"
#include "preload/extent.h"
#include "preload/recorder.h"
#include "preload/walk.h"

#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <string.h>
#include <sys/mman.h>

#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE 23
#endif

bool ms_confined;

struct filter {
	struct filter *older;
	uint32_t count;
	struct sock_filter code[];
};

/* In ordinary memory: a forked child is as confined as its parent. */
static _Atomic(struct filter *) filters;
static _Atomic bool strict, clockless;

/* --- the machine
 * --------------------------------------------------------------------------- */

struct machine {
	const struct seccomp_data *data;
	uint32_t a, x, memory[BPF_MEMWORDS];
	uint32_t at; /* the next instruction */
	bool bad;    /* no such instruction: the kernel will refuse the filter */
	bool over;   /* divided by zero: that ends the program, its result is 0 */
};

static uint32_t load(struct machine *m, const struct sock_filter *i)
{
	uint32_t value = 0;

	switch (BPF_MODE(i->code)) {
	case BPF_IMM:
		return i->k;
	case BPF_LEN:
		return sizeof *m->data;
	case BPF_MEM:
		if (i->k < BPF_MEMWORDS)
			return m->memory[i->k];
		break;
	case BPF_ABS:
		if (i->k <= sizeof *m->data - 4) {
			memcpy(&value, (const char *)m->data + i->k, 4);
			return value;
		}
		break;
	}
	m->bad = true;
	return 0;
}

static void store(struct machine *m, uint32_t at, uint32_t value)
{
	if (at < BPF_MEMWORDS)
		m->memory[at] = value;
	else
		m->bad = true;
}

static uint32_t compute(struct machine *m, const struct sock_filter *i)
{
	uint32_t v = BPF_SRC(i->code) == BPF_X ? m->x : i->k;

	switch (BPF_OP(i->code)) {
	case BPF_ADD:
		return m->a + v;
	case BPF_SUB:
		return m->a - v;
	case BPF_MUL:
		return m->a * v;
	case BPF_DIV:
		m->over = v == 0;
		return v ? m->a / v : 0;
	case BPF_AND:
		return m->a & v;
	case BPF_OR:
		return m->a | v;
	case BPF_XOR:
		return m->a ^ v;
	case BPF_LSH:
		return m->a << (v & 31);
	case BPF_RSH:
		return m->a >> (v & 31);
	case BPF_NEG:
		return -m->a;
	}
	m->bad = true;
	return 0;
}

static uint32_t jump(struct machine *m, const struct sock_filter *i)
{
	uint32_t v = BPF_SRC(i->code) == BPF_X ? m->x : i->k;

	switch (BPF_OP(i->code)) {
	case BPF_JA:
		return i->k;
	case BPF_JEQ:
		return m->a == v ? i->jt : i->jf;
	case BPF_JGT:
		return m->a > v ? i->jt : i->jf;
	case BPF_JGE:
		return m->a >= v ? i->jt : i->jf;
	case BPF_JSET:
		return m->a & v ? i->jt : i->jf;
	}
	m->bad = true;
	return 0;
}

static void step(struct machine *m, const struct sock_filter *i)
{
	switch (BPF_CLASS(i->code)) {
	case BPF_LD:
		m->a = load(m, i);
		break;
	case BPF_LDX:
		m->x = load(m, i);
		break;
	case BPF_ST:
		store(m, i->k, m->a);
		break;
	case BPF_STX:
		store(m, i->k, m->x);
		break;
	case BPF_ALU:
		m->a = compute(m, i);
		break;
	case BPF_JMP:
		m->at += jump(m, i);
		break;
	case BPF_MISC:
		if (BPF_MISCOP(i->code) == BPF_TAX)
			m->x = m->a;
		else
			m->a = m->x;
		break;
	}
}

/* What the filter returns.  It ends: jumps go forwards only. */
static uint32_t run(const struct filter *f, const struct seccomp_data *data)
{
	struct machine m = { .data = data };

	while (m.at < f->count && !m.bad) {
		const struct sock_filter *i = &f->code[m.at++];

		if (BPF_CLASS(i->code) == BPF_RET)
			return BPF_RVAL(i->code) == BPF_A ? m.a : i->k;
		step(&m, i);
		if (m.over)
			return 0;
	}
	return SECCOMP_RET_ALLOW; /* no filter: the kernel will not take it either */
}

/* An error is an answer like any other; every other action ends or stops the caller. */
static bool is_harmless(uint32_t action)
{
	action &= SECCOMP_RET_ACTION_FULL;
	return action == SECCOMP_RET_ALLOW || action == SECCOMP_RET_LOG ||
	       action == SECCOMP_RET_ERRNO;
}

bool ms_confine_allows(long nr, long a, long b, long c, long d, long e, long f)
{
	struct seccomp_data data = {
		.nr = (int)nr,
		.arch = AUDIT_ARCH_X86_64,
		.instruction_pointer = (uintptr_t)ms_confine_allows,
		.args = { (uint64_t)a, (uint64_t)b, (uint64_t)c, (uint64_t)d, (uint64_t)e,
			  (uint64_t)f },
	};
	/* acquire: pairs with the release that added it */
	const struct filter *i = atomic_load_explicit(&filters, memory_order_acquire);

	if (atomic_load_explicit(&strict, memory_order_relaxed))
		return nr == SYS_write;
	for (; i; i = i->older)
		if (!is_harmless(run(i, &data)))
			return false;
	return true;
}

/* --- what the program asks for
 * ------------------------------------------------------------- */

/* A copy of what may be no memory of the program's at all: some ask just to be refused.
 */
static bool copy(void *out, uintptr_t from, size_t bytes)
{
	struct ms_checked checked;
	uint64_t word;

	checked.start = checked.end = 0;
	for (size_t i = 0; i < bytes; i++) {
		uintptr_t at = from + i;

		if (!ms_checked_read(&checked, at & ~(uintptr_t)7, &word))
			return false;
		((uint8_t *)out)[i] = (uint8_t)(word >> at % 8 * 8);
	}
	return true;
}

static struct filter *read_filter(uintptr_t argument)
{
	struct sock_fprog program;
	struct filter *f;

	if (!argument || !copy(&program, argument, sizeof program) || !program.len ||
	    program.len > BPF_MAXINSNS)
		return NULL;
	f = ms_map(sizeof *f + program.len * sizeof *f->code, false);
	if (!f)
		return NULL;
	f->count = program.len;
	if (copy(f->code, (uintptr_t)program.filter, program.len * sizeof *f->code))
		return f;
	ms_unmap(f, sizeof *f + program.len * sizeof *f->code);
	return NULL;
}

static void add(struct filter *f)
{
	struct filter *old = atomic_load(&filters);

	do
		f->older = old;
	while (!atomic_compare_exchange_weak_explicit(
		&filters, &old, f, memory_order_release, memory_order_relaxed));
}

/* Whether the log can still grow: what file.c does for it, as it does it. */
static bool growth_allowed(void)
{
	static const struct {
		long nr, b, c, d;
	} calls[] = {
		{ SYS_open, O_RDWR | O_NOFOLLOW | O_CLOEXEC, 0600, 0 },
		{ SYS_fstat, 0, 0, 0 },
		{ SYS_pwrite64, 0, 1, 0 },
		{ SYS_mmap, MS_WIRE_PAGE, PROT_READ | PROT_WRITE, MAP_SHARED },
		{ SYS_madvise, MS_WIRE_PAGE, MADV_POPULATE_WRITE, 0 },
		{ SYS_close, 0, 0, 0 },
	};

	for (size_t i = 0; i < sizeof calls / sizeof *calls; i++)
		if (!ms_confine_allows(calls[i].nr, 0, calls[i].b, calls[i].c, calls[i].d,
				       0, 0))
			return false;
	return true;
}

/* Whether a handler of ours (bus.c) could do its work, or give way. */
static bool handler_allowed(void)
{
	static const long calls[] = { SYS_rt_sigreturn, SYS_rt_sigaction,
				      SYS_rt_tgsigqueueinfo, SYS_getpid, SYS_gettid };

	for (size_t i = 0; i < sizeof calls / sizeof *calls; i++)
		if (!ms_confine_allows(calls[i], 0, 0, 0, 0, 0, 0))
			return false;
	return true;
}

void ms_confine_filter(const void *argument)
{
	struct filter *f = read_filter((uintptr_t)argument);

	if (!f)
		return;
	add(f);
	if (!growth_allowed())
		ms_extent_reserve(MS_RESERVE_TOUCHED);
	if (!handler_allowed())
		ms_bus_disarm();
	ms_confined = true;
}

/* The kernel takes the time-stamp counter away, too: there is no event without a time. */
void ms_confine_strict(void)
{
	ms_stop(MS_STOP_CONFINED, 0);
	ms_bus_disarm();
	atomic_store(&strict, true);
	ms_confined = true;
}

void ms_confine_no_clock(void)
{
	ms_stop(MS_STOP_CONFINED, 0);
	atomic_store(&clockless, true);
}

bool ms_confine_clockless(void)
{
	return atomic_load_explicit(&strict, memory_order_relaxed) ||
	       atomic_load_explicit(&clockless, memory_order_relaxed);
}

void ms_confine_leaving(void)
{
	ms_extent_reserve(0);
}
