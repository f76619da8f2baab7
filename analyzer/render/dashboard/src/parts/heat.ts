// SPDX-License-Identifier: Apache-2.0
//
// heat.ts - threads by time, a cell the darker the more a thread did in it.
import type { Store } from "../store";
import { prepare } from "./canvas";
import { fill, h, onResize, visible } from "./dom";
import { time } from "./format";
import { colour } from "./theme";

export interface HeatRow {
	label: string;
	values: readonly number[];
}

const rowHeight = 22;
const axisHeight = 22;
const font = "12px system-ui, -apple-system, \"Segoe UI\", Roboto, sans-serif";

export class Heat {
	readonly element: HTMLElement;
	private readonly canvas: HTMLCanvasElement;
	private readonly said = h("p", { class: "hint reading" });
	private width = 0;
	private rows: readonly HeatRow[] = [];
	private largest = 0;
	private format: (value: number) => string = String;

	constructor(
		private readonly store: Store,
		label: string,
	) {
		this.canvas = h("canvas", { class: "heat", role: "img", aria: { label }, on: { pointermove: (event) => this.hover(event), pointerdown: (event) => this.hover(event), pointerleave: () => this.say("") } });
		this.element = h("div", null, this.canvas, this.said);
		onResize(this.element, (width) => {
			this.width = width;
			this.draw();
		});
		store.listen((_state, changed) => {
			if (changed.has("colours")) this.draw();
		});
		this.say("");
	}

	show(rows: readonly HeatRow[], format: (value: number) => string): void {
		this.rows = rows;
		this.format = format;
		this.largest = 0;
		for (const row of rows) for (const value of row.values) this.largest = Math.max(this.largest, value);
		this.draw();
	}

	private say(text: string): void {
		fill(this.said, text || `A cell at its strongest is ${this.format(this.largest)}; its tint is the square root of its share of that.`);
	}

	/** Room for the names of the threads. */
	private get margin(): number {
		return this.width < 560 ? 92 : 168;
	}

	private draw(): void {
		const { canvas, width, rows } = this;
		if (!width) return;
		const ctx = prepare(canvas, width, rows.length * rowHeight + axisHeight);
		if (!ctx) return;
		ctx.font = font;
		rows.forEach((row, i) => this.drawRow(ctx, row, i * rowHeight));
		this.drawAxis(ctx, rows.length * rowHeight);
		this.say("");
	}

	private drawRow(ctx: CanvasRenderingContext2D, row: HeatRow, top: number): void {
		const room = this.width - this.margin;
		const step = room / Math.max(row.values.length, 1);

		ctx.fillStyle = colour("raised");
		ctx.fillRect(this.margin, top + 1, room, rowHeight - 2);
		ctx.fillStyle = colour("accent");
		row.values.forEach((value, b) => {
			if (value <= 0) return;
			// The root shows small amounts too; anything at all is seen.
			ctx.globalAlpha = Math.max(0.1, Math.sqrt(value / this.largest));
			ctx.fillRect(this.margin + b * step, top + 1, Math.max(step, 0.7), rowHeight - 2);
		});
		ctx.globalAlpha = 1;
		ctx.fillStyle = colour("ink");
		ctx.textBaseline = "middle";
		ctx.textAlign = "left";
		let label = visible(row.label);
		while (label.length > 3 && ctx.measureText(label).width > this.margin - 12) label = `${label.slice(0, -2)}\u2026`;
		ctx.fillText(label, 0, top + rowHeight / 2);
	}

	private drawAxis(ctx: CanvasRenderingContext2D, top: number): void {
		const room = this.width - this.margin;
		const end = this.store.process.duration_ns;

		ctx.fillStyle = colour("muted");
		ctx.textBaseline = "middle";
		for (const part of this.width < 560 ? [0, 1] : [0, 0.25, 0.5, 0.75, 1]) {
			ctx.textAlign = part === 0 ? "left" : part === 1 ? "right" : "center";
			ctx.fillText(time(end * part), this.margin + room * part, top + axisHeight / 2 + 2);
		}
	}

	private hover(event: PointerEvent): void {
		const row = this.rows[Math.floor(event.offsetY / rowHeight)];
		const count = row?.values.length ?? 0;
		const bucket = Math.floor(((event.offsetX - this.margin) / (this.width - this.margin)) * count);
		if (!row || bucket < 0 || bucket >= count) return this.say("");
		const { buckets } = this.store.process;
		return this.say(`${row.label}: ${this.format(row.values[bucket])} between ${time(bucket ? buckets[bucket - 1] : 0)} and ${time(buckets[bucket])}`);
	}
}
