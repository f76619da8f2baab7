/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sql_memory.c - SQLite's memory comes from ms_alloc, so that a test can make it fail.
 *
 * SQLite has one allocator a process and takes it before its first use only.  A program
 * that links us and has used SQLite already keeps its own.
 */
#include "analyzer/query/sql_session.h"
#include "analyzer/base/alloc.h"

#include <malloc.h>
#include <pthread.h>

static void *allocate(int bytes)
{
	return ms_alloc((size_t)bytes);
}

static void *resize(void *p, int bytes)
{
	return ms_realloc(p, (size_t)bytes);
}

static int size_of(void *p)
{
	return (int)malloc_usable_size(p);
}

static int round_up(int bytes)
{
	return (bytes + 7) & ~7;
}

static int begin(void *context)
{
	(void)context;
	return SQLITE_OK;
}

static void end(void *context)
{
	(void)context;
}

static void take(void)
{
	static const sqlite3_mem_methods methods = { allocate, ms_free, resize, size_of,
						     round_up, begin,	end,	NULL };

	/* SQLITE_MISUSE: somebody was first. */
	sqlite3_config(SQLITE_CONFIG_MALLOC, &methods);
}

void ms_query_take_memory(void)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	pthread_once(&once, take);
}
