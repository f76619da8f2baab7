# SPDX-License-Identifier: Apache-2.0
# diff: two instants of a run, two runs, two builds: what is new, gone, grown, shrunk.
. "$(dirname "$0")/lib.sh"

diff_json() { "$analyze" diff --format json "$@" >out.json 2>err; }
# by_caller: each group that is seen from its caller: "caller class change_bytes change_blocks".
by_caller() {
	jq -r '.rows[] | [(.stack | map(.function) | .[(index("keep") // 0) + 1]), .class,
		.change_bytes, .change_blocks] | join(" ")' out.json | LC_ALL=C sort
}
wanted='comes new 1200 4
goes gone -15 -3
grows grown 20000 20
same same 0 0
shrinks shrunk -6000 -30'

recorded one.bin "$targets/two_runs" 1
recorded two.bin "$targets/two_runs" 2
diff_json --by stack --all --function '^keep$' one.bin two.bin
is "$?" 0 "two runs"
is "$(by_caller)" "$wanted" "new, gone, grown, shrunk, same: to the byte"
is "$(jq -c .groups out.json)" '{"new":1,"gone":1,"grown":1,"shrunk":1,"same":1}' "groups are counted"
is "$(jq '[.rows[].change_bytes] | add == 15185' out.json)" true "changes of all groups"
is "$(jq '.change.change_bytes, .after.totals.current_memory - .before.totals.current_memory' out.json | xargs)" \
	"15185 15185" "make the change of the totals"
is "$(jq -r '.rows[0].class, .rows[-1].class' out.json | xargs)" "grown same" "the largest change is first"
diff_json --by stack --function '^keep$' one.bin two.bin
is "$(jq '.rows | length' out.json)" 4 "what did not change is not shown"
diff_json --function '^keep$' one.bin two.bin
is "$(jq -r '.rows | length, .[0].function, .[0].change_bytes' out.json | xargs)" "1 keep 15185" "by site"
diff_json one.bin one.bin
is "$(jq -c '.rows, .change.change_bytes' out.json | xargs)" "[] 0" "a run and itself: nothing"

# the same program from elsewhere, its lines shifted: addresses, lines and directories are others
mkdir -p elsewhere/tests/targets
cp "$root/tests/targets/truth.h" elsewhere/tests/targets/
{ printf '\n\n\n\n\n\n\n'; cat "$root/tests/targets/two_runs.c"; } >elsewhere/tests/targets/two_runs.c
(cd elsewhere && gcc -g -O1 -I. -fno-builtin -fno-optimize-sibling-calls -o two_runs tests/targets/two_runs.c) ||
	echo "Bail out! cannot compile"
recorded built.bin elsewhere/two_runs 2
diff_json --by stack --all --function '^keep$' one.bin built.bin
is "$(by_caller)" "$wanted" "another build's stacks are the same stacks"
diff_json --by stack --function '^keep$' two.bin built.bin
is "$(jq -c .rows out.json)" "[]" "the same run of another build: nothing"
diff_json --by stack --lines --function '^keep$' two.bin built.bin
is "$(jq -c .groups out.json)" '{"new":4,"gone":4,"grown":0,"shrunk":0,"same":0}' "with --lines, lines are told apart"

# a stripped program: addresses mean the same in one build only
cp elsewhere/two_runs stripped_one
strip stripped_one
recorded s1.bin ./stripped_one 1
recorded s2.bin ./stripped_one 2
diff_json --by stack --all --module stripped_one s1.bin s2.bin
is "$(jq -c .groups out.json)" '{"new":1,"gone":1,"grown":1,"shrunk":1,"same":1}' "without names, the same build"

# instants
diff_json --function '^keep$' --by stack two.bin
is "$(jq -c .compared out.json)" '"instants"' "one trace: two instants"
is "$(jq -r '[.rows[] | .class] | unique | join(" ")' out.json)" new "from the start all is new"
is "$(jq .change.change_bytes out.json)" "$(field two.bin '[.sites[] | select(.function == "keep") | .live_bytes] | add')" \
	"as much as is live"
diff_json --from end --to start --function '^keep$' two.bin
is "$(jq -r '[.rows[] | .class] | unique | join(" ")' out.json)" gone "and back all is gone"
diff_json --from 30% --to 30% two.bin
is "$(jq -c .rows out.json)" "[]" "an instant and itself"
for by in site stack function file module thread size kind; do
	diff_json --by $by --all one.bin two.bin
	is "$(jq '[.rows[].change_bytes] | add' out.json)" \
		"$(($(field two.bin .totals.current_memory) - $(field one.bin .totals.current_memory)))" "two runs by $by"
	diff_json --by $by --all --to peak two.bin
	is "$(jq '[.rows[].after_bytes] | add' out.json)" "$(field two.bin .totals.peak_memory)" "to the peak by $by"
	is "$("$analyze" diff --by $by --all --to peak --format csv two.bin | tail -n +2 | wc -l)" \
		"$(jq '.rows | length' out.json)" "CSV has the rows by $by"
	ok "text has the change by $by" sh -c "'$analyze' diff --by $by one.bin two.bin | grep -q '^change  *+14.8 KiB'"
done

# several traces at two instants are summed
diff_json --from start --to end one.bin two.bin built.bin
is "$(jq .change.change_blocks out.json)" \
	"$(($(field one.bin .totals.active_allocations) + $(field two.bin .totals.active_allocations) + $(field built.bin .totals.active_allocations)))" \
	"three traces, start to end"

# what a log cannot tell is not told, and estimates are marked
MEMSCOPE_MODE=counters recorded counters.bin "$targets/two_runs" 1
diff_json two.bin counters.bin
is "$(jq -c '.change.change_bytes, .change.after_bytes' out.json | xargs)" "null null" "nothing is known of a log of counters"
MEMSCOPE_MODE=sample MEMSCOPE_SAMPLE=100 recorded sample.bin "$targets/two_runs" 2
diff_json --by stack --all --function '^keep$' two.bin sample.bin
is "$(jq -c '.change.estimated, .change.errors.before_bytes, .change.errors.change_bytes > 0' out.json | xargs)" "true 0 true" \
	"estimates have their errors"
is "$(jq '[.rows[] | select(.class == "same")] | all(.before_blocks > 0)' out.json)" true "no group without blocks"

# wrong usage
run() { timeout 60 "$analyze" diff "$@" >out 2>err; echo "$? $(wc -l <err)"; }
is "$(run one.bin two.bin built.bin)" "2 1" "three traces, no instant"
is "$(run --at peak one.bin)" "2 1" "--at with one trace"
is "$(run --by age one.bin)" "2 1" "--by age"
is "$(run --freed one.bin)" "2 1" "--freed"
is "$(run --function '(' one.bin)" "2 1" "a pattern that is none"
ok "is named" grep -q "function.*'('" err
is "$(run one.bin /none)" "2 1" "a trace that is not there"

# hostile names
escape=$(printf '\033')
cp "$targets/two_runs" "two$escape[31m"
recorded e1.bin "./two$escape[31m" 1
recorded e2.bin "./two$escape[31m" 2 "$(printf '\033]0;x\007')"
for format in text csv json; do
	"$analyze" diff --by module --format $format e1.bin e2.bin >out
	is "$? $(tr -d '\n\t\040-\176\200-\377' <out | wc -c)" "0 0" "hostile names in $format"
done
done_testing
