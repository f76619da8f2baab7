// SPDX-License-Identifier: Apache-2.0
//
// time.ts - the heap at any moment, and what changed between two.
import type { Figure, Frame, Process } from "../data";
import { type Sites, sitesOf } from "../model/sites";
import { heapChart } from "../parts/chart";
import { fill, h, uniqueId } from "../parts/dom";
import { bytes, count, figure, known, share, signed, time } from "../parts/format";
import { siteCell } from "../parts/stack";
import { Table } from "../parts/table";
import type uPlot from "uplot";
import type { Store } from "../store";
import type { Mounted } from "../views";

interface SiteState {
	frame: Frame;
	bytes: number;
	blocks: number;
	/** By how much it changed since the other moment. */
	bytesChange: number;
	blocksChange: number;
}

/** "start" to "end": moments with a name, as buckets. */
function named(process: Process): { label: string; bucket: number }[] {
	const { buckets, series, marks } = process;
	const last = buckets.length - 1;
	const peaks = series.peak_bytes ?? series.live_bytes ?? [];
	let peak = 0;
	peaks.forEach((value, b) => {
		if ((value ?? 0) > (peaks[peak] ?? 0)) peak = b;
	});
	const bucketOf = (ns: number) => Math.max(0, buckets.findIndex((end) => end >= ns));
	return [
		{ label: "start", bucket: 0 },
		{ label: "peak", bucket: peak },
		...marks.slice(0, 6).map((mark) => ({ label: mark.name.slice(0, 24), bucket: bucketOf(mark.at_ns) })),
		{ label: "end", bucket: last },
	];
}

class TimeView {
	readonly element: HTMLElement;
	private readonly process: Process;
	private readonly sites: Sites | null;
	private at: number;
	private other: number;
	private comparing = false;
	private plot: uPlot | null = null;
	private readonly handles = [h("div", { class: "moment" }), h("div", { class: "moment other", hidden: true })];
	private readonly sliders: { element: HTMLElement; input: HTMLInputElement; said: HTMLElement }[];
	private readonly facts = h("dl", { class: "totals state", aria: { live: "polite", label: "The heap at this moment" } });
	private readonly tables = h("div");
	private readonly state: Table<SiteState>;
	private readonly difference: Table<SiteState>;

	constructor(private readonly store: Store) {
		this.process = store.process;
		this.sites = this.process.slices ? sitesOf(store.report, this.process) : null;
		this.at = named(this.process).find((one) => one.label === "peak")?.bucket ?? 0;
		this.other = Math.floor(this.at / 2);
		this.sliders = [this.slider("Moment", () => this.at, (b) => (this.at = b)), this.slider("Earlier moment", () => this.other, (b) => (this.other = b))];
		this.sliders[1].element.hidden = true;
		this.state = this.stateTable();
		this.difference = this.differenceTable();
		this.element = this.layOut();
		this.update();
	}

	private slider(label: string, get: () => number, set: (bucket: number) => void) {
		const id = uniqueId("moment");
		const said = h("output", { class: "when" });
		const input = h("input", {
			id,
			type: "range",
			min: 0,
			max: Math.max(0, this.process.buckets.length - 1),
			step: 1,
			value: String(get()),
			on: {
				input: () => {
					set(Number(input.value));
					this.update();
				},
			},
		});
		return { element: h("div", { class: "slider" }, h("label", { for: id }, label), input, said), input, said };
	}

	private layOut(): HTMLElement {
		const { process } = this;
		const compare = h("input", {
			type: "checkbox",
			on: {
				change: () => {
					this.comparing = compare.checked;
					this.update();
				},
			},
		});
		return h(
			"div",
			null,
			h("h2", { class: "unseen" }, "Time travel"),
			h(
				"section",
				{ class: "card" },
				heapChart(this.store, 150, (plot) => {
					this.plot = plot;
					plot.over.append(...this.handles);
					this.place();
				}),
				this.sliders.map((slider) => slider.element),
				h(
					"div",
					{ class: "controls" },
					h("span", { class: "hint" }, "Go to"),
					named(process).map(({ label, bucket }) =>
						h(
							"button",
							{
								type: "button",
								class: "small",
								on: {
									click: () => {
										this.at = bucket;
										this.update();
									},
								},
							},
							label,
						),
					),
					h("label", { class: "check" }, compare, "Compare with an earlier moment"),
				),
			),
			this.facts,
			this.tables,
		);
	}

	private siteColumn() {
		return { id: "site", label: "Site", value: (row: SiteState) => row.frame.function ?? "", cell: (row: SiteState) => siteCell(row.frame) };
	}

	private stateTable(): Table<SiteState> {
		return new Table<SiteState>({
			label: "Sites by live bytes at this moment",
			sort: "bytes",
			rows: [],
			empty: "No block is live.",
			columns: [
				this.siteColumn(),
				{ id: "bytes", label: "Live", bar: true, value: (row) => row.bytes, cell: (row) => bytes(row.bytes) },
				{ id: "share", label: "Share", spare: true, value: (row) => row.bytes, cell: (row) => share(row.bytes, this.liveAt(this.at) ?? 0) },
				{ id: "blocks", label: "Blocks", value: (row) => row.blocks, cell: (row) => count(row.blocks) },
			],
		});
	}

	private differenceTable(): Table<SiteState> {
		return new Table<SiteState>({
			label: "Sites by how their live bytes changed between the two moments",
			sort: "change",
			rows: [],
			empty: "Nothing changed.",
			columns: [
				this.siteColumn(),
				{ id: "change", label: "Change", bar: true, value: (row) => row.bytesChange, cell: (row) => signed(row.bytesChange, bytes) },
				{ id: "blocks", label: "Blocks", value: (row) => row.blocksChange, cell: (row) => signed(row.blocksChange, count) },
				{ id: "before", label: "Before", spare: true, value: (row) => row.bytes - row.bytesChange, cell: (row) => bytes(row.bytes - row.bytesChange) },
				{ id: "after", label: "After", spare: true, value: (row) => row.bytes, cell: (row) => bytes(row.bytes) },
			],
		});
	}

	private liveAt(bucket: number): number | null {
		return this.process.series.live_bytes?.[bucket] ?? null;
	}

	/** What the series say of the moment's bucket. */
	private entries(): { label: string; value: Figure; text: string; hint: string }[] {
		const { series, buckets } = this.process;
		const until = (values: Figure[] | null) => {
			const part = values?.slice(0, this.at + 1);
			return part?.every(known) ? part.reduce<number>((a, b) => a + (b ?? 0), 0) : null;
		};
		const live = this.liveAt(this.at);
		const before = this.liveAt(this.other);
		const resident = series.resident?.slice(0, this.at + 1).reverse().find(known);
		const change = this.comparing && known(live) && known(before) ? `${signed(live - before, bytes)} since ${time(buckets[this.other])}` : figure(series.peak_bytes?.[this.at], (n) => `at most ${bytes(n)} in this step`);
		return [
			{ label: "Live", value: live, text: figure(live, bytes), hint: change },
			{ label: "Blocks", value: series.live_blocks?.[this.at], text: figure(series.live_blocks?.[this.at], count), hint: "in use" },
			{ label: "Allocated so far", value: until(series.allocated), text: figure(until(series.allocated), bytes), hint: figure(until(series.allocations), (n) => `${count(n)} calls`) },
			{ label: "Freed so far", value: until(series.frees), text: figure(until(series.frees), count), hint: "calls" },
			{ label: "Resident", value: resident, text: figure(resident, bytes), hint: "of the process, when last sampled" },
		];
	}

	private rows(): SiteState[] {
		const { sites } = this;
		if (!sites) return [];
		const at = (bucket: number, column: "liveBytes" | "liveBlocks") => sites.sum(sites.model.liveAt(bucket, column));
		const live = at(this.at, "liveBytes");
		const blocks = at(this.at, "liveBlocks");
		const before = this.comparing ? at(this.other, "liveBytes") : null;
		const blocksBefore = this.comparing ? at(this.other, "liveBlocks") : null;
		return sites.list
			.map((site, i) => ({
				frame: site.frame,
				bytes: live[i],
				blocks: blocks[i],
				bytesChange: before ? live[i] - before[i] : 0,
				blocksChange: blocksBefore ? blocks[i] - blocksBefore[i] : 0,
			}))
			.filter((row) => (this.comparing ? row.bytesChange || row.blocksChange : row.blocks !== 0));
	}

	private place(): void {
		const { plot, process } = this;
		if (!plot) return;
		[this.at, this.other].forEach((bucket, i) => {
			this.handles[i].style.left = `${plot.valToPos(process.buckets[bucket], "x")}px`;
		});
	}

	private update(): void {
		const { process } = this;
		// The second handle is the earlier one, however they are dragged.
		if (this.comparing && this.other > this.at) [this.at, this.other] = [this.other, this.at];
		[this.at, this.other].forEach((bucket, i) => {
			const { input, said } = this.sliders[i];
			const text = time(process.buckets[bucket]);
			input.value = String(bucket);
			input.setAttribute("aria-valuetext", text);
			fill(said, text);
		});
		this.sliders[1].element.hidden = this.handles[1].hidden = !this.comparing;
		this.place();
		fill(
			this.facts,
			this.entries().map(({ label, value, text, hint }) => h("div", null, h("dt", null, label), h("dd", { data: { value: value ?? "" } }, text), h("dd", { class: "hint" }, hint))),
		);
		this.updateTable();
	}

	private updateTable(): void {
		const table = this.comparing ? this.difference : this.state;
		const title = this.comparing
			? `What changed from ${time(this.process.buckets[this.other])} to ${time(this.process.buckets[this.at])}`
			: `Live at ${time(this.process.buckets[this.at])}, by site`;
		if (!this.sites) return fill(this.tables, h("section", { class: "card" }, h("p", null, "What each site held at a moment was not recorded.")));
		table.setRows(this.rows());
		fill(this.tables, h("section", { class: "card" }, h("h2", null, title), table.element));
		return undefined;
	}
}

export function timeView(store: Store): Mounted {
	if (!store.process.series.live_bytes?.some(known))
		return { element: h("div", null, h("section", { class: "card" }, h("h2", null, "Time travel"), h("p", null, "The recording cannot tell the heap over time."))) };
	return { element: new TimeView(store).element };
}
