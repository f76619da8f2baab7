# SPDX-License-Identifier: Apache-2.0
# Filters and groups: the figures are those of the blocks that pass, whatever they are
# grouped by.
. "$(dirname "$0")/lib.sh"

recorded plain.bin "$targets/plain" 1000
snap() { "$analyze" snapshot --format json "$@" plain.bin >out.json; }
totals_of() { jq -r '.totals | [.total_allocations, .total_allocated, .active_allocations, .current_memory] | @csv' out.json; }

snap --function '^keep$'
is "$(totals_of)" 1000,100000,1000,100000 "a function that keeps"
snap --function '^drop$'
is "$(totals_of)" 1000,50000,0,0 "a function that drops"
is "$(jq -c '.rows, .totals.total_deallocations, .totals.failed_allocations' out.json | xargs)" "[] 1000 null" \
	"nothing is live; what is of no block is not known"
snap --function '^drop$' --freed
is "$(jq -c '.rows | length, .[0].function, .[0].allocations, .[0].temporary' out.json | xargs)" "1 drop 1000 1000" \
	"--freed shows what is not there any more"
snap --function '^drop$' --live
is "$(totals_of)" 0,0,0,0 "of that nothing is live"
snap --size 100 --file 'plain\.c$' --live
is "$(totals_of)" 1000,100000,1000,100000 "a size and a file"
snap --size 50..99 --site '^drop plain\.c:[0-9]+$'
is "$(totals_of)" 1000,50000,0,0 "a range of sizes and a site"
snap --size ..49 --site '^drop '
is "$(totals_of)" 0,0,0,0 "another range"
snap --module '/plain$' --size 1..1KiB
is "$(totals_of)" "$(rows plain.bin | awk -F, '$3 == "malloc" && $5 >= 1 && $5 <= 1024 { n++; b += $5 } END { print n "," b }'),1000,100000" \
	"a module has what went through it"
tid=$(rows plain.bin | head -n 1 | cut -d, -f2)
snap --thread "$tid" --function '^main$'
is "$(totals_of)" 2000,150000,1000,100000 "the only thread"
snap --thread 1
is "$(totals_of)" 0,0,0,0 "no such thread"

# when they were made
half=$(rows plain.bin | awk -F, '$5 == 100 && ++n == 500 { print $1; exit }')
snap --function '^keep$' --to "${half}ns"
is "$(totals_of)" 500,50000,500,50000 "made in the first half"
snap --function '^keep$' --from "$((half + 1))ns"
is "$(totals_of)" 500,50000,500,50000 "made in the second"
snap --at "${half}ns" --function '^keep$'
is "$(totals_of)" 500,50000,500,50000 "the instant of the first half"

# lifetimes: what is dropped lives shorter than what was kept first
first=$(rows plain.bin | awk -F, '$5 == 100 { print $1; exit }')
last=$(rows plain.bin | tail -n 1 | cut -d, -f1)
snap --function '^keep$' --lifetime "$((last - first))ns.."
is "$(totals_of)" 1,100,1,100 "the oldest alone lived that long"
snap --function '^(keep|drop)$' --lifetime "..$((last - first))ns"
is "$(totals_of)" 2000,150000,1000,100000 "all lived at most as long"

# every grouping has the same sums, with a filter and without
recorded demo.bin "$targets/demo_app" >/dev/null
for filter in "" "--size 8..512 --lifetime 20us.." "--function worker --to 60%"; do
	for by in site stack file module thread size function kind age; do
		# shellcheck disable=SC2086 # the filter is several words
		"$analyze" snapshot --at 70% --sort calls --by $by $filter --format json demo.bin >out.json
		is "$(jq -c '[.rows[] | [.allocations, .allocated, .live_blocks, .live_bytes, .peak_bytes]] | transpose | map(add)' out.json)" \
			"$(jq -c '.totals | [.total_allocations + .total_reallocations, .total_allocated, .active_allocations, .current_memory, .peak_memory]' out.json)" \
			"by $by${filter:+ with $filter}: groups make the totals"
	done
done
# A frame is nowhere twice: a caller has what it and those that it calls have.
"$analyze" snapshot --by function --sort calls --format json demo.bin >out.json
is "$(jq '[.rows[] | select(.function == "worker")][0].inclusive.allocations >= ([.rows[] | select(.function == "cache_put" or .function == "begin_session") | .allocations] | add)' out.json)" \
	true "a caller includes those it calls"
is "$(jq 'all(.rows[]; .inclusive.live_bytes >= .live_bytes)' out.json)" true "and itself"

# What was folded has a stack and nothing else: more cannot be asked of it.
MEMSCOPE_MODE=cull MEMSCOPE_CULL=10s recorded cull.bin "$targets/plain" 1000
cull() { "$analyze" snapshot --format json "$@" cull.bin >out.json; }
cull --function '^drop$'
is "$(totals_of)" 1000,50000,0,0 "culled: by function all is told"
cull --function '^(keep|drop)$' --size 1..
is "$(jq -c '.totals | .total_allocations, .active_allocations, .current_memory' out.json | xargs)" "null 1000 100000" \
	"culled: by size what lives is told, and calls are not"
cull --function '^(keep|drop)$' --size 1.. --live
is "$(totals_of)" 1000,100000,1000,100000 "culled: what lives was not folded"
MEMSCOPE_MODE=sample MEMSCOPE_SAMPLE=64 recorded sample.bin "$targets/plain" 1000
"$analyze" snapshot --format json --function '^keep$' sample.bin >out.json
is "$(jq -c '.totals.estimated, (.rows[0].live_bytes == .totals.current_memory), (.totals.current_memory | . > 80000 and . < 120000)' out.json | xargs)" \
	"true true true" "samples: estimates of what passes"
MEMSCOPE_MODE=counters recorded counters.bin "$targets/plain" 1000
is "$("$analyze" summary --format json --function keep counters.bin | jq -c '[.totals[]] | unique')" "[null]" \
	"counters: nothing is known of functions"

# the other commands have them, too
is "$("$analyze" summary --format json --function '^keep$' plain.bin | jq -c '[.totals.total_allocated, .totals.peak_memory, (.sites | length), .threads[0].live_blocks]')" \
	"[100000,100000,1,1000]" "summary"
is "$(rows --size 100 --function '^keep$' plain.bin | wc -l)" 1000 "dump: of the calls themselves"
is "$(rows --live --function '^keep$' plain.bin | wc -l)" 1000 "dump: calls that made a block that is live"
is "$(rows --live --function '^drop$' plain.bin | wc -l)" 0 "dump: that is not"
is "$(rows --freed --function '^drop$' plain.bin | cut -d, -f3 | sort | uniq -c | xargs)" "1000 malloc" "dump: that was freed"
is "$("$analyze" snapshot --blocks --function '^keep$' --format json plain.bin | jq '.blocks | length, (map(.size) | unique | .[])' | xargs)" \
	"1000 100" "blocks"
is "$("$analyze" snapshot --blocks --freed --function '^drop$' --format csv plain.bin | tail -n +2 | wc -l)" 1000 "freed blocks"
is "$("$analyze" snapshot --blocks --freed --top 3 --format csv plain.bin | tail -n +2 | wc -l)" 3 "three of them"
ok "text says what it is about" sh -c "'$analyze' snapshot --size 1.. --site keep plain.bin | grep -q '^only of blocks: site ~ keep, size 1 B..'"

# several traces: processes are told apart
"$analyze" dump --format csv plain.bin demo.bin >out
is "$(head -n 1 out)" "process,time_ns,thread,kind,address,size,old_address,stack" "dump: a column for the process"
is "$(tail -n +2 out | wc -l)" "$(($(rows plain.bin | wc -l) + $(rows demo.bin | wc -l)))" "dump: the rows of both"
is "$(cut -d, -f1 out | sort -u | wc -l)" 3 "dump: two processes"
for by in thread stack; do
	is "$("$analyze" snapshot --by $by --format json plain.bin demo.bin | jq '[.rows[].pid] | unique | length')" 2 "rows by $by have theirs"
done
is "$("$analyze" snapshot --blocks --format json plain.bin demo.bin | jq '[.blocks[].pid] | unique | length')" 2 "so have blocks"

# what is none is said
run() { timeout 60 "$analyze" "$@" plain.bin >out 2>err; echo "$? $(wc -l <err)"; }
for option in site function file module; do
	is "$(run snapshot --$option 'a(b')" "2 1" "--$option: a pattern that is none"
	ok "is named" grep -q "$option.*'a(b'" err
done
for range in "" .. 5..3 x 1..2..3 -1; do
	is "$(run snapshot --size "$range")" "2 1" "--size '$range'"
	is "$(run snapshot --lifetime "$range")" "2 1" "--lifetime '$range'"
done
is "$(run snapshot --thread 0)" "2 1" "--thread 0"
is "$(run snapshot --live --freed)" "2 1" "--live and --freed"
is "$(run info --size 1)" "2 1" "info lists no blocks"
is "$(run dump --function "$(printf '(\033[31m')")" "2 1" "a hostile pattern"
is "$(tr -d '\n\t\040-\176\200-\377' <err | wc -c)" 0 "is shown harmless"
done_testing
