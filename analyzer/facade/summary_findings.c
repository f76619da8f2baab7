/* SPDX-License-Identifier: Apache-2.0 */
/*
 * summary_findings.c - what a summary says of findings.
 *
 * Most people look at a summary first, and at nothing else if it tells them of nothing
 * else.  What it counts anyway is told at once; what is lost takes another look at the
 * log, which a short one is worth.  The figures are those of leaks and of check.
 */
#include "analyzer/facade/summary_findings.h"
#include "analyzer/base/alloc.h"
#include "analyzer/facade/blocks.h"
#include "analyzer/facade/leaks.h"

/* Looking for what is lost adds some tens of milliseconds, at most. */
#define LEAK_EVENTS 500000
#define LEAK_BLOCKS 200000

struct brief {
	struct ms_doc *doc;
	struct memscope *m;
	const struct ms_known *totals;
	const struct ms_sites *sites;
	json_t *rows;
};

struct found {
	const char *detector, *kind;
	enum ms_severity severity;
	uint64_t count, bytes;
	uint64_t hanging_blocks, hanging_bytes; /* of what is lost with them */
	const struct ms_frame *frame;		/* of the heaviest site, or NULL */
	const char *command;			/* that tells more */
};

static ms_status tell(struct brief *b, const struct found *f, struct ms_error *err)
{
	json_t *row = ms_doc_append(b->doc, b->rows);
	struct ms_strbuf site;
	bool failed;

	ms_strbuf_init(&site);
	if (f->frame)
		ms_facade_frame_text(&site, f->frame);
	ms_doc_text(b->doc, row, "detector", f->detector);
	ms_doc_text(b->doc, row, "kind", f->kind);
	ms_doc_text(b->doc, row, "severity", ms_severity_names[f->severity]);
	ms_doc_u64(b->doc, row, "count", f->count);
	ms_doc_u64(b->doc, row, "bytes", f->bytes);
	ms_doc_u64(b->doc, row, "hanging_blocks", f->hanging_blocks);
	ms_doc_u64(b->doc, row, "hanging_bytes", f->hanging_bytes);
	ms_doc_text(b->doc, row, "site", f->frame ? ms_strbuf_text(&site) : NULL);
	ms_doc_text(b->doc, row, "command", f->command);
	failed = site.failed;
	ms_strbuf_release(&site);
	return failed ? ms_fail_memory(err) : MS_OK;
}

/* --- what is lost ---------------------------------------------------------------------
 */

static bool is_short(const struct ms_trace *trace, const struct ms_known *totals)
{
	return ms_store_event_count(trace->store) <= LEAK_EVENTS &&
	       totals->value[MS_KNOWN_ACTIVE] <= LEAK_BLOCKS;
}

/* Those that are possibly lost are what threads keep, more often than not. */
static ms_status tell_lost(struct brief *b, const struct ms_trace_leaks *leaks,
			   struct ms_error *err)
{
	struct found found = { .detector = "leak",
			       .kind = ms_leak_group_name(MS_LEAK_DEFINITE),
			       .severity = MS_SEVERITY_HIGH,
			       .command = "leaks" };
	struct ms_leak_sites sites;
	ms_status status = ms_leak_sites_init(&sites, b->m, leaks, err);

	if (status != MS_OK)
		return status;
	/* they come first, the heaviest of them before the others */
	for (size_t i = 0; i < sites.count && sites.items[i].kind == MS_LEAK_DEFINITE;
	     i++) {
		found.count += sites.items[i].blocks;
		found.bytes += sites.items[i].bytes;
		found.hanging_blocks += sites.items[i].hanging_blocks;
		found.hanging_bytes += sites.items[i].hanging_bytes;
	}
	if (found.count) {
		found.frame = &sites.seen.items[sites.items[0].frame].frame;
		status = tell(b, &found, err);
	}
	ms_leak_sites_release(&sites);
	return status;
}

static ms_status look_for_lost(struct brief *b, struct ms_error *err)
{
	struct ms_trace_leaks *leaks = ms_alloc_zero(b->m->count, sizeof(*leaks));
	struct ms_suppressions *suppressions;
	bool looked = true;
	ms_status status;

	if (!leaks)
		return ms_fail_memory(err);
	status = ms_suppressions_new(&suppressions, b->m, NULL, err);
	for (size_t i = 0; status == MS_OK && i < b->m->count; i++) {
		if (is_short(&b->m->traces[i], b->totals))
			status = ms_facade_lost(b->m, &b->m->traces[i], &leaks[i], err);
		else
			looked = false;
	}
	if (status == MS_OK)
		status = ms_facade_leaks_suppress(b->m, leaks, suppressions, err);
	if (status == MS_OK)
		status = tell_lost(b, leaks, err);
	ms_suppressions_free(suppressions);
	ms_doc_bool(b->doc, b->doc->root, "leaks_looked_for", looked);
	ms_facade_leaks_release(b->m, leaks);
	ms_free(leaks);
	return status;
}

/* --- what is counted anyway -----------------------------------------------------------
 */

static ms_status tell_total(struct brief *b, enum ms_known_id id, struct found found,
			    struct ms_error *err)
{
	found.count = b->totals->value[id];
	return found.count && !(b->totals->absent & 1u << id) ? tell(b, &found, err)
							      : MS_OK;
}

/* The site that most of them are of. */
static ms_status tell_churn(struct brief *b, struct ms_error *err)
{
	uint64_t calls = b->totals->value[MS_KNOWN_ALLOCATIONS];
	const struct ms_site *most = NULL;
	struct found found = { .detector = "churn",
			       .kind = "temporary",
			       .command = "summary --sort temporary" };

	for (size_t i = 0; i < b->sites->count; i++) {
		const struct ms_site *site = &b->sites->items[i];

		if (ms_churn_is_told(site->f.temporary, site->f.allocations, calls) &&
		    (!most || site->f.temporary > most->f.temporary))
			most = site;
	}
	if (!most || most->f.absent & 1u << MS_FIGURE_TEMPORARY)
		return MS_OK;
	found.severity = ms_churn_severity(most->f.temporary, calls);
	found.count = most->f.temporary;
	found.frame = &b->sites->seen.items[most->frame].frame;
	return found.severity > MS_SEVERITY_INFO ? tell(b, &found, err) : MS_OK;
}

ms_status ms_doc_brief_findings(struct ms_doc *doc, struct memscope *m,
				const struct ms_known *totals,
				const struct ms_sites *sites, bool filtered,
				struct ms_error *err)
{
	static const struct found failed = { .detector = "failed",
					     .kind = "calls",
					     .severity = MS_SEVERITY_MEDIUM,
					     .command = "check --only failed" };
	static const struct found unmatched = { .detector = "invalid_free",
						.kind = "unmatched",
						.severity = MS_SEVERITY_INFO,
						.command = "check" };
	struct brief b = { doc, m, totals, sites, NULL };
	ms_status status;

	if (filtered) {
		ms_doc_value(doc, doc->root, "findings", json_null());
		ms_doc_value(doc, doc->root, "leaks_looked_for", json_null());
		return MS_OK;
	}
	b.rows = ms_doc_array(doc, doc->root, "findings");
	status = look_for_lost(&b, err);
	if (status == MS_OK)
		status = tell_total(&b, MS_KNOWN_FAILED, failed, err);
	if (status == MS_OK)
		status = tell_churn(&b, err);
	if (status == MS_OK)
		status = tell_total(&b, MS_KNOWN_UNMATCHED, unmatched, err);
	return status;
}
