/* SPDX-License-Identifier: Apache-2.0 */
/*
 * metadata.h - engine 3: what the ids of a log mean.
 *
 * capture fills it while it reads a log; the other engines and the facade ask it.  Texts
 * are as the log or the symbol tables have them (hostile): render escapes.
 */
#ifndef MS_METADATA_H
#define MS_METADATA_H

#include "analyzer/base/error.h"
#include "common/cost.h"
#include "common/wire.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct ms_process {
	uint64_t pid, parent_pid;
	uint64_t start_unix_ns;
	uint64_t flags; /* enum ms_wire_head_flag */
	uint32_t cpus, page_bytes;
	uint16_t machine;
	uint8_t clock; /* enum ms_wire_clock */
};

struct ms_fact { /* "argv" (repeated, in order), "env", "exe", "cwd", "kernel", "page",
		    ... */
	const char *key, *value;
};

struct ms_thread {
	uint32_t id;	   /* the log's, from 1 */
	uint64_t tid;	   /* the kernel's */
	const char *name;  /* the last one seen; "" when none */
	uint64_t begin_ns; /* first seen */
	uint64_t end_ns;   /* UINT64_MAX: was still there at the end */
	/* The stack that it was given, which may begin higher; 0: not known. */
	uint64_t stack_low, stack_high;
};

struct ms_module {
	uint32_t id;	     /* the log's, from 1 */
	uint64_t base;	     /* load bias: address = base + ELF virtual address */
	uint64_t start, end; /* mapped range, [start, end) */
	uint64_t seen_ns;
	uint64_t gone_ns;	 /* UINT64_MAX: never unloaded */
	const uint8_t *build_id; /* build_id_bytes of them; 0 when the file has none */
	size_t build_id_bytes;
	const char *path; /* as the program saw it; "linux-vdso.so.1" for the vdso */
};

struct ms_sample {
	uint64_t at_ns, resident_bytes, minor_faults, major_faults;
};

struct ms_note { /* a STATE change (on is 0 or 1) or a text (on is -1, at_ns 0) */
	uint64_t at_ns;
	int on;
	const char *text;
};

struct ms_mark { /* <memscope/annotate.h>: the program came to a point */
	uint64_t at_ns;
	uint32_t thread;  /* the log's id; 0: not known */
	const char *name; /* any text, as the program gave it */
};

struct ms_metadata;

MS_MUST_CHECK ms_status ms_metadata_new(struct ms_metadata **out, struct ms_error *err);
void ms_metadata_free(struct ms_metadata *meta);

/* --- filling (capture) -------------------------------------------------------------- */
/*
 * Each copies its texts; MS_OK or MS_ENOMEM.  Repeated ids: the first keeps its place.
 * Ids that no log may use (thread 0; module 0 and from MS_MODULE_CUT on) are left out.  A
 * name or an end of a thread that nobody announced makes it, with tid 0, until it is
 * announced.
 */
void ms_metadata_set_process(struct ms_metadata *meta, const struct ms_process *process);
MS_MUST_CHECK ms_status ms_metadata_add_fact(struct ms_metadata *meta, const char *key,
					     size_t key_len, const char *value,
					     size_t value_len);
MS_MUST_CHECK ms_status ms_metadata_add_thread(struct ms_metadata *meta, uint32_t id,
					       uint64_t tid, uint64_t begin_ns);
/* Of a thread that was added. */
void ms_metadata_thread_stack(struct ms_metadata *meta, uint32_t id, uint64_t low,
			      uint64_t high);
MS_MUST_CHECK ms_status ms_metadata_name_thread(struct ms_metadata *meta, uint32_t id,
						const char *name, size_t len);
MS_MUST_CHECK ms_status ms_metadata_end_thread(struct ms_metadata *meta, uint32_t id,
					       uint64_t end_ns);
/* path is path_len bytes, not terminated; the other fields as in struct ms_module. */
MS_MUST_CHECK ms_status ms_metadata_add_module(struct ms_metadata *meta,
					       const struct ms_module *module,
					       size_t path_len);
void ms_metadata_module_gone(struct ms_metadata *meta, uint32_t id, uint64_t gone_ns);
MS_MUST_CHECK ms_status ms_metadata_add_sample(struct ms_metadata *meta,
					       const struct ms_sample *sample);
MS_MUST_CHECK ms_status ms_metadata_add_note(struct ms_metadata *meta, uint64_t at_ns,
					     int on, const char *text, size_t len);
MS_MUST_CHECK ms_status ms_metadata_add_mark(struct ms_metadata *meta, uint64_t at_ns,
					     uint32_t thread, const char *name,
					     size_t len);
/*
 * At at_ns the program tried to execute path; error is not 0: a try had failed with it.
 */
MS_MUST_CHECK ms_status ms_metadata_add_exec(struct ms_metadata *meta, uint64_t at_ns,
					     uint64_t error, const char *path,
					     size_t len);
/* What recording cost thread (0: the process) until ticks; the last of a thread counts.
 */
MS_MUST_CHECK ms_status ms_metadata_add_cost(struct ms_metadata *meta, uint32_t thread,
					     uint64_t ticks,
					     const uint64_t values[MS_COST_COUNT]);
/* A NODES window: nodes first_id, first_id + 1, ... stay mapped while meta lives. */
MS_MUST_CHECK ms_status ms_metadata_add_nodes(struct ms_metadata *meta, uint32_t first_id,
					      const struct ms_wire_node *nodes,
					      size_t count);

/* --- asking --------------------------------------------------------------------------
 */
const struct ms_process *ms_metadata_process(const struct ms_metadata *meta);
const struct ms_fact *ms_metadata_facts(const struct ms_metadata *meta, size_t *count);
/* The index-th value (from 0) of key, or NULL. */
const char *ms_metadata_fact(const struct ms_metadata *meta, const char *key,
			     size_t index);
/* The program's argv joined by blanks, shell-quoted where needed; owned by meta. */
const char *ms_metadata_command(const struct ms_metadata *meta);
/*
 * What the program became, when one of its execs did not fail: the path of the last one
 * tried, "" when it is not known.  NULL: it did not, as far as the log says.
 */
const char *ms_metadata_became(const struct ms_metadata *meta);
const struct ms_thread *ms_metadata_threads(const struct ms_metadata *meta,
					    size_t *count);
const struct ms_thread *ms_metadata_thread(const struct ms_metadata *meta,
					   uint32_t id); /* or NULL */
const struct ms_module *ms_metadata_modules(const struct ms_metadata *meta,
					    size_t *count);
const struct ms_module *ms_metadata_module(const struct ms_metadata *meta,
					   uint32_t id); /* or NULL */
const struct ms_sample *ms_metadata_samples(const struct ms_metadata *meta,
					    size_t *count);
/* The sum of what recording cost the process and its threads.  false: not known. */
bool ms_metadata_cost(const struct ms_metadata *meta, uint64_t values[MS_COST_COUNT]);
/* By time.  They are sorted when they are first asked for. */
const struct ms_mark *ms_metadata_marks(struct ms_metadata *meta, size_t *count);
/* The time of the first mark of that name; false: there is none. */
bool ms_metadata_find_mark(const struct ms_metadata *meta, const char *name,
			   uint64_t *at_ns);
const struct ms_note *ms_metadata_notes(const struct ms_metadata *meta, size_t *count);

/*
 * One node of the trie.  false: no such node, its check is wrong, or its parent is not
 * smaller: following parents always ends.
 */
bool ms_metadata_node(const struct ms_metadata *meta, uint32_t id, uint32_t *module,
		      uint64_t *offset, uint32_t *parent);
/* One past the largest node id that the log's windows cover. */
uint32_t ms_metadata_node_limit(const struct ms_metadata *meta);

/* --- symbols (metadata/symbols.c, elfutils) -------------------------------------------
 */
struct ms_frame {
	const char *function; /* demangled; NULL: not known */
	const char *file;     /* source path; NULL: not known */
	const char *module;   /* path, or NULL */
	uint64_t address;     /* as recorded (where a call returns to): in the module (ELF
				 virtual), absolute when module is NULL */
	uint32_t line;	      /* 0: not known */
	bool inlined;	      /* this function was inlined into the next frame */
	uint8_t cut;	      /* enum ms_cut when the stack ends here unseen, else 0 */
};

/*
 * The readable form of name, for ms_free.  *out is NULL with MS_OK when name is not
 * mangled, cannot be demangled, or is larger than
 * demangle.h's limits: show it as it is.
 * MS_ENOMEM.
 */
MS_MUST_CHECK ms_status ms_demangle(char **out, const char *name);

/*
 * What a module's own __lsan_default_suppressions() returns: suppressions for
 * LeakSanitizer, in a form that it reads.  Only the file with the module's build-id is
 * asked, and no code is run: the function's few instructions are decoded.
 */
enum ms_embedded {
	MS_EMBEDDED_NONE,
	MS_EMBEDDED_READ,
	MS_EMBEDDED_UNREADABLE /* it does more than return a constant */
};
/* *text is for ms_free, NULL unless it was READ.  MS_OK or MS_ENOMEM. */
MS_MUST_CHECK ms_status ms_metadata_embedded(struct ms_metadata *meta, uint32_t module_id,
					     enum ms_embedded *what, char **text,
					     struct ms_error *err);

/* frame.c: is it the same place for who reads it; and a hash that is then the same. */
bool ms_frame_same(const struct ms_frame *a, const struct ms_frame *b);
uint64_t ms_frame_hash(const struct ms_frame *frame);

#define MS_PACK_SUFFIX ".mspack"

/*
 * Symbol packs and directories of symbol files that a user named, with ':' between them.
 * A directory's packs are those files in it that end with MS_PACK_SUFFIX.  MS_EIO: a
 * place cannot be read; MS_EFORMAT: a file is no pack, or a damaged one; MS_ENOMEM.
 */
struct ms_packs;
MS_MUST_CHECK ms_status ms_packs_open(struct ms_packs **out, const char *places,
				      struct ms_error *err);
void ms_packs_free(struct ms_packs *packs); /* NULL is fine */
/* The directories, with ':' between them; "" when there is none. */
const char *ms_packs_dirs(const struct ms_packs *packs);

struct ms_packed_module { /* texts and bytes belong to the packs */
	const char *pack;
	const char *path;
	const uint8_t *build_id;
	size_t build_id_bytes;
	uint64_t addresses; /* that have names there */
};
/* The index-th module of all packs; false: there are fewer. */
bool ms_packs_module(const struct ms_packs *packs, size_t index,
		     struct ms_packed_module *module);

struct ms_symbol_options {
	bool debuginfod;	 /* ask DEBUGINFOD_URLS' servers; only on request */
	const char *debug_dirs;	 /* ':'-separated roots of separate debug files; NULL:
				    /usr/lib/debug */
	const char *symbol_dirs; /* ':'-separated directories of programs, libraries and
				    debug files, looked at before any other place; NULL:
				    none */
	const struct ms_packs *packs; /* looked at before any file; NULL: none */
	const char *cache_dir;	      /* names found in files are kept there; NULL: not */
};
/* For modules that nothing was asked of yet.  What options point to is not copied: it
 * outlives meta. */
void ms_metadata_set_symbol_options(struct ms_metadata *meta,
				    const struct ms_symbol_options *options);

/*
 * The frames of one node, innermost inlined function first, the function that owns the
 * code last; at least one.  Resolved once per distinct address and kept by meta.  *count
 * is 0 for node 0 and for nodes that the log lacks.  MS_OK or MS_ENOMEM; a file without
 * symbols is not an error.
 */
MS_MUST_CHECK ms_status ms_metadata_frames(struct ms_metadata *meta, uint32_t node,
					   const struct ms_frame **frames, size_t *count,
					   struct ms_error *err);

/*
 * The frame that a stack is filed under: the first from the leaf that is not part of an
 * allocator or its C++ wrappers (operator new, __gnu_cxx::new_allocator,
 * std::allocator_traits, Rust's __rust_alloc ...).  Falls back to the leaf; *frame is
 * NULL only where ms_metadata_frames() has none for node.
 */
MS_MUST_CHECK ms_status ms_metadata_site(struct ms_metadata *meta, uint32_t node,
					 const struct ms_frame **frame,
					 struct ms_error *err);

/*
 * Does a module define one of these symbols (as the file has them: mangled)?  UNKNOWN:
 * its file is not there.  Symbols that a stripped file keeps to itself are not seen.
 * MS_OK or MS_ENOMEM.
 */
enum ms_defines { MS_DEFINES_UNKNOWN, MS_DEFINES_NONE, MS_DEFINES_SOME };
MS_MUST_CHECK ms_status ms_metadata_defines(enum ms_defines *answer,
					    struct ms_metadata *meta, uint32_t module_id,
					    const char *const *names, size_t count,
					    struct ms_error *err);

/*
 * Find names for a report at once, on several threads (0: as many as there are
 * processors), so that asking for them finds them known; what is asked then is the same
 * without.  Of count nodes: the frames of each and of all its callers, or those that the
 * site of each needs.  MS_OK or MS_ENOMEM.
 */
enum ms_resolve { MS_RESOLVE_STACKS, MS_RESOLVE_SITES };
MS_MUST_CHECK ms_status ms_metadata_resolve(struct ms_metadata *meta,
					    enum ms_resolve what, const uint32_t *nodes,
					    size_t count, unsigned threads,
					    struct ms_error *err);
/* The same for every node of the log. */
MS_MUST_CHECK ms_status ms_metadata_resolve_all(struct ms_metadata *meta,
						unsigned threads, struct ms_error *err);
/* Keep what was found in files in the cache, if the options name one. */
void ms_metadata_save_symbols(struct ms_metadata *meta);

/* Symbol packs (pack.h): names for reading a log where its program's files are not. */
struct ms_pack_writer;
struct ms_pack_writer *ms_pack_writer_new(void); /* NULL: no memory */
void ms_pack_writer_free(struct ms_pack_writer *writer);
/* Add all names that were found so far.  MS_OK or MS_ENOMEM. */
MS_MUST_CHECK ms_status ms_metadata_pack_symbols(struct ms_metadata *meta,
						 struct ms_pack_writer *writer,
						 struct ms_error *err);
/*
 * Write the pack to path, at once; what was there is replaced if it was a pack.  MS_EIO,
 * MS_EUSAGE (path is another file, or the pack would be too large), MS_ENOMEM.
 */
MS_MUST_CHECK ms_status ms_pack_write(struct ms_pack_writer *writer, const char *path,
				      struct ms_error *err);

/*
 * Whether a module's file was missing or had another build-id, and nothing with the right
 * one was found: its symbols are absent.  Known once frames of the module were asked for;
 * and whether they were.
 */
bool ms_metadata_module_asked(const struct ms_metadata *meta, uint32_t module_id);
bool ms_metadata_module_file_differs(const struct ms_metadata *meta, uint32_t module_id);

#endif
