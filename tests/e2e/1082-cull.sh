# SPDX-License-Identifier: Apache-2.0
# MEMSCOPE_MODE=cull: pairs are folded, nothing is lost: what is live is what lives.
. "$(dirname "$0")/lib.sh"

export PERL_HASH_SEED=0 PERL_PERTURB_KEYS=0
script='my %h; $h{$_ x 9} = [1 .. $_ % 20] for 1 .. 20000; delete $h{$_ x 9} for 1 .. 15000;
	for (1 .. 20000) { my @x = (1 .. 30); undef @x } kill 9, $$ if $ARGV[0]'

# exact NAME COMMAND...: folded and written events together are what the counter counted.
# (The independent reader dies unless the two add up to the counts in the log.)
exact() {
	what=$1
	shift
	counted "$what" MEMSCOPE_MODE=cull "$@"
	ok "$what: totals of $(ls "$what.counts" | wc -l) processes equal the counter's" equal_counts "$what"
}
# live LOG: sizes of live blocks.
live() { "$analyze" snapshot --blocks --top 0 --format csv "$1" | tail -n +2 | cut -d, -f 2 | sort -n; }

# Names and values of one length: perl keeps its environment in blocks.
recorded kill-full.bin MEMSCOPE_MODE=full perl -e "$script" 1
recorded kill-cull.bin MEMSCOPE_MODE=cull perl -e "$script" 1
recorded full.bin MEMSCOPE_MODE=full perl -e "$script"
recorded cull.bin MEMSCOPE_MODE=cull perl -e "$script"
exact perl perl -e "$script" 1
log=$(ls perl.*.bin)
is "$(field "$log" '.process.mode, .process.cull_ns')" "cull
10000000" "the report knows the mode"
folded=$(field "$log" '.processes[0].culled.blocks')
ok "pairs were folded: $folded" [ "$folded" -gt 15000 ]
is "$(field "$log" '.processes[0].culled.lifetimes | add')" "$folded" "each has its lifetime"
is "$(field "$log" '[.sites[].culled // 0] | add')" "$folded" "sites have them all"
is "$(field "$log" '[.sites[].allocations] | add')" \
	"$(field "$log" '.totals | .total_allocations + .total_reallocations')" "sites add up to the calls"
is "$(field "$log" '[.sites[].allocated] | add')" "$(field "$log" .totals.total_allocated)" "and to the bytes"
is "$(field "$log" '.totals | .total_allocated - .total_deallocated')" \
	"$(field "$log" .totals.current_memory)" "what was not freed is live"
ok "the log has fewer events" [ "$(field "$log" .events)" -lt "$(($(field full.bin .events) - 30000))" ]
"$analyze" "$log" >text
ok "the text says the mode" grep -q '^mode cull: .* within 10 ms' text
live cull.bin >cull.live
live full.bin >full.live
ok "there are live blocks" [ "$(wc -l <full.live)" -gt 1000 ]
same cull.live full.live "the live blocks at the end are the full mode's"
is "$(field cull.bin '.totals.unmatched_deallocations, .totals.overwritten_blocks')" "0
0" "no free without its block"
live kill-cull.bin >cull.live
live kill-full.bin >full.live
same cull.live full.live "and after SIGKILL"

# Threads that free each other's blocks and are asleep at the end.
for cull in 10ms 1us 10s; do
	exact "handoff-$cull" MEMSCOPE_CULL=$cull "$targets/handoff" 30000 "truth-$cull"
	sort "truth-$cull" >truth
	"$analyze" snapshot --blocks --top 0 --format csv handoff-$cull.*.bin |
		awk -F, '$2 >= 4001 && $2 <= 4064 { print $1 "," $2 }' | sort >live
	same live truth "CULL=$cull: exactly the blocks that are left are live"
	is "$(field "$(ls handoff-$cull.*.bin)" '.totals.unmatched_deallocations, .totals.overwritten_blocks')" "0
0" "CULL=$cull: no free without its block, no block twice"
done
ok "a longer limit folds more" [ "$(field handoff-10s.*.bin '.processes[0].culled.blocks')" -gt \
	"$(field handoff-1us.*.bin '.processes[0].culled.blocks')" ]

exact race "$targets/realloc_race" 20000
exact short "$targets/short_threads" 2000
ok "2000 short threads: a small log" [ "$(stat -c %s short.*.bin)" -lt 4194304 ]
exact kill "$targets/deaths" kill 3000
exact fork perl -e '$| = 1; for (1 .. 3) { my $p = fork; if (!$p) { my @x = map { "x" x $_ } 1 .. 100; exit 0 }
	waitpid $p, 0 } print scalar(`echo hello`)'
if command -v python3 >/dev/null; then
	exact python PYTHONMALLOC=malloc python3 -I -c 'import json, threading
def work(): json.loads(json.dumps({str(i): [i] * (i % 10) for i in range(2000)}))
threads = [threading.Thread(target=work) for _ in range(4)]
for t in threads: t.start()
for t in threads: t.join()'
else
	skip "no python3" python
fi
counted max MEMSCOPE_MODE=cull MEMSCOPE_MAX_SIZE=512KiB "$targets/handoff" 30000 truth-max
ok "at the size limit totals go on" equal_counts max
"$analyze" record -q -o cli.bin --mode cull --cull 1s -- "$targets/plain" 10
is "$(field cli.bin .process.cull_ns)" 1000000000 "record --mode cull --cull"
done_testing
