// SPDX-License-Identifier: Apache-2.0
//
// names.ts - long names of C++ and Rust made short.
import { visible } from "./dom";

const cache = new Map<string, string>();

/** Without what is in parentheses and angle brackets, which tells the least in little room. */
export function shortName(name: string): string {
	let short = cache.get(name);
	if (short !== undefined) return short;
	let depth = 0;
	short = "";
	for (let i = 0; i < name.length; i++) {
		const c = name[i];
		const operator = short.endsWith("operator") || /operator[<>-]?$/.test(short);
		if (operator && depth === 0 && /[<>()=-]/.test(c)) {
			short += c;
			if (c === "(" && name[i + 1] === ")") short += name[++i];
		} else if ((c === "(" && !name.startsWith("(anonymous", i)) || c === "<") depth++;
		else if ((c === ")" && depth > 0) || (c === ">" && depth > 0)) depth--;
		else if (depth === 0) short += c;
	}
	short = visible(short.replace(/ const$/, "").trim() || name);
	cache.set(name, short);
	return short;
}

/** Cut to so many characters, with an ellipsis; the end of a name tells more than its start. */
export function fit(name: string, most: number): string {
	if (name.length <= most) return name;
	if (most < 3) return "";
	const colons = name.lastIndexOf("::");
	const last = colons > 0 ? name.slice(colons + 2) : name;
	if (last.length + 1 <= most && colons > 0) return `\u2026${last}`;
	return `${last.slice(0, most - 1)}\u2026`;
}
