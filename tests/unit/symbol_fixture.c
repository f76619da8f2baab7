/* SPDX-License-Identifier: Apache-2.0 */
/*
 * symbol_fixture.c - programs to find symbols in, and others' opinion of them.
 */
#include "tests/unit/symbol_fixture.h"

#include <check.h>
#include <inttypes.h>
#include <limits.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char directory[PATH_MAX / 2];

void fixture_begin(void)
{
	const char *tmp = getenv("TMPDIR");
	char source[PATH_MAX];

	snprintf(directory, sizeof(directory), "%s/memscope-symbols.XXXXXX",
		 tmp ? tmp : "/tmp");
	ck_assert_ptr_nonnull(mkdtemp(directory));
	ck_assert_ptr_nonnull(realpath("tests/data/symbols", source));
	setenv("SRC", source, 1);
	ck_assert_ptr_nonnull(realpath(".", source));
	setenv("ROOT", source, 1);
}

void fixture_end(void)
{
	char command[PATH_MAX];

	snprintf(command, sizeof(command), "rm -rf '%s'", directory);
	if (system(command) != 0)
		fprintf(stderr, "cannot remove %s\n", directory);
}

const char *fixture_dir(void)
{
	return directory;
}

const char *at(const char *name)
{
	static char paths[16][PATH_MAX];
	static unsigned next;
	char *path = paths[next++ % 16];

	snprintf(path, PATH_MAX, "%s/%s", directory, name);
	return path;
}

void shell(const char *format, ...)
{
	char command[8192], line[sizeof(command) + PATH_MAX];
	va_list args;

	va_start(args, format);
	ck_assert_int_lt(vsnprintf(command, sizeof(command), format, args),
			 (int)sizeof(command));
	va_end(args);
	snprintf(line, sizeof(line), "set -e; cd '%s'; %s", directory, command);
	if (system(line) != 0)
		ck_abort_msg("failed: %s", command);
}

bool have(const char *command)
{
	char line[PATH_MAX];

	snprintf(line, sizeof(line), "command -v %s >/dev/null", command);
	if (system(line) == 0)
		return true;
	fprintf(stderr, "# skipped: what needs %s, which is not installed\n", command);
	return false;
}

static FILE *pipe_from(const char *format, const char *path)
{
	char command[PATH_MAX + 256];
	FILE *pipe;

	snprintf(command, sizeof(command), format, path);
	pipe = popen(command, "r");
	ck_assert_ptr_nonnull(pipe);
	return pipe;
}

/* Bytes of an instruction, from "e8 12 34 56 78  ". */
static size_t instruction_bytes(const char *hex)
{
	size_t n = 0;
	unsigned byte;
	int used;

	while (sscanf(hex, "%2x%n", &byte, &used) == 1) {
		hex += used;
		n++;
	}
	return n;
}

struct addresses call_addresses(const char *path)
{
	FILE *pipe = pipe_from("objdump -d -w '%s'", path);
	struct addresses found = { NULL, 0 };
	char line[4096];

	while (fgets(line, sizeof(line), pipe)) {
		char *bytes = strchr(line, '\t'),
		     *text = bytes ? strchr(bytes + 1, '\t') : NULL;

		if (!text || strncmp(text + 1, "call", 4) != 0)
			continue;
		*text = '\0';
		found.items =
			realloc(found.items, (found.count + 1) * sizeof(*found.items));
		found.items[found.count++] =
			strtoull(line, NULL, 16) + instruction_bytes(bytes);
	}
	ck_assert_int_eq(pclose(pipe), 0);
	ck_assert_uint_gt(found.count, 0);
	return found;
}

const char *build_id_of(const char *path)
{
	static char id[256];
	FILE *pipe = pipe_from("readelf -n '%s' | sed -n 's/.*Build ID: //p'", path);

	id[0] = '\0';
	if (fscanf(pipe, "%255s", id) != 1)
		id[0] = '\0';
	pclose(pipe);
	return id;
}

struct ms_wire_node node_of(uint32_t id, uint32_t module, uint64_t offset,
			    uint32_t parent)
{
	uint64_t where = (uint64_t)module << MS_WHERE_MODULE_SHIFT | offset;

	return (struct ms_wire_node){ where, parent,
				      ms_wire_node_check(id, where, parent) };
}

struct program program_new(const char *path, const char *hex, const struct addresses *a)
{
	struct program p = { .count = a->count };
	uint8_t id[128];
	struct ms_module module = { .id = 1, .path = path, .gone_ns = UINT64_MAX };
	struct ms_error err;

	for (; hex && hex[0] && hex[1]; hex += 2)
		sscanf(hex, "%2hhx", &id[module.build_id_bytes++]);
	module.build_id = id;
	ck_assert_int_eq(ms_metadata_new(&p.meta, &err), MS_OK);
	ck_assert_int_eq(ms_metadata_add_module(p.meta, &module, strlen(path)), MS_OK);
	p.nodes = calloc(a->count, sizeof(*p.nodes));
	for (size_t i = 0; i < a->count; i++)
		p.nodes[i] = node_of((uint32_t)i + 1, 1, a->items[i], 0);
	ck_assert_int_eq(ms_metadata_add_nodes(p.meta, 1, p.nodes, p.count), MS_OK);
	return p;
}

void program_free(struct program *program)
{
	ms_metadata_free(program->meta);
	free(program->nodes);
}

const char *owner_of(struct ms_metadata *meta, uint32_t node)
{
	const struct ms_frame *frames;
	size_t count;
	struct ms_error err;

	ck_assert_int_eq(ms_metadata_frames(meta, node, &frames, &count, &err), MS_OK);
	ck_assert_uint_gt(count, 0);
	return frames[count - 1].function;
}

static const char *base(const char *path)
{
	const char *slash = path ? strrchr(path, '/') : NULL;

	return slash ? slash + 1 : path ? path : "??";
}

/* What addr2line prints: a line with the address, then two lines a frame. */
struct opinion {
	FILE *pipe;
	char line[16384];
	bool held;
};

static bool next_line(struct opinion *o)
{
	if (o->held) {
		o->held = false;
		return true;
	}
	if (!fgets(o->line, sizeof(o->line), o->pipe))
		return false;
	o->line[strcspn(o->line, "\n")] = '\0';
	return true;
}

/* addr2line names a function's cold part by its symbol: main.cold, f() [clone .cold]. */
static bool same_function(const char *theirs, const char *ours)
{
	size_t len = strlen(ours);

	return strncmp(theirs, ours, len) == 0 &&
	       (theirs[len] == '\0' || theirs[len] == '.' ||
		strncmp(theirs + len, " [clone .", 9) == 0);
}

static void compare_frame(struct opinion *o, const struct ms_frame *ours,
			  uint64_t address)
{
	char *colon;
	unsigned long line;

	if (!same_function(o->line, ours->function ? ours->function : "??"))
		ck_abort_msg("%#lx is in %s, addr2line has %s", (unsigned long)address,
			     ours->function ? ours->function : "??", o->line);
	ck_assert(next_line(o));
	colon = strrchr(o->line, ':');
	ck_assert_ptr_nonnull(colon);
	line = strtoul(colon + 1, NULL, 10);
	if (line != ours->line)
		ck_abort_msg("%#lx is at %s:%u, addr2line has %s", (unsigned long)address,
			     base(ours->file), ours->line, o->line);
	/* Where it has no line, addr2line may still guess a file from the symbols. */
	*colon = '\0';
	if (line > 0)
		ck_assert_str_eq(base(ours->file), base(o->line));
}

static size_t compare_address(struct opinion *o, struct ms_metadata *meta, uint32_t node,
			      uint64_t address)
{
	const struct ms_frame *frames;
	size_t count, i = 0;
	struct ms_error err;

	ck_assert_int_eq(ms_metadata_frames(meta, node, &frames, &count, &err), MS_OK);
	ck_assert(next_line(o));
	ck_assert_uint_eq(strtoull(o->line, NULL, 16), address - 1);
	while (next_line(o)) {
		if (strncmp(o->line, "0x", 2) == 0) {
			o->held = true;
			break;
		}
		if (i == count)
			ck_abort_msg("%#lx has %zu frames, addr2line one more: %s",
				     (unsigned long)address, count, o->line);
		ck_assert_uint_eq(frames[i].address, address);
		ck_assert_int_eq(frames[i].inlined, i + 1 < count);
		compare_frame(o, &frames[i++], address);
	}
	if (i != count)
		ck_abort_msg("%#lx has %zu frames, addr2line only %zu",
			     (unsigned long)address, count, i);
	return count - 1;
}

size_t compare_with_addr2line(struct program *program, const char *reference,
			      const struct addresses *addresses)
{
	FILE *list = fopen(at("addresses"), "w");
	char command[2 * PATH_MAX];
	struct opinion o = { 0 };
	size_t inlined = 0;

	ck_assert_ptr_nonnull(list);
	for (size_t i = 0; i < addresses->count; i++)
		fprintf(list, "0x%" PRIx64 "\n", addresses->items[i] - 1);
	fclose(list);
	snprintf(command, sizeof(command), "addr2line -a -i -f -C -e '%%s' <'%s'",
		 at("addresses"));
	o.pipe = pipe_from(command, reference);
	for (size_t i = 0; i < addresses->count; i++)
		inlined += compare_address(&o, program->meta, (uint32_t)i + 1,
					   addresses->items[i]);
	ck_assert(!next_line(&o));
	ck_assert_int_eq(pclose(o.pipe), 0);
	return inlined;
}
