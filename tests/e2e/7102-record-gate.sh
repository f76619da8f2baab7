# SPDX-License-Identifier: Apache-2.0
# record --gate: run and judge in one step.
. "$(dirname "$0")/lib.sh"

record() { timeout 60 "$analyze" record "$@" >out 2>err; echo $?; }
has() { ok "$2" grep -qE -- "$1" err; }

is "$(record --gate --max-peak 1G -o a.bin -- "$targets/demo_app")" 0 "a program that keeps its budget"
is "$(cat out)" "answered 20000 requests" "standard output is the program's"
has "^gate passed: 1 checks passed, 0 failed" "the verdict is on standard error"
has "the log is .*a.bin" "the log is named"
ok "and it stays" [ -s a.bin ]
is "$(record --gate --max-peak 1K -o b.bin -- "$targets/demo_app")" 1 "one that does not"
has "begin_session|cache_put" "with who is to blame"
is "$(record -q --gate --max-peak 1G -o c.bin -- "$targets/demo_app") $(wc -c <err)" "0 0" "quiet"
is "$(record -q --gate --max-peak 1K -o d.bin -- "$targets/demo_app")" 1 "quiet, but not when it fails"
has "^gate FAILED" "the verdict is told then"
is "$(record -g -o e.bin -- "$targets/demo_app")" 1 "nothing asked for: definite leaks fail"
is "$(record -g -o f.bin -- true)" 0 "nothing asked for: a clean program passes"

# the program's own failure wins
is "$(record --gate --max-peak 1 -o g.bin -- "$targets/hostile" work 10)" 5 "its exit code"
has "^gate FAILED" "although the gate fails, too"
is "$(record --gate --max-peak 1G -o h.bin -- "$targets/deaths" segv 10)" 139 "a signal"
is "$(record --gate --max-peak 1 -- "$targets/none")" 2 "no such program"

# children
is "$(record -q --gate --max-leaked 1K -o 'fam.%p.bin' -- sh -c "$targets/plain 10; $targets/demo_app; (exit 0)")" 1 \
	"a child that leaks"
is "$(grep -c '^FAILED .*demo_app' err) $(grep -c '^FAILED' err)" "1 1" "it alone is named"
ok "its siblings pass" grep -q '^passed .*plain' err
mkdir others
recorded "$tmp/fam.%p.bin" "$targets/demo_app" >/dev/null
is "$(record -q --gate --max-leaked 1K -o 'fam.%p.bin' -- sh -c "$targets/plain 10; $targets/plain 9")" 0 \
	"logs of others in the same place are not looked at"
is "$(record --gate --max-unfreed 1G -o 'twice.%p.bin' -- sh -c "$targets/plain 10; exec $targets/plain 11")" 0 "exec"
has "there are [0-9]+ more, of its children" "more logs are told"
is "$(grep -cE '^passed' err)" "$(ls twice.*.bin | wc -l)" "each is judged"

# options of gate alone make no sense
is "$(record --max-peak 1 -o x.bin -- true) $(wc -l <err)" "2 1" "a budget without --gate"
has "record --gate" "is told"
is "$(record --suppressions none -o x.bin -- true)" 2 "suppressions without --gate"
is "$(record --gate --baseline none -o y.bin -- true)" 2 "a baseline that is not there"
printf 'int main(void) { return 0; }\n' >nothing.c
is "$(MEMSCOPE_OUTPUT=/none/x.bin record --gate -- true)" 1 "no log: nothing was judged, which is no pass"
has "wrote no log" "and is said"

# reports
is "$(record -q --gate --max-peak 1 --junit j.xml --github --json - -o z.bin -- "$targets/demo_app")" 1 "reports"
ok "a file" grep -q '<testsuite ' j.xml
is "$(sed -n 1p out)" "answered 20000 requests" "the program's output comes first"
is "$(sed 1d out | grep -v '^::error ' | jq -r .verdict)" failed "then what was asked for there"
is "$(grep -c '^::error ' out)" 1 "with annotations"
done_testing
