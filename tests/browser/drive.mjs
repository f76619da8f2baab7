// SPDX-License-Identifier: Apache-2.0
//
// drive.mjs - the tests of the dashboard, in a browser.
//
//	drive.mjs SCREENSHOTS HOSTILE NAME...
//
// HOSTILE and each NAME are paths without ".html"; beside a NAME are NAME.summary.json and
// others, what the commands print of the same log.
import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { readReport } from "./model.mjs";
import { openBrowser, openReport, painted, showView, viewNames, viewText } from "./page.mjs";
import { diag, done, is, ok } from "./tap.mjs";
import * as views from "./views.mjs";

const [shots, unkind, ...reports] = process.argv.slice(2);

/** What the commands print of the same log, or what a report without a log says itself. */
function judgeOf(path, report) {
	const judge = {};
	for (const name of ["summary", "info", "leaks", "check", "threads"]) {
		const file = `${path}.${name}.json`;
		judge[name] = existsSync(file) ? JSON.parse(readFileSync(file, "utf8")) : report[name];
	}
	return judge;
}

/** Of each view: there is something in it, it is as wide as the window, and a picture. */
async function pictures(browser, path, name, width, dark) {
	const { page, context, messages } = await openReport(browser, `${path}.html`, { width, dark });
	for (const view of viewNames) {
		await showView(page, view);
		await painted(page);
		const wide = await page.evaluate(() => document.documentElement.scrollWidth);
		ok(wide <= width, `${name}: ${view} fits into ${width} pixels`, `${wide} pixels`);
		const file = join(shots, `${name}-${view}-${width}${dark ? "-dark" : ""}.png`);
		await page.screenshot({ path: file, fullPage: true, animations: "disabled" });
	}
	is(messages, [], `${name}: nothing on the console at ${width} pixels`);
	await context.close();
}

async function keyboard(page, name) {
	await showView(page, "overview");
	const chosen = () => page.locator("[role=tab][aria-selected=true]").getAttribute("id");
	await page.keyboard.press("4");
	is(await chosen(), "tab-sites", `${name}: key 4 shows the fourth view`);
	await page.keyboard.press("ArrowRight");
	is(await chosen(), "tab-leaks", `${name}: the right arrow the next one`);
	await page.keyboard.press("Home");
	is(await chosen(), "tab-overview", `${name}: Home the first`);
	is(await page.evaluate(() => document.activeElement.id), "tab-overview", `${name}: and the focus goes along`);
	const outline = await page.evaluate(() => getComputedStyle(document.activeElement).outlineStyle);
	is(outline, "solid", `${name}: which is seen`);
}

async function colours(page, name) {
	const ground = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
	const light = await ground();
	await page.emulateMedia({ colorScheme: "dark" });
	await painted(page);
	const dark = await ground();
	ok(light !== dark, `${name}: dark where the system is dark`);
	await page.click("header button");
	is(await ground(), light, `${name}: and light by the button`);
	await page.emulateMedia({ colorScheme: "light" });
	await painted(page);
	is(await ground(), light, `${name}: which is a choice that stays`);
}

async function whole(browser, path) {
	const name = basename(path);
	const report = readReport(`${path}.html`);
	const judge = judgeOf(path, report);
	const { page, context, messages, requests } = await openReport(browser, `${path}.html`);
	diag(`${name}: loaded and drawn in ${Math.round(await page.evaluate(() => window.memscopeDrawnMs))} ms`);
	await views.overview(page, name, judge);
	await views.flame(page, name, report);
	await views.time(page, name, report, judge);
	await views.sites(page, name, report, judge);
	await views.leaks(page, name, judge);
	await views.threads(page, name, judge);
	await views.others(page, name, judge);
	await keyboard(page, name);
	await colours(page, name);
	is(messages, [], `${name}: nothing on the console`);
	is(requests, [], `${name}: nothing was asked of a network or another file`);
	await context.close();
	await pictures(browser, path, name, 1400, false);
	await pictures(browser, path, name, 400, true);
}

/** Names that would be markup or script, were they not text. */
async function hostile(browser, path) {
	const { page, context, messages, requests } = await openReport(browser, `${path}.html`);
	const seen = [];
	for (const view of viewNames) {
		await showView(page, view);
		seen.push(await viewText(page));
	}
	ok(seen.join("\n").includes("</script><img"), "hostile: the name is shown as it is");
	is(await page.locator("img, iframe, object, embed, form").count(), 0, "hostile: and made no element");
	is(await page.locator("script").count(), 2, "hostile: nor a script");
	is(await page.locator("#panel svg, #panel b:not(.score b)").count(), 0, "hostile: nor other markup");
	is(messages, [], "hostile: nothing ran");
	is(requests, [], "hostile: nothing was asked for");
	const refused = await page.evaluate(async () => {
		const script = document.createElement("script");
		script.textContent = "window.ranAnyway = true";
		document.body.append(script);
		const asked = await fetch("https://example.org/").then(() => "asked", () => "refused");
		return [window.ranAnyway ?? "refused", asked];
	});
	is(refused, ["refused", "refused"], "hostile: the page's policy refuses other scripts and any network");
	await context.close();
}

/** What axe has to say about roles, labels, focus and contrast. */
async function accessible(browser, path, width, dark, names) {
	const axe = readFileSync(join(process.env.MS_BROWSER_TOOLS, "node_modules/axe-core/axe.min.js"), "utf8");
	const { page, context } = await openReport(browser, `${path}.html`, { width, dark });
	await page.evaluate(axe);
	for (const view of names) {
		await showView(page, view);
		const faults = await page.evaluate(async (whole) => {
			// What stands around the views is looked at once.
			const what = whole ? document : document.querySelector("#panel > .view:not([hidden])");
			const { violations } = await window.axe.run(what, { resultTypes: ["violations"] });
			return violations.map((fault) => `${fault.id}: ${fault.nodes.slice(0, 3).map((node) => node.target.join(" ")).join(", ")}`);
		}, view === viewNames[0]);
		is(faults, [], `accessible: ${view}, ${width} pixels, ${dark ? "dark" : "light"}`);
	}
	await context.close();
}

/** On paper: light, without what only a screen has, with all rows. */
async function paper(browser, path) {
	const { page, context, messages } = await openReport(browser, `${path}.html`, { dark: true, hash: "#sites" });
	const report = readReport(`${path}.html`);
	const pdf = await page.pdf({ format: "A4" });
	ok(pdf.length > 10000 && pdf.subarray(0, 5).toString() === "%PDF-", "print: a document");
	await page.evaluate(() => window.dispatchEvent(new Event("beforeprint")));
	await page.emulateMedia({ media: "print" });
	is(await page.locator("#panel > .view:not([hidden]) tbody tr[data-index]").count(), report.summary.sites.length, "print: all rows of a table");
	is(await page.evaluate(() => document.documentElement.dataset.theme), "light", "print: in light colours");
	ok(!(await page.locator(".tabs").isVisible()), "print: without tabs");
	is(messages, [], "print: nothing on the console");
	await context.close();
}

mkdirSync(shots, { recursive: true });
const browser = await openBrowser();
try {
	for (const path of reports) await whole(browser, path);
	await hostile(browser, unkind);
	await paper(browser, unkind);
	await accessible(browser, unkind, 1400, false, viewNames);
	await accessible(browser, unkind, 400, true, ["overview", "flame", "threads", "safety"]);
} catch (error) {
	ok(false, "the browser was driven to the end", error.stack);
} finally {
	await browser.close();
}
process.exitCode = done() ? 0 : 1;
