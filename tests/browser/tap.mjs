// SPDX-License-Identifier: Apache-2.0
//
// tap.mjs - what a test says, as tests/e2e/lib.sh says it.

let count = 0;
let failures = 0;

export function diag(text) {
	for (const line of String(text).split("\n")) console.log(`# ${line}`);
}

export function ok(holds, description, detail) {
	count += 1;
	if (!holds) failures += 1;
	console.log(`${holds ? "ok" : "not ok"} ${count} - ${description}`);
	if (!holds && detail !== undefined) diag(detail);
	return holds;
}

export function is(got, wanted, description) {
	const a = JSON.stringify(got);
	const b = JSON.stringify(wanted);
	return ok(a === b, description, `got:    ${a}\nwanted: ${b}`);
}

export function done() {
	console.log(`1..${count}`);
	return failures === 0;
}
