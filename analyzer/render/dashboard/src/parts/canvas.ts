// SPDX-License-Identifier: Apache-2.0
//
// canvas.ts - a canvas of so many pixels of the page, sharp on every screen.

/** Cleared, in units of the page's pixels; null where there is no canvas to be had. */
export function prepare(canvas: HTMLCanvasElement, width: number, height: number): CanvasRenderingContext2D | null {
	const ratio = devicePixelRatio;
	const columns = Math.round(width * ratio);
	const rows = Math.round(height * ratio);

	// Setting a size costs a new buffer, even the same size.
	if (canvas.width !== columns || canvas.height !== rows) {
		canvas.width = columns;
		canvas.height = rows;
		canvas.style.height = `${height}px`;
	}
	const ctx = canvas.getContext("2d");
	ctx?.setTransform(ratio, 0, 0, ratio, 0, 0);
	ctx?.clearRect(0, 0, width, height);
	return ctx;
}
