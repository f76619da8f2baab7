// SPDX-License-Identifier: Apache-2.0
//
// palette.ts - a colour for each module, so that a flame graph shows whose code it is.
//
// The program's own module has the accent, the C and C++ libraries are grey, others take
// the style sheet's --f1 .. --f6 in the order of how many functions are theirs.  Three strengths of
// it tell a module's functions apart.
import type { Report } from "../data";
import type { Frames } from "../model/frames";
import { baseName } from "./format";
import { colour } from "./theme";

const system = /^(ld-linux|libc|libm|libdl|libpthread|libstdc\+\+|libgcc_s|librt|libc\+\+|linux-vdso)(?![a-z0-9_])/;
const others = 6;
/** The last byte of a colour: how opaque it is. */
const strengths = ["ff", "dc", "b9"];

export interface Legend {
	label: string;
	/** A custom property of the style sheet. */
	name: string;
}

export class Palette {
	private readonly names = new Map<number, string>();
	readonly legend: Legend[] = [];
	private colours = new Map<string, string>();

	constructor(report: Report, frames: Frames, program: string) {
		const counts = new Map<number, number>();
		frames.sample.forEach((_, key) => {
			const module = frames.module(key);
			counts.set(module, (counts.get(module) ?? 0) + 1);
		});
		const order = [...counts].sort((a, b) => b[1] - a[1] || a[0] - b[0]).map(([module]) => module);
		let next = 1;
		for (const module of order) {
			const label = module < 0 ? "no module" : baseName(report.strings[module]);
			let name = "f7";
			if (module >= 0 && label === program) name = "f0";
			else if (module >= 0 && !system.test(label) && next <= others) name = `f${next++}`;
			this.names.set(module, name);
			if (name !== "f7") this.legend.push({ label, name });
		}
		this.legend.sort((a, b) => a.name.localeCompare(b.name));
		this.legend.push({ label: "C and C++ libraries, others", name: "f7" });
	}

	/** Ask the style sheet anew: the theme has changed. */
	forget(): void {
		this.colours = new Map();
	}

	of(module: number, key: number): string {
		const name = this.names.get(module) ?? "f7";
		const strength = strengths[(Math.imul(key, 0x9e3779b1) >>> 16) % strengths.length];
		let value = this.colours.get(name + strength);
		if (!value) this.colours.set(name + strength, (value = colour(name) + strength));
		return value;
	}
}
