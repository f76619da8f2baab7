// SPDX-License-Identifier: Apache-2.0
//
// page.mjs - a report opened in Chromium, watched for what it must not do.
import { createRequire } from "node:module";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

export async function openBrowser() {
	const require = createRequire(join(process.env.MS_BROWSER_TOOLS, "package.json"));
	const { chromium } = require("playwright-core");
	return chromium.launch({
		executablePath: process.env.MS_CHROMIUM,
		// As root there is no sandbox; pages are our own and without network.
		args: ["--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--force-color-profile=srgb"],
	});
}

/** The page, and lists that grow: messages of the console, requests of anything else. */
export async function openReport(browser, path, { width = 1400, dark = false, hash = "" } = {}) {
	const context = await browser.newContext({ viewport: { width, height: 900 }, colorScheme: dark ? "dark" : "light", reducedMotion: "reduce" });
	const page = await context.newPage();
	const url = pathToFileURL(path).href;
	const messages = [];
	const requests = [];

	page.on("console", (message) => messages.push(`${message.type()}: ${message.text()}`));
	page.on("pageerror", (error) => messages.push(`error: ${error.message}`));
	page.on("dialog", (dialog) => {
		messages.push(`dialog: ${dialog.message()}`);
		void dialog.dismiss();
	});
	page.on("request", (request) => {
		const to = request.url().split("#")[0];
		if (to !== url && !to.startsWith("data:")) requests.push(to);
	});
	await page.goto(url + hash);
	await page.waitForFunction(() => window.memscopeDrawnMs !== undefined, null, { timeout: 20000 });
	return { page, context, messages, requests };
}

export const viewNames = ["overview", "flame", "time", "sites", "leaks", "threads", "safety", "quality"];

/** Two frames later everything that was asked for has been painted. */
export function painted(page) {
	return page.evaluate(() => new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve))));
}

export async function showView(page, name) {
	await page.click(`#tab-${name}`);
	await painted(page);
}

/** The text of the one view that is shown. */
export function viewText(page) {
	return page.locator("#panel > .view:not([hidden])").innerText();
}

export function number(page, selector) {
	return page.locator(`#panel > .view:not([hidden]) ${selector}`).first().evaluate((element) => Number(element.dataset.value));
}
