// SPDX-License-Identifier: Apache-2.0
//
// flame_layout.ts - where the boxes of a flame graph are.
//
// Everything above the chosen node is as wide as the graph, what is below it is as wide as
// its share, and what is narrower than a pixel is not there at all: the work depends on the
// pixels, not on the tree.
import type { Tree } from "../model/tree";

export interface Boxes {
	node: Int32Array;
	/** In pixels. */
	left: Float32Array;
	right: Float32Array;
	level: Int32Array;
	count: number;
	levels: number;
	/** Levels left out below the last. */
	cut: boolean;
}

const most = 40_000;
/** A canvas has a greatest height; deeper frames are seen by choosing one on the way. */
export const deepest = 240;

class Builder {
	readonly boxes: Boxes = {
		node: new Int32Array(most),
		left: new Float32Array(most),
		right: new Float32Array(most),
		level: new Int32Array(most),
		count: 0,
		levels: 0,
		cut: false,
	};

	add(node: number, left: number, right: number, level: number): boolean {
		const b = this.boxes;
		if (b.count >= most) return false;
		b.node[b.count] = node;
		b.left[b.count] = left;
		b.right[b.count] = right;
		b.level[b.count] = level;
		b.count += 1;
		b.levels = Math.max(b.levels, level + 1);
		return true;
	}
}

export function layOut(tree: Tree, root: number, width: number, narrowest = 0.7): Boxes {
	const builder = new Builder();
	const above: number[] = [];

	for (let n = tree.parent(root); n >= 0; n = tree.parent(n)) above.push(n);
	above.reverse().forEach((node, level) => builder.add(node, 0, width, level));
	const scale = width / Math.max(tree.total(root), 1);
	builder.add(root, 0, width, above.length);
	// Breadth first: when room runs out, the deepest are missing.
	for (let i = above.length; i < builder.boxes.count; i++) {
		const level = builder.boxes.level[i] + 1;
		let left = builder.boxes.left[i];
		// The narrowest child cannot be wider than this box: do not ask for any.
		if (builder.boxes.right[i] - left < narrowest) continue;
		if (level - above.length > deepest) {
			builder.boxes.cut = true;
			continue;
		}
		for (const child of tree.children(builder.boxes.node[i])) {
			const right = left + tree.total(child) * scale;
			if (right - left >= narrowest && !builder.add(child, left, right, level)) break;
			left = right;
		}
	}
	return builder.boxes;
}
