/* SPDX-License-Identifier: Apache-2.0 */
/*
 * check_render.c - rows and documents in each format, with hostile texts.
 */
#include "analyzer/base/alloc.h"
#include "analyzer/render/parts.h"

#include <check.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* What a writer wrote. */
struct sink {
	char text[65536];
	size_t len;
	size_t fail_after; /* bytes; 0: never */
	int failure;
};

static int take(void *context, const char *data, size_t bytes)
{
	struct sink *sink = context;

	if (sink->fail_after && sink->len + bytes > sink->fail_after)
		return sink->failure;
	ck_assert_uint_lt(sink->len + bytes, sizeof(sink->text));
	memcpy(sink->text + sink->len, data, bytes);
	sink->len += bytes;
	sink->text[sink->len] = 0;
	return 0;
}

static struct sink sink;
static struct ms_writer writer;

static void start(unsigned width)
{
	struct ms_look look = { .width = width };

	memset(&sink, 0, sizeof(sink));
	ms_writer_init(&writer, take, &sink, &look);
}

static const char *finish(void)
{
	ck_assert_int_eq(ms_writer_finish(&writer, NULL), MS_OK);
	return sink.text;
}

/* --- rows
 * ------------------------------------------------------------------------------- */

enum { NAME, SIZE, ADDRESS, AT, COLUMNS };

static const struct ms_column columns[COLUMNS] = {
	[NAME] = { "name", "name", MS_TYPE_TEXT, 0, "" },
	[SIZE] = { "size", "size", MS_TYPE_BYTES, 0, "" },
	[ADDRESS] = { "address", "address", MS_TYPE_ADDRESS, 0, "" },
	[AT] = { "at_ns", "at, s", MS_TYPE_INSTANT, 0, "" },
};

struct list {
	const char *const *names; /* NULL at the end */
	size_t index;
};

static ms_status next_name(struct ms_rows *rows, struct ms_value *values, bool *more,
			   struct ms_error *err)
{
	struct list *list = rows->context;
	const char *name = list->names[list->index];

	(void)err;
	*more = name != NULL;
	if (!name)
		return MS_OK;
	values[NAME] = (struct ms_value){ .text = name };
	values[SIZE] = (struct ms_value){ .number = 1536 + list->index };
	values[ADDRESS] =
		(struct ms_value){ .number = 0xfff0, .absent = list->index % 2 };
	values[AT] = (struct ms_value){ .number = 1000000001 };
	list->index++;
	return MS_OK;
}

static const char *rendered(const char *const *names, enum ms_format format,
			    unsigned width)
{
	struct list list = { names, 0 };
	struct ms_rows rows = { columns, COLUMNS, next_name, &list };

	start(width);
	ck_assert_int_eq(ms_render_rows(&writer, &rows, format, NULL), MS_OK);
	return finish();
}

static const char *const plain[] = { "one", "two", NULL };
static const char *const hostile[] = { "a,b",
				       "say \"x\"",
				       "line\nend",
				       "\x1b[2Jclear",
				       "bad\xff\xfe",
				       "\xe2\x80\xae"
				       "rtl",
				       "",
				       NULL };

START_TEST(csv_is_quoted_where_it_must_be)
{
	ck_assert_str_eq(rendered(plain, MS_FORMAT_CSV, 0), "name,size,address,at_ns\n"
							    "one,1536,0xfff0,1000000001\n"
							    "two,1537,,1000000001\n");
	rendered(hostile, MS_FORMAT_CSV, 0);
	ck_assert_ptr_nonnull(strstr(sink.text, "\n\"a,b\",1536,"));
	ck_assert_ptr_nonnull(strstr(sink.text, "\n\"say \"\"x\"\"\",1537,"));
	ck_assert_ptr_nonnull(strstr(sink.text, "\n\"line\nend\",1538,"));
	ck_assert_ptr_nonnull(strstr(sink.text, "\n\\x1b[2Jclear,1539,"));
	ck_assert_ptr_nonnull(strstr(sink.text, "\nbad\\xff\\xfe,1540,"));
	ck_assert_ptr_nonnull(strstr(sink.text, "\n\\u{202e}rtl,1541,"));
}
END_TEST

START_TEST(json_is_json_whatever_the_names)
{
	json_t *array, *object;
	json_error_t error;

	rendered(hostile, MS_FORMAT_JSON, 0);
	array = json_loads(sink.text, 0, &error);
	ck_assert_msg(array != NULL, "%s", error.text);
	ck_assert_uint_eq(json_array_size(array), 7);
	object = json_array_get(array, 2);
	ck_assert_str_eq(ms_json_string(object, "name"), "line\nend");
	object = json_array_get(array, 3);
	ck_assert_str_eq(ms_json_string(object, "name"), "\x1b[2Jclear");
	ck_assert(json_is_null(json_object_get(object, "address")));
	object = json_array_get(array, 4);
	ck_assert_str_eq(ms_json_string(object, "name"), "bad\\xff\\xfe");
	ck_assert_str_eq(ms_json_string(object, "address"), "0xfff0");
	json_decref(array);
	ck_assert_str_eq(rendered(plain + 2, MS_FORMAT_JSON, 0), "[]");
}
END_TEST

START_TEST(a_table_is_aligned)
{
	ck_assert_str_eq(rendered(plain, MS_FORMAT_TEXT, 0),
			 "name     size  address        at, s\n"
			 "one   1.5 KiB   0xfff0  1.000000001\n"
			 "two   1.5 KiB           1.000000001\n");
}
END_TEST

START_TEST(text_never_drives_the_terminal)
{
	const char *text = rendered(hostile, MS_FORMAT_TEXT, 0);

	for (const char *c = text; *c; c++)
		ck_assert(*c == '\n' || (unsigned char)*c >= 0x20);
	ck_assert_ptr_nonnull(strstr(text, "line\\x0aend"));
	ck_assert_ptr_nonnull(strstr(text, "\\u{202e}rtl"));
	ck_assert_ptr_null(strstr(text, "\xe2\x80\xae"));
}
END_TEST

START_TEST(more_rows_than_are_held_back)
{
	const char *names[700];
	const char *line;
	size_t lines = 0;

	for (size_t i = 0; i < 699; i++)
		names[i] = "n";
	names[699] = NULL;
	for (line = rendered(names, MS_FORMAT_TEXT, 0); (line = strchr(line, '\n'));
	     line++)
		lines++;
	ck_assert_uint_eq(lines, 700);
}
END_TEST

START_TEST(rows_fail_when_memory_does)
{
	for (int format = MS_FORMAT_TEXT; format <= MS_FORMAT_CSV; format++) {
		ms_status status = MS_ENOMEM;

		for (unsigned long n = 1; status != MS_OK; n++) {
			struct list list = { plain, 0 };
			struct ms_rows rows = { columns, COLUMNS, next_name, &list };

			start(0);
			ms_alloc_fail_at(n);
			status = ms_render_rows(&writer, &rows, (enum ms_format)format,
						NULL);
			ms_alloc_fail_at(0);
			ck_assert(status == MS_OK || status == MS_ENOMEM);
			ck_assert_uint_lt(n, 100);
		}
	}
}
END_TEST

/* --- writer
 * ----------------------------------------------------------------------------- */

START_TEST(a_failing_output_is_told_once)
{
	struct ms_error err = { "" };

	start(0);
	sink.fail_after = 100;
	sink.failure = ENOSPC;
	for (int i = 0; i < 100000; i++)
		ms_write_text(&writer, "some text\n");
	ck_assert_int_eq(ms_writer_finish(&writer, &err), MS_EIO);
	ck_assert_ptr_nonnull(strstr(err.text, "cannot write"));
	start(0);
	sink.fail_after = 1;
	sink.failure = EPIPE;
	ms_write_text(&writer, "text");
	ck_assert_int_eq(ms_writer_finish(&writer, &err), MS_ESTOP);
}
END_TEST

START_TEST(long_text_is_cut_with_a_mark)
{
	start(0);
	ck_assert_uint_eq(ms_write_escaped(&writer, "abcdefghij", 10), 10);
	ms_write_text(&writer, "|");
	ck_assert_uint_eq(ms_write_escaped(&writer, "abcdefghijk", 10), 10);
	ms_write_text(&writer, "|");
	/* An escape is never cut in two. */
	ck_assert_uint_le(ms_write_escaped(&writer, "abcd\x1b\x1b\x1b", 10), 10);
	ms_write_text(&writer, "|");
	/* Characters of several bytes take one column each. */
	ck_assert_uint_eq(ms_write_escaped(&writer, "\xc3\xa4\xc3\xb6\xc3\xbc", 3), 3);
	ck_assert_str_eq(finish(),
			 "abcdefghij|abcdefg...|abcd...|\xc3\xa4\xc3\xb6\xc3\xbc");
}
END_TEST

START_TEST(shares_are_rounded_and_never_hidden)
{
	char text[MS_HUMAN_BYTES];

	ck_assert_str_eq(ms_share_text(text, 1, 3), "33.3 %");
	ck_assert_str_eq(ms_share_text(text, 0, 3), "0.0 %");
	ck_assert_str_eq(ms_share_text(text, 1, 1000000), "<0.1 %");
	ck_assert_str_eq(ms_share_text(text, 5, 0), "<0.1 %");
	ck_assert_str_eq(ms_share_text(text, UINT64_MAX, UINT64_MAX), "100.0 %");
}
END_TEST

/* --- documents
 * -------------------------------------------------------------------------- */

START_TEST(numbers_beyond_json_integers)
{
	json_t *object = json_object();

	ck_assert_int_eq(json_object_set_new(object, "small", ms_json_number(42)), 0);
	ck_assert_int_eq(json_object_set_new(object, "large", ms_json_number(UINT64_MAX)),
			 0);
	ck_assert_uint_eq(ms_json_u64(object, "small"), 42);
	ck_assert_uint_eq(ms_json_u64(object, "large"), UINT64_MAX);
	ck_assert_uint_eq(ms_json_u64(object, "none"), 0);
	json_decref(object);
}
END_TEST

START_TEST(a_document_as_flat_csv)
{
	json_t *document = json_pack("{s:i, s:[{s:s}, {s:b}, {s:n}]}", "version", 1,
				     "list", "a", "x,y", "b", 1, "c");

	start(0);
	ck_assert_int_eq(ms_render_flat_csv(&writer, document, NULL), MS_OK);
	ck_assert_str_eq(finish(),
			 "key,value\nversion,1\nlist[0].a,\"x,y\"\nlist[1].b,true\n"
			 "list[2].c,\n");
	json_decref(document);
}
END_TEST

static json_t *frame(const char *function, const char *file, int line, const char *module)
{
	return json_pack("{s:s?, s:s?, s:i, s:s?, s:s}", "function", function, "file",
			 file, "line", line, "module", module, "address", "0x12");
}

static const char *frame_text(json_t *f, size_t room)
{
	start(0);
	ms_write_frame(&writer, f, room);
	json_decref(f);
	return finish();
}

START_TEST(frames_say_what_is_known)
{
	ck_assert_str_eq(frame_text(frame("f", "/src/a.c", 7, "/lib/x.so"), 0),
			 "f  a.c:7");
	ck_assert_str_eq(frame_text(frame("f", NULL, 0, "/lib/x.so"), 0), "f  [x.so]");
	ck_assert_str_eq(frame_text(frame(NULL, NULL, 0, "/lib/x.so"), 0), "x.so+0x12");
	ck_assert_str_eq(frame_text(frame(NULL, NULL, 0, NULL), 0), "0x12");
	ck_assert_str_eq(frame_text(json_object(), 0), "(no stack was recorded)");
	ck_assert_str_eq(
		frame_text(frame("a_function_with_a_long_name", "/src/a.c", 7, NULL), 24),
		"a_function_wit...  a.c:7");
	ck_assert_str_eq(frame_text(frame("\x1b[31m", NULL, 0, NULL), 0), "\\x1b[31m");
}
END_TEST

static const struct {
	const char *name, *short_name;
} long_names[] = {
	{ "main", "main" },
	{ "f(int, char const*)", "f()" },
	{ "void std::vector<double, std::allocator<double> >::push_back(double&&)",
	  "std::vector<>::push_back()" },
	{ "std::shared_ptr<W> deep::er::build<W>(int)", "deep::er::build<>()" },
	{ "operator new(unsigned long)", "operator new()" },
	{ "bool operator< <int>(A<int> const&, A<int> const&)", "operator< <int>()" },
	{ "A::operator()(int) const", "A::operator()()" },
	{ "A::operator()", "A::operator()" },
	{ "A::operator->() const", "A::operator->()" },
	{ "std::ostream& operator<< <char>(std::ostream&, char)", "operator<< <char>()" },
	{ "main::{lambda(int)#1}::operator()(int) const",
	  "main::{lambda(int)#1}::operator()()" },
	{ "(anonymous namespace)::f(int)", "(anonymous namespace)::f()" },
	{ "<alloc::vec::Vec<T> as core::Drop>::drop",
	  "<alloc::vec::Vec<> as core::Drop>::drop" },
	{ "broken<name(", "broken<name(" },
	{ ">>>)))", ">>>)))" },
	{ "", "" },
};

START_TEST(long_names_lose_what_tells_little)
{
	char name[128];

	ms_short_name(name, sizeof(name), long_names[_i].name);
	ck_assert_str_eq(name, long_names[_i].short_name);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("render");
	TCase *tcase = tcase_create("render");
	SRunner *runner = srunner_create(suite);
	int failed;

	json_set_alloc_funcs(ms_alloc, ms_free);
	tcase_add_test(tcase, csv_is_quoted_where_it_must_be);
	tcase_add_test(tcase, json_is_json_whatever_the_names);
	tcase_add_test(tcase, a_table_is_aligned);
	tcase_add_test(tcase, text_never_drives_the_terminal);
	tcase_add_test(tcase, more_rows_than_are_held_back);
	tcase_add_test(tcase, rows_fail_when_memory_does);
	tcase_add_test(tcase, a_failing_output_is_told_once);
	tcase_add_test(tcase, long_text_is_cut_with_a_mark);
	tcase_add_test(tcase, shares_are_rounded_and_never_hidden);
	tcase_add_test(tcase, numbers_beyond_json_integers);
	tcase_add_test(tcase, a_document_as_flat_csv);
	tcase_add_test(tcase, frames_say_what_is_known);
	tcase_add_loop_test(tcase, long_names_lose_what_tells_little, 0,
			    (int)(sizeof(long_names) / sizeof(long_names[0])));
	suite_add_tcase(suite, tcase);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
