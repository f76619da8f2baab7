# SPDX-License-Identifier: Apache-2.0
# Memory that the program takes from the kernel itself: each call, and how much is held.
. "$(dirname "$0")/lib.sh"

mappings() { field "$1" '.mappings | [.maps, .unmaps, .remaps, .breaks, .failed, .current_bytes, .peak_bytes] | join(" ")'; }

recorded calls.bin "$targets/maps" calls >out
is $? 0 "every kind of call"
is "$(field calls.bin .mappings.current_bytes)" "$(tail -n 1 out)" "what is held at the end, to the byte"
is "$(mappings calls.bin)" "$(raw -M calls.bin)" "counted page by page it is the same"
is "$(raw -t calls.bin | cut -d' ' -f 8-9)" "$(field calls.bin '.totals | [.active_allocations, .current_memory] | join(" ")')" \
	"the heap's figures are the heap's alone"
is "$(field calls.bin '.lost | to_entries | map(.value) | add')" 0 "nothing lost"
"$analyze" summary calls.bin >text
ok "the summary says it" grep -q 'mapped besides: 8 mmap, 8 munmap, 3 mremap, 4 brk, 6 failed; 164 KiB at most, 116 KiB at the end' text

# strace has its own opinion on what was called; brk says where the break is.
if strace -o /dev/null true 2>/dev/null; then
	strace -o trace -e trace=mmap,munmap,mremap,brk,write env LD_PRELOAD="$recorder" MEMSCOPE_OUTPUT=traced.bin \
		"$targets/maps" calls >out
	# the recorder's own: its mappings are of the log, or have MAP_NORESERVE and no fixed place
	perl -ne '
		$break = $1 if !$on && /^brk\(.*= (0x\w+)/;
		$on = 1 if /^write\(1, "begin/; $on = 0 if /^write\(1, "end/; next if !$on;
		next if /MAP_NORESERVE/ && !/MAP_FIXED/;
		next if /^mmap\(NULL, \d+, PROT_READ\|PROT_WRITE, MAP_SHARED, \d+, (0x\w+)\)/ && hex $1 >= 0x10000;
		next if !/^(mmap|munmap|mremap|brk)\(([^,)]*).*\) += (\S+)/;
		my ($call, $first, $result) = ($1, $2, $3);
		if ($call ne "brk") { print "$call\n" if $result ne "-1"; print "failed\n" if $result eq "-1" && $call ne "munmap"; next }
		if ($first eq "NULL") { }
		elsif ($first ne $result) { print "failed\n" } elsif ($result ne $break) { print "brk\n" }
		$break = $result;' trace | sort | uniq -c | awk '{ print $2, $1 }' >want
	raw traced.bin | awk -F'\t' '$3 ~ /^(mmap|munmap|mremap|brk)$/ { print $4 == "0" || $4 == "0x0" ? "failed" : $3 }' |
		sort | uniq -c | awk '{ print $2, $1 }' >got
	same got want "each call is there that strace saw: $(xargs <want)"
else
	skip "strace cannot run here" "each call is there that strace saw"
fi

recorded holes.bin "$targets/maps" holes
is $? 0 "what the program leaves free is no place for the recorder"

# Order: no page ever has two owners, whichever thread took it and whichever gave it up.
recorded threads.bin "$targets/maps" threads 10000
is $? 0 "four threads"
is "$(mappings threads.bin)" "$(raw -M threads.bin)" "threads: the same page by page"
is "$(field threads.bin '.mappings | [.maps, .unmaps, .current_bytes] | join(" ")')" "40004 40000 16384" \
	"threads: every call, four pages left"
is "$(raw threads.bin | perl -F'\t' -lane '
	next if $F[2] !~ /^(mmap|munmap|mremap begin|mremap)$/;
	my ($at, $pages) = (hex($F[3]) >> 12, $F[4] + 4095 >> 12);
	for my $p ($at .. $at + $pages - 1) {
		if ($F[2] =~ /^(munmap|mremap begin)$/) { $wrong++ if !delete $owned{$p} }
		elsif ($owned{$p}++) { $wrong++ }
	}
	END { print $wrong + 0 }')" 0 "threads: no page with two owners at any time"
recorded signals.bin "$targets/maps" signals 300
is $? 0 "signal handlers that map"
is "$(mappings signals.bin)" "$(raw -M signals.bin)" "signals: the same page by page"
is "$(raw -t signals.bin | cut -d' ' -f 5-7)" "0 0 0" "signals: and the heap is whole"
recorded child.%p.bin "$targets/maps" child
is "$(for log in child.*.bin; do mappings "$log"; done | sort | xargs)" "1 0 0 0 0 12288 12288 1 1 0 0 0 8192 8192" \
	"a child gives up what its parent took, which its log does not know"

# In order with everything else, with thread, stack, address, size.
rows calls.bin >events
is "$(awk -F, '$1 < last { bad++ } { last = $1 } END { print bad + 0 }' events)" 0 "in the order of time"
is "$(awk -F, '$3 == "mremap" && $4 != "0x0" { print $5, $6 != "" }' events | xargs)" "36864 1 20480 1 16384 1" "mremap is one row"
is "$(awk -F, '$3 == "mmap" && $4 == "0x0"' events | wc -l)" 3 "a call that failed has no address"
is "$(awk -F, '$3 ~ /^(mmap|munmap|mremap|brk)$/ && $7 == ""' events | wc -l)" 0 "each has a stack"
raw -m calls.bin | awk -F'\t' '$3 == "brk" { print $8 }' | head -n 1 | tr , '\n' >stack
ok "which leads through the program to the loader" [ "$(grep -c "maps+" stack)" -ge 2 ]
"$analyze" dump --stacks calls.bin >text
ok "and names it" grep -q 'munmap.*partly' text

# The setting.
recorded off.bin MEMSCOPE_MMAP=0 "$targets/maps" calls >/dev/null
is "$(mappings off.bin)" "0 0 0 0 0 0 0" "MEMSCOPE_MMAP=0: none"
ok "and the summary has no line of it" eval '! "$analyze" summary off.bin | grep -q "mapped besides"'
"$analyze" record -q -o off2.bin --no-mmap -- "$targets/maps" calls >/dev/null
is "$(mappings off2.bin)" "0 0 0 0 0 0 0" "record --no-mmap"
recorded paused.bin MEMSCOPE_START=off "$targets/maps" calls >/dev/null
is "$(mappings paused.bin) $(field paused.bin .lost.paused_mappings)" "0 0 0 0 0 0 0 32" "paused: none, but counted"
for mode in sample cull; do
	recorded $mode.bin MEMSCOPE_MODE=$mode "$targets/maps" calls >out
	is "$(mappings $mode.bin)" "$(mappings calls.bin)" "MEMSCOPE_MODE=$mode: all of them"
done
recorded counters.bin MEMSCOPE_MODE=counters "$targets/maps" calls >/dev/null
is "$(field counters.bin '.mappings | [.[]] | unique | map(tostring) | join(" ")') $(raw counters.bin | wc -l)" "null 0" \
	"MEMSCOPE_MODE=counters: none, and that is not called nothing"
recorded limit.bin MEMSCOPE_MAX_SIZE=256KiB "$targets/maps" threads 10000 2>/dev/null
is "$(field limit.bin .mappings.maps) $(($(raw limit.bin | awk -F'\t' '$3 ~ /^(mmap|munmap|mremap)$/' | wc -l) + \
	$(field limit.bin .lost.stopped_mappings)))" "null $(raw threads.bin | awk -F'\t' '$3 ~ /^(mmap|munmap|mremap)$/' | wc -l)" \
	"after the log's limit they are counted as lost"
recorded plain.bin "$targets/plain" 10
is "$(mappings plain.bin)" "0 0 0 0 0 0 0" "a program that maps nothing itself: what libc maps is not its own"
"$analyze" summary --format json calls.bin threads.bin >both
is "$(jq .mappings.maps both)" "$(($(field calls.bin .mappings.maps) + $(field threads.bin .mappings.maps)))" "two logs are summed"

# What an allocator maps for its blocks is its own affair.
for library in libjemalloc.so.2 libtcmalloc_minimal.so.4 libmimalloc.so.2; do
	LD_PRELOAD=$library "$targets/plain" 1 2>err
	if [ -s err ]; then
		skip "not installed" $library
		continue
	fi
	env LD_PRELOAD="$recorder $library" MEMSCOPE_OUTPUT=$library.bin "$targets/plain" 100000 >/dev/null
	is "$? $(mappings $library.bin)" "0 0 0 0 0 0 0 0" "$library: none of its mappings is recorded"
done
done_testing
