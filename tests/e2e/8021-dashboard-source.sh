# SPDX-License-Identifier: Apache-2.0
# The dashboard's sources: their types hold, and numbers read as the analyzer's own do.
. "$(dirname "$0")/lib.sh"

tree=$root/build/dashboard/tree/analyzer/render/dashboard
tools=$root/build/browser
command -v npm >/dev/null || skip_all "no npm"
[ -d "$tree/node_modules/uplot" ] || skip_all "the analyzer was built without its dashboard"
export MS_BROWSER_TOOLS="$tools" HOME="$tmp"
"$root/tests/browser/install" "$tools" || { echo "Bail out! no TypeScript"; exit 1; }

"$tools/node_modules/.bin/tsc" --noEmit -p "$tree" >out 2>&1
is "$? $(cat out)" "0 " "types hold, strictly"

# Around each change of unit and of digits, and some in between.
values=$(awk 'BEGIN {
	srand(8021)
	for (unit = 1; unit < 1e15; unit *= 1000) add(unit)
	for (unit = 1; unit < 1e15; unit *= 1024) add(unit)
	for (i = 0; i < 200; i++) printf "%d ", exp(rand() * log(8e15))
	printf "59994999999 59995000000 59999999999 60000000000 3599499999999 3599500000000 3600000000000 86400000000000\n"
}
function add(unit, factor) {
	for (factor = 1; factor <= 1000; factor *= 10)
		printf "%d %d %d %d ", unit * factor, unit * factor - 1, unit * factor * 1.005, unit * factor * 9.995
}')
node "$root/tests/browser/formats.mjs" "$tree" $values >page.txt
recorded "$tmp/small.bin" "$targets/demo_app" >/dev/null
list=$(printf "('%s'),"  $values)
"$analyze" query --format csv small.bin "WITH v(n) AS (VALUES ${list%,}) SELECT n || '|' || human_size(CAST(n AS INTEGER)) || '|' || human_time(CAST(n AS INTEGER)) FROM v" |
	tail -n +2 | tr -d '"\r' >analyzer.txt
ok "some hundred numbers" [ "$(wc -l <analyzer.txt)" -gt 200 ]
same page.txt analyzer.txt "sizes and times read as the analyzer prints them"
done_testing
