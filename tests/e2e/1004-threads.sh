# SPDX-License-Identifier: Apache-2.0
# Ten thousand threads come and go: each one's events are there, and the log stays small.
. "$(dirname "$0")/lib.sh"

ok "10,000 short threads" counted many "$targets/short_threads" 10000
ok "totals equal the counter's" equal_counts many
log=$(ls many.*.bin)
ok "the log stays under 64 MiB" [ "$(stat -c %s "$log")" -lt 67108864 ]
raw "$log" >events
is "$(awk -F'\t' '$3 == "malloc" && $5 >= 100000 && $5 < 110000 { print $5 }' events | sort -u | wc -l)" \
	10000 "each thread's own block is in the log"
is "$(awk -F'\t' '
	$3 == "malloc" && $5 >= 100000 && $5 < 110000 { of[$2] = of[$2] $5 " "; at[$2] = $4; n[$2]++ }
	$3 == "free" && ($2 in at) && $4 == at[$2] { freed[$2]++ }
	END { for (t in n) if (n[t] != 1 || freed[t] != 1) bad++; print length(n), bad + 0 }' events)" \
	"10000 0" "each in a thread of its own, freed by it"
raw -i "$log" >info
is "$(grep -c '^thread' info)" 10001 "10,001 threads are known"
is "$(grep -c '^thread .* ended 1' info)" 10000 "the end of each but the first is in the log"
is "$(grep -o 'name short-[0-9]*' info | sort -u | wc -l)" 10000 "the names that they took are known"
is "$(field "$log" '.threads | length')" 10001 "the analyzer lists all of them"
done_testing
