/* SPDX-License-Identifier: Apache-2.0 */
/*
 * text_groups.c - what a row of a grouping is called, and which blocks a report is about.
 */
#include "analyzer/render/parts.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define MAX_FRAMES 12

/* Columns right of indent; 0: not limited. */
static size_t room_of(const struct ms_writer *writer, unsigned indent)
{
	unsigned width = writer->look.width;

	return width > indent + 20 ? width - indent : width ? 20 : 0;
}

static void write_stack_frame(struct ms_writer *writer, const json_t *frame,
			      unsigned indent)
{
	if (json_object_get(frame, "omitted"))
		ms_writef(writer, "... %" PRIu64 " frames ...",
			  ms_json_u64(frame, "omitted"));
	else
		ms_write_frame(writer, frame, room_of(writer, indent));
}

static void write_stack(struct ms_writer *writer, const json_t *row, unsigned indent)
{
	const json_t *stack = json_object_get(row, "stack");
	size_t count = json_array_size(stack), index;

	if (!count)
		ms_write_text(writer, "(no stack was recorded)");
	for (index = 0; index < count && index < MAX_FRAMES; index++) {
		if (index) {
			ms_write_text(writer, "\n");
			ms_write_pad(writer, ' ', indent);
		}
		write_stack_frame(writer, json_array_get(stack, index), indent);
	}
	if (index < count) {
		ms_write_text(writer, "\n");
		ms_write_pad(writer, ' ', indent);
		ms_writef(writer, "... %zu more", count - index);
	}
}

static void write_module(struct ms_writer *writer, const json_t *row, unsigned indent)
{
	const char *text = ms_json_string(row, "module");

	ms_write_escaped(writer, text ? text : "(none)", room_of(writer, indent));
}

static void write_file(struct ms_writer *writer, const json_t *row, unsigned indent)
{
	const char *text = ms_json_string(row, "file");

	if (text)
		ms_write_escaped(writer, text, room_of(writer, indent));
	else
		write_module(writer, row, indent);
}

static void write_thread(struct ms_writer *writer, const json_t *row, unsigned indent)
{
	size_t room = room_of(writer, indent);
	const char *text = ms_json_string(row, "name");

	if (json_is_number(json_object_get(row, "tid")))
		ms_writef(writer, "%" PRIu64 " ", ms_json_u64(row, "tid"));
	ms_write_escaped(writer, text ? text : "", room > 10 ? room - 10 : room);
}

static void write_size(struct ms_writer *writer, const json_t *row, unsigned indent)
{
	char low[MS_HUMAN_BYTES], high[MS_HUMAN_BYTES];
	uint64_t to = ms_json_u64(row, "size_to");

	(void)indent;
	ms_writef(writer, "%s", ms_human_size(low, ms_json_u64(row, "size_from")));
	if (to > 1)
		ms_writef(writer, " to below %s", ms_human_size(high, to + 1));
}

static void write_age(struct ms_writer *writer, const json_t *row, unsigned indent)
{
	uint64_t from = ms_json_u64(row, "age_from_ns");
	uint64_t to = ms_json_u64(row, "age_to_ns");
	char low[MS_HUMAN_BYTES], high[MS_HUMAN_BYTES];

	(void)indent;
	if (!to)
		ms_writef(writer, "%s or more", ms_human_time(low, from));
	else if (from)
		ms_writef(writer, "%s to below %s", ms_human_time(low, from),
			  ms_human_time(high, to + 1));
	else
		ms_writef(writer, "below %s", ms_human_time(high, to + 1));
}

static void write_kind(struct ms_writer *writer, const json_t *row, unsigned indent)
{
	(void)indent;
	ms_write_text(writer, ms_json_string(row, "kind"));
}

static void write_site(struct ms_writer *writer, const json_t *row, unsigned indent)
{
	ms_write_frame(writer, row, room_of(writer, indent));
}

static const struct {
	const char *by;
	void (*write)(struct ms_writer *writer, const json_t *row, unsigned indent);
} names[] = {
	{ "stack", write_stack },   { "module", write_module }, { "file", write_file },
	{ "thread", write_thread }, { "size", write_size },	{ "age", write_age },
	{ "kind", write_kind },
};

void ms_write_group(struct ms_writer *writer, const char *by, const json_t *row,
		    unsigned indent)
{
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (strcmp(names[i].by, by) == 0) {
			names[i].write(writer, row, indent);
			return;
		}
	}
	write_site(writer, row, indent);
}

/* --- filters
 * ---------------------------------------------------------------------------- */

static void write_condition(struct ms_writer *writer, const char *what, const char *value,
			    bool *first)
{
	ms_write_text(writer, *first ? "only of blocks: " : ", ");
	ms_write_text(writer, what);
	ms_write_escaped(writer, value, 0);
	*first = false;
}

static void write_range(struct ms_writer *writer, const json_t *filter, const char *what,
			const char *from_key, const char *to_key, bool time, bool *first)
{
	const json_t *to = json_object_get(filter, to_key);
	char text[2 * MS_HUMAN_BYTES + 8], low[MS_HUMAN_BYTES], high[MS_HUMAN_BYTES] = "";
	uint64_t from = ms_json_u64(filter, from_key), until = ms_json_as_u64(to);

	if (!json_object_get(filter, from_key))
		return;
	if (time)
		ms_human_time(low, from);
	else
		ms_human_size(low, from);
	if (json_is_number(to) && time)
		ms_human_time(high, until);
	else if (json_is_number(to))
		ms_human_size(high, until);
	snprintf(text, sizeof(text), "%s..%s", low, high);
	write_condition(writer, what, text, first);
}

void ms_write_at(struct ms_writer *writer, const json_t *object)
{
	const char *at = ms_json_string(object, "at");
	const char *mark = ms_json_string(object, "mark");

	ms_write_text(writer, strcmp(at, "percent") == 0 ? "time" : at);
	if (!mark)
		return;
	ms_write_text(writer, " '");
	ms_write_escaped(writer, mark, 0);
	ms_write_text(writer, "'");
}

void ms_write_filter(struct ms_writer *writer, const json_t *filter)
{
	static const struct {
		const char *key, *what;
	} texts[] = { { "from", "made at or after " }, { "to", "made at or before " },
		      { "site", "site ~ " },	       { "function", "function ~ " },
		      { "file", "file ~ " },	       { "module", "module ~ " } };
	bool first = true;
	char tid[24];

	if (!json_is_object(filter))
		return;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		const char *text = ms_json_string(filter, texts[i].key);

		if (text)
			write_condition(writer, texts[i].what, text, &first);
	}
	snprintf(tid, sizeof(tid), "%" PRIu64, ms_json_u64(filter, "thread"));
	if (json_object_get(filter, "thread"))
		write_condition(writer, "thread ", tid, &first);
	write_range(writer, filter, "size ", "size_from", "size_to", false, &first);
	write_range(writer, filter, "lifetime ", "lifetime_from_ns", "lifetime_to_ns",
		    true, &first);
	if (json_object_get(filter, "live"))
		write_condition(writer, "", "live", &first);
	if (json_object_get(filter, "freed"))
		write_condition(writer, "", "freed", &first);
	ms_write_text(writer, "\n");
}
