/* SPDX-License-Identifier: Apache-2.0 */
/*
 * gate_budgets.c - budgets and tolerances as people write them.
 */
#include "analyzer/facade/gate.h"
#include "analyzer/base/alloc.h"
#include "analyzer/base/strbuf.h"
#include "common/units.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#define FILE_MAX_BYTES (64u << 20)
#define SHARE_OF_ONE   100000 /* thousandths of a percent */
#define WORD_BYTES     256

const char *const ms_gate_metric_names[MEMSCOPE_GATE_METRICS] = {
	[MEMSCOPE_GATE_LEAKED] = "leaked",
	[MEMSCOPE_GATE_LEAKED_BLOCKS] = "leaked-blocks",
	[MEMSCOPE_GATE_UNFREED] = "unfreed",
	[MEMSCOPE_GATE_PEAK] = "peak",
	[MEMSCOPE_GATE_ALLOCATIONS] = "allocations",
	[MEMSCOPE_GATE_TEMPORARY] = "temporary",
	[MEMSCOPE_GATE_LIVE] = "live",
};

const char *ms_gate_unit(enum memscope_gate_metric metric)
{
	static const bool counts[MEMSCOPE_GATE_METRICS] = {
		[MEMSCOPE_GATE_LEAKED_BLOCKS] = true,
		[MEMSCOPE_GATE_ALLOCATIONS] = true,
		[MEMSCOPE_GATE_TEMPORARY] = true,
	};

	return counts[metric] ? "count" : "bytes";
}

/* --- limits
 * ----------------------------------------------------------------------------- */

/* "12.5%" in thousandths of a percent. */
static bool parse_share(const char *text, uint64_t *share)
{
	size_t len = strlen(text), digits = 0;
	uint64_t value = 0;
	bool point = false;

	if (len < 2 || text[len - 1] != '%')
		return false;
	for (size_t i = 0; i < len - 1; i++) {
		if (text[i] == '.' && !point && i) {
			point = true;
			continue;
		}
		if (text[i] < '0' || text[i] > '9' || value > 100000000 || digits == 3)
			return false;
		value = value * 10 + (uint64_t)(text[i] - '0');
		digits += point;
	}
	for (; digits < 3; digits++)
		value *= 10;
	*share = value;
	return text[len - 2] != '.';
}

static bool parse_live(const char *text, struct memscope_gate_budget *budget)
{
	const char *at = strchr(text, '@');
	char size[WORD_BYTES];

	if (!at)
		return ms_parse_size(text, &budget->limit);
	if ((size_t)(at - text) >= sizeof(size))
		return false;
	memcpy(size, text, (size_t)(at - text));
	size[at - text] = '\0';
	return ms_parse_size(size, &budget->limit) &&
	       memscope_parse_time(at + 1, &budget->at) == 0;
}

static bool parse_limit(const char *text, struct memscope_gate_budget *budget)
{
	if (budget->metric == MEMSCOPE_GATE_LIVE)
		return parse_live(text, budget);
	if (budget->metric == MEMSCOPE_GATE_TEMPORARY && strchr(text, '%')) {
		budget->share = 1;
		return parse_share(text, &budget->limit) && budget->limit <= SHARE_OF_ONE;
	}
	if (strcmp(ms_gate_unit(budget->metric), "count") == 0)
		return ms_parse_number(text, &budget->limit);
	return ms_parse_size(text, &budget->limit);
}

int memscope_gate_parse_budget(const char *metric, const char *limit,
			       struct memscope_gate_budget *budget)
{
	*budget = (struct memscope_gate_budget){ 0 };
	for (unsigned i = 0; i < MEMSCOPE_GATE_METRICS; i++) {
		if (strcmp(ms_gate_metric_names[i], metric) != 0)
			continue;
		budget->metric = (enum memscope_gate_metric)i;
		return parse_limit(limit, budget) ? 0 : -1;
	}
	return -1;
}

int memscope_gate_parse_tolerance(const char *text,
				  struct memscope_gate_tolerance *tolerance)
{
	char copy[WORD_BYTES], *parts[3] = { copy, NULL, NULL };
	size_t len = strlen(text);

	*tolerance = (struct memscope_gate_tolerance){ 1, 5000, 64 << 10, 100 };
	if (len >= sizeof(copy))
		return -1;
	memcpy(copy, text, len + 1);
	for (unsigned i = 1; i < 3 && parts[i - 1]; i++) {
		parts[i] = strchr(parts[i - 1], ',');
		if (parts[i])
			*parts[i]++ = '\0';
	}
	if (!parse_share(parts[0], &tolerance->share))
		return -1;
	if (parts[1] && !ms_parse_size(parts[1], &tolerance->bytes))
		return -1;
	return parts[2] && !ms_parse_number(parts[2], &tolerance->calls) ? -1 : 0;
}

/* --- lists
 * ------------------------------------------------------------------------------ */

void ms_gate_budgets_init(struct ms_gate_budgets *budgets)
{
	*budgets = (struct ms_gate_budgets){ 0 };
	ms_arena_init(&budgets->texts);
}

void ms_gate_budgets_release(struct ms_gate_budgets *budgets)
{
	for (size_t i = 0; i < budgets->count; i++)
		if (budgets->items[i].pattern)
			regfree(&budgets->items[i].regex);
	ms_free(budgets->items);
	ms_arena_release(&budgets->texts);
	*budgets = (struct ms_gate_budgets){ 0 };
}

ms_status ms_gate_budget_add(struct ms_gate_budgets *budgets,
			     const struct memscope_gate_budget *budget,
			     struct ms_error *err)
{
	if (ms_grow((void **)&budgets->items, &budgets->capacity, budgets->count,
		    sizeof(*budgets->items)) < 0)
		return ms_fail_memory(err);
	budgets->items[budgets->count++] = (struct ms_gate_budget){ .b = *budget };
	return MS_OK;
}

/* --- files
 * ------------------------------------------------------------------------------ */

struct line { /* of a file that is being read */
	const char *name;
	unsigned number;
	const char *at, *end;
};

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

static void skip_blanks(struct line *line)
{
	while (line->at < line->end && is_blank(*line->at))
		line->at++;
}

/* The next word, or what is between quotes (\" and \\ in it); NULL: none, or no memory.
 */
static char *next_word(struct line *line, struct ms_arena *texts, bool *memory)
{
	char *word, *out;
	bool quoted;

	skip_blanks(line);
	*memory = true;
	if (line->at == line->end)
		return NULL;
	word = out = ms_arena_alloc(texts, (size_t)(line->end - line->at) + 1);
	*memory = word;
	if (!word)
		return NULL;
	quoted = *line->at == '"';
	line->at += quoted;
	while (line->at < line->end &&
	       (quoted ? *line->at != '"' : !is_blank(*line->at))) {
		if (quoted && *line->at == '\\' && line->at + 1 < line->end &&
		    strchr("\"\\", line->at[1]) && line->at[1])
			line->at++;
		*out++ = *line->at++;
	}
	*out = '\0';
	if (quoted && line->at++ == line->end)
		return NULL; /* no closing quote */
	return word;
}

static ms_status wrong(const struct line *line, const char *what, struct ms_error *err)
{
	return ms_fail(err, MS_EFORMAT, "%s:%u: %s", line->name, line->number, what);
}

static ms_status compile(struct ms_gate_budget *budget, const struct line *line,
			 char *pattern, struct ms_error *err)
{
	int failure = regcomp(&budget->regex, pattern, REG_EXTENDED | REG_NOSUB);
	char why[200] = "the site is no regular expression: ";

	if (failure == REG_ESPACE)
		return ms_fail_memory(err);
	if (failure) {
		regerror(failure, &budget->regex, why + strlen(why),
			 sizeof(why) - strlen(why));
		return wrong(line, why, err);
	}
	budget->pattern = pattern;
	budget->file = line->name;
	budget->line = line->number;
	return MS_OK;
}

static ms_status parse_line(struct ms_gate_budgets *budgets, struct line *line,
			    struct ms_error *err)
{
	struct memscope_gate_budget budget;
	char *words[3] = { NULL };
	bool memory = true;
	ms_status status;

	skip_blanks(line);
	if (line->at == line->end || *line->at == '#')
		return MS_OK;
	for (unsigned i = 0; i < 3; i++) {
		words[i] = next_word(line, &budgets->texts, &memory);
		if (!memory)
			return ms_fail_memory(err);
		if (!words[i])
			return wrong(line, "a budget is SITE METRIC LIMIT", err);
	}
	skip_blanks(line);
	if (line->at != line->end && *line->at != '#')
		return wrong(line,
			     "more than SITE METRIC LIMIT (quote a site with blanks)",
			     err);
	if (memscope_gate_parse_budget(words[1], words[2], &budget) < 0)
		return wrong(
			line,
			"no METRIC (leaked, leaked-blocks, unfreed, peak, allocations, "
			"temporary, live), or no LIMIT of it",
			err);
	status = ms_gate_budget_add(budgets, &budget, err);
	if (status == MS_OK)
		status =
			compile(&budgets->items[budgets->count - 1], line, words[0], err);
	return status;
}

ms_status ms_gate_budgets_parse(struct ms_gate_budgets *budgets, const char *name,
				const char *text, size_t len, struct ms_error *err)
{
	struct line line = { .name = ms_arena_text(&budgets->texts, name, strlen(name)) };
	const char *end = text + len, *next;
	ms_status status = line.name ? MS_OK : ms_fail_memory(err);

	for (; status == MS_OK && text < end; text = next) {
		const char *stop = memchr(text, '\n', (size_t)(end - text));

		line.number++;
		line.at = text;
		line.end = stop ? stop : end;
		next = stop ? stop + 1 : end;
		if (memchr(text, '\0', (size_t)(line.end - text)))
			return wrong(&line, "this is no text", err);
		status = parse_line(budgets, &line, err);
	}
	return status;
}

static ms_status read_all(struct ms_strbuf *text, int fd, const char *path,
			  struct ms_error *err)
{
	char bytes[4096];
	ssize_t n;

	while ((n = read(fd, bytes, sizeof(bytes))) != 0) {
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return ms_fail(err, MS_EIO, "%s: %s", path, strerror(errno));
		ms_strbuf_add(text, bytes, (size_t)n);
		if (text->failed)
			return ms_fail_memory(err);
		if (text->len > FILE_MAX_BYTES)
			return ms_fail(err, MS_EIO, "%s: is too long", path);
	}
	return MS_OK;
}

ms_status ms_gate_read_file(struct ms_strbuf *text, const char *path,
			    struct ms_error *err)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	ms_status status;

	if (fd < 0)
		return ms_fail(err, MS_EIO, "%s: %s", path, strerror(errno));
	status = read_all(text, fd, path, err);
	close(fd);
	return status;
}

ms_status ms_gate_budgets_read(struct ms_gate_budgets *budgets, const char *path,
			       struct ms_error *err)
{
	struct ms_strbuf text;
	ms_status status;

	ms_strbuf_init(&text);
	status = ms_gate_read_file(&text, path, err);
	if (status == MS_OK)
		status = ms_gate_budgets_parse(budgets, path, ms_strbuf_text(&text),
					       text.len, err);
	ms_strbuf_release(&text);
	return status;
}
