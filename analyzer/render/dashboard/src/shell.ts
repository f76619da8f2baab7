// SPDX-License-Identifier: Apache-2.0
//
// shell.ts - what stands around the views: title, tabs, theme, process, keyboard.
import { baseName, date, plural, time } from "./parts/format";
import { fill, h } from "./parts/dom";
import { followTheme, theme, toggleTheme } from "./parts/theme";
import type { ProcessHead } from "./data";
import type { Store } from "./store";
import { type Mounted, type View, views } from "./views";

function heads(store: Store): ProcessHead[] {
	const { summary, info } = store.report;
	if (summary.processes?.length) return summary.processes.map((one) => one.process);
	return summary.process ? [summary.process] : info.traces.map((trace) => trace.process);
}

function howEnded(head: ProcessHead): string {
	if (head.became) return `became ${baseName(head.became)}`;
	if (head.end === "exited") return "exited";
	return head.end && head.end !== "open" ? `left by ${head.end}` : "not seen to exit";
}

function facts(store: Store): string[] {
	const all = heads(store);
	if (all.length === 0) return [];
	if (all.length > 1) return [plural(all.length, "process", "processes"), `from ${date(all[0].start_unix_ns)}`];
	const one = all[0];
	return [
		`pid ${one.pid}`,
		date(one.start_unix_ns),
		`ran ${time(one.duration_ns)}`,
		howEnded(one),
		`mode ${one.mode}`,
	];
}

function themeButton(store: Store): HTMLElement {
	const button = h("button", { class: "quiet", type: "button" });
	const label = () => {
		const other = theme() === "dark" ? "light" : "dark";
		fill(button, theme() === "dark" ? "Light" : "Dark");
		button.setAttribute("aria-label", `Switch to ${other} colours`);
	};
	button.addEventListener("click", () => {
		toggleTheme();
		label();
		store.set({ colours: store.state.colours + 1 });
	});
	followTheme(() => {
		label();
		store.set({ colours: store.state.colours + 1 });
	});
	label();
	return button;
}

function processChoice(store: Store): HTMLElement | null {
	const { processes } = store.report;
	if (processes.length < 2) return null;
	const select = h(
		"select",
		{ id: "process" },
		processes.map((p, i) => h("option", { value: String(i) }, p.pid === null ? p.command : `${p.pid} ${baseName(p.command.split(" ")[0])}`)),
	);
	select.addEventListener("change", () => store.set({ process: Number(select.value), range: null }));
	return h("label", { class: "choice" }, "Process ", select);
}

/** The tabs of the views; only the chosen one is in the order of the Tab key (ARIA's pattern). */
class Tabs {
	readonly list = h("div", { class: "tabs", role: "tablist", aria: { label: "Views" } });
	readonly panel = h("div", { id: "panel", role: "tabpanel", tabIndex: -1 });
	private readonly buttons = new Map<string, HTMLButtonElement>();
	private readonly mounted = new Map<string, Mounted>();

	constructor(private readonly store: Store) {
		views.forEach((view, i) => {
			const button = h(
				"button",
				{
					id: `tab-${view.id}`,
					type: "button",
					role: "tab",
					title: `${view.label} (key ${i + 1})`,
					aria: { controls: "panel" },
					on: { click: () => this.go(view.id) },
				},
				view.label,
			);
			this.buttons.set(view.id, button);
			this.list.append(button);
		});
		this.list.addEventListener("keydown", (event) => this.arrows(event));
		document.addEventListener("keydown", (event) => this.digits(event));
		window.addEventListener("hashchange", () => this.fromHash());
		store.listen((state, changed) => {
			if (changed.has("process")) this.forget();
			if (changed.has("view") || changed.has("process")) this.show(state.view);
		});
	}

	fromHash(): void {
		const id = location.hash.slice(1);
		this.store.set({ view: this.buttons.has(id) ? id : views[0].id });
	}

	private go(id: string): void {
		this.store.set({ view: id });
		if (location.hash.slice(1) !== id) history.pushState(null, "", `#${id}`);
	}

	private move(to: number): void {
		const view = views[(to + views.length) % views.length];
		this.go(view.id);
		this.buttons.get(view.id)?.focus();
	}

	private arrows(event: KeyboardEvent): void {
		const now = views.findIndex((view) => view.id === this.store.state.view);
		const target: Record<string, number> = {
			ArrowLeft: now - 1,
			ArrowRight: now + 1,
			Home: 0,
			End: views.length - 1,
		};
		if (!(event.key in target) || event.ctrlKey || event.metaKey || event.altKey) return;
		event.preventDefault();
		this.move(target[event.key]);
	}

	private digits(event: KeyboardEvent): void {
		const to = event.target;
		if (event.ctrlKey || event.metaKey || event.altKey) return;
		if (to instanceof HTMLInputElement && to.type !== "range") return;
		if (to instanceof HTMLSelectElement || to instanceof HTMLTextAreaElement) return;
		const n = Number(event.key);
		if (event.key.length === 1 && n >= 1 && n <= views.length) this.move(n - 1);
	}

	private forget(): void {
		for (const one of this.mounted.values()) {
			one.release?.();
			one.element.remove();
		}
		this.mounted.clear();
	}

	private mount(view: View): Mounted {
		let one = this.mounted.get(view.id);
		if (!one) {
			one = view.mount(this.store);
			one.element.classList.add("view");
			this.mounted.set(view.id, one);
			this.panel.append(one.element);
		}
		return one;
	}

	private show(id: string): void {
		const view = views.find((candidate) => candidate.id === id) ?? views[0];
		const shown = this.mount(view);
		for (const one of this.mounted.values()) one.element.hidden = one !== shown;
		for (const [name, button] of this.buttons) {
			const chosen = name === view.id;
			button.setAttribute("aria-selected", String(chosen));
			button.tabIndex = chosen ? 0 : -1;
			if (chosen) button.scrollIntoView({ block: "nearest", inline: "nearest" });
		}
		this.panel.setAttribute("aria-labelledby", `tab-${view.id}`);
	}
}

function notes(store: Store): HTMLElement | null {
	const { folded, summary } = store.report;
	const lines = [
		folded && folded.rows > 0 ? folded.text : null,
		summary.filter ? `Only a part is shown: ${JSON.stringify(summary.filter)}` : null,
	].filter((line) => line !== null);
	return lines.length ? h("p", { class: "notice" }, lines.join("  ")) : null;
}

export function shell(app: HTMLElement, store: Store): void {
	const { title, generated_by: generator } = store.report;
	const program = baseName(title.split(" ")[0]) || title;
	const tabs = new Tabs(store);

	document.title = `${program} \u2013 memscope`;
	fill(
		app,
		h(
			"header",
			{ class: "top" },
			h(
				"div",
				{ class: "name" },
				h("h1", { title }, program),
				h("p", { class: "command" }, title),
				h("p", { class: "facts" }, facts(store).map((fact) => h("span", null, fact))),
			),
			h("div", { class: "tools" }, processChoice(store), themeButton(store)),
		),
		h("nav", { class: "bar" }, tabs.list),
		h("main", null, notes(store), tabs.panel),
		h("footer", null, `${generator}. This page is one file: it asks no network for anything.`),
	);
	tabs.fromHash();
}
