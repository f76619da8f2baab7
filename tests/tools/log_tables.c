/* SPDX-License-Identifier: Apache-2.0 */
/*
 * log_tables.c - prints the tables of memscope-log(5) as the headers have them.
 *
 * A test compares them with the page's.  The argument says which: kinds, lost or cost.
 */
#include "common/cost.h"
#include "common/event.h"
#include "common/lost.h"

#include <stdio.h>
#include <string.h>

static const char *class_name(enum ms_event_class class)
{
	static const char *const names[] = {
		[MS_CLASS_UNKNOWN] = "unknown",
		[MS_CLASS_ALLOC] = "alloc",
		[MS_CLASS_FREE] = "free",
		[MS_CLASS_REALLOC_BEGIN] = "realloc-begin",
		[MS_CLASS_REALLOC_END] = "realloc-end",
		[MS_CLASS_REALLOC_FREED] = "realloc-freed",
		[MS_CLASS_MAP] = "map",
		[MS_CLASS_UNMAP] = "unmap",
		[MS_CLASS_REMAP_BEGIN] = "remap-begin",
		[MS_CLASS_REMAP_END] = "remap-end",
		[MS_CLASS_BREAK] = "break",
	};

	return names[class];
}

int main(int argc, char **argv)
{
	const char *table = argc == 2 ? argv[1] : "";

	if (!strcmp(table, "kinds")) {
#define X(id, value, class, name, form) \
	printf("%d %s %s\n", value, form, class_name(MS_CLASS_##class));
		MS_EVENT_KINDS(X)
#undef X
	} else if (!strcmp(table, "lost")) {
#define X(id, index, name, meaning) printf("%d %s %s\n", index, name, meaning);
		MS_LOST_KINDS(X)
#undef X
	} else if (!strcmp(table, "cost")) {
#define X(id, key, name, meaning) printf("%d %s %s\n", key, name, meaning);
		MS_COST_KINDS(X)
#undef X
	} else {
		fprintf(stderr, "usage: log_tables kinds|lost|cost\n");
		return 2;
	}
	return 0;
}
