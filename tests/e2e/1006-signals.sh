# SPDX-License-Identifier: Apache-2.0
# Handlers that allocate, wherever they strike; handlers that never return.
. "$(dirname "$0")/lib.sh"

ok "a handler that allocates on the alternate stack" counted raise "$targets/interrupted" raise
log=$(ls raise.*.bin)
is "$(count "$log" 600001)" 1000 "its 1000 blocks are in the log"
ok "totals equal the counter's" equal_counts raise

for run in 1 2; do
	ok "malloc and free interrupted without pause, run $run" \
		counted storm$run "$targets/interrupted" storm 300000
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

ok "200 handlers that leave by siglongjmp" recorded jump.bin "$targets/interrupted" jump
is "$(count jump.bin 600002)" 1000 "what comes after them is complete"
is "$(raw jump.bin | awk -F'\t' '$5 == 600002 { on = $4 } $3 == "free" && on == $4 { n++; on = "" }
	END { print n }')" 1000 "and so are its frees"
ok "the analyzer reads that log without damage" [ "$(field jump.bin '.damage | length')" = 0 ]
done_testing
