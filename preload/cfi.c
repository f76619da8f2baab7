/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cfi.c - what .eh_frame says about one address.
 *
 * The tables are the program's, loaded and trusted by its own exceptions; still every
 * read is bounded by the module, since a wrong table must not become our crash.
 */
#include "preload/cfi.h"

#include "preload/sys.h"

#include <string.h>

struct reader {
	const uint8_t *p, *end;
	bool bad;
};

static uint64_t fixed(struct reader *r, unsigned n)
{
	uint64_t v = 0;

	if (r->bad || (size_t)(r->end - r->p) < n) {
		r->bad = true;
		return 0;
	}
	memcpy(&v, r->p, n);
	r->p += n;
	return v;
}

static uint64_t uleb(struct reader *r)
{
	uint64_t v = 0, byte;
	unsigned shift = 0;

	do {
		byte = fixed(r, 1);
		if (shift < 64)
			v |= (byte & 127) << shift;
		shift += 7;
	} while (byte & 128 && !r->bad);
	return v;
}

static int64_t sleb(struct reader *r)
{
	uint64_t v = 0, byte;
	unsigned shift = 0;

	do {
		byte = fixed(r, 1);
		if (shift < 64)
			v |= (byte & 127) << shift;
		shift += 7;
	} while (byte & 128 && !r->bad);
	if (shift < 64 && byte & 64)
		v |= ~0ULL << shift;
	return (int64_t)v;
}

/* The DW_EH_PE encodings that occur in memory; indirect ones are not needed here. */
static uint64_t encoded(struct reader *r, uint8_t encoding, uint64_t data_base)
{
	uint64_t at = (uint64_t)(uintptr_t)r->p, v = 0;

	switch (encoding & 0x0f) {
	case 0x00: /* absptr */
	case 0x04: /* udata8 */
	case 0x0c: /* sdata8 */
		v = fixed(r, 8);
		break;
	case 0x01:
		v = uleb(r);
		break;
	case 0x02:
		v = fixed(r, 2);
		break;
	case 0x03:
		v = fixed(r, 4);
		break;
	case 0x09:
		v = (uint64_t)sleb(r);
		break;
	case 0x0a:
		v = (uint64_t)(int64_t)(int16_t)fixed(r, 2);
		break;
	case 0x0b:
		v = (uint64_t)(int64_t)(int32_t)fixed(r, 4);
		break;
	default:
		r->bad = true;
	}
	switch (encoding & 0x70) {
	case 0x00:
		return v;
	case 0x10: /* relative to its own place */
		return v + at;
	case 0x30: /* relative to the table */
		return v + data_base;
	default:
		r->bad = true;
		return 0;
	}
}

static struct reader take(struct reader *r, uint64_t n)
{
	struct reader part = { r->p, r->p, false };

	if (r->bad || (uint64_t)(r->end - r->p) < n) {
		r->bad = true;
		return part;
	}
	part.end = r->p + n;
	r->p += n;
	return part;
}

struct entry { /* a CIE and one of its FDEs */
	uint64_t code_align;
	int64_t data_align;
	uint8_t encoding;
	bool has_augmentation, is_signal_frame;
	uint64_t begin, length;
	struct reader initial, program;
};

/* The body of the CIE or FDE at p; with 64-bit lengths, which no toolchain emits,
 * refused. */
static bool open_entry(struct reader *r, const struct ms_code *code, const uint8_t *p)
{
	struct reader all = { p, (const uint8_t *)code->end, false };
	uint64_t length;

	if ((uintptr_t)p < code->start || (uintptr_t)p >= code->end)
		return false;
	length = fixed(&all, 4);
	if (length == 0 || length == 0xffffffff)
		return false;
	*r = take(&all, length);
	return !all.bad;
}

static bool parse_cie(struct entry *e, const struct ms_code *code, const uint8_t *p)
{
	struct reader r, data;
	const char *augmentation;
	uint8_t version;

	if (!open_entry(&r, code, p) || fixed(&r, 4) != 0)
		return false;
	version = (uint8_t)fixed(&r, 1);
	augmentation = (const char *)r.p;
	while (fixed(&r, 1) && !r.bad)
		;
	e->code_align = uleb(&r);
	e->data_align = sleb(&r);
	if (version == 1)
		fixed(&r, 1);
	else
		uleb(&r);
	if (r.bad || (version != 1 && version != 3))
		return false;
	if (*augmentation == 'z') {
		e->has_augmentation = true;
		data = take(&r, uleb(&r));
		while (*++augmentation && !data.bad) {
			if (*augmentation == 'R')
				e->encoding = (uint8_t)fixed(&data, 1);
			else if (*augmentation == 'L')
				fixed(&data, 1);
			else if (*augmentation == 'P')
				encoded(&data, (uint8_t)fixed(&data, 1) & 0x7f, 0);
			else if (*augmentation == 'S')
				e->is_signal_frame = true;
			else
				return false;
		}
	} else if (*augmentation) {
		return false;
	}
	e->initial = r;
	return !r.bad;
}

static bool parse_fde(struct entry *e, const struct ms_code *code, const uint8_t *p)
{
	struct reader r;
	const uint8_t *at;
	uint64_t back;

	if (!open_entry(&r, code, p))
		return false;
	at = r.p;
	back = fixed(&r, 4);
	if (!back || !parse_cie(e, code, at - back))
		return false;
	e->begin = encoded(&r, e->encoding, 0);
	e->length = encoded(&r, e->encoding & 0x0f, 0);
	if (e->has_augmentation)
		take(&r, uleb(&r));
	e->program = r;
	return !r.bad;
}

/* .eh_frame_hdr's sorted table: the last FDE that begins at or before pc. */
static const uint8_t *find_fde(const struct ms_code *code, uintptr_t pc)
{
	const uint8_t *hdr = code->eh_frame_hdr;
	struct reader r = { hdr + 4, (const uint8_t *)code->end, false };
	uint64_t n, low = 0, high;
	const int32_t *table;

	if (!hdr || (uintptr_t)hdr < code->start || (uintptr_t)hdr + 12 > code->end ||
	    hdr[0] != 1 || hdr[3] != 0x3b)
		return NULL;
	encoded(&r, hdr[1], (uintptr_t)hdr);
	n = encoded(&r, hdr[2], (uintptr_t)hdr);
	if (r.bad || n == 0 || n > (uint64_t)(r.end - r.p) / 8)
		return NULL;
	table = (const int32_t *)(const void *)r.p;
	for (high = n; high - low > 1;) {
		uint64_t mid = low + (high - low) / 2;

		if ((uintptr_t)hdr + (uintptr_t)(intptr_t)table[2 * mid] <= pc)
			low = mid;
		else
			high = mid;
	}
	return hdr + table[2 * low + 1];
}

/* --- running the call frame program ----------------------------------------------------
 */

#define STATES_MAX 4 /* DW_CFA_remember_state nests no deeper in practice */

struct machine {
	const struct entry *entry;
	struct ms_cfi_row *row;
	const struct ms_cfi_row
		*initial; /* after the CIE's program; NULL while it runs */
	struct ms_cfi_row states[STATES_MAX];
	unsigned depth;
	uint64_t location, pc;
	bool done, bad;
};

static struct ms_cfi_block block(struct reader *r)
{
	uint64_t n = uleb(r);
	struct reader part = take(r, n);

	return (struct ms_cfi_block){ part.p, (uint32_t)(part.end - part.p) };
}

static void set(struct machine *m, uint64_t reg, enum ms_cfi_how how, int64_t value)
{
	if (reg < MS_REGS)
		m->row->regs[reg] = (struct ms_cfi_reg){ (uint8_t)how, value, { 0, 0 } };
}

static void set_block(struct machine *m, uint64_t reg, enum ms_cfi_how how,
		      struct ms_cfi_block b)
{
	if (reg < MS_REGS)
		m->row->regs[reg] = (struct ms_cfi_reg){ (uint8_t)how, 0, b };
}

static void restore(struct machine *m, uint64_t reg)
{
	if (reg < MS_REGS && m->initial)
		m->row->regs[reg] = m->initial->regs[reg];
}

static void set_cfa(struct machine *m, uint64_t reg, int64_t offset)
{
	m->row->cfa_is_expression = false;
	m->row->cfa_reg = (uint8_t)(reg < MS_REGS ? reg : MS_REGS);
	m->row->cfa_offset = offset;
}

static void advance(struct machine *m, uint64_t location)
{
	if (location > m->pc)
		m->done = true;
	else
		m->location = location;
}

/* Opcodes that carry their operand in the lower six bits. */
static void run_primary(struct machine *m, struct reader *r, uint8_t op)
{
	const struct entry *e = m->entry;
	uint8_t low = op & 0x3f;

	if (op >> 6 == 1)
		advance(m, m->location + low * e->code_align);
	else if (op >> 6 == 2)
		set(m, low, MS_CFI_OFFSET, (int64_t)uleb(r) * e->data_align);
	else
		restore(m, low);
}

static void run_locations(struct machine *m, struct reader *r, uint8_t op)
{
	if (op == 0x01)
		advance(m, encoded(r, m->entry->encoding, 0));
	else
		advance(m, m->location + fixed(r, op == 0x02   ? 1
						  : op == 0x03 ? 2
							       : 4) *
						 m->entry->code_align);
}

static void run_states(struct machine *m, uint8_t op)
{
	if (op == 0x0a) {
		if (m->depth < STATES_MAX)
			m->states[m->depth++] = *m->row;
		else
			m->bad = true;
	} else if (m->depth) {
		*m->row = m->states[--m->depth];
	} else {
		m->bad = true;
	}
}

static void run_cfa(struct machine *m, struct reader *r, uint8_t op)
{
	int64_t data_align = m->entry->data_align;
	uint64_t reg;

	switch (op) {
	case 0x0c: /* def_cfa */
		reg = uleb(r);
		set_cfa(m, reg, (int64_t)uleb(r));
		break;
	case 0x0d: /* def_cfa_register */
		set_cfa(m, uleb(r), m->row->cfa_offset);
		break;
	case 0x0e: /* def_cfa_offset */
		m->row->cfa_offset = (int64_t)uleb(r);
		break;
	case 0x0f: /* def_cfa_expression */
		m->row->cfa_is_expression = true;
		m->row->cfa_block = block(r);
		break;
	case 0x12: /* def_cfa_sf */
		reg = uleb(r);
		set_cfa(m, reg, sleb(r) * data_align);
		break;
	default: /* 0x13 def_cfa_offset_sf */
		m->row->cfa_offset = sleb(r) * data_align;
	}
}

static void run_register(struct machine *m, struct reader *r, uint8_t op)
{
	int64_t data_align = m->entry->data_align;
	uint64_t reg = uleb(r);

	switch (op) {
	case 0x05: /* offset_extended */
		set(m, reg, MS_CFI_OFFSET, (int64_t)uleb(r) * data_align);
		break;
	case 0x06:
		restore(m, reg);
		break;
	case 0x07:
		set(m, reg, MS_CFI_UNDEFINED, 0);
		break;
	case 0x08:
		set(m, reg, MS_CFI_SAME, 0);
		break;
	case 0x09:
		set(m, reg, MS_CFI_REGISTER, (int64_t)uleb(r));
		break;
	case 0x10:
		set_block(m, reg, MS_CFI_EXPRESSION, block(r));
		break;
	case 0x11: /* offset_extended_sf */
		set(m, reg, MS_CFI_OFFSET, sleb(r) * data_align);
		break;
	case 0x14:
		set(m, reg, MS_CFI_VAL_OFFSET, (int64_t)uleb(r) * data_align);
		break;
	case 0x15:
		set(m, reg, MS_CFI_VAL_OFFSET, sleb(r) * data_align);
		break;
	default: /* 0x16 val_expression */
		set_block(m, reg, MS_CFI_VAL_EXPRESSION, block(r));
	}
}

static void run_one(struct machine *m, struct reader *r)
{
	uint8_t op = (uint8_t)fixed(r, 1);

	if (op >> 6)
		run_primary(m, r, op);
	else if (op >= 0x01 && op <= 0x04)
		run_locations(m, r, op);
	else if ((op >= 0x05 && op <= 0x09) || op == 0x10 || op == 0x11 ||
		 (op >= 0x14 && op <= 0x16))
		run_register(m, r, op);
	else if (op == 0x0a || op == 0x0b)
		run_states(m, op);
	else if ((op >= 0x0c && op <= 0x0f) || op == 0x12 || op == 0x13)
		run_cfa(m, r, op);
	else if (op == 0x2e) /* GNU_args_size */
		uleb(r);
	else if (op != 0x00)
		m->bad = true;
}

static bool run(struct machine *m, struct reader program)
{
	while (program.p < program.end && !m->done && !m->bad && !program.bad)
		run_one(m, &program);
	return !m->bad && !program.bad;
}

bool ms_cfi_row(struct ms_cfi_row *row, const struct ms_code *code, uintptr_t pc)
{
	struct entry e = { 0 };
	struct ms_cfi_row initial;
	struct machine m = { .entry = &e, .row = row, .pc = ~0ULL };
	const uint8_t *fde = find_fde(code, pc);

	memset(row, 0, sizeof *row);
	if (!fde || !parse_fde(&e, code, fde) || pc - e.begin >= e.length)
		return false;
	if (!run(&m, e.initial))
		return false;
	initial = *row;
	m.initial = &initial;
	m.location = e.begin;
	m.pc = pc;
	row->is_signal_frame = e.is_signal_frame;
	return run(&m, e.program);
}
