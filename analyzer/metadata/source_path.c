/* SPDX-License-Identifier: Apache-2.0 */
/*
 * source_path.c - paths of source files, comparable as texts.
 */
#include "analyzer/metadata/source_path.h"

#include <string.h>

static bool is(const char *component, size_t len, const char *text)
{
	return len == strlen(text) && memcmp(component, text, len) == 0;
}

/* Where the last component of out begins. */
static size_t last_component(const struct ms_strbuf *out)
{
	size_t at = out->len;

	while (at > 0 && out->text[at - 1] != '/')
		at--;
	return at;
}

static void add_component(struct ms_strbuf *out, const char *component, size_t len)
{
	if (len == 0 || is(component, len, "."))
		return;
	if (is(component, len, "..") && out->len > 0) {
		size_t last = last_component(out);

		if (!is(out->text + last, out->len - last, "..")) {
			ms_strbuf_truncate(out, last > 1 ? last - 1 : last);
			return;
		}
	}
	if (out->len > 0 && out->text[out->len - 1] != '/')
		ms_strbuf_addc(out, '/');
	ms_strbuf_add(out, component, len);
}

static void add_path(struct ms_strbuf *out, const char *path)
{
	if (out->len == 0 && *path == '/')
		ms_strbuf_addc(out, '/');
	while (*path) {
		size_t len = strcspn(path, "/");

		add_component(out, path, len);
		path += len + (path[len] == '/');
	}
}

void ms_source_path(struct ms_strbuf *out, const char *directory, const char *path)
{
	ms_strbuf_clear(out);
	if (*path != '/' && directory)
		add_path(out, directory);
	add_path(out, path);
}
