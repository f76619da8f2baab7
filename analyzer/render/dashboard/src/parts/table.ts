// SPDX-License-Identifier: Apache-2.0
//
// table.ts - a table of any number of rows: only those in sight are elements.
//
// A grid as ARIA has it: one row is in the order of the Tab key, arrows move from row to
// row, Enter opens one.  A heading sorts; a second time the other way round.
import { fill, h } from "./dom";

export interface Column<Row> {
	id: string;
	label: string;
	title?: string;
	/** What the column sorts by; numbers sort the largest first. */
	value: (row: Row) => number | string | null;
	cell: (row: Row) => Node | string;
	/** The part of the column's largest that a bar shows beneath a number. */
	bar?: boolean;
	/** Left out where there is little room. */
	spare?: boolean;
}

export interface TableOptions<Row> {
	label: string;
	columns: Column<Row>[];
	rows: readonly Row[];
	sort: string;
	/** The row was chosen. */
	open?: (row: Row) => void;
	empty?: string;
}

const rowHeight = 46;
const spare = 8;
const mostInSight = 14;

export class Table<Row> {
	readonly element: HTMLElement;
	private readonly scroller: HTMLElement;
	private readonly body = h("tbody");
	private readonly heads: HTMLTableCellElement[];
	private readonly table: HTMLTableElement;
	private rows: Row[] = [];
	private largest = new Map<string, number>();
	private sort: string;
	private down = true;
	private current = 0;
	private chosen: Row | null = null;
	private printing = false;

	constructor(private readonly options: TableOptions<Row>) {
		this.sort = options.sort;
		this.heads = options.columns.map((column) => this.head(column));
		this.table = h(
			"table",
			{ class: options.open ? "grid opens" : "grid", role: "grid", aria: { label: options.label } },
			h("thead", null, h("tr", { aria: { rowindex: 1 } }, this.heads)),
			this.body,
		);
		this.scroller = h("div", { class: "scroller", on: { scroll: () => this.draw() } }, this.table);
		this.element = h("div", { class: "table" }, this.scroller);
		this.body.addEventListener("click", (event) => this.click(event));
		this.body.addEventListener("keydown", (event) => this.key(event));
		window.addEventListener("beforeprint", () => this.print(true));
		window.addEventListener("afterprint", () => this.print(false));
		this.setRows(options.rows);
	}

	setRows(rows: readonly Row[]): void {
		this.rows = [...rows];
		for (const column of this.options.columns) {
			if (!column.bar) continue;
			const values = this.rows.map((row) => Number(column.value(row) ?? 0));
			this.largest.set(column.id, values.reduce((a, b) => Math.max(a, Math.abs(b)), 0));
		}
		this.current = 0;
		this.order();
	}

	private head(column: Column<Row>): HTMLTableCellElement {
		const button = h(
			"button",
			{ type: "button", class: "sort", ...(column.title ? { title: column.title } : {}), on: { click: () => this.sortBy(column.id) } },
			column.label,
		);
		return h("th", { scope: "col", class: this.classOf(column), data: { column: column.id } }, button);
	}

	private classOf(column: Column<Row>): string {
		const isText = this.options.columns.indexOf(column) === 0;
		return `${isText ? "text" : "number"}${column.bar ? " barred" : ""}${column.spare ? " spare" : ""}`;
	}

	private sortBy(id: string): void {
		this.down = this.sort === id ? !this.down : true;
		this.sort = id;
		this.current = 0;
		this.scroller.scrollTop = 0;
		this.order();
	}

	private order(): void {
		const column = this.options.columns.find((one) => one.id === this.sort) ?? this.options.columns[0];
		const sign = this.down ? -1 : 1;
		// Texts begin with A; what is not known comes last in either direction.
		const keyed = this.rows.map((row) => ({ row, value: column.value(row) }));
		keyed.sort((a, b) => {
			if (a.value === null || b.value === null) return Number(a.value === null) - Number(b.value === null);
			if (typeof a.value === "string") return -sign * a.value.localeCompare(String(b.value));
			return sign * (Number(a.value) - Number(b.value));
		});
		this.rows = keyed.map((one) => one.row);
		this.options.columns.forEach((one, i) => {
			const sorted = one.id === column.id;
			const isText = this.classOf(one).startsWith("text");
			const direction = this.down !== isText ? "descending" : "ascending";
			this.heads[i].setAttribute("aria-sort", sorted ? direction : "none");
		});
		this.table.setAttribute("aria-rowcount", String(this.rows.length + 1));
		const height = Math.min(this.rows.length, mostInSight) * rowHeight + 34;
		this.scroller.style.maxHeight = `${height}px`;
		this.draw();
	}

	private spacer(rows: number): HTMLTableRowElement {
		const row = h("tr", { class: "spacer", aria: { hidden: true } }, h("td", { colspan: this.options.columns.length }));
		row.style.height = `${rows * rowHeight}px`;
		return row;
	}

	private draw(): void {
		const total = this.rows.length;
		if (total === 0) {
			fill(this.body, h("tr", null, h("td", { class: "hint", colspan: this.options.columns.length }, this.options.empty ?? "None.")));
			return;
		}
		const top = Math.floor(this.scroller.scrollTop / rowHeight) - spare;
		const first = this.printing ? 0 : Math.max(0, Math.min(top, total - mostInSight - 2 * spare));
		const last = this.printing ? total : Math.min(total, first + mostInSight + 2 * spare);
		const focused = this.body.contains(document.activeElement);
		const rows: Node[] = [];

		if (first > 0) rows.push(this.spacer(first));
		for (let i = first; i < last; i++) rows.push(this.row(i));
		if (last < total) rows.push(this.spacer(total - last));
		fill(this.body, rows);
		if (focused) this.rowElement(this.current)?.focus({ preventScroll: true });
	}

	private row(index: number): HTMLTableRowElement {
		const row = this.rows[index];
		return h(
			"tr",
			{
				tabIndex: index === this.current ? 0 : -1,
				data: { index },
				aria: { rowindex: index + 2, selected: row === this.chosen },
			},
			this.options.columns.map((column) => this.cell(column, row)),
		);
	}

	private cell(column: Column<Row>, row: Row): HTMLTableCellElement {
		const exact = column.value(row);
		const cell = h("td", { class: this.classOf(column), data: { column: column.id, value: exact ?? "" } }, column.cell(row));
		const largest = this.largest.get(column.id) ?? 0;
		const value = Number(exact ?? 0);
		if (column.bar && largest > 0 && value !== 0) {
			const bar = h("i", { class: value < 0 ? "bar less" : "bar", aria: { hidden: true } });
			bar.style.width = `${Math.max(1, (Math.abs(value) / largest) * 100)}%`;
			cell.append(h("span", { class: "track" }, bar));
		}
		return cell;
	}

	private rowElement(index: number): HTMLElement | null {
		return this.body.querySelector(`tr[data-index="${index}"]`);
	}

	private move(to: number): void {
		const index = Math.max(0, Math.min(this.rows.length - 1, to));
		const top = index * rowHeight;
		const room = this.scroller.clientHeight - 34;

		this.current = index;
		if (top < this.scroller.scrollTop) this.scroller.scrollTop = top;
		else if (top + rowHeight > this.scroller.scrollTop + room) this.scroller.scrollTop = top + rowHeight - room;
		this.draw();
		this.rowElement(index)?.focus({ preventScroll: true });
	}

	private open(index: number): void {
		if (!this.options.open || index < 0 || index >= this.rows.length) return;
		this.current = index;
		this.chosen = this.rows[index];
		this.draw();
		this.options.open(this.rows[index]);
	}

	private click(event: MouseEvent): void {
		const row = (event.target as Element).closest<HTMLElement>("tr[data-index]");
		if (row) this.open(Number(row.dataset.index));
	}

	private key(event: KeyboardEvent): void {
		const page = mostInSight - 1;
		const targets: Record<string, number> = {
			ArrowDown: this.current + 1,
			ArrowUp: this.current - 1,
			PageDown: this.current + page,
			PageUp: this.current - page,
			Home: 0,
			End: this.rows.length - 1,
		};
		if (event.ctrlKey || event.metaKey || event.altKey) return;
		if (event.key === "Enter" || event.key === " ") this.open(this.current);
		else if (event.key in targets) this.move(targets[event.key]);
		else return;
		event.preventDefault();
	}

	private print(printing: boolean): void {
		this.printing = printing;
		this.draw();
	}
}
