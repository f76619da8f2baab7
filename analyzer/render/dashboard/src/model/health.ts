// SPDX-License-Identifier: Apache-2.0
//
// health.ts - one number for the whole, by arithmetic that the page prints beside it.
//
// Four terms, each with a measure between 0 and 1 and the points that it can take from 100.
// A term whose measure the recording cannot tell takes nothing and is shown as not known.
import type { Check, Finding, Report } from "../data";
import { bytes, known, share } from "../parts/format";
import { isMemoryError } from "./findings";

export interface Term {
	name: string;
	/** What was measured, in words with its numbers; null: not known. */
	measured: string | null;
	formula: string;
	/** Points at stake, and those taken. */
	weight: number;
	taken: number;
}

export interface Health {
	value: number;
	terms: Term[];
	unknown: number;
}

const clamp = (value: number) => Math.min(1, Math.max(0, value));

function term(name: string, weight: number, formula: string, measured: string | null, measure: number): Term {
	return { name, weight, formula, measured, taken: measured === null ? 0 : weight * clamp(measure) };
}

/** The findings, where the detector could look at every process. */
function lookedFor(check: Check | null, ...detectors: string[]): Finding[] | null {
	const unable = check?.not_checked?.some((one) => detectors.includes(one.detector)) ?? check === null;
	return unable ? null : (check?.findings ?? null);
}

function errorTerm(check: Check | null): Term {
	const findings = lookedFor(check, "double_free", "invalid_free", "mismatched_free");
	const errors = findings?.filter(isMemoryError) ?? [];
	const worst = errors.some((f) => f.severity === "critical") ? 1 : errors.length ? 0.5 : 0;
	return term(
		"Memory errors",
		40,
		"1 when one is critical, 1/2 when there is any other",
		findings ? `${errors.length} found` : null,
		worst,
	);
}

function lostTerm(report: Report): Term {
	const { leaks, summary } = report;
	const peak = summary.totals.peak_memory;
	const formula = "4 \u00d7 lost bytes / peak bytes";
	// Without a pointer map nothing was classified, and nothing is known.
	if (!leaks || !known(peak) || leaks.unclassified?.blocks) return term("Lost memory", 30, formula, null, 0);
	const lost = leaks.definite.bytes + leaks.indirect.bytes;
	return term("Lost memory", 30, formula, `${bytes(lost)} of ${bytes(peak)}`, (4 * lost) / Math.max(peak, 1));
}

function growthTerm(check: Check | null): Term {
	const findings = lookedFor(check, "growth");
	const growing = findings?.filter((f) => f.detector === "growth") ?? [];
	const worst = growing.some((f) => f.severity === "high" || f.severity === "critical") ? 1 : growing.length ? 0.5 : 0;
	return term(
		"Growth",
		20,
		"1 when one is high, 1/2 when there is any other",
		findings ? `${growing.length} growing` : null,
		worst,
	);
}

function churnTerm(report: Report): Term {
	const { total_allocations: calls } = report.summary.totals;
	// Over the threads: every allocation is of one of them.
	const temporary = report.summary.threads.map((t) => t.temporary);
	const formula = "temporary allocations / allocations";
	if (!known(calls) || !temporary.every(known)) return term("Churn", 10, formula, null, 0);
	const sum = temporary.reduce((a, b) => a + b, 0);
	return term("Churn", 10, formula, share(sum, calls), sum / Math.max(calls, 1));
}

export function health(report: Report): Health {
	const { check } = report;
	const terms = [errorTerm(check), lostTerm(report), growthTerm(check), churnTerm(report)];
	const taken = terms.reduce((sum, one) => sum + one.taken, 0);
	return {
		value: Math.max(0, Math.round(100 - taken)),
		terms,
		unknown: terms.filter((one) => one.measured === null).length,
	};
}
