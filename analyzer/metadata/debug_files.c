/* SPDX-License-Identifier: Apache-2.0 */
/*
 * debug_files.c - finding the files that hold a module's code and debug information.
 *
 * libdwfl's own search would do most of this, but it asks debuginfod's servers whenever
 * the environment names some; this one cannot.  The places are those that gdb's manual
 * lists under "Separate Debug Files".
 */
#include "analyzer/metadata/debug_files.h"

#include <elf.h>
#include <elfutils/libdwelf.h>
#include <fcntl.h>
#include <gelf.h>
#include <libelf.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Whether the formatted path fits in path. */
__attribute__((format(printf, 2, 3))) static bool make_path(char path[PATH_MAX],
							    const char *format, ...)
{
	va_list args;
	int len;

	va_start(args, format);
	len = vsnprintf(path, PATH_MAX, format, args);
	va_end(args);
	return len >= 0 && len < PATH_MAX;
}

int ms_elf_open(const char *path)
{
	/* Not to hang on a FIFO, nor to make a terminal ours. */
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	char magic[SELFMAG];
	struct stat st;

	if (fd < 0)
		return -1;
	/* libdwfl would also unpack a compressed file, however large it becomes. */
	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) &&
	    pread(fd, magic, SELFMAG, 0) == SELFMAG &&
	    memcmp(magic, ELFMAG, SELFMAG) == 0)
		return fd;
	close(fd);
	return -1;
}

enum identity { SAME, OTHER, UNKNOWN };

static enum identity identity_of(int fd, struct ms_build_id id)
{
	enum identity identity = UNKNOWN;
	const void *bytes;
	ssize_t len;
	Elf *elf;

	elf_version(EV_CURRENT);
	elf = elf_begin(fd, ELF_C_READ_MMAP, NULL);
	if (!elf)
		return UNKNOWN;
	len = dwelf_elf_gnu_build_id(elf, &bytes);
	if (len > 0 && id.len > 0)
		identity = (size_t)len == id.len && memcmp(bytes, id.bytes, id.len) == 0
				   ? SAME
				   : OTHER;
	elf_end(elf);
	return identity;
}

bool ms_elf_has_build_id(int fd, struct ms_build_id id)
{
	return identity_of(fd, id) == SAME;
}

/* The next directory of *dirs, whose length is returned; 0: no more. */
static size_t next_dir(const char **dirs, const char **dir)
{
	while (**dirs == ':')
		(*dirs)++;
	*dir = *dirs;
	*dirs += strcspn(*dirs, ":");
	return (size_t)(*dirs - *dir);
}

/* The ELF file at path when it has the build-id id. */
static int open_same(const char *path, struct ms_build_id id)
{
	int fd = ms_elf_open(path);

	if (fd < 0 || ms_elf_has_build_id(fd, id))
		return fd;
	close(fd);
	return -1;
}

int ms_debug_by_build_id(char found[PATH_MAX], const char *dirs, struct ms_build_id id,
			 const char *suffix)
{
	static const char *const trees[] = { "/.build-id", "" };
	char hex[2 * 64 + 1];
	const char *dir;
	size_t len;

	if (id.len < 2 || id.len > sizeof(hex) / 2)
		return -1;
	for (size_t i = 0; i < id.len; i++)
		snprintf(hex + 2 * i, 3, "%02x", id.bytes[i]);
	while ((len = next_dir(&dirs, &dir)) > 0) {
		for (size_t i = 0; i < sizeof(trees) / sizeof(*trees); i++) {
			int fd = make_path(found, "%.*s%s/%.2s/%s%s", (int)len, dir,
					   trees[i], hex, hex + 2, suffix)
					 ? open_same(found, id)
					 : -1;

			if (fd >= 0)
				return fd;
		}
	}
	return -1;
}

int ms_debug_by_name(char found[PATH_MAX], const char *dirs, const char *module_path,
		     unsigned *index)
{
	static const struct {
		bool whole;
		const char *before, *after;
	} forms[] = { { true, "", "" },	       { false, "", "" },
		      { false, "", ".debug" }, { false, ".debug/", "" },
		      { true, "", ".debug" },  { false, ".debug/", ".debug" } };
	const unsigned count = sizeof(forms) / sizeof(*forms);
	const char *slash = strrchr(module_path, '/'), *dir;
	const char *name = slash ? slash + 1 : module_path;
	unsigned first = 0;
	size_t len;

	for (; *name && (len = next_dir(&dirs, &dir)) > 0; first += count) {
		while (*index >= first && *index < first + count) {
			unsigned form = (*index)++ - first;
			int fd = -1;

			if (make_path(found, "%.*s/%s%s%s", (int)len, dir,
				      forms[form].before,
				      forms[form].whole ? module_path : name,
				      forms[form].after))
				fd = ms_elf_open(found);
			if (fd >= 0)
				return fd;
		}
	}
	return -1;
}

/* The checksum of .gnu_debuglink: CRC-32 of ISO 3309, reflected, as zlib has it. */
static uint32_t crc32_of(uint32_t crc, const unsigned char *p, size_t n)
{
	static const uint32_t nibble[16] = {
		0x00000000, 0x1db71064, 0x3b6e20c8, 0x26d930ac, 0x76dc4190, 0x6b6b51f4,
		0x4db26158, 0x5005713c, 0xedb88320, 0xf00f9344, 0xd6d6a3e8, 0xcb61b38c,
		0x9b64c2b0, 0x86d3d2d4, 0xa00ae278, 0xbdbdf21c,
	};

	for (; n > 0; n--) {
		crc ^= *p++;
		crc = crc >> 4 ^ nibble[crc & 15];
		crc = crc >> 4 ^ nibble[crc & 15];
	}
	return crc;
}

static bool has_crc(int fd, uint32_t wanted)
{
	unsigned char buffer[65536];
	uint32_t crc = 0xffffffff;
	off_t at = 0;
	ssize_t n;

	while ((n = pread(fd, buffer, sizeof(buffer), at)) > 0) {
		crc = crc32_of(crc, buffer, (size_t)n);
		at += n;
	}
	return n == 0 && (crc ^ 0xffffffff) == wanted;
}

static bool same_file(int fd, const char *path)
{
	struct stat a, b;

	return fstat(fd, &a) == 0 && stat(path, &b) == 0 && a.st_dev == b.st_dev &&
	       a.st_ino == b.st_ino;
}

struct link {
	const char *main_path, *name;
	uint32_t crc;
	struct ms_build_id id;
};

static int open_linked(const char *path, const struct link *link)
{
	int fd = ms_elf_open(path);
	enum identity identity;

	if (fd < 0)
		return -1;
	if (!same_file(fd, link->main_path)) {
		identity = identity_of(fd, link->id);
		if (identity == SAME || (identity == UNKNOWN && has_crc(fd, link->crc)))
			return fd;
	}
	close(fd);
	return -1;
}

/* As ms_debug_by_link(), for a main file in the directory of dir_len bytes at path. */
static int search_linked(char found[PATH_MAX], const char *dirs, const struct link *link,
			 const char *path, int dir_len)
{
	static const char *const beside[] = { "", ".debug/" };
	const char *dir;
	size_t len;
	int fd = -1;

	for (size_t i = 0; i < sizeof(beside) / sizeof(*beside) && fd < 0; i++)
		if (make_path(found, "%.*s/%s%s", dir_len, path, beside[i], link->name))
			fd = open_linked(found, link);
	while (fd < 0 && (len = next_dir(&dirs, &dir)) > 0) {
		if (make_path(found, "%.*s%.*s/%s", (int)len, dir, dir_len, path,
			      link->name))
			fd = open_linked(found, link);
		for (size_t i = 0; i < sizeof(beside) / sizeof(*beside) && fd < 0; i++)
			if (make_path(found, "%.*s/%s%s", (int)len, dir, beside[i],
				      link->name))
				fd = open_linked(found, link);
	}
	return fd;
}

int ms_debug_by_link(char found[PATH_MAX], const char *dirs, const char *main_path,
		     const char *link, uint32_t crc, struct ms_build_id id)
{
	struct link wanted = { main_path, link, crc, id };
	char real[PATH_MAX];
	const char *slash = strrchr(main_path, '/');
	int fd = -1;

	if (!*link || strchr(link, '/'))
		return -1;
	if (slash)
		fd = search_linked(found, dirs, &wanted, main_path,
				   (int)(slash - main_path));
	/* Where /lib is a link to /usr/lib, debug files may lie under either name. */
	if (fd < 0 && realpath(main_path, real) && strcmp(real, main_path) != 0)
		fd = search_linked(found, dirs, &wanted, real,
				   (int)(strrchr(real, '/') - real));
	return fd;
}

int ms_debug_alt(const char *dirs, const char *debug_path, const char *link,
		 struct ms_build_id id)
{
	const char *slash = strrchr(debug_path, '/'), *dwz = strstr(link, "/.dwz/"), *dir;
	char path[PATH_MAX];
	size_t len;
	int fd = -1;

	if (*link == '/')
		fd = open_same(link, id);
	else if (slash &&
		 make_path(path, "%.*s/%s", (int)(slash - debug_path), debug_path, link))
		fd = open_same(path, id);
	if (fd < 0)
		fd = ms_debug_by_build_id(path, dirs, id, ".debug");
	while (fd < 0 && dwz && (len = next_dir(&dirs, &dir)) > 0)
		if (make_path(path, "%.*s%s", (int)len, dir, dwz))
			fd = open_same(path, id);
	return fd;
}
