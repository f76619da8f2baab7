/* SPDX-License-Identifier: Apache-2.0 */
/*
 * text_parts.c - parts of text reports: frames, shares, losses, ends.
 */
#include "analyzer/base/escape.h"
#include "analyzer/render/parts.h"
#include "common/lost.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

void ms_write_heading(struct ms_writer *writer, const char *title)
{
	ms_write_text(writer, "\n");
	ms_write_bold(writer);
	ms_write_text(writer, title);
	ms_write_plain(writer);
	ms_write_text(writer, "\n");
}

const char *ms_base_name(const char *path)
{
	const char *slash = path ? strrchr(path, '/') : NULL;

	return slash && slash[1] ? slash + 1 : path;
}

uint64_t ms_share(uint64_t part, uint64_t whole)
{
	return whole ? (uint64_t)(((unsigned __int128)part * 10000 + whole / 2) / whole)
		     : 0;
}

const char *ms_share_text(char buffer[MS_HUMAN_BYTES], uint64_t part, uint64_t whole)
{
	uint64_t tenths = (ms_share(part, whole) + 5) / 10;

	if (part && !tenths)
		snprintf(buffer, MS_HUMAN_BYTES, "<0.1 %%");
	else
		snprintf(buffer, MS_HUMAN_BYTES, "%" PRIu64 ".%u %%", tenths / 10,
			 (unsigned)(tenths % 10));
	return buffer;
}

/* --- frames ---------------------------------------------------------------------------
 */

/* "value.c:123", "[libc.so.6]" or "": where a frame is, for one whose name is printed. */
static void frame_place(char *buffer, size_t bytes, const json_t *frame)
{
	const char *file = ms_base_name(ms_json_string(frame, "file"));
	const char *module = ms_base_name(ms_json_string(frame, "module"));
	uint64_t line = ms_json_u64(frame, "line");

	if (file && line)
		snprintf(buffer, bytes, "%.200s:%" PRIu64, file, line);
	else if (file)
		snprintf(buffer, bytes, "%.200s", file);
	else if (module)
		snprintf(buffer, bytes, "[%.200s]", module);
	else
		*buffer = 0;
}

/* "libfoo.so+0x1234", or why there is no more to say. */
static void frame_name(char *buffer, size_t bytes, const json_t *frame)
{
	const char *module = ms_base_name(ms_json_string(frame, "module"));
	const char *address = ms_json_string(frame, "address");
	const char *cut = ms_json_string(frame, "cut");

	if (cut)
		snprintf(buffer, bytes, "(not seen further: %s)", cut);
	else if (module)
		snprintf(buffer, bytes, "%.200s+%s", module, address ? address : "?");
	else if (address)
		snprintf(buffer, bytes, "%s", address);
	else
		snprintf(buffer, bytes, "(no stack was recorded)");
}

size_t ms_write_frame(struct ms_writer *writer, const json_t *frame, size_t columns)
{
	const char *function = ms_json_string(frame, "function");
	char name[1024], place[300] = "";
	size_t room = columns, taken, place_columns;

	if (function)
		frame_place(place, sizeof(place), frame);
	else
		frame_name(name, sizeof(name), frame);
	place_columns = ms_escape(NULL, 0, place, strlen(place));
	/* The place is short and tells more than the end of a long name. */
	if (room && place_columns && room > place_columns + 12)
		room -= place_columns + 2;
	if (function && room && ms_escape(NULL, 0, function, strlen(function)) > room)
		ms_short_name(name, sizeof(name), function);
	else if (function)
		snprintf(name, sizeof(name), "%s", function);
	taken = ms_write_escaped(writer, name, room);
	if (!place_columns || (columns && taken + 2 >= columns))
		return taken;
	ms_write_text(writer, "  ");
	ms_write_dim(writer);
	taken += 2 + ms_write_escaped(writer, place, columns ? columns - taken - 2 : 0);
	ms_write_plain(writer);
	return taken;
}

void ms_write_stack(struct ms_writer *writer, const json_t *stack, unsigned indent)
{
	unsigned width = writer->look.width;
	const json_t *frame;
	size_t i;

	json_array_foreach (stack, i, frame) {
		ms_write_pad(writer, ' ', indent);
		if (json_object_get(frame, "omitted"))
			ms_writef(writer, "... %" PRIu64 " frames ...",
				  ms_json_u64(frame, "omitted"));
		else
			ms_write_frame(writer, frame,
				       width > indent + 20 ? width - indent
				       : width		   ? 20
							   : 0);
		ms_write_text(writer, "\n");
	}
}

/* --- losses and damage
 * ------------------------------------------------------------------ */

static const struct {
	const char *name, *meaning;
} lost_kinds[] = {
#define X(id, index, name, meaning) { name, meaning },
	MS_LOST_KINDS(X)
#undef X
};

static const char *lost_meaning(const char *name)
{
	for (size_t i = 0; i < sizeof(lost_kinds) / sizeof(lost_kinds[0]); i++) {
		if (strcmp(name, lost_kinds[i].name) == 0)
			return lost_kinds[i].meaning;
	}
	return "of a kind that this version does not know";
}

void ms_write_losses(struct ms_writer *writer, const json_t *lost)
{
	const char *name;
	json_t *count;
	bool some = false;

	ms_write_heading(writer, "Not recorded");
	json_object_foreach ((json_t *)lost, name, count) {
		const char *meaning = lost_meaning(name);
		uint64_t n = ms_json_as_u64(count);
		char human[MS_HUMAN_BYTES];

		if (!n)
			continue;
		some = true;
		ms_writef(writer, "  %13s  %s\n", ms_human_count(human, n), meaning);
	}
	if (!some)
		ms_write_text(writer, "  Nothing was lost.\n");
}

void ms_write_damage(struct ms_writer *writer, const json_t *damage)
{
	size_t count = json_array_size(damage);

	if (count)
		ms_writef(
			writer,
			"\nThe log is damaged in %zu place%s; what could be read is shown, the "
			"figures may be too low.\n",
			count, count == 1 ? "" : "s");
}

/* --- processes
 * ---------------------------------------------------------------------------- */

void ms_write_date(struct ms_writer *writer, uint64_t unix_ns)
{
	time_t seconds = (time_t)(unix_ns / 1000000000);
	struct tm tm;
	char text[64];

	if (gmtime_r(&seconds, &tm) &&
	    strftime(text, sizeof(text), "%Y-%m-%d %H:%M:%S UTC", &tm))
		ms_write_text(writer, text);
	else
		ms_writef(writer, "%" PRIu64 " ns after 1970", unix_ns);
}

void ms_write_end(struct ms_writer *writer, const json_t *process)
{
	const char *end = ms_json_string(process, "end");
	const char *stopped = ms_json_string(process, "stopped");
	const char *became = ms_json_string(process, "became");

	if (end && strcmp(end, "exited") == 0) {
		ms_write_text(writer, ", exited");
	} else if (end && strcmp(end, "open") != 0) {
		ms_writef(writer, ", left by %s", end);
	} else if (became) {
		ms_write_text(writer, ", left by exec of ");
		ms_write_escaped(writer, *became ? became : "(not known)", 0);
	} else {
		ms_write_text(writer,
			      "\nnot seen to exit: still running, killed, or left by "
			      "exec");
	}
	if (stopped) {
		ms_write_text(writer, "\nrecording stopped early: ");
		ms_write_escaped(writer, stopped, 0);
	}
}

/* --- capture modes --------------------------------------------------------------------
 */

bool ms_figure_known(const json_t *object, const char *key)
{
	return json_is_number(json_object_get(object, key));
}

const json_t *ms_figure_error(const json_t *object, const char *key)
{
	return json_object_get(json_object_get(object, "errors"), key);
}

static const char *figure(char buffer[MS_FIGURE_BYTES], const json_t *object,
			  const char *key, const char *human)
{
	if (ms_figure_known(object, key))
		snprintf(buffer, MS_FIGURE_BYTES, "%s%s",
			 ms_figure_error(object, key) ? "~" : "", human);
	else
		snprintf(buffer, MS_FIGURE_BYTES, "-");
	return buffer;
}

const char *ms_figure_size(char buffer[MS_FIGURE_BYTES], const json_t *object,
			   const char *key)
{
	char human[MS_HUMAN_BYTES];

	return figure(buffer, object, key,
		      ms_human_size(human, ms_json_u64(object, key)));
}

const char *ms_figure_count(char buffer[MS_FIGURE_BYTES], const json_t *object,
			    const char *key)
{
	char human[MS_HUMAN_BYTES];

	return figure(buffer, object, key,
		      ms_human_count(human, ms_json_u64(object, key)));
}

void ms_write_mode(struct ms_writer *writer, const json_t *process)
{
	const json_t *from = json_object_get(process, "totals_only_from_ns");
	const char *mode = ms_json_string(process, "mode");
	char human[MS_HUMAN_BYTES];

	if (mode && strcmp(mode, "counters") == 0)
		ms_write_text(writer,
			      "\nmode counters: exact totals only; what was live, "
			      "and where, was not recorded");
	if (mode && strcmp(mode, "cull") == 0)
		ms_writef(writer,
			  "\nmode cull: blocks that their thread freed within %s "
			  "are in calls and bytes,\nnot in peaks and single events",
			  ms_human_time(human, ms_json_u64(process, "cull_ns")));
	if (mode && strcmp(mode, "sample") == 0)
		ms_writef(writer,
			  "\nmode sample: exact totals, and estimates (~) from about "
			  "one block in %s",
			  ms_human_size(human, ms_json_u64(process, "sample_bytes")));
	if (json_is_number(from))
		ms_writef(writer,
			  "\nexact totals only from %s on: what was live later, "
			  "and where, was not recorded",
			  ms_human_time(human, ms_json_as_u64(from)));
}
