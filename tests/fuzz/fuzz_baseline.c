/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz_baseline.c - any bytes as a baseline: refused with the line that is wrong, or rows
 * that read back as the same from the text that is written of them.
 */
#include "analyzer/facade/gate.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool condition)
{
	if (!condition)
		abort();
}

static void compare(const struct ms_baseline *a, const struct ms_baseline *b)
{
	require(a->count == b->count && a->known == b->known);
	for (size_t i = 0; i < a->count; i++) {
		const struct ms_baseline_row *x = &a->rows[i], *y = &b->rows[i];

		require(strcmp(x->site, y->site) == 0);
		require(i == 0 || strcmp(a->rows[i - 1].site, x->site) < 0);
		require(ms_baseline_find(a, x->site) == x);
		for (unsigned c = 0; c < MS_GATE_COLUMNS; c++)
			require(!(a->known & 1u << c) || x->values[c] == y->values[c]);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct ms_baseline read, again;
	struct ms_error err = { "" };
	struct ms_strbuf text;

	ms_baseline_init(&read);
	ms_baseline_init(&again);
	ms_strbuf_init(&text);
	if (ms_baseline_parse(&read, "input", (const char *)data, size, &err) == MS_OK) {
		ms_baseline_text(&text, &read);
		require(ms_baseline_parse(&again, "text", ms_strbuf_text(&text), text.len,
					  &err) == MS_OK);
		compare(&read, &again);
	} else {
		require(strncmp(err.text, "input:", 6) == 0 && !strchr(err.text, '\n'));
	}
	ms_strbuf_release(&text);
	ms_baseline_release(&read);
	ms_baseline_release(&again);
	return 0;
}
