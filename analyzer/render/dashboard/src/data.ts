// SPDX-License-Identifier: Apache-2.0
//
// data.ts - what is in the page's data: the contract with the analyzer, and its decoding.
//
// The analyzer (facade/report_data*.c) writes JSON of this shape, gzips it and puts it
// into the page as base64.  Both sides change together.  The documents (summary, info,
// leaks, check, threads) are what the commands of these names print with --format json;
// the manual page describes them, and what is declared here is what the page reads of them.
// Any key may be missing in a log of an older recorder or null where the recording cannot
// tell: the page then says so, it never puts a zero there.

/** A figure that may be unknown; beside it an "errors" object tells estimates. */
export type Figure = number | null | undefined;

export interface Frame {
	function?: string | null;
	file?: string | null;
	line?: number | null;
	module?: string | null;
	address?: string | null;
	inlined?: boolean;
	cut?: string | null;
}

export interface ProcessHead {
	path?: string;
	pid: number;
	command: string;
	start_unix_ns: number;
	duration_ns: number;
	parent_pid?: number;
	end?: string | null;
	became?: string | null;
	stopped?: string | null;
	mode: string;
	sample_bytes?: number | null;
	cull_ns?: number | null;
	totals_only_from_ns?: number | null;
}

export type Errors = Record<string, number> | undefined;

export interface Site extends Frame {
	allocations: Figure;
	allocated: Figure;
	live_blocks: Figure;
	live_bytes: Figure;
	peak_bytes: Figure;
	peak_blocks: Figure;
	temporary: Figure;
	errors?: Errors;
	stack?: Frame[];
}

export interface Thread {
	pid: number;
	tid: number;
	name: string | null;
	begin_ns: Figure;
	end_ns: Figure;
	allocations: Figure;
	allocated: Figure;
	live_blocks: Figure;
	live_bytes: Figure;
	peak_bytes: Figure;
	temporary: Figure;
	freed_own?: Figure;
	freed_own_bytes?: Figure;
	freed_of_others?: Figure;
	freed_by_others?: Figure;
	own_peak_bytes?: Figure;
	errors?: Errors;
}

export interface Summary {
	process?: ProcessHead;
	/** Of several traces: each with a process of its own. */
	processes?: { path?: string; process: ProcessHead }[];
	filter: unknown;
	totals: Record<string, Figure> & { errors?: Errors };
	mappings?: Record<string, Figure>;
	peak_at_ns: Figure;
	peak_is_sum?: boolean;
	events: Figure;
	threads: Thread[];
	sites: Site[];
	/** How many sites there are, when "sites" has only the heaviest. */
	site_count?: number;
	lost?: Record<string, number>;
	damage?: unknown[];
}

export interface Trace {
	path: string;
	head?: Record<string, string | number>;
	process: ProcessHead;
	facts?: { key: string; value: string }[];
	modules?: { path: string; build_id?: string | null; file_differs?: boolean }[];
	windows?: Record<string, string | number | null>[];
	cost?: Record<string, number | null> | null;
	samples?: Record<string, number | null> | null;
	marks?: { name: string; at_ns: number }[];
	pointer_maps?: Record<string, string | number | null>[];
	notes?: Record<string, unknown>[];
	lost: Record<string, number>;
	damage: unknown[];
}

export interface Info {
	traces: Trace[];
}

export interface Amount {
	bytes: number;
	blocks: number;
}

export interface LeakSite extends Frame, Amount {
	kind: string;
	hanging_bytes: number;
	hanging_blocks: number;
	cycle_blocks: number;
	stack?: Frame[];
}

export interface Leaks {
	definite: Amount;
	indirect: Amount;
	possible: Amount;
	reachable: Amount;
	unclassified?: Amount;
	cycles?: Amount;
	rings?: number;
	suppressed?: Amount;
	processes?: (ProcessHead & { reason: string | null; map?: Record<string, unknown> | null })[];
	sites: LeakSite[];
	site_count?: number;
}

export type Severity = "critical" | "high" | "medium" | "low" | "info";

export interface Finding {
	detector: string;
	kind: string;
	severity: Severity;
	count: number;
	bytes: number;
	site: string | null;
	suggestion?: string | null;
	evidence?: Record<string, unknown>;
	/** Of each evidence: count, bytes, ns, share (0 to 1), real or text. */
	evidence_units?: Record<string, string>;
	stacks?: {
		what: string;
		at_ns?: number | null;
		address?: string | null;
		size?: number | null;
		call?: string | null;
		thread?: number | null;
		stack: Frame[];
	}[];
}

export interface Check {
	findings: Finding[];
	/** Findings that "findings" has not, for their number. */
	more_findings?: number;
	suppressed_findings?: number;
	not_checked?: { detector: string; pid?: number; reason: string }[];
}

export interface Threads {
	rows: Thread[];
	matrix?: MatrixCell[] | null;
}

export interface MatrixCell {
	pid?: number;
	/** Both null: all the pairs that are not listed. */
	maker: number | null;
	freer: number | null;
	blocks: number;
	bytes: number;
}

export interface Series {
	live_bytes: Figure[] | null;
	live_blocks: Figure[] | null;
	peak_bytes: Figure[] | null;
	allocations: Figure[] | null;
	frees: Figure[] | null;
	allocated: Figure[] | null;
	resident: Figure[] | null;
}

/** One entry per row; a row is a stack.  A column is null when it cannot be known. */
export interface Rows {
	node: number[];
	/** The frame (an index of frames) that the reports call the row's site, or -1. */
	site?: number[] | null;
	allocations: number[] | null;
	allocated: number[] | null;
	live_blocks: number[] | null;
	live_bytes: number[] | null;
	peak_blocks: number[] | null;
	peak_bytes: number[] | null;
	temporary: number[] | null;
	leaked_blocks: number[] | null;
	leaked_bytes: number[] | null;
}

/**
 * What each row did in each bucket: entries of bucket b are start[b] .. start[b + 1] - 1
 * (start has one entry more than there are buckets).  made and made_bytes are what was
 * allocated within the bucket (null: not recorded), live_* by how much its live blocks
 * changed (signed).
 */
export interface Slices {
	row: number[];
	made: number[] | null;
	made_bytes: number[] | null;
	live_blocks: number[];
	live_bytes: number[];
	start: number[];
}

export interface Process {
	/** null: several processes in one, of which there is nothing but rows. */
	pid: number | null;
	summed?: number;
	command: string;
	duration_ns: number;
	/** The end of each bucket: equal ones, at most 240. */
	buckets: number[];
	series: Series;
	marks: { at_ns: number; name: string }[];
	thread_rows: {
		/** null: several threads in one, as its name says. */
		tid: number | null;
		name: string | null;
		allocations: number[];
		allocated: number[];
	}[];
	rows: Rows | null;
	slices: Slices | null;
}

export interface Source {
	/** The number of lines[0]. */
	first: number;
	lines: string[];
}

export interface Report {
	version: 1;
	title: string;
	generated_by: string;
	summary: Summary;
	info: Info;
	leaks: Leaks | null;
	leaks_reason?: string | null;
	check: Check | null;
	check_reason?: string | null;
	threads: Threads | null;
	processes: Process[];
	strings: string[];
	frames: {
		function: number[];
		file: number[];
		line: number[];
		module: number[];
		/** Of what has no name. */
		address?: (string | null)[];
		/** 1 inlined, 2 the end of a cut stack. */
		flags: number[];
	};
	/**
	 * Node 0 is the root; a parent's number is below its children's.  Frame -1: what was
	 * folded into one there.
	 */
	nodes: { parent: number[]; frame: number[] };
	folded: { rows: number; bytes: number; items?: number; text: string } | null;
	/** One or more excerpts of a file, by the path that frames have. */
	sources?: Record<string, Source | Source[]> | null;
}

async function inflate(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
	const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
	return new Response(stream).text();
}

function fromBase64(text: string): Uint8Array<ArrayBuffer> {
	const binary = atob(text);
	const bytes = new Uint8Array(binary.length);

	for (let i = 0; i < binary.length; i++) bytes[i] = binary.charCodeAt(i);
	return bytes;
}

/** Decode the page's data; the error of what is no report says what a reader can do. */
export async function decode(base64: string): Promise<Report> {
	const text = base64.trim();
	if (!text || text.startsWith("@")) throw new Error("this page has no data in it");
	if (typeof DecompressionStream === "undefined")
		throw new Error("this browser is too old (it has no DecompressionStream)");
	const report = JSON.parse(await inflate(fromBase64(text))) as Report;
	if (report.version !== 1)
		throw new Error(`the report is of version ${String(report.version)}, this page reads 1`);
	return report;
}
