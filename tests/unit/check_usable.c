/* SPDX-License-Identifier: Apache-2.0 */
/*
 * check_usable.c - the sizes of an allocator's blocks are those of the real one.
 */
#include "analyzer/analysis/waste.h"

#include <check.h>
#include <inttypes.h>
#include <malloc.h>
#include <stdlib.h>
#include <string.h>

static const struct ms_usable *of(const char *allocator)
{
	static const struct ms_process process = { .machine = 62 };
	const struct ms_usable *usable;
	struct ms_metadata *meta;

	ck_assert_int_eq(ms_metadata_new(&meta, NULL), MS_OK);
	ms_metadata_set_process(meta, &process);
	ck_assert_int_eq(
		ms_metadata_add_fact(meta, "allocator", 9, allocator, strlen(allocator)),
		MS_OK);
	usable = ms_usable_of(meta);
	ms_metadata_free(meta);
	return usable;
}

START_TEST(allocators)
{
	ck_assert_str_eq(of("/lib/x86_64-linux-gnu/libc.so.6")->name, "glibc");
	ck_assert_str_eq(of("/lib/libc-2.31.so")->name, "glibc");
	ck_assert_str_eq(of("libjemalloc.so.2")->name, "jemalloc");
	ck_assert_ptr_null(of("/lib/ld-musl-x86_64.so.1"));
	ck_assert_ptr_null(of("/lib/libc.so.6/other.so"));
	ck_assert_ptr_null(of(""));
}
END_TEST

/* A chunk may have 16 bytes more, where these are too few to be a chunk of their own. */
START_TEST(glibc_blocks)
{
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
	/* another malloc than the C library's is linked in */
#else
	const struct ms_usable *usable = of("libc.so.6");

	for (size_t size = 0; size < 20000; size++) {
		void *p = malloc(size);
		uint64_t real = malloc_usable_size(p), bytes = usable->bytes(size);

		ck_assert_ptr_nonnull(p);
		ck_assert_msg(real == bytes || real == bytes + 16,
			      "%zu: %" PRIu64 ", but %" PRIu64, size, real, bytes);
		free(p);
	}
#endif
}
END_TEST

/* jemalloc(3), table 1. */
START_TEST(jemalloc_blocks)
{
	static const uint64_t classes[] = { 8,	  16,	32,   48,   64,	  80,	96,
					    112,  128,	160,  192,  224,  256,	320,
					    384,  448,	512,  640,  768,  896,	1024,
					    1280, 1536, 1792, 2048, 2560, 3072, 3584,
					    4096, 5120, 6144, 7168, 8192 };
	const struct ms_usable *usable = of("libjemalloc.so.2");
	size_t c = 0;

	for (uint64_t size = 0; size <= 8192; size++) {
		c += size > classes[c];
		ck_assert_uint_eq(usable->bytes(size), classes[c]);
	}
}
END_TEST

START_TEST(the_largest)
{
	for (unsigned i = 0; i < 64; i++) {
		ck_assert_uint_ge(of("libc.so.6")->bytes(UINT64_MAX >> i),
				  UINT64_MAX >> i);
		ck_assert_uint_ge(of("libjemalloc.so")->bytes(UINT64_MAX >> i),
				  UINT64_MAX >> i);
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("usable");
	TCase *tcase = tcase_create("core");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_add_test(tcase, allocators);
	tcase_add_test(tcase, glibc_blocks);
	tcase_add_test(tcase, jemalloc_blocks);
	tcase_add_test(tcase, the_largest);
	suite_add_tcase(suite, tcase);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? 1 : 0;
}
