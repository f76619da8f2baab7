# SPDX-License-Identifier: Apache-2.0
# MEMSCOPE_MODE=sample: exact totals, estimates that say so, and no sample without its end.
. "$(dirname "$0")/lib.sh"

export PERL_HASH_SEED=0 PERL_PERTURB_KEYS=0
script='my %h; $h{$_ x 9} = [1 .. $_ % 20] for 1 .. 40000; delete $h{$_ x 9} for 1 .. 15000;
	my $x = "a" x 300000; kill 9, $$ if $ARGV[0]'
exact() {
	what=$1
	shift
	counted "$what" MEMSCOPE_MODE=sample "$@"
	ok "$what: totals of $(ls "$what.counts" | wc -l) processes equal the counter's" equal_counts "$what"
}

# near ESTIMATED ERROR TRUE: within six standard errors, which chance leaves once in 10^9.
near() { awk -v e="$1" -v s="$2" -v t="$3" 'BEGIN { d = e - t; exit !(d < 0 ? -d <= 6 * s : d <= 6 * s) }'; }

recorded full.bin perl -e "$script" 1
exact sample MEMSCOPE_SAMPLE=8KiB perl -e "$script" 1
log=$(ls sample.*.bin)
"$analyze" summary --format json "$log" >sample.json
"$analyze" summary --format json full.bin >full.json
is "$(jq -r '.process.mode, .process.sample_bytes' sample.json)" "sample
8192" "the report knows the mode"
is "$(jq -r '.totals.estimated' sample.json)" true "estimates are marked"
is "$(jq -r '.totals.errors | keys | join(" ")' sample.json)" "active_allocations current_memory peak_memory" \
	"what is live is an estimate, what the calls were is not"
is "$(jq -r '[.totals.total_deallocated, .totals.unmatched_deallocations, .sites[0].temporary] | unique | tostring' sample.json)" \
	"[null]" "what samples cannot tell is absent"
for key in active_allocations current_memory peak_memory; do
	ok "$key is right but for its error" near "$(jq ".totals.$key" sample.json)" \
		"$(jq ".totals.errors.$key" sample.json)" "$(jq ".totals.$key" full.json)"
done
is "$(jq '[.sites[].errors | has("live_bytes")] | all' sample.json)" true "every site has its error"
ok "the log is far smaller" [ "$(jq .events sample.json)" -lt "$(($(jq .events full.json) / 5))" ]
"$analyze" "$log" >text
ok "the text says the mode" grep -q '^mode sample: exact totals, and estimates (~)' text
ok "the text marks an estimate" grep -q 'not freed at the end  *~.*(standard error' text
ok "and no exact total" sh -c "! grep -q '^  allocated .*~' text"
"$analyze" --format csv "$log" | head -n 1 >columns
ok "CSV has the errors" grep -q 'errors.live_bytes' columns
"$analyze" snapshot --at 50% "$log" >snapshot
ok "a snapshot marks them" grep -q ': ~.* (standard error .* live in ~' snapshot

# With one byte between samples every block of 64 bytes is one: then live is what is live.
live() {
	"$analyze" snapshot --blocks --top 0 --format csv "$1" | awk -F, '$2 >= 64 { print $2 }' | sort -n
}
recorded all.bin MEMSCOPE_MODE=sample MEMSCOPE_SAMPLE=1 perl -e "$script"
# The same variables: a larger environment makes a larger %ENV.
recorded every.bin MEMSCOPE_MODE=full MEMSCOPE_SAMPLE=1 perl -e "$script"
live all.bin >all.live
live every.bin >every.live
ok "there are live blocks" [ "$(wc -l <every.live)" -gt 100 ]
same all.live every.live "no sample misses its free: perl"
exact race MEMSCOPE_SAMPLE=1 MEMSCOPE_FREE_STACKS=0 "$targets/realloc_race" 20000 keep
recorded race.bin "$targets/realloc_race" 20000 keep
# What the race leaves is known; libc may keep a small block for a thread, or not.
live race.*.bin | awk '$1 + 0 > 1000' >race.live
live race.bin | awk '$1 + 0 > 1000' >every.live
seq 300000 300063 >kept
same race.live kept "no sample misses its free: realloc across threads"
same every.live kept "and no event"

exact fork perl -e '$| = 1; for (1 .. 3) { my $p = fork; if (!$p) { my @x = map { "x" x $_ } 1 .. 100; exit 0 }
	waitpid $p, 0 } print scalar(`echo hello`)'
exact short "$targets/short_threads"
"$analyze" record -q -o cli.bin --mode sample --sample 64K -- "$targets/plain" 10
is "$(field cli.bin .process.sample_bytes)" 65536 "record --mode sample --sample"
done_testing
