// SPDX-License-Identifier: Apache-2.0
//
// main.ts - the page begins here: decode the data, draw the shell.
import { decode } from "./data";
import { fill, h } from "./parts/dom";
import { shell } from "./shell";
import { Store } from "./store";

declare global {
	interface Window {
		/** Milliseconds from the beginning of loading until the first view is there, for tests. */
		memscopeDrawnMs?: number;
	}
}

async function start(): Promise<void> {
	const app = document.getElementById("app");
	const data = document.getElementById("memscope-data");

	if (!app || !data) return;
	try {
		const report = await decode(data.textContent ?? "");
		// The text is no longer needed, and it is large.
		data.textContent = "";
		shell(app, new Store(report));
		// Charts know their width, and are drawn, in the next frame; a task after it, it is seen.
		requestAnimationFrame(() =>
			setTimeout(() => {
				window.memscopeDrawnMs = performance.now();
			}),
		);
	} catch (error) {
		fill(
			app,
			h(
				"p",
				{ class: "loading", role: "alert" },
				`The report cannot be shown: ${error instanceof Error ? error.message : String(error)}.`,
			),
		);
		throw error;
	}
}

void start();
