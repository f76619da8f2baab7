/* SPDX-License-Identifier: Apache-2.0 */
/*
 * symbol_fixture.h - programs to find symbols in, and others' opinion of them.
 */
#ifndef MS_TEST_SYMBOL_FIXTURE_H
#define MS_TEST_SYMBOL_FIXTURE_H

#include "analyzer/metadata/metadata.h"

#include <stdbool.h>
#include <stdio.h>

/* A directory of the test's own, removed by fixture_end(). */
void fixture_begin(void);
void fixture_end(void);
const char *fixture_dir(void);

/* Run a shell command in the directory; $SRC is tests/data/symbols.  The test fails with
 * it. */
void shell(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* Whether a command is there; when not, says on stderr what is not tested. */
bool have(const char *command);

/* Path of a file in the directory; of the last sixteen calls. */
const char *at(const char *name);

/* Addresses where the calls of an ELF file return to, as objdump sees them. */
struct addresses {
	uint64_t *items;
	size_t count;
};
struct addresses call_addresses(const char *path);

/*
 * Metadata with one module (id 1) of that path, and its nodes: one for each address, from
 * id 1 on.  id is the log's build-id, NULL: none.
 */
struct program {
	struct ms_metadata *meta;
	struct ms_wire_node *nodes;
	size_t count;
};
struct program program_new(const char *path, const char *hex_build_id,
			   const struct addresses *addresses);
void program_free(struct program *program);
struct ms_wire_node node_of(uint32_t id, uint32_t module, uint64_t offset,
			    uint32_t parent);
/* The build-id of a file in hexadecimal, "" for none; of the last call. */
const char *build_id_of(const char *path);

/* The function of the only or outermost frame of a node. */
const char *owner_of(struct ms_metadata *meta, uint32_t node);

/*
 * Compare the frames of every node with what addr2line says of reference (the file with
 * all debug information).  Returns how many frames were inlined.
 */
size_t compare_with_addr2line(struct program *program, const char *reference,
			      const struct addresses *addresses);

#endif
