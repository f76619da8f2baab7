// SPDX-License-Identifier: Apache-2.0
//
// model.mjs - what a report's figures have to be, worked out from its data in the slow and
// obvious way: a map of sums, frame by frame.
import { readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";

export function readReport(path) {
	const html = readFileSync(path, "utf8");
	const found = /id="memscope-data">([^<]*)</.exec(html);
	return JSON.parse(gunzipSync(Buffer.from(found[1].trim(), "base64")));
}

function text(report, id) {
	return id < 0 ? null : report.strings[id];
}

/** Frames of a row, the innermost first. */
function stack(report, process, row) {
	const frames = [];
	for (let node = process.rows.node[row]; node > 0; node = report.nodes.parent[node]) frames.push(report.nodes.frame[node]);
	return frames;
}

/** The sum of the rows in whose stack a function or module has the word. */
export function found(report, process, word, values) {
	const { frames } = report;
	const says = (f) =>
		f >= 0 &&
		[text(report, frames.function[f]), (text(report, frames.module[f]) ?? "").split("/").at(-1)].some((name) => (name ?? "").toLowerCase().includes(word));
	let sum = 0;
	process.rows.node.forEach((_, row) => {
		if (stack(report, process, row).some(says)) sum += values[row];
	});
	return sum;
}

/** By row: what the slices of buckets first to last add up to. */
export function slices(process, column, first, last) {
	const sums = new Array(process.rows.node.length).fill(0);
	const { start, row } = process.slices;
	for (let i = start[first]; i < start[last + 1]; i++) sums[row[i]] += process.slices[column][i];
	return sums;
}

/** Live bytes and blocks by site at the end of a bucket: "function file line module" to sum. */
export function sitesAt(report, process, bucket) {
	const sites = new Map();
	const bytes = slices(process, "live_bytes", 0, bucket);
	bytes.forEach((value, row) => {
		const f = process.rows.site[row];
		const { frames } = report;
		const key = f < 0 ? "folded" : [text(report, frames.function[f]), text(report, frames.file[f]), frames.line[f], text(report, frames.module[f]), frames.function[f] < 0 ? frames.address?.[f] : ""].join(" ");
		sites.set(key, (sites.get(key) ?? 0) + value);
	});
	return sites;
}

export const sum = (values) => values.reduce((a, b) => a + b, 0);
