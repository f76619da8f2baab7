/* SPDX-License-Identifier: Apache-2.0 */
/*
 * log_builder.h - builds a valid log in memory, byte by byte, for tests.
 *
 * It is a second, slow writer of the format, written from common/wire.h alone: it shares
 * no code with the recorder.  Windows open by themselves, one for each thread and one
 *each for records and nodes, and a new one when the last is full.  A test that wants a
 *wrong log builds a right one and changes lb.data.
 *
 *	struct log_builder lb;
 *
 *	lb_init(&lb);
 *	stack = lb_node(&lb, MS_MODULE_NONE, 0x401000, 0);
 *	lb_fact(&lb, "argv", "./app");
 *	lb_event(&lb, 1, 2000, MS_EVENT_MALLOC, 0x10010, 64, stack);
 *	lb_event(&lb, 1, 3000, MS_EVENT_FREE, 0x10010, 0, 0);
 *	lb_end(&lb, 9000);
 *	lb_save(&lb, path);
 *	...
 *	unlink(path);
 *	lb_release(&lb);
 */
#ifndef MS_TEST_LOG_BUILDER_H
#define MS_TEST_LOG_BUILDER_H

#include "common/checks.h"
#include "common/event.h"
#include "common/varint.h"
#include "common/wire.h"

#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define LB_START_TICKS 1000
#define LB_START_MONO  500
#define LB_START_UNIX  UINT64_C(1700000000000000000)
#define LB_PID	       4242
#define LB_WINDOWS     512

struct lb_window {
	size_t offset;
	uint64_t ticks, address; /* of the event before */
	uint32_t thread;	 /* EVENTS */
	uint32_t used;		 /* NODES: nodes stored */
	uint16_t kind;
	bool full;
};

struct log_builder {
	uint8_t *data;
	size_t len;
	uint32_t window_bytes; /* of each new window; a test may change it */
	uint64_t sequence;     /* of the last window */
	uint32_t nodes;	       /* id of the last node */
	struct lb_window windows[LB_WINDOWS];
	size_t window_count;
};

/* Any byte position of the log as an object of type. */
#define LB_AT(lb, type, offset) ((type *)(void *)((lb)->data + (offset)))

static inline void lb_die(const char *why)
{
	fprintf(stderr, "log_builder: %s\n", why);
	abort();
}

static inline struct ms_wire_head *lb_head(struct log_builder *lb)
{
	return LB_AT(lb, struct ms_wire_head, 0);
}

static inline struct ms_wire_status *lb_status(struct log_builder *lb)
{
	return LB_AT(lb, struct ms_wire_status, MS_WIRE_STATUS);
}

static inline struct ms_wire_window *lb_wire(struct log_builder *lb, size_t window)
{
	return LB_AT(lb, struct ms_wire_window, lb->windows[window].offset);
}

/* Recompute the checksum of a head, a status or a window header that a test has changed.
 */
static inline void lb_fix_head(struct log_builder *lb)
{
	lb_head(lb)->head_crc = ms_head_check(lb_head(lb));
}

static inline void lb_fix_status(struct log_builder *lb)
{
	lb_status(lb)->crc = ms_status_check(lb_status(lb));
}

static inline void lb_fix_header(struct log_builder *lb, size_t window)
{
	lb_wire(lb, window)->header_crc = ms_window_check(lb_wire(lb, window));
}

static inline void lb_reserve(struct log_builder *lb, size_t len)
{
	uint8_t *grown = realloc(lb->data, len);

	if (!grown)
		lb_die("out of memory");
	if (len > lb->len)
		memset(grown + lb->len, 0, len - lb->len);
	lb->data = grown;
	lb->len = len;
}

/* A head for a CLOCK_MONOTONIC log (1 tick = 1 ns) and no windows. */
static inline void lb_init(struct log_builder *lb)
{
	struct ms_wire_head *head;

	memset(lb, 0, sizeof(*lb));
	lb->window_bytes = MS_WIRE_PAGE;
	lb_reserve(lb, MS_WIRE_PAGE);
	head = lb_head(lb);
	memcpy(head->magic, MS_WIRE_MAGIC, 8);
	head->major = MS_WIRE_MAJOR;
	head->minor = MS_WIRE_MINOR;
	head->head_bytes = MS_WIRE_PAGE;
	head->machine = 62; /* EM_X86_64 */
	head->pointer_bytes = 8;
	head->clock = MS_CLOCK_MONOTONIC;
	head->page_bytes = 4096;
	head->cpus = 2;
	head->pid = LB_PID;
	head->parent_pid = 1;
	head->start_unix_ns = LB_START_UNIX;
	head->start_ticks = LB_START_TICKS;
	head->start_mono_ns = LB_START_MONO;
	lb_fix_head(lb);
	lb_status(lb)->extent = lb->len;
}

static inline void lb_release(struct log_builder *lb)
{
	free(lb->data);
	memset(lb, 0, sizeof(*lb));
}

/* Append an empty window; returns its index. */
static inline size_t lb_open(struct log_builder *lb, uint16_t kind, uint32_t owner,
			     uint64_t base_ticks)
{
	size_t window = lb->window_count++, offset = lb->len;
	struct ms_wire_window *wire;

	if (window >= LB_WINDOWS)
		lb_die("too many windows");
	lb->windows[window] = (struct lb_window){
		.offset = offset, .ticks = base_ticks, .thread = owner, .kind = kind
	};
	lb_reserve(lb, offset + lb->window_bytes);
	wire = lb_wire(lb, window);
	wire->magic = MS_WINDOW_MAGIC;
	wire->kind = kind;
	wire->header_bytes = 64;
	wire->length = lb->window_bytes;
	wire->owner = owner;
	wire->sequence = ++lb->sequence;
	wire->base_ticks = base_ticks;
	lb_fix_header(lb, window);
	lb_status(lb)->extent = lb->len;
	lb_status(lb)->windows++;
	return window;
}

/* Where its body begins, until the next window is opened. */
static inline void *lb_body(struct log_builder *lb, size_t window)
{
	return lb->data + lb->windows[window].offset + sizeof(struct ms_wire_window);
}

/* Append bytes to a window's body and commit them; false: no room. */
static inline bool lb_append(struct log_builder *lb, size_t window, const void *bytes,
			     size_t n)
{
	struct ms_wire_window *wire = lb_wire(lb, window);

	if (wire->commit + n > wire->length - 64)
		return false;
	memcpy((uint8_t *)wire + 64 + wire->commit, bytes, n);
	wire->commit += (uint32_t)n;
	return true;
}

static inline void lb_seal(struct log_builder *lb, size_t window)
{
	struct ms_wire_window *wire = lb_wire(lb, window);

	wire->sealed = wire->commit;
	wire->body_crc =
		wire->commit ? ms_crc32c(0, (uint8_t *)wire + 64, wire->commit) : 0;
}

/* The window that is being filled for (kind, thread), opened when there is none. */
static inline size_t lb_current(struct log_builder *lb, uint16_t kind, uint32_t thread,
				uint64_t ticks)
{
	for (size_t i = lb->window_count; i-- > 0;) {
		if (lb->windows[i].kind == kind && lb->windows[i].thread == thread &&
		    !lb->windows[i].full)
			return i;
	}
	return lb_open(lb, kind, thread, ticks);
}

static inline bool lb_makes_block(unsigned kind)
{
	unsigned class = ms_event_kind_info(kind)->class;

	return class == MS_CLASS_ALLOC || class == MS_CLASS_REALLOC_END;
}

static inline unsigned lb_width(const unsigned char widths[4], uint64_t value)
{
	unsigned code = 0;

	while (code < 3 && value >> (8 * widths[code]))
		code++;
	return code;
}

/* The bytes of one event after one at (ticks0, *address0); returns their number. */
static inline size_t lb_encode(uint8_t out[64], uint64_t dticks, uint64_t *address0,
			       unsigned kind, uint64_t address, uint64_t size,
			       uint32_t stack, unsigned align_log2)
{
	static const unsigned char tags[MS_EVENT_KIND_MAX] = {
		[MS_EVENT_MALLOC] = MS_TAG_MALLOC,
		[MS_EVENT_FREE] = MS_TAG_FREE,
		[MS_EVENT_CALLOC] = MS_TAG_CALLOC,
		[MS_EVENT_NEW] = MS_TAG_NEW,
		[MS_EVENT_DELETE] = MS_TAG_DELETE,
		[MS_EVENT_REALLOC_BEGIN] = MS_TAG_REALLOC_BEGIN,
	};
	static const unsigned char times[] = { 1, 2, 4, 8 }, addresses[] = { 1, 2, 3, 6 };
	int64_t delta = (int64_t)(address - *address0);
	uint64_t zigzag = ms_zigzag(delta / 16);
	bool raw = address == 0 || delta % 16 || zigzag >> 48;
	unsigned time_code = lb_width(times, dticks);
	unsigned address_code = raw ? 0 : lb_width(addresses, zigzag);
	unsigned tag = tags[kind];
	uint8_t *p = out;

	if (!tag || raw || align_log2)
		tag = MS_TAG_EXTENDED;
	*p++ = (uint8_t)(tag | time_code << MS_TAG_TIME_SHIFT |
			 address_code << MS_TAG_ADDRESS_SHIFT |
			 (stack ? MS_TAG_STACK : 0));
	if (tag == MS_TAG_EXTENDED)
		*p++ = (uint8_t)(kind | (raw ? MS_EXT_RAW : 0) |
				 (align_log2 ? MS_EXT_ALIGN : 0));
	memcpy(p, &dticks, times[time_code]);
	p += times[time_code];
	memcpy(p, raw ? &address : &zigzag, raw ? 8 : addresses[address_code]);
	p += raw ? 8 : addresses[address_code];
	if (align_log2)
		*p++ = (uint8_t)align_log2;
	if (lb_makes_block(kind))
		p = ms_varint_put(p, size);
	if (stack)
		p = ms_varint_put(p, stack);
	if (!raw)
		*address0 = address;
	return (size_t)(p - out);
}

/* An event with an alignment, for windows that the caller opened; false: no room. */
static inline bool lb_event_in(struct log_builder *lb, size_t window, uint64_t ticks,
			       unsigned kind, uint64_t address, uint64_t size,
			       uint32_t stack, unsigned align_log2)
{
	struct lb_window *w = &lb->windows[window];
	uint64_t previous = w->address;
	uint8_t bytes[64];
	size_t n;

	if (ticks < w->ticks)
		lb_die("a thread's events must be added in order");
	n = lb_encode(bytes, ticks - w->ticks, &previous, kind, address, size, stack,
		      align_log2);
	if (!lb_append(lb, window, bytes, n)) {
		w->full = true;
		return false;
	}
	w->ticks = ticks;
	w->address = previous;
	return true;
}

static inline void lb_event_aligned(struct log_builder *lb, uint32_t thread,
				    uint64_t ticks, unsigned kind, uint64_t address,
				    uint64_t size, uint32_t stack, unsigned align_log2)
{
	size_t window = lb_current(lb, MS_WINDOW_EVENTS, thread, ticks);

	if (!lb_event_in(lb, window, ticks, kind, address, size, stack, align_log2)) {
		window = lb_open(lb, MS_WINDOW_EVENTS, thread, ticks);
		if (!lb_event_in(lb, window, ticks, kind, address, size, stack,
				 align_log2))
			lb_die("window_bytes is too small");
	}
}

static inline void lb_event(struct log_builder *lb, uint32_t thread, uint64_t ticks,
			    unsigned kind, uint64_t address, uint64_t size,
			    uint32_t stack)
{
	lb_event_aligned(lb, thread, ticks, kind, address, size, stack, 0);
}

/*
 * An event of a kind whose fields have a length before them, so long after the thread's
 * last one; ticks: of a window that may have to be opened.  Moves no clock of the window.
 */
static inline void lb_mapping(struct log_builder *lb, uint32_t thread, uint64_t ticks,
			      unsigned kind, uint64_t after, const uint64_t *fields,
			      size_t count)
{
	uint8_t bytes[128] = { MS_TAG_EXTENDED, (uint8_t)kind }, payload[128];
	uint8_t *p = ms_varint_put(payload, after), *q;

	for (size_t i = 0; i < count; i++)
		p = ms_varint_put(p, fields[i]);
	q = ms_varint_put(bytes + 2, (uint64_t)(p - payload));
	memcpy(q, payload, (size_t)(p - payload));
	q += p - payload;
	if (!lb_append(lb, lb_current(lb, MS_WINDOW_EVENTS, thread, ticks), bytes,
		       (size_t)(q - bytes)))
		lb_append(lb, lb_open(lb, MS_WINDOW_EVENTS, thread, ticks), bytes,
			  (size_t)(q - bytes));
}

/* A record in a window that the caller opened; false: no room. */
static inline bool lb_record_in(struct log_builder *lb, size_t window, unsigned type,
				const void *payload, size_t n)
{
	uint8_t *bytes = malloc(n + 16), *p = bytes;
	bool ok;

	if (!bytes)
		lb_die("out of memory");
	*p++ = (uint8_t)(type << 3);
	p = ms_varint_put(p, n);
	if (n)
		memcpy(p, payload, n);
	ok = lb_append(lb, window, bytes, (size_t)(p - bytes) + n);
	lb->windows[window].full = !ok;
	free(bytes);
	return ok;
}

static inline void lb_record(struct log_builder *lb, unsigned type, const void *payload,
			     size_t n)
{
	size_t window = lb_current(lb, MS_WINDOW_META, 0, 0);

	if (!lb_record_in(lb, window, type, payload, n)) {
		window = lb_open(lb, MS_WINDOW_META, 0, 0);
		if (!lb_record_in(lb, window, type, payload, n))
			lb_die("window_bytes is too small");
	}
}

/* A record of varints followed by text; each number is a uint64_t. */
static inline void lb_record_of(struct log_builder *lb, unsigned type,
				const uint64_t *numbers, size_t count, const char *text)
{
	uint8_t payload[2048], *p = payload;
	size_t len = text ? strlen(text) : 0;

	if (len > 1024)
		lb_die("text too long");
	for (size_t i = 0; i < count; i++)
		p = ms_varint_put(p, numbers[i]);
	if (len)
		memcpy(p, text, len);
	lb_record(lb, type, payload, (size_t)(p - payload) + len);
}

#define LB_NUMBERS(...) \
	(const uint64_t[]){ __VA_ARGS__ }, sizeof((uint64_t[]){ __VA_ARGS__ }) / 8

/* A mark that a thread, or none that is known (0), made. */
static inline void lb_mark(struct log_builder *lb, uint32_t thread, uint64_t ticks,
			   const char *name)
{
	lb_record_of(lb, MS_RECORD_ANNOTATION,
		     LB_NUMBERS(MS_ANNOTATION_MARK, ticks, thread), name);
}

static inline void lb_fact(struct log_builder *lb, const char *key, const char *value)
{
	char payload[2048];
	int n = snprintf(payload, sizeof(payload), "%s%c%s", key, 0, value);

	lb_record(lb, MS_RECORD_FACT, payload, (size_t)n);
}

static inline void lb_thread(struct log_builder *lb, uint32_t thread, uint64_t ticks,
			     uint64_t tid, const char *name)
{
	lb_record_of(lb, MS_RECORD_THREAD_BEGIN, LB_NUMBERS(thread, ticks, tid), NULL);
	if (name)
		lb_record_of(lb, MS_RECORD_THREAD_NAME, LB_NUMBERS(thread, ticks), name);
}

/* build_id_bytes may be 0. */
static inline void lb_module(struct log_builder *lb, uint32_t id, uint64_t ticks,
			     uint64_t base, uint64_t start, uint64_t end,
			     const void *build_id, size_t build_id_bytes,
			     const char *path)
{
	uint8_t payload[2048], *p = payload;

	p = ms_varint_put(p, id);
	p = ms_varint_put(p, ticks);
	p = ms_varint_put(p, base);
	p = ms_varint_put(p, start);
	p = ms_varint_put(p, end);
	p = ms_varint_put(p, build_id_bytes);
	if (build_id_bytes)
		memcpy(p, build_id, build_id_bytes);
	p += build_id_bytes;
	memcpy(p, path, strlen(path));
	lb_record(lb, MS_RECORD_MODULE, payload, (size_t)(p - payload) + strlen(path));
}

/* A node of the stack trie; returns its id. */
static inline uint32_t lb_node(struct log_builder *lb, uint32_t module, uint64_t offset,
			       uint32_t parent)
{
	uint32_t id = ++lb->nodes;
	struct ms_wire_window *wire = NULL;
	struct ms_wire_node *node;
	struct lb_window *w = NULL;

	for (size_t i = 0; i < lb->window_count; i++) {
		if (lb->windows[i].kind == MS_WINDOW_NODES && !lb->windows[i].full) {
			w = &lb->windows[i];
			wire = lb_wire(lb, i);
		}
	}
	if (!w || w->used == (wire->length - 64) / 16) {
		if (w)
			w->full = true;
		w = &lb->windows[lb_open(lb, MS_WINDOW_NODES, id, 0)];
		wire = lb_wire(lb, (size_t)(w - lb->windows));
	}
	node = (struct ms_wire_node *)(void *)((uint8_t *)wire + 64) + w->used++;
	node->where = (uint64_t)module << MS_WHERE_MODULE_SHIFT | offset;
	node->parent = parent;
	node->check = ms_wire_node_check(id, node->where, parent);
	return id;
}

/* What exit() leaves: all windows sealed, the status checked. */
static inline void lb_end(struct log_builder *lb, uint64_t end_ticks)
{
	for (size_t i = 0; i < lb->window_count; i++)
		lb_seal(lb, i);
	lb_status(lb)->end = MS_END_EXITED;
	lb_status(lb)->end_ticks = end_ticks;
	lb_fix_status(lb);
}

/* Write the log to a new temporary file; path gets its name (at least 64 bytes). */
static inline void lb_save_bytes(const void *data, size_t len, char *path)
{
	int fd;

	strcpy(path, "/tmp/memscope-check-XXXXXX");
	fd = mkstemp(path);
	if (fd < 0 || (len && write(fd, data, len) != (ssize_t)len) || close(fd) != 0)
		lb_die("cannot write a temporary file");
}

static inline void lb_save(struct log_builder *lb, char *path)
{
	lb_save_bytes(lb->data, lb->len, path);
}

#endif
