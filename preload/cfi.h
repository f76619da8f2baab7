/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cfi.h - what .eh_frame says about one address.
 *
 * Source of the algorithm: DWARF 5, section 6.4 (call frame information), and the Linux
 * Standard Base's exception frames (.eh_frame, .eh_frame_hdr).
 */
#ifndef MS_CFI_H
#define MS_CFI_H

#include "preload/modules.h"

/* Register numbers of the System V ABI for x86-64. */
enum { MS_REG_RBX = 3, MS_REG_RBP = 6, MS_REG_RSP = 7, MS_REG_RA = 16, MS_REGS = 17 };

enum ms_cfi_how {
	MS_CFI_SAME = 0,       /* unchanged by the frame (the initial rule) */
	MS_CFI_UNDEFINED,      /* lost; of the return address: the outermost frame */
	MS_CFI_OFFSET,	       /* saved at CFA + value */
	MS_CFI_VAL_OFFSET,     /* is CFA + value */
	MS_CFI_REGISTER,       /* in register value */
	MS_CFI_EXPRESSION,     /* saved where the expression says */
	MS_CFI_VAL_EXPRESSION, /* is what the expression says */
};

struct ms_cfi_block { /* a DWARF expression inside the module's own memory */
	const uint8_t *p;
	uint32_t bytes;
};

struct ms_cfi_reg {
	uint8_t how; /* enum ms_cfi_how */
	int64_t value;
	struct ms_cfi_block block;
};

struct ms_cfi_row {
	bool cfa_is_expression;
	uint8_t cfa_reg;
	int64_t cfa_offset;
	struct ms_cfi_block cfa_block;
	struct ms_cfi_reg regs[MS_REGS];
	bool is_signal_frame; /* its pc was interrupted, not returned to */
};

/*
 * The row that holds at pc (for a return address, give the address before it).  false: no
 * entry, or one that this reader does not understand.  Reads only inside the module.
 */
bool ms_cfi_row(struct ms_cfi_row *row, const struct ms_code *code, uintptr_t pc);

#endif
