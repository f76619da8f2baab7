# SPDX-License-Identifier: Apache-2.0
# A heap that is known to the byte: what is live, where it came from, when it peaked.
. "$(dirname "$0")/lib.sh"

recorded known.bin "$targets/plain" 1000
site() { field known.bin "[.sites[] | select(.function == \"$1\")][0] | $2"; }
is "$(site keep '[.allocations, .allocated, .live_blocks, .live_bytes, .peak_bytes] | @csv')" \
	"1000,100000,1000,100000,100000" "a site that keeps"
is "$(site drop '[.allocations, .allocated, .live_blocks, .live_bytes] | @csv')" "1000,50000,0,0" "a site that drops"
is "$(site keep .file | sed 's|.*/||')" plain.c "its file"
is "$(site keep .line)" "$(grep -n 'return hide(malloc(bytes))' "$root/tests/targets/plain.c" | cut -d: -f1)" "its line"
is "$(site keep .module | sed 's|.*/||')" plain "its module"
ok "its stack goes to main" [ "$(site keep '[.stack[].function] | index("main")')" != null ]
is "$(field known.bin '[.sites[].live_bytes] | add')" "$(field known.bin .totals.current_memory)" \
	"live bytes of all sites make the total"
is "$(field known.bin '[.sites[].allocated] | add')" "$(field known.bin .totals.total_allocated)" \
	"so do allocated bytes"
is "$(field known.bin '.totals | .total_allocated - .total_deallocated - .current_memory')" 0 "totals add up"
is "$(field known.bin '.totals | .total_allocations - .total_deallocations - .active_allocations + .unmatched_deallocations')" 0 \
	"so do blocks"
is "$(field known.bin '.totals | .peak_memory >= .current_memory')" true "the peak is a peak"
is "$(raw -t known.bin | cut -d' ' -f 10)" "$(field known.bin .totals.peak_memory)" "the same to another reader"
is "$(field known.bin '.process.command | contains("plain 1000")')" true "the command line"
is "$(field known.bin '.process.pid')" "$(raw -i known.bin | awk '$1 == "pid" { print $2 }')" "the pid"
is "$(field known.bin '.version, (.damage | length), (.lost | to_entries | map(.value) | add // 0)' | xargs)" "1 0 0" \
	"version 1, no damage, nothing lost"

# several traces are one run: summed, and listed
recorded more.bin "$targets/plain" 10
"$analyze" summary --format json known.bin more.bin >both
is "$(jq .totals.total_allocations both)" \
	"$(($(field known.bin .totals.total_allocations) + $(field more.bin .totals.total_allocations)))" "two traces are summed"

at_end=$("$analyze" snapshot --at end --format json known.bin | jq -c .)
at_start=$("$analyze" snapshot --at start --format json known.bin | jq -c .)
ok "snapshots at the end and at the start differ" [ "$at_end" != "$at_start" ]
done_testing
