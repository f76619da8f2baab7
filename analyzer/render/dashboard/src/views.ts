// SPDX-License-Identifier: Apache-2.0
//
// views.ts - the views of the page: a view is one file and one row here.
import type { Store } from "./store";
import { overview } from "./views/overview";

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
];
