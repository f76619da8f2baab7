/* SPDX-License-Identifier: Apache-2.0 */
/*
 * summary_findings.h - what a summary says of findings (private to the facade).
 */
#ifndef MS_FACADE_SUMMARY_FINDINGS_H
#define MS_FACADE_SUMMARY_FINDINGS_H

#include "analyzer/facade/sites.h"

/*
 * "findings": those that cost a summary nothing, or hardly anything, as the commands
 * leaks and check have them, and "leaks_looked_for": false where a log is too long for
 * that.  Both are null of chosen blocks (filtered).  MS_OK or MS_ENOMEM.
 */
MS_MUST_CHECK ms_status ms_doc_brief_findings(struct ms_doc *doc, struct memscope *m,
					      const struct ms_known *totals,
					      const struct ms_sites *sites, bool filtered,
					      struct ms_error *err);

#endif
