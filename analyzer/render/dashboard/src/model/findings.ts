// SPDX-License-Identifier: Apache-2.0
//
// findings.ts - findings in words, with the figures that they rest on.
import type { Finding, Report, Severity } from "../data";
import { baseName, bytes, count, figure, frameName, framePlace, known, plural, share, time } from "../parts/format";

const order: readonly Severity[] = ["critical", "high", "medium", "low", "info"];

/** Detectors whose findings are errors of the program, not waste: those of the Safety view. */
const memoryErrors = new Set([
	"double_free", "invalid_free", "mismatched_free", "cross_module_free", "overflow", "use_after_free",
]);

/** What a detector's findings say; others say their name and kind. */
const words: Record<string, (f: Finding) => string> = {
	leak: (f) => `${plural(f.count, "block")} of ${bytes(f.bytes)} in all ${f.kind === "possible" ? "may be" : "are"} lost`,
	double_free: (f) => `Freed twice, ${plural(f.count, "time")}`,
	invalid_free: (f) => `Freed what is no block (${f.kind.replaceAll("_", " ")}), ${plural(f.count, "time")}`,
	mismatched_free: (f) => `Allocated and freed by functions that do not belong together (${f.kind}), ${plural(f.count, "time")}`,
	cross_module_free: (f) => `Freed by another module than allocated it, ${plural(f.count, "time")}`,
	growth: () => "Live bytes keep rising",
	churn: (f) => `${plural(f.count, "allocation")} lived for a moment only`,
	realloc_chain: () => "A block grows by constant steps, copied each time",
	failed: (f) => `${plural(f.count, "allocation")} failed`,
	zero_size: (f) => `${plural(f.count, "allocation")} of zero bytes`,
	huge: (f) => `${plural(f.count, "very large request")}, ${bytes(f.bytes)} in all`,
	oversize: (f) => `${bytes(f.bytes)} given beyond what was asked for`,
	cross_thread_free: (f) => `${plural(f.count, "block")} freed by another thread than made them`,
	unbalanced_threads: () => "One thread makes most of the allocations",
	burst: () => "A short stretch does much of the work",
	fragmentation: () => "Memory stays resident after the heap shrank",
};

export function isMemoryError(finding: Finding): boolean {
	return memoryErrors.has(finding.detector);
}

export function sentence(finding: Finding): string {
	const say = words[finding.detector];
	return say ? say(finding) : `${finding.detector.replaceAll("_", " ")}: ${finding.kind.replaceAll("_", " ")}`;
}

export function bySeverity(findings: readonly Finding[]): Finding[] {
	return [...findings].sort((a, b) => order.indexOf(a.severity) - order.indexOf(b.severity) || b.bytes - a.bytes);
}

const units: Record<string, (value: number) => string> = {
	count,
	bytes,
	ns: time,
	share: (value) => share(value, 1),
	real: (value) => String(Number(value.toPrecision(3))),
};

/** Name and value of each figure of a finding. */
export function evidence(finding: Finding): [string, string][] {
	return Object.entries(finding.evidence ?? {})
		.filter(([, value]) => value !== null && typeof value !== "object")
		.map(([name, value]) => {
			const unit = finding.evidence_units?.[name] ?? "";
			const text = typeof value === "number" && Object.hasOwn(units, unit) ? units[unit](value) : String(value);
			return [name.replace(/_(ns|bytes|share)$/, "").replaceAll("_", " "), text];
		});
}

export interface Remark {
	severity: Severity | "fact";
	text: string;
	where: string;
	evidence: string;
	/** The view that tells more. */
	view: string;
}

function viewOf(finding: Finding): string {
	if (finding.detector === "leak" || finding.detector === "growth") return "leaks";
	if (finding.detector === "cross_thread_free" || finding.detector === "unbalanced_threads") return "threads";
	return "safety";
}

function ofFinding(finding: Finding): Remark {
	return {
		severity: finding.severity,
		text: sentence(finding),
		where: finding.site ?? "",
		evidence: evidence(finding)
			.slice(0, 4)
			.map(([name, value]) => `${name} ${value}`)
			.join(", "),
		view: viewOf(finding),
	};
}

/* What the totals alone say; each only where its figures are known. */

function heaviest(report: Report): Remark | null {
	const { sites, totals } = report.summary;
	const peak = totals.peak_memory;
	const best = [...sites].sort((a, b) => (b.peak_bytes ?? 0) - (a.peak_bytes ?? 0))[0];
	if (!best || !known(best.peak_bytes) || !known(peak) || peak === 0) return null;
	return {
		severity: "fact",
		text: `One site holds ${share(best.peak_bytes, peak)} of the peak`,
		where: `${frameName(best)} ${framePlace(best)}`,
		evidence: `${bytes(best.peak_bytes)} in ${figure(best.peak_blocks, (n) => plural(n, "block"))}, peak ${bytes(peak)}`,
		view: "flame",
	};
}

function lost(report: Report): Remark | null {
	const { leaks } = report;
	const first = leaks?.sites.find((site) => site.kind === "definite");
	if (!leaks || !first || report.check?.findings.some((f) => f.detector === "leak")) return null;
	return {
		severity: "fact",
		text: `${bytes(leaks.definite.bytes + leaks.indirect.bytes)} are lost: nothing points to them any more`,
		where: `${frameName(first)} ${framePlace(first)}`,
		evidence: `${plural(leaks.definite.blocks, "block")} definitely, ${count(leaks.indirect.blocks)} hang on them`,
		view: "leaks",
	};
}

function churn(report: Report): Remark | null {
	const calls = report.summary.totals.total_allocations;
	const temporary = report.summary.threads.map((t) => t.temporary);
	if (!known(calls) || calls < 1000 || !temporary.every(known)) return null;
	const sum = temporary.reduce((a, b) => a + b, 0);
	const best = [...report.summary.sites].sort((a, b) => (b.temporary ?? 0) - (a.temporary ?? 0))[0];
	if (sum < calls / 20 || report.check?.findings.some((f) => f.detector === "churn")) return null;
	return {
		severity: "fact",
		text: `${share(sum, calls)} of all allocations are temporary: freed before their thread's next`,
		where: best ? `${frameName(best)} ${framePlace(best)}` : "",
		evidence: `${count(sum)} of ${count(calls)} calls`,
		view: "sites",
	};
}

function resident(report: Report): Remark | null {
	const peak = report.summary.totals.peak_memory;
	const largest = report.info.traces[0]?.samples?.largest_resident_bytes;
	if (report.info.traces.length !== 1 || !known(largest) || !known(peak) || !peak) return null;
	return {
		severity: "fact",
		text: `The process held ${bytes(largest)} of memory, its heap ${bytes(peak)} at the peak`,
		where: baseName(report.info.traces[0].process.command.split(" ")[0]),
		evidence: "resident memory includes code, stacks and the allocator's own",
		view: "time",
	};
}

/** What is worth reading first, the worst first. */
export function remarks(report: Report, most: number): Remark[] {
	const found = bySeverity(report.check?.findings ?? []).filter((f) => f.severity !== "info").map(ofFinding);
	const facts = [lost(report), heaviest(report), churn(report), resident(report)].filter((one) => one !== null);
	const chosen = [...found.slice(0, most - Math.min(2, facts.length)), ...facts].slice(0, most);
	const rank = (one: Remark) => (one.severity === "fact" ? order.length : order.indexOf(one.severity));
	return chosen.sort((a, b) => rank(a) - rank(b));
}
