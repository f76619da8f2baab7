# SPDX-License-Identifier: Apache-2.0
# The gate: budgets of processes and of sites, findings, baselines, exits.
. "$(dirname "$0")/lib.sh"

gate() { timeout 60 "$analyze" gate "$@" >out 2>err; echo $?; }
has() { ok "$2" grep -qE -- "$1" out; }
hasnt() { ok "$2" eval '! grep -qE -- "$1" out'; }
got() { jq -r ".checks[] | select(.check == \"$1\") | .got" <out; }

recorded demo.bin "$targets/demo_app" >/dev/null
recorded clean.bin /bin/true

# --- budgets: the figures are those of the other commands
leaked=$("$analyze" leaks --format json demo.bin | jq '.definite.bytes + .indirect.bytes')
blocks=$("$analyze" leaks --format json demo.bin | jq '.definite.blocks + .indirect.blocks')
unfreed=$(field demo.bin .totals.current_memory)
peak=$(field demo.bin .totals.peak_memory)
calls=$(field demo.bin '.totals.total_allocations + .totals.total_reallocations')
temporary=$(field demo.bin '[.sites[].temporary] | add')
ok "the demo leaks" [ "$leaked" -gt 100000 ]
while read -r metric figure; do
	is "$(gate "--max-$metric" "$figure" demo.bin)" 0 "$metric: as much as is there passes"
	has "^  PASS  max-$metric " "$metric: one line says so"
	is "$(gate "--max-$metric" $((figure - 1)) demo.bin)" 1 "$metric: one more fails"
	has "^  FAIL  max-$metric " "$metric: one line says so"
	is "$(gate "--max-$metric" "$figure" --format json demo.bin) $(got "max-$metric")" "0 $figure" "$metric in JSON"
done <<EOF
leaked $leaked
leaked-blocks $blocks
unfreed $unfreed
peak $peak
allocations $calls
temporary $temporary
live $unfreed
EOF
is "$(gate --max-temporary 1% demo.bin)" 1 "a share"
has "FAIL  max-temporary +[0-9.]+ %, at most 1.0 %" "a share is told as one"
is "$(gate --max-temporary 99% demo.bin)" 0 "a large share"
at_peak=$("$analyze" snapshot --at peak --format json demo.bin | jq .totals.current_memory)
is "$(gate --max-live "$at_peak@peak" demo.bin)" 0 "live at the peak"
is "$(gate --max-live "$((at_peak - 1))@peak" demo.bin)" 1 "live at the peak, one more"
is "$(gate --max-leaked 1K --max-peak 1G --max-allocations 5 demo.bin)" 1 "three budgets"
is "$(grep -c '^  PASS' out) $(grep -c '^  FAIL' out)" "1 2" "each has its line"
has "^gate FAILED: 1 checks passed, 2 failed" "and the sum"
has "begin_session +demo_app.c:[0-9]+" "who is to blame"
hasnt "\[libc|valgrind" "nothing else"

# --- budgets of sites
cat >budgets <<'EOF'
# who             what         how much
begin_session     leaked       1KiB   # the leak
"cache_put .*c:5" peak         100MiB

append            temporary    0
no_such_function  peak         1
EOF
is "$(gate --budget budgets demo.bin)" 1 "a file of budgets"
has "FAIL  max-leaked of begin_session \(budgets:2\) +$(echo) *[0-9.]+ KiB, at most 1 KiB" "a site over its budget"
has "PASS  max-peak of cache_put .\*c:5 \(budgets:3\)" "a site within"
has "^note: budgets:6: no site matches 'no_such_function'" "a pattern of nobody"
hasnt "budgets:6: no site matches 'append'" "not of somebody"
sed -i s/1KiB/100MiB/ budgets
is "$(gate --budget budgets demo.bin)" 0 "a file whose budgets are kept"
printf 'a peak\n' >broken
is "$(gate --budget broken demo.bin) $(wc -l <err)" "2 1" "a broken line"
ok "is named" grep -q 'broken:1: ' err
is "$(gate --budget none demo.bin)" 2 "no such file"
is "$(gate --max-peak lots demo.bin)" 2 "no size"
is "$(gate --fail-on nonsense demo.bin)" 2 "no detector"
ok "is named" grep -q "nonsense" err

# --- findings
is "$(gate clean.bin)" 0 "nothing asked for: a clean program passes"
is "$(grep -c '^  PASS  fail-on' out)" 4 "on four counts"
is "$(gate demo.bin)" 1 "nothing asked for: a leak fails"
has "^leak \(definite\): .*\[high\]" "the finding"
has "begin_session +demo_app.c" "its stack"
is "$(gate --fail-on double_free,invalid_free demo.bin)" 0 "another kind is not there"
is "$(gate --fail-on critical demo.bin)" 0 "nothing critical"
is "$(gate --fail-on high demo.bin)" 1 "but something high"
recorded possible.bin "$targets/leak_truth" middle
is "$(gate --fail-on leak possible.bin)" 0 "leak: what is definite"
is "$(gate --fail-on leak:possible possible.bin)" 1 "leak:possible"

# --- what a log cannot tell
MEMSCOPE_HEAPMAP=off recorded off.bin "$targets/plain" 10 >/dev/null
is "$(gate --max-leaked 1G off.bin)" 1 "no pointer map: a budget of leaks fails"
has "not known: no pointer map: .*MEMSCOPE_HEAPMAP=off" "and says why"
is "$(gate --fail-on leak off.bin)" 1 "so does the finding"
is "$(gate --max-peak 1G off.bin)" 0 "others do not need it"
MEMSCOPE_MODE=counters recorded counters.bin "$targets/demo_app" >/dev/null
is "$(gate --max-allocations "$calls" counters.bin)" 0 "counters: calls are known"
is "$(gate --max-peak 1G counters.bin)" 1 "counters: the peak is not"
has "not known: the mode counters does not record it" "and says why"
is "$(gate --budget budgets counters.bin)" 1 "counters: no sites"
MEMSCOPE_MODE=sample recorded sample.bin "$targets/demo_app" >/dev/null
is "$(gate --max-peak 1G sample.bin)" 0 "samples: an estimate"
has "about [0-9.]+ [KM]iB, at most 1 GiB" "is told as one"
recorded exec.%p.bin sh -c 'exec true'
exec_log=$(ls exec.*.bin | grep -vE '\.1\.bin')
is "$(gate --max-leaked 0 "$exec_log")" 0 "a program that became another one"
has "SKIP  max-leaked +not known: the program became another" "is skipped"

# --- many processes
recorded family.%p.bin sh -c "$targets/plain 10; $targets/demo_app; $targets/demo_app" >/dev/null
is "$(gate --max-leaked 1K family.*.bin)" 1 "a family"
is "$(grep -c '^FAILED ' out)" 2 "those that fail are named"
is "$(grep -c '^passed ' out)" "$(($(ls family.*.bin | wc -l) - 2))" "the others take a line each"
is "$(gate family.*.bin)" 1 "findings of a family"
is "$(grep -cE '^leak .definite.: (4,000|3,9[0-9]{2}) times' out)" 1 "a site of both is told once, with its sum"
has " and 1 more process" "with how many have it"
is "$(gate --max-unfreed $((unfreed + unfreed / 2)) family.*.bin)" 0 "a budget is of each process"
is "$(gate --sum --max-unfreed $((unfreed + unfreed / 2)) family.*.bin)" 1 "--sum: of all"
has "FAILED  all processes together" "which is said"

# --- damage
head -c $(($(wc -c <demo.bin) - 5000)) demo.bin >cut.bin
is "$(gate --max-peak 1G cut.bin)" 3 "a damaged log that passes"
ok "what is damaged is said" grep -q 'cut.bin: at byte' err
is "$(gate --max-peak 1K cut.bin)" 1 "a damaged log that fails"
echo nothing >none.bin
is "$(gate none.bin)" 2 "no log"
is "$(gate)" 2 "none at all"

# --- baselines
is "$(gate --write-baseline base demo.bin) $(wc -c <out)" "0 0" "a baseline is written, nothing is judged"
is "$(head -n 1 base)" "memscope-baseline 1" "its head"
is "$(awk -F'\t' '$6 == "(total)" { print $1, $2, $3, $4, $5 }' base)" "$leaked $unfreed $peak $calls $temporary" \
	"its totals are those of the other commands"
is "$(awk -F'\t' '$6 == "begin_session demo_app.c" { print $1, $2 }' base)" "$leaked $leaked" "a site"
ok "no address, no line, no path" eval '! grep -qE "0x|:[0-9]|/" base'
is "$(tail -n +4 base | head -n -1 | cut -f 6 | LC_ALL=C sort -c 2>&1)" "" "sorted"
"$analyze" gate --write-baseline again demo.bin
same base again "the same again"
is "$(gate --baseline base demo.bin)" 0 "against itself"
is "$(gate --baseline demo.bin --tolerance 0%,0,0 demo.bin)" 0 "against its log, nothing tolerated"
recorded demo2.bin "$targets/demo_app" >/dev/null
is "$(gate --baseline base demo2.bin)" 0 "the next run of the same"
sed 's/^[0-9]*\(.*begin_session\)/0\1/' base >stricter
is "$(gate --baseline stricter demo.bin)" 1 "a leak that was not there"
has "FAIL  baseline-leaked .*, 1 site grew" "is counted"
has "site begin_session demo_app.c" "and named"
grep -v cache_put base >without
is "$(gate --baseline without demo.bin)" 1 "a site that is new"
has "5,000 allocations, of which the baseline has nothing" "is named"
printf '%s\n' "$(head -n 3 base)" "x" >bad
is "$(gate --baseline bad demo.bin)" 2 "a broken baseline"
ok "the line is named" grep -q 'bad:4: ' err
awk -F'\t' -v OFS='\t' 'NF == 6 && !/^#/ { for (i = 1; i < 6; i++) $i *= 2 } { print }' base >more
is "$(gate --baseline more demo.bin)" 0 "less is no failure"
is "$(gate --baseline base --tolerance 5 demo.bin)" 2 "no tolerance"
gate --write-baseline base2 --max-peak 1 demo.bin >code
is "$(cat code) $(cmp base base2 && echo same)" "1 same" "judged and written at once"
ok "nothing else is left behind" eval '! ls | grep -q tmp'
is "$("$analyze" gate --write-baseline /none/base demo.bin 2>&1 | wc -l)" 1 "a place that cannot be written"

# the same program twice: hash seeds, threads and addresses differ
for run in 1 2 3; do
	recorded py$run.bin /usr/bin/python3 -c 'import json
d = {str(i): [i] * 3 for i in range(3000)}
print(len(json.dumps(d)), len({x for x in d}))' >/dev/null
	PYTHONMALLOC=malloc recorded pm$run.bin /usr/bin/python3 -c 'import json
print(len(json.dumps({str(i): [i] * 3 for i in range(3000)})))' >/dev/null
done
printf '#include <map>\n#include <string>\nint main() { std::map<std::string, int> m; m["a"] = 1; return m.size() - 1; }\n' >a.cc
for run in 1 2; do
	mkdir gcc$run
	recorded "$tmp/gcc$run/%p.bin" g++ -O1 -o a a.cc
done
for pair in "py1.bin py2.bin" "py1.bin py3.bin" "pm1.bin pm2.bin" "pm1.bin pm3.bin"; do
	"$analyze" gate --write-baseline real.base ${pair% *}
	is "$(gate --baseline real.base ${pair#* })" 0 "python3 twice: $pair"
	grep -E 'FAIL|site' out | sed 's/^/# /'
done
"$analyze" gate --write-baseline gcc.base gcc1/*.bin
is "$(gate --baseline gcc.base gcc2/*.bin)" 0 "g++ and all that it runs, twice"
grep -E 'FAIL|site' out | sed 's/^/# /'
done_testing
