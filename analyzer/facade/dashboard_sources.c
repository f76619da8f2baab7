/* SPDX-License-Identifier: Apache-2.0 */
/*
 * dashboard_sources.c - source lines around the heaviest sites, where the files are
 * there.
 *
 * Names of files come from debug information that anybody may have written, and a report
 * is made to be passed on: what does not look like source is left alone.
 */
#include "analyzer/base/alloc.h"
#include "analyzer/base/escape.h"
#include "analyzer/facade/dashboard.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define AROUND	   5 /* lines on either side */
#define EXCERPTS   200
#define FILE_BYTES (4u << 20)
#define LINE_BYTES 240

struct source { /* the file that was read last */
	const char *path;
	char *text;
	size_t bytes;
};

static bool looks_like_source(const char *path)
{
	static const char *const suffixes[] = {
		".c",	".cc",	".cpp", ".cxx", ".c++", ".C",	  ".h",	  ".hh",
		".hpp", ".hxx", ".h++", ".ipp", ".inl", ".tcc",	  ".inc", ".y",
		".l",	".rs",	".d",	".go",	".zig", ".swift", ".m",	  ".mm",
		".f90", ".adb", ".pas", ".nim", ".cu",	".vala"
	};
	const char *name = strrchr(path, '/'), *dot = strrchr(path, '.');

	if (*path != '/' || !dot || dot < name)
		return false;
	for (size_t i = 0; i < sizeof(suffixes) / sizeof(suffixes[0]); i++) {
		if (strcmp(dot, suffixes[i]) == 0)
			return true;
	}
	return false;
}

static bool is_text(const char *text, size_t bytes)
{
	return !memchr(text, '\0', bytes);
}

/* The bytes of a regular file that is not too large; NULL where it cannot be read. */
static char *read_all(int file, size_t *bytes)
{
	struct stat about;
	char *text;

	*bytes = 0;
	if (fstat(file, &about) < 0 || !S_ISREG(about.st_mode) ||
	    about.st_size > (off_t)FILE_BYTES)
		return NULL;
	text = ms_alloc((size_t)about.st_size + 1);
	while (text && *bytes < (size_t)about.st_size) {
		ssize_t n = read(file, text + *bytes, (size_t)about.st_size - *bytes);

		if (n <= 0)
			break;
		*bytes += (size_t)n;
	}
	return text;
}

static void open_source(struct source *source, const char *path)
{
	/* A pipe of that name must not make us wait. */
	int file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);

	ms_free(source->text);
	*source = (struct source){ .path = path };
	if (file < 0)
		return;
	source->text = read_all(file, &source->bytes);
	close(file);
	if (source->text && !is_text(source->text, source->bytes)) {
		ms_free(source->text);
		source->text = NULL;
	}
}

/* --- excerpts -------------------------------------------------------------------------
 */

static void add_line(struct ms_doc *doc, json_t *lines, const char *text, size_t bytes)
{
	char line[LINE_BYTES + 1];
	size_t len = bytes < LINE_BYTES ? bytes : LINE_BYTES;

	/* Not between the bytes of a character. */
	while (len < bytes && len > 0 && ((unsigned char)text[len] & 0xc0) == 0x80)
		len--;
	memcpy(line, text, len);
	line[len] = '\0';
	ms_doc_append_value(doc, lines, ms_json_text(line));
}

/* The lines from first to last, both included, as far as the file goes. */
static void add_lines(struct ms_doc *doc, json_t *lines, const struct source *source,
		      uint64_t first, uint64_t last)
{
	const char *at = source->text, *end = source->text + source->bytes;

	for (uint64_t line = 1; at < end && line <= last; line++) {
		const char *stop = memchr(at, '\n', (size_t)(end - at));
		size_t bytes = (size_t)((stop ? stop : end) - at);

		if (line >= first)
			add_line(doc, lines, at, bytes);
		at = stop ? stop + 1 : end;
	}
}

/* Is the line in an excerpt already? */
static bool is_shown(const json_t *excerpts, uint64_t line)
{
	for (size_t i = 0; i < json_array_size(excerpts); i++) {
		const json_t *excerpt = json_array_get(excerpts, i);
		uint64_t first = ms_json_u64(excerpt, "first");
		size_t count = json_array_size(json_object_get(excerpt, "lines"));

		if (line >= first && line - first < count)
			return true;
	}
	return false;
}

/* Of a site of the summary; true: there was something to show. */
static bool add_site(struct ms_doc *doc, struct source *source, const json_t *site)
{
	const char *path = ms_json_string(site, "file");
	uint64_t line = ms_json_u64(site, "line"), first;
	json_t *excerpts, *excerpt;

	if (!path || !line || !looks_like_source(path))
		return false;
	excerpts = json_object_get(doc->root, path);
	if (is_shown(excerpts, line))
		return false;
	if (!source->path || strcmp(source->path, path) != 0)
		open_source(source, path);
	if (!source->text)
		return false;
	if (!excerpts)
		excerpts = ms_doc_array(doc, doc->root, path);
	first = line > AROUND ? line - AROUND : 1;
	excerpt = ms_doc_append(doc, excerpts);
	ms_doc_u64(doc, excerpt, "first", first);
	add_lines(doc, ms_doc_array(doc, excerpt, "lines"), source, first, line + AROUND);
	return true;
}

ms_status ms_dashboard_sources(struct ms_dashboard *d, struct ms_error *err)
{
	const json_t *sites = json_object_get(d->report.summary, "sites");
	struct source source = { 0 };
	struct ms_doc doc;
	size_t shown = 0;

	if (d->options->no_sources)
		return MS_OK;
	ms_doc_init(&doc);
	for (size_t i = 0; i < json_array_size(sites) && shown < EXCERPTS; i++)
		shown += add_site(&doc, &source, json_array_get(sites, i));
	ms_free(source.text);
	return ms_doc_end(&doc, &d->report.sources, MS_OK, err);
}
