// SPDX-License-Identifier: Apache-2.0
//
// leaks.ts - what nothing points to any more, and what only keeps growing.
import type { Amount, Frame, LeakSite, Leaks } from "../data";
import { bySeverity } from "../model/findings";
import { sitesOf } from "../model/sites";
import { findingCard } from "../parts/finding";
import { fill, h } from "../parts/dom";
import { bytes, count, frameName, plural, share, signed, time } from "../parts/format";
import { siteCell, sourceLines, stackList } from "../parts/stack";
import { Table } from "../parts/table";
import type { Store } from "../store";
import type { Mounted } from "../views";

const classes: readonly { id: "definite" | "indirect" | "possible" | "reachable" | "unclassified"; label: string; hint: string }[] = [
	{ id: "definite", label: "Definitely lost", hint: "nothing points to them" },
	{ id: "indirect", label: "Indirectly lost", hint: "only lost blocks point to them" },
	{ id: "possible", label: "Possibly lost", hint: "pointers into their middle only" },
	{ id: "reachable", label: "Still reachable", hint: "a chain of pointers leads there" },
	{ id: "unclassified", label: "Not classified", hint: "no pointer map to tell by" },
];

const kindWords: Record<string, string> = { definite: "definitely", indirect: "indirectly", possible: "possibly" };

function amounts(leaks: Leaks): HTMLElement {
	const shown = classes.filter(({ id }) => leaks[id] && (id !== "unclassified" || leaks[id]?.blocks));
	const total = shown.reduce((sum, { id }) => sum + (leaks[id] as Amount).bytes, 0);
	return h(
		"section",
		{ class: "card" },
		h("h2", null, "Live blocks by how they are reached"),
		h(
			"div",
			{ class: "stacked", role: "img", aria: { label: shown.map(({ id, label }) => `${label} ${share((leaks[id] as Amount).bytes, total)}`).join(", ") } },
			shown.map(({ id }) => {
				const part = h("i", { class: id });
				part.style.flexGrow = String((leaks[id] as Amount).bytes);
				return part;
			}),
		),
		h(
			"dl",
			{ class: "classes" },
			shown.map(({ id, label, hint }) => {
				const amount = leaks[id] as Amount;
				return h(
					"div",
					{ data: { kind: id } },
					h("dt", null, h("i", { class: `swatch block ${id}` }), label),
					h("dd", { data: { value: amount.bytes } }, bytes(amount.bytes)),
					h("dd", { class: "hint" }, plural(amount.blocks, "block"), ": ", hint),
				);
			}),
		),
		leaks.rings
			? h("p", null, `${plural(leaks.rings, "ring")} of blocks that point to each other among the lost: ${bytes(leaks.cycles?.bytes ?? 0)} in ${plural(leaks.cycles?.blocks ?? 0, "block")}.`)
			: h("p", { class: "hint" }, "No rings of blocks that point to each other among the lost."),
		leaks.processes?.filter((one) => one.reason).map((one) => h("p", { class: "hint" }, `Process ${one.pid}: ${one.reason}.`)),
	);
}

const kinds = new Set<string>(classes.map(({ id }) => id));

function detail(store: Store, site: LeakSite): Node[] {
	const source = sourceLines(store.report, site);
	const parts = [
		h("h2", null, h("code", null, frameName(site))),
		h("p", null, `${bytes(site.bytes)} in ${plural(site.blocks, "block")} ${(kindWords[site.kind] ?? site.kind)} lost`),
		site.hanging_blocks > 0 && h("p", null, `${bytes(site.hanging_bytes)} in ${plural(site.hanging_blocks, "block")} hang on them and are lost with them.`),
		site.cycle_blocks > 0 && h("p", null, `${plural(site.cycle_blocks, "block")} are part of rings.`),
		source && h("h3", null, "Source"),
		source,
		h("h3", null, "Allocated at"),
		stackList(site.stack ?? []),
	];
	return parts.filter((part): part is HTMLElement => part instanceof HTMLElement);
}

function sitesPart(store: Store, leaks: Leaks): HTMLElement {
	const pane = h("section", { class: "card detail", aria: { live: "polite" } });
	const table = new Table<LeakSite>({
		label: "Sites of lost blocks",
		rows: leaks.sites,
		sort: "kind",
		empty: "Nothing is lost.",
		open: (site) => fill(pane, detail(store, site)),
		columns: [
			{ id: "site", label: "Site", value: (site) => frameName(site), cell: siteCell },
			{ id: "kind", label: "Class", value: (site) => classes.findIndex(({ id }) => id === site.kind) * -1, cell: (site) => h("span", null, h("i", { class: `swatch block ${kinds.has(site.kind) ? site.kind : ""}` }), site.kind) },
			{ id: "bytes", label: "Bytes", bar: true, value: (site) => site.bytes, cell: (site) => bytes(site.bytes) },
			{ id: "blocks", label: "Blocks", spare: true, value: (site) => site.blocks, cell: (site) => count(site.blocks) },
			{ id: "hanging", label: "Hanging", title: "lost with them", spare: true, value: (site) => site.hanging_bytes, cell: (site) => (site.hanging_blocks ? bytes(site.hanging_bytes) : "\u2013") },
			{ id: "rings", label: "In rings", spare: true, value: (site) => site.cycle_blocks, cell: (site) => (site.cycle_blocks ? count(site.cycle_blocks) : "\u2013") },
		],
	});
	const first = leaks.sites[0];
	if (first) fill(pane, detail(store, first));
	return h("div", { class: "columns sites" }, h("section", { class: "card" }, h("h2", null, "Where they were allocated"), table.element), first ? pane : null);
}

interface Rise {
	frame: Frame;
	rise: number;
	live: number;
}

/** By how much each site's live bytes rose in the second half of the run. */
function rises(store: Store): HTMLElement | null {
	const { process, report } = store;
	const sites = process.slices ? sitesOf(report, process) : null;
	const last = process.buckets.length - 1;
	if (!sites || last < 3) return null;
	const half = Math.floor(last / 2);
	const before = sites.sum(sites.model.liveAt(half));
	const after = sites.sum(sites.model.liveAt(last));
	const rows: Rise[] = sites.list
		.map((site, i) => ({ frame: site.frame, rise: after[i] - before[i], live: after[i] }))
		.filter((row) => row.rise > 0)
		.sort((a, b) => b.rise - a.rise)
		.slice(0, 50);
	const table = new Table<Rise>({
		label: "Sites whose live bytes rose in the second half of the run",
		rows,
		sort: "rise",
		empty: "No site holds more than it did half-way.",
		columns: [
			{ id: "site", label: "Site", value: (row) => frameName(row.frame), cell: (row) => siteCell(row.frame) },
			{ id: "rise", label: "Rise", bar: true, value: (row) => row.rise, cell: (row) => signed(row.rise, bytes) },
			{ id: "live", label: "Not freed", value: (row) => row.live, cell: (row) => bytes(row.live) },
		],
	});
	return h("div", { class: "limited" }, h("h3", null, `Risen between ${time(process.buckets[half])} and the end`), table.element);
}

function growth(store: Store): HTMLElement {
	const { check } = store.report;
	const growing = bySeverity(check?.findings ?? []).filter((finding) => finding.detector === "growth");
	return h(
		"section",
		{ class: "card" },
		h("h2", null, "Growth"),
		growing.map((finding) => findingCard(finding, false)),
		growing.length === 0 && h("p", { class: "hint" }, check ? "No site keeps growing by the test of trend." : "The test of trend did not run."),
		rises(store),
	);
}

export function leaksView(store: Store): Mounted {
	const { leaks, leaks_reason: reason } = store.report;
	return {
		element: h(
			"div",
			null,
			h("h2", { class: "unseen" }, "Leaks"),
			leaks ? [amounts(leaks), sitesPart(store, leaks)] : h("section", { class: "card" }, h("p", null, reason ?? "What is lost is not known: the recording has no pointer map.")),
			growth(store),
		),
	};
}
