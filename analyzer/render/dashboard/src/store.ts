// SPDX-License-Identifier: Apache-2.0
//
// store.ts - what the views share: the report, the process that is looked at, the range of
// time that the brush has chosen.
import type { Process, Report } from "./data";

/** First and last bucket, both included. */
export type Range = readonly [number, number];

export interface State {
	process: number;
	range: Range | null;
	view: string;
	/** Rises when colours changed: what is drawn on a canvas draws again. */
	colours: number;
}

type Listener = (state: State, changed: ReadonlySet<keyof State>) => void;

export class Store {
	readonly report: Report;
	state: State = { process: 0, range: null, view: "", colours: 0 };
	private listeners = new Set<Listener>();

	constructor(report: Report) {
		this.report = report;
	}

	get process(): Process {
		return this.report.processes[this.state.process];
	}

	/** Change some of the state; listeners hear of it once, and only of what changed. */
	set(patch: Partial<State>): void {
		const changed = new Set<keyof State>();
		const before = this.state;

		this.state = { ...before, ...patch };
		for (const key of Object.keys(patch) as (keyof State)[])
			if (before[key] !== this.state[key]) changed.add(key);
		if (changed.size) for (const listener of [...this.listeners]) listener(this.state, changed);
	}

	/** The result takes the listener away again. */
	listen(listener: Listener): () => void {
		this.listeners.add(listener);
		return () => this.listeners.delete(listener);
	}
}

/** The time at which a bucket begins. */
export function bucketBegin(process: Process, bucket: number): number {
	return bucket > 0 ? process.buckets[bucket - 1] : 0;
}
