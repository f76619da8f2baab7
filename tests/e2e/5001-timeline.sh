# SPDX-License-Identifier: Apache-2.0
# The heap over time: every bucket equals what the events say; the life of an address.
. "$(dirname "$0")/lib.sh"

# One thread: what lives at any instant follows from the rows of a dump alone.
recorded one.bin perl -e 'my %h; for my $i (1 .. 4000) { $h{$i % 700} = "x" x ($i % 90); delete $h{$i % 300} if $i % 3 }'
recorded many.bin "$targets/demo_app" >many.out
tab() { "$analyze" timeline --format csv "$@" | tail -n +2; }

# judge LOG BUCKETS: "end live blocks peak allocations reallocations frees allocated" of each.
judge() {
	"$analyze" timeline --format csv --buckets "$2" "$1" | tail -n +2 >"buckets"
	rows "$1" | grep -v ',m*\(mmap\|unmap\|remap\|brk\),' | awk -F, '
		BEGIN { i = 0 }
		function row() {
			print end[i], live + 0, blocks + 0, peak + 0, made + 0, moved + 0, ended + 0, bytes + 0
			i++
			made = moved = ended = bytes = 0
			peak = live
		}
		function gone(a) { if (a in size) { live -= size[a]; blocks--; delete size[a]; return 1 } return 0 }
		FILENAME == "buckets" { end[n++] = $3; next }
		{ while (i < n && $1 > end[i]) row() }
		$3 ~ /^(free|delete)/ { gone($4); ended++; next }
		$4 == "0x0" { next }
		{
			if ($6 != "") { gone($6); moved++ } else made++
			size[$4] = $5; live += $5; blocks++; bytes += $5
			if (live > peak) peak = live
		}
		END { while (i < n) row() }' buckets -
}
for buckets in 1 17 60; do
	judge one.bin $buckets >wanted
	tab --buckets $buckets one.bin | awk -F, '{ print $3, $4, $5, $6, $8, $9, $10, $12 }' >got
	is "$(wc -l <got)" $buckets "$buckets buckets"
	same got wanted "$buckets buckets are what the events say"
done

# Sums over buckets are the totals, whatever the number of threads.
for log in one.bin many.bin; do
	is "$(tab --buckets 23 $log | awk -F, '{ a += $8; r += $9; f += $10; b += $12; n = $11 + n } END { print a, r, f, b, n }')" \
		"$(summary_totals $log)" "$log: buckets sum up to the totals"
	is "$(tab $log | tail -n 1 | cut -d, -f 4)" "$(field $log .totals.current_memory)" "$log: the last one ends with what is live"
	is "$("$analyze" timeline --format json $log | jq -c '.processes[0] | [.peak_bytes, .peak_at_ns]')" \
		"$(field $log '[.totals.peak_memory, .peak_at_ns] | @json')" "$log: the peak"
	is "$("$analyze" timeline --format json $log | jq '[.rows[].peak_bytes] | max')" \
		"$(field $log .totals.peak_memory)" "$log: it is inside a bucket"
done
tab --buckets 5 many.bin | while IFS=, read -r _ _ end live blocks _; do
	"$analyze" snapshot --at "${end}ns" --format json many.bin |
		jq -r ".totals | [.current_memory - $live, .active_allocations - $blocks] | @csv"
done >differences
is "$(sort -u differences)" 0,0 "each bucket ends as a snapshot of then"
ok "resident memory is beside it" [ -n "$(tab many.bin | cut -d, -f 17 | grep -v '^$')" ]

# A thread, a site, a part of the time.
tid=$("$analyze" threads --format csv many.bin | tail -n 1 | cut -d, -f 2)
is "$(tab --thread "$tid" many.bin | awk -F, '{ n += $8 + $9; b += $12 } END { print n, b }')" \
	"$(field many.bin ".threads[] | select(.tid == $tid) | \"\(.allocations) \(.allocated)\"")" "a thread's series"
is "$(tab --site '^begin_session ' many.bin | awk -F, '{ n += $8 + $9; b += $12 } END { print n, b }')" \
	"$(field many.bin '[.sites[] | select(.function == "begin_session")] | "\(map(.allocations) | add) \(map(.allocated) | add)"')" \
	"a site's series"
is "$(tab --from 25% --to 75% --buckets 4 many.bin | wc -l)" 4 "a part of the time"
is "$(tab --from peak --buckets 3 many.bin | head -n 1 | cut -d, -f 6)" "$(field many.bin .totals.peak_memory)" "from the peak on"
"$analyze" timeline --events --from start --to peak --format csv many.bin >events
"$analyze" dump --from start --to peak --format csv many.bin >dumped
same events dumped "--events is what dump has of that time"
ok "there are some" [ "$(wc -l <events)" -gt 1000 ]

# The life of an address.
address=$(rows many.bin | awk -F, '$3 ~ /^(malloc|calloc|realloc)$/ { n[$4]++ } END { for (a in n) print n[a], a }' | sort -rn | head -n 1 | cut -d' ' -f 2)
is "$("$analyze" timeline --pointer "$address" --format json many.bin | jq '.owners | length')" \
	"$(rows many.bin | awk -F, -v a="$address" '$3 !~ /^(free|delete)/ && $4 == a { n++ } END { print n }')" \
	"every owner of an address"
"$analyze" timeline --pointer "$address" --format json many.bin | jq -c .owners >near
"$analyze" timeline --pointer "$address" --inside --format json many.bin |
	jq -c --arg a "$address" '[.owners[] | select(.offset == 0 and .kind != "brk")]' >whole
same near whole "the same, whether parts of the log or all of it are read"
moved=$(rows many.bin | awk -F, '$3 == "realloc" && $6 != "" && $4 != $6 { print $6, $4 }' | tail -n 1)
is "$("$analyze" timeline --pointer "${moved#* }" --format json many.bin | jq -r '[.owners[].moved_from] | index($f) != null' --arg f "${moved% *}")" \
	true "a realloc tells where the block came from"
is "$("$analyze" timeline --pointer "${moved% *}" --format json many.bin | jq -r '[.owners[].moved_to] | index($t) != null' --arg t "${moved#* }")" \
	true "and where it went"
inside=$(rows many.bin | awk -F, '$5 == 200 { print $4; exit }')
inside=$(printf '0x%x' $((inside + 199)))
is "$("$analyze" timeline --pointer "$inside" --format json many.bin | jq '[.owners[] | select(.size == 200 and .offset == 199)] | length > 0')" \
	true "an address inside a block"
ok "a person can read it" sh -c "'$analyze' timeline --pointer '$inside' many.bin | grep -q 'begin_session'"
recorded maps.bin "$targets/maps" calls >maps.out 2>&1
mapped=$(rows maps.bin | awk -F, '$3 == "mmap" && $4 != "0x0" && $5 >= 4096 { print $4; exit }')
mapped=$(printf '0x%x' $((mapped + 100)))
ok "a mapping that contains an address" sh -c "'$analyze' timeline --pointer '$mapped' --inside --format json maps.bin | jq -e '[.owners[].kind] | index(\"mmap\") != null' >/dev/null"

# Modes: what a log cannot tell is absent, what is estimated is marked.
for mode in cull sample counters; do
	recorded $mode.bin MEMSCOPE_MODE=$mode MEMSCOPE_SAMPLE=4KiB "$targets/demo_app" >mode.out
	"$analyze" timeline --format json $mode.bin >$mode.json
	ok "$mode: text" quietly "$analyze" timeline $mode.bin
done
is "$(jq -c '.rows[-1] | [.allocations, .frees, .live_bytes != null]' cull.json)" "[null,null,true]" "cull: what was folded has no time"
is "$(jq -c '[.rows[] | .live_bytes, .allocations, .peak_bytes] | unique' counters.json)" "[null]" "counters: nothing is known"
is "$(jq -c '.rows[-1] | [.estimated, .errors.live_bytes != null, .frees]' sample.json)" "[true,true,null]" "sample: estimates with their errors"
ok "and marked in text" sh -c "'$analyze' timeline sample.bin | grep -q '~'"

"$analyze" timeline --format json --buckets 3 one.bin many.bin >both
is "$(jq -c '[(.rows | length), (.processes | length), ([.rows[].pid] | unique | length)]' both)" "[6,2,2]" "two processes"
ok "two in text" sh -c "'$analyze' timeline one.bin many.bin | grep -q '^pid .*: at most'"

wrong() { "$analyze" timeline "$@" many.bin >out 2>err; echo "$? $(wc -l <err)"; }
is "$(wrong --buckets 0)" "2 1" "no buckets"
is "$(wrong --buckets 2000000)" "2 1" "too many"
is "$(wrong --pointer 12xy)" "2 1" "no address"
is "$(wrong --inside)" "2 1" "--inside of nothing"
is "$(wrong --pointer 1 --events)" "2 1" "two reports"
is "$(wrong --pointer 1 --thread 1)" "2 1" "a part of a life"
is "$(wrong --site '(')" "2 1" "no regular expression"
is "$(wrong --from 60% --to 40%)" "2 1" "a time that ends before it begins"
done_testing
