// SPDX-License-Identifier: Apache-2.0
// dhat_totals.mjs - let Valgrind's dh_view.js, the program behind dh_view.html, read a file,
// and print the totals of the tree that it builds as JSON.
//
//	node dhat_totals.mjs FILE DH_VIEW.JS
//
// The page's code checks fields and locations as it builds its tree and throws; all it wants of
// a page until then are the choices of a menu.
import { readFileSync } from "node:fs";
import vm from "node:vm";

const context = vm.createContext({
	file: JSON.parse(readFileSync(process.argv[2])),
	console, performance, document: {},
});
vm.runInContext(readFileSync(process.argv[3], "utf8"), context);
const totals = vm.runInContext(`
	gData = file;
	gSelect = { childNodes: gSelectData.map(() => ({})), selectedIndex: 0 };
	buildTree();
	({ tb: gRoot._totalBytes, tbk: gRoot._totalBlocks, gb: gRoot._atTGmaxBytes,
	   gbk: gRoot._atTGmaxBlocks, eb: gRoot._atTEndBytes, ebk: gRoot._atTEndBlocks,
	   frames: gData.ftbl.length, time: time(gData.te) })`, context);
console.log(JSON.stringify(totals));
