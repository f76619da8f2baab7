// SPDX-License-Identifier: Apache-2.0
//
// quality.ts - how far the figures can be trusted: mode, losses, damage, cost.
import type { Trace } from "../data";
import { h } from "../parts/dom";
import { baseName, bytes, count, known, plural, share, time } from "../parts/format";
import type { Store } from "../store";
import type { Mounted } from "../views";

/** What each counter of losses means, from the log's own header at build time. */
declare const LOST_MEANINGS: Record<string, string>;

const modes: Record<string, string> = {
	full: "every allocation and free was recorded",
	cull: "short-lived pairs were folded into exact totals of their stacks; figures at an instant leave them out",
	sample: "some allocations were recorded; figures with ~ are estimates, totals are exact",
	counters: "only totals were kept",
};

type Pair = readonly [string, string | null];

function pairs(list: readonly Pair[]): HTMLElement {
	return h(
		"dl",
		{ class: "pairs wide" },
		list.filter((pair) => pair[1] !== null).map(([name, value]) => h("div", null, h("dt", null, name), h("dd", null, value))),
	);
}

function number(value: unknown, format: (n: number) => string): string | null {
	return typeof value === "number" ? format(value) : null;
}

function verdict(trace: Trace): { good: boolean; text: string } {
	const lost = Object.values(trace.lost).some((n) => n > 0);
	const { stopped } = trace.process;
	const parts = [
		lost ? "something was not recorded" : null,
		trace.damage.length ? `the log is damaged in ${plural(trace.damage.length, "place")}` : null,
		stopped ? `recording stopped early: ${stopped}` : null,
	].filter((part) => part !== null);
	return { good: parts.length === 0, text: parts.length ? parts.join("; ") : "Nothing was lost, and the log is whole." };
}

function losses(trace: Trace): HTMLElement {
	const lost = Object.entries(trace.lost).filter(([, n]) => n > 0);
	return h(
		"section",
		{ class: "card" },
		h("h2", null, "Not recorded"),
		lost.length
			? h(
					"table",
					null,
					h("tbody", null, lost.map(([name, n]) => h("tr", null, h("td", { class: "number" }, count(n)), h("td", null, LOST_MEANINGS[name] ?? `of a kind that this page does not know (${name})`)))),
				)
			: h("p", null, "Nothing was lost."),
	);
}

function flat(value: unknown): string {
	if (value === null || value === undefined) return "\u2013";
	return typeof value === "object" ? JSON.stringify(value) : String(value);
}

function damage(trace: Trace): HTMLElement {
	return h(
		"section",
		{ class: "card" },
		h("h2", null, "Damage"),
		trace.damage.length
			? [
					h("p", null, "What could be read is shown; figures may be too low."),
					h("ul", { class: "lines" }, trace.damage.slice(0, 50).map((one) => h("li", null, h("code", null, flat(one))))),
					trace.damage.length > 50 && h("p", { class: "hint" }, `and ${plural(trace.damage.length - 50, "place")} more`),
				]
			: h("p", null, "None."),
	);
}

function recording(trace: Trace): HTMLElement {
	const { process, samples } = trace;
	const cost = trace.cost ?? {};
	return h(
		"section",
		{ class: "card" },
		h("h2", null, "Recording"),
		pairs([
			["Mode", `${process.mode}: ${modes[process.mode] ?? ""}`],
			["Mean bytes between samples", number(process.sample_bytes, bytes)],
			["Pairs folded below", number(process.cull_ns, time)],
			["Totals only from", number(process.totals_only_from_ns, time)],
			["Stopped early", process.stopped ?? null],
			["Events", number(cost.events, count)],
			["Time of an event", number(cost.ns_per_event, (n) => `${n.toFixed(0)} ns`)],
			["Time of recording", number(cost.recording_ns, time)],
			["Of the processor time", number(cost.cpu_share, (n) => share(n, 1))],
			["Bytes of an event", number(cost.bytes_per_event, (n) => n.toFixed(2))],
			["Log", number(trace.head?.file_bytes, bytes)],
			["Recorder's tables", number(cost.table_bytes, bytes)],
			["Stacks seen before", number(cost.known_stack_share, (n) => share(n, 1))],
			["Memory samples", samples && known(samples.count) ? count(samples.count) : null],
			["Largest resident", number(samples?.largest_resident_bytes, bytes)],
			["Page faults", samples && known(samples.minor_faults) ? `${count(samples.minor_faults)} minor, ${count(samples.major_faults ?? 0)} major` : null],
		]),
	);
}

function listed(title: string, rows: readonly Record<string, unknown>[] | undefined): HTMLElement | null {
	if (!rows?.length) return null;
	const keys = [...new Set(rows.flatMap((row) => Object.keys(row)))];
	const format = (key: string, value: unknown) => {
		if (typeof value !== "number") return flat(value);
		if (/_ns$/.test(key)) return time(value);
		return /bytes$/.test(key) ? bytes(value) : count(value);
	};
	return h(
		"details",
		{ class: "listed" },
		h("summary", null, h("h3", null, title), " ", h("span", { class: "hint" }, count(rows.length))),
		h(
			"div",
			{ class: "wide-box", tabIndex: 0, role: "region", aria: { label: title } },
			h(
				"table",
				null,
				h("thead", null, h("tr", null, keys.map((key) => h("th", { scope: "col" }, key.replace(/_ns$/, "").replaceAll("_", " "))))),
				h("tbody", null, rows.slice(0, 300).map((row) => h("tr", null, keys.map((key) => h("td", null, format(key, row[key])))))),
			),
		),
	);
}

function traceParts(trace: Trace, many: boolean): HTMLElement {
	const { good, text } = verdict(trace);
	return h(
		"div",
		{ class: "trace" },
		many && h("h2", null, `${trace.process.pid} ${baseName(trace.process.command.split(" ")[0])}`),
		h("p", { class: `verdict ${good ? "good" : "bad"}` }, good ? text : `Take care: ${text}.`),
		h("div", { class: "columns even" }, recording(trace), h("div", null, losses(trace), damage(trace))),
		h(
			"section",
			{ class: "card" },
			h("h2", null, "More of what the log says"),
			listed("Pointer maps", trace.pointer_maps),
			listed("Marks", trace.marks),
			listed("Notes", trace.notes),
			listed("Windows of the log", trace.windows),
			listed("Modules", trace.modules),
			listed("Facts", trace.facts),
		),
	);
}

export function quality(store: Store): Mounted {
	const { traces } = store.report.info;
	return { element: h("div", null, h("h2", { class: "unseen" }, "Log quality"), traces.map((trace) => traceParts(trace, traces.length > 1))) };
}
