// SPDX-License-Identifier: Apache-2.0
//
// flame.ts - a flame graph on a canvas.
//
// Measured in headless Chromium, 20,000 frames of 1300 pixels: d3-flame-graph 5.0.0 draws a
// new set of values in 2,500 ms, and in 130 ms when it leaves out what is below a pixel;
// d3-hierarchy's partition alone takes 40 ms.  A brush wants 100 ms for all of it, so the
// layout is over arrays (flame_layout.ts) and the drawing on a canvas.
//
// A canvas has no elements that a screen reader or a keyboard could visit: the arrow keys
// walk from frame to frame, and what is chosen is said in a live region.
import { type Tree, follow, pathOf } from "../model/tree";
import { prepare } from "./canvas";
import { fill, h, onResize } from "./dom";
import { type Boxes, layOut } from "./flame_layout";
import { fit, shortName } from "./names";
import { colour } from "./theme";

const rowHeight = 19;
const font = '12px ui-monospace, SFMono-Regular, "DejaVu Sans Mono", Menlo, Consolas, monospace';

export interface FlameNames {
	name: (key: number) => string;
	colour: (key: number) => string;
	/** Lines of the tooltip; the first is the name. */
	describe: (tree: Tree, node: number, root: number) => string[];
}

export class Flame {
	readonly element: HTMLElement;
	private readonly canvas: HTMLCanvasElement;
	private readonly tip = h("div", { class: "tip", hidden: true, aria: { hidden: true } });
	private readonly said = h("p", { class: "unseen", aria: { live: "polite" } });
	private tree: Tree | null = null;
	private boxes: Boxes | null = null;
	private root = 0;
	private chosen = -1;
	private under = -1;
	private width = 0;
	private charWidth = 7.2;
	private matches: Uint8Array | null = null;
	private due = 0;
	/** Called when another frame became the root. */
	onRoot: (path: number[]) => void = () => {};

	constructor(private readonly names: FlameNames) {
		this.canvas = h("canvas", {
			class: "flame",
			tabIndex: 0,
			role: "application",
			aria: {
				label: "Flame graph. Arrow keys move between frames, Enter zooms in, Escape zooms out.",
				roledescription: "flame graph",
			},
			on: {
				pointermove: (event) => this.hover(event),
				pointerleave: () => this.leave(),
				click: (event) => this.click(event),
				keydown: (event) => this.key(event),
				focus: () => this.draw(),
				blur: () => this.draw(),
			},
		});
		this.element = h("div", { class: "flame-box" }, this.canvas, this.tip, this.said);
		onResize(this.element, (width) => {
			this.width = width;
			this.layOut();
		});
	}

	/** Another tree; the root stays where it was as far as that path exists. */
	show(tree: Tree, keepRoot: boolean): void {
		const path = keepRoot && this.tree ? pathOf(this.tree, this.root) : [];
		const chosen = keepRoot && this.tree && this.chosen > 0 ? pathOf(this.tree, this.chosen) : null;
		this.tree = tree;
		this.root = follow(tree, path);
		this.chosen = chosen ? follow(tree, chosen) : -1;
		this.under = -1;
		this.tip.hidden = true;
		this.layOut();
		if (path.length) this.onRoot(pathOf(tree, this.root));
	}

	/** One byte a function: 1 is drawn strong, 0 faint; null: no search. */
	search(matches: Uint8Array | null): void {
		this.matches = matches;
		this.draw();
	}

	zoom(node: number): void {
		if (!this.tree) return;
		this.root = node;
		this.layOut();
		this.onRoot(pathOf(this.tree, node));
	}

	reset(): void {
		this.zoom(0);
	}

	/** Draw at once, as the next frame would. */
	draw(): void {
		if (this.due) return;
		this.due = requestAnimationFrame(() => {
			this.due = 0;
			this.paint();
		});
	}

	private layOut(): void {
		if (!this.tree || !this.width) return;
		this.boxes = layOut(this.tree, this.root, this.width);
		this.paint();
	}

	private paint(): void {
		const { boxes, tree, canvas, width } = this;
		if (!boxes || !tree || !width) return;
		const ctx = prepare(canvas, width, Math.max(boxes.levels, 8) * rowHeight + 1);
		if (!ctx) return;
		ctx.font = font;
		ctx.textBaseline = "middle";
		this.charWidth = ctx.measureText("0000000000").width / 10;
		this.paintBoxes(ctx, boxes, tree);
		this.paintLabels(ctx, boxes, tree);
		if (this.under >= 0) this.outline(ctx, this.under, colour("ink"), 1);
		const index = this.chosen < 0 ? -1 : this.indexOf(this.chosen);
		if (index >= 0 && document.activeElement === canvas) this.outline(ctx, index, colour("accent"), 2.5);
	}

	private isFaint(tree: Tree, node: number): boolean {
		return this.matches !== null && node > 0 && this.matches[tree.key(node)] === 0;
	}

	private paintBoxes(ctx: CanvasRenderingContext2D, boxes: Boxes, tree: Tree): void {
		const everything = colour("f-all");
		const faint = colour("f-faint");
		const found = colour("f-found");
		for (let i = 0; i < boxes.count; i++) {
			const node = boxes.node[i];
			const left = boxes.left[i];
			const width = boxes.right[i] - left;
			if (node === 0) ctx.fillStyle = everything;
			else if (this.isFaint(tree, node)) ctx.fillStyle = faint;
			else if (this.matches) ctx.fillStyle = found;
			else ctx.fillStyle = this.names.colour(tree.key(node));
			// A gap between neighbours, where there is room for one.
			ctx.fillRect(left, boxes.level[i] * rowHeight, width > 3 ? width - 1 : Math.max(width, 0.7), rowHeight - 1);
		}
	}

	private paintLabels(ctx: CanvasRenderingContext2D, boxes: Boxes, tree: Tree): void {
		const ink = colour("f-ink");
		const faint = colour("muted");
		for (let i = 0; i < boxes.count; i++) {
			const width = boxes.right[i] - boxes.left[i];
			if (width < 30) continue;
			const node = boxes.node[i];
			const name = node === 0 ? "everything" : shortName(this.names.name(tree.key(node)));
			ctx.fillStyle = this.isFaint(tree, node) ? faint : ink;
			const text = fit(name, Math.floor((width - 9) / this.charWidth));
			if (text) ctx.fillText(text, boxes.left[i] + 4, boxes.level[i] * rowHeight + rowHeight / 2);
		}
	}

	private outline(ctx: CanvasRenderingContext2D, index: number, stroke: string, width: number): void {
		const { boxes } = this;
		if (!boxes) return;
		ctx.strokeStyle = stroke;
		ctx.lineWidth = width;
		ctx.strokeRect(
			boxes.left[index] + width / 2,
			boxes.level[index] * rowHeight + width / 2,
			Math.max(boxes.right[index] - boxes.left[index] - width, 1),
			rowHeight - 1 - width,
		);
	}

	private indexOf(node: number): number {
		const { boxes } = this;
		if (!boxes) return -1;
		for (let i = 0; i < boxes.count; i++) if (boxes.node[i] === node) return i;
		return -1;
	}

	private at(x: number, y: number): number {
		const { boxes } = this;
		const level = Math.floor(y / rowHeight);
		if (!boxes) return -1;
		for (let i = 0; i < boxes.count; i++)
			if (boxes.level[i] === level && x >= boxes.left[i] && x < boxes.right[i]) return i;
		return -1;
	}

	private hover(event: PointerEvent): void {
		const index = this.at(event.offsetX, event.offsetY);
		if (index !== this.under) {
			this.under = index;
			this.canvas.style.cursor = index >= 0 ? "pointer" : "default";
			if (index >= 0 && this.tree && this.boxes) this.fillTip(this.boxes.node[index]);
			this.draw();
		}
		this.tip.hidden = index < 0;
		if (index >= 0) this.placeTip(event.offsetX, event.offsetY);
	}

	private leave(): void {
		this.under = -1;
		this.tip.hidden = true;
		this.draw();
	}

	private fillTip(node: number): void {
		if (!this.tree) return;
		const [name, ...lines] = this.names.describe(this.tree, node, this.root);
		fill(this.tip, h("strong", null, name), lines.map((line) => h("span", null, line)));
	}

	private placeTip(x: number, y: number): void {
		const { tip } = this;
		const left = Math.max(0, Math.min(x + 14, this.width - tip.offsetWidth - 4));
		// Above the pointer where it would hang out of the window below.
		const bottom = this.canvas.getBoundingClientRect().top + y + 20 + tip.offsetHeight;
		tip.style.left = `${left}px`;
		tip.style.top = `${bottom > window.innerHeight ? y - tip.offsetHeight - 10 : y + 20}px`;
	}

	private click(event: MouseEvent): void {
		const index = this.at(event.offsetX, event.offsetY);
		if (index < 0 || !this.boxes) return;
		this.chosen = this.boxes.node[index];
		this.zoom(this.boxes.node[index]);
	}

	private choose(node: number | undefined): void {
		if (node === undefined || node < 0 || !this.tree) return;
		this.chosen = node;
		fill(this.said, this.names.describe(this.tree, node, this.root).join(", "));
		const index = this.indexOf(node);
		if (index >= 0 && this.boxes) {
			this.fillTip(node);
			this.tip.hidden = false;
			this.placeTip(this.boxes.left[index], this.boxes.level[index] * rowHeight);
		}
		this.draw();
	}

	private key(event: KeyboardEvent): void {
		const { tree } = this;
		if (!tree || event.ctrlKey || event.metaKey || event.altKey) return;
		const now = this.chosen < 0 ? this.root : this.chosen;
		const beside = (step: number) => {
			const siblings = tree.parent(now) < 0 ? [now] : tree.children(tree.parent(now));
			return siblings[siblings.indexOf(now) + step];
		};
		const actions: Record<string, () => void> = {
			ArrowUp: () => this.choose(tree.parent(now)),
			ArrowDown: () => this.choose(this.chosen < 0 ? now : tree.children(now)[0]),
			ArrowLeft: () => this.choose(beside(-1)),
			ArrowRight: () => this.choose(beside(1)),
			Enter: () => this.zoom(now),
			Escape: () => this.zoom(Math.max(0, tree.parent(this.root))),
			Home: () => this.choose(this.root),
		};
		const action = actions[event.key];
		if (!action) return;
		event.preventDefault();
		action();
	}
}
