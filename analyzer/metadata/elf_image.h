/* SPDX-License-Identifier: Apache-2.0 */
/*
 * elf_image.h - one ELF file as libdwfl sees it, at the file's own addresses.
 */
#ifndef MS_METADATA_ELF_IMAGE_H
#define MS_METADATA_ELF_IMAGE_H

#include <elfutils/libdwfl.h>
#include <stdbool.h>

/* Must not move while it is open. */
struct ms_elf_image {
	Dwfl_Callbacks callbacks;
	Dwfl *session; /* NULL: not open */
	Dwfl_Module *module;
	Elf *elf;
	Dwarf *dwarf;	 /* NULL: the file has no debug information of its own */
	Dwarf_Addr bias; /* what dwarf's addresses lack */
};

/*
 * Open the executable or library, or the debug file of one, that fd names; fd is closed.
 * false, with nothing open: it is none, or libdwfl cannot read it.
 */
bool ms_elf_image_open(struct ms_elf_image *image, int fd);
void ms_elf_image_close(struct ms_elf_image *image); /* one that is not open is fine */

#endif
