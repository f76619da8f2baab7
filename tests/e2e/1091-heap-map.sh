# SPDX-License-Identifier: Apache-2.0
# Pointer maps that the program asks for itself: memscope_heap_map().
. "$(dirname "$0")/lib.sh"
target=$targets/heap_mapping

maps() { "$analyze" info --format json "$1" | jq -r '[.traces[0].pointer_maps[] | .why] | join(" ")'; }
lost() { # LOG MAP: bytes that are lost there, of the program's own blocks
	"$analyze" leaks --map "$2" --format json "$1" | jq -r '.definite.bytes'
}
sound() { "$analyze" info --format json "$1" | jq '.traces[0].damage | length'; }

ok "without a recorder the program runs" "$target" points
is "$(env LD_PRELOAD="$counter" COUNTER_OUT=/dev/null "$target" points 2>&1)" "" "nor does another library matter"

# --- what the maps say
ok "with one, too, and errno stays" recorded points.bin "$target" points
is "$(maps points.bin)" "api api api exit" "three maps, and that of the end"
is "$(lost points.bin 1) $(lost points.bin 2) $(lost points.bin 3)" "0 1001 3003" "each of its own instant"
is "$("$analyze" leaks --map 2 --format json points.bin | jq -r '.processes[0].map | [.why, .whole] | @csv')" \
	'"api",true' "leaks says why it was taken"
ok "in words, too" quietly eval '"$analyze" leaks --map 2 points.bin | grep -q "api"'
ok "and info" quietly eval '"$analyze" info points.bin | grep -qE "^ *3 .* api"'
is "$(raw -i points.bin | grep -c '^map [0-9]* .* whole 1$')" 4 "another reader finds them whole"

# --- when
MEMSCOPE_HEAPMAP=api recorded api.bin "$target" points
is "$(maps api.bin)" "api api api" "MEMSCOPE_HEAPMAP=api: at no other time"
MEMSCOPE_HEAPMAP=off recorded off.bin "$target" points
is "$(maps off.bin)" "" "off: not even then"
MEMSCOPE_HEAPMAP=USR2,api,exit recorded all.bin "$target" points
is "$(maps all.bin)" "api api api exit" "with others, and a comma between them"
MEMSCOPE_HEAPMAP=USR2 recorded usr2.bin "$target" points
is "$(maps usr2.bin)" "api api api" "a signal alone does not forbid calls"
is "$(MEMSCOPE_HEAPMAP=apis recorded odd.bin "$target" points 2>&1 | grep -c MEMSCOPE_HEAPMAP)" 1 "no such value"
MEMSCOPE_START=off recorded paused.bin "$target" points
is "$(maps paused.bin)" "api api api exit" "a pause is about events"
MEMSCOPE_MODE=sample recorded sample.bin "$target" points
is "$("$analyze" info --format json sample.bin | jq -r '[.traces[0].pointer_maps[] | .missing] | unique | length')" 1 \
	"of a sample there is none, and why is said"
ok "record's option" "$analyze" record --quiet --heapmap api -o option.bin -- "$target" points
is "$(maps option.bin)" "api api api" "sets the same"

# --- from where
for when in early late; do
	ok "$when" recorded $when.bin "$target" $when
	is "$(maps $when.bin)" "api exit" "$when: a map"
	is "$(sound $when.bin)" 0 "$when: the log is sound"
done
ok "four threads at once" recorded threads.bin "$target" threads
is "$(maps threads.bin | tr ' ' '\n' | sort | uniq -c | xargs)" "32 api 1 exit" "none of their maps is missing"
is "$("$analyze" info --format json threads.bin | jq -r '[.traces[0].pointer_maps[] | .number] | unique | length')" 33 \
	"each with a number of its own"
is "$("$analyze" info --format json threads.bin | jq -r '[.traces[0].pointer_maps[] | .missing | select(.)] | length')" 0 \
	"and all were begun"
ok "a handler in the middle of allocations" recorded storm.bin "$target" storm
is "$(maps storm.bin | tr ' ' '\n' | sort | uniq -c | xargs)" "25 api 1 exit" "its maps"
is "$(sound storm.bin)" 0 "the log is sound"
is "$(lost storm.bin 26)" 0 "and nothing is lost at the end"
ok "forked children" recorded fork.%p.bin "$target" fork
is "$(for log in fork.*.bin; do maps "$log"; done | sort | uniq -c | xargs)" "2 api _exit 1 api exit" \
	"each process has maps of its own"
is "$(recorded seen.bin "$targets/map_watch" api)" "asked 5 times" "a program does not notice them"
is "$(maps seen.bin)" "api api api api api exit" "though it gets them"
done_testing
