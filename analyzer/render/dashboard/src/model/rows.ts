// SPDX-License-Identifier: Apache-2.0
//
// rows.ts - what each stack did, over the whole run or a part of it.
//
// The slices become typed arrays once; after that a question about a stretch of time is one
// walk over the slices of its buckets, and the heap at an instant one from the beginning.
import type { Process, Rows } from "../data";
import type { Range } from "../store";

type Column = "made" | "madeBytes" | "liveBlocks" | "liveBytes";

export class RowModel {
	readonly process: Process;
	readonly rows: Rows;
	readonly count: number;
	private readonly start: Int32Array;
	private readonly row: Int32Array;
	private readonly columns: Record<Column, Float64Array>;

	constructor(process: Process, rows: Rows) {
		const { slices } = process;
		this.process = process;
		this.rows = rows;
		this.count = rows.node.length;
		this.start = Int32Array.from(slices?.start ?? [0]);
		this.row = Int32Array.from(slices?.row ?? []);
		this.columns = {
			made: Float64Array.from(slices?.made ?? []),
			madeBytes: Float64Array.from(slices?.made_bytes ?? []),
			liveBlocks: Float64Array.from(slices?.live_blocks ?? []),
			liveBytes: Float64Array.from(slices?.live_bytes ?? []),
		};
	}

	get hasSlices(): boolean {
		return !!this.process.slices;
	}

	/** Does it know what was allocated within a range? */
	get hasMade(): boolean {
		return !!this.process.slices?.made;
	}

	/** The sum of a column over the buckets first to last, by row. */
	sum(column: Column, first: number, last: number): Float64Array {
		const out = new Float64Array(this.count);
		const values = this.columns[column];
		const end = this.start[Math.min(last + 1, this.start.length - 1)];

		for (let i = this.start[Math.max(0, first)]; i < end; i++) out[this.row[i]] += values[i];
		return out;
	}

	/** The heap at the end of a bucket, by row. */
	liveAt(bucket: number, column: "liveBlocks" | "liveBytes" = "liveBytes"): Float64Array {
		return this.sum(column, 0, bucket);
	}

	/** A row's live bytes at the end of each bucket; rows: those that count. */
	liveOver(rows: ReadonlySet<number>): Float64Array {
		const buckets = this.process.buckets.length;
		const out = new Float64Array(buckets);
		let live = 0;
		for (let b = 0; b < buckets; b++) {
			for (let i = this.start[b]; i < this.start[b + 1]; i++)
				if (rows.has(this.row[i])) live += this.columns.liveBytes[i];
			out[b] = live;
		}
		return out;
	}

	/** The bucket of the range at whose end most bytes are live. */
	fullest([first, last]: Range): number {
		const live = this.process.series.live_bytes ?? [];
		let best = first;
		for (let b = first; b <= last; b++) if ((live[b] ?? 0) > (live[best] ?? 0)) best = b;
		return best;
	}
}

const models = new WeakMap<Process, RowModel>();

/** The rows of a process; null: the recording has none. */
export function rowModel(process: Process): RowModel | null {
	if (!process.rows) return null;
	let model = models.get(process);
	if (!model) models.set(process, (model = new RowModel(process, process.rows)));
	return model;
}
