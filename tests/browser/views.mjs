// SPDX-License-Identifier: Apache-2.0
//
// views.mjs - every view of a report: its figures, and what a reader does with it.
import { found, sitesAt, slices, sum } from "./model.mjs";
import { number, painted, showView, viewText } from "./page.mjs";
import { diag, is, ok } from "./tap.mjs";

const shown = "#panel > .view:not([hidden])";

/** The figures of the first rows of a table, by column. */
function tableRows(page, table, columns, most) {
	return page.locator(`${shown} table[aria-label="${table}"] tbody tr[data-index]`).evaluateAll(
		(rows, [names, count]) =>
			rows
				.slice(0, count)
				.map((row) => names.map((name) => row.querySelector(`td[data-column="${name}"]`).dataset.value)),
		[columns, most],
	);
}

const texts = (values) => values.map((value) => (value === null || value === undefined ? "" : String(value)));

export async function overview(page, name, judge) {
	await showView(page, "overview");
	const totals = await page.locator(`${shown} [data-total]`).evaluateAll((all) => all.map((one) => [one.dataset.total, one.dataset.value]));
	is(totals.length, 9, `${name}: nine totals`);
	is(Object.fromEntries(totals), Object.fromEntries(totals.map(([key]) => [key, texts([judge.summary.totals[key]])[0]])), `${name}: they are those of summary`);
	ok((await page.locator(`${shown} canvas`).count()) >= 1, `${name}: live bytes are drawn over time`);
	const health = await page.locator(".health").innerText();
	const points = [...health.matchAll(/\u2212(\d+\.\d)/g)].map((match) => Number(match[1]));
	is(Number(/\d+/.exec(health)[0]), Math.max(0, Math.round(100 - sum(points))), `${name}: health is 100 less the points that are printed`);
}

export async function flame(page, name, report) {
	const process = report.processes[0];
	await showView(page, "flame");
	for (const [metric, column] of [["live", "live_bytes"], ["peak", "peak_bytes"], ["allocated", "allocated"], ["calls", "allocations"], ["temporary", "temporary"], ["leaked", "leaked_bytes"]]) {
		if (!process.rows[column]) continue;
		await page.click(`${shown} [role=radio][data-id=${metric}]`);
		is(await number(page, ".headline strong"), sum(process.rows[column]), `${name}: the flame graph of ${metric}`);
	}
	await page.click(`${shown} [role=radio][data-id=up]`);
	is(await number(page, ".headline strong"), sum(process.rows.leaked_bytes ?? process.rows.temporary), `${name}: bottom-up sums up the same`);
	await page.click(`${shown} [role=radio][data-id=down]`);
	await page.click(`${shown} [role=radio][data-id=allocated]`);
	await search(page, name, report);
	await zoom(page, name);
	await brush(page, name, process);
}

async function search(page, name, report) {
	const process = report.processes[0];
	const word = "alloc";
	await page.fill(`${shown} input[type=search]`, word);
	is(await number(page, ".found"), found(report, process, word, process.rows.allocated), `${name}: a search weighs each stack once`);
	await page.fill(`${shown} input[type=search]`, "");
}

async function zoom(page, name) {
	const canvas = page.locator(`${shown} canvas.flame`);
	await canvas.click({ position: { x: 5, y: 47 } });
	ok((await page.locator(`${shown} .crumbs code`).count()) > 0, `${name}: a click zooms in`);
	await page.click(`${shown} .crumbs button`);
	is(await page.locator(`${shown} .crumbs code`).count(), 0, `${name}: and reset zooms out`);
	await canvas.focus();
	for (const key of ["Home", "ArrowDown", "Enter"]) await page.keyboard.press(key);
	ok((await page.locator(`${shown} .flame-box [aria-live]`).innerText()).length > 3, `${name}: arrow keys say the frame`);
	is(await page.locator(`${shown} .crumbs code`).count(), 1, `${name}: Enter zooms in`);
	await page.keyboard.press("Escape");
	is(await page.locator(`${shown} .crumbs code`).count(), 0, `${name}: Escape zooms out`);
}

/** From a mousemove to the painted graph. */
async function brush(page, name, process) {
	await page.evaluate(() => window.scrollTo(0, 0));
	const box = await page.locator(`${shown} .brush`).boundingBox();
	const y = box.y + box.height / 2;
	const at = (part) => box.x + box.width * part;
	await page.mouse.move(at(0.3), y);
	await page.mouse.down();
	await page.mouse.move(at(0.45), y);
	await page.evaluate(() => {
		window.brushed = [];
		const over = document.querySelector(".brush");
		over.addEventListener("pointermove", () => {
			const begin = performance.now();
			requestAnimationFrame(() => setTimeout(() => window.brushed.push(performance.now() - begin)));
		}, { capture: true });
	});
	await page.mouse.move(at(0.5), y);
	await page.mouse.move(at(0.6), y);
	await page.mouse.up();
	await painted(page);
	diag(`${name}: flame graph after a brush: ${(await page.evaluate(() => window.brushed.map((ms) => ms.toFixed(1)))).join(", ")} ms`);
	const last = process.buckets.length - 1;
	const first = Math.floor(process.buckets.length * 0.3);
	const range = await page.locator(`${shown} .brush`).evaluate((element) => Number(element.getAttribute("aria-valuenow")));
	ok(range > first && range < last, `${name}: the brush chose a part`, `up to step ${range} of ${last}`);
	const sums = process.buckets.map((_, b) => sum(slices(process, "made_bytes", Math.min(b, range), range)));
	const got = await number(page, ".headline strong");
	ok(sums.indexOf(got) > 0, `${name}: the flame graph follows: what was allocated there, and nothing else`, `${got} is no sum of steps up to ${range}`);
	await page.locator(`${shown} .brush`).focus();
	await page.keyboard.press("Home");
	is(await number(page, ".headline strong"), sum(slices(process, "made_bytes", 0, 0)), `${name}: Home takes the first step`);
	await page.keyboard.press("Shift+ArrowRight");
	is(await number(page, ".headline strong"), sum(slices(process, "made_bytes", 0, 1)), `${name}: Shift and an arrow one more`);
	await page.keyboard.press("Escape");
	is(await number(page, ".headline strong"), sum(process.rows.allocated), `${name}: Escape takes the whole run`);
}

export async function time(page, name, report, judge) {
	const process = report.processes[0];
	const last = process.buckets.length - 1;
	await showView(page, "time");
	const slider = page.locator(`${shown} input[type=range]`).first();
	await slider.focus();
	await page.keyboard.press("End");
	is(await number(page, ".state dd[data-value]"), process.series.live_bytes[last], `${name}: live bytes at the end`);
	if (report.processes.length === 1) is(await number(page, ".state dd[data-value]"), judge.summary.totals.current_memory, `${name}: are those of summary`);
	const at = Math.floor(last / 2);
	await slider.fill(String(at));
	await painted(page);
	const rows = (await tableRows(page, "Sites by live bytes at this moment", ["bytes"], 8)).flat().map(Number);
	const wanted = [...sitesAt(report, process, at).values()].filter((value) => value !== 0).sort((a, b) => b - a);
	is(rows, wanted.slice(0, rows.length), `${name}: the heaviest sites at a moment half-way`);
	await page.check(`${shown} input[type=checkbox]`);
	await page.locator(`${shown} input[type=range]`).nth(1).fill(String(Math.floor(last / 4)));
	await painted(page);
	const changes = (await tableRows(page, "Sites by how their live bytes changed between the two moments", ["change"], 5)).flat().map(Number);
	const before = sitesAt(report, process, Math.floor(last / 4));
	const differences = [...sitesAt(report, process, at)].map(([key, value]) => value - before.get(key)).filter((value) => value !== 0).sort((a, b) => b - a);
	is(changes, differences.slice(0, changes.length), `${name}: what changed between two moments`);
	await page.uncheck(`${shown} input[type=checkbox]`);
}

const siteColumns = ["peak_bytes", "live_bytes", "allocated", "allocations", "temporary"];

export async function sites(page, name, report, judge) {
	await showView(page, "sites");
	const rows = await tableRows(page, "Sites that allocate", siteColumns, 10);
	const by = (column, sign) => [...judge.summary.sites].sort((a, b) => sign * (b[column] - a[column]));
	is(rows.map((row) => row[0]), by("peak_bytes", 1).slice(0, rows.length).map((site) => String(site.peak_bytes)), `${name}: sites by peak, as summary has them`);
	is(
		rows.map((row) => row.join(" ")).sort(),
		rows.map((row) => judge.summary.sites.map((site) => texts(siteColumns.map((column) => site[column])).join(" ")).find((text) => text === row.join(" ")) ?? `no site has ${row}`).sort(),
		`${name}: each with the figures of summary`,
	);
	await page.click(`${shown} th[data-column=allocations] button`);
	const largest = (await tableRows(page, "Sites that allocate", ["allocations"], 5)).flat().map(Number);
	is(largest, by("allocations", 1).slice(0, largest.length).map((site) => site.allocations), `${name}: a heading sorts`);
	await page.click(`${shown} th[data-column=allocations] button`);
	const smallest = (await tableRows(page, "Sites that allocate", ["allocations"], 5)).flat().map(Number);
	is(smallest, by("allocations", -1).slice(0, smallest.length).map((site) => site.allocations), `${name}: and sorts the other way round`);
	is(await page.locator(`${shown} th[data-column=allocations]`).getAttribute("aria-sort"), "ascending", `${name}: and says so`);
	const word = (report.summary.sites[0].function ?? "").slice(0, 6).toLowerCase();
	await page.fill(`${shown} input[type=search]`, word);
	const left = await page.locator(`${shown} table.grid`).getAttribute("aria-rowcount");
	const matching = report.summary.sites.filter((site) => `${site.function ?? ""} ${site.file ?? ""} ${site.module ?? ""}`.toLowerCase().includes(word));
	is(Number(left) - 1, matching.length, `${name}: a filter leaves what has its word`);
	await page.fill(`${shown} input[type=search]`, "");
	await page.locator(`${shown} tr[data-index="0"]`).focus();
	await page.keyboard.press("ArrowDown");
	await page.keyboard.press("Enter");
	is(await page.locator(`${shown} tr[aria-selected=true]`).getAttribute("data-index"), "1", `${name}: keys choose a row`);
	ok((await page.locator(`${shown} .detail .stack li`).count()) > 0, `${name}: whose stacks are shown`);
	const elements = await page.locator(`${shown} table.grid tbody tr`).count();
	ok(elements <= 40, `${name}: only the rows in sight are elements`, `${elements} rows`);
}

export async function leaks(page, name, judge) {
	await showView(page, "leaks");
	const classes = await page.locator(`${shown} .classes > div`).evaluateAll((all) => all.map((one) => [one.dataset.kind, one.querySelector("dd").dataset.value]));
	is(classes, classes.map(([kind]) => [kind, String(judge.leaks[kind].bytes)]), `${name}: classes of blocks, as leaks has them`);
	ok(classes.length >= 4, `${name}: all four`);
}

export async function threads(page, name, judge) {
	await showView(page, "threads");
	const rows = await tableRows(page, "Threads", ["allocations", "allocated", "live_bytes"], 6);
	const wanted = [...judge.threads.rows].map((row) => texts([row.allocations, row.allocated, row.live_bytes]).join(" "));
	is(rows.filter((row) => !wanted.includes(row.join(" "))), [], `${name}: threads, as the threads report has them`);
	const canvas = page.locator(`${shown} canvas.heat`);
	await canvas.hover({ position: { x: 400, y: 8 } });
	ok(/between/.test(await viewText(page)), `${name}: the heat map says what is under the pointer`);
}

export async function others(page, name, judge) {
	await showView(page, "safety");
	const cards = await page.locator(`${shown} .finding`).count();
	is(cards, Math.min(judge.check.findings.length, 200), `${name}: as many findings as check has`);
	await showView(page, "quality");
	const text = await viewText(page);
	ok(text.includes(judge.info.traces[0].process.mode), `${name}: the mode is said`);
	const lost = Object.values(judge.info.traces[0].lost).some((n) => n > 0);
	is(/Nothing was lost/.test(text), !lost, `${name}: and what was lost`);
}
