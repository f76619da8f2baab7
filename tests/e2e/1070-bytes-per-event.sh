# SPDX-License-Identifier: Apache-2.0
# A log is compact: at most eight bytes an event, stack, time, address and size included.
. "$(dirname "$0")/lib.sh"

weigh() { # NAME SETTING THREADS MOST
	recorded "$1.bin" "$2" "$targets/depth_bench" 10 200000 "$3" 1000
	events=$(field "$1.bin" .events)
	bytes=$(stat -c %b "$1.bin")
	bytes=$((bytes * 512))
	centi=$((bytes * 100 / events))
	ok "$1: $events events of $((centi / 100)).$(printf %02d $((centi % 100))) bytes, not over $4" \
		[ "$centi" -le $(($4 * 100)) ]
	ok "$1: all of them" [ "$events" -ge $((2 * 200000 * $3 - 2000 * $3)) ]
}
weigh one-thread MEMSCOPE_FREE_STACKS=0 1 8
weigh two-threads MEMSCOPE_FREE_STACKS=0 2 8
weigh free-stacks MEMSCOPE_FREE_STACKS=1 1 9
is "$(raw one-thread.bin | awk -F'\t' '$3 == "malloc" { print $7 }' | sort -u | wc -l)" \
	"$(raw -a one-thread.bin | awk -F'\t' '$3 == "malloc" { print $8 }' | sort -u | wc -l)" \
	"each distinct stack is stored once"
ok "over 1000 distinct stacks" [ "$(raw one-thread.bin | awk -F'\t' '$3 == "malloc" { print $7 }' |
	sort -u | wc -l)" -gt 1000 ]
done_testing
