/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz_sql.c - any text as SQL over a small log: it is answered or refused, and nothing
 * else happens.
 */
#include <memscope/query.h>

#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define LOG "tests/fuzz/corpus/log/threads"
/* An endless question is legal. */
#define MOST_ROWS 1000

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct memscope_query *query;

static void require(bool condition)
{
	if (!condition)
		abort();
}

static int count_row(void *context, const struct memscope_cell *cells, size_t count)
{
	unsigned *rows = context;

	for (size_t i = 0; i < count; i++)
		require(cells[i].kind != MEMSCOPE_CELL_TEXT || cells[i].text);
	return ++*rows == MOST_ROWS;
}

static void open_query(void)
{
	static struct memscope *m;
	const char *paths[] = { LOG };
	struct memscope_open_options options = { .no_index = 1 };

	require(memscope_open(&m, paths, 1, &options, NULL) == MEMSCOPE_OK);
	require(memscope_query_open(&query, m, NULL) == MEMSCOPE_OK);
}

/* A question that never gives a row is ended by an alarm's handler. */
static void give_up(int signal)
{
	(void)signal;
	memscope_query_interrupt(query);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *sql = malloc(size + 1);
	struct memscope_error err = { "" };
	unsigned rows = 0;
	int status;

	require(sql != NULL);
	memcpy(sql, data, size);
	sql[size] = '\0';
	if (!query) {
		open_query();
		signal(SIGALRM, give_up);
	}
	alarm(5);
	status = memscope_query_each(query, sql, count_row, &rows, &err);
	alarm(0);
	require(status == MEMSCOPE_OK || status == MEMSCOPE_STOPPED || *err.text);
	require(!strchr(err.text, '\n'));
	free(sql);
	return 0;
}
