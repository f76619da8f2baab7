// SPDX-License-Identifier: Apache-2.0
//
// formats.mjs - numbers as the page prints them, for a comparison with the analyzer's.
//
//	formats.mjs TREE VALUE...	size and time of each, a line each
import { createRequire } from "node:module";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

const [tree, ...values] = process.argv.slice(2);
const require = createRequire(join(process.env.MS_BROWSER_TOOLS, "package.json"));
const { buildSync } = require("esbuild");
const out = join(process.env.MS_BROWSER_TOOLS, `formats.${process.pid}.mjs`);
buildSync({ entryPoints: [join(tree, "src/parts/format.ts")], bundle: true, format: "esm", outfile: out, logLevel: "warning" });
const format = await import(pathToFileURL(out).href);
require("node:fs").unlinkSync(out);
for (const value of values) console.log(`${value}|${format.bytes(Number(value))}|${format.time(Number(value))}`);
