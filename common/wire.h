/* SPDX-License-Identifier: Apache-2.0 */
/*
 * wire.h - the bytes of a memscope log, as both sides see them.
 *
 * memscope-log(5) is the specification; this header is its C form.  All numbers
 * are little-endian.  A log is one page of head followed by windows, each a whole
 * number of pages, mapped MAP_SHARED by the program that writes it.
 */
#ifndef MS_WIRE_H
#define MS_WIRE_H

#include <assert.h>
#include <stdint.h>

#define MS_WIRE_MAGIC "\x89MSCOPE\n"
#define MS_WIRE_MAJOR 1
#define MS_WIRE_MINOR 0
#define MS_WIRE_PAGE  4096 /* head and windows are multiples of this */

enum ms_wire_clock {
	MS_CLOCK_TSC = 1,	/* the processor's invariant time-stamp counter */
	MS_CLOCK_MONOTONIC = 2, /* CLOCK_MONOTONIC in nanoseconds */
};

enum ms_wire_head_flag {
	MS_HEAD_FORKED = 1, /* the process was forked from a recorded one */
};

/* Identity of the recording: written once, before the magic. */
struct ms_wire_head {
	char magic[8];	     /* stored last, so a torn head is no log */
	uint16_t major;	     /* another major: refuse */
	uint16_t minor;	     /* a later minor: skip what is unknown */
	uint32_t head_bytes; /* offset of the first window, MS_WIRE_PAGE */
	uint32_t head_crc;   /* crc32c of all 128 bytes, this as 0 */
	uint16_t machine;    /* ELF e_machine */
	uint8_t pointer_bytes;
	uint8_t clock;	     /* enum ms_wire_clock */
	uint32_t page_bytes; /* of the recorded machine */
	uint32_t cpus;	     /* online when recording began */
	uint64_t pid;
	uint64_t parent_pid;
	uint64_t start_unix_ns;
	uint64_t start_ticks; /* the same instant on the log's clock */
	uint64_t start_mono_ns;
	uint64_t flags;	      /* enum ms_wire_head_flag */
	uint8_t reserved[48]; /* zero */
};
static_assert(sizeof(struct ms_wire_head) == 128, "the head is 128 bytes");

/* What was not recorded, by cause.  Names and meanings: common/lost.h. */
#define MS_WIRE_COUNTERS 32

enum ms_wire_end {
	MS_END_RUNNING = 0, /* still running, killed, _exit or exec */
	MS_END_EXITED = 1,  /* exit(): every window of an ended thread is sealed */
};

enum ms_wire_stop {
	MS_STOP_NONE = 0,
	MS_STOP_SIZE = 1,     /* MEMSCOPE_MAX_SIZE reached */
	MS_STOP_SPACE = 2,    /* the file could not grow: stop_errno says why */
	MS_STOP_MAP = 3,      /* a window could not be mapped */
	MS_STOP_GONE = 4,     /* the log's path no longer names the log */
	MS_STOP_MEMORY = 5,   /* no memory for our own tables */
	MS_STOP_CONFINED = 6, /* the program locked itself in: seccomp */
	MS_STOP_CUT = 7,      /* the log was cut short while it was mapped */
};

/* Follows the head at MS_WIRE_STATUS; changes while the program runs. */
#define MS_WIRE_STATUS 1024
struct ms_wire_status {
	uint64_t extent;       /* file bytes that windows may lie in */
	uint32_t end;	       /* enum ms_wire_end */
	uint32_t stop;	       /* enum ms_wire_stop */
	uint32_t stop_errno;   /* why, when stop is SPACE or MAP */
	uint32_t open_windows; /* not sealed when end became EXITED */
	uint64_t stop_ticks;
	uint64_t end_ticks;
	uint64_t lost[MS_WIRE_COUNTERS];
	uint32_t windows; /* handed out so far */
	uint32_t crc;	  /* crc32c of all before it; only when end is EXITED */
};
static_assert(sizeof(struct ms_wire_status) == 304, "the status is 304 bytes");

/*
 * A window belongs to one writer at a time.  Its header is 64 bytes; the body
 * follows.  The writer stores the body, then commit with release order: bytes past
 * commit are not part of the log.  Sealing stores a checksum of the body.
 */
#define MS_WINDOW_MAGIC 0x4e57534dU /* "MSWN" */

enum ms_window_kind {
	MS_WINDOW_EVENTS = 1,	/* events of one thread at a time */
	MS_WINDOW_META = 2,	/* records: facts, modules, threads, samples */
	MS_WINDOW_NODES = 3,	/* the stack trie, 16 bytes a node */
	MS_WINDOW_COUNTERS = 4, /* exact totals; owner: enum ms_counters */
	MS_WINDOW_POINTERS = 5, /* a pointer map; owner: its number */
};

struct ms_wire_window {
	uint32_t magic;
	uint16_t kind;	       /* enum ms_window_kind; unknown: skip by length */
	uint16_t header_bytes; /* offset of the body, 64 */
	uint32_t length;       /* header and body, a multiple of MS_WIRE_PAGE */
	uint32_t owner;	       /* EVENTS: first thread; NODES: id of the first node */
	uint64_t sequence;     /* order of handing out, from 1 */
	uint64_t base_ticks;   /* EVENTS: what the first time delta counts from */
	uint32_t header_crc;   /* crc32c of the 32 bytes above */
	uint32_t reserved;
	uint32_t commit; /* body bytes that are valid; NODES: 0, see the node */
	uint32_t spare;
	uint32_t sealed;   /* body bytes that body_crc covers */
	uint32_t body_crc; /* crc32c of them; both 0 while never sealed */
	uint64_t spare2;
};
static_assert(sizeof(struct ms_wire_window) == 64, "a window header is 64 bytes");

/*
 * A node of the stack trie: a return address and the node of its caller.  Node id n
 * lies in the NODES window whose owner <= n, at index n - owner.  Id 0 is "no stack";
 * parent 0 is the outermost frame.  A node is valid once check is right.
 */
struct ms_wire_node {
	uint64_t where; /* module << 48 | MS_WHERE_EXACT or 0 | address - module's base */
	uint32_t parent; /* always smaller than the node's own id */
	uint32_t check;	 /* ms_wire_node_check() */
};
static_assert(sizeof(struct ms_wire_node) == 16, "a node is 16 bytes");

#define MS_WHERE_MODULE_SHIFT 48
#define MS_WHERE_EXACT	      (1ULL << 47) /* interrupted there: not a return address */
#define MS_WHERE_OFFSET	      (MS_WHERE_EXACT - 1)
#define MS_MODULE_NONE	      0	     /* where holds an absolute address */
#define MS_MODULE_CUT	      0xffff /* where holds an enum ms_cut: the stack goes on unseen */

enum ms_cut {
	MS_CUT_DEPTH = 1,      /* MEMSCOPE_DEPTH reached */
	MS_CUT_NO_RULE = 2,    /* code without unwind information */
	MS_CUT_UNREADABLE = 3, /* the stack could not be read there */
	MS_CUT_LOOP = 4,       /* the frames did not move outwards */
};

/* Never zero, so an unwritten node is told from a written one. */
static inline uint32_t ms_wire_node_check(uint32_t id, uint64_t where, uint32_t parent)
{
	uint64_t h = where * 0x9e3779b97f4a7c15ULL;

	h ^= ((uint64_t)parent << 32 | id) * 0xd6e8feb86659fd93ULL;
	h ^= h >> 32;
	h *= 0x9e3779b97f4a7c15ULL;
	return (uint32_t)(h >> 32) | 1;
}

/* --- capture modes ------------------------------------------------------------------ */

enum ms_wire_mode {
	MS_MODE_FULL = 1,   /* every event */
	MS_MODE_CULL = 2,   /* short-lived pairs are folded into totals of their stack */
	MS_MODE_SAMPLE = 3, /* some events, by bytes, beside exact totals */
	MS_MODE_COUNTERS = 4, /* exact totals only */
};

/*
 * A COUNTERS window holds entries of one kind, which only grow.  Each is written by one
 * thread at a time, in place; those of zeros were not used.  The first entry of the first
 * window of a kind is shared by all threads that could get none of their own.
 */
enum ms_counters {
	MS_COUNTERS_TOTALS = 1,	 /* struct ms_wire_totals */
	MS_COUNTERS_SIZES = 2,	 /* struct ms_wire_sizes */
	MS_COUNTERS_FOLDED = 3,	 /* struct ms_wire_folded */
	MS_COUNTERS_PENDING = 4, /* struct ms_wire_pending; the window is one thread's */
};

struct ms_wire_totals {	 /* a thread's calls; a thread may have several */
	uint32_t thread; /* 0: of no thread in particular */
	uint32_t reserved;
	uint64_t allocations, reallocations, deallocations, failed;
	uint64_t allocated; /* bytes asked for, of allocations and reallocations */
	uint64_t spare[2];
};
static_assert(sizeof(struct ms_wire_totals) == 64, "an entry of totals is 64 bytes");

/* Class c holds sizes in [2^(c-1), 2^c); class 0 holds size 0. */
#define MS_WIRE_SIZE_CLASSES 65

struct ms_wire_sizes { /* of allocations and reallocations, by size class */
	struct {
		uint64_t blocks, bytes;
	} classes[MS_WIRE_SIZE_CLASSES];
};
static_assert(sizeof(struct ms_wire_sizes) == 1040, "an entry of sizes is 1040 bytes");

/* How long folded blocks lived: below 1, 10, 100 ms, 1 s, 10 s, or longer. */
#define MS_WIRE_LIFETIMES 6

struct ms_wire_folded { /* pairs of one stack; a stack may have several entries */
	uint32_t stack;
	uint32_t reserved;
	uint64_t blocks, bytes;
	uint64_t largest; /* bytes of the largest block */
	uint64_t lifetimes[MS_WIRE_LIFETIMES];
};
static_assert(sizeof(struct ms_wire_folded) == 80, "a folded entry is 80 bytes");

enum ms_pending {
	MS_PENDING_NONE = 0,
	MS_PENDING_WAITS = 1,	/* an event that is nowhere else yet */
	MS_PENDING_WRITTEN = 2, /* being written: the last event of its stream, or none */
};

/* A block whose fate is not decided.  The first of a window has its thread in stack. */
struct ms_wire_pending {
	uint64_t ticks, size;
	uint64_t address; /* << 16 | event kind << 8 | log2 of the alignment */
	uint32_t stack;
	uint32_t state; /* enum ms_pending, stored last */
};
static_assert(sizeof(struct ms_wire_pending) == 32, "a pending block is 32 bytes");

static inline unsigned ms_wire_size_class(uint64_t size)
{
	return size ? 64 - (unsigned)__builtin_clzll(size) : 0;
}

/*
 * Body of EVENTS and META windows: tag bytes, each starting an event or a record.
 *
 *   tag = kind (3 bits) | time width code << 3 | address width code << 5 | stack << 7
 *
 * Kind 0 is a record: the tag's upper five bits are its type, then a varint length and
 * that many bytes.  A tag of zero is never written.  For kinds 1 to 6 the fields follow:
 *   time    1, 2, 4 or 8 bytes: ticks since the event before in this window
 *   address 1, 2, 3 or 6 bytes: zigzag of (address - the one before) / 16
 *   size    varint, for kinds that make a block
 *   stack   varint, when the tag's top bit is set
 * Kind 7 has a byte after the tag: an event kind of 6 bits, MS_EXT_RAW, MS_EXT_ALIGN.
 * With MS_EXT_RAW the address is 8 bytes as it is and leaves the one before unchanged;
 * with MS_EXT_ALIGN a byte after the address holds log2 of the alignment asked for.
 *
 * Event kinds from MS_EVENT_FUTURE on carry a varint length after that byte and then that
 * many bytes, so that a reader passes over those that it does not know: the next event's
 * time and address count from the one before them.  Known ones hold varints:
 *   time    ticks since the event before of a smaller kind
 *   stack   0: none
 *   address mmap, mremap: of the new pages, 0 when the call failed; munmap, mremap begin:
 *	     of the pages given up; brk: the new break, 0 when it could not grow
 *   length  bytes as the call has them; brk: how far the break moved
 * and after these: mmap protection and flags; mremap its flags; brk 1 when the break went
 * down, else 0.
 */
enum ms_tag {
	MS_TAG_RECORD = 0,
	MS_TAG_MALLOC = 1,
	MS_TAG_FREE = 2,
	MS_TAG_CALLOC = 3,
	MS_TAG_NEW = 4,
	MS_TAG_DELETE = 5,
	MS_TAG_REALLOC_BEGIN = 6,
	MS_TAG_EXTENDED = 7,
};

#define MS_TAG_KIND	     7
#define MS_TAG_TIME_SHIFT    3
#define MS_TAG_ADDRESS_SHIFT 5
#define MS_TAG_STACK	     0x80
#define MS_EXT_KIND	     0x3f
#define MS_EXT_RAW	     0x40
#define MS_EXT_ALIGN	     0x80
#define MS_EVENT_BYTES_MAX   48 /* no event is longer; a writer keeps this much room */

/*
 * Record types (the tag is type << 3).  Payloads are varints (v) and bytes; "ticks" is a
 * v on the log's clock, "text" runs to the payload's end and is not terminated.  Bytes
 * after the fields named here belong to later minor versions and are skipped.
 */
enum ms_record {
	MS_RECORD_THREAD = 1, /* EVENTS: v thread, ticks: the window's events are its from
				 here; the time counts from ticks, the address from 0 */
	MS_RECORD_FACT = 2,   /* key text, NUL, value text; keys may repeat (argv, env) */
	MS_RECORD_MODULE = 3, /* v id, ticks first seen, v base, v start, v end, v n, n
				 bytes of build-id, path text */
	MS_RECORD_MODULE_GONE = 4,  /* v id, ticks: was no longer loaded */
	MS_RECORD_THREAD_BEGIN = 5, /* v thread, ticks first seen, v kernel tid, v where
				       the stack that it was given begins at the lowest,
				       v where it ends; 0: not known */
	MS_RECORD_THREAD_NAME = 6,  /* v thread, ticks, name text */
	MS_RECORD_THREAD_END = 7,   /* v thread, ticks */
	MS_RECORD_SAMPLE =
		8,	     /* ticks, v resident bytes, v minor faults, v major faults */
	MS_RECORD_CLOCK = 9, /* ticks, v CLOCK_MONOTONIC ns of the same instant */
	MS_RECORD_STATE = 10, /* ticks, v 1 recording or 0 paused */
	MS_RECORD_NOTE = 11,  /* text, as it went to stderr */
	MS_RECORD_EXEC = 12,  /* ticks, v 0 and path text: another program is about to be
				 executed; v errno: it was not */
	/* set aside: a reader of version 1.0 skips them by their length */
	MS_RECORD_MODE =
		16, /* v enum ms_wire_mode, v its parameter, ticks: from there on */
	MS_RECORD_WEIGHT = 17,	 /* weight of sampled events, totals of culled ones */
	MS_RECORD_MMAP = 18,	 /* mappings that were there before */
	MS_RECORD_POINTERS = 19, /* v map, ticks, v enum ms_map_why, v enum ms_map_state,
				    v errno, v pause ns, v resident bytes, v threads */
	MS_RECORD_ANNOTATION =
		20,		/* v enum ms_annotation; MARK: ticks, v thread or 0, name
				   text; readers skip kinds that they do not know */
	MS_RECORD_FINDING = 21, /* errors seen inside the program */
	MS_RECORD_COST = 22,	/* what recording cost */
	MS_RECORD_LEFT = 24,	/* ticks, v enum ms_map_why: it ended without exit() */
};

enum ms_annotation { /* what the program says: <memscope/annotate.h> */
		     MS_ANNOTATION_MARK = 1,
};

/* --- pointer maps ------------------------------------------------------------------- */

enum ms_map_why {
	MS_MAP_EXIT = 1,       /* exit() or main's return, after all destructors */
	MS_MAP_EXIT_NOW = 2,   /* _exit() or _Exit() */
	MS_MAP_QUICK_EXIT = 3, /* quick_exit(), after its handlers */
	MS_MAP_SIGNAL = 4,     /* MEMSCOPE_HEAPMAP's signal */
	MS_MAP_API = 5,	       /* memscope_heap_map() */
};

/* Why there is no map; what a map lacks that was begun is said by its items. */
enum ms_map_state {
	MS_NOMAP_BEGUN = 0,
	MS_NOMAP_REFUSED = 1,  /* clone failed: errno */
	MS_NOMAP_CONFINED = 2, /* the program's seccomp filters forbid it */
	MS_NOMAP_NO_ROOM = 3,  /* the log's limit leaves no room */
	MS_NOMAP_NO_LOG = 4,   /* the log cannot be opened again: errno */
	MS_NOMAP_NO_MODE = 5,  /* not every block is recorded */
	MS_NOMAP_EMULATED = 6, /* under Valgrind there are no such processes */
	MS_NOMAP_NO_MEMORY = 7,
};

/*
 * Body of a POINTERS window: items, each a varint kind | rest << 3 and more varints.
 * Numbers that begin at 0 do so in each window.
 *   END       rest: words written; the map is whole when its last window ends so
 *   POINTER   rest: zigzag of (address - the last word's) / 8; zigzag of the value minus
 *             the last POINTER's: a word that may point at a block
 *   VTABLE    rest, value: the same, the value minus the last VTABLE's: a table of
 *             functions in a mapped file
 *   NUMBER    rest: the same; value: as it is, what tells whether the block that begins
 *             there is an array or a string
 *   REGION    rest: enum ms_region; start, bytes, id, enum ms_region_flag bits
 *   REGISTER  rest: kernel tid; value: of one of its registers
 *   UNSCANNED rest: enum ms_unscanned; start, bytes
 */
enum ms_map_item {
	MS_ITEM_END = 0,
	MS_ITEM_POINTER = 1,
	MS_ITEM_VTABLE = 2,
	MS_ITEM_NUMBER = 3,
	MS_ITEM_REGION = 4,
	MS_ITEM_REGISTER = 5,
	MS_ITEM_UNSCANNED = 6,
};

/* What a stretch of memory is.  Where two overlap the later kind of this list says it. */
enum ms_region {
	MS_REGION_ANONYMOUS = 1, /* mappings without a file: stretches of an allocator,
				    told by the blocks that lay there, or roots */
	MS_REGION_BREAK = 2,	 /* below the program's break: the same */
	MS_REGION_SHARED = 3,	 /* of files and of shared memory */
	MS_REGION_DATA = 4,	 /* a module's data and bss; id: of the module */
	MS_REGION_STACK = 5,	 /* what is in use of a stack; id: kernel tid */
	MS_REGION_TLS = 6,	 /* static thread-local storage and libc's own; id: tid */
	MS_REGION_UNUSED = 7,	 /* stacks beyond their pointer: no root */
	MS_REGION_ALLOCATOR = 8, /* the allocator's own data: no root */
};

/* More of a region, as bits. */
enum ms_region_flag {
	/* STACK: where its use ends is not known, all of it is taken */
	MS_STRETCH_WHOLE = 1,
	/* STACK: not all of the thread's registers are known */
	MS_STRETCH_REGISTERLESS = 2,
	/* TLS: of a thread that has ended */
	MS_STRETCH_GONE = 4,
	/* DATA: of the allocator, which is not libc's */
	MS_STRETCH_FOREIGN = 8,
};

enum ms_unscanned {
	MS_UNSCANNED_DEVICE = 1, /* memory of a device */
	MS_UNSCANNED_ABSENT = 2, /* shared pages that are not in memory */
	MS_UNSCANNED_SECRET = 3, /* memory that cannot be read */
};

#endif
