# SPDX-License-Identifier: Apache-2.0
# The dashboard in a browser: each view, its figures, a brush, a search, a sort, a slider,
# keys, colours, paper; no request leaves it, and no name of a log is anything but text.
#
# Pictures of each view stay in build/screenshots.
. "$(dirname "$0")/lib.sh"

dashboard=$root/analyzer/render/dashboard
page=$root/build/dashboard/index.html
tools=$root/build/browser
MS_CHROMIUM=$(command -v chromium) || skip_all "no chromium"
command -v npm >/dev/null || skip_all "no npm"
[ -s "$page" ] || skip_all "the analyzer was built without its dashboard"
export MS_CHROMIUM MS_BROWSER_TOOLS="$tools" HOME="$tmp"
"$root/tests/browser/install" "$tools" || { echo "Bail out! no playwright-core"; exit 1; }

# report NAME LOG...: the page, and what the commands print of the same.
report() {
	name=$1
	shift
	"$analyze" render --format html -o "$name.html" "$@" || return 1
	for command in summary info leaks check threads; do
		"$analyze" "$command" --format json "$@" >"$name.$command.json"
	done
}

recorded "$tmp/demo.bin" "$targets/demo_app" >out 2>&1
report demo demo.bin || { cat out; echo "Bail out! no report"; exit 1; }

cat >words.cc <<'END'
#include <iostream>
#include <map>
#include <string>
int main() { std::map<std::string, int> m; for (std::string w; std::cin >> w;) m[w]++; std::cout << m.size() << "\n"; }
END
MEMSCOPE_OUTPUT="$tmp/gxx.%e.%p.bin" LD_PRELOAD="$recorder" g++ -O1 -o words words.cc 2>out
report gxx gxx.cc1plus.*.bin || { cat out; echo "Bail out! no report"; exit 1; }
node "$dashboard/fixture/make.mjs" --rows 500 --page "$page" --out hostile.html >out || { cat out; echo "Bail out! no report"; exit 1; }

node "$root/tests/browser/drive.mjs" "$root/build/screenshots" "$tmp/hostile" "$tmp/demo" "$tmp/gxx"
