/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz_index.c - any bytes as the index of a log: reading the log by it does no harm.
 *
 * What the index says of whose it is, and all checksums, are put right, so that every
 * input reaches what lies behind them.  That wrong ones are refused is what
 * check_index_file tests.
 */
#define _GNU_SOURCE
#include "analyzer/capture/capture.h"
#include "analyzer/event_store/index_format.h"
#include "tests/unit/log_builder.h"

#include <sys/stat.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char dir[64], log_path[128], index_path[128];
static struct ms_index_identity identity;

static void require(bool condition)
{
	if (!condition)
		abort();
}

static void write_file(const char *path, const void *bytes, size_t size)
{
	int fd = open(path, O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC, 0600);

	require(fd >= 0 && write(fd, bytes, size) == (ssize_t)size);
	close(fd);
}

struct opened {
	struct ms_store *store;
	struct ms_metadata *meta;
	struct ms_log *log;
};

static void open_log(struct opened *o)
{
	static const struct ms_log_options options = { .threads = 1, .use_index = true };

	require(ms_store_new(&o->store, NULL) == MS_OK);
	require(ms_metadata_new(&o->meta, NULL) == MS_OK);
	require(ms_log_open_with(&o->log, log_path, o->store, o->meta, &options, NULL) ==
		MS_OK);
}

static void close_log(struct opened *o)
{
	ms_store_free(o->store);
	ms_metadata_free(o->meta);
	ms_log_close(o->log);
}

static void clean_up(void)
{
	unlink(index_path);
	unlink(log_path);
	rmdir(dir);
}

/* Runs of several chunks, in several windows. */
static void make_log(void)
{
	struct log_builder lb;

	lb_init(&lb);
	lb.window_bytes = 32 * 1024;
	for (unsigned i = 0; i < 20000; i++)
		lb_event(&lb, 1 + i / 64 % 2, LB_START_TICKS + i,
			 i % 2 ? MS_EVENT_MALLOC : MS_EVENT_FREE, 0x1000 + i % 100 * 16,
			 i % 100, 0);
	write_file(log_path, lb.data, lb.len);
	lb_release(&lb);
}

/* The log, and what its index says of whose it is. */
static void set_up(void)
{
	struct ms_index_head head;
	struct opened o;
	FILE *f;

	strcpy(dir, "/tmp/fuzz-index.XXXXXX");
	require(mkdtemp(dir) != NULL);
	snprintf(log_path, sizeof(log_path), "%s/a.bin", dir);
	snprintf(index_path, sizeof(index_path), "%s/a.bin.idx", dir);
	atexit(clean_up);
	make_log();
	open_log(&o);
	require(ms_log_save_index(o.log));
	close_log(&o);
	f = fopen(index_path, "rb");
	require(f && fread(&head, sizeof(head), 1, f) == 1);
	fclose(f);
	identity = head.identity;
}

static void fix_table(uint8_t *bytes, struct ms_index_head *head, size_t size)
{
	struct ms_index_entry entry;

	head->table = head->table % (size + 1) / MS_INDEX_ALIGN * MS_INDEX_ALIGN;
	head->parts = (size - head->table) / sizeof(entry);
	for (size_t at = head->table; at + sizeof(entry) <= size; at += sizeof(entry)) {
		memcpy(&entry, bytes + at, sizeof(entry));
		if (entry.offset <= size && entry.bytes <= size - entry.offset)
			entry.crc = ms_crc32c(0, bytes + entry.offset, entry.bytes);
		memcpy(bytes + at, &entry, sizeof(entry));
	}
	head->table_crc = ms_crc32c(0, bytes + head->table, size - head->table);
}

static void fix(uint8_t *bytes, size_t size)
{
	struct ms_index_head head;

	if (size < sizeof(head))
		return;
	memcpy(&head, bytes, sizeof(head));
	head.magic = MS_INDEX_MAGIC;
	head.version = MS_INDEX_VERSION;
	head.identity = identity;
	fix_table(bytes, &head, size);
	head.crc = ms_index_head_check(&head);
	memcpy(bytes, &head, sizeof(head));
}

static void look_up(const struct ms_store *store, const struct ms_want *want)
{
	struct ms_event events[100];
	struct ms_cursor *cursor;
	uint64_t count = 0;
	size_t n;

	require(ms_cursor_open_want(&cursor, store, want, NULL) == MS_OK);
	while ((n = ms_cursor_batch(cursor, events, 100)) > 0)
		count += n;
	/* no event is shorter than three bytes, and none is delivered twice */
	require(count <= 20000 * 16 / 3);
	ms_cursor_close(cursor);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t *bytes = malloc(size + 1);
	struct opened o;

	if (!*dir)
		set_up();
	require(bytes != NULL);
	memcpy(bytes, data, size);
	fix(bytes, size);
	write_file(index_path, bytes, size);
	free(bytes);
	open_log(&o);
	look_up(o.store, &(struct ms_want){ 0 });
	look_up(o.store, &(struct ms_want){ .address = 0x1000 + 50 * 16 });
	look_up(o.store, &(struct ms_want){ .from_ns = 5000, .to_ns = 9000 });
	look_up(o.store, &(struct ms_want){ .after_ticks = 5000, .thread = 2 });
	close_log(&o);
	return 0;
}
