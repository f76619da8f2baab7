/* SPDX-License-Identifier: Apache-2.0 */
/*
 * metadata.h - what a recording says of its process: threads, modules, functions and
 * lines.
 *
 * Texts are as the recording or the symbol files have them: they may hold anything, and
 * are to be escaped before they are shown.  They belong to m.
 */
#ifndef MEMSCOPE_METADATA_H
#define MEMSCOPE_METADATA_H

#include <memscope/render.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Every function with an index returns MEMSCOPE_USAGE where there is no such thing. */

struct memscope_process {
	uint64_t pid, parent_pid;
	uint64_t start_unix_ns, duration_ns;
	unsigned cpus, page_bytes;
	const char *command; /* its arguments, quoted as for a shell */
};
int memscope_process_of(const struct memscope *m, size_t trace,
			struct memscope_process *process);

struct memscope_fact { /* "exe", "cwd", "env", "kernel", ...; some keys come repeatedly */
	const char *key, *value;
};
size_t memscope_fact_count(const struct memscope *m, size_t trace);
int memscope_fact_at(const struct memscope *m, size_t trace, size_t index,
		     struct memscope_fact *fact);

struct memscope_thread {
	uint64_t tid;		   /* the kernel's; 0: not known */
	const char *name;	   /* "": none */
	uint64_t begin_ns, end_ns; /* UINT64_MAX: it was still there at the end */
};
size_t memscope_thread_count(const struct memscope *m, size_t trace);
int memscope_thread_at(const struct memscope *m, size_t trace, size_t index,
		       struct memscope_thread *thread);

struct memscope_module { /* a program or library, once for each time it was loaded */
	const char *path;
	const unsigned char *build_id;
	size_t build_id_bytes;	   /* 0: it has none */
	uint64_t base;		   /* an address less base is the file's own address */
	uint64_t start, end;	   /* mapped at [start, end) */
	uint64_t begin_ns, end_ns; /* UINT64_MAX: never unloaded */
};
size_t memscope_module_count(const struct memscope *m, size_t trace);
int memscope_module_at(const struct memscope *m, size_t trace, size_t index,
		       struct memscope_module *module);

struct memscope_frame { /* NULL, 0: not known */
	const char *function, *file;
	unsigned line;
	const char *module; /* its path */
	uint64_t address;   /* in the module where there is one, else absolute */
	int inlined;	    /* not 0: into the next frame */
	int cut;	    /* not 0: the stack goes on, unseen */
};
/*
 * The frames of a stack (a number of the column "stack" of a dump), the innermost first:
 * at most room of them, *count in all; *more is not 0 when there are others.  A number
 * that is no stack has no frames.  MEMSCOPE_OK, MEMSCOPE_USAGE or MEMSCOPE_NO_MEMORY.
 */
int memscope_stack_frames(struct memscope *m, size_t trace, uint32_t stack,
			  struct memscope_frame *frames, size_t room, size_t *count,
			  int *more, struct memscope_error *err);

/* --- symbol packs --------------------------------------------------------------------
 */

struct memscope_pack_result {
	size_t modules; /* that the traces' stacks are in */
	size_t missing; /* of these, whose files were not found: not in the pack */
};

/*
 * Write the names that the traces of m need to a symbol pack: with it in
 * memscope_open_options.symbols their reports are the same where the program's files are
 * not.  An existing pack is replaced, another file is not.  MEMSCOPE_OK, MEMSCOPE_IO,
 * MEMSCOPE_USAGE or MEMSCOPE_NO_MEMORY.  result may be NULL.
 */
int memscope_symbols_pack(struct memscope *m, const char *path,
			  struct memscope_pack_result *result,
			  struct memscope_error *err);

/*
 * The modules of packs, one row each; places as memscope_open_options.symbols has them.
 * MEMSCOPE_OK, MEMSCOPE_IO, MEMSCOPE_FORMAT or MEMSCOPE_NO_MEMORY.
 */
int memscope_symbols_list(const char *places, const struct memscope_output *output,
			  struct memscope_error *err);

#ifdef __cplusplus
}
#endif

#endif
