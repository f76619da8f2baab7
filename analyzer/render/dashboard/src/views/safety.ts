// SPDX-License-Identifier: Apache-2.0
//
// safety.ts - frees that were wrong, and everything else that the detectors found.
import type { Check, Finding } from "../data";
import { bySeverity, isMemoryError } from "../model/findings";
import { findingCard } from "../parts/finding";
import { h } from "../parts/dom";
import { known, plural } from "../parts/format";
import type { Store } from "../store";
import type { Mounted } from "../views";

const most = 100;

function section(title: string, findings: Finding[], none: string, open: number): HTMLElement {
	return h(
		"section",
		{ class: "card" },
		h("h2", null, title, " ", h("span", { class: "hint" }, plural(findings.length, "finding"))),
		findings.length ? findings.slice(0, most).map((finding, i) => findingCard(finding, i < open)) : h("p", null, none),
		findings.length > most && h("p", { class: "hint" }, `and ${plural(findings.length - most, "finding")} more: memscope-analyze check prints them.`),
	);
}

function foot(check: Check): HTMLElement | null {
	const lines = [
		check.more_findings ? `${plural(check.more_findings, "finding")} of less weight are not in this page.` : null,
		check.suppressed_findings ? `${plural(check.suppressed_findings, "finding")} suppressed.` : null,
		...(check.not_checked ?? []).map((one) => `${one.detector} was not looked for${one.pid ? ` in process ${one.pid}` : ""}: ${one.reason}.`),
	].filter((line) => line !== null);
	return lines.length ? h("section", { class: "card" }, h("h2", null, "Not in this list"), h("ul", { class: "lines" }, lines.map((line) => h("li", null, line)))) : null;
}

/** No finding is no proof: frees of blocks from before the recording cannot be judged. */
function none(store: Store): string {
	const unmatched = store.report.summary.totals.unmatched_deallocations;
	if (!known(unmatched)) return "None was found; the recording cannot tell whether all frees were of blocks that it saw.";
	return unmatched ? `None was found. ${plural(unmatched, "free")} were of blocks that the recording did not see made.` : "None was found.";
}

export function safety(store: Store): Mounted {
	const { check, check_reason: reason } = store.report;
	const title = h("h2", { class: "unseen" }, "Safety");
	if (!check)
		return { element: h("div", null, title, h("section", { class: "card" }, h("p", null, reason ?? "The detectors did not run: nothing is known about bad frees."))) };
	const findings = bySeverity(check.findings);
	return {
		element: h(
			"div",
			null,
			title,
			section("Bad frees and mismatches", findings.filter(isMemoryError), none(store), 1),
			section("Other findings", findings.filter((finding) => !isMemoryError(finding)), "None.", 0),
			foot(check),
		),
	};
}
