/* SPDX-License-Identifier: Apache-2.0 */
/*
 * check_decode.c - events and records byte by byte.
 */
#include "analyzer/event_store/decode.h"
#include "tests/unit/log_builder.h"

#include <check.h>

/* Padding makes a body long enough for the decoder's fast way, or leaves it short. */
#define PADDING	 64
#define MALLOC_1 0x01, 0, 0, 0x01 /* malloc(0), no ticks later, at the same address */

struct row {
	const char *what; /* NULL: an event */
	uint8_t bytes[40];
	size_t len;
	struct ms_event event;
};

#define EVENT(kind_, ticks, address_, size_, stack_, align)                        \
	{                                                                          \
		.at_ns = 100 + (ticks), .address = (address_), .size = (size_),    \
		.stack = (stack_), .kind = MS_EVENT_##kind_, .align_log2 = (align) \
	}
#define BYTES(...) { __VA_ARGS__ }, sizeof((uint8_t[]){ __VA_ARGS__ })

static const struct row rows[] = {
	{ NULL, BYTES(0x01, 7, 2, 0x0b), EVENT(MALLOC, 7, 16, 5, 0, 0) },
	{ NULL, BYTES(0x81, 7, 2, 0x0b, 0x07), EVENT(MALLOC, 7, 16, 5, 3, 0) },
	{ NULL, BYTES(0x02, 7, 1), EVENT(FREE, 7, (uint64_t)-16, 0, 0, 0) },
	{ NULL, BYTES(0x82, 7, 2, 0x07), EVENT(FREE, 7, 16, 0, 3, 0) },
	{ NULL, BYTES(0x03, 0, 0, 0x01), EVENT(CALLOC, 0, 0, 0, 0, 0) },
	{ NULL, BYTES(0x04, 255, 254, 0x03), EVENT(NEW, 255, 127 * 16, 1, 0, 0) },
	{ NULL, BYTES(0x05, 1, 2), EVENT(DELETE, 1, 16, 0, 0, 0) },
	{ NULL, BYTES(0x06, 1, 2), EVENT(REALLOC_BEGIN, 1, 16, 0, 0, 0) },
	/* widths of times */
	{ NULL, BYTES(0x0a, 1, 2, 2), EVENT(FREE, 0x201, 16, 0, 0, 0) },
	{ NULL, BYTES(0x12, 1, 2, 3, 4, 2), EVENT(FREE, 0x4030201, 16, 0, 0, 0) },
	{ NULL, BYTES(0x1a, 1, 2, 3, 4, 5, 6, 7, 8, 2),
	  EVENT(FREE, 0x807060504030201, 16, 0, 0, 0) },
	/* widths of addresses */
	{ NULL, BYTES(0x22, 1, 2, 2), EVENT(FREE, 1, 0x1010, 0, 0, 0) },
	{ NULL, BYTES(0x42, 1, 2, 2, 2), EVENT(FREE, 1, 0x101010, 0, 0, 0) },
	{ NULL, BYTES(0x62, 1, 0, 0, 0, 0, 0, 0x80),
	  EVENT(FREE, 1, UINT64_C(1) << 50, 0, 0, 0) },
	/* the byte after the tag */
	{ NULL, BYTES(0x07, 7, 1, 2, 0x0b), EVENT(MEMALIGN, 1, 16, 5, 0, 0) },
	{ NULL, BYTES(0x07, 0x47, 1, 1, 2, 3, 4, 5, 6, 7, 8, 0x0b),
	  EVENT(MEMALIGN, 1, 0x807060504030201, 5, 0, 0) },
	{ NULL, BYTES(0x07, 0x87, 1, 2, 12, 0x0b), EVENT(MEMALIGN, 1, 16, 5, 0, 12) },
	{ NULL, BYTES(0x87, 0xc7, 1, 1, 0, 0, 0, 0, 0, 0, 0, 63, 0x0b, 0x07),
	  EVENT(MEMALIGN, 1, 1, 5, 3, 63) },
	{ NULL, BYTES(0x07, 41, 1, 2, 0x0b), EVENT(REALLOC_END, 1, 16, 5, 0, 0) },
	{ NULL, BYTES(0x07, 43, 1, 2), EVENT(REALLOC_FREED, 1, 16, 0, 0, 0) },
	{ NULL, BYTES(0x07, 1, 1, 2, 0x0b), EVENT(MALLOC, 1, 16, 5, 0, 0) },
	/* the largest of all: 37 bytes */
	{ NULL,
	  BYTES(0x9f, 0xc7, 155, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255,
		255, 255, 255, 255, 63, 0, 255, 255, 255, 255, 255, 255, 255, 255, 0, 255,
		255, 255, 255, 0, 0, 0, 0),
	  EVENT(MEMALIGN, UINT64_MAX - 100, UINT64_MAX, UINT64_MAX, UINT32_MAX, 63) },
	/* what is wrong */
	{ "a zero byte where an event or record begins", BYTES(0), { 0 } },
	{ "its time overflows",
	  BYTES(0x1a, 156, 255, 255, 255, 255, 255, 255, 255, 2),
	  { 0 } },
	{ "an event of unknown kind", BYTES(0x07, 0, 1, 2), { 0 } },
	{ "an event of unknown kind", BYTES(0x07, 18, 1, 2), { 0 } },
	{ "an event of unknown kind", BYTES(0x07, 44, 1, 2), { 0 } },
	{ "its alignment is no power of two", BYTES(0x07, 0x87, 1, 2, 64, 0x0b), { 0 } },
	{ "its stack id is too large", BYTES(0x82, 1, 2, 0x10, 0, 0, 0, 0x20), { 0 } },
};

static void check_event(const struct row *row, const struct ms_event *got)
{
	const struct ms_event *want = &row->event;

	ck_assert_uint_eq(got->kind, want->kind);
	ck_assert_uint_eq(got->class, ms_event_kind_info(want->kind)->class);
	ck_assert_uint_eq(got->at_ns, want->at_ns);
	ck_assert_uint_eq(got->address, want->address);
	ck_assert_uint_eq(got->size, want->size);
	ck_assert_uint_eq(got->stack, want->stack);
	ck_assert_uint_eq(got->align_log2, want->align_log2);
}

/* Decode len bytes from memory of exactly that size, so that a sanitizer sees any excess.
 */
static enum ms_decoded decode_exactly(struct ms_decoder *d, struct ms_event *event,
				      uint8_t **memory, const uint8_t *bytes, size_t len)
{
	*memory = malloc(len + 1);
	memcpy(*memory, bytes, len);
	*d = ms_decoder(*memory, len, 100);
	memset(event, 0xee, sizeof(*event));
	return ms_decode(d, event);
}

static void check_row(const struct row *row, const uint8_t *bytes, size_t len)
{
	struct ms_decoder d;
	struct ms_event event;
	uint8_t *memory;
	enum ms_decoded decoded = decode_exactly(&d, &event, &memory, bytes, len);

	if (row->what) {
		ck_assert_int_eq(decoded, MS_DECODED_FAULT);
		ck_assert_str_eq(d.fault, row->what);
		ck_assert_ptr_eq(d.p, memory);
		ck_assert_int_eq(ms_decode(&d, &event), MS_DECODED_FAULT);
	} else {
		ck_assert_int_eq(decoded, MS_DECODED_EVENT);
		ck_assert_ptr_eq(d.p, memory + row->len);
		check_event(row, &event);
	}
	free(memory);
}

START_TEST(rows_are_decoded)
{
	uint8_t bytes[40 + PADDING];

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		memset(bytes, 0xff, sizeof(bytes));
		memcpy(bytes, rows[i].bytes, rows[i].len);
		check_row(&rows[i], bytes, rows[i].len);
		check_row(&rows[i], bytes, rows[i].len + PADDING);
	}
}
END_TEST

START_TEST(every_cut_is_seen)
{
	struct ms_decoder d;
	struct ms_event event;
	uint8_t *memory;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		for (size_t len = 1; !rows[i].what && len < rows[i].len; len++) {
			ck_assert_int_eq(
				decode_exactly(&d, &event, &memory, rows[i].bytes, len),
				MS_DECODED_FAULT);
			ck_assert_str_eq(d.fault, "an event is cut off");
			ck_assert_ptr_eq(d.p, memory);
			free(memory);
		}
	}
}
END_TEST

START_TEST(state_carries_over)
{
	static const uint8_t bytes[] = {
		0x02, 10,   4,			       /* +10 ticks, 32 */
		0x07, 0x54, 5, 9, 0, 0, 0, 0, 0, 0, 0, /* +5, free at 9 as it is */
		0x02, 1,    1,			       /* +1, 32 - 16 */
	};
	struct ms_decoder d = ms_decoder(bytes, sizeof(bytes), 1000);
	struct ms_event event;

	ck_assert_int_eq(ms_decode(&d, &event), MS_DECODED_EVENT);
	ck_assert_uint_eq(event.at_ns, 1010);
	ck_assert_uint_eq(event.address, 32);
	ck_assert_int_eq(ms_decode(&d, &event), MS_DECODED_EVENT);
	ck_assert_uint_eq(event.at_ns, 1015);
	ck_assert_uint_eq(event.address, 9);
	ck_assert_int_eq(ms_decode(&d, &event), MS_DECODED_EVENT);
	ck_assert_uint_eq(event.at_ns, 1016);
	ck_assert_uint_eq(event.address, 16);
	ck_assert_int_eq(ms_decode(&d, &event), MS_DECODED_END);
	ck_assert_int_eq(ms_decode(&d, &event), MS_DECODED_END);
}
END_TEST

START_TEST(later_kinds_are_passed_over)
{
	static const uint8_t bytes[] = { 0x9f, 53, 0x07, 1,    2,  3,	 0x07, 0xff, 0x01,
					 0x02, 7,  2,	 0x07, 63, 0x09, 1,    2 };
	struct ms_decoder d = ms_decoder(bytes, sizeof(bytes), 100);
	struct ms_event event;

	ck_assert_int_eq(ms_decode(&d, &event), MS_DECODED_EVENT);
	ck_assert_uint_eq(event.at_ns, 107);
	ck_assert_int_eq(ms_decode(&d, &event), MS_DECODED_FAULT);
	ck_assert_str_eq(d.fault, "an event is longer than what is left");
	ck_assert_ptr_eq(d.p, bytes + 12);
}
END_TEST

START_TEST(records_are_framed)
{
	static const uint8_t bytes[] = { 30 << 3, 0x07, 'a', 'b',    'c',  9 << 3, 0x01,
					 2 << 3,  0x03, 'x', 2 << 3, 0x05, 'x' };
	struct ms_decoder d = ms_decoder(bytes, sizeof(bytes), 100);
	struct ms_event event;

	ck_assert_int_eq(ms_decode(&d, &event), MS_DECODED_RECORD);
	ck_assert_uint_eq(d.type, 30);
	ck_assert_uint_eq(d.payload_bytes, 3);
	ck_assert_mem_eq(d.payload, "abc", 3);
	ck_assert_int_eq(ms_decode(&d, &event), MS_DECODED_RECORD);
	ck_assert_uint_eq(d.type, 9);
	ck_assert_uint_eq(d.payload_bytes, 0);
	ck_assert_int_eq(ms_decode(&d, &event), MS_DECODED_RECORD);
	ck_assert_int_eq(ms_decode(&d, &event), MS_DECODED_FAULT);
	ck_assert_str_eq(d.fault, "a record is longer than what is left");
	ck_assert_ptr_eq(d.p, bytes + 10);
}
END_TEST

START_TEST(a_length_cannot_wrap)
{
	static const uint8_t record[] = { 2 << 3, 0,   255, 255, 255,
					  255,	  255, 255, 255, 255 };
	static const uint8_t later[] = {
		7, 50, 0, 255, 255, 255, 255, 255, 255, 255, 255
	};
	struct ms_decoder d = ms_decoder(record, sizeof(record), 0);
	struct ms_event event;

	ck_assert_int_eq(ms_decode(&d, &event), MS_DECODED_FAULT);
	d = ms_decoder(later, sizeof(later), 0);
	ck_assert_int_eq(ms_decode(&d, &event), MS_DECODED_FAULT);
}
END_TEST

/* thread and ticks of a THREAD record's payload; false: malformed. */
static bool decode_thread(const void *payload, size_t len, uint32_t *thread,
			  struct ms_decoder *d)
{
	*d = (struct ms_decoder){
		.ticks = 5, .address = 5, .payload = payload, .payload_bytes = len
	};
	return ms_decode_thread(d, thread);
}

START_TEST(thread_records)
{
	uint8_t payload[32], *p = payload;
	struct ms_decoder d;
	uint32_t thread;

	p = ms_varint_put(p, UINT32_MAX);
	p = ms_varint_put(p, 777777);
	*p++ = 0xaa; /* of a later version */
	ck_assert(decode_thread(payload, (size_t)(p - payload), &thread, &d));
	ck_assert_uint_eq(thread, UINT32_MAX);
	ck_assert_uint_eq(d.ticks, 777777);
	ck_assert_uint_eq(d.address, 0);
	ck_assert(!decode_thread(payload, 5, &thread, &d));
	ck_assert_str_eq(d.fault, "a thread record is malformed");
	ck_assert(!decode_thread("", 0, &thread, &d));
	ck_assert(!decode_thread("\x01\x03", 2, &thread, &d)); /* thread 0 */
	p = ms_varint_put(payload, (uint64_t)UINT32_MAX + 1);
	p = ms_varint_put(p, 1);
	ck_assert(!decode_thread(payload, (size_t)(p - payload), &thread, &d));
}
END_TEST

/* The store says where a window went wrong, and keeps what came before. */
START_TEST(the_store_keeps_what_is_right)
{
	static const uint8_t bytes[] = { MALLOC_1, 1 << 3, 0x05, 0x05, 0x0b,	MALLOC_1,
					 MALLOC_1, 1 << 3, 0x03, 0x05, MALLOC_1 };
	struct ms_store_window window = {
		.body = bytes, .body_bytes = sizeof(bytes), .sequence = 1, .thread = 1
	};
	struct ms_store_fault fault;
	struct ms_store *store;
	uint64_t first, last;

	ck_assert_int_eq(ms_store_new(&store, NULL), MS_OK);
	ck_assert(!ms_store_tick_range(store, &first, &last));
	ck_assert_int_eq(ms_store_add_window(store, &window, &fault, NULL), MS_OK);
	ck_assert_str_eq(fault.what, "a thread record is malformed");
	ck_assert_uint_eq(fault.offset, 16);
	ck_assert_uint_eq(ms_store_event_count(store), 3);
	ck_assert(ms_store_tick_range(store, &first, &last));
	ck_assert_uint_eq(first, 0);
	ck_assert_uint_eq(last, 5);
	ms_store_free(store);
}
END_TEST

START_TEST(random_bytes_do_no_harm)
{
	struct ms_decoder d;
	struct ms_event event;
	uint8_t bytes[256], *memory;
	enum ms_decoded decoded;

	for (uint64_t x = 1, round = 0; round < 50000; round++) {
		size_t len = round % sizeof(bytes), items = 0;

		for (size_t i = 0; i < len; i++) {
			x = x * 6364136223846793005ULL + 1442695040888963407ULL;
			bytes[i] = (uint8_t)(x >> 56);
		}
		decoded = decode_exactly(&d, &event, &memory, bytes, len);
		for (; decoded == MS_DECODED_EVENT || decoded == MS_DECODED_RECORD;
		     items++)
			decoded = ms_decode(&d, &event);
		ck_assert_uint_le(items, len / 2);
		ck_assert(decoded == MS_DECODED_END || d.fault);
		free(memory);
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("decode");
	TCase *tests = tcase_create("decode");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_set_timeout(tests, 120);
	tcase_add_test(tests, rows_are_decoded);
	tcase_add_test(tests, every_cut_is_seen);
	tcase_add_test(tests, state_carries_over);
	tcase_add_test(tests, later_kinds_are_passed_over);
	tcase_add_test(tests, records_are_framed);
	tcase_add_test(tests, a_length_cannot_wrap);
	tcase_add_test(tests, thread_records);
	tcase_add_test(tests, the_store_keeps_what_is_right);
	tcase_add_test(tests, random_bytes_do_no_harm);
	suite_add_tcase(suite, tests);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? 1 : 0;
}
