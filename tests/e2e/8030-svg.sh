# SPDX-License-Identifier: Apache-2.0
# Flame graphs as SVG: well-formed, with the totals of the other commands, whatever names
# the log has.
. "$(dirname "$0")/lib.sh"
command -v xmllint >/dev/null || skip_all "no xmllint"

svg() { "$analyze" render --format svg "$@"; }
well_formed() { xmllint --noout "$@"; }
root_value() { sed -n 's/.* data-total="\([0-9]*\)".*/\1/p' "$1"; } # FILE
before_value() { sed -n 's/.* data-before="\([0-9]*\)".*/\1/p' "$1"; }
recorded demo.bin "$targets/demo_app" >/dev/null
recorded demo2.bin "$targets/demo_app" >/dev/null

# every metric is that of summary and leaks
"$analyze" summary --format json demo.bin >summary.json
"$analyze" leaks --format json demo.bin >leaks.json
total() { jq "$2" "$1"; }
while read -r metric file filter; do
	svg --metric "$metric" -o a.svg demo.bin
	ok "$metric: well-formed" well_formed a.svg
	is "$(root_value a.svg)" "$(total "$file" "$filter")" "$metric: the total is that of $file"
done <<'END'
peak summary.json .totals.peak_memory
live summary.json .totals.current_memory
allocated summary.json .totals.total_allocated
calls summary.json .totals.total_allocations+.totals.total_reallocations
leaked leaks.json .definite.bytes+.indirect.bytes
END
for options in "--inverted" "--at 50% --metric live" "--from 10% --to 60% --metric allocated" "--function worker --width 700"; do
	# shellcheck disable=SC2086 # the options are several words
	svg $options -o a.svg demo.bin
	ok "$options: well-formed" well_formed a.svg
	# shellcheck disable=SC2046,SC2086
	"$analyze" render --format folded $(echo "$options" | sed 's/--inverted//; s/--width 700//') demo.bin |
		awk '{ s += $NF } END { print s + 0 }' >sum
	is "$(root_value a.svg)" "$(cat sum)" "$options: the total is that of folded"
done
grep -q 'width="700"' a.svg
is $? 0 "a width"
svg --title 'one & "two" <three>' demo.bin >a.svg
is "$(xmllint --xpath 'string(/*[local-name()="svg"]/*[local-name()="title"])' a.svg)" 'one & "two" <three>' "a title"
svg demo.bin >b.svg
svg --threads 1 demo.bin | cmp - b.svg
is $? 0 "one log, one picture"

# what changed is what diff says
for options in "--from 30% --to 70%" "--from 20%" "--to 45% --size 100.."; do
	# shellcheck disable=SC2086
	"$analyze" diff --format json --by stack $options demo.bin >diff.json
	# shellcheck disable=SC2086
	svg --diff $options -o d.svg demo.bin
	ok "--diff $options: well-formed" well_formed d.svg
	is "$(before_value d.svg) $(root_value d.svg)" "$(jq -r '.change | "\(.before_bytes) \(.after_bytes)"' diff.json)" "--diff $options: as diff has it"
done
"$analyze" diff --format json --by stack --size 100.. demo.bin demo2.bin >diff.json
svg --diff --size 100.. -o d.svg demo.bin demo2.bin
ok "two traces: well-formed" well_formed d.svg
is "$(before_value d.svg) $(root_value d.svg)" "$(jq -r '.change | "\(.before_bytes) \(.after_bytes)"' diff.json)" "two traces: as diff has it"
svg --diff -o d.svg demo.bin demo.bin
is "$(grep -c '<g class="f [rb]' d.svg)" 0 "a trace beside itself: nothing is red or blue"
ok "but there are frames" grep -q '<g class="f w"' d.svg
svg --diff --from start --to 70% -o d.svg demo.bin
is "$(grep '<g class="f' d.svg | grep -vc 'f r4')" 0 "from the start all is new"
ok "the legend has numbers" grep -q '>50 %<' d.svg

# wrong usage
wrong() { # WHAT OPTIONS...
	what=$1
	shift
	"$analyze" render "$@" -o none >out 2>err
	is "$? $(wc -l <err) $([ -e none ]; echo $?)" "2 1 1" "refused: $what"
}
wrong "--diff of three traces" --format svg --diff demo.bin demo2.bin demo.bin
wrong "--diff of instants with --at" --format svg --diff --at 50% demo.bin
wrong "a width of 10" --format svg --width 10 demo.bin
wrong "--inverted of folded" --format folded --inverted demo.bin
wrong "--no-sources" --format svg --no-sources demo.bin

# names that want to be markup
cat >evil.c <<'END'
#include <stdlib.h>
__attribute__((noinline)) void *evil(unsigned long n) { void *p = malloc(n); __asm__ volatile("" : : "r"(p)); return p; }
int main(void) { void *p = evil(100000), *q = evil(5); return p == q; }
END
cc -g0 -O1 -c evil.c
objcopy --redefine-sym evil="$(printf '</title><img onerror=alert(1)>]]>&"\001\377')" evil.o
cc -o 'evil]]>' evil.o
recorded evil.bin "./evil]]>" '<script>alert(2)</script>' '"&' >/dev/null 2>&1
svg -o evil.svg evil.bin
ok "hostile names: well-formed" well_formed evil.svg
is "$(xmllint --xpath 'concat(count(//*[local-name()="img"]), " ", count(//*[local-name()="script"]))' evil.svg)" "0 1" "and no element of theirs"
ok "but they are there" grep -qF '&lt;/title&gt;&lt;img onerror=alert(1)&gt;]]&gt;&amp;&quot;\x01\xff' evil.svg
svg --diff --from start -o evil-diff.svg evil.bin
ok "changes of hostile names: well-formed" well_formed evil-diff.svg

# in a browser
svg -o plain.svg demo.bin
if MS_CHROMIUM=$(command -v chromium) && command -v npm >/dev/null; then
	export MS_CHROMIUM MS_BROWSER_TOOLS="$root/build/browser" HOME="$tmp"
	if "$root/tests/browser/install" "$MS_BROWSER_TOOLS" && node "$root/tests/browser/svg.mjs" "$tmp/plain.svg" "$tmp/evil.svg" >browser.out 2>&1; then
		ok "a browser: $(grep -c '^ok' browser.out) tests hold" true
	else
		sed 's/^/# /' browser.out
		ok "a browser" false
	fi
else
	skip "no chromium or no npm" "a browser"
fi
done_testing
