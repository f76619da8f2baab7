// SPDX-License-Identifier: Apache-2.0
// speedscope_totals.mjs - check a file by the schema that speedscope publishes, and print
// the totals of its profiles as JSON.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";

const require = createRequire(process.cwd() + "/");
const Ajv = require("ajv");
const home = dirname(require.resolve("speedscope/package.json"));
const schema = JSON.parse(readFileSync(join(home, "dist/release/file-format-schema.json")));
const file = JSON.parse(readFileSync(process.argv[2]));
const ajv = new Ajv({ strict: false });

if (!ajv.validate(schema, file))
	throw new Error(ajv.errorsText());
const totals = {};
for (const profile of file.profiles) {
	if (profile.samples.length !== profile.weights.length)
		throw new Error("samples and weights differ");
	for (const stack of profile.samples)
		for (const frame of stack)
			if (!file.shared.frames[frame])
				throw new Error(`no frame ${frame}`);
	totals[profile.name] = profile.weights.reduce((a, b) => a + b, 0);
}
console.log(JSON.stringify(totals));
