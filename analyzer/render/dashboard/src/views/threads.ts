// SPDX-License-Identifier: Apache-2.0
//
// threads.ts - which thread did what and when, and who freed whose blocks.
import type { Figure, MatrixCell, Process, Thread } from "../data";
import { choice } from "../parts/choice";
import { fill, h } from "../parts/dom";
import { bytes, count, figure, known, plural, time } from "../parts/format";
import { Heat } from "../parts/heat";
import { Table } from "../parts/table";
import type { Store } from "../store";
import type { Mounted } from "../views";

/** Of a large program the busiest ones; the table has all. */
const mostRows = 40;
const mostInMatrix = 16;

function heatPart(store: Store, process: Process): HTMLElement {
	const rows = process.thread_rows;
	const sum = (values: readonly number[]) => values.reduce((a, b) => a + b, 0);
	const busiest = [...rows].sort((a, b) => sum(b.allocations) - sum(a.allocations)).slice(0, mostRows);
	const heat = new Heat(store, `Activity of ${plural(rows.length, "thread")} over ${time(process.duration_ns)}; the table below has each thread's totals.`);
	const show = (id: string) =>
		heat.show(
			busiest.map((row) => ({ label: `${row.tid ?? ""} ${row.name ?? ""}`.trim(), values: id === "calls" ? row.allocations : row.allocated })),
			id === "calls" ? (n) => plural(n, "call") : bytes,
		);
	show("calls");
	return h(
		"section",
		{ class: "card" },
		h("h2", null, "Threads over time", rows.length > mostRows && h("span", { class: "hint" }, ` the busiest ${mostRows} of ${rows.length}`)),
		rows.length === 0
			? h("p", null, "What each thread did over time was not recorded.")
			: [
					h(
						"div",
						{ class: "controls" },
						choice({
							label: "What is shown",
							options: [
								{ id: "calls", label: "Calls" },
								{ id: "bytes", label: "Bytes" },
							],
							chosen: "calls",
							change: show,
						}),
					),
					heat.element,
				],
	);
}

function life(thread: Thread): string {
	if (!known(thread.begin_ns)) return "\u2013";
	return `${time(thread.begin_ns)} \u2013 ${known(thread.end_ns) ? time(thread.end_ns) : "end"}`;
}

function tablePart(threads: readonly Thread[], many: boolean): HTMLElement {
	const number = (id: keyof Thread & string, label: string, format: (n: number) => string, title: string, more: { spare?: boolean; bar?: boolean } = {}) => ({
		id,
		label,
		title,
		value: (row: Thread) => (known(row[id] as Figure) ? (row[id] as number) : null),
		cell: (row: Thread) => figure(row[id] as Figure, format, row.errors, id),
		...more,
	});
	const table = new Table<Thread>({
		label: "Threads",
		rows: threads,
		sort: "allocations",
		columns: [
			{
				id: "thread",
				label: "Thread",
				value: (row) => row.name ?? "",
				cell: (row) => h("div", { class: "site" }, h("code", null, row.name ?? "(no name)"), h("span", { class: "hint" }, `${many ? `${row.pid} / ` : ""}${row.tid} \u00b7 ${life(row)}`)),
			},
			number("allocations", "Calls", count, "allocations", { bar: true }),
			number("allocated", "Allocated", bytes, "bytes asked for", { spare: true }),
			number("peak_bytes", "At the peak", bytes, "its part of the process's peak", { spare: true }),
			number("live_bytes", "Not freed", bytes, "bytes live at the end"),
			number("freed_of_others", "Freed of others", count, "blocks of other threads that it freed", { spare: true }),
			number("freed_by_others", "Freed by others", count, "its blocks that other threads freed", { spare: true }),
		],
	});
	return h("section", { class: "card" }, h("h2", null, "Threads"), table.element);
}

/** The threads of the heaviest cells. */
function inMatrix(cells: readonly MatrixCell[]): number[] {
	const weight = new Map<number, number>();
	for (const { maker, freer, blocks } of cells) {
		if (maker === null || freer === null) continue;
		weight.set(maker, (weight.get(maker) ?? 0) + blocks);
		weight.set(freer, (weight.get(freer) ?? 0) + blocks);
	}
	return [...weight].sort((a, b) => b[1] - a[1]).slice(0, mostInMatrix).map(([tid]) => tid).sort((a, b) => a - b);
}

function matrixPart(store: Store): HTMLElement {
	const all = store.report.threads?.matrix ?? null;
	const pid = store.process.pid;
	const cells = (all ?? []).filter((cell) => cell.pid === undefined || cell.pid === pid);
	const tids = inMatrix(cells);
	// The pairs are of different threads; what a thread frees of its own is in its row.
	for (const row of store.report.threads?.rows ?? [])
		if (row.pid === pid && known(row.freed_own) && row.freed_own > 0)
			cells.push({ maker: row.tid, freer: row.tid, blocks: row.freed_own, bytes: row.freed_own_bytes ?? 0 });
	const names = new Map((store.report.threads?.rows ?? store.report.summary.threads).map((row) => [row.tid, row.name ?? ""]));
	const body = h("div", { class: "matrix-box", tabIndex: 0, role: "region", aria: { label: "Who frees whose blocks" } });
	const show = (id: string) => {
		const value = (cell: MatrixCell) => (id === "blocks" ? cell.blocks : cell.bytes);
		const format = id === "blocks" ? count : bytes;
		const at = new Map(cells.map((cell) => [`${cell.maker} ${cell.freer}`, cell]));
		const largest = cells.reduce((most, cell) => (cell.maker === cell.freer ? most : Math.max(most, value(cell))), 1);
		fill(
			body,
			h(
				"table",
				{ class: "matrix" },
				h("caption", { class: "unseen" }, "Rows: the thread that allocated; columns: the thread that freed"),
				h("thead", null, h("tr", null, h("th", { scope: "col" }, "made by \u2193  freed by \u2192"), tids.map((tid) => h("th", { scope: "col", title: names.get(tid) ?? "" }, tid)))),
				h(
					"tbody",
					null,
					tids.map((maker) =>
						h(
							"tr",
							null,
							h("th", { scope: "row" }, maker, " ", h("span", { class: "hint" }, names.get(maker) ?? "")),
							tids.map((freer) => {
								const cell = at.get(`${maker} ${freer}`);
								const data = h("td", { class: `number${maker === freer ? " own" : ""}` }, h("span", null, cell ? format(value(cell)) : "\u00b7"));
								if (cell && maker !== freer) data.style.setProperty("--heat", `${Math.round(Math.sqrt(value(cell) / largest) * 45)}%`);
								return data;
							}),
						),
					),
				),
			),
		);
	};
	show("blocks");
	if (!tids.length)
		return h("section", { class: "card" }, h("h2", null, "Who frees whose blocks"), h("p", { class: "hint" }, all ? "No block was freed." : "The recording cannot tell who freed whose blocks."));
	return h(
		"section",
		{ class: "card" },
		h("h2", null, "Who frees whose blocks"),
		h(
			"div",
			{ class: "controls" },
			choice({
				label: "What is shown",
				options: [
					{ id: "blocks", label: "Blocks" },
					{ id: "bytes", label: "Bytes" },
				],
				chosen: "blocks",
				change: show,
			}),
		),
		body,
	);
}

export function threadsView(store: Store): Mounted {
	const { report, process } = store;
	const rows = report.threads?.rows ?? report.summary.threads;
	return {
		element: h("div", null, h("h2", { class: "unseen" }, "Threads"), heatPart(store, process), tablePart(rows, report.processes.length > 1), matrixPart(store)),
	};
}
