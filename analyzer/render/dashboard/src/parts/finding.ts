// SPDX-License-Identifier: Apache-2.0
//
// finding.ts - a finding with its evidence, its stacks and what to do about it.
import type { Finding } from "../data";
import { evidence, sentence } from "../model/findings";
import { h } from "./dom";
import { bytes, known, time } from "./format";
import { stackList } from "./stack";

type Point = NonNullable<Finding["stacks"]>[number];

function point(one: Point): HTMLElement {
	const facts = [
		one.call,
		known(one.size) && one.size > 0 ? bytes(one.size) : null,
		one.address ? `at ${one.address}` : null,
		known(one.at_ns) ? `${time(one.at_ns)} after the start` : null,
		known(one.thread) ? `thread ${one.thread}` : null,
	].filter(Boolean);
	return h("div", { class: "point" }, h("h3", null, one.what, " ", h("span", { class: "hint" }, facts.join(", "))), stackList(one.stack, 12));
}

/** open: show the stacks at once. */
export function findingCard(finding: Finding, open: boolean): HTMLElement {
	const figures = evidence(finding);
	const details = h(
		"details",
		null,
		h("summary", null, "Evidence and stacks"),
		figures.length > 0 && h("dl", { class: "pairs" }, figures.map(([name, value]) => h("div", null, h("dt", null, name), h("dd", null, value)))),
		h("div", { class: "points" }, (finding.stacks ?? []).map(point)),
	);
	details.open = open;
	return h(
		"article",
		{ class: `finding ${finding.severity}` },
		h("span", { class: "severity" }, finding.severity),
		h(
			"div",
			null,
			h("h3", null, sentence(finding)),
			finding.site && h("code", null, finding.site),
			h("p", { class: "hint" }, `${finding.detector} \u00b7 ${finding.kind}`),
			finding.suggestion && h("p", null, finding.suggestion),
			figures.length + (finding.stacks?.length ?? 0) > 0 && details,
		),
	);
}
