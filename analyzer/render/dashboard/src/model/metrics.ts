// SPDX-License-Identifier: Apache-2.0
//
// metrics.ts - what a flame graph can show, and which part of time that is of.
import type { Range } from "../store";
import { time } from "../parts/format";
import type { RowModel } from "./rows";

export interface Metric {
	id: string;
	label: string;
	unit: "bytes" | "count";
	/** False: known of the whole run only, so that a range changes nothing. */
	follows: boolean;
	/** One value a row; null: the recording cannot tell. */
	values: (model: RowModel, range: Range | null) => Float64Array | null;
	/** What the values are, for the chosen range. */
	describe: (model: RowModel, range: Range | null) => string;
}

function column(values: number[] | null | undefined): Float64Array | null {
	return values ? Float64Array.from(values) : null;
}

function stretch(model: RowModel, [first, last]: Range): string {
	const { buckets } = model.process;
	return `between ${time(first > 0 ? buckets[first - 1] : 0)} and ${time(buckets[last])}`;
}

const instant = (model: RowModel, bucket: number) => `at ${time(model.process.buckets[bucket])}`;

export const metrics: readonly Metric[] = [
	{
		id: "live",
		label: "Live",
		unit: "bytes",
		follows: true,
		values: (m, range) => (range && m.hasSlices ? m.liveAt(range[1]) : column(m.rows.live_bytes)),
		describe: (m, range) => `live ${range ? instant(m, range[1]) : "at the end"}`,
	},
	{
		id: "peak",
		label: "Peak",
		unit: "bytes",
		follows: true,
		values: (m, range) => (range && m.hasSlices ? m.liveAt(m.fullest(range)) : column(m.rows.peak_bytes)),
		describe: (m, range) =>
			range ? `live ${instant(m, m.fullest(range))}, the fullest step of the chosen range` : "live at the peak",
	},
	{
		id: "allocated",
		label: "Allocated",
		unit: "bytes",
		follows: true,
		values: (m, range) => (range ? (m.hasMade ? m.sum("madeBytes", range[0], range[1]) : null) : column(m.rows.allocated)),
		describe: (m, range) => `allocated ${range ? stretch(m, range) : "in the whole run"}`,
	},
	{
		id: "calls",
		label: "Calls",
		unit: "count",
		follows: true,
		values: (m, range) => (range ? (m.hasMade ? m.sum("made", range[0], range[1]) : null) : column(m.rows.allocations)),
		describe: (m, range) => `allocations ${range ? stretch(m, range) : "in the whole run"}`,
	},
	{
		id: "growth",
		label: "Growth",
		unit: "bytes",
		follows: true,
		values: (m, range) =>
			!m.hasSlices ? null : range ? m.sum("liveBytes", range[0], range[1]) : column(m.rows.live_bytes),
		describe: (m, range) => `by which live memory grew ${range ? stretch(m, range) : "in the whole run"}; what shrank is left out`,
	},
	{
		id: "temporary",
		label: "Temporary",
		unit: "count",
		follows: false,
		values: (m) => column(m.rows.temporary),
		describe: () => "allocations freed before their thread's next one, in the whole run",
	},
	{
		id: "leaked",
		label: "Leaked",
		unit: "bytes",
		follows: false,
		values: (m) => column(m.rows.leaked_bytes),
		describe: () => "definitely or indirectly lost, at the last pointer map",
	},
];
