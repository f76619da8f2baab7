# SPDX-License-Identifier: Apache-2.0
# Blocks that move between threads: no address is ever live twice, nothing is unmatched.
. "$(dirname "$0")/lib.sh"

for run in 1 2 3; do
	ok "four threads move blocks, run $run" counted race$run "$targets/realloc_race" 6000
	ok "totals equal the counter's" equal_counts race$run
	log=$(ls race$run.*.bin)
	is "$(raw -t "$log" | cut -d' ' -f 5-7)" "0 0 0" "none failed, none unmatched, none live twice"
	is "$(field "$log" '.totals | [.unmatched_deallocations, .failed_allocations] | @csv')" "0,0" \
		"the analyzer agrees"
	is "$(field "$log" .totals.active_allocations,.totals.current_memory | tr '\n' ' ')" \
		"$(raw -t "$log" | cut -d' ' -f 8,9) " "and on what is live at the end"
	is "$(field "$log" .totals.peak_memory)" "$(raw -t "$log" | cut -d' ' -f 10)" "and on the peak"
done
done_testing
