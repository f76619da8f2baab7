// SPDX-License-Identifier: Apache-2.0
//
// format.ts - numbers as the text report prints them (common/human.c), figures that may be
// unknown or estimates, and frames.
import type { Errors, Figure, Frame } from "../data";

function scaled(value: number, unit: number, limit: number, name: string): string | null {
	const rough = value / unit;
	const decimals = rough < 10 ? 2 : rough < 100 ? 1 : 0;
	const power = 10 ** decimals;
	const rounded = Math.floor((value * power + unit / 2) / unit);

	if (Math.floor(rounded / power) >= limit) return null;
	return `${String(rounded / power)} ${name}`;
}

const sizes = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"];

/** "512 B", "1.5 KiB", "23.4 MiB"; a sign only when it is negative. */
export function bytes(value: number): string {
	if (value < 0) return `\u2212${bytes(-value)}`;
	for (let i = 0; i < sizes.length; i++) {
		const text = scaled(Math.round(value), 1024 ** i, 1024, sizes[i]);
		if (text) return text;
	}
	return `${value} B`;
}

/** "0 ns", "12.3 us", "830 ms", "12.5 s", "3 min 20 s", "2 h 5 min". */
export function time(ns: number): string {
	const short =
		scaled(ns, 1, 1000, "ns") ??
		scaled(ns, 1e3, 1000, "us") ??
		scaled(ns, 1e6, 1000, "ms") ??
		scaled(ns, 1e9, 60, "s");
	if (short) return short;
	const s = Math.round(ns / 1e9);
	if (s < 3600) return `${Math.floor(s / 60)} min${s % 60 ? ` ${s % 60} s` : ""}`;
	const minutes = Math.floor((s + 30) / 60);
	const rest = minutes % 60;
	return `${Math.floor(minutes / 60)} h${rest ? ` ${rest} min` : ""}`;
}

/** "1,234,567" */
export function count(value: number): string {
	const digits = String(Math.round(Math.abs(value))).replace(/\B(?=(\d{3})+$)/g, ",");
	return value < 0 ? `\u2212${digits}` : digits;
}

export function signed(value: number, format: (value: number) => string): string {
	return value > 0 ? `+${format(value)}` : format(value);
}

/** "12.5 %", "<0.1 %" */
export function share(part: number, whole: number): string {
	if (!whole) return "0.0 %";
	const tenths = Math.round((part / whole) * 1000);
	if (part > 0 && tenths === 0) return "<0.1 %";
	return `${(tenths / 10).toFixed(1)} %`;
}

export function known(value: Figure): value is number {
	return typeof value === "number";
}

/** A figure by its format: "~" before an estimate, a dash for what cannot be known. */
export function figure(
	value: Figure,
	format: (value: number) => string,
	errors?: Errors,
	key?: string,
): string {
	if (!known(value)) return "\u2013";
	return (errors && key && key in errors ? "~" : "") + format(value);
}

export function plural(n: number, one: string, many = `${one}s`): string {
	return `${count(n)} ${n === 1 ? one : many}`;
}

export function date(unixNs: number): string {
	// What a log says may be no date that there is.
	if (!(Math.abs(unixNs) < 8e21)) return "at a time that is not known";
	const text = new Date(unixNs / 1e6).toISOString();
	return `${text.slice(0, 10)} ${text.slice(11, 19)} UTC`;
}

export function baseName(path: string | null | undefined): string {
	if (!path) return "";
	const slash = path.lastIndexOf("/");
	return slash >= 0 && slash + 1 < path.length ? path.slice(slash + 1) : path;
}

export function frameName(frame: Frame): string {
	if (frame.cut) return `(not seen further: ${frame.cut})`;
	if (frame.function) return frame.function;
	if (frame.module) return `${baseName(frame.module)}${frame.address ? `+${frame.address}` : ""}`;
	return frame.address ?? "(no stack was recorded)";
}

/** "value.c:123", "[libc.so.6]" or "". */
export function framePlace(frame: Frame): string {
	if (frame.file) return baseName(frame.file) + (frame.line ? `:${frame.line}` : "");
	return frame.function && frame.module ? `[${baseName(frame.module)}]` : "";
}
