/* SPDX-License-Identifier: Apache-2.0 */
/*
 * debug_files.h - finding the files that hold a module's code and debug information.
 *
 * Everything here looks at local files only.  Paths come from logs and from ELF files:
 * only regular ELF files are opened, and they are taken when their identity is proven.
 */
#ifndef MS_METADATA_DEBUG_FILES_H
#define MS_METADATA_DEBUG_FILES_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct ms_build_id {
	const uint8_t *bytes;
	size_t len; /* 0: none */
};

/* A descriptor of the regular ELF file at path, or -1. */
int ms_elf_open(const char *path);
/* Whether the ELF file of fd has that build-id. */
bool ms_elf_has_build_id(int fd, struct ms_build_id id);

/*
 * The first file DIR/.build-id/xx/yyyy<suffix>, or DIR/xx/yyyy<suffix>, of that very
 * build-id, DIR being one of dirs (separated by ':').  A descriptor, with its path in
 * found, or -1.
 */
int ms_debug_by_build_id(char found[PATH_MAX], const char *dirs, struct ms_build_id id,
			 const char *suffix);

/*
 * The first ELF file that bears the path or the name of a module below one of dirs: as
 * DIR/PATH, DIR/NAME, DIR/.debug/NAME, or one of these with .debug at its end, *index
 * being where to go on (0 to begin).  A descriptor, with its path in found, or -1.
 */
int ms_debug_by_name(char found[PATH_MAX], const char *dirs, const char *module_path,
		     unsigned *index);

/*
 * The file that the .gnu_debuglink of the ELF file at main_path names: beside it, in
 * .debug beside it, or below one of dirs.  It is taken when it has the build-id id or,
 * where one of them has none, when its checksum is crc.  A descriptor, with its path in
 * found, or -1.
 */
int ms_debug_by_link(char found[PATH_MAX], const char *dirs, const char *main_path,
		     const char *link, uint32_t crc, struct ms_build_id id);

/*
 * The file that the .gnu_debugaltlink of the file at debug_path names (what dwz makes),
 * of build-id id.  A descriptor or -1.
 */
int ms_debug_alt(const char *dirs, const char *debug_path, const char *link,
		 struct ms_build_id id);

#endif
