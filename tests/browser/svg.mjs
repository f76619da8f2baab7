// SPDX-License-Identifier: Apache-2.0
//
// svg.mjs - the tests of flame graphs, in a browser.
//
//	svg.mjs PLAIN HOSTILE
//
// PLAIN is a graph of the demonstration, which has worker() and cache_put() in it; of
// HOSTILE it is only looked whether anything runs.
import { pathToFileURL } from "node:url";
import { openBrowser } from "./page.mjs";
import { done, is, ok } from "./tap.mjs";

const [plain, hostile] = process.argv.slice(2);

/** The graph, and lists that grow; answers are what its questions get, one after another. */
async function open(browser, path, answers) {
	const context = await browser.newContext({ viewport: { width: 1300, height: 700 } });
	const page = await context.newPage();
	const noise = [];
	page.on("console", (message) => noise.push(message.text()));
	page.on("pageerror", (error) => noise.push(error.message));
	page.on("request", (request) => {
		if (request.url() !== pathToFileURL(path).href) noise.push(request.url());
	});
	page.on("dialog", (dialog) => {
		if (answers.length) void dialog.accept(answers.shift());
		else {
			noise.push(`dialog: ${dialog.message()}`);
			void dialog.dismiss();
		}
	});
	await page.goto(pathToFileURL(path).href);
	return { page, context, noise };
}

/** Frames that are shown: name, x and width. */
const shown = (page) =>
	page.evaluate(() =>
		[...document.querySelectorAll("g.f")]
			.filter((g) => g.style.display !== "none")
			.map((g) => ({
				name: g.querySelector("title").textContent.split("\n")[0],
				w: Number(g.querySelector("rect").getAttribute("width")),
				value: Number(g.dataset.v),
				matched: g.classList.contains("m"),
			})),
	);
const said = (page, what) => page.evaluate((name) => document.querySelector(`.${name}`).textContent, what);

async function clickFrame(page, name) {
	const index = await page.evaluate(
		(wanted) => [...document.querySelectorAll("g.f")].findIndex((g) => g.querySelector("title").textContent.startsWith(`${wanted}\n`)), name);
	await page.locator("g.f").nth(index).locator("rect").click();
}

async function whole(browser) {
	const { page, context, noise } = await open(browser, plain, ["cache_put|begin_session", "(", "worker"]);
	const before = await shown(page);
	const total = await page.evaluate(() => Number(document.documentElement.dataset.total));
	const inner = await page.evaluate(() => Number(document.documentElement.dataset.inner));
	const of = (list, name) => list.find((f) => f.name === name);

	is(before[0].name, "all", "the root comes first");
	await clickFrame(page, "cache_put");
	let now = await shown(page);
	is(of(now, "cache_put").w, inner, "a click zooms");
	ok(of(now, "worker") && of(now, "all"), "its callers stay");
	ok(!of(now, "begin_session"), "its neighbours do not");
	await page.locator("text.reset").click();
	is(await shown(page), before, "reset brings all back");
	await clickFrame(page, "cache_put");
	await page.keyboard.press("Escape");
	is(await shown(page), before, "Escape too");

	await page.locator("text.search").click();
	now = await shown(page);
	const wanted = before.filter((f) => /cache_put|begin_session/.test(f.name));
	is(now.filter((f) => f.matched).length, wanted.length, "a search marks what matches");
	const share = (100 * wanted.reduce((sum, f) => sum + f.value, 0)) / total;
	ok((await said(page, "found")).startsWith(`Matched: ${share.toFixed(1)} %`), "and tells its share", await said(page, "found"));
	await page.keyboard.press("Escape");
	is([await said(page, "found"), (await shown(page)).some((f) => f.matched)], ["", false], "Escape ends it");
	await page.keyboard.press("Control+f");
	ok((await said(page, "found")).startsWith("No regular expression"), "Ctrl-F; what is no expression is said");
	await page.keyboard.press("F3");
	ok((await said(page, "found")).startsWith("Matched"), "F3; callers and called count once");
	ok(Number.parseFloat((await said(page, "found")).slice(9)) <= 100, "a share is at most all");
	const place = await page.locator("g.f rect").first().boundingBox();
	await page.mouse.move(place.x + 5, place.y + 5);
	ok((await said(page, "info")).startsWith("all \u2014 "), "the line below tells of the frame under the mouse");
	is(noise, [], "nothing else happened");
	await context.close();
}

async function unkind(browser) {
	const { page, context, noise } = await open(browser, hostile, []);
	ok((await shown(page)).length > 1, "hostile names: a graph");
	is(noise, [], "hostile names: nothing ran, nothing was asked for");
	await context.close();
}

const browser = await openBrowser();
try {
	await whole(browser);
	await unkind(browser);
} catch (error) {
	ok(false, "the browser was driven to the end", error.stack);
} finally {
	await browser.close();
}
process.exitCode = done() ? 0 : 1;
