// SPDX-License-Identifier: Apache-2.0
//
// tree.ts - stacks as a tree of functions with a value each, from either end.
//
// A drawn graph shows frames that are a pixel wide or more; so children are asked for, not
// given.  Top-down has all its nodes from the start (one walk sums them up); bottom-up makes
// a node's children when it is asked for them, which is only for what is wide enough: a new
// range costs one walk over the rows.
import type { Report } from "../data";
import type { Frames } from "./frames";

export interface Tree {
	/** Of node 0, which stands for everything. */
	total(node: number): number;
	key(node: number): number;
	parent(node: number): number;
	/** The heaviest of the whole run first, so that they stay in place when the range moves. */
	children(node: number): readonly number[];
}

/** The stacks' own tree, lines of a function made one. */
export class Stacks {
	readonly parent: number[] = [-1];
	readonly key: number[] = [-1];
	/** The node here of each node of the report. */
	readonly node: Int32Array;
	readonly children: number[][] = [[]];

	constructor(report: Report, frames: Frames) {
		const { parent, frame } = report.nodes;
		const known = new Map<number, number>();
		const keys = frames.sample.length;

		this.node = new Int32Array(parent.length);
		for (let i = 1; i < parent.length; i++) {
			const above = this.node[parent[i]];
			const key = frames.keyOf(frame[i]);
			const full = above * keys + key;
			let id = known.get(full);
			if (id === undefined) {
				id = this.parent.push(above) - 1;
				this.key.push(key);
				this.children.push([]);
				this.children[above].push(id);
				known.set(full, id);
			}
			this.node[i] = id;
		}
	}
}

/** What is in each node and below it; values has one entry a row, those below 0 count as 0. */
function totals(stacks: Stacks, rowNodes: readonly number[], values: Float64Array): Float64Array {
	const out = new Float64Array(stacks.parent.length);

	for (let r = 0; r < values.length; r++)
		if (values[r] > 0) out[stacks.node[rowNodes[r]]] += values[r];
	for (let i = out.length - 1; i > 0; i--) out[stacks.parent[i]] += out[i];
	return out;
}

export class TopDown implements Tree {
	private readonly sums: Float64Array;

	/** order: values by which children stand, those of the whole run. */
	constructor(
		private readonly stacks: Stacks,
		rowNodes: readonly number[],
		values: Float64Array,
		private readonly order: Float64Array | null = null,
	) {
		this.sums = totals(stacks, rowNodes, values);
	}

	get all(): Float64Array {
		return this.sums;
	}

	total(node: number): number {
		return this.sums[node];
	}

	key(node: number): number {
		return this.stacks.key[node];
	}

	parent(node: number): number {
		return this.stacks.parent[node];
	}

	children(node: number): readonly number[] {
		const order = this.order ?? this.sums;
		const all = this.stacks.children[node].filter((child) => this.sums[child] > 0);
		return all.sort((a, b) => order[b] - order[a] || a - b);
	}
}

/** Each node is a function; its children are who called it. */
export class BottomUp implements Tree {
	private readonly keys: number[] = [-1];
	private readonly parents: number[] = [-1];
	private readonly sums: number[] = [];
	private readonly made: (readonly number[] | undefined)[] = [undefined];
	/** The stacks of each node: where in them it stands, and what it weighs there. */
	private readonly places: (readonly number[])[] = [];
	private readonly weights: (readonly number[])[] = [];

	constructor(
		private readonly stacks: Stacks,
		rowNodes: readonly number[],
		values: Float64Array,
	) {
		const chosen: number[] = [];
		for (let r = 0; r < values.length; r++) if (values[r] > 0) chosen.push(r);
		this.places.push(chosen.map((r) => stacks.node[rowNodes[r]]));
		this.weights.push(chosen.map((r) => values[r]));
		this.sums.push(this.weights[0].reduce((a, b) => a + b, 0));
	}

	total(node: number): number {
		return this.sums[node];
	}

	key(node: number): number {
		return this.keys[node];
	}

	parent(node: number): number {
		return this.parents[node];
	}

	children(node: number): readonly number[] {
		return (this.made[node] ??= this.expand(node));
	}

	private expand(node: number): readonly number[] {
		const { stacks } = this;
		const places = this.places[node];
		const weights = this.weights[node];
		const groups = new Map<number, { places: number[]; weights: number[]; sum: number }>();

		for (let i = 0; i < places.length; i++) {
			// The children of everything are the innermost functions themselves.
			const at = node === 0 ? places[i] : stacks.parent[places[i]];
			if (at <= 0) continue;
			let group = groups.get(stacks.key[at]);
			if (!group) groups.set(stacks.key[at], (group = { places: [], weights: [], sum: 0 }));
			group.places.push(at);
			group.weights.push(weights[i]);
			group.sum += weights[i];
		}
		return [...groups]
			.sort((a, b) => b[1].sum - a[1].sum || a[0] - b[0])
			.map(([key, group]) => this.add(node, key, group));
	}

	private add(parent: number, key: number, group: { places: number[]; weights: number[]; sum: number }): number {
		this.keys.push(key);
		this.parents.push(parent);
		this.made.push(undefined);
		this.places.push(group.places);
		this.weights.push(group.weights);
		return this.sums.push(group.sum) - 1;
	}
}

/** What the stacks weigh that a matching function is part of: each stack once. */
export function matchedTotal(stacks: Stacks, sums: Float64Array, matches: Uint8Array): number {
	const below = new Uint8Array(sums.length);
	let found = 0;

	for (let i = 1; i < sums.length; i++) {
		const covered = below[stacks.parent[i]];
		if (matches[stacks.key[i]] && !covered) found += sums[i];
		below[i] = covered || matches[stacks.key[i]];
	}
	return found;
}

/** The functions from everything down to node, without everything. */
export function pathOf(tree: Tree, node: number): number[] {
	const path: number[] = [];
	for (let n = node; n > 0; n = tree.parent(n)) path.push(tree.key(n));
	return path.reverse();
}

/** The node at the end of the path, or as far along it as the tree goes. */
export function follow(tree: Tree, path: readonly number[]): number {
	let node = 0;
	for (const key of path) {
		const next = tree.children(node).find((child) => tree.key(child) === key);
		if (next === undefined) break;
		node = next;
	}
	return node;
}
