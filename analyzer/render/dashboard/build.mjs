// SPDX-License-Identifier: Apache-2.0
//
// build.mjs - one HTML file of the page's TypeScript and CSS.
//
//	node build.mjs [--out FILE]
//
// The result has no data: @MEMSCOPE_DATA@, once, is where the analyzer puts it.  Script
// and style are inline, and the page's policy allows these two by their hashes and nothing
// else: no network, no other script, no form, no frame.
import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const here = dirname(fileURLToPath(import.meta.url));
const at = process.argv.indexOf("--out");
const out = at > 0 ? resolve(process.argv[at + 1]) : join(here, "dist", "index.html");

// What a counter of losses means is said in one place, the log's own header.
function lostMeanings() {
	const text = readFileSync(join(here, "../../../common/lost.h"), "utf8");
	const rows = text.matchAll(/X\(\w+,\s*\d+,\s*"(\w+)",[\s\\]*"([^"]*)"\)/g);
	const meanings = Object.fromEntries([...rows].map((row) => [row[1], row[2]]));
	if (Object.keys(meanings).length < 10) {
		throw new Error("common/lost.h is not as this script reads it");
	}
	return meanings;
}

async function bundle(entry, options) {
	const result = await build({
		entryPoints: [join(here, "src", entry)],
		absWorkingDir: here,
		bundle: true,
		minify: true,
		write: false,
		legalComments: "none",
		charset: "ascii",
		logLevel: "warning",
		...options,
	});
	return result.outputFiles[0].text.trim();
}

const hash = (text) => `'sha256-${createHash("sha256").update(text, "utf8").digest("base64")}'`;
// Neither may end its element; esbuild writes "<\/script" itself, this makes sure.
function closed(text, tag) {
	if (text.toLowerCase().includes(`</${tag}`)) throw new Error(`the bundle ends its ${tag}`);
	return text;
}

const script = closed(
	await bundle("main.ts", {
		format: "iife",
		target: ["es2022"],
		define: { LOST_MEANINGS: JSON.stringify(lostMeanings()) },
	}),
	"script",
);
const style = closed(await bundle("style.css", {}), "style");
const policy = [
	"default-src 'none'",
	`script-src ${hash(script)}`,
	`style-src ${hash(style)}`,
	"img-src data:",
	"base-uri 'none'",
	"form-action 'none'",
].join("; ");
const page = readFileSync(join(here, "src", "page.html"), "utf8")
	.replace("@POLICY@", () => policy)
	.replace("@STYLE@", () => style)
	.replace("@SCRIPT@", () => script);

if (page.split("@MEMSCOPE_DATA@").length !== 2) throw new Error("@MEMSCOPE_DATA@ is not there once");
mkdirSync(dirname(out), { recursive: true });
writeFileSync(out, page);
