/* SPDX-License-Identifier: Apache-2.0 */
/*
 * check_pack.c - symbol packs against an obvious model, and against damage.
 */
#include "analyzer/base/alloc.h"
#include "analyzer/metadata/packs.h"
#include "common/crc32c.h"

#include <check.h>
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static uint64_t state;

static uint32_t draw(uint32_t below)
{
	state = state * 6364136223846793005ULL + 1442695040888963407ULL;
	return (uint32_t)(state >> 33) % below;
}

static char dir[PATH_MAX / 2];

static void begin(void)
{
	const char *tmp = getenv("TMPDIR");

	snprintf(dir, sizeof(dir), "%s/memscope-pack.XXXXXX", tmp ? tmp : "/tmp");
	ck_assert_ptr_nonnull(mkdtemp(dir));
}

static void end(void)
{
	char command[PATH_MAX];

	snprintf(command, sizeof(command), "rm -rf '%s'", dir);
	ck_assert_int_eq(system(command), 0);
}

static const char *in_dir(const char *name)
{
	static char paths[8][PATH_MAX];
	static unsigned next;
	char *path = paths[next++ % 8];

	snprintf(path, PATH_MAX, "%s/%s", dir, name);
	return path;
}

/* --- the model: every address of a small space, or nothing ----------------------------
 */
#define MODULES	  5
#define ADDRESSES 64
#define LEVELS	  4

struct model_entry {
	bool known;
	size_t count;
	struct ms_pack_level levels[LEVELS];
};
static struct model_entry model[MODULES][ADDRESSES];

static const char *const texts[] = { NULL,	 "main", "std::vector<int>::push_back",
				     "/src/a.c", "",	 "\x01\xff" };

static struct ms_pack_key key_of(unsigned module)
{
	static const uint8_t ids[MODULES][20] = { { 1 }, { 2 }, { 3 } };
	static const char *const paths[] = { "/bin/a", "/bin/b", "/bin/a", "/lib/x",
					     "/lib/x" };

	/* The last two have no build-id, and differ in their size alone. */
	return (struct ms_pack_key){ .build_id = module < 3 ? ids[module] : NULL,
				     .build_id_bytes = module < 3 ? 20 : 0,
				     .path = paths[module],
				     .mapped_bytes = 4096 * (module + 1),
				     .source = "" };
}

/* Spread over all 64 bits, in order. */
static uint64_t address_of(unsigned index)
{
	return index < 32 ? index : UINT64_MAX - 7 * (ADDRESSES - 1 - index);
}

static void add_one(struct ms_pack_writer *writer)
{
	unsigned m = draw(MODULES), a = draw(ADDRESSES);
	struct ms_pack_key key = key_of(m);
	struct model_entry entry = { true, draw(LEVELS + 1), { { 0 } } };
	size_t module;

	for (size_t i = 0; i < entry.count; i++)
		entry.levels[i] =
			(struct ms_pack_level){ texts[draw(6)], texts[draw(6)],
						draw(3) ? draw(5000) : UINT32_MAX };
	ck_assert_int_eq(ms_pack_add_module(writer, &key, &module), MS_OK);
	ck_assert_int_eq(
		ms_pack_add(writer, module, address_of(a), entry.levels, entry.count),
		MS_OK);
	if (!model[m][a].known)
		model[m][a] = entry;
}

static void expect_text(const char *got, const char *wanted)
{
	ck_assert(got == wanted || (got && wanted && strcmp(got, wanted) == 0));
}

static void expect_entry(const struct ms_pack *pack, size_t module, unsigned m,
			 unsigned a)
{
	const struct model_entry *wanted = &model[m][a];
	struct ms_pack_cursor cursor;
	struct ms_pack_level level;

	ck_assert_int_eq(ms_pack_find(pack, module, address_of(a), &cursor),
			 wanted->known);
	if (!wanted->known)
		return;
	for (size_t i = 0; i < wanted->count; i++) {
		ck_assert(ms_pack_next(&cursor, &level));
		expect_text(level.function, wanted->levels[i].function);
		expect_text(level.file, wanted->levels[i].file);
		ck_assert_uint_eq(level.line, wanted->levels[i].line);
	}
	ck_assert(!ms_pack_next(&cursor, &level));
}

static void expect_model(const struct ms_pack *pack)
{
	for (unsigned m = 0; m < MODULES; m++) {
		struct ms_pack_key key = key_of(m);
		size_t module, known = 0;

		for (unsigned a = 0; a < ADDRESSES; a++)
			known += model[m][a].known;
		ck_assert_int_eq(ms_pack_find_module(pack, &key, &module), known > 0);
		if (!known)
			continue;
		ck_assert_uint_eq(ms_pack_address_count(pack, module), known);
		ck_assert_str_eq(ms_pack_module(pack, module).path, key.path);
		for (unsigned a = 0; a < ADDRESSES; a++)
			expect_entry(pack, module, m, a);
	}
}

START_TEST(as_the_model)
{
	struct ms_error err;

	state = (uint64_t)_i + 1;
	memset(model, 0, sizeof(model));
	fprintf(stderr, "# seed %d\n", _i + 1);
	for (unsigned steps = draw(400), round = 0; round < 2; round++) {
		struct ms_pack_writer *writer = ms_pack_writer_new();
		uint8_t *bytes;
		struct ms_pack *pack;
		size_t len;

		memset(model, 0, sizeof(model));
		for (unsigned i = 0; i < steps; i++)
			add_one(writer);
		ck_assert_int_eq(ms_pack_encode(&bytes, &len, writer, &err), MS_OK);
		ck_assert_int_eq(ms_pack_parse(&pack, bytes, len, "it", &err), MS_OK);
		expect_model(pack);
		ms_pack_close(pack);
		ms_free(bytes);
		ms_pack_writer_free(writer);
	}
}
END_TEST

/* --- files ----------------------------------------------------------------------------
 */

static struct ms_pack_writer *small(void)
{
	static const struct ms_pack_level levels[] = { { "inner", "/src/a.c", 7 },
						       { "outer", "/src/b.c", 0 } };
	struct ms_pack_writer *writer = ms_pack_writer_new();
	struct ms_pack_key key = key_of(0);
	size_t module;

	ck_assert_ptr_nonnull(writer);
	ck_assert_int_eq(ms_pack_add_module(writer, &key, &module), MS_OK);
	ck_assert_int_eq(ms_pack_add(writer, module, 0x1234, levels, 2), MS_OK);
	ck_assert_int_eq(ms_pack_add(writer, module, 0x1239, levels, 0), MS_OK);
	return writer;
}

static void write_bytes(const char *path, const void *bytes, size_t len)
{
	FILE *file = fopen(path, "wb");

	ck_assert_ptr_nonnull(file);
	ck_assert_uint_eq(fwrite(bytes, 1, len, file), len);
	fclose(file);
}

START_TEST(a_file_is_replaced_whole)
{
	struct ms_pack_writer *writer = small();
	struct ms_error err;
	struct ms_pack *pack;
	struct stat st;
	mode_t before = umask(0027);

	ck_assert_int_eq(ms_pack_write(writer, in_dir("a.mspack"), &err), MS_OK);
	ck_assert_int_eq(ms_pack_write(writer, in_dir("a.mspack"), &err), MS_OK);
	umask(before);
	ck_assert_int_eq(stat(in_dir("a.mspack"), &st), 0);
	ck_assert_uint_eq(st.st_mode & 0777, 0640);
	ck_assert_int_eq(ms_pack_open(&pack, in_dir("a.mspack"), &err), MS_OK);
	ms_pack_close(pack);

	/* Nothing else is. */
	write_bytes(in_dir("log.bin"), "MEMSCOPE", 8);
	ck_assert_int_eq(ms_pack_write(writer, in_dir("log.bin"), &err), MS_EUSAGE);
	ck_assert_ptr_nonnull(strstr(err.text, "log.bin"));
	ck_assert_int_eq(stat(in_dir("log.bin"), &st), 0);
	ck_assert_int_eq(st.st_size, 8);
	ck_assert_int_eq(ms_pack_write(writer, dir, &err), MS_EUSAGE);
	ck_assert_int_eq(ms_pack_write(writer, in_dir("no/where"), &err), MS_EIO);
	ms_pack_writer_free(writer);
}
END_TEST

START_TEST(what_is_no_pack)
{
	static const char *const texts_of_none[] = { "", "MEMSYMS", "MEMSYMS\n",
						     "\x7f"
						     "ELF" };
	struct ms_error err;
	struct ms_pack *pack;

	for (size_t i = 0; i < 4; i++) {
		ck_assert_int_eq(ms_pack_parse(&pack, texts_of_none[i],
					       strlen(texts_of_none[i]), "it", &err),
				 MS_EFORMAT);
		ck_assert_ptr_null(pack);
	}
	ck_assert_int_eq(ms_pack_open(&pack, in_dir("none"), &err), MS_EIO);
	ck_assert_int_eq(ms_pack_open(&pack, dir, &err), MS_EFORMAT);
}
END_TEST

START_TEST(every_byte_matters)
{
	struct ms_pack_writer *writer = small();
	struct ms_error err;
	struct ms_pack *pack;
	uint8_t *bytes;
	size_t len;

	ck_assert_int_eq(ms_pack_encode(&bytes, &len, writer, &err), MS_OK);
	for (size_t i = 0; i < len; i++) {
		for (unsigned bit = 0; bit < 8; bit++) {
			bytes[i] ^= (uint8_t)(1u << bit);
			ck_assert_int_eq(ms_pack_parse(&pack, bytes, len, "it", &err),
					 MS_EFORMAT);
			bytes[i] ^= (uint8_t)(1u << bit);
		}
		ck_assert_int_eq(ms_pack_parse(&pack, bytes, i, "it", &err), MS_EFORMAT);
	}
	ms_free(bytes);
	ms_pack_writer_free(writer);
}
END_TEST

/* A body that says more than it holds, in each of its numbers. */
START_TEST(bodies_that_lie)
{
	/* No texts; a module without build-id, path, range and source; an address. */
	static const uint8_t sound[] = { 1, 3, 1, 1, 1, 1, 3, 11, 9, 3, 1, 1, 1 };
	uint8_t body[sizeof(sound)];
	struct ms_error err;
	struct ms_pack *pack;

	ck_assert_int_eq(ms_pack_parse_body(&pack, sound, sizeof(sound), "it", &err),
			 MS_OK);
	ck_assert_uint_eq(ms_pack_address_count(pack, 0), 1);
	ms_pack_close(pack);
	for (size_t len = 0; len < sizeof(sound); len++)
		ck_assert_int_eq(ms_pack_parse_body(&pack, sound, len, "it", &err),
				 MS_EFORMAT);
	memcpy(body, sound, sizeof(body));
	for (unsigned i = 0; i < sizeof(body); i++) {
		for (unsigned value = 0; value < 256; value++) {
			body[i] = (uint8_t)value;
			if (ms_pack_parse_body(&pack, body, sizeof(body), "it", &err) !=
			    MS_OK)
				continue;
			/* An address, a range, a line may be any, the rest not. */
			ck_assert(i == 4 || i == 8 || i == 12 || value == sound[i]);
			ms_pack_close(pack);
		}
		body[i] = sound[i];
	}
}
END_TEST

/* The head's sums are right, and its numbers are not. */
START_TEST(heads_that_lie)
{
	static const struct {
		size_t at;
		uint64_t value, bytes;
		const char *said;
	} lies[] = { { 8, 2, 2, "version 2" },	       { 12, 0, 4, "damaged" },
		     { 12, UINT32_MAX, 4, "damaged" }, { 16, 1, 8, "damaged" },
		     { 16, UINT64_MAX, 8, "damaged" }, { 24, 0, 8, "damaged" },
		     { 24, UINT64_MAX, 8, "damaged" }, { 24, 1u << 28, 8, "damaged" } };
	struct ms_pack_writer *writer = small();
	struct ms_error err;
	struct ms_pack *pack;
	uint8_t *bytes, head[MS_PACK_HEAD_BYTES];
	uint32_t crc;
	size_t len;

	ck_assert_int_eq(ms_pack_encode(&bytes, &len, writer, &err), MS_OK);
	memcpy(head, bytes, sizeof(head));
	for (size_t i = 0; i < sizeof(lies) / sizeof(*lies); i++) {
		memcpy(bytes, head, sizeof(head));
		memcpy(bytes + lies[i].at, &lies[i].value, lies[i].bytes);
		crc = ms_crc32c(0, bytes, sizeof(head) - 4);
		memcpy(bytes + sizeof(head) - 4, &crc, 4);
		ck_assert_int_eq(ms_pack_parse(&pack, bytes, len, "it", &err),
				 MS_EFORMAT);
		ck_assert_ptr_nonnull(strstr(err.text, lies[i].said));
	}
	/* A later minor version is read. */
	memcpy(bytes, head, sizeof(head));
	bytes[10] = 9;
	crc = ms_crc32c(0, bytes, sizeof(head) - 4);
	memcpy(bytes + sizeof(head) - 4, &crc, 4);
	ck_assert_int_eq(ms_pack_parse(&pack, bytes, len, "it", &err), MS_OK);
	ms_pack_close(pack);
	ms_free(bytes);
	ms_pack_writer_free(writer);
}
END_TEST

static ms_status make_and_read(void)
{
	static const struct ms_pack_level level = { "f", "/src/a.c", 1 };
	struct ms_pack_writer *writer = ms_pack_writer_new();
	struct ms_pack_key key = key_of(0);
	struct ms_error err;
	struct ms_pack *pack = NULL;
	uint8_t *bytes = NULL;
	size_t module, len;
	ms_status status = writer ? MS_OK : MS_ENOMEM;

	if (status == MS_OK)
		status = ms_pack_add_module(writer, &key, &module);
	if (status == MS_OK)
		status = ms_pack_add(writer, module, 5, &level, 1);
	if (status == MS_OK)
		status = ms_pack_encode(&bytes, &len, writer, &err);
	if (status == MS_OK)
		status = ms_pack_parse(&pack, bytes, len, "it", &err);
	ms_pack_close(pack);
	ms_free(bytes);
	ms_pack_writer_free(writer);
	return status;
}

START_TEST(every_allocation_fails)
{
	unsigned long n = 0;
	ms_status status = MS_ENOMEM;

	while (status != MS_OK) {
		ms_alloc_fail_at(++n);
		status = make_and_read();
		ms_alloc_fail_at(0);
		ck_assert(status == MS_OK || status == MS_ENOMEM);
	}
	ck_assert_uint_gt(n, 15);
}
END_TEST

/* --- places ---------------------------------------------------------------------------
 */

START_TEST(places_of_packs)
{
	struct ms_pack_writer *writer = small();
	struct ms_pack_key key = key_of(0), other = key_of(1);
	struct ms_packed_module module;
	struct ms_pack_cursor cursor;
	char places[3 * PATH_MAX];
	struct ms_error err;
	struct ms_packs *packs;

	ck_assert_int_eq(ms_pack_write(writer, in_dir("one.mspack"), &err), MS_OK);
	ck_assert_int_eq(ms_pack_write(writer, in_dir("two"), &err), MS_OK);
	ms_pack_writer_free(writer);
	/* By itself, whatever its name, and with all packs of a directory. */
	snprintf(places, sizeof(places), "%s::%s", in_dir("two"), dir);
	ck_assert_int_eq(ms_packs_open(&packs, places, &err), MS_OK);
	ck_assert_str_eq(ms_packs_dirs(packs), dir);
	ck_assert(ms_packs_have(packs, &key));
	ck_assert(!ms_packs_have(packs, &other));
	ck_assert(ms_packs_find(packs, &key, 0x1234, &cursor));
	ck_assert(!ms_packs_find(packs, &key, 0x1235, &cursor));
	ck_assert(ms_packs_module(packs, 1, &module));
	ck_assert_str_eq(module.pack, in_dir("one.mspack"));
	ck_assert_uint_eq(module.addresses, 2);
	ck_assert(!ms_packs_module(packs, 2, &module));
	ms_packs_free(packs);

	snprintf(places, sizeof(places), "%s:%s", dir, in_dir("none"));
	ck_assert_int_eq(ms_packs_open(&packs, places, &err), MS_EIO);
	ck_assert_ptr_null(packs);
	write_bytes(in_dir("three.mspack"), "x", 1);
	ck_assert_int_eq(ms_packs_open(&packs, dir, &err), MS_EFORMAT);
	ck_assert_ptr_nonnull(strstr(err.text, "three.mspack"));
}
END_TEST

int main(void)
{
	TCase *tests = tcase_create("pack");
	Suite *suite = suite_create("symbol packs");
	SRunner *runner;
	int failed;

	tcase_set_timeout(tests, 120);
	tcase_add_checked_fixture(tests, begin, end);
	tcase_add_loop_test(tests, as_the_model, 0, 25);
	tcase_add_test(tests, a_file_is_replaced_whole);
	tcase_add_test(tests, what_is_no_pack);
	tcase_add_test(tests, every_byte_matters);
	tcase_add_test(tests, bodies_that_lie);
	tcase_add_test(tests, heads_that_lie);
	tcase_add_test(tests, every_allocation_fails);
	tcase_add_test(tests, places_of_packs);
	suite_add_tcase(suite, tests);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
