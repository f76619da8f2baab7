# SPDX-License-Identifier: Apache-2.0
# What recording cost is in the log, and info says it.
. "$(dirname "$0")/lib.sh"

cost() { field_of info "$1" ".traces[0].cost.$2"; }
field_of() { "$analyze" "$1" --format json "$2" | jq -r "$3"; }
holds() { awk "BEGIN { exit !($1) }"; }

recorded run.bin "$targets/plain" 100000
events=$(cost run.bin events)
timed=$(cost run.bin timed_hooks)
ok "one hook in some 64 is timed ($timed of $events)" holds "$events / $timed > 40 && $events / $timed < 120"
ok "an event costs something" holds "$(cost run.bin ns_per_event) > 0"
ok "in all: each event, and making room" holds "$(cost run.bin recording_ns) >= $events * $(cost run.bin ns_per_event)"
is "$(($(cost run.bin known_stacks) + $(cost run.bin walked_stacks)))" "$events" "each stack was known or walked"
ok "nearly all were known" [ "$(cost run.bin walked_stacks)" -lt 100 ]
ok "rules were worked out once" [ "$(cost run.bin rule_misses)" -lt 1000 ]
is "$(raw -i run.bin | awk '$1 == "cost" && $2 == 1 && $3 == 8 { print $4 }')" "$(cost run.bin event_bytes)" \
	"the bytes that the thread counted are the windows'"
is "$(cost run.bin windows)" "$(field_of info run.bin '.traces[0].windows[] | select(.kind == "events").windows')" \
	"so are its windows"
ok "the text says it" sh -c "'$analyze' info run.bin | grep -q 'ns an event.*of the processor time'"

recorded none.bin MEMSCOPE_STACKS=none "$targets/plain" 100000
is "$(cost none.bin known_stacks) $(cost none.bin walked_stacks)" "0 0" "no stacks, no cost of stacks"
recorded threads.bin "$targets/short_threads" 500
is "$(raw -i threads.bin | awk '$1 == "cost" && $2 > 0 { print $2 }' | sort -u | wc -l)" 501 \
	"each thread of 501 has its figures"
recorded killed.bin "$targets/deaths" kill 100000 2>/dev/null
ok "a log that was killed at once may have none, and is read" quietly "$analyze" info killed.bin
done_testing
