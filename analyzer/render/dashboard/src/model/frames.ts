// SPDX-License-Identifier: Apache-2.0
//
// frames.ts - frames by number: their names, and which of them are one function.
import type { Frame, Report } from "../data";
import { baseName, frameName } from "../parts/format";

/** Of nodes without a frame: stacks too light to be told apart in the page. */
const folded: Frame = { function: "(folded)" };

export class Frames {
	/** The function of each frame: equal numbers are lines of one function. */
	readonly key: Int32Array;
	/** A frame of each function, for its name; -1 of what was folded. */
	readonly sample: number[] = [];
	/** How many different lines a function has been seen at. */
	private readonly lines: Set<number>[] = [];
	private readonly foldedKey: number;

	constructor(private readonly report: Report) {
		const { frames } = report;
		const count = frames.function.length;
		const known = new Map<number, number>();

		this.key = new Int32Array(count);
		for (let i = 0; i < count; i++) {
			// A frame without a name is a function of its own.
			const name = frames.function[i] < 0 ? -1 - i : frames.function[i];
			const full = name < 0 ? name : name * (report.strings.length + 1) + frames.module[i] + 1;
			let key = known.get(full);
			if (key === undefined) {
				key = this.sample.push(i) - 1;
				known.set(full, key);
				this.lines.push(new Set());
			}
			this.key[i] = key;
			this.lines[key].add(frames.line[i]);
		}
		this.foldedKey = this.sample.push(-1) - 1;
		this.lines.push(new Set());
	}

	keyOf(frame: number): number {
		return frame < 0 ? this.foldedKey : this.key[frame];
	}

	private text(id: number): string | null {
		return id < 0 ? null : this.report.strings[id];
	}

	frame(id: number): Frame {
		const { frames } = this.report;
		if (id < 0) return folded;
		return {
			function: this.text(frames.function[id]),
			file: this.text(frames.file[id]),
			line: frames.line[id] > 0 ? frames.line[id] : null,
			module: this.text(frames.module[id]),
			address: frames.address?.[id] ?? null,
			inlined: (frames.flags[id] & 1) !== 0,
			cut: (frames.flags[id] & 2) !== 0 ? "the stack was cut" : null,
		};
	}

	name(key: number): string {
		return frameName(this.frame(this.sample[key]));
	}

	lineCount(key: number): number {
		return this.lines[key].size;
	}

	/** What a search looks at: the function and the module's file name. */
	searchText(key: number): string {
		const frame = this.frame(this.sample[key]);
		return `${frameName(frame)} ${baseName(frame.module)}`.toLowerCase();
	}

	module(key: number): number {
		const frame = this.sample[key];
		return frame < 0 ? -1 : this.report.frames.module[frame];
	}

	/** From the innermost frame outwards. */
	stack(node: number): Frame[] {
		const out: Frame[] = [];
		for (let n = node; n > 0; n = this.report.nodes.parent[n]) out.push(this.frame(this.report.nodes.frame[n]));
		return out;
	}
}

const made = new WeakMap<Report, Frames>();

export function framesOf(report: Report): Frames {
	let frames = made.get(report);
	if (!frames) made.set(report, (frames = new Frames(report)));
	return frames;
}
