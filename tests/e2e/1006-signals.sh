# SPDX-License-Identifier: Apache-2.0
# Handlers that allocate, wherever they strike; handlers that never return.
. "$(dirname "$0")/lib.sh"

ok "a handler that allocates on the alternate stack" counted raise "$targets/interrupted" raise
log=$(ls raise.*.bin)
is "$(count "$log" 600001)" 1000 "its 1000 blocks are in the log"
ok "totals equal the counter's" equal_counts raise

for run in 1 2; do
	ok "malloc and free interrupted without pause, run $run" \
		counted storm$run "$targets/interrupted" storm 30000
	log=$(ls storm$run.*.bin)
	nested=$(raw -i "$log" | awk '$1 == "lost" && $2 == 6 { n = $3 } END { print n + 0 }')
	want=$(counts storm$run.counts/*)
	got=$(totals "$log")
	is "${got% *}" "${want% *}" "what the interrupted program did is exact"
	is "$((${got##* } + nested))" "${want##* }" \
		"what the handler did is in the log, or counted as lost ($nested of ${want##* })"
	is "$(raw -t "$log" | cut -d' ' -f 6,7)" "0 0" "none unmatched, none live twice"
	is "$(summary_totals "$log")" "$got" "the analyzer agrees"
done

for run in 1 2 3 4 5; do
	ok "60 handlers that leave by siglongjmp, run $run" recorded jump$run.bin "$targets/interrupted" jump
	raw jump$run.bin >events
	is "$(awk -F'\t' '$5 == 600002 { on = $4; made++ }
		$3 == "free" && on == $4 { freed++; on = "" } END { print made, freed }' events)" "1000 1000" \
		"what comes after them is complete"
	"$analyze" dump --format csv jump$run.bin >out 2>err
	is "$? $(cat err)" "0 " "the analyzer reads that log without damage"
	ok "the log grew no more than its events" [ "$(stat -c %b jump$run.bin)" -lt \
		$(($(wc -l <events) / 10 + 8192)) ]
done
done_testing
