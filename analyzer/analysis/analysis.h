/* SPDX-License-Identifier: Apache-2.0 */
/*
 * analysis.h - engine 6: findings.
 *
 * Which live blocks nothing points to any more: the heap of a pointer map's instant and
 * the words of that map.  And what else went wrong, or could be better: a registry of
 * detectors that watch one replay together.
 */
#ifndef MS_ANALYSIS_H
#define MS_ANALYSIS_H

#include "analyzer/base/progress.h"
#include "analyzer/capture/capture.h"
#include "analyzer/event_store/event_store.h"
#include "analyzer/snapshot/snapshot.h"
#include "analyzer/timeline/timeline.h"

/*
 * As memcheck defines them (its manual, 4.2.8).  Roots are registers, stacks in use,
 * data of modules, thread-local storage and mappings that are no allocator's; a pointer
 * is a word at a multiple of eight whose value lies in a block.
 */
enum ms_leak_kind {
	MS_LEAK_DEFINITE,  /* nothing points to it but blocks that hang on it */
	MS_LEAK_INDIRECT,  /* only lost blocks point to it */
	MS_LEAK_POSSIBLE,  /* every chain from a root has a pointer into a block's middle
			    */
	MS_LEAK_REACHABLE, /* a chain of pointers to blocks' starts leads there */
	MS_LEAK_KINDS
};
extern const char *const ms_leak_names[MS_LEAK_KINDS];

#define MS_LEAK_NO_ROOT UINT32_MAX

struct ms_leak_block {
	struct ms_block block;
	uint8_t kind;	/* enum ms_leak_kind */
	bool cycle;	/* lost, and one of a ring of blocks that point to each other */
	bool heuristic; /* REACHABLE by a pointer into its middle that C++ explains */
	uint32_t root;	/* INDIRECT: index of the definite block that it hangs on */
	uint64_t hanging_bytes, hanging_blocks; /* DEFINITE: the indirect ones */
};

struct ms_leak_totals {
	uint64_t bytes, blocks;
};

struct ms_leaks {
	struct ms_leak_block *blocks; /* by address; those left out come after count */
	size_t count;
	struct ms_leak_totals kinds[MS_LEAK_KINDS];
	struct ms_leak_totals heuristic; /* of the reachable */
	struct ms_leak_totals cycles;	 /* of the lost, those in rings */
	uint64_t rings;			 /* of all blocks, chosen or not */
	uint64_t unscanned_bytes;	 /* memory that could be no root */
	uint64_t whole_stacks;		 /* threads whose stacks were taken whole */
	uint64_t registerless; /* threads some of whose registers are not known */
	bool whole;	       /* the map; else what it lacks may make blocks look lost */
};

struct ms_leaks_options {
	const struct ms_store *store;
	const struct ms_log *log;
	const struct ms_pointer_map *map;
	bool interior; /* a pointer into a block's middle is as good as one to its start
			*/
	const struct ms_progress *progress; /* or NULL */
};

/* MS_OK or MS_ENOMEM. */
MS_MUST_CHECK ms_status ms_leaks_new(struct ms_leaks **out,
				     const struct ms_leaks_options *options,
				     struct ms_error *err);
void ms_leaks_free(struct ms_leaks *leaks);

/*
 * Leave out the blocks that do not pass: the totals are those of the others then, and so
 * is the count, but what hangs on a block stays whole, and roots may be blocks that were
 * left out.  MS_OK, MS_ENOMEM or what passes returned.
 */
MS_MUST_CHECK ms_status ms_leaks_choose(struct ms_leaks *leaks,
					ms_status (*passes)(void *context,
							    const struct ms_block *block,
							    bool *passes,
							    struct ms_error *err),
					void *context, struct ms_error *err);
/* The block as an earlier map has it; NULL: it was not there. */
const struct ms_leak_block *ms_leaks_find(const struct ms_leaks *leaks,
					  const struct ms_block *block);

/* --- findings --------------------------------------------------------------------------
 */

enum ms_severity {
	MS_SEVERITY_INFO,
	MS_SEVERITY_LOW,
	MS_SEVERITY_MEDIUM,
	MS_SEVERITY_HIGH,
	MS_SEVERITY_CRITICAL,
	MS_SEVERITIES
};
extern const char *const ms_severity_names[MS_SEVERITIES]; /* "info" to "critical" */

/* A call that a finding is about, with its stack. */
struct ms_finding_point {
	const char *what; /* static: "allocated", "freed", "freed again" ... */
	uint64_t at_ns, address;
	uint64_t size;	 /* of the block; 0 where it is not known */
	uint32_t stack;	 /* 0: none */
	uint32_t thread; /* the log's id; 0: not known */
	uint8_t kind;	 /* of the event; 0: none */
};

enum ms_evidence_unit {
	MS_EVIDENCE_COUNT,
	MS_EVIDENCE_BYTES,
	MS_EVIDENCE_NS,
	MS_EVIDENCE_SHARE, /* real: 0 to 1 */
	MS_EVIDENCE_REAL,
	MS_EVIDENCE_TEXT, /* static */
	MS_EVIDENCE_ID	  /* a number without a magnitude, such as a thread's */
};

/* A figure that a finding rests on. */
struct ms_evidence {
	const char *name; /* static, stable: "p_value", "lifetime_ns" ... */
	enum ms_evidence_unit unit;
	uint64_t number;
	double real;
	const char *text;
};

#define MS_FINDING_POINTS   3
#define MS_FINDING_EVIDENCE 8

struct ms_detector;
struct ms_bad_frees; /* bad_frees.h */

/*
 * By one stack, or pair of stacks; or of the process: no points.  The first point has the
 * site: of a fault the call that is wrong, else the allocation.
 */
struct ms_finding {
	const struct ms_detector *detector;
	const char *kind; /* static, stable: what exactly, such as "interior" */
	enum ms_severity severity;
	uint64_t count, bytes; /* blocks or calls, and the bytes that matter of them */
	struct ms_finding_point points[MS_FINDING_POINTS];
	unsigned point_count;
	struct ms_evidence evidence[MS_FINDING_EVIDENCE];
	unsigned evidence_count;
	const char *suggestion; /* static: what to do about it */
};

struct ms_findings {
	struct ms_finding *items;
	size_t count, capacity;
};

/* What detectors may look at. */
struct ms_check_input {
	const struct ms_store *store;
	const struct ms_log *log;
	struct ms_metadata *meta;
	const struct ms_leaks *leaks;	/* of the last pointer map; NULL: there is none */
	const char *no_leaks;		/* why */
	uint64_t sample_bytes;		/* as struct ms_instant_at has it */
	const struct ms_chosen *chosen; /* blocks that count, see ms_check_wants() */
	unsigned threads;
	const struct ms_progress *progress; /* or NULL */
};

/*
 * One file each.  Those that are not needed of these functions are NULL.  One that has
 * none of event(), block() and bad_frees() needs no replay, one that has some cannot look
 * at a log without events.
 */
struct ms_detector {
	const char *name;    /* stable: "double_free" */
	const char *summary; /* one line: what it finds */
	enum ms_severity worst;
	/*
	 * Why it cannot look at this log, for a person to read: one line that input or
	 * the program has; NULL: it can.
	 */
	const char *(*unable)(const struct ms_check_input *input);
	/*
	 * *state is NULL before; MS_OK with it NULL: nothing to look for in this log.
	 * input outlives the state.
	 */
	ms_status (*begin)(void **state, const struct ms_check_input *input,
			   struct ms_error *err);
	/*
	 * As struct ms_observer has them: every event, and the blocks that are chosen.  A
	 * fault of block() (no memory) is kept until end(), which then fails.
	 */
	ms_status (*event)(void *state, const struct ms_event *event,
			   struct ms_error *err);
	void (*block)(void *state, enum ms_change change, const struct ms_block *block,
		      const struct ms_event *event, const struct ms_totals *totals);
	/* Add what was found.  replayed is the heap at the log's end, NULL without
	 * event() and block(). */
	ms_status (*end)(void *state, const struct ms_replayed *replayed,
			 struct ms_findings *findings, struct ms_error *err);
	void (*free)(void *state); /* NULL is fine */
	/* After end(), without any state: of frees of what was no block. */
	ms_status (*bad_frees)(const struct ms_bad_frees *bad,
			       struct ms_findings *findings, struct ms_error *err);
};

/* registry.c: all of them, in the order in which they are listed. */
extern const struct ms_detector *const ms_detectors[];
extern const size_t ms_detector_count;
/* The place in it of the name of len bytes, or -1. */
int ms_detector_index(const char *name, size_t len);
/* As detector->unable() says, and of a log without events. */
const char *ms_detector_unable(const struct ms_detector *detector,
			       const struct ms_check_input *input);

/*
 * Let the detectors whose bits of wanted are set (by their place in ms_detectors) watch
 * one replay; those that cannot are left out.  MS_OK or MS_ENOMEM.  Release findings,
 * which are new or have those of another check, in any case.
 */
MS_MUST_CHECK ms_status ms_check(struct ms_findings *findings, uint64_t wanted,
				 const struct ms_check_input *input,
				 struct ms_error *err);
void ms_findings_release(struct ms_findings *findings);
/*
 * Is the block chosen?  block() is told of such only; who learns of others by event() or
 * from leaks asks.  MS_OK or MS_ENOMEM.
 */
MS_MUST_CHECK ms_status ms_check_wants(const struct ms_check_input *input,
				       const struct ms_block *block, bool *wanted,
				       struct ms_error *err);
/* A new, zeroed finding at the end, valid until the next; NULL: no memory. */
struct ms_finding *ms_findings_add(struct ms_findings *findings,
				   const struct ms_detector *detector, const char *kind);
/* At the end; there is room for MS_FINDING_POINTS, MS_FINDING_EVIDENCE. */
void ms_finding_point(struct ms_finding *finding, const struct ms_finding_point *point);
/* A block, as the call that made it. */
struct ms_finding_point ms_finding_made(const char *what, const struct ms_block *block);
/* An event; size: of the block that it is about, or 0. */
struct ms_finding_point ms_finding_call(const char *what, const struct ms_event *event,
					uint64_t size);
void ms_finding_evidence(struct ms_finding *finding, const struct ms_evidence *evidence);

/* --- churn.c: for a summary, which counts temporary blocks anyway ----------------------
 */

/* Of a site with so many calls, in a run of all calls, they are worth being told of. */
bool ms_churn_is_told(uint64_t temporary, uint64_t calls, uint64_t all);
/* How severe they are then. */
enum ms_severity ms_churn_severity(uint64_t temporary, uint64_t all);

#endif
