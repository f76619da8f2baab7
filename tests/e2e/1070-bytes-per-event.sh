# SPDX-License-Identifier: Apache-2.0
# A log is compact: at most seven bytes an event, stack, time, address and size included, and
# eight with the stacks of frees, however many threads write it.
. "$(dirname "$0")/lib.sh"

# A program that is kept waiting has longer times between its events: the best of three.
weigh() { # NAME SETTING THREADS MOST
	for _ in 1 2 3; do
		rm -f "$1.bin"
		recorded "$1.bin" "$2" "$targets/depth_bench" 10 "$pairs" "$3" 1000
		events=$(field "$1.bin" .events)
		bytes=$(stat -c %s "$1.bin")
		centi=$((bytes * 100 / events))
		[ "$centi" -gt $(($4 * 100)) ] || break
	done
	ok "$1: $events events of $((centi / 100)).$(printf %02d $((centi % 100))) bytes, not over $4" \
		[ "$centi" -le $(($4 * 100)) ]
	ok "$1: all of them" [ "$events" -ge $((2 * pairs * $3 - 2000 * $3)) ]
}
pairs=400000
weigh one-thread MEMSCOPE_FREE_STACKS=0 1 7
weigh two-threads MEMSCOPE_FREE_STACKS=0 2 7
weigh free-stacks MEMSCOPE_FREE_STACKS=1 1 8
weigh free-stacks-of-two MEMSCOPE_FREE_STACKS=1 2 8
recorded few.bin MEMSCOPE_FREE_STACKS=0 "$targets/depth_bench" 10 40000 1 1000
raw -a few.bin | awk -F'\t' '$3 == "malloc" { print $7, $8 }' | sort -u >stacks
is "$(cut -d' ' -f1 stacks | sort -u | wc -l)" "$(cut -d' ' -f2 stacks | sort -u | wc -l)" \
	"each distinct stack is stored once"
ok "over 1000 distinct stacks" [ "$(wc -l <stacks)" -gt 1000 ]
done_testing
