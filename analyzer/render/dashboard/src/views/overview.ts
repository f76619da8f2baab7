// SPDX-License-Identifier: Apache-2.0
//
// overview.ts - where the memory went, in ten seconds.
import type { Figure, Process, Report } from "../data";
import { health } from "../model/health";
import { type Remark, remarks } from "../model/findings";
import { chart } from "../parts/chart";
import { h } from "../parts/dom";
import { bytes, count, figure, known, plural, time } from "../parts/format";
import type { Store } from "../store";
import type { Mounted } from "../views";

/** The totals in the order of the text report; main is what is printed large. */
const totals: readonly { key: string; label: string; format: (value: number) => string; hint: string }[] = [
	{ key: "peak_memory", label: "Peak", format: bytes, hint: "most bytes live at once" },
	{ key: "current_memory", label: "Not freed", format: bytes, hint: "bytes live at the end" },
	{ key: "active_allocations", label: "Blocks not freed", format: count, hint: "live at the end" },
	{ key: "total_allocated", label: "Allocated", format: bytes, hint: "bytes asked for in all" },
	{ key: "total_deallocated", label: "Freed", format: bytes, hint: "bytes given back" },
	{ key: "total_allocations", label: "Allocations", format: count, hint: "calls" },
	{ key: "total_reallocations", label: "Reallocations", format: count, hint: "calls" },
	{ key: "total_deallocations", label: "Frees", format: count, hint: "calls" },
	{ key: "unmatched_deallocations", label: "Unmatched frees", format: count, hint: "of unseen blocks" },
];

function totalsList(report: Report): HTMLElement {
	const values = report.summary.totals;
	return h(
		"dl",
		{ class: "totals", aria: { label: "Totals" } },
		totals.map(({ key, label, format, hint }) => {
			const value = values[key] as Figure;
			const estimate = values.errors !== undefined && key in values.errors;
			const exact = estimate ? "an estimate" : known(value) && format === bytes ? `${count(value)} B` : hint;
			return h(
				"div",
				{ title: `${hint}${known(value) ? `: ${count(value)}` : ": the recording cannot tell"}` },
				h("dt", null, label),
				h("dd", { data: { total: key, value: known(value) ? value : "" } }, figure(value, format, values.errors, key)),
				h("dd", { class: "hint" }, exact),
			);
		}),
	);
}

function peakOf(process: Process): { at_ns: number; value: number; text: string } | undefined {
	const peaks = process.series.peak_bytes;
	if (!peaks) return undefined;
	let best = -1;
	peaks.forEach((value, i) => {
		if (known(value) && (best < 0 || value > (peaks[best] ?? 0))) best = i;
	});
	if (best < 0) return undefined;
	const value = peaks[best] ?? 0;
	return { at_ns: process.buckets[best], value, text: `peak ${bytes(value)}` };
}

function heapChart(store: Store, process: Process): HTMLElement | null {
	const { live_bytes: live, peak_bytes: peaks } = process.series;
	if (!live?.some(known)) return null;
	const peak = peakOf(process);
	return chart(store, {
		label: `Live heap over ${time(process.duration_ns)}${peak ? `; ${peak.text} at ${time(peak.at_ns)}` : ""}`,
		xs: process.buckets,
		end: process.duration_ns,
		lines: [
			...(peaks ? [{ label: "Highest within a step", values: peaks, colour: "second", stepped: true }] : []),
			{ label: "Live heap", values: live, colour: "accent", fill: true },
		],
		marks: process.marks,
		...(peak ? { point: peak } : {}),
		height: 240,
		format: bytes,
		binary: true,
	});
}

function residentChart(store: Store, process: Process): HTMLElement | null {
	const { live_bytes: live, resident } = process.series;
	if (!live || !resident?.some(known)) return null;
	const heap = live.some(known);
	return chart(store, {
		label: `Resident memory of the process${heap ? " beside its live heap" : ""}, over ${time(process.duration_ns)}`,
		xs: process.buckets,
		end: process.duration_ns,
		lines: [
			{ label: "Resident memory", values: resident, colour: "resident", sparse: true },
			...(heap ? [{ label: "Live heap", values: live, colour: "accent", fill: true }] : []),
		],
		height: 150,
		format: bytes,
		binary: true,
	});
}

function remarkItem(store: Store, remark: Remark): HTMLElement {
	return h(
		"li",
		{ class: `remark ${remark.severity}` },
		h("span", { class: "severity" }, remark.severity),
		h(
			"div",
			null,
			h("strong", null, remark.text),
			remark.where && h("code", null, remark.where),
			remark.evidence && h("span", { class: "hint" }, remark.evidence),
		),
		h(
			"button",
			{ class: "more", type: "button", aria: { label: `More about: ${remark.text}` }, on: { click: () => store.set({ view: remark.view }) } },
			"more",
		),
	);
}

function findings(store: Store): HTMLElement {
	const { check, check_reason: reason } = store.report;
	const list = remarks(store.report, 6);
	const all = check?.findings.length ?? 0;
	return h(
		"section",
		{ class: "card" },
		h("h2", null, "What stands out"),
		list.length
			? h("ul", { class: "remarks" }, list.map((remark) => remarkItem(store, remark)))
			: h("p", null, "Nothing."),
		h("p", { class: "hint" }, check ? (all ? `${plural(all, "finding")} of the detectors in all.` : "The detectors found nothing.") : (reason ?? "The detectors did not run.")),
	);
}

function healthCard(report: Report): HTMLElement {
	const { value, terms, unknown } = health(report);
	return h(
		"section",
		{ class: "card health" },
		h("h2", null, "Health"),
		h("p", { class: "score" }, h("b", null, String(value)), h("span", { class: "hint" }, " of 100", unknown ? `, ${plural(unknown, "term")} not known` : "")),
		h(
			"table",
			null,
			h(
				"thead",
				null,
				h("tr", null, h("th", { scope: "col" }, "100 less"), h("th", { scope: "col" }, "measured"), h("th", { scope: "col", class: "number" }, "points")),
			),
			h(
				"tbody",
				null,
				terms.map((one) =>
					h(
						"tr",
						null,
						h("th", { scope: "row" }, one.name, h("span", { class: "hint" }, `${one.weight} \u00d7 (${one.formula}), at most ${one.weight}`)),
						h("td", null, one.measured ?? "not known"),
						h("td", { class: "number" }, one.measured === null ? "\u2013" : one.taken >= 0.05 ? `\u2212${one.taken.toFixed(1)}` : "0"),
					),
				),
			),
		),
	);
}

export function overview(store: Store): Mounted {
	const { process, report } = store;
	const element = h(
		"div",
		null,
		h("h2", { class: "unseen" }, "Overview"),
		totalsList(report),
		h(
			"section",
			{ class: "card" },
			h("h2", null, "Heap over time", report.processes.length > 1 && h("span", { class: "hint" }, ` of process ${process.pid ?? process.command}`)),
			heapChart(store, process) ?? h("p", null, "The recording cannot tell the heap over time."),
			residentChart(store, process),
		),
		h("div", { class: "columns" }, findings(store), healthCard(report)),
	);
	return { element };
}
