// SPDX-License-Identifier: Apache-2.0
//
// stack.ts - a frame, a stack of them, and the source around a line.
import type { Frame, Report, Source } from "../data";
import { h } from "./dom";
import { baseName, frameName, framePlace } from "./format";
import { shortName } from "./names";

/** A name with its place beneath it, for a row of a table. */
export function siteCell(frame: Frame): HTMLElement {
	const name = frameName(frame);
	return h(
		"div",
		{ class: "site", title: `${name}\n${frame.file ? `${frame.file}:${frame.line ?? "?"}\n` : ""}${frame.module ?? ""}` },
		h("code", null, frame.function ? shortName(name) : name),
		h("span", { class: "hint" }, [framePlace(frame), frame.file && frame.module ? baseName(frame.module) : ""].filter(Boolean).join(" \u00b7 ") || (frame.module ?? "stacks too light to be shown")),
	);
}

/** From the innermost call outwards. */
export function stackList(stack: readonly Frame[], most = 40): HTMLElement {
	return h(
		"ol",
		{ class: "stack" },
		stack.slice(0, most).map((frame) =>
			h(
				"li",
				null,
				h("code", { title: frameName(frame) }, frame.function ? shortName(frameName(frame)) : frameName(frame)),
				" ",
				h("span", { class: "hint", title: frame.file ?? frame.module ?? "" }, framePlace(frame), frame.inlined ? " inlined" : ""),
			),
		),
		stack.length > most && h("li", { class: "hint" }, `and ${stack.length - most} more`),
	);
}

function excerpt(report: Report, frame: Frame): Source | null {
	const { file, line } = frame;
	if (!file || !line || !report.sources || !Object.hasOwn(report.sources, file)) return null;
	const found = report.sources[file];
	const parts = Array.isArray(found) ? found : [found];
	return parts.find((part) => line >= part.first && line < part.first + part.lines.length) ?? null;
}

/** The lines around the frame's; null when the page does not have them. */
export function sourceLines(report: Report, frame: Frame): HTMLElement | null {
	const source = excerpt(report, frame);
	if (!source) return null;
	return h(
		"div",
		{ class: "source", role: "group", aria: { label: `Source of ${framePlace(frame)}` } },
		source.lines.map((text, i) => {
			const number = source.first + i;
			const here = number === frame.line;
			return h(
				"div",
				{ class: here ? "here" : "", ...(here ? { aria: { current: true } } : {}) },
				h("span", { class: "line", aria: { hidden: true } }, number),
				h("code", null, text || " "),
			);
		}),
	);
}
