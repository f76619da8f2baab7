// SPDX-License-Identifier: Apache-2.0
// pprof_totals.mjs - what a reader of pprof's profiles finds in one: totals by sample type
// and by thread, as JSON.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { gunzipSync } from "node:zlib";

const require = createRequire(process.cwd() + "/");
const { Profile } = require("pprof-format");
const profile = Profile.decode(gunzipSync(readFileSync(process.argv[2])));
const text = (i) => profile.stringTable.strings[Number(i)];
const totals = {}, threads = {}, functions = new Set();
const locations = new Map(profile.location.map((l) => [Number(l.id), l]));
const names = new Map(profile.function.map((f) => [Number(f.id), text(f.name)]));
const modules = new Map(profile.mapping.map((m) => [Number(m.id), m]));

for (const sample of profile.sample) {
	sample.value.forEach((value, i) => {
		const type = text(profile.sampleType[i].type);
		totals[type] = (totals[type] ?? 0) + Number(value);
	});
	for (const label of sample.label)
		if (text(label.key) === "thread_id") {
			const tid = Number(label.num);
			threads[tid] = (threads[tid] ?? 0) + Number(sample.value[0]);
		}
	for (const id of sample.locationId) {
		const location = locations.get(Number(id));
		for (const line of location.line) {
			if (!names.has(Number(line.functionId)))
				throw new Error(`no function ${line.functionId}`);
			functions.add(names.get(Number(line.functionId)));
		}
		if (Number(location.mappingId) && !modules.has(Number(location.mappingId)))
			throw new Error(`no mapping ${location.mappingId}`);
	}
}
console.log(JSON.stringify({
	totals, threads, functions: [...functions].sort(),
	default: text(profile.defaultSampleType),
	program: text(profile.mapping[0].filename),
	buildIds: profile.mapping.map((m) => text(m.buildId)).filter((id) => id).length,
}));
