/* SPDX-License-Identifier: Apache-2.0 */
/*
 * times.c - points of a recording's time: from text, in one trace, in a document.
 */
#include "analyzer/facade/times.h"
#include "analyzer/base/strbuf.h"
#include "common/units.h"

#include <inttypes.h>
#include <string.h>

#define MARK_PREFIX "mark:"

/* --- from text
 * -------------------------------------------------------------------------- */

/* "40%" or "12.5%" in thousandths of a percent. */
static int parse_percent(const char *text, uint64_t *thousandths)
{
	uint64_t value = 0;
	int decimals = -1, digits = 0;

	for (; *text && *text != '%'; text++) {
		if (*text == '.' && decimals < 0) {
			decimals = 0;
			continue;
		}
		if (*text < '0' || *text > '9' || ++digits > 6 || decimals == 3)
			return -1;
		value = value * 10 + (uint64_t)(*text - '0');
		decimals += decimals >= 0;
	}
	if (digits == 0 || strcmp(text, "%") != 0)
		return -1;
	for (decimals = decimals < 0 ? 0 : decimals; decimals < 3; decimals++)
		value *= 10;
	*thousandths = value;
	return value <= 100000 ? 0 : -1;
}

/* NULL: text begins otherwise, or names nothing. */
static const char *mark_in(const char *text)
{
	size_t len = strlen(MARK_PREFIX);

	return strncmp(text, MARK_PREFIX, len) == 0 && text[len] ? text + len : NULL;
}

int memscope_parse_time(const char *text, struct memscope_time *time)
{
	static const struct {
		const char *name;
		enum memscope_time_kind kind;
	} names[] = { { "start", MEMSCOPE_AT_START },
		      { "end", MEMSCOPE_AT_END },
		      { "peak", MEMSCOPE_AT_PEAK } };
	struct memscope_time parsed = { .kind = MEMSCOPE_AT_NS, .mark = mark_in(text) };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (strcmp(text, names[i].name) == 0) {
			*time = (struct memscope_time){ .kind = names[i].kind };
			return 0;
		}
	}
	if (parsed.mark) {
		parsed.kind = MEMSCOPE_AT_MARK;
	} else if (!ms_parse_time(text, &parsed.value)) {
		parsed.kind = MEMSCOPE_AT_PERCENT;
		if (parse_percent(text, &parsed.value) < 0)
			return -1;
	}
	*time = parsed;
	return 0;
}

/* --- in one trace
 * ----------------------------------------------------------------------- */

bool ms_time_valid(const struct memscope_time *time)
{
	return (unsigned)time->kind <= MEMSCOPE_AT_MARK &&
	       (time->kind != MEMSCOPE_AT_MARK || time->mark);
}

static ms_status mark_ns(const struct ms_trace *trace, const struct memscope_time *at,
			 uint64_t *ns, struct ms_error *err)
{
	if (ms_metadata_find_mark(trace->meta, at->mark, ns))
		return MS_OK;
	return ms_fail(err, MS_EUSAGE, "%s: no mark is named '%.255s'", trace->path,
		       at->mark);
}

ms_status ms_time_instant(const struct ms_trace *trace, const struct memscope_time *at,
			  enum ms_instant *instant, uint64_t *at_ns, struct ms_error *err)
{
	*at_ns = at->value;
	*instant = MS_AT_NS;
	if (!ms_time_valid(at))
		return ms_fail(err, MS_EUSAGE, "no such time");
	switch (at->kind) {
	case MEMSCOPE_AT_START:
		*instant = MS_AT_START;
		break;
	case MEMSCOPE_AT_PEAK:
		*instant = MS_AT_PEAK;
		break;
	case MEMSCOPE_AT_END:
		*instant = MS_AT_END;
		break;
	case MEMSCOPE_AT_PERCENT:
		*at_ns = (uint64_t)((unsigned __int128)trace->duration_ns * at->value /
				    100000);
		break;
	case MEMSCOPE_AT_MARK:
		return mark_ns(trace, at, at_ns, err);
	default:
		break;
	}
	return MS_OK;
}

ms_status ms_facade_time_ns(struct memscope *m, const struct ms_trace *trace,
			    const struct memscope_time *at, uint64_t *ns,
			    struct ms_error *err)
{
	struct ms_snapshot *snapshot;
	enum ms_instant instant;
	ms_status status = ms_time_instant(trace, at, &instant, ns, err);

	if (instant == MS_AT_START)
		*ns = 0;
	else if (instant == MS_AT_END)
		*ns = UINT64_MAX;
	if (status != MS_OK || instant != MS_AT_PEAK)
		return status;
	status = ms_facade_snapshot(&snapshot, trace, MS_AT_END, 0,
				    ms_facade_progress(m, "looking for the peak"), err);
	if (status == MS_OK)
		*ns = ms_snapshot_totals(snapshot)->peak_at_ns;
	ms_snapshot_free(snapshot);
	return status;
}

/* --- in a document
 * ---------------------------------------------------------------------- */

void ms_doc_at(struct ms_doc *doc, json_t *object, const struct memscope_time *at)
{
	static const char *const names[] = {
		[MEMSCOPE_AT_END] = "end",	   [MEMSCOPE_AT_START] = "start",
		[MEMSCOPE_AT_PEAK] = "peak",	   [MEMSCOPE_AT_NS] = "time",
		[MEMSCOPE_AT_PERCENT] = "percent", [MEMSCOPE_AT_MARK] = "mark",
	};

	ms_doc_text(doc, object, "at", names[at->kind]);
	if (at->kind == MEMSCOPE_AT_MARK)
		ms_doc_text(doc, object, "mark", at->mark);
}

void ms_doc_limit(struct ms_doc *doc, json_t *object, const char *key,
		  const struct memscope_time *time)
{
	static const char *const names[] = { [MEMSCOPE_AT_END] = "end",
					     [MEMSCOPE_AT_START] = "start",
					     [MEMSCOPE_AT_PEAK] = "peak" };
	struct ms_strbuf text;

	ms_strbuf_init(&text);
	if (time->kind == MEMSCOPE_AT_PERCENT)
		ms_strbuf_appendf(&text, "%" PRIu64 ".%03" PRIu64 "%%",
				  time->value / 1000, time->value % 1000);
	else if (time->kind == MEMSCOPE_AT_NS)
		ms_strbuf_appendf(&text, "%" PRIu64 "ns", time->value);
	else if (time->kind == MEMSCOPE_AT_MARK)
		ms_strbuf_appendf(&text, MARK_PREFIX "%s", time->mark);
	else
		ms_strbuf_adds(&text, names[time->kind]);
	doc->failed |= text.failed;
	ms_doc_text(doc, object, key, ms_strbuf_text(&text));
	ms_strbuf_release(&text);
}
