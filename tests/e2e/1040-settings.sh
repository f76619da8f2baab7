# SPDX-License-Identifier: Apache-2.0
# The environment: each variable, and each bad value.
. "$(dirname "$0")/lib.sh"

# complains VARIABLE VALUE: one line that names it, and recording goes on.
complains() {
	rm -f bad*.bin
	recorded bad.bin "$1=$2" "$targets/plain" 10 2>err
	code=$?
	is "$code $(wc -l <err) $(count bad.bin 100)" "0 1 10" "$1=$2: one line, recorded all the same"
	ok "the line names $1" grep -q "$1" err
}
complains MEMSCOPE_STACKS maybe
complains MEMSCOPE_MODE half
complains MEMSCOPE_SAMPLE 0
complains MEMSCOPE_SAMPLE often
complains MEMSCOPE_CULL 10
complains MEMSCOPE_DEPTH -3
complains MEMSCOPE_DEPTH 3x
complains MEMSCOPE_FREE_STACKS 2
complains MEMSCOPE_START perhaps
complains MEMSCOPE_SIGNAL SIGNONE
complains MEMSCOPE_SIGNAL SIGKILL
complains MEMSCOPE_MAX_SIZE 10parsecs
complains MEMSCOPE_QUIET yes
complains MEMSCOPE_MMAP 2
for value in '' sideways fork,none none,exec fork, ,exec forkexec fork,fork 'fork exec'; do
	complains MEMSCOPE_FOLLOW "$value"
done
complains MEMSCOPE_COLOUR red
recorded bad2.bin MEMSCOPE_QUIET=1 MEMSCOPE_DEPTH=x MEMSCOPE_COLOUR=red "$targets/plain" 10 2>err
is "$(wc -c <err)" 0 "QUIET silences them"
recorded fine.bin MEMSCOPE_STACKS=full MEMSCOPE_MODE=full MEMSCOPE_SAMPLE=512KiB MEMSCOPE_CULL=10ms MEMSCOPE_DEPTH=0 MEMSCOPE_FREE_STACKS=1 MEMSCOPE_START=on \
	MEMSCOPE_MAX_SIZE=0 MEMSCOPE_QUIET=0 MEMSCOPE_FOLLOW=fork,exec MEMSCOPE_MMAP=1 "$targets/plain" 10 2>err
is "$(wc -c <err)" 0 "the defaults, spelled out, are no news"

depth() { raw -a "$1" | awk -F'\t' -v size="$2" '$5 == size { print split($8, f, ","), $8 ~ /cut1$/; exit }'; }
recorded deep.bin "$targets/plain" 10
set -- $(depth deep.bin 100)
ok "a whole stack is deeper than three" [ "$1" -gt 3 ]
is "$2" 0 "and not marked as cut"
recorded cut.bin MEMSCOPE_DEPTH=3 "$targets/plain" 10
is "$(depth cut.bin 100)" "4 1" "DEPTH=3: three frames and the mark of the cut"
is "$(raw -a cut.bin | awk -F'\t' '$5 == 100 { print $8 }' | cut -d, -f 1-3 | sort -u | wc -l)" 1 \
	"from the leaf"
recorded none.bin MEMSCOPE_STACKS=none "$targets/plain" 10
is "$(raw none.bin | cut -f7 | sort -u)" 0 "STACKS=none: none"
recorded nofree.bin MEMSCOPE_FREE_STACKS=0 "$targets/plain" 10
is "$(raw nofree.bin | awk -F'\t' '$3 == "free" && $7' | wc -l)" 0 "FREE_STACKS=0: no stacks of frees"
ok "but of allocations" [ "$(raw nofree.bin | awk -F'\t' '$5 == 100 && $7' | wc -l)" = 10 ]
ok "by default frees have stacks" [ "$(raw deep.bin | awk -F'\t' '$3 == "free" && $7' | wc -l)" -ge 10 ]
for log in deep cut none nofree; do
	is "$(count $log.bin 100) $(count $log.bin 50)" "10 10" "$log: the events are all there"
done

lost() { field "$1" ".lost.$2 // 0"; }
recorded off.bin MEMSCOPE_START=off "$targets/plain" 10
is "$(count off.bin 100) $(count off.bin 50)" "0 0" "START=off: nothing recorded"
ok "what was not recorded is counted" [ "$(lost off.bin paused_allocations)" -ge 20 ]
ok "frees too" [ "$(lost off.bin paused_frees)" -ge 10 ]

counted on MEMSCOPE_START=off MEMSCOPE_SIGNAL=SIGUSR2 "$targets/plain" 10 toggle
log=$(ls on.*.bin)
is "$(count "$log" 50) $(count "$log" 60) $(count "$log" 70)" "0 10 0" "SIGUSR2 on, SIGUSR2 off"
read -r made _ ended bytes _ <<END
$(counts on.counts/*)
END
read -r in_made _ in_ended in_bytes _ <<END
$(totals "$log")
END
is "$((in_made + $(lost "$log" paused_allocations))) $((in_bytes + $(lost "$log" paused_bytes))) $((in_ended + $(lost "$log" paused_frees)))" \
	"$made $bytes $ended" "recorded and paused make the whole, exactly"
recorded toggle.bin MEMSCOPE_SIGNAL=SIGUSR2 "$targets/plain" 10 toggle
is "$(count toggle.bin 50) $(count toggle.bin 60) $(count toggle.bin 70)" "10 0 1" "off in the middle only"
"$targets/plain" 10 toggle 2>/dev/null
is $? 140 "without the setting the signal is the program's own affair"
recorded own.bin "$targets/plain" 10 toggle 2>/dev/null
is $? 140 "under the recorder too"
done_testing
