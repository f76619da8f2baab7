// SPDX-License-Identifier: Apache-2.0
//
// views.ts - the views of the page: a view is one file and one row here.
import type { Store } from "./store";
import { flameView } from "./views/flame";
import { leaksView } from "./views/leaks";
import { overview } from "./views/overview";
import { quality } from "./views/quality";
import { safety } from "./views/safety";
import { sitesView } from "./views/sites";
import { threadsView } from "./views/threads";
import { timeView } from "./views/time";

export interface Mounted {
	element: HTMLElement;
	/** Undo what the view did outside of its element. */
	release?: () => void;
}

export interface View {
	id: string;
	label: string;
	/** Draw the view; called when it is first looked at, and again for another process. */
	mount: (store: Store) => Mounted;
}

export const views: readonly View[] = [
	{ id: "overview", label: "Overview", mount: overview },
	{ id: "flame", label: "Flame graph", mount: flameView },
	{ id: "time", label: "Time travel", mount: timeView },
	{ id: "sites", label: "Sites", mount: sitesView },
	{ id: "leaks", label: "Leaks", mount: leaksView },
	{ id: "threads", label: "Threads", mount: threadsView },
	{ id: "safety", label: "Safety", mount: safety },
	{ id: "quality", label: "Log quality", mount: quality },
];
