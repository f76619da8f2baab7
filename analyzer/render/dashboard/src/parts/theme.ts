// SPDX-License-Identifier: Apache-2.0
//
// theme.ts - light and dark, and the colours that canvases draw with.
//
// The colours are the style sheet's custom properties; a canvas asks for them here.

export type Theme = "light" | "dark";

const dark = window.matchMedia("(prefers-color-scheme: dark)");
let chosen: Theme | null = null;
let printing = false;

export function theme(): Theme {
	if (printing) return "light";
	return chosen ?? (dark.matches ? "dark" : "light");
}

function apply(): void {
	document.documentElement.dataset.theme = theme();
}

/** Follow the system until the reader chooses; changed is called after each change. */
export function followTheme(changed: () => void): void {
	const update = () => {
		apply();
		changed();
	};
	dark.addEventListener("change", update);
	window.addEventListener("beforeprint", () => {
		printing = true;
		update();
	});
	window.addEventListener("afterprint", () => {
		printing = false;
		update();
	});
	apply();
}

export function toggleTheme(): void {
	chosen = theme() === "dark" ? "light" : "dark";
	apply();
}

/** A colour of the style sheet, by its name there without the dashes. */
export function colour(name: string): string {
	return getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
}
