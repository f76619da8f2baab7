/* SPDX-License-Identifier: Apache-2.0 */
/*
 * check_log_index.c - a log reads the same with its index and without, on one thread and
 * on many, and an index of anything else is not used.
 */
#include "analyzer/base/alloc.h"
#include "analyzer/capture/capture.h"
#include "tests/unit/log_builder.h"

#include <check.h>
#include <sys/stat.h>
#include <time.h>

static char dir[64], path[128], index_path[128];
static uint64_t random_state;

static uint64_t random_below(uint64_t n)
{
	random_state ^= random_state >> 12;
	random_state ^= random_state << 25;
	random_state ^= random_state >> 27;
	return (random_state * 0x2545f4914f6cdd1dULL >> 16) % n;
}

static void setup(void)
{
	strcpy(dir, "/tmp/check-log-index.XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/a.bin", dir);
	snprintf(index_path, sizeof(index_path), "%s/a.bin.idx", dir);
}

static void teardown(void)
{
	unlink(index_path);
	unlink(path);
	ck_assert_int_eq(rmdir(dir), 0);
}

static void write_file(const char *name, const void *bytes, size_t len)
{
	int fd = open(name, O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC, 0600);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(write(fd, bytes, len), (ssize_t)len);
	close(fd);
}

static uint8_t *read_file(const char *name, size_t *len)
{
	struct stat st;
	uint8_t *bytes;
	int fd = open(name, O_RDONLY | O_CLOEXEC);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(fstat(fd, &st), 0);
	*len = (size_t)st.st_size;
	bytes = malloc(*len);
	ck_assert_int_eq(read(fd, bytes, *len), (ssize_t)*len);
	close(fd);
	return bytes;
}

/* A time that the clock's grain cannot hide. */
static void set_time(time_t seconds)
{
	struct timespec times[2] = { { seconds, 0 }, { seconds, 0 } };

	ck_assert_int_eq(utimensat(AT_FDCWD, path, times, 0), 0);
}

/* Some windows of several threads, of many events each. */
static void build(struct log_builder *lb, uint64_t seed)
{
	random_state = seed * 0x9e3779b97f4a7c15ULL + 1;
	lb_init(lb);
	lb->window_bytes = 64 * 1024;
	for (uint64_t ticks = LB_START_TICKS, i = 0; i < 30000; i++) {
		uint64_t address = 0x10000 + 16 * random_below(500);

		ticks += random_below(20);
		lb_event(lb, 1 + (uint32_t)random_below(3), ticks,
			 random_below(2) ? MS_EVENT_MALLOC : MS_EVENT_FREE, address,
			 random_below(1000), 0);
	}
	for (size_t i = 0; i < lb->window_count; i++)
		lb_seal(lb, i);
	write_file(path, lb->data, lb->len);
	set_time(1000000000);
}

struct opened {
	struct ms_store *store;
	struct ms_metadata *meta;
	struct ms_log *log;
	ms_status status;
};

static void open_log(struct opened *o, unsigned threads, bool use_index)
{
	struct ms_log_options options = { .threads = threads, .use_index = use_index };

	*o = (struct opened){ 0 };
	o->status = ms_store_new(&o->store, NULL);
	if (o->status == MS_OK)
		o->status = ms_metadata_new(&o->meta, NULL);
	if (o->status == MS_OK)
		o->status = ms_log_open_with(&o->log, path, o->store, o->meta, &options,
					     NULL);
}

static void close_log(struct opened *o)
{
	ms_store_free(o->store);
	ms_metadata_free(o->meta);
	ms_log_close(o->log);
}

/* Open with the index: is one used?  It is saved when it is not. */
static bool opens_with_index(void)
{
	struct ms_log_index_facts facts;
	struct opened o;
	bool used;

	open_log(&o, 1, true);
	ck_assert_int_eq(o.status, MS_OK);
	used = ms_log_index(o.log) != NULL;
	ck_assert(ms_log_save_index(o.log));
	ms_log_index_facts(o.log, &facts);
	ck_assert_int_eq(facts.is_new, !used);
	ck_assert_uint_gt(facts.bytes, 0);
	close_log(&o);
	return used;
}

/* A hash of all that a cursor delivers, and how much that is. */
static uint64_t digest(const struct ms_store *store, const struct ms_want *want,
		       uint64_t *count)
{
	struct ms_event events[50];
	struct ms_cursor *cursor;
	uint64_t hash = 0;
	size_t n;

	*count = 0;
	ck_assert_int_eq(ms_cursor_open_want(&cursor, store, want, NULL), MS_OK);
	while ((n = ms_cursor_batch(cursor, events, 50)) > 0) {
		for (size_t i = 0; i < n; i++) {
			hash = (hash ^ events[i].at_ns) * 0x9e3779b97f4a7c15ULL;
			hash = (hash ^ events[i].address) * 0x9e3779b97f4a7c15ULL;
			hash ^= hash >> 31;
			hash += events[i].size + events[i].thread + events[i].kind;
		}
		*count += n;
	}
	ms_cursor_close(cursor);
	return hash;
}

static void check_same(const struct opened *a, const struct opened *b, uint64_t seed)
{
	uint64_t first, last, first_b, last_b, count, count_b;

	ck_assert_uint_eq(ms_store_event_count(a->store), ms_store_event_count(b->store));
	ck_assert(ms_store_tick_range(a->store, &first, &last));
	ck_assert(ms_store_tick_range(b->store, &first_b, &last_b));
	ck_assert(first == first_b && last == last_b);
	ck_assert_uint_eq(ms_log_duration_ns(a->log), ms_log_duration_ns(b->log));
	for (int i = 0; i < 20; i++) {
		struct ms_want want = {
			.from_ns = random_below(2) * random_below(last),
			.to_ns = random_below(2) * random_below(last),
			.thread = (uint32_t)(random_below(2) * random_below(4)),
			.address = random_below(2) * (0x10000 + 16 * random_below(600)),
		};

		ck_assert_msg(digest(a->store, &want, &count) ==
					      digest(b->store, &want, &count_b) &&
				      count == count_b,
			      "seed %llu", (unsigned long long)seed);
	}
}

START_TEST(all_ways_read_the_same)
{
	const char *given = getenv("MS_TEST_SEED");
	uint64_t seed = given ? strtoull(given, NULL, 10) : (uint64_t)time(NULL);
	struct opened plain, other;
	struct log_builder lb;

	printf("check_log_index: MS_TEST_SEED=%llu\n", (unsigned long long)seed);
	for (uint64_t i = 0; i < 3; i++) {
		build(&lb, seed + i);
		ck_assert(!opens_with_index());
		ck_assert(opens_with_index());
		open_log(&plain, 1, false);
		ck_assert_ptr_null(ms_log_index(plain.log));
		for (unsigned threads = 1; threads <= 4; threads += 3) {
			open_log(&other, threads, threads == 1);
			ck_assert_int_eq(ms_log_index(other.log) != NULL, threads == 1);
			check_same(&plain, &other, seed + i);
			close_log(&other);
		}
		close_log(&plain);
		unlink(index_path);
		open_log(&other, 4, true); /* made on four threads */
		ck_assert(ms_log_save_index(other.log));
		close_log(&other);
		open_log(&plain, 1, false);
		open_log(&other, 4, true);
		ck_assert_ptr_nonnull(ms_log_index(other.log));
		check_same(&plain, &other, seed + i);
		close_log(&other);
		close_log(&plain);
		unlink(index_path);
		lb_release(&lb);
	}
}
END_TEST

/* Chunks that cannot hold an address are not read: there are filters, and they tell. */
START_TEST(lookups_read_little)
{
	struct log_builder lb;
	struct opened o;
	struct ms_want want = { .address = 0x777770 };
	const uint8_t *bytes;
	uint64_t count;
	size_t len;

	build(&lb, 1);
	ck_assert(!opens_with_index());
	open_log(&o, 1, true);
	ck_assert_ptr_nonnull(ms_log_index(o.log));
	ck_assert_uint_gt(ms_index_part_count(ms_log_index(o.log), MS_INDEX_BLOOMS), 2);
	ck_assert(ms_index_part(ms_log_index(o.log), MS_INDEX_BLOOMS, 0, &bytes, &len));
	/* some 500 addresses: 8 bits for each of them, for a chunk or two */
	ck_assert_uint_ge(len, 256);
	ck_assert_uint_le(len, 4 * 1024);
	digest(o.store, &want, &count);
	ck_assert_uint_eq(count, 0);
	close_log(&o);
	lb_release(&lb);
}
END_TEST

START_TEST(a_changed_log_is_read_again)
{
	struct log_builder lb;
	size_t windows;

	build(&lb, 2);
	windows = lb.window_count;
	ck_assert(!opens_with_index());
	ck_assert(opens_with_index());
	set_time(1000000001);
	ck_assert(!opens_with_index());

	lb_event(&lb, 1, 1 << 29, MS_EVENT_FREE, 0x10000, 0, 0); /* it went on */
	for (size_t i = 0; i < lb.window_count; i++)
		lb_seal(&lb, i);
	ck_assert_uint_eq(lb.window_count, windows);
	write_file(path, lb.data, lb.len);
	set_time(1000000001);
	ck_assert(!opens_with_index());

	lb_status(&lb)->lost[0]++;
	write_file(path, lb.data, lb.len);
	set_time(1000000001);
	ck_assert(!opens_with_index());

	lb_event(&lb, 9, 1 << 30, MS_EVENT_MALLOC, 0x1010, 1, 0);
	write_file(path, lb.data, lb.len);
	set_time(1000000001);
	ck_assert(!opens_with_index());
	ck_assert(opens_with_index());
	lb_release(&lb);
}
END_TEST

START_TEST(another_log_is_read_again)
{
	struct log_builder lb;

	build(&lb, 3);
	ck_assert(!opens_with_index());
	lb_release(&lb);
	build(&lb, 4);
	ck_assert(!opens_with_index());
	lb_release(&lb);
}
END_TEST

START_TEST(a_damaged_log_gets_none)
{
	struct log_builder lb;
	struct opened o;

	build(&lb, 5);
	ck_assert(!opens_with_index());
	((uint8_t *)lb_wire(&lb, 1))[200] ^= 1;
	write_file(path, lb.data, lb.len);
	set_time(1000000001);
	unlink(index_path);
	open_log(&o, 2, true);
	ck_assert_int_eq(o.status, MS_OK);
	ck_assert_ptr_null(ms_log_index(o.log));
	ck_assert_ptr_null(ms_log_index_writer(o.log, 0));
	ck_assert(!ms_log_save_index(o.log));
	close_log(&o);
	ck_assert_int_ne(access(index_path, F_OK), 0);
	lb_release(&lb);
}
END_TEST

START_TEST(no_flipped_byte_changes_anything)
{
	struct ms_want all = { 0 }, one = { .address = 0x10000 + 16 * 77 };
	uint64_t want_all, want_one, count_all, count_one, count;
	struct log_builder lb;
	struct opened o;
	uint8_t *bytes;
	size_t len;

	build(&lb, 6);
	ck_assert(!opens_with_index());
	open_log(&o, 1, false);
	want_all = digest(o.store, &all, &count_all);
	want_one = digest(o.store, &one, &count_one);
	close_log(&o);
	bytes = read_file(index_path, &len);
	for (size_t i = 0; i < len; i += i < 1024 || i > len - 1024 ? 1 : 13) {
		bytes[i] ^= (uint8_t)(1u << i % 8);
		write_file(index_path, bytes, len);
		bytes[i] ^= (uint8_t)(1u << i % 8);
		open_log(&o, 1, true);
		ck_assert_int_eq(o.status, MS_OK);
		if (i % 64 == 0)
			ck_assert(digest(o.store, &all, &count) == want_all &&
				  count == count_all);
		ck_assert(digest(o.store, &one, &count) == want_one &&
			  count == count_one);
		close_log(&o);
	}
	free(bytes);
	lb_release(&lb);
}
END_TEST

START_TEST(an_index_is_added_to)
{
	struct ms_index_writer *writer;
	struct log_builder lb;
	struct opened o;
	const uint8_t *bytes;
	size_t len;

	build(&lb, 7);
	ck_assert(!opens_with_index());
	for (unsigned round = 0; round < 2; round++) {
		open_log(&o, 1, true);
		ck_assert_ptr_nonnull(ms_log_index(o.log));
		writer = ms_log_index_writer(o.log, MS_INDEX_CHECKPOINT);
		ck_assert_ptr_nonnull(writer);
		ms_index_add(writer, MS_INDEX_CHECKPOINT, round, "here", 4);
		ck_assert(ms_log_save_index(o.log));
		close_log(&o);
	}
	open_log(&o, 1, true);
	ck_assert_uint_eq(ms_index_part_count(ms_log_index(o.log), MS_INDEX_CHECKPOINT),
			  1);
	ck_assert(
		ms_index_part(ms_log_index(o.log), MS_INDEX_CHECKPOINT, 1, &bytes, &len));
	ck_assert_uint_gt(ms_index_part_count(ms_log_index(o.log), MS_INDEX_BLOOMS), 2);
	close_log(&o);
	lb_release(&lb);
}
END_TEST

/* Without memory there is no log, or no index; never a wrong one. */
START_TEST(every_allocation_fails)
{
	unsigned long total;
	struct log_builder lb;
	struct opened o;
	bool saved;

	build(&lb, 8);
	for (int pass = 0; pass < 2; pass++) {
		ms_alloc_fail_at(0);
		open_log(&o, 1, true);
		ck_assert_int_eq(o.status, MS_OK);
		total = ms_alloc_count();
		close_log(&o);
		for (unsigned long n = 1; n <= total; n++) {
			ms_alloc_fail_at(n);
			open_log(&o, 1, true);
			ck_assert(o.status == MS_OK || o.status == MS_ENOMEM);
			if (o.status == MS_OK)
				ck_assert_uint_eq(ms_store_event_count(o.store), 30000);
			close_log(&o);
		}
		ms_alloc_fail_at(0);
		open_log(&o, 1, true);
		saved = ms_log_save_index(o.log);
		ck_assert(saved);
		close_log(&o);
	}
	lb_release(&lb);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("log_index");
	TCase *tests = tcase_create("log_index");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_add_checked_fixture(tests, setup, teardown);
	tcase_set_timeout(tests, 120);
	tcase_add_test(tests, all_ways_read_the_same);
	tcase_add_test(tests, lookups_read_little);
	tcase_add_test(tests, a_changed_log_is_read_again);
	tcase_add_test(tests, another_log_is_read_again);
	tcase_add_test(tests, a_damaged_log_gets_none);
	tcase_add_test(tests, no_flipped_byte_changes_anything);
	tcase_add_test(tests, an_index_is_added_to);
	tcase_add_test(tests, every_allocation_fails);
	suite_add_tcase(suite, tests);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? 1 : 0;
}
