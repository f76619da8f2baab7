// SPDX-License-Identifier: Apache-2.0
//
// brush.ts - the live heap over time, on which a stretch of it is chosen.
//
// Drag to choose, drag the chosen part or its edges to move them, click for a single step.
// With the keyboard it is a slider: arrows move the stretch, with Shift its end.  The range
// is the store's, so that every view that cares follows while the pointer still moves.
import type uPlot from "uplot";
import { type Range, type Store, bucketBegin } from "../store";
import { heapChart } from "./chart";
import { fill, h } from "./dom";
import { bytes, known, plural, time } from "./format";

type Grip = "new" | "move" | "first" | "last";

const edge = 7;

export class TimeBrush {
	readonly element: HTMLElement;
	private readonly over: HTMLElement;
	private readonly chosen = h("div", { class: "chosen", hidden: true });
	private readonly words = h("p", { class: "hint", aria: { live: "polite" } });
	private readonly whole: HTMLButtonElement;
	private plot: uPlot | null = null;
	private drag: { grip: Grip; x: number; bucket: number; range: Range | null } | null = null;
	private release: () => void;

	constructor(private readonly store: Store) {
		const { process } = store;
		this.over = h(
			"div",
			{
				class: "brush",
				tabIndex: 0,
				role: "slider",
				aria: {
					label: "Range of time",
					valuemin: 0,
					valuemax: process.buckets.length - 1,
					valuenow: 0,
					valuetext: "the whole run",
				},
				on: {
					pointerdown: (event) => this.down(event),
					pointermove: (event) => this.move(event),
					pointerup: () => (this.drag = null),
					pointercancel: () => (this.drag = null),
					dblclick: () => this.set(null),
					keydown: (event) => this.key(event),
				},
			},
			this.chosen,
		);
		this.whole = h("button", { type: "button", class: "small", on: { click: () => this.set(null) } }, "Whole run");
		this.element = h(
			"section",
			{ class: "card time-brush", aria: { label: "Time" } },
			heapChart(store, 118, (plot) => {
				this.plot = plot;
				plot.over.append(this.over);
				this.show();
			}),
			h("div", { class: "under" }, this.words, this.whole),
		);
		this.release = store.listen((_state, changed) => {
			if (changed.has("range")) this.show();
		});
		this.show();
	}

	close(): void {
		this.release();
	}

	private set(range: Range | null): void {
		this.store.set({ range });
	}

	private bucketAt(x: number): number {
		const { buckets } = this.store.process;
		const at = this.plot?.posToVal(x, "x") ?? 0;
		let low = 0;
		let high = buckets.length - 1;
		while (low < high) {
			const middle = (low + high) >> 1;
			if (buckets[middle] < at) low = middle + 1;
			else high = middle;
		}
		return low;
	}

	private x(ns: number): number {
		return this.plot?.valToPos(ns, "x") ?? 0;
	}

	private gripAt(x: number): Grip {
		const { range } = this.store.state;
		if (!range) return "new";
		const left = this.x(bucketBegin(this.store.process, range[0]));
		const right = this.x(this.store.process.buckets[range[1]]);
		if (Math.abs(x - left) <= edge) return "first";
		if (Math.abs(x - right) <= edge) return "last";
		return x > left && x < right ? "move" : "new";
	}

	private offset(event: PointerEvent): number {
		return event.clientX - this.over.getBoundingClientRect().left;
	}

	private down(event: PointerEvent): void {
		if (event.button !== 0) return;
		const x = this.offset(event);
		const bucket = this.bucketAt(x);
		this.over.setPointerCapture(event.pointerId);
		this.drag = { grip: this.gripAt(x), x, bucket, range: this.store.state.range };
		if (this.drag.grip === "new") this.set([bucket, bucket]);
		// The focus, without which the keys would go elsewhere.
		this.over.focus({ preventScroll: true });
		event.preventDefault();
	}

	private move(event: PointerEvent): void {
		const x = this.offset(event);
		if (!this.drag) {
			const cursors: Record<Grip, string> = { new: "crosshair", move: "grab", first: "ew-resize", last: "ew-resize" };
			this.over.style.cursor = cursors[this.gripAt(x)];
			return;
		}
		const { grip, bucket, range } = this.drag;
		const last = this.store.process.buckets.length - 1;
		const now = this.bucketAt(x);
		if (grip === "new" || !range) this.set([Math.min(bucket, now), Math.max(bucket, now)]);
		else if (grip === "first") this.set([Math.min(now, range[1]), range[1]]);
		else if (grip === "last") this.set([range[0], Math.max(now, range[0])]);
		else {
			const step = Math.max(-range[0], Math.min(last - range[1], now - bucket));
			this.set([range[0] + step, range[1] + step]);
		}
	}

	private key(event: KeyboardEvent): void {
		const last = this.store.process.buckets.length - 1;
		const range = this.store.state.range;
		const step = event.key === "ArrowRight" ? 1 : event.key === "ArrowLeft" ? -1 : 0;
		let next: Range | null | undefined;

		if (event.ctrlKey || event.metaKey || event.altKey) return;
		if (event.key === "Escape") next = null;
		else if (event.key === "Home") next = [0, 0];
		else if (event.key === "End") next = [last, last];
		else if (step && !range) next = step > 0 ? [0, 0] : [last, last];
		else if (step && range && event.shiftKey) next = [range[0], Math.min(last, Math.max(range[0], range[1] + step))];
		else if (step && range && range[0] + step >= 0 && range[1] + step <= last) next = [range[0] + step, range[1] + step];
		if (next === undefined) return;
		event.preventDefault();
		this.set(next);
	}

	private inWords(range: Range): string {
		const { process } = this.store;
		const from = bucketBegin(process, range[0]);
		const to = process.buckets[range[1]];
		const sum = (values: readonly (number | null | undefined)[] | null) =>
			values?.slice(range[0], range[1] + 1).reduce<number | null>((a, b) => (a === null || !known(b) ? null : a + b), 0);
		const calls = sum(process.series.allocations);
		const allocated = sum(process.series.allocated);
		const before = range[0] > 0 ? process.series.live_bytes?.[range[0] - 1] : 0;
		const after = process.series.live_bytes?.[range[1]];
		const parts = [`${time(from)} to ${time(to)} (${time(to - from)})`];
		if (known(calls) && known(allocated)) parts.push(`${plural(calls, "allocation")} of ${bytes(allocated)}`);
		if (known(before) && known(after)) parts.push(`live ${bytes(before)} \u2192 ${bytes(after)}`);
		return parts.join(" \u00b7 ");
	}

	private show(): void {
		const { range } = this.store.state;
		const text = range ? this.inWords(range) : "Drag over the chart to look at a part of the run; a click takes one step of it.";
		fill(this.words, text);
		this.whole.disabled = range === null;
		this.over.setAttribute("aria-valuenow", String(range ? range[1] : 0));
		this.over.setAttribute("aria-valuetext", range ? text : "the whole run");
		this.chosen.hidden = range === null;
		if (!range || !this.plot) return;
		const left = this.x(bucketBegin(this.store.process, range[0]));
		const right = this.x(this.store.process.buckets[range[1]]);
		this.chosen.style.left = `${left}px`;
		this.chosen.style.width = `${Math.max(right - left, 2)}px`;
	}
}
