/* SPDX-License-Identifier: Apache-2.0 */
/*
 * check_index_file.c - an index is what was written for that very log, or there is none.
 */
#include "analyzer/base/alloc.h"
#include "analyzer/event_store/index_format.h"

#include <check.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const struct ms_index_identity identity = { 4096, 1700000000, 77, 99 };
static char dir[64], log_path[128], index_path[128];

/* Parts of many sizes, none of them sorted when they are added. */
static const struct part {
	unsigned kind;
	uint32_t number;
	const char *text;
} parts[] = {
	{ MS_INDEX_CHECKPOINT, 7, "seven" }, { MS_INDEX_CHUNKS, 0, "chunks" },
	{ MS_INDEX_CHECKPOINT, 0, "" },	     { MS_INDEX_BLOOMS, UINT32_MAX, "last" },
	{ MS_INDEX_CHECKPOINT, 3, "three" },
};
#define PARTS (sizeof(parts) / sizeof(*parts))

static void write_file(const char *path, const void *bytes, size_t len)
{
	int fd = open(path, O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC, 0600);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(write(fd, bytes, len), (ssize_t)len);
	close(fd);
}

static uint8_t *read_index(size_t *len)
{
	struct stat st;
	uint8_t *bytes;
	int fd = open(index_path, O_RDONLY | O_CLOEXEC);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(fstat(fd, &st), 0);
	*len = (size_t)st.st_size;
	bytes = malloc(*len + 1);
	ck_assert_int_eq(read(fd, bytes, *len), (ssize_t)*len);
	close(fd);
	return bytes;
}

static void setup(void)
{
	strcpy(dir, "/tmp/check-index.XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(dir));
	snprintf(log_path, sizeof(log_path), "%s/a.bin", dir);
	snprintf(index_path, sizeof(index_path), "%s/a.bin.idx", dir);
	write_file(log_path, "log", 3);
}

static void teardown(void)
{
	unlink(index_path);
	unlink(log_path);
	ck_assert_int_eq(rmdir(dir), 0); /* nothing else was left behind */
}

static void add_parts(struct ms_index_writer *writer)
{
	for (size_t i = 0; i < PARTS; i++)
		ms_index_add(writer, parts[i].kind, parts[i].number, parts[i].text,
			     strlen(parts[i].text));
}

static bool make_index(void)
{
	struct ms_index_writer *writer = ms_index_begin(log_path);

	if (!writer)
		return false;
	add_parts(writer);
	return ms_index_commit(writer, &identity);
}

static struct ms_index *open_index(const struct ms_index_identity *of)
{
	struct ms_index *index;
	struct ms_error err = { "" };

	ck_assert_int_eq(ms_index_open(&index, log_path, of, &err), MS_OK);
	return index;
}

/* How many of the parts are there; those that are, are as they were written. */
static size_t count_parts(const struct ms_index *index)
{
	size_t found = 0, len;
	const uint8_t *bytes;

	for (size_t i = 0; i < PARTS; i++) {
		if (!ms_index_part(index, parts[i].kind, parts[i].number, &bytes, &len))
			continue;
		ck_assert_uint_eq(len, strlen(parts[i].text));
		ck_assert_int_eq(memcmp(bytes, parts[i].text, len), 0);
		ck_assert_uint_eq((uintptr_t)bytes % MS_INDEX_ALIGN, 0);
		found++;
	}
	return found;
}

START_TEST(parts_come_back)
{
	struct ms_index *index;
	struct stat st;
	const uint8_t *bytes;
	size_t len;

	ck_assert(make_index());
	ck_assert(make_index()); /* in place of the first */
	index = open_index(&identity);
	ck_assert_ptr_nonnull(index);
	ck_assert_uint_eq(count_parts(index), PARTS);
	ck_assert_uint_eq(ms_index_part_count(index, MS_INDEX_CHECKPOINT), 3);
	ck_assert_uint_eq(ms_index_part_count(index, MS_INDEX_FIGURES), 0);
	ck_assert(!ms_index_part(index, MS_INDEX_CHECKPOINT, 1, &bytes, &len));
	ck_assert(!ms_index_part(index, 0, 0, &bytes, &len));
	ck_assert(!ms_index_part(index, UINT32_MAX, 0, &bytes, &len));
	ck_assert_int_eq(stat(index_path, &st), 0);
	ck_assert_uint_eq(ms_index_file_bytes(index), (uint64_t)st.st_size);
	ck_assert_int_eq(st.st_mode & 0777, 0600);
	ms_index_close(index);
}
END_TEST

START_TEST(a_copy_leaves_out_a_kind)
{
	struct ms_index_writer *writer;
	struct ms_index *index;
	uint64_t bytes;

	ck_assert(make_index());
	index = open_index(&identity);
	writer = ms_index_begin(log_path);
	ms_index_copy(writer, index, MS_INDEX_CHUNKS);
	ms_index_copy(writer, index, MS_INDEX_BLOOMS);
	ck_assert_uint_eq(ms_index_added(writer, MS_INDEX_BLOOMS, &bytes), 1);
	ck_assert(ms_index_commit(writer, &identity));
	ms_index_close(index);
	index = open_index(&identity);
	ck_assert_uint_eq(count_parts(index), 2);
	ck_assert_uint_eq(ms_index_file_bytes(index), bytes);
	ms_index_close(index);
}
END_TEST

START_TEST(another_log_has_none)
{
	struct ms_index_identity others[4] = { identity, identity, identity, identity };

	ck_assert_ptr_null(open_index(&identity));
	ck_assert(make_index());
	others[0].bytes++;
	others[1].mtime_ns++;
	others[2].windows++;
	others[3].head++;
	for (int i = 0; i < 4; i++)
		ck_assert_ptr_null(open_index(&others[i]));
}
END_TEST

START_TEST(no_flipped_byte_is_trusted)
{
	size_t len, whole = 0;
	uint8_t *bytes;

	ck_assert(make_index());
	bytes = read_index(&len);
	for (size_t i = 0; i < len; i++) {
		struct ms_index *index;

		bytes[i] ^= (uint8_t)(1u << i % 8);
		write_file(index_path, bytes, len);
		bytes[i] ^= (uint8_t)(1u << i % 8);
		index = open_index(&identity);
		whole += index && count_parts(index) == PARTS;
		ms_index_close(index);
	}
	/* what lies between parts is nobody's */
	ck_assert_uint_lt(whole, len - sizeof(struct ms_index_head) -
					 PARTS * sizeof(struct ms_index_entry));
	free(bytes);
}
END_TEST

START_TEST(no_cut_index_is_trusted)
{
	size_t len;
	uint8_t *bytes;

	ck_assert(make_index());
	bytes = read_index(&len);
	bytes[len] = 0;
	for (size_t i = 0; i <= len + 1; i++) {
		struct ms_index *index;

		write_file(index_path, bytes, i);
		index = open_index(&identity);
		ck_assert_int_eq(index != NULL, i == len);
		ms_index_close(index);
	}
	free(bytes);
}
END_TEST

/* Put both checksums of the frame right, so that what they cover is looked at. */
static void fix(uint8_t *bytes, size_t len, struct ms_index_head *head)
{
	if (head->table <= len)
		head->table_crc = ms_crc32c(0, bytes + head->table, len - head->table);
	head->crc = ms_index_head_check(head);
	memcpy(bytes, head, sizeof(*head));
	write_file(index_path, bytes, len);
}

START_TEST(a_forged_frame_is_refused)
{
	struct ms_index_head head, good;
	struct ms_index_entry *table;
	uint8_t *bytes;
	size_t len;

	ck_assert(make_index());
	bytes = read_index(&len);
	memcpy(&good, bytes, sizeof(good));
	table = (struct ms_index_entry *)(void *)(bytes + good.table);
#define REFUSED(change)                                    \
	do {                                               \
		head = good;                               \
		change;                                    \
		fix(bytes, len, &head);                    \
		ck_assert_ptr_null(open_index(&identity)); \
	} while (0)
	REFUSED(head.version++);
	REFUSED(head.magic ^= 1);
	REFUSED(head.parts++);
	REFUSED(head.parts = UINT64_MAX / 32);
	REFUSED(head.table = len + 1);
	REFUSED(head.table = UINT64_MAX - 63);
	REFUSED(head.table = 0);
	REFUSED(table[1].offset = good.table + 64);
	REFUSED(table[1].offset = 0);
	table[1].offset = 128;
	REFUSED(table[1].bytes = UINT64_MAX);
	REFUSED(table[1].bytes = good.table - 127);
	table[1].bytes = 1;
	REFUSED(table[1].kind = 0);
	table[1].kind = table[0].kind;
	REFUSED(table[1].number = table[0].number);
	free(bytes);
}
END_TEST

START_TEST(what_is_no_index_stays)
{
	static const char text[] = "not an index";
	char link_path[160];
	uint8_t *bytes;
	size_t len;

	write_file(index_path, text, sizeof(text));
	ck_assert(!make_index());
	bytes = read_index(&len);
	ck_assert_str_eq((char *)bytes, text);
	free(bytes);
	ck_assert_ptr_null(open_index(&identity));

	unlink(index_path);
	snprintf(link_path, sizeof(link_path), "%s/elsewhere", dir);
	ck_assert_int_eq(symlink(link_path, index_path), 0);
	ck_assert(!make_index());
	ck_assert_int_ne(access(link_path, F_OK), 0);
	unlink(index_path);
	ck_assert_int_eq(mkdir(index_path, 0700), 0);
	ck_assert(!make_index());
	ck_assert_ptr_null(open_index(&identity));
	rmdir(index_path);
}
END_TEST

START_TEST(a_link_is_not_followed)
{
	char moved[160];

	ck_assert(make_index());
	snprintf(moved, sizeof(moved), "%s/moved", dir);
	ck_assert_int_eq(rename(index_path, moved), 0);
	ck_assert_int_eq(symlink(moved, index_path), 0);
	ck_assert_ptr_null(open_index(&identity));
	unlink(moved);
}
END_TEST

START_TEST(where_nothing_can_be_written)
{
	ck_assert_ptr_null(ms_index_begin("/nonexistent/a.bin"));
	ck_assert_ptr_null(ms_index_begin("/proc/self/maps"));
	ck_assert_ptr_null(ms_index_begin(dir)); /* no regular file */
	ms_index_abandon(NULL);
	ms_index_close(NULL);
}
END_TEST

START_TEST(every_allocation_fails)
{
	unsigned long made, opened;
	struct ms_index *index;

	ms_alloc_fail_at(0);
	ck_assert(make_index());
	made = ms_alloc_count();
	for (unsigned long n = 1; n <= made; n++) {
		unlink(index_path);
		ms_alloc_fail_at(n);
		ck_assert(!make_index());
		ck_assert_int_ne(access(index_path, F_OK), 0);
	}
	ms_alloc_fail_at(0);
	ck_assert(make_index());
	ms_alloc_fail_at(0);
	index = open_index(&identity);
	opened = ms_alloc_count();
	ms_index_close(index);
	ck_assert_uint_gt(opened, 0);
	for (unsigned long n = 1; n <= opened; n++) {
		ms_alloc_fail_at(n);
		ck_assert_int_eq(ms_index_open(&index, log_path, &identity, NULL),
				 MS_ENOMEM);
		ck_assert_ptr_null(index);
	}
	ms_alloc_fail_at(0);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("index_file");
	TCase *tests = tcase_create("index_file");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_add_checked_fixture(tests, setup, teardown);
	tcase_set_timeout(tests, 60);
	tcase_add_test(tests, parts_come_back);
	tcase_add_test(tests, a_copy_leaves_out_a_kind);
	tcase_add_test(tests, another_log_has_none);
	tcase_add_test(tests, no_flipped_byte_is_trusted);
	tcase_add_test(tests, no_cut_index_is_trusted);
	tcase_add_test(tests, a_forged_frame_is_refused);
	tcase_add_test(tests, what_is_no_index_stays);
	tcase_add_test(tests, a_link_is_not_followed);
	tcase_add_test(tests, where_nothing_can_be_written);
	tcase_add_test(tests, every_allocation_fails);
	suite_add_tcase(suite, tests);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? 1 : 0;
}
