/* SPDX-License-Identifier: Apache-2.0 */
/*
 * log_record.c - the descriptive records of a log, handed to metadata.
 *
 * Two passes: the clock's records first, since all other times need its scale.
 */
#include "analyzer/base/alloc.h"
#include "analyzer/capture/log.h"
#include "common/bytes.h"

#define NS_A_TICK (UINT64_C(1) << 32) /* one, as struct ms_tick_scale has it */

struct reading { /* of the log's clock and CLOCK_MONOTONIC at one instant */
	uint64_t ticks, ns;
};

struct pass {
	struct ms_log *log;
	struct ms_metadata *meta;
	bool any; /* the first pass: readings were found */
	struct reading first, last;
	struct ms_map named; /* the second: thread to ticks of its name */
};

/* Reads one payload; sets payload->bad when it is malformed.  MS_OK or MS_ENOMEM. */
typedef ms_status handler(struct pass *pass, struct ms_bytes *payload);

/* --- fields ---------------------------------------------------------------------------
 */

/* A varint from least to most. */
static uint64_t take_between(struct ms_bytes *payload, uint64_t least, uint64_t most)
{
	uint64_t value = ms_bytes_varint(payload);

	if (value < least || value > most)
		payload->bad = true;
	return value;
}

static uint32_t take_thread(struct ms_bytes *payload)
{
	return (uint32_t)take_between(payload, 1, UINT32_MAX);
}

static uint32_t take_module(struct ms_bytes *payload)
{
	return (uint32_t)take_between(payload, 1, MS_MODULE_CUT - 1);
}

static uint64_t to_ns(struct pass *pass, uint64_t ticks)
{
	if (ticks > pass->log->last_ticks)
		pass->log->last_ticks = ticks;
	return ms_ticks_to_ns(&pass->log->scale, ticks);
}

/* --- records --------------------------------------------------------------------------
 */

static ms_status read_clock(struct pass *pass, struct ms_bytes *payload)
{
	struct reading r = { .ticks = ms_bytes_varint(payload) };

	r.ns = ms_bytes_varint(payload);
	if (payload->bad)
		return MS_OK;
	if (!pass->any || r.ticks < pass->first.ticks)
		pass->first = r;
	if (!pass->any || r.ticks > pass->last.ticks)
		pass->last = r;
	pass->any = true;
	return MS_OK;
}

static ms_status read_fact(struct pass *pass, struct ms_bytes *payload)
{
	const uint8_t *nul = memchr(payload->p, 0, ms_bytes_left(payload));
	const char *key = (const char *)payload->p;

	if (!nul || nul == payload->p) {
		payload->bad = true;
		return MS_OK;
	}
	return ms_metadata_add_fact(pass->meta, key, (size_t)(nul - payload->p),
				    (const char *)nul + 1,
				    (size_t)(payload->end - nul - 1));
}

static ms_status read_module(struct pass *pass, struct ms_bytes *payload)
{
	struct ms_module module = { .id = take_module(payload), .gone_ns = UINT64_MAX };
	uint64_t ticks = ms_bytes_varint(payload), bytes;

	module.base = ms_bytes_varint(payload);
	module.start = ms_bytes_varint(payload);
	module.end = ms_bytes_varint(payload);
	bytes = ms_bytes_varint(payload);
	module.build_id = ms_bytes_take(payload, bytes);
	if (module.end < module.start)
		payload->bad = true;
	if (payload->bad)
		return MS_OK;
	module.build_id_bytes = (size_t)bytes;
	module.seen_ns = to_ns(pass, ticks);
	module.path = (const char *)payload->p;
	return ms_metadata_add_module(pass->meta, &module, ms_bytes_left(payload));
}

static ms_status read_module_gone(struct pass *pass, struct ms_bytes *payload)
{
	uint32_t id = take_module(payload);
	uint64_t ticks = ms_bytes_varint(payload);

	if (!payload->bad)
		ms_metadata_module_gone(pass->meta, id, to_ns(pass, ticks));
	return MS_OK;
}

static ms_status read_thread_begin(struct pass *pass, struct ms_bytes *payload)
{
	uint32_t id = take_thread(payload);
	uint64_t ticks = ms_bytes_varint(payload), tid = ms_bytes_varint(payload);
	uint64_t low, high;
	ms_status status;

	if (payload->bad)
		return MS_OK;
	status = ms_metadata_add_thread(pass->meta, id, tid, to_ns(pass, ticks));
	if (status != MS_OK || !ms_bytes_left(payload))
		return status;
	low = ms_bytes_varint(payload);
	high = ms_bytes_varint(payload);
	if (!payload->bad)
		ms_metadata_thread_stack(pass->meta, id, low, high);
	return MS_OK;
}

/* The last name by time stands, whichever window it came to lie in. */
static ms_status read_thread_name(struct pass *pass, struct ms_bytes *payload)
{
	uint32_t id = take_thread(payload);
	uint64_t ticks = ms_bytes_varint(payload), *named;

	if (payload->bad)
		return MS_OK;
	to_ns(pass, ticks);
	named = ms_map_at(&pass->named, id, NULL);
	if (!named)
		return MS_ENOMEM;
	if (ticks < *named)
		return MS_OK;
	*named = ticks;
	return ms_metadata_name_thread(pass->meta, id, (const char *)payload->p,
				       ms_bytes_left(payload));
}

static ms_status read_thread_end(struct pass *pass, struct ms_bytes *payload)
{
	uint32_t id = take_thread(payload);
	uint64_t ticks = ms_bytes_varint(payload);

	if (payload->bad)
		return MS_OK;
	return ms_metadata_end_thread(pass->meta, id, to_ns(pass, ticks));
}

static ms_status read_sample(struct pass *pass, struct ms_bytes *payload)
{
	uint64_t ticks = ms_bytes_varint(payload);
	struct ms_sample sample = { .resident_bytes = ms_bytes_varint(payload) };

	sample.minor_faults = ms_bytes_varint(payload);
	sample.major_faults = ms_bytes_varint(payload);
	if (payload->bad)
		return MS_OK;
	sample.at_ns = to_ns(pass, ticks);
	return ms_metadata_add_sample(pass->meta, &sample);
}

/* Keys of later versions are skipped. */
static ms_status read_cost(struct pass *pass, struct ms_bytes *payload)
{
	uint32_t thread = (uint32_t)take_between(payload, 0, UINT32_MAX);
	uint64_t ticks = ms_bytes_varint(payload), values[MS_COST_COUNT] = { 0 };

	while (!payload->bad && ms_bytes_left(payload)) {
		uint64_t key = ms_bytes_varint(payload), value = ms_bytes_varint(payload);

		if (key < MS_COST_COUNT)
			values[key] = value;
	}
	if (payload->bad)
		return MS_OK;
	to_ns(pass, ticks);
	return ms_metadata_add_cost(pass->meta, thread, ticks, values);
}

static ms_status read_state(struct pass *pass, struct ms_bytes *payload)
{
	uint64_t ticks = ms_bytes_varint(payload);
	int on = (int)take_between(payload, 0, 1);

	if (payload->bad)
		return MS_OK;
	return ms_metadata_add_note(pass->meta, to_ns(pass, ticks), on, "", 0);
}

static ms_status read_note(struct pass *pass, struct ms_bytes *payload)
{
	return ms_metadata_add_note(pass->meta, 0, -1, (const char *)payload->p,
				    ms_bytes_left(payload));
}

static ms_status read_mode(struct pass *pass, struct ms_bytes *payload)
{
	uint64_t mode = ms_bytes_varint(payload), parameter = ms_bytes_varint(payload);
	uint64_t ticks = ms_bytes_varint(payload);

	if (!payload->bad)
		ms_log_mode_told(pass->log, mode < 256 ? (unsigned)mode : 0, parameter,
				 ticks);
	return MS_OK;
}

/* Of kinds that later versions know there may be any number of fields. */
static ms_status read_annotation(struct pass *pass, struct ms_bytes *payload)
{
	uint64_t kind = ms_bytes_varint(payload), ticks;
	uint32_t thread;

	if (payload->bad || kind != MS_ANNOTATION_MARK)
		return MS_OK;
	ticks = ms_bytes_varint(payload);
	thread = (uint32_t)take_between(payload, 0, UINT32_MAX);
	if (payload->bad)
		return MS_OK;
	return ms_metadata_add_mark(pass->meta, to_ns(pass, ticks), thread,
				    (const char *)payload->p, ms_bytes_left(payload));
}

static ms_status read_exec(struct pass *pass, struct ms_bytes *payload)
{
	uint64_t ticks = ms_bytes_varint(payload), error = ms_bytes_varint(payload);

	if (payload->bad)
		return MS_OK;
	return ms_metadata_add_exec(pass->meta, to_ns(pass, ticks), error,
				    (const char *)payload->p, ms_bytes_left(payload));
}

static ms_status read_pointers(struct pass *pass, struct ms_bytes *payload)
{
	struct ms_pointer_map map = { 0 };
	uint64_t ticks;

	map.number = (uint32_t)take_between(payload, 1, UINT32_MAX);
	ticks = ms_bytes_varint(payload);
	map.why = (unsigned)take_between(payload, 0, UINT32_MAX);
	map.state = (unsigned)take_between(payload, 0, UINT32_MAX);
	map.error = ms_bytes_varint(payload);
	map.pause_ns = ms_bytes_varint(payload);
	map.resident_bytes = ms_bytes_varint(payload);
	map.threads = ms_bytes_varint(payload);
	if (payload->bad)
		return MS_OK;
	map.at_ns = to_ns(pass, ticks);
	return ms_log_map_told(pass->log, &map);
}

static ms_status read_left(struct pass *pass, struct ms_bytes *payload)
{
	uint64_t ticks = ms_bytes_varint(payload);
	unsigned why = (unsigned)take_between(payload, 0, UINT32_MAX);

	if (payload->bad)
		return MS_OK;
	to_ns(pass, ticks);
	pass->log->left = why;
	return MS_OK;
}

static handler *const clock_handlers[32] = {
	[MS_RECORD_CLOCK] = read_clock,
};

static handler *const other_handlers[32] = {
	[MS_RECORD_FACT] = read_fact,
	[MS_RECORD_MODULE] = read_module,
	[MS_RECORD_MODULE_GONE] = read_module_gone,
	[MS_RECORD_THREAD_BEGIN] = read_thread_begin,
	[MS_RECORD_THREAD_NAME] = read_thread_name,
	[MS_RECORD_THREAD_END] = read_thread_end,
	[MS_RECORD_SAMPLE] = read_sample,
	[MS_RECORD_STATE] = read_state,
	[MS_RECORD_NOTE] = read_note,
	[MS_RECORD_MODE] = read_mode,
	[MS_RECORD_EXEC] = read_exec,
	[MS_RECORD_ANNOTATION] = read_annotation,
	[MS_RECORD_COST] = read_cost,
	[MS_RECORD_POINTERS] = read_pointers,
	[MS_RECORD_LEFT] = read_left,
};

/* --- passes ----------------------------------------------------------------------------
 */

/* The record at b: its payload, or a text that says why there is none. */
static const char *take_record(struct ms_bytes *b, unsigned *type,
			       struct ms_bytes *payload)
{
	uint8_t tag = *ms_bytes_take(b, 1);
	uint64_t len_bytes;
	const uint8_t *p;

	if (!tag)
		return "a zero byte where a record begins";
	if (tag & MS_TAG_KIND)
		return "an event among records";
	len_bytes = ms_bytes_varint(b);
	p = ms_bytes_take(b, len_bytes);
	if (b->bad)
		return "a record is longer than what is left";
	*type = tag >> 3;
	*payload = ms_bytes(p, (size_t)len_bytes);
	return NULL;
}

/* Only the second pass lists damage of the frame, so that it is listed once. */
static ms_status read_window(struct pass *pass, const struct ms_log_window *window,
			     handler *const *handlers)
{
	uint64_t bytes, start = window->offset + window->header_bytes;
	const uint8_t *body = ms_log_body(pass->log, window, &bytes), *record;
	struct ms_bytes b = ms_bytes(body, (size_t)bytes), payload;
	ms_status status = MS_OK;
	const char *what;
	unsigned type;

	while (status == MS_OK && ms_bytes_left(&b)) {
		record = b.p;
		what = take_record(&b, &type, &payload);
		if (what) {
			if (handlers == other_handlers)
				ms_log_damaged(
					pass->log, start + (uint64_t)(record - body),
					bytes - (uint64_t)(record - body), "%s", what);
			return MS_OK;
		}
		if (!handlers[type])
			continue;
		status = handlers[type](pass, &payload);
		if (payload.bad)
			ms_log_damaged(pass->log, start + (uint64_t)(record - body),
				       (uint64_t)(b.p - record),
				       "a record of type %u is malformed", type);
	}
	return status;
}

/* Nanoseconds a tick between two readings; 0 when they do not tell. */
static uint64_t slope(const struct reading *a, const struct reading *b)
{
	unsigned __int128 mult;

	if (b->ticks <= a->ticks || b->ns <= a->ns)
		return 0;
	mult = ((unsigned __int128)(b->ns - a->ns) << 32) / (b->ticks - a->ticks);
	return mult > UINT64_MAX ? 0 : (uint64_t)mult;
}

static ms_status set_scale(struct pass *pass)
{
	static const char unknown[] =
		"the log has one reading of its clock only: times are in ticks, not in "
		"nanoseconds";
	const struct ms_wire_head *head = &pass->log->head;
	struct reading first = { head->start_ticks, head->start_mono_ns };
	uint64_t mult;

	/* a head that cannot be trusted is not asked for the time */
	if (!pass->log->head_ok && pass->any)
		first = pass->first;
	mult = head->clock == MS_CLOCK_MONOTONIC ? NS_A_TICK : 0;
	if (!mult && pass->any)
		mult = slope(&first, &pass->last);
	if (!mult && pass->any)
		mult = slope(&pass->first, &pass->last);
	pass->log->scale = (struct ms_tick_scale){ first.ticks, mult ? mult : NS_A_TICK };
	if (mult)
		return MS_OK;
	return ms_metadata_add_note(pass->meta, 0, -1, unknown, sizeof(unknown) - 1);
}

ms_status ms_log_read_records(struct ms_log *log, struct ms_metadata *meta,
			      struct ms_error *err)
{
	struct pass pass = { .log = log, .meta = meta };
	const struct ms_log_window **windows;
	size_t count;
	ms_status status = ms_log_sorted(log, MS_WINDOW_META, &windows, &count, err);

	if (status != MS_OK)
		return status;
	ms_map_init(&pass.named);
	for (size_t i = 0; status == MS_OK && i < count; i++)
		status = read_window(&pass, windows[i], clock_handlers);
	if (status == MS_OK)
		status = set_scale(&pass);
	for (size_t i = 0; status == MS_OK && i < count; i++)
		status = read_window(&pass, windows[i], other_handlers);
	ms_map_release(&pass.named);
	ms_free(windows);
	return status == MS_OK ? MS_OK : ms_fail_memory(err);
}
