/* SPDX-License-Identifier: Apache-2.0 */
/*
 * debuginfod.c - files from the servers that DEBUGINFOD_URLS names.
 *
 * libdwfl has the client; a module of no file, but with the build-id, makes it ask.
 */
#include "analyzer/metadata/debuginfod.h"

#include <elfutils/libdwfl.h>
#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

typedef int (*finder)(Dwfl_Module *module, char **found);

static int find_program(Dwfl_Module *module, char **found)
{
	Elf *elf = NULL;
	int fd = dwfl_build_id_find_elf(module, NULL, NULL, 0, found, &elf);

	elf_end(elf);
	return fd;
}

static int find_debug(Dwfl_Module *module, char **found)
{
	return dwfl_standard_find_debuginfo(module, NULL, NULL, 0, NULL, NULL, 0, found);
}

static int ask_alone(struct ms_build_id id, finder find)
{
	static char nowhere[] = ":", *path = nowhere; /* local files were looked at */
	static const Dwfl_Callbacks callbacks = {
		.find_elf = dwfl_build_id_find_elf,
		.find_debuginfo = dwfl_standard_find_debuginfo,
		.debuginfo_path = &path,
	};
	Dwfl *session = id.len ? dwfl_begin(&callbacks) : NULL;
	Dwfl_Module *module;
	char *found = NULL;
	int fd = -1;

	if (!session)
		return -1;
	dwfl_report_begin(session);
	module = dwfl_report_module(session, "module", 0x1000, 0x2000);
	if (module && dwfl_module_report_build_id(module, id.bytes, id.len, 0) == 0 &&
	    dwfl_report_end(session, NULL, NULL) == 0)
		fd = find(module, &found);
	free(found);
	dwfl_end(session);
	return fd;
}

/* The client fills one directory, and prepares its libraries when it is first used. */
static int ask(struct ms_build_id id, finder find)
{
	static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
	int fd;

	pthread_mutex_lock(&lock);
	fd = ask_alone(id, find);
	pthread_mutex_unlock(&lock);
	return fd;
}

int ms_debuginfod_program(struct ms_build_id id)
{
	return ask(id, find_program);
}

int ms_debuginfod_debug(struct ms_build_id id)
{
	return ask(id, find_debug);
}
