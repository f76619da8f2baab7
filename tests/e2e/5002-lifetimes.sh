# SPDX-License-Identifier: Apache-2.0
# Lifetimes, sizes, threads and modules: what the events say, and what adds up.
. "$(dirname "$0")/lib.sh"

recorded one.bin perl -e 'my %h; for my $i (1 .. 3000) { $h{$i % 700} = "x" x ($i % 90); delete $h{$i % 300} if $i % 3;
	select(undef, undef, undef, 0.015) if $i == 1500 }'
recorded many.bin "$targets/demo_app" >many.out

# lived: "blocks bytes" of each lifetime, from the rows of a dump.
lived() {
	rows "$1" | grep -v ',m*\(mmap\|unmap\|remap\|brk\),' | awk -F, '
		function gone(a, now,    c, limit) {
			if (!(a in size))
				return
			c = 0
			for (limit = 1000000; c < 5 && now - made[a] >= limit; limit *= 10)
				c++
			blocks[c]++; bytes[c] += size[a]
			delete size[a]
		}
		$3 ~ /^(free|delete)/ { gone($4, $1); next }
		$4 == "0x0" { next }
		{
			if ($6 != "") gone($6, $1)
			size[$4] = $5; made[$4] = $1
		}
		END {
			for (a in size) { blocks[6]++; bytes[6] += size[a] }
			for (c = 0; c <= 6; c++) print blocks[c] + 0, bytes[c] + 0
		}'
}
lived one.bin >wanted
"$analyze" lifetimes --by none --format json one.bin |
	jq -r '.all | "\(.below_1ms) \(.below_1ms_bytes)", "\(.below_10ms) \(.below_10ms_bytes)",
		"\(.below_100ms) \(.below_100ms_bytes)", "\(.below_1s) \(.below_1s_bytes)",
		"\(.below_10s) \(.below_10s_bytes)", "\(.longer) \(.longer_bytes)", "\(.live) \(.live_bytes)"' >got
same got wanted "lifetimes are what the events say"
ok "some blocks slept" [ "$(sed -n '3,6p' got | awk '{ n += $1 } END { print n }')" -gt 100 ]

for by in site stack thread size none; do
	"$analyze" lifetimes --by $by --format json many.bin >json
	is "$(jq .all.blocks json)" "$(field many.bin '.totals | .total_allocations + .total_reallocations')" "--by $by: all blocks"
	is "$(jq .all.live_bytes json)" "$(field many.bin .totals.current_memory)" "--by $by: all that live"
	[ $by = none ] && continue
	is "$(jq '[.rows[].blocks] | add' json)" "$(jq .all.blocks json)" "--by $by: groups add up"
	is "$(jq '[.rows[].below_1ms_bytes] | add' json)" "$(jq .all.below_1ms_bytes json)" "--by $by: and their bytes"
	is "$("$analyze" lifetimes --by $by --format csv many.bin | awk -F, 'NR == 1 { for (i = 1; i <= NF; i++) c = $i == "blocks" ? i : c }
		NR > 1 { n += $c } END { print n }')" "$(jq .all.blocks json)" "--by $by: CSV"
done
is "$("$analyze" lifetimes --by site --format json many.bin | jq -c '.rows[] | select(.function == "begin_session") | [.blocks, .live]' | sort -u)" \
	"[20000,2000]" "a site that keeps a tenth"
is "$("$analyze" lifetimes --sort live --top 1 --format csv many.bin | tail -n 1 | cut -d, -f 7)" begin_session "by what lives"
is "$("$analyze" lifetimes --site '^cache_put ' --by none --format json many.bin | jq -c '.all | [.blocks, .live]')" "[5000,0]" "of a site"
"$analyze" lifetimes many.bin >text
ok "text has bars and sites" grep -q 'begin_session' text

# The mode cull: what was folded is in it, with its lifetimes.
recorded cull.bin MEMSCOPE_MODE=cull "$targets/demo_app" >cull.out
"$analyze" lifetimes --format json cull.bin >json
is "$(jq .all.blocks json)" "$(field cull.bin '.totals | .total_allocations + .total_reallocations')" "cull: all blocks"
is "$(jq .all.bytes json)" "$(field cull.bin .totals.total_allocated)" "cull: all bytes"
is "$(jq .all.culled_blocks json)" "$(field cull.bin '.processes[0].culled.blocks')" "cull: those that were folded"
is "$(jq '[.rows[].blocks] | add' json)" "$(jq .all.blocks json)" "cull: sites add up"
is "$("$analyze" lifetimes --by thread --format json cull.bin | jq -c '[.rows[].below_1ms] | unique')" "[null]" "cull: of threads they are not known"
is "$("$analyze" lifetimes --site begin_session --format json cull.bin | jq .all.below_1ms)" null "cull: nor of chosen blocks"
recorded counters.bin MEMSCOPE_MODE=counters "$targets/demo_app" >counters.out
is "$("$analyze" lifetimes --format json counters.bin | jq -c '.all | [.blocks, .live]')" "[null,null]" "counters: none is known"
recorded sample.bin MEMSCOPE_MODE=sample MEMSCOPE_SAMPLE=4KiB "$targets/demo_app" >sample.out
is "$("$analyze" lifetimes --format json sample.bin | jq -c '.all | [.estimated, .errors.blocks > 0]')" "[true,true]" "sample: estimates"

# Sizes
"$analyze" sizes --format json many.bin >json
rows many.bin | grep -v ',m*\(mmap\|unmap\|remap\|brk\),' |
	awk -F, '$3 !~ /^(free|delete)/ && $4 != "0x0" { n[$5]++ } END { for (s in n) print s, n[s] }' | sort -n >wanted
jq -r '.sizes[] | "\(.size_from) \(.allocations)"' json | sort -n >got
same got wanted "exact sizes"
is "$(jq .distinct_sizes json)" "$(wc -l <wanted)" "their number"
is "$(jq -c '[.classes[] | .live_bytes] | add' json)" "$(field many.bin .totals.current_memory)" "classes add up to what lives"
is "$(jq -c '[.classes[] | select(.live_blocks > 0) | [.size_from, .live_blocks, .live_bytes]]' json)" \
	"$("$analyze" snapshot --by size --format json many.bin | jq -c '[.rows[] | [.size_from, .live_blocks, .live_bytes]] | sort')" \
	"classes are those of a snapshot"
is "$("$analyze" sizes --format csv --top 3 many.bin | grep -c '^size,')" 3 "the three most frequent"
is "$("$analyze" sizes --format json counters.bin | jq -c '[(.classes | length > 0), .distinct_sizes]')" "[true,null]" "counters: classes only"
ok "text" sh -c "'$analyze' sizes many.bin | grep -q 'most frequent'"

# Threads: what one frees of another's is freed for that one.
recorded handoff.bin "$targets/handoff" 20000 truth >handoff.out
for log in many.bin handoff.bin; do
	"$analyze" threads --format json $log >json
	is "$(jq '[.rows[].freed_of_others // 0] | add' json)" "$(jq '[.rows[].freed_by_others // 0] | add' json)" "$log: of others is by others"
	is "$(jq -c '[.matrix[] | .blocks] | add // 0' json)" "$(jq '[.rows[].freed_of_others // 0] | add' json)" "$log: so is the matrix"
	is "$(jq -c '[.matrix[] | .bytes] | add // 0' json)" "$(jq '[.rows[].freed_of_others_bytes // 0] | add' json)" "$log: and its bytes"
	is "$(jq -c '[.matrix[] | {t: .freer, b: .blocks}] | group_by(.t) | map([.[0].t, (map(.b) | add)])' json)" \
		"$(jq -c '[.rows[] | select(.freed_of_others > 0) | [.tid, .freed_of_others]] | sort' json)" "$log: thread by thread"
	is "$(jq '[.rows[] | (.freed_own // 0) + (.freed_of_others // 0) + (.unmatched // 0)] | add' json)" \
		"$(field $log '.totals | .total_deallocations + .total_reallocations')" "$log: every end has its thread"
	is "$(jq -c '[.rows[] | [.tid, .allocations, .live_bytes]]' json)" "$(field $log '[.threads[] | [.tid, .allocations, .live_bytes]] | @json')" \
		"$log: the summary's threads"
done
ok "blocks were handed over" [ "$(jq '[.rows[].freed_of_others] | add' json)" -gt 100 ]
is "$("$analyze" threads --format json counters.bin | jq -c '[.rows[].freed_own] | unique')" "[null]" "counters: who freed is not known"
is "$("$analyze" threads --format json counters.bin | jq -c .matrix)" "[]" "nor whose"
ok "text" sh -c "'$analyze' threads many.bin | grep -q 'of others'"
ok "with the heaviest pairs" sh -c "'$analyze' threads handoff.bin | grep -q '^Freed by another thread'"

# Modules
"$analyze" modules --format json many.bin >json
is "$(jq '[.rows[].allocations] | add' json)" "$(field many.bin '.totals | .total_allocations + .total_reallocations')" "modules add up"
is "$(jq -r '.rows[] | select(.path | endswith("/demo_app")) | .symbols' json)" true "the program's symbols were found"
if command -v readelf >/dev/null; then
	is "$(jq -r '.rows[] | select(.path | endswith("/demo_app")) | .build_id' json)" \
		"$(readelf -n "$targets/demo_app" 2>/dev/null | sed -n 's/.*Build ID: //p')" "its build-id"
else
	skip "no readelf" "its build-id"
fi
is "$(jq '[.rows[].ranges | length] | min > 0' json)" true "each has a range"
is "$("$analyze" modules --format csv many.bin | wc -l)" "$(($(jq '.rows | length' json) + 1))" "CSV"
"$analyze" modules many.bin >text
ok "text" grep -q 'symbols: found' text

for command in timeline lifetimes sizes threads modules; do
	"$analyze" $command --format json one.bin many.bin >both 2>err
	is "$? $(jq '.processes | length' both)" "0 2" "$command of two logs"
	ok "$command of two, as text" quietly "$analyze" $command one.bin many.bin
done
done_testing
