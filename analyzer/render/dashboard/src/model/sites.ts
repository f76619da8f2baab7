// SPDX-License-Identifier: Apache-2.0
//
// sites.ts - the rows of a process by site: the frame that reports name for a stack.
import type { Frame, Process, Report } from "../data";
import { framesOf } from "./frames";
import { type RowModel, rowModel } from "./rows";

export interface SiteRows {
	frame: Frame;
	rows: number[];
}

/** What makes two frames one site, as the reports have it. */
export function siteKey(frame: Frame): string {
	const { function: name, file, line, module, address } = frame;
	return [name ?? "", file ?? "", line ?? 0, module ?? "", name ? "" : (address ?? "")].join("\n");
}

export class Sites {
	readonly list: SiteRows[] = [];
	/** The number in list of each row. */
	readonly of: Int32Array;
	private readonly byKey = new Map<string, number>();

	constructor(
		report: Report,
		readonly model: RowModel,
	) {
		const frames = framesOf(report);
		const byFrame = new Map<number, number>();

		this.of = new Int32Array(model.count);
		for (let r = 0; r < model.count; r++) {
			const leaf = report.nodes.frame[model.rows.node[r]];
			const at = model.rows.site?.[r] ?? -1;
			const id = at >= 0 ? at : leaf;
			let site = byFrame.get(id);
			if (site === undefined) byFrame.set(id, (site = this.number(frames.frame(id))));
			this.of[r] = site;
			this.list[site].rows.push(r);
		}
	}

	find(frame: Frame): SiteRows | undefined {
		const index = this.byKey.get(siteKey(frame));
		return index === undefined ? undefined : this.list[index];
	}

	/** A value of each row summed up by site. */
	sum(values: Float64Array): Float64Array {
		const out = new Float64Array(this.list.length);
		for (let r = 0; r < values.length; r++) out[this.of[r]] += values[r];
		return out;
	}

	private number(frame: Frame): number {
		const key = siteKey(frame);
		let index = this.byKey.get(key);
		if (index === undefined) {
			index = this.list.push({ frame, rows: [] }) - 1;
			this.byKey.set(key, index);
		}
		return index;
	}
}

const made = new WeakMap<Process, Sites>();

/** null: the recording of the process has no stacks. */
export function sitesOf(report: Report, process: Process): Sites | null {
	const model = rowModel(process);
	if (!model) return null;
	let sites = made.get(process);
	if (!sites) made.set(process, (sites = new Sites(report, model)));
	return sites;
}
