# SPDX-License-Identifier: Apache-2.0
# The dashboard's data: every figure is that of another report, and names are text.
. "$(dirname "$0")/lib.sh"

# --- without npm: the analyzer is built, and says what is missing
mkdir bin
ln -s /usr/bin/* bin 2>/dev/null
rm -f bin/npm
cp -a "$build" copy
built() { make -s -C "$root" OUT="$tmp/copy" DASHBOARD="$tmp/dash" CFLAGS= LDFLAGS= "$tmp/copy/memscope-analyze" >make.out 2>&1; }
PATH=$tmp/bin built
is "$? $(grep -c 'without --format html: npm is not installed' make.out)" "0 1" "without npm it is built, and make says what is missing"
recorded demo.bin "$targets/demo_app" >/dev/null
copy/memscope-analyze render --format html -o none.html demo.bin 2>err
is "$? $(wc -l <err) $(grep -c 'nodejs and npm' err)" "2 1 1" "its --format html says what to install"
ok "and leaves no file" [ ! -e none.html ]
ok "its other formats work" quietly copy/memscope-analyze render --format folded demo.bin
rm bin/npm 2>/dev/null
printf '#!/bin/sh\nexit 7\n' >bin/npm
chmod +x bin/npm
PATH=$tmp/bin built
is "$? $(grep -c 'npm ci failed' make.out)" "0 1" "an npm that fails is as none"
rm -rf copy dash bin

if ! "$analyze" render --format html -o demo.html demo.bin 2>err; then
	grep -q 'no dashboard' err && {
		skip "this build has no dashboard" "the data of the page"
		done_testing
		exit 0
	}
fi

# --- reading it
data() { sed -n 's/.*id="memscope-data"[^>]*>\([A-Za-z0-9+/=]*\)<.*/\1/p' "$1" | base64 -d | gunzip; }
page() { # NAME OPTIONS...: its data in NAME.json
	name=$1
	shift
	"$analyze" render --format html -o "$name.html" "$@" && data "$name.html" >"$name.json"
}
report() { "$analyze" "$@" --format json; }

page demo demo.bin
ok "the data is JSON" quietly jq -e '.version == 1' demo.json
ok "the place of the data is filled" eval '! grep -q @MEMSCOPE_DATA@ demo.html'
page again demo.bin
same demo.html again.html "the same log gives the same page"

# --- documents
report summary demo.bin >summary.json
for part in .totals .processes .threads .mappings .lost .events .peak_at_ns; do
	is "$(jq -cS ".summary$part" demo.json)" "$(jq -cS "$part" summary.json)" "summary: $part"
done
figures='map([.function, .file, .line, .module, .allocations, .allocated, .live_blocks, .live_bytes,
	.peak_bytes, .peak_blocks, .temporary])'
is "$(jq -cS ".summary.sites | $figures" demo.json)" "$(jq -cS ".sites | $figures" summary.json)" "summary: the sites"
report leaks demo.bin >leaks.json
for part in .definite .indirect .possible .reachable .cycles .processes; do
	is "$(jq -cS ".leaks$part" demo.json)" "$(jq -cS "$part" leaks.json)" "leaks: $part"
done
figures='map([.kind, .bytes, .blocks, .hanging_bytes, .function, .file, .line])'
is "$(jq -cS ".leaks.sites | $figures" demo.json)" "$(jq -cS ".sites | $figures" leaks.json)" "leaks: the sites"
figures='.findings | map({detector, kind, severity, count, bytes, site, evidence})'
is "$(jq -cS ".check | $figures" demo.json)" "$(report check demo.bin | jq -cS "$figures")" "check: the findings"
is "$(jq -cS .threads demo.json)" "$(report threads demo.bin | jq -cS .)" "threads: all of it"
is "$(jq -cS .info demo.json)" "$(report info demo.bin | jq -cS .)" "info: all of it"
is "$(jq -r .title demo.json)" "$(jq -r .process.command summary.json)" "the command is the title"

# --- rows: sums of all stacks
sums='[.processes[0].rows | .allocations, .allocated, .live_blocks, .live_bytes, .temporary, .leaked_bytes | add]'
is "$(jq -c "$sums" demo.json)" \
	"$(jq -c --slurpfile l leaks.json '[(.totals.total_allocations + .totals.total_reallocations), .totals.total_allocated,
		.totals.active_allocations, .totals.current_memory, (.sites | map(.temporary) | add),
		($l[0].definite.bytes + $l[0].indirect.bytes)]' summary.json)" "rows: sums are the totals"
is "$(jq '.processes[0].rows.peak_bytes | add' demo.json)" "$(jq .totals.peak_memory summary.json)" "rows: the peak"

# --- series
report timeline --buckets 240 demo.bin >timeline.json
is "$(jq -c '.processes[0] | [.buckets, .series.live_bytes, .series.live_blocks, .series.peak_bytes, .series.allocations,
	.series.frees, .series.allocated, .series.resident]' demo.json)" \
	"$(jq -c '[.rows | map(.end_ns), map(.live_bytes), map(.live_blocks), map(.peak_bytes), map(.allocations), map(.frees),
		map(.allocated), map(.resident_bytes)]' timeline.json)" "series: those of timeline"

# --- slices: the heap at the end of a bucket, by site, is the sum of all until then
cat >at.jq <<'JQ'
. as $d | .processes[0] as $p | $p.slices as $s | $s.start[$b + 1] as $n
| reduce range($n) as $i ({}; ($s.row[$i] | tostring) as $r
	| .[$r][0] += $s.made[$i] | .[$r][1] += $s.made_bytes[$i]
	| .[$r][2] += $s.live_blocks[$i] | .[$r][3] += $s.live_bytes[$i])
| to_entries | map($p.rows.site[.key | tonumber] as $f
	| {f: ($d.frames.function[$f] as $x | if $x < 0 then null else $d.strings[$x] end), l: $d.frames.line[$f], v: .value})
| group_by([.f, .l]) | map([.[0].f, .[0].l, (map(.v) | transpose | map(add))]) | sort | .[] | tostring
JQ
for b in 0 3 77 120 200 239; do
	at=$(jq ".processes[0].buckets[$b]" demo.json)
	jq -r --argjson b "$b" -f at.jq demo.json >"got.$b"
	report snapshot --at "${at}ns" --sort calls --by site demo.bin |
		jq -r '.rows | map([.function, .line // 0, [.allocations, .allocated, .live_blocks, .live_bytes]]) | sort | .[] | tostring' >"wanted.$b"
	same "got.$b" "wanted.$b" "slices: sums to bucket $b are the snapshot at its end"
done
ok "and there was something" [ -s wanted.77 ]
is "$(jq -c '.processes[0] | [.slices.row, .slices.live_bytes] | transpose | group_by(.[0]) |
		map([.[0][0], (map(.[1]) | add)]) | map(select(.[1] != 0))' demo.json)" \
	"$(jq -c '.processes[0].rows.live_bytes | to_entries | map([.key, .value]) | map(select(.[1] != 0))' demo.json)" \
	"slices: all of them are what is live at the end"
is "$(jq -c '.processes[0].thread_rows | map([.tid, (.allocations | add), (.allocated | add)]) | sort' demo.json)" \
	"$(jq -c '.threads | map([.tid, .allocations, .allocated]) | map(select(.[1] > 0)) | sort' summary.json)" "threads over time"

# --- the tree
is "$(jq -c '[.nodes.parent[1:], [range(1; .nodes.parent | length)]] | transpose | map(select(.[0] >= .[1])) | length' demo.json)" 0 \
	"parents come first"
ok "a stack reads from the root on" quietly jq -e '. as $d | [$d.processes[0].rows.node[] | [recurse($d.nodes.parent[.]; . > 0) | $d.nodes.frame[.] |
	$d.frames.function[.] as $f | if $f < 0 then "?" else $d.strings[$f] end] | reverse | join(";")] | any(test(";worker;begin_session$"))' demo.json
is "$(jq -r '.sources | [.[][].lines[]] | any(test("malloc"))' demo.json)" true "source lines around the sites"
page bare --no-sources --title 'A <b>title' demo.bin
is "$(jq -c '[.sources, .title]' bare.json)" '[null,"A <b>title"]' "--no-sources, --title"

# --- filters
page some --function begin_session demo.bin
report summary --function begin_session demo.bin >summary.json
is "$(jq -c '[.summary.totals, (.processes[0].rows.live_bytes | add), (.processes[0].slices.live_bytes | add)]' some.json)" \
	"$(jq -c '[.totals, .totals.current_memory, .totals.current_memory]' summary.json)" "a filter chooses everywhere"
is "$(jq -c '.processes[0].series.live_bytes' some.json)" \
	"$(report timeline --buckets 240 --function begin_session demo.bin | jq -c '.rows | map(.live_bytes)')" "over time, too"
figures='[.definite, .indirect, .possible, .reachable, (.sites | map([.kind, .bytes, .blocks, .function]))]'
is "$(jq -c ".leaks | $figures" some.json)" "$(report leaks --function begin_session demo.bin | jq -c "$figures")" "leaks, too"
is "$(jq -c '.processes[0].rows.leaked_bytes | add' some.json)" "$(jq -c '.leaks | .definite.bytes + .indirect.bytes' some.json)" \
	"and the rows of leaks"
figures='.findings | map([.detector, .kind, .severity, .count, .bytes, .site])'
is "$(jq -c ".check | $figures" some.json)" "$(report check --function begin_session demo.bin | jq -c "$figures")" "and what check finds"
for option in "--at 50%" --live "--lifetime 1ms.." "--metric live"; do
	# shellcheck disable=SC2086 # the options are several words
	"$analyze" render --format html $option -o refused.html demo.bin 2>err
	is "$? $(wc -l <err)" "2 1" "$option is refused"
done
"$analyze" render --format folded --no-sources demo.bin >out 2>err
is "$? $(wc -l <err)" "2 1" "what the dashboard alone has is refused elsewhere"

# --- what a mode cannot tell is null
for mode in cull sample counters; do
	recorded $mode.bin MEMSCOPE_MODE=$mode MEMSCOPE_SAMPLE=4KiB "$targets/demo_app" >/dev/null
	page $mode $mode.bin
	report summary $mode.bin >summary.json
	is "$(jq -cS .summary.totals $mode.json)" "$(jq -cS .totals summary.json)" "$mode: the totals"
	is "$(jq -c '.processes[0].series.live_bytes' $mode.json)" "$(report timeline --buckets 240 $mode.bin | jq -c '.rows | map(.live_bytes)')" \
		"$mode: the series"
done
is "$(jq -c '.processes[0] | [.slices.made, .rows.temporary, (.rows.allocations | add)]' cull.json)" \
	"[null,null,$(report summary cull.bin | jq '.totals | .total_allocations + .total_reallocations')]" "cull: what was folded has no time"
is "$(jq -c '.processes[0] | [.slices, .rows.live_bytes]' counters.json)" "[null,null]" "counters: nothing of stacks"
# Stacks of one row are rounded together.
is "$(jq '.processes[0] | (.rows.live_bytes | add) - (.slices.live_bytes | add) | . * . < 100 * 100' sample.json)" true "sample: estimates add up"

# --- many logs
recorded small.bin "$targets/plain" >/dev/null
small="small.bin small.bin small.bin small.bin small.bin"
# shellcheck disable=SC2086 # several words
page many $small demo.bin $small
# shellcheck disable=SC2086
report summary $small demo.bin $small >summary.json
is "$(jq -c '[.processes[].summed]' many.json)" "[0,0,0,0,0,0,0,0,3]" "eight processes by themselves, the rest summed"
is "$(jq '[.processes[].rows.allocated | add] | add' many.json)" "$(jq .totals.total_allocated summary.json)" "all are in the rows"
is "$(jq -r '.processes | map(.command | test("demo_app")) | any' many.json)" true "the heaviest is among them"
is "$(jq -cS .threads many.json)" "$(report threads $small demo.bin $small | jq -cS .)" "and all in the threads"

# --- however many stacks: the page has a limit, and says what it left out
recorded stacks.bin "$targets/many_stacks" 200000
page stacks stacks.bin
ok "200,000 stacks: at most 5 MiB" [ "$(wc -c <stacks.html)" -le 5242880 ]
report summary stacks.bin >summary.json
is "$(jq -c '[(.processes[0].rows | .allocated, .live_bytes, .peak_bytes | add), (.processes[0].slices | .made_bytes, .live_bytes | add)]' stacks.json)" \
	"$(jq -c '.totals | [.total_allocated, .current_memory, .peak_memory, .total_allocated, .current_memory]' summary.json)" \
	"none of them is lost"
ok "and it says so" quietly jq -e '.folded.rows > 100000 and (.folded.text | test("light stacks"))' stacks.json

# --- hostile names
recorded names.bin "$targets/markup_names"
page names names.bin
is "$(grep -c 'onerror=alert' names.html)" 0 "no name of the log is in the page as it is"
is "$(grep -o '<' names.html | wc -l)" "$(grep -o '<' demo.html | wc -l)" "nor any other markup"
for name in '</script><img onerror=alert(1) src=x>' "'};alert(2);//{{}}" 'a;b,c|d {label=e} -> 	f'; do
	ok "it is in the data: $name" quietly jq -e --arg name "$name" '.strings | index($name)' names.json
done
ok "bytes that are no UTF-8 are said" quietly jq -e '.strings | any(test("x1b|u001b|\u001b")) and any(test("\\\\xff"))' names.json
done_testing
