# SPDX-License-Identifier: Apache-2.0
# The leaks command: its formats, how a program ended, maps by signal, what has no map.
. "$(dirname "$0")/lib.sh"

leaks() { "$analyze" leaks "$@"; }
of() { leaks --format json "$1" | jq -r "$2"; }
has() { ok "$2" grep -qE -- "$1" out; }

# a tree of 63 nodes that is lost with its root
recorded tree.bin "$targets/leak_truth" lost_tree
leaks tree.bin >out
is $? 0 "leaks: exit code"
has "definitely lost +24 bytes in 1 block$" "what is lost"
has "indirectly lost +1,488 bytes in 62 blocks$" "what hangs on it"
has "possibly lost +0 bytes" "what is possible"
has "still reachable +0 bytes" "what is reachable"
has "definite: 24 bytes in 1 block, and 1,488 in 62 lost with it" "the site with both"
has "^      node +leak_shapes.h:[0-9]+" "its stack"
ok "nothing of indirect sites" [ "$(grep -c '^indirect' out)" = 0 ]
ok "unless all is asked for" [ "$(leaks --all tree.bin | grep -c '^indirect: 1,488')" = 1 ]
is "$(of tree.bin '[.definite, .indirect, .possible, .reachable | .bytes, .blocks] | @csv')" \
	"24,1,1488,62,0,0,0,0" "the same in JSON"
is "$(of tree.bin '.sites | map([.kind, .bytes, .blocks, .hanging_bytes, .hanging_blocks, .function]) | .[] | @csv')" \
	'"definite",24,1,1488,62,"clean"
"indirect",1488,62,0,0,"clean"' "sites in JSON"
is "$(leaks --format csv tree.bin | cut -d, -f 1-5)" "kind,bytes,blocks,hanging_bytes,hanging_blocks
definite,24,1,1488,62
indirect,1488,62,0,0" "sites in CSV"
is "$(leaks --blocks --format json tree.bin | jq -r '.blocks | [length, (map(select(.kind == "definite")) | length),
	([.[].root] | unique | length), .[0].hanging_blocks] | @csv')" 63,1,2,62 "blocks and what they hang on"
is "$(leaks --blocks --top 3 --format csv tree.bin | wc -l)" 4 "as many blocks as are asked for"
ok "its root is the first block" [ "$(leaks --blocks --format csv tree.bin | sed -n 2p | cut -d, -f 2)" = \
	"$(leaks --blocks --format csv tree.bin | sed -n 3p | cut -d, -f 6)" ]
recorded rings.bin "$targets/leak_truth" two_rings
is "$(of rings.bin '[.rings, .cycles.blocks, .definite.blocks, .indirect.blocks] | @csv')" 2,7,1,6 "rings"
leaks rings.bin >out
has "2 rings of blocks" "rings in text"
recorded middle.bin "$targets/leak_truth" middle
is "$(of middle.bin .possible.bytes)" 100 "a pointer into the middle"
is "$(leaks --interior --format json middle.bin | jq '[.possible.bytes, .reachable.bytes] | @csv' -r)" 0,100 \
	"counts in full with --interior"
is "$(leaks --format json tree.bin middle.bin rings.bin |
	jq -r '[.definite.blocks, .indirect.blocks, .possible.blocks, (.processes | length)] | @csv')" 2,68,1,3 \
	"several traces are one run"
recorded right.bin "$targets/leak_objects" kept_right
leaks right.bin >out
has "by C\+\+ layout +[0-9]+ bytes in [1-9]" "what C++ explains is said"

# the summary says what is lost, as leaks does
brief() { field "$1" ".findings[] | select(.detector == \"$2\") | $3"; }
is "$(brief tree.bin leak '[.kind, .severity, .count, .bytes, .hanging_blocks, .hanging_bytes, .command] | @csv')" \
	'"definite","high",1,24,62,1488,"leaks"' "the summary tells of it"
ok "and where" [ "$(brief tree.bin leak .site | cut -d' ' -f 1)" = clean ]
"$analyze" tree.bin >out
has "^Findings$" "in text"
has "^  high +1 block definitely lost, 24 B and 1.45 KiB with them, most by clean leak_truth.h:" "in one line"
is "$(field middle.bin '[.findings[] | select(.detector == "leak")] | length')" 0 "nothing of what is possibly lost"
is "$("$analyze" summary --size 1.. --format json tree.bin | jq -c '[.findings, .leaks_looked_for]')" "[null,null]" \
	"nor of chosen blocks"
recorded faults.bin "$targets/entry_points" truth calls
is "$(brief faults.bin failed .count)" "$(field faults.bin .totals.failed_allocations)" "failed calls"
recorded churn.bin "$targets/demo_app" >/dev/null
is "$(brief churn.bin churn '[.count, .severity] | @csv')" "$(field churn.bin '[.sites[].temporary] | max'),\"low\"" "what is thrown away at once"
is "$(field churn.bin .leaks_looked_for)" true "a log of that length is looked through"

# how it ended
for end in exit_below:exit exit_now:_exit exit_quickly:quick_exit; do
	recorded end.bin "$targets/leak_places" "${end%:*}"
	is "$(of end.bin '.processes[0].map.why')" "${end#*:}" "${end%:*}: the map says how it ended"
	wanted=${end#*:}
	[ "$wanted" != exit ] || wanted=exited
	is "$(of end.bin '.processes[0].end')" "$wanted" "${end%:*}: so does the log"
	is "$("$analyze" info --format json end.bin | jq -r '.traces[0].pointer_maps | length, .[0].why' | xargs)" \
		"1 ${end#*:}" "${end%:*}: and info"
	is "$(of end.bin '.processes[0].map | [.whole, .threads, .pause_ns > 0, .resident_bytes > 0] | @csv')" \
		true,1,true,true "${end%:*}: what it cost"
	rm end.bin
done
recorded killed.bin sh -c 'kill -9 $$'
leaks killed.bin >out
has "^no pointer map: the program was killed" "killed: said"
has "^ +live " "killed: what was live is listed"
is "$(of killed.bin '[.definite.blocks, .unclassified.blocks > 0, .sites[0].kind] | @csv')" '0,true,"unclassified"' \
	"killed: as unclassified"
recorded became.%p.bin sh -c 'exec true'
mv "$(ls became.*.bin | grep -vE '\.1\.bin')" became.bin
leaks became.bin >out
has "^no pointer map: the program became another one" "exec: said"
MEMSCOPE_HEAPMAP=off recorded off.bin "$targets/leak_truth" lost_one
leaks off.bin >out
has "^no pointer map: .*MEMSCOPE_HEAPMAP=off" "off: said"
is "$(of off.bin .unclassified.bytes)" 100 "off: what was live"
for mode in sample counters; do
	MEMSCOPE_MODE=$mode recorded "$mode.bin" "$targets/leak_truth" lost_one
	leaks "$mode.bin" >out
	is $? 0 "$mode: no error"
	has "mode $mode records" "$mode: why there is nothing"
	is "$(of "$mode.bin" '[.definite.bytes, .unclassified.bytes] | @csv')" 0,0 "$mode: nothing is made up"
done
MEMSCOPE_MODE=cull recorded cull.bin "$targets/leak_truth" lost_tree
is "$(of cull.bin '[.definite.bytes, .indirect.bytes] | @csv')" 24,1488 "cull: as in full"
MEMSCOPE_MAX_SIZE=128K MEMSCOPE_QUIET=1 recorded small.bin "$targets/demo_app" >/dev/null
leaks small.bin >out
has "size limit" "a log at its limit: said"

# by a signal
MEMSCOPE_HEAPMAP=USR2,exit recorded asked.bin "$targets/map_watch" >seen
is "$(cat seen)" "asked 5 times" "the program notices nothing"
is "$("$analyze" info --format json asked.bin | jq -r '.traces[0].pointer_maps | map(.why) | join(" ")')" \
	"signal signal signal signal signal exit" "a map each time"
# a register or an old word of the stack may keep the last block or two
is "$(leaks --map 2 --format json asked.bin |
	jq -r '[.processes[0].map.why, .definite.bytes <= 10000, .definite.bytes >= 9800] | @csv')" '"signal",true,true' \
	"the second of them"
is "$(of asked.bin '[.processes[0].map.number, .definite.bytes <= 40000, .definite.bytes >= 39800] | @csv')" \
	6,true,true "the last"
leaks --map 7 asked.bin >out
has "no pointer map of that number" "one that there is not"
leaks --map 0 asked.bin >out 2>&1
is $? 2 "maps count from 1"
is "$("$analyze" info --format json asked.bin | jq '.traces[0].damage | length')" 0 "nothing of the log is wrong"
is "$(raw -i asked.bin | grep -c '^map [0-9]* .* whole 1$')" 6 "another reader finds them whole"
is "$(raw -P asked.bin 6 | grep -v '^3' | sort -u | wc -l)" "$(raw -P asked.bin 6 | grep -vc '^3')" "and each word once"

# a log that is cut in its map
bytes=$(wc -c <tree.bin)
head -c "$((bytes - 4096))" tree.bin >cut.bin
leaks cut.bin >out 2>err
is $? 3 "a cut map: the trace is damaged"
has "the map is not whole" "a cut map: said"

# many threads that sleep, and one that runs
recorded five.bin "$targets/leak_threads" five_threads
is "$(of five.bin '.processes[0].map | [.threads, .whole_stacks, .registerless] | @csv')" 6,0,5 "threads that sleep"
# a machine that is busy may not let it run soon enough
for _ in 1 2 3 4 5 6 7 8; do
	rm -f spin.bin
	recorded spin.bin "$targets/leak_threads" in_running_register
	[ "$(of spin.bin '.processes[0].map.whole_stacks')" != 0 ] || break
done
is "$(of spin.bin '.processes[0].map | [.threads, .whole_stacks, .registerless] | @csv')" 2,0,0 \
	"a thread that runs is held for an instant"
MEMSCOPE_HEAPMAP=USR2 recorded busy.bin "$targets/map_watch" busy >seen
is "$(cat seen)" "asked 5 times" "a program that goes on is not disturbed"
# the one that sleeps may be between two sleeps
is "$(of busy.bin '.processes[0].map.whole_stacks >= 1')" true "a stack in use is taken whole"
leaks busy.bin >out
has "old words of their stacks" "which is said"
done_testing
