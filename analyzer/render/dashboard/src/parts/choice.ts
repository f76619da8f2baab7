// SPDX-License-Identifier: Apache-2.0
//
// choice.ts - one of a few, as a row of buttons (ARIA's radio group).
import { h } from "./dom";

export interface ChoiceOptions {
	label: string;
	options: readonly { id: string; label: string; title?: string }[];
	chosen: string;
	change: (id: string) => void;
}

export function choice({ label, options, chosen, change }: ChoiceOptions): HTMLElement {
	const buttons = options.map((option) =>
		h(
			"button",
			{
				type: "button",
				role: "radio",
				data: { id: option.id },
				...(option.title ? { title: option.title } : {}),
				on: { click: () => choose(option.id) },
			},
			option.label,
		),
	);
	const mark = (id: string) =>
		buttons.forEach((button, i) => {
			const on = options[i].id === id;
			button.setAttribute("aria-checked", String(on));
			button.tabIndex = on ? 0 : -1;
		});
	const choose = (id: string) => {
		mark(id);
		change(id);
	};
	const group = h("div", { class: "choice-group", role: "radiogroup", aria: { label } }, buttons);
	group.addEventListener("keydown", (event) => {
		const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
		if (!step || event.ctrlKey || event.metaKey || event.altKey) return;
		event.preventDefault();
		const now = buttons.findIndex((button) => button === document.activeElement);
		const next = (now + step + buttons.length) % buttons.length;
		buttons[next].focus();
		choose(options[next].id);
	});
	mark(chosen);
	return group;
}
