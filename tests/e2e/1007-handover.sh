# SPDX-License-Identifier: Apache-2.0
# Blocks that other threads free: two million of them, and no address is live twice.
. "$(dirname "$0")/lib.sh"

handed() { # NAME THREADS SETTING: a million frees, each in another thread
	ok "$1: threads hand blocks on" recorded "$1.bin" "$3" "$targets/handover" 1000000 "$2"
	"$analyze" summary --format json "$1.bin" >"$1.json"
	of() { jq ".totals.$2" "$1.json"; }
	is "$(of "$1" total_deallocations)" 1000000 "$1: each free is in the log"
	ok "$1: and each allocation" [ "$(of "$1" total_allocations)" -ge 1000000 ]
	is "$(of "$1" overwritten_blocks)" 0 "$1: no block is made while its address is live"
	is "$(of "$1" unmatched_deallocations)" 0 "$1: no block is freed before it is made"
}
handed bare 2 MEMSCOPE_STACKS=none
handed stacks 4 MEMSCOPE_STACKS=full
done_testing
