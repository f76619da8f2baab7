// SPDX-License-Identifier: Apache-2.0
//
// chart.ts - lines over time, drawn by uPlot.
//
// uPlot draws and scales; legend, marks and what is read under the pointer are ours, so that
// they follow the style sheet and a keyboard can reach them.
import uPlot from "uplot";
import type { Figure } from "../data";
import type { Store } from "../store";
import { fill, h, onResize, visible } from "./dom";
import { bytes, known, time } from "./format";
import { colour } from "./theme";

export interface Line {
	label: string;
	values: readonly Figure[];
	/** A custom property of the style sheet, without the dashes. */
	colour: string;
	fill?: boolean;
	dash?: number[];
	/** Constant within a bucket, as what was counted in it is. */
	stepped?: boolean;
	/** Samples are rare: draw each, and join them over the gaps. */
	sparse?: boolean;
}

export interface Mark {
	at_ns: number;
	name: string;
}

export interface ChartOptions {
	/** What a screen reader says of the whole. */
	label: string;
	/** Of each value, in nanoseconds. */
	xs: readonly number[];
	end: number;
	lines: Line[];
	marks?: readonly Mark[];
	/** A value worth a ring and a word. */
	point?: { at_ns: number; value: number; text: string };
	height: number;
	format: (value: number) => string;
	/** Steps of the value axis: powers of two for bytes. */
	binary?: boolean;
	/** Something in it can be chosen: it is more than a picture. */
	interactive?: boolean;
	/** Called with the plot each time that it was made anew. */
	ready?: (plot: uPlot) => void;
}

const font = '11px system-ui, -apple-system, "Segoe UI", Roboto, sans-serif';

function binarySteps(): number[] {
	return Array.from({ length: 50 }, (_, i) => 2 ** i);
}

function timeSteps(): number[] {
	const steps: number[] = [];
	for (let unit = 1; unit < 1e10; unit *= 10) steps.push(unit, 2 * unit, 5 * unit);
	const long = steps.filter((step) => step <= 5e9);
	return [...long, ...[10, 15, 30, 60, 120, 300, 600, 1800, 3600, 7200, 21600, 43200, 86400, 604800].map((s) => s * 1e9)];
}

function drawMarks(plot: uPlot, marks: readonly Mark[]): void {
	const { ctx, bbox } = plot;
	const ratio = devicePixelRatio;
	let lastLabelEnd = -Infinity;

	ctx.save();
	ctx.strokeStyle = ctx.fillStyle = colour("mark");
	ctx.lineWidth = ratio;
	ctx.font = font.replace("11px", `${11 * ratio}px`);
	ctx.textAlign = "left";
	ctx.textBaseline = "top";
	for (const mark of marks.slice(0, 200)) {
		const x = Math.round(plot.valToPos(mark.at_ns, "x", true));
		ctx.setLineDash([3 * ratio, 3 * ratio]);
		ctx.beginPath();
		ctx.moveTo(x, bbox.top);
		ctx.lineTo(x, bbox.top + bbox.height);
		ctx.stroke();
		const text = visible(mark.name).slice(0, 24);
		const width = ctx.measureText(text).width;
		// A label is left out where it would run into its neighbour or out of the plot.
		if (x < lastLabelEnd || x + width + 8 * ratio > bbox.left + bbox.width) continue;
		ctx.fillText(text, x + 4 * ratio, bbox.top + 2 * ratio);
		lastLabelEnd = x + width + 12 * ratio;
	}
	ctx.restore();
}

function drawPoint(plot: uPlot, point: NonNullable<ChartOptions["point"]>): void {
	const { ctx, bbox } = plot;
	const ratio = devicePixelRatio;
	const x = plot.valToPos(point.at_ns, "x", true);
	const y = plot.valToPos(point.value, "y", true);
	const right = x > bbox.left + bbox.width / 2;

	ctx.save();
	ctx.font = `600 ${11 * ratio}px ${font.slice(5)}`;
	ctx.lineWidth = 2 * ratio;
	ctx.strokeStyle = colour("accent");
	ctx.fillStyle = colour("surface");
	ctx.beginPath();
	ctx.arc(x, y, 4 * ratio, 0, 2 * Math.PI);
	ctx.fill();
	ctx.stroke();
	ctx.fillStyle = colour("ink");
	ctx.textAlign = right ? "right" : "left";
	ctx.textBaseline = "bottom";
	ctx.fillText(point.text, x + (right ? 4 : -4) * ratio, y - 7 * ratio);
	ctx.restore();
}

function axis(values: (splits: number[]) => string[], extra: uPlot.Axis): uPlot.Axis {
	return {
		stroke: () => colour("muted"),
		font,
		grid: { stroke: () => colour("line"), width: 1 },
		ticks: { show: false },
		values: (_plot, splits) => values(splits),
		...extra,
	};
}

function series(line: Line): uPlot.Series {
	return {
		label: line.label,
		stroke: () => colour(line.colour),
		width: 1.75,
		...(line.fill ? { fill: () => colour(`${line.colour}-wash`) } : {}),
		...(line.dash ? { dash: line.dash } : {}),
		...(line.stepped ? { paths: uPlot.paths.stepped?.({ align: -1 }) } : {}),
		spanGaps: line.sparse ?? false,
		points: { show: false },
	};
}

function plotOptions(options: ChartOptions, width: number, read: (index: number | null) => void): uPlot.Options {
	return {
		width,
		height: options.height,
		padding: [12, 10, 0, 0],
		legend: { show: false },
		cursor: { drag: { x: false, y: false }, y: false, points: { size: 7 } },
		scales: {
			x: { time: false, range: () => [0, Math.max(options.end, 1)] },
			y: { range: (_plot, _min, max) => [0, Math.max(max, options.point?.value ?? 0, 1) * (options.point ? 1.16 : 1.08)] },
		},
		axes: [
			axis((splits) => splits.map(time), { incrs: timeSteps(), space: 70, size: 28, gap: 6 }),
			axis((splits) => splits.map(options.format), {
				size: 72,
				space: 34,
				...(options.binary ? { incrs: binarySteps() } : {}),
			}),
		],
		series: [{}, ...options.lines.map(series)],
		hooks: {
			ready: [(plot) => options.ready?.(plot)],
			setCursor: [(plot) => read(plot.cursor.idx ?? null)],
			draw: [
				(plot) => {
					drawMarks(plot, options.marks ?? []);
					if (options.point) drawPoint(plot, options.point);
				},
			],
		},
	};
}

/** The key: a swatch, the line's name and its value under the pointer. */
function key(options: ChartOptions): { element: HTMLElement; read: (index: number | null) => void } {
	const values = options.lines.map(() => h("span", { class: "value" }));
	const when = h("span", { class: "when" });
	const element = h(
		"div",
		{ class: "key", aria: { hidden: true } },
		options.lines.map((line, i) =>
			h("span", null, h("i", { class: `swatch ${line.colour}` }), line.label, " ", values[i]),
		),
		when,
	);
	const read = (index: number | null) => {
		options.lines.forEach((line, i) => {
			const value = index === null ? null : line.values[index];
			fill(values[i], known(value) ? options.format(value) : "");
		});
		fill(when, index === null ? "" : `at ${time(options.xs[index])}`);
	};
	return { element, read };
}

/** The live heap of the process over time, on which ready puts what is chosen. */
export function heapChart(store: Store, height: number, ready: (plot: uPlot) => void): HTMLElement {
	const { process } = store;
	return chart(store, {
		label: `Live heap over ${time(process.duration_ns)}`,
		xs: process.buckets,
		end: process.duration_ns,
		lines: [{ label: "Live heap", values: process.series.live_bytes ?? [], colour: "accent", fill: true }],
		marks: process.marks,
		height,
		format: bytes,
		binary: true,
		interactive: true,
		ready,
	});
}

export function chart(store: Store, options: ChartOptions): HTMLElement {
	const plotElement = h("div", { class: "plot", role: options.interactive ? "group" : "img", aria: { label: options.label } });
	const legend = key(options);
	let plot: uPlot | null = null;
	const data = [options.xs, ...options.lines.map((line) => line.values)] as uPlot.AlignedData;
	const draw = (width: number) => {
		plot?.destroy();
		plot = new uPlot(plotOptions(options, width, legend.read), data, plotElement);
	};

	onResize(plotElement, draw);
	store.listen((_state, changed) => {
		if (changed.has("colours")) plot?.redraw(false);
	});
	return h("div", { class: "chart" }, legend.element, plotElement);
}
