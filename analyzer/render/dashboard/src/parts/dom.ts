// SPDX-License-Identifier: Apache-2.0
//
// dom.ts - elements without markup.
//
// Everything of a log is hostile text.  It enters the page through here, as text nodes and
// attribute values of a fixed list; no string is ever parsed as HTML.

type Child = Node | string | number | null | undefined | false | Child[];

interface Props {
	class?: string;
	id?: string;
	title?: string;
	type?: string;
	value?: string;
	for?: string;
	placeholder?: string;
	min?: number;
	max?: number;
	step?: number;
	tabIndex?: number;
	hidden?: boolean;
	checked?: boolean;
	disabled?: boolean;
	scope?: string;
	colspan?: number;
	role?: string;
	aria?: Record<string, string | number | boolean>;
	data?: Record<string, string | number>;
	on?: { [K in keyof HTMLElementEventMap]?: (event: HTMLElementEventMap[K]) => void };
}

const attributes = [
	"id", "title", "type", "value", "for", "placeholder", "min", "max", "step", "scope",
	"colspan", "role",
] as const;

function append(parent: Node, child: Child): void {
	if (child === null || child === undefined || child === false) return;
	if (Array.isArray(child)) for (const one of child) append(parent, one);
	else if (child instanceof Node) parent.appendChild(child);
	else parent.appendChild(document.createTextNode(visible(String(child))));
}

/**
 * Text of a log as it may stand in the page: controls and the marks that turn the direction
 * of text around are shown as their code, so that a name cannot pose as another.
 */
export function visible(text: string): string {
	return text.replace(
		/[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u061c\u200b-\u200f\u2028-\u202e\u2066-\u2069\ufeff]/g,
		(c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, "0")}`,
	);
}

export function h<K extends keyof HTMLElementTagNameMap>(
	tag: K,
	props?: Props | null,
	...children: Child[]
): HTMLElementTagNameMap[K] {
	const element = document.createElement(tag);

	if (props) {
		if (props.class) element.className = props.class;
		for (const name of attributes) {
			const value = props[name];
			if (value !== undefined) element.setAttribute(name, visible(String(value)));
		}
		if (props.tabIndex !== undefined) element.tabIndex = props.tabIndex;
		if (props.hidden) element.hidden = true;
		if (props.checked) (element as unknown as HTMLInputElement).checked = true;
		if (props.disabled) (element as unknown as HTMLButtonElement).disabled = true;
		for (const [name, value] of Object.entries(props.aria ?? {}))
			element.setAttribute(`aria-${name}`, visible(String(value)));
		for (const [name, value] of Object.entries(props.data ?? {}))
			element.dataset[name] = String(value);
		for (const [name, handler] of Object.entries(props.on ?? {}))
			element.addEventListener(name, handler as EventListener);
	}
	append(element, children);
	return element;
}

/** Replace what is in element. */
export function fill(element: Element, ...children: Child[]): void {
	element.replaceChildren();
	append(element, children);
}

let ids = 0;
export function uniqueId(name: string): string {
	ids += 1;
	return `${name}-${ids}`;
}

/** Call f when the width of element changes, and once at first. */
export function onResize(element: Element, f: (width: number) => void): void {
	let last = -1;

	new ResizeObserver((entries) => {
		const width = Math.floor(entries[0].contentRect.width);
		if (width === last || width === 0) return;
		last = width;
		f(width);
	}).observe(element);
}
