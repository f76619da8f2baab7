# SPDX-License-Identifier: Apache-2.0
# MEMSCOPE_MODE=counters: exact totals of real programs, and nothing that is not known.
. "$(dirname "$0")/lib.sh"

# exact NAME COMMAND...: the totals of every process equal the counter's; no event is there.
exact() {
	what=$1
	shift
	counted "$what" MEMSCOPE_MODE=counters "$@"
	code=$?
	ok "$what: totals of $(ls "$what.counts" | wc -l) processes equal the counter's" equal_counts "$what"
	events=0
	for log in "$what".*.bin; do
		events=$((events + $(field "$log" .events)))
	done
	is "$events" 0 "$what: no event is in the log"
}

exact perl perl -e 'my %h; $h{$_ x 3} = [1 .. $_ % 20] for 1 .. 5000; exit 4'
is $code 4 "the exit code is the program's"
log=$(ls perl.*.bin)
is "$(field "$log" '.process.mode')" counters "the report knows the mode"
is "$(field "$log" '.totals | [.active_allocations, .current_memory, .peak_memory, .total_deallocated,
	.unmatched_deallocations, .overwritten_blocks] | unique | tostring')" "[null]" "what is not known is absent"
"$analyze" "$log" >text
ok "the text says the mode" grep -q '^mode counters: exact totals only' text
is "$(grep -c 'not freed\|peak' text)" 0 "and shows no figure of what was live"
ok "the log stays small" [ "$(stat -c %s "$log")" -le 65536 ]
"$analyze" snapshot --by size --format json "$log" >sizes.json
is "$(jq '[.rows[].allocations] | add' sizes.json)" \
	"$(field "$log" '.totals | .total_allocations + .total_reallocations')" "size classes add up to the calls"
is "$(jq '[.rows[].allocated] | add' sizes.json)" "$(field "$log" '.totals.total_allocated')" "and to the bytes"

exact fork perl -e '$| = 1; for (1 .. 3) { my $p = fork; if (!$p) { my @x = map { "x" x $_ } 1 .. 100; exit 0 }
	waitpid $p, 0 } print scalar(`echo hello`)'
exact threads "$targets/realloc_race" 20000
log=$(ls threads.*.bin)
is "$(field "$log" '[.threads[].allocated] | add')" "$(field "$log" .totals.total_allocated)" \
	"threads add up to the whole"
exact short "$targets/short_threads"
exact kill "$targets/deaths" kill 3000
if command -v python3 >/dev/null; then
	exact python PYTHONMALLOC=malloc python3 -I -c 'import json, threading
def work(): json.loads(json.dumps({str(i): [i] * (i % 10) for i in range(2000)}))
threads = [threading.Thread(target=work) for _ in range(4)]
for t in threads: t.start()
for t in threads: t.join()'
else
	skip "no python3" python
fi

recorded off.bin MEMSCOPE_MODE=counters MEMSCOPE_START=off "$targets/plain" 10
is "$(field off.bin .totals.total_allocations)" 0 "paused: nothing is counted"
ok "but as paused" [ "$(field off.bin .lost.paused_allocations)" -ge 20 ]
"$analyze" record -q -o cli.bin --mode counters -- "$targets/plain" 10
is "$(field cli.bin .process.mode)" counters "record --mode"
done_testing
