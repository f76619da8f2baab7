/* SPDX-License-Identifier: Apache-2.0 */
/*
 * unwind.c - any frame that has unwind information: all registers, DWARF expressions,
 * signal frames.
 *
 * For the few stacks that rules.h cannot describe: through _dl_runtime_resolve (its CFA
 * hangs on rbx), signal frames, hand-written assembly.  libunwind would do it too, but it
 * allocates from pools behind locks, masks signals at each step and takes the loader's
 * lock; in a hook none of that may be.  Source: DWARF 5, sections 2.5 and 6.4.4.
 */
#include "preload/walk.h"

#include "preload/cfi.h"

#include <string.h>

struct registers {
	uint64_t value[MS_REGS];
	uint32_t known; /* bit a register */
};

struct unwinder {
	struct registers regs;
	struct ms_checked memory;
	bool exact; /* pc was interrupted: not a return address */
};

static void set(struct registers *r, unsigned reg, uint64_t value)
{
	r->value[reg] = value;
	r->known |= 1U << reg;
}

static bool known(const struct registers *r, uint64_t reg)
{
	return reg < MS_REGS && r->known >> reg & 1;
}

/* --- DWARF expressions
 * ------------------------------------------------------------------- */

#define DEPTH 16
#define STEPS 256

struct evaluation {
	struct unwinder *u;
	const uint8_t *p, *end;
	uint64_t stack[DEPTH];
	unsigned depth;
	bool bad;
};

static void push(struct evaluation *e, uint64_t v)
{
	if (e->depth < DEPTH)
		e->stack[e->depth++] = v;
	else
		e->bad = true;
}

static uint64_t pop(struct evaluation *e)
{
	if (e->depth)
		return e->stack[--e->depth];
	e->bad = true;
	return 0;
}

static uint64_t operand(struct evaluation *e, unsigned n)
{
	uint64_t v = 0;

	if ((size_t)(e->end - e->p) < n) {
		e->bad = true;
		return 0;
	}
	memcpy(&v, e->p, n);
	e->p += n;
	return v;
}

static uint64_t leb(struct evaluation *e, bool is_signed)
{
	uint64_t v = 0, byte;
	unsigned shift = 0;

	do {
		byte = operand(e, 1);
		if (shift < 64)
			v |= (byte & 127) << shift;
		shift += 7;
	} while (byte & 128 && !e->bad);
	if (is_signed && shift < 64 && byte & 64)
		v |= ~0ULL << shift;
	return v;
}

static uint64_t sign_extend(uint64_t v, unsigned bytes)
{
	unsigned shift = 64 - 8 * bytes;

	return (uint64_t)((int64_t)(v << shift) >> shift);
}

/* Loads of memory and of registers. */
static bool op_load(struct evaluation *e, uint8_t op)
{
	uint64_t v = 0, reg;

	if (op == 0x06) { /* deref */
		if (!ms_checked_read(&e->u->memory, pop(e), &v))
			e->bad = true;
		push(e, v);
	} else if (op >= 0x70 && op <= 0x8f) { /* breg */
		reg = op - 0x70U;
		if (!known(&e->u->regs, reg))
			e->bad = true;
		else
			push(e, e->u->regs.value[reg] + leb(e, true));
	} else {
		return false;
	}
	return true;
}

static bool op_constant(struct evaluation *e, uint8_t op)
{
	if (op >= 0x30 && op <= 0x4f) /* lit */
		push(e, op - 0x30U);
	else if (op >= 0x08 && op <= 0x0f) { /* const1u ... const8s */
		unsigned n = 1U << ((op - 8) / 2);
		uint64_t v = operand(e, n);

		push(e, op & 1 ? sign_extend(v, n) : v);
	} else if (op == 0x10 || op == 0x11)
		push(e, leb(e, op == 0x11));
	else
		return false;
	return true;
}

static bool op_stack(struct evaluation *e, uint8_t op)
{
	uint64_t a = pop(e), b;

	if (op == 0x12) { /* dup */
		push(e, a);
		push(e, a);
	} else if (op == 0x14) { /* over */
		b = pop(e);
		push(e, b);
		push(e, a);
		push(e, b);
	} else if (op == 0x16) { /* swap */
		b = pop(e);
		push(e, a);
		push(e, b);
	} else if (op == 0x23) { /* plus_uconst */
		push(e, a + leb(e, false));
	} else if (op == 0x1f) {
		push(e, 0 - a);
	} else if (op == 0x20) {
		push(e, ~a);
	} else if (op != 0x13) { /* drop */
		push(e, a);
		return false;
	}
	return true;
}

static uint64_t binary(uint8_t op, uint64_t b, uint64_t a, bool *bad)
{
	int64_t sb = (int64_t)b, sa = (int64_t)a;

	switch (op) {
	case 0x1a:
		return b & a;
	case 0x1c:
		return b - a;
	case 0x1e:
		return b * a;
	case 0x21:
		return b | a;
	case 0x22:
		return b + a;
	case 0x24:
		return a < 64 ? b << a : 0;
	case 0x25:
		return a < 64 ? b >> a : 0;
	case 0x27:
		return b ^ a;
	case 0x29:
		return sb == sa;
	case 0x2a:
		return sb >= sa;
	case 0x2b:
		return sb > sa;
	case 0x2c:
		return sb <= sa;
	case 0x2d:
		return sb < sa;
	case 0x2e:
		return sb != sa;
	default:
		*bad = true;
		return 0;
	}
}

static void op_branch(struct evaluation *e, uint8_t op)
{
	int64_t by = (int64_t)sign_extend(operand(e, 2), 2);
	bool taken = op == 0x2f || pop(e);

	/* backward branches would need more than STEPS protects: no compiler emits them
	 * here */
	if (by < 0 || by > e->end - e->p)
		e->bad = true;
	else if (taken)
		e->p += by;
}

static bool evaluate(struct unwinder *u, const struct ms_cfi_block *b,
		     const uint64_t *first, uint64_t *result)
{
	struct evaluation e = { .u = u, .p = b->p, .end = b->p + b->bytes };
	unsigned steps = 0;

	if (first)
		push(&e, *first);
	while (e.p < e.end && !e.bad && steps++ < STEPS) {
		uint8_t op = *e.p++;

		if (op == 0x96) /* nop */
			continue;
		if (op == 0x28 || op == 0x2f) {
			op_branch(&e, op);
		} else if (!op_load(&e, op) && !op_constant(&e, op) &&
			   !op_stack(&e, op)) {
			uint64_t a = pop(&e), c = pop(&e);

			push(&e, binary(op, c, a, &e.bad));
		}
	}
	*result = pop(&e);
	return !e.bad && e.p == e.end;
}

/* --- one step
 * ------------------------------------------------------------------------------ */

static bool find_cfa(struct unwinder *u, const struct ms_cfi_row *row, uint64_t *cfa)
{
	if (row->cfa_is_expression)
		return evaluate(u, &row->cfa_block, NULL, cfa);
	if (!known(&u->regs, row->cfa_reg))
		return false;
	*cfa = u->regs.value[row->cfa_reg] + (uint64_t)row->cfa_offset;
	return true;
}

/* The caller's value of one register into next, if it can be known. */
static void restore(struct unwinder *u, const struct ms_cfi_reg *rule, unsigned reg,
		    uint64_t cfa, struct registers *next)
{
	uint64_t at, v;

	switch (rule->how) {
	case MS_CFI_SAME:
		if (known(&u->regs, reg))
			set(next, reg, u->regs.value[reg]);
		break;
	case MS_CFI_OFFSET:
		if (ms_checked_read(&u->memory, cfa + (uint64_t)rule->value, &v))
			set(next, reg, v);
		break;
	case MS_CFI_VAL_OFFSET:
		set(next, reg, cfa + (uint64_t)rule->value);
		break;
	case MS_CFI_REGISTER:
		if (known(&u->regs, (uint64_t)rule->value))
			set(next, reg, u->regs.value[rule->value]);
		break;
	case MS_CFI_EXPRESSION:
		if (evaluate(u, &rule->block, &cfa, &at) &&
		    ms_checked_read(&u->memory, at, &v))
			set(next, reg, v);
		break;
	case MS_CFI_VAL_EXPRESSION:
		if (evaluate(u, &rule->block, &cfa, &v))
			set(next, reg, v);
		break;
	default:
		break;
	}
}

enum outcome { STEPPED, OUTERMOST, NO_RULE, UNREADABLE };

static enum outcome step(struct unwinder *u, const struct ms_code *code)
{
	struct registers next = { .known = 0 };
	uint64_t pc = u->regs.value[MS_REG_RA], cfa;
	struct ms_cfi_row row;

	if (!ms_cfi_row(&row, code, u->exact ? pc : pc - 1))
		return NO_RULE;
	if (row.regs[MS_REG_RA].how == MS_CFI_UNDEFINED)
		return OUTERMOST;
	if (!find_cfa(u, &row, &cfa))
		return UNREADABLE;
	set(&next, MS_REG_RSP, cfa);
	for (unsigned i = 0; i < MS_REGS; i++)
		if (i != MS_REG_RSP || row.regs[i].how != MS_CFI_SAME)
			restore(u, &row.regs[i], i, cfa, &next);
	if (!known(&next, MS_REG_RA) || !known(&next, MS_REG_RSP))
		return UNREADABLE;
	u->exact = row.is_signal_frame;
	u->regs = next;
	return STEPPED;
}

/* --- the walk
 * --------------------------------------------------------------------------------- */

/* Here and now: what the calling convention preserves, the stack and a pc in this
 * function. */
static inline __attribute__((always_inline)) void capture(struct registers *r)
{
	uint64_t rbx, rbp, rsp, r12, r13, r14, r15, pc;

	__asm__ volatile(
		"mov %%rbx, %0\n\tmov %%rbp, %1\n\tmov %%rsp, %2\n\tmov %%r12, %3\n\t"
		"mov %%r13, %4\n\tmov %%r14, %5\n\tmov %%r15, %6"
		: "=m"(rbx), "=m"(rbp), "=m"(rsp), "=m"(r12), "=m"(r13), "=m"(r14),
		  "=m"(r15));
	__asm__ volatile("lea 0(%%rip), %0" : "=r"(pc));
	r->known = 0;
	set(r, 3, rbx);
	set(r, 6, rbp);
	set(r, 7, rsp);
	set(r, 12, r12);
	set(r, 13, r13);
	set(r, 14, r14);
	set(r, 15, r15);
	set(r, MS_REG_RA, pc);
}

#define OWN_FRAMES_MAX 32

/* From here up to the hook's caller, to learn the registers that our own code has saved.
 */
static bool leave_recorder(struct unwinder *u, uintptr_t sp)
{
	struct ms_code code;

	for (unsigned i = 0; i < OWN_FRAMES_MAX; i++) {
		if (!ms_modules_find(&code, u->regs.value[MS_REG_RA] - 1) ||
		    step(u, &code) != STEPPED)
			return false;
		if (u->regs.value[MS_REG_RSP] == sp)
			return true;
	}
	return false;
}

static void start_at(struct unwinder *u, const uintptr_t *frame)
{
	u->regs.known = 0;
	u->exact = false;
	set(&u->regs, MS_REG_RA, frame[1]);
	set(&u->regs, MS_REG_RSP, (uintptr_t)(frame + 2));
	set(&u->regs, MS_REG_RBP, frame[0]);
}

static uint64_t as_frame(const struct unwinder *u, uint32_t module)
{
	return (uint64_t)module << MS_FRAME_MODULE_SHIFT |
	       (u->exact ? MS_WHERE_EXACT : 0) |
	       (u->regs.value[MS_REG_RA] & MS_FRAME_ADDRESS);
}

void __attribute__((noinline))
ms_unwind_stack(struct ms_walk *walk, struct ms_thread *t, const uintptr_t *frame)
{
	struct unwinder u = { .exact = true };
	struct ms_code code;
	enum outcome outcome = STEPPED;
	uint64_t sp;

	capture(&u.regs);
	if (!leave_recorder(&u, (uintptr_t)(frame + 2)))
		start_at(&u, frame);
	while (outcome == STEPPED) {
		uint64_t pc = u.regs.value[MS_REG_RA];
		bool found = pc && ms_modules_find(&code, u.exact ? pc : pc - 1);

		if (!pc) {
			walk->cut = 0;
			return;
		}
		if (!ms_walk_add(walk, t, as_frame(&u, found ? code.module : 0)))
			return;
		sp = u.regs.value[MS_REG_RSP];
		outcome = found ? step(&u, &code) : NO_RULE;
		/* a signal frame may lead to another stack, which may lie anywhere */
		if (outcome == STEPPED && !u.exact && u.regs.value[MS_REG_RSP] <= sp) {
			walk->cut = MS_CUT_LOOP;
			return;
		}
	}
	walk->cut = outcome == OUTERMOST ? 0
		    : outcome == NO_RULE ? MS_CUT_NO_RULE
					 : MS_CUT_UNREADABLE;
}
