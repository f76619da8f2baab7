// SPDX-License-Identifier: Apache-2.0
//
// measure.mjs - how long a report takes to be seen, for the benchmark.
//
//	measure.mjs REPORT RUNS		JSON: milliseconds, the median of the runs
//
// loaded: from the beginning of loading until the first view has been painted.  brush: from a
// move of the pointer until the flame graph of the new range is painted, the slowest of
// seven ranges, top-down and bottom-up.
import { openBrowser, openReport, showView } from "./page.mjs";

const [path, runs] = process.argv.slice(2);
const median = (values) => values.sort((a, b) => a - b)[Math.floor(values.length / 2)];

function slowest(page) {
	return page.evaluate(async () => {
		const over = document.querySelector(".brush");
		const box = over.getBoundingClientRect();
		const send = (type, part) =>
			over.dispatchEvent(new PointerEvent(type, { clientX: box.left + box.width * part, clientY: box.top + 20, bubbles: true, button: 0, pointerId: 1 }));
		// There is no pointer behind these events that could be captured.
		over.setPointerCapture = () => {};
		let worst = 0;
		send("pointerdown", 0.1);
		for (let part = 0.2; part < 0.9; part += 0.1) {
			const begin = performance.now();
			send("pointermove", part);
			await new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve)));
			worst = Math.max(worst, performance.now() - begin);
		}
		send("pointerup", 0.9);
		return worst;
	});
}

const browser = await openBrowser();
const loaded = [];
const down = [];
const up = [];
for (let i = 0; i < Number(runs); i++) {
	const { page, context } = await openReport(browser, path);
	loaded.push(await page.evaluate(() => window.memscopeDrawnMs));
	await showView(page, "flame");
	await page.click("[data-id=allocated]");
	down.push(await slowest(page));
	await page.click("[data-id=up]");
	up.push(await slowest(page));
	await context.close();
}
await browser.close();
console.log(JSON.stringify({ loaded: median(loaded), brush_down: median(down), brush_up: median(up) }));
