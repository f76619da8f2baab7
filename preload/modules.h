/* SPDX-License-Identifier: Apache-2.0 */
/*
 * modules.h - which file's code lies where, over time.
 *
 * Ids are given once per process image and never reused, so an address in a stack is
 * (module id, offset) and stays true when the module is unloaded and another takes its
 * place.  Nothing here takes the loader's lock inside an allocation hook.
 */
#ifndef MS_MODULES_H
#define MS_MODULES_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct ms_code {		     /* where a pc lies */
	uint32_t module;	     /* id from 1; 0: in no file */
	uintptr_t base;		     /* load bias */
	uintptr_t start, end;	     /* mapped range */
	const uint8_t *eh_frame_hdr; /* NULL: no unwind information */
};

/*
 * The generation of the loaded code: never 0 while code stays put, 0 while a dlclose is
 * under way.  What was learnt about a pc holds as long as the generation does.
 */
extern _Atomic uint64_t ms_modules_now; /* dlcloses under way << 32 | generation */

static inline uint32_t ms_modules_generation(void)
{
	/* acquire: what is learnt under a generation is learnt after it began */
	uint64_t now = atomic_load_explicit(&ms_modules_now, memory_order_acquire);

	return now >> 32 ? 0 : (uint32_t)now;
}

/* Where pc lies now.  false: in no module.  Safe in a hook and in a signal handler. */
bool ms_modules_find(struct ms_code *code, uintptr_t pc);

/* Compare with the loader's list: register the new, write off the gone.  May lock: not in
 * a hook. */
void ms_modules_refresh(void);

/* Describe all known modules again, to the log of a forked child. */
void ms_modules_rewrite(void);

/* Around dlclose. */
void ms_modules_closing(void);
void ms_modules_closed(void);

/* A forked child: no other thread is in here any more. */
void ms_modules_forked(void);

void ms_modules_init(void);

/* The module of an id from 1, whatever it is; false: there is none such. */
bool ms_modules_at(struct ms_code *code, uint32_t id);

/* How far static thread-local storage reaches below the thread pointer. */
extern size_t ms_modules_tls_bytes;

/* Base address of the module of an id that ms_modules_find gave. */
uintptr_t ms_modules_base(uint32_t module);

#endif
