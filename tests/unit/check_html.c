/* SPDX-License-Identifier: Apache-2.0 */
/*
 * check_html.c - the page: its data comes out as it went in, and there is always room.
 */
#include "analyzer/base/alloc.h"
#include "analyzer/render/render.h"
#include "analyzer/render/report.h"

#include <check.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

static const char page[] = "<html><b id=d>@MEMSCOPE_DATA@</b></html>";
#define BEFORE "<html><b id=d>"
#define AFTER  "</b></html>"

static char text[1 << 20], data[1 << 24];
static size_t text_len;
static int failure; /* of writing */

static int take(void *context, const char *bytes, size_t count)
{
	(void)context;
	if (failure)
		return failure;
	ck_assert_uint_lt(text_len + count, sizeof(text));
	memcpy(text + text_len, bytes, count);
	text_len += count;
	text[text_len] = '\0';
	return 0;
}

static ms_status fill(const struct ms_report *report, size_t most, struct ms_error *err)
{
	struct ms_writer *writer = malloc(sizeof(*writer));
	ms_status status;

	ck_assert(writer != NULL);
	text_len = 0;
	ms_writer_init(writer, take, NULL, NULL);
	status = ms_html_fill(writer, report, page, strlen(page), most, err);
	if (status == MS_OK)
		status = ms_writer_finish(writer, err);
	free(writer);
	return status;
}

/* --- reading the page, by other code than what writes it -------------------------------
 */

static unsigned digit_of(char c)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwx"
				     "yz0123456789+/";
	const char *at = strchr(digits, c);

	ck_assert_msg(at && c, "no base64: %d", c);
	return (unsigned)(at - digits);
}

static size_t decode(unsigned char *out, const char *in, size_t len)
{
	unsigned bits = 0, have = 0;
	size_t n = 0;

	ck_assert_uint_eq(len % 4, 0);
	while (len && in[len - 1] == '=')
		len--;
	for (size_t i = 0; i < len; i++) {
		bits = bits << 6 | digit_of(in[i]);
		have += 6;
		if (have < 8)
			continue;
		have -= 8;
		out[n++] = (unsigned char)(bits >> have);
	}
	return n;
}

static json_t *read_page(void)
{
	size_t before = strlen(BEFORE), after = strlen(AFTER);
	unsigned char *packed = malloc(text_len);
	z_stream z = { 0 };
	json_t *document;

	ck_assert(packed != NULL);
	ck_assert_uint_gt(text_len, before + after);
	ck_assert_mem_eq(text, BEFORE, before);
	ck_assert_str_eq(text + text_len - after, AFTER);
	z.avail_in = (uInt)decode(packed, text + before, text_len - before - after);
	z.next_in = packed;
	z.next_out = (Bytef *)data;
	z.avail_out = sizeof(data);
	ck_assert_int_eq(inflateInit2(&z, 31), Z_OK);
	ck_assert_int_eq(inflate(&z, Z_FINISH), Z_STREAM_END);
	document = json_loadb(data, z.total_out, 0, NULL);
	inflateEnd(&z);
	free(packed);
	ck_assert_ptr_nonnull(document);
	return document;
}

/* --- a report -------------------------------------------------------------------------
 */

#define STACKS	3000
#define BUCKETS 12

struct made {
	struct ms_profile profile;
	struct ms_profile_frame frames[STACKS + 1];
	struct ms_profile_node nodes[STACKS + 1];
	struct ms_profile_row rows[STACKS];
	uint32_t sites[STACKS];
	char names[STACKS + 1][40];
	struct ms_report_process process;
	struct ms_report_bucket buckets[BUCKETS];
	struct ms_report_thread threads[4];
	struct ms_report report;
};

static uint32_t noise(uint32_t i)
{
	i = (i ^ i >> 15) * 0x2c1b3c6dU;
	return i ^ i >> 12;
}

static void make_stacks(struct made *m, size_t stacks)
{
	struct ms_fold_source source = { m->nodes, stacks + 1, m->rows, m->sites,
					 stacks };

	m->nodes[0] = (struct ms_profile_node){ 0, MS_PROFILE_NONE };
	for (size_t i = 0; i < stacks; i++) {
		snprintf(m->names[i], sizeof(m->names[i]), "f%08x%08x",
			 noise((uint32_t)i), noise((uint32_t)i + 77777));
		m->frames[i] = (struct ms_profile_frame){ .function = m->names[i],
							  .module = MS_PROFILE_NONE };
		m->nodes[i + 1] = (struct ms_profile_node){ 0, (uint32_t)i };
		m->sites[i] = (uint32_t)i;
		m->rows[i].node = (uint32_t)i + 1;
		for (unsigned v = 0; v < MS_METRICS; v++)
			m->rows[i].value[v] = noise((uint32_t)(i * 16 + v)) % 100000;
	}
	ck_assert_int_eq(ms_fold_init(&m->report.stacks, &source, 10 * STACKS, NULL),
			 MS_OK);
}

static void make_slices(struct made *m, size_t stacks)
{
	struct ms_slices *s = &m->process.slices;

	s->buckets = BUCKETS;
	s->cells = calloc(stacks * BUCKETS + 1, sizeof(*s->cells));
	s->start = calloc(BUCKETS + 1, sizeof(*s->start));
	s->threads = calloc(4 * BUCKETS, sizeof(*s->threads));
	ck_assert(s->cells && s->start && s->threads);
	s->thread_count = 4;
	for (size_t b = 0; b < BUCKETS; b++) {
		for (uint32_t i = 0; i < stacks; i++)
			s->cells[s->count++] =
				(struct ms_cell){ i, 1, noise(i) % 999, -1,
						  -(int64_t)(noise(i) % 50) };
		s->start[b + 1] = s->count;
		for (size_t t = 0; t < 4; t++)
			s->threads[t * BUCKETS + b] = (struct ms_made){ t + 1, 10 };
	}
}

static struct made *made_new(size_t stacks)
{
	struct made *m = calloc(1, sizeof(*m));

	ck_assert(m != NULL);
	make_stacks(m, stacks);
	make_slices(m, stacks);
	m->profile.frames = m->frames;
	m->profile.frame_count = stacks;
	m->process.pid = 4711;
	m->process.command = "./app";
	m->process.threads = m->threads;
	m->process.buckets = m->buckets;
	m->process.bucket_count = BUCKETS;
	for (size_t b = 0; b < BUCKETS; b++)
		m->buckets[b] = (struct ms_report_bucket){ .end_ns = 10 * b + 9,
							   .live_bytes = b };
	m->report.title = "title";
	m->report.generated_by = "test";
	m->report.profile = &m->profile;
	m->report.processes = &m->process;
	m->report.process_count = 1;
	return m;
}

static void made_free(struct made *m)
{
	ms_fold_release(&m->report.stacks);
	free(m->process.slices.cells);
	free(m->process.slices.start);
	free(m->process.slices.threads);
	json_decref(m->report.info);
	free(m);
}

static json_int_t sum_of(const json_t *array)
{
	json_int_t sum = 0;

	for (size_t i = 0; i < json_array_size(array); i++)
		sum += json_integer_value(json_array_get(array, i));
	return sum;
}

static const json_t *process_of(const json_t *document)
{
	return json_array_get(json_object_get(document, "processes"), 0);
}

static json_int_t row_sum(const json_t *document, const char *key)
{
	const json_t *rows = json_object_get(process_of(document), "rows");

	return sum_of(json_object_get(rows, key));
}

static json_int_t slice_sum(const json_t *document, const char *key)
{
	const json_t *slices = json_object_get(process_of(document), "slices");

	return sum_of(json_object_get(slices, key));
}

/* --- tests ----------------------------------------------------------------------------
 */

START_TEST(what_goes_in_comes_out)
{
	struct made *m = made_new(50);
	json_int_t allocated = 0;
	json_t *document;
	const json_t *process;

	for (size_t i = 0; i < 50; i++)
		allocated += (json_int_t)m->rows[i].value[MS_METRIC_ALLOCATED];
	ck_assert_int_eq(fill(&m->report, 1 << 20, NULL), MS_OK);
	document = read_page();
	process = process_of(document);
	ck_assert_str_eq(ms_json_string(document, "title"), "title");
	ck_assert_uint_eq(ms_json_u64(process, "pid"), 4711);
	ck_assert_int_eq(row_sum(document, "allocated"), allocated);
	ck_assert_int_eq(slice_sum(document, "live_blocks"), -50 * BUCKETS);
	ck_assert_uint_eq(json_array_size(json_object_get(process, "thread_rows")), 4);
	ck_assert(json_is_null(json_object_get(document, "folded")));
	ck_assert(json_is_null(json_object_get(document, "leaks")));
	json_decref(document);
	made_free(m);
}
END_TEST

/* The less room there is, the more is folded; sums never change. */
START_TEST(there_is_always_room)
{
	struct made *m = made_new(STACKS);
	size_t rooms[] = { 1 << 19, 1 << 17, 1 << 15, 6000 }, folded = 0;
	json_int_t peak = 0, made = 0;

	for (size_t i = 0; i < STACKS; i++)
		peak += (json_int_t)m->rows[i].value[MS_METRIC_PEAK_BYTES];
	for (size_t i = 0; i < m->process.slices.count; i++)
		made += (json_int_t)m->process.slices.cells[i].made_bytes;
	for (size_t i = 0; i < sizeof(rooms) / sizeof(rooms[0]); i++) {
		const json_t *say;
		json_t *document;

		ck_assert_int_eq(fill(&m->report, rooms[i], NULL), MS_OK);
		ck_assert_uint_le(text_len, rooms[i]);
		document = read_page();
		say = json_object_get(document, "folded");
		ck_assert_uint_ge(ms_json_u64(say, "rows"), folded);
		folded = ms_json_u64(say, "rows");
		ck_assert_int_eq(row_sum(document, "peak_bytes"), peak);
		ck_assert_int_eq(slice_sum(document, "made_bytes"), made);
		json_decref(document);
	}
	ck_assert_uint_gt(folded, STACKS / 2);
	made_free(m);
}
END_TEST

/* Lists and texts of a hostile log, too. */
START_TEST(long_lists_are_cut)
{
	struct made *m = made_new(2);
	char *name = malloc(100001);
	json_t *document, *list = json_array();
	const json_t *got;

	ck_assert(name && list);
	for (uint32_t i = 0; i < 100000; i++)
		name[i] = (char)('!' + noise(i) % 90);
	name[100000] = '\0';
	for (uint32_t i = 0; i < 20000; i++)
		ck_assert_int_eq(json_array_append_new(list, ms_json_number(noise(i))),
				 0);
	m->report.info =
		json_pack("{s:o, s:o}", "list", list, "name", ms_json_text(name));
	m->report.title = name;
	ck_assert_ptr_nonnull(m->report.info);
	ck_assert_int_eq(fill(&m->report, 12000, NULL), MS_OK);
	ck_assert_uint_le(text_len, 12000);
	document = read_page();
	got = json_object_get(document, "info");
	ck_assert_uint_lt(json_array_size(json_object_get(got, "list")), 20000);
	ck_assert_uint_eq(ms_json_u64(json_object_get(document, "folded"), "items") +
				  json_array_size(json_object_get(got, "list")),
			  20000);
	ck_assert_uint_lt(strlen(ms_json_string(got, "name")), 5000);
	json_decref(document);
	free(name);
	made_free(m);
}
END_TEST

START_TEST(hostile_names_are_text)
{
	static const char hostile[] = "</script>\"\\\n\x01\x7f\xff\xc3(\xe2\x80\xa8"
				      "@MEMSCOPE_DATA@";
	struct made *m = made_new(3);
	json_t *document;
	const json_t *strings;

	m->frames[1].function = hostile;
	m->process.command = hostile;
	ck_assert_int_eq(fill(&m->report, 1 << 20, NULL), MS_OK);
	ck_assert_ptr_null(strstr(text, "script"));
	ck_assert_ptr_eq(strchr(text + strlen(BEFORE), '<'),
			 text + text_len - strlen(AFTER));
	document = read_page();
	strings = json_object_get(document, "strings");
	ck_assert_str_eq(json_string_value(json_array_get(strings, 1)),
			 "</script>\"\\\n\x01\x7f\\xff\\xc3(\xe2\x80\xa8"
			 "@MEMSCOPE_DATA@");
	ck_assert_str_eq(ms_json_string(process_of(document), "command"),
			 json_string_value(json_array_get(strings, 1)));
	json_decref(document);
	made_free(m);
}
END_TEST

START_TEST(the_others_are_summed)
{
	struct ms_report_limits limits = { 1000, 100, 100, 2 };
	struct made *m = made_new(2);
	struct ms_writer *writer = malloc(sizeof(*writer));
	const json_t *rows;
	json_t *document;

	ck_assert(writer != NULL);
	text_len = 0;
	ms_writer_init(writer, take, NULL, NULL);
	ck_assert_int_eq(ms_report_json(writer, &m->report, &limits, NULL), MS_OK);
	ck_assert_int_eq(ms_writer_finish(writer, NULL), MS_OK);
	document = json_loadb(text, text_len, 0, NULL);
	rows = json_object_get(process_of(document), "thread_rows");
	ck_assert_uint_eq(json_array_size(rows), 2);
	ck_assert_int_eq(sum_of(json_object_get(json_array_get(rows, 1), "allocations")),
			 (2 + 3 + 4) * BUCKETS);
	ck_assert_str_eq(ms_json_string(json_array_get(rows, 1), "name"),
			 "(3 other threads)");
	json_decref(document);
	free(writer);
	made_free(m);
}
END_TEST

START_TEST(no_page_and_no_room)
{
	struct made *m = made_new(2);
	struct ms_error err = { "" };
	struct ms_writer *writer = malloc(sizeof(*writer));

	ck_assert(writer != NULL);
	ms_writer_init(writer, take, NULL, NULL);
	ck_assert_int_eq(ms_html_fill(writer, &m->report, "", 0, 1000, &err), MS_EUSAGE);
	ck_assert_ptr_nonnull(strstr(err.text, "npm"));
	free(writer);
	ck_assert_int_eq(fill(&m->report, 100, &err), MS_EUSAGE);
	ck_assert_ptr_nonnull(strstr(err.text, "room"));
	failure = ENOSPC;
	ck_assert_int_eq(fill(&m->report, 1 << 20, &err), MS_EIO);
	failure = 0;
	made_free(m);
}
END_TEST

START_TEST(without_memory)
{
	struct made *m = made_new(20);
	ms_status status = MS_ENOMEM;
	unsigned long n = 0;

	while (status == MS_ENOMEM) {
		ms_alloc_fail_at(++n);
		status = fill(&m->report, 1 << 20, NULL);
		ms_alloc_fail_at(0);
	}
	ck_assert_int_eq(status, MS_OK);
	ck_assert_uint_gt(n, 20);
	made_free(m);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("html");
	TCase *tcase = tcase_create("html");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_set_timeout(tcase, 120);
	tcase_add_test(tcase, what_goes_in_comes_out);
	tcase_add_test(tcase, there_is_always_room);
	tcase_add_test(tcase, long_lists_are_cut);
	tcase_add_test(tcase, hostile_names_are_text);
	tcase_add_test(tcase, the_others_are_summed);
	tcase_add_test(tcase, no_page_and_no_room);
	tcase_add_test(tcase, without_memory);
	suite_add_tcase(suite, tcase);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
