// SPDX-License-Identifier: Apache-2.0
//
// sites.ts - every place that allocates, with its stacks and its source.
import type { Figure, Site } from "../data";
import { framesOf } from "../model/frames";
import { type SiteRows, sitesOf } from "../model/sites";
import { chart } from "../parts/chart";
import { fill, h } from "../parts/dom";
import { bytes, count, figure, frameName, framePlace, known, plural } from "../parts/format";
import { siteCell, sourceLines, stackList } from "../parts/stack";
import { type Column, Table } from "../parts/table";
import type { Store } from "../store";
import type { Mounted } from "../views";

function column(id: keyof Site & string, label: string, title: string, format: (n: number) => string, more: Partial<Column<Site>> = {}): Column<Site> {
	return {
		id,
		label,
		title,
		value: (site) => (known(site[id] as Figure) ? (site[id] as number) : null),
		cell: (site) => figure(site[id] as Figure, format, site.errors, id),
		...more,
	};
}

const columns: Column<Site>[] = [
	{ id: "site", label: "Site", value: (site) => frameName(site), cell: siteCell },
	column("peak_bytes", "Peak", "bytes live at the peak", bytes, { bar: true }),
	column("live_bytes", "Not freed", "bytes live at the end", bytes),
	column("allocated", "Allocated", "bytes asked for in all", bytes, { spare: true }),
	column("allocations", "Calls", "allocations", count, { spare: true }),
	column("temporary", "Temporary", "freed before their thread's next allocation", count, { spare: true }),
];

/** All words of the filter are in the name, the file or the module. */
function chosen(sites: readonly Site[], filter: string): Site[] {
	const words = filter.toLowerCase().split(/\s+/).filter(Boolean);
	return sites.filter((site) => {
		const text = `${frameName(site)} ${site.file ?? ""} ${site.module ?? ""}`.toLowerCase();
		return words.every((word) => text.includes(word));
	});
}

/** The stacks that end at the site, the heaviest first. */
function stacks(store: Store, site: Site, rows: SiteRows | undefined): HTMLElement {
	const { report, process } = store;
	const frames = framesOf(report);
	const weights = process.rows?.peak_bytes ?? process.rows?.allocated;
	if (!rows || !weights) return site.stack ? stackList(site.stack) : h("p", { class: "hint" }, "No stacks.");
	const heaviest = [...rows.rows].sort((a, b) => weights[b] - weights[a]);
	const what = process.rows?.peak_bytes ? "at the peak" : "allocated";
	const most = 5;
	return h(
		"div",
		null,
		heaviest.slice(0, most).map((row, i) => {
			const node = process.rows?.node[row] ?? 0;
			const title = `${bytes(weights[row])} ${what}, ${figure(process.rows?.allocations?.[row], (n) => plural(n, "call"))}`;
			const details = h("details", null, h("summary", null, title), stackList(frames.stack(node)));
			details.open = i === 0;
			return details;
		}),
		heaviest.length > most && h("p", { class: "hint" }, `and ${plural(heaviest.length - most, "stack")} more`),
	);
}

function overTime(store: Store, rows: SiteRows | undefined): HTMLElement | null {
	const { process, report } = store;
	const model = sitesOf(report, process)?.model;
	if (!rows || !model?.hasSlices) return null;
	return chart(store, {
		label: "Live bytes of the site over time",
		xs: process.buckets,
		end: process.duration_ns,
		lines: [{ label: "Live here", values: [...model.liveOver(new Set(rows.rows))], colour: "accent", fill: true }],
		height: 110,
		format: bytes,
		binary: true,
	});
}

function detail(store: Store, site: Site): Node[] {
	const { report, process } = store;
	const rows = sitesOf(report, process)?.find(site);
	const source = sourceLines(report, site);
	const parts: (Node | null)[] = [
		h("h2", null, h("code", null, frameName(site))),
		h("p", { class: "hint" }, [site.file ? `${site.file}${site.line ? `:${site.line}` : ""}` : framePlace(site), site.module ?? ""].filter(Boolean).join(" \u00b7 ")),
		h(
			"dl",
			{ class: "pairs" },
			[
				["At the peak", `${figure(site.peak_bytes, bytes, site.errors, "peak_bytes")} in ${figure(site.peak_blocks, (n) => plural(n, "block"))}`],
				["Not freed", `${figure(site.live_bytes, bytes, site.errors, "live_bytes")} in ${figure(site.live_blocks, (n) => plural(n, "block"))}`],
				["In all", `${figure(site.allocated, bytes, site.errors, "allocated")} in ${figure(site.allocations, (n) => plural(n, "call"))}`],
				["Temporary", figure(site.temporary, count, site.errors, "temporary")],
			].map(([name, value]) => h("div", null, h("dt", null, name), h("dd", null, value))),
		),
		overTime(store, rows),
		source && h("h3", null, "Source"),
		source,
		h("h3", null, "Stacks", report.processes.length > 1 && h("span", { class: "hint" }, ` of process ${process.pid ?? process.command}`)),
		stacks(store, site, rows),
	];
	return parts.filter((part) => part !== null);
}

export function sitesView(store: Store): Mounted {
	const { sites, site_count: all } = store.report.summary;
	const pane = h("section", { class: "card detail", aria: { live: "polite" } }, h("p", { class: "hint" }, "Choose a site to see its stacks."));
	const shown = h("span", { class: "hint", aria: { live: "polite" } });
	const table = new Table<Site>({
		label: "Sites that allocate",
		columns,
		rows: sites,
		sort: "peak_bytes",
		empty: "No site matches.",
		open: (site) => fill(pane, detail(store, site)),
	});
	const missing = Math.max(0, (all ?? 0) - sites.length);
	const say = (n: number) => {
		const more = missing ? `; ${count(missing)} lighter ones are not in this page` : "";
		fill(shown, (n === sites.length ? plural(n, "site") : `${count(n)} of ${plural(sites.length, "site")}`) + more);
	};
	const filter = h("input", {
		type: "search",
		placeholder: "Filter by function, file, module",
		aria: { label: "Filter the sites" },
		on: {
			input: () => {
				const rows = chosen(sites, filter.value);
				table.setRows(rows);
				say(rows.length);
			},
		},
	});

	say(sites.length);
	if (sites.length) fill(pane, detail(store, sites[0]));
	return {
		element: h(
			"div",
			null,
			h("h2", { class: "unseen" }, "Sites"),
			h("div", { class: "columns sites" }, h("section", { class: "card" }, h("div", { class: "controls" }, filter, shown), table.element), pane),
		),
	};
}
