/* SPDX-License-Identifier: Apache-2.0 */
/*
 * elf_image.h - one ELF file as libdwfl sees it, at the file's own addresses.
 */
#ifndef MS_METADATA_ELF_IMAGE_H
#define MS_METADATA_ELF_IMAGE_H

#include "analyzer/metadata/debug_files.h"

#include <elfutils/libdwfl.h>
#include <sys/stat.h>

/* Must not move while it is open. */
struct ms_elf_image {
	Dwfl_Callbacks callbacks;
	Elf *elf; /* NULL: not open */
	struct stat st;
	bool has_debug; /* debug information of its own, by its section headers */

	bool is_loaded, is_given;
	Dwfl *session; /* NULL: not loaded, or libdwfl cannot read it */
	Dwfl_Module *module;
	Dwarf *dwarf;	 /* NULL: no debug information that can be read */
	Dwarf_Addr bias; /* what dwarf's addresses lack */
};

/*
 * Open the executable or library, or the debug file of one, that fd names; fd is closed.
 * Headers are all that is read of it.  false, with nothing open: it is none.
 */
bool ms_elf_image_open(struct ms_elf_image *image, int fd);
/* Read what libdwfl needs, once: debug sections may be unpacked.  image->module may stay
 * NULL. */
void ms_elf_image_load(struct ms_elf_image *image);
void ms_elf_image_close(struct ms_elf_image *image); /* one that is not open is fine */

/* Does a symbol table of the image define one of the names? */
bool ms_elf_image_defines(const struct ms_elf_image *image, const char *const *names,
			  size_t count);

/* Where dwz moved common parts of an image to: a path and a build-id, which belong to the
 * image.  false: nowhere. */
bool ms_elf_image_alt(const struct ms_elf_image *image, const char **path,
		      struct ms_build_id *id);

#endif
