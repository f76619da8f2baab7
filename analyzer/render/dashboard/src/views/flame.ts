// SPDX-License-Identifier: Apache-2.0
//
// flame.ts - the flame graph and the brush that it follows.
import type { Process } from "../data";
import { framesOf } from "../model/frames";
import { type Metric, metrics } from "../model/metrics";
import { type RowModel, rowModel } from "../model/rows";
import { BottomUp, Stacks, TopDown, type Tree, matchedTotal } from "../model/tree";
import { TimeBrush } from "../parts/brush";
import { choice } from "../parts/choice";
import { fill, h } from "../parts/dom";
import { Flame } from "../parts/flame";
import { baseName, bytes, count, framePlace, plural, share } from "../parts/format";
import { shortName } from "../parts/names";
import { Palette } from "../parts/palette";
import type { Store } from "../store";
import type { Mounted } from "../views";

const stacksOf = new WeakMap<Process, Stacks>();

class FlameView {
	readonly element: HTMLElement;
	private readonly frames;
	private readonly palette: Palette;
	private readonly stacks: Stacks;
	private readonly graph: Flame;
	private readonly brush: TimeBrush;
	private readonly headline = h("p", { class: "headline", aria: { live: "polite" } });
	private readonly found = h("span", { class: "hint found", aria: { live: "polite" } });
	private readonly crumbs = h("nav", { class: "crumbs", aria: { label: "Zoomed to" } });
	private readonly empty = h("p", { class: "hint empty", hidden: true });
	private metric: Metric;
	private bottomUp = false;
	private query = "";
	private sums: Float64Array = new Float64Array(0);
	private whole: Float64Array | null = null;
	private readonly release: () => void;

	constructor(
		private readonly store: Store,
		private readonly model: RowModel,
	) {
		const { report, process } = store;
		this.frames = framesOf(report);
		this.palette = new Palette(report, this.frames, baseName(process.command.split(" ")[0]));
		let stacks = stacksOf.get(process);
		if (!stacks) stacksOf.set(process, (stacks = new Stacks(report, this.frames)));
		this.stacks = stacks;
		// Of what there is: the peak tells most, but a recording may not know it.
		const known = metrics.filter((metric) => metric.values(model, null) !== null);
		this.metric = known.find((metric) => metric.id === "peak") ?? known[0] ?? metrics[0];
		this.graph = new Flame({
			name: (key) => this.frames.name(key),
			colour: (key) => this.palette.of(this.frames.module(key), key),
			describe: (tree, node, root) => this.describe(tree, node, root),
		});
		this.graph.onRoot = (path) => this.showCrumbs(path);
		this.brush = new TimeBrush(store);
		this.element = this.layOut(known);
		this.release = store.listen((state, changed) => {
			if (changed.has("range")) this.update(true);
			if (changed.has("colours") && !this.element.hidden) {
				this.palette.forget();
				this.graph.draw();
			} else if (changed.has("colours")) this.palette.forget();
			if (changed.has("view") && state.view === "flame") this.graph.draw();
		});
		this.setMetric(this.metric);
	}

	close(): void {
		this.release();
		this.brush.close();
	}

	private layOut(known: readonly Metric[]): HTMLElement {
		const search = h("input", {
			type: "search",
			placeholder: "Search functions",
			aria: { label: "Search functions and modules" },
			on: { input: () => this.search(search.value) },
		});
		return h(
			"div",
			null,
			h("h2", { class: "unseen" }, "Flame graph"),
			this.brush.element,
			h(
				"section",
				{ class: "card" },
				h(
					"div",
					{ class: "controls" },
					choice({
						label: "What is shown",
						options: known.map((metric) => ({ id: metric.id, label: metric.label })),
						chosen: this.metric.id,
						change: (id) => this.setMetric(metrics.find((metric) => metric.id === id) ?? this.metric),
					}),
					choice({
						label: "Direction",
						options: [
							{ id: "down", label: "Top-down" },
							{ id: "up", label: "Bottom-up" },
						],
						chosen: "down",
						change: (id) => {
							this.bottomUp = id === "up";
							this.update(false);
						},
					}),
					search,
					this.found,
				),
				h(
					"div",
					{ class: "title" },
					this.headline,
					h(
						"div",
						{ class: "key", role: "group", aria: { label: "Colours of modules" } },
						this.palette.legend.map(({ label, name }) => h("span", null, h("i", { class: `swatch block ${name}` }), label)),
					),
				),
				this.crumbs,
				this.empty,
				this.graph.element,
			),
		);
	}

	private format(value: number): string {
		return this.metric.unit === "bytes" ? bytes(value) : count(value);
	}

	private setMetric(metric: Metric): void {
		this.metric = metric;
		const values = metric.values(this.model, null);
		this.whole = values ? new TopDown(this.stacks, this.model.rows.node, values).all : null;
		this.update(true);
	}

	private update(keepRoot: boolean): void {
		const { range } = this.store.state;
		const values = this.metric.values(this.model, range) ?? new Float64Array(this.model.count);
		const down = new TopDown(this.stacks, this.model.rows.node, values, this.whole);
		const tree: Tree = this.bottomUp ? new BottomUp(this.stacks, this.model.rows.node, values) : down;

		this.sums = down.all;
		this.graph.show(tree, keepRoot);
		if (!keepRoot) this.showCrumbs([]);
		const ignored = range && !this.metric.follows ? " (known of the whole run only: the chosen range changes nothing)" : "";
		fill(this.headline, h("strong", { data: { value: tree.total(0) } }, this.format(tree.total(0))), ` ${this.metric.describe(this.model, range)}${ignored}`);
		this.empty.hidden = tree.total(0) > 0;
		fill(this.empty, "There is nothing of that to draw.");
		this.showFound();
	}

	private matches(): Uint8Array | null {
		const query = this.query.trim().toLowerCase();
		if (!query) return null;
		return Uint8Array.from(this.frames.sample, (_, key) => (this.frames.searchText(key).includes(query) ? 1 : 0));
	}

	private search(query: string): void {
		this.query = query;
		this.graph.search(this.matches());
		this.showFound();
	}

	private showFound(): void {
		const matches = this.matches();
		if (!matches) return fill(this.found, "");
		const sum = matchedTotal(this.stacks, this.sums, matches);
		const functions = matches.reduce((a, b) => a + b, 0);
		this.found.dataset.value = String(sum);
		return fill(this.found, `${share(sum, this.sums[0])}: ${this.format(sum)} in ${plural(functions, "function")}`);
	}

	private showCrumbs(path: number[]): void {
		const steps = path.length > 4 ? path.slice(-4) : path;
		fill(
			this.crumbs,
			path.length > 0 && [
				h("button", { type: "button", class: "small", on: { click: () => this.graph.reset() } }, "Reset zoom"),
				path.length > 4 && h("span", { class: "hint" }, "\u2026"),
				steps.map((key) => h("code", null, shortName(this.frames.name(key)))),
			],
		);
	}

	private describe(tree: Tree, node: number, root: number): string[] {
		const total = tree.total(node);
		const of = `${share(total, tree.total(0))} of everything`;
		const ofRoot = root > 0 && root !== node ? [`${share(total, tree.total(root))} of what is zoomed to`] : [];
		if (node === 0) return ["everything", this.format(total)];
		const key = tree.key(node);
		const frame = this.frames.frame(this.frames.sample[key]);
		const lines = this.frames.lineCount(key);
		const place = lines > 1 ? `${baseName(frame.file)} (${lines} lines)` : framePlace(frame);
		const self = total - tree.children(node).reduce((sum, child) => sum + tree.total(child), 0);
		return [
			this.frames.name(key),
			[place, frame.file ? baseName(frame.module) : ""].filter(Boolean).join(", "),
			`${this.format(total)}, ${of}`,
			...ofRoot,
			self > 0 ? `${this.format(self)} ${this.bottomUp ? "begin here" : "of its own"}` : "",
		].filter(Boolean);
	}
}

export function flameView(store: Store): Mounted {
	const model = rowModel(store.process);
	if (!model || model.count === 0)
		return {
			element: h("div", null, h("section", { class: "card" }, h("h2", null, "Flame graph"), h("p", null, "The recording of this process has no stacks."))),
		};
	const view = new FlameView(store, model);
	return { element: view.element, release: () => view.close() };
}
