# SPDX-License-Identifier: Apache-2.0
# Every C entry point, in each of its ways, is in the log as it was called.
. "$(dirname "$0")/lib.sh"

ok "the family behaves as its manual says, errno included" \
	recorded calls.bin "$targets/entry_points" truth calls
between calls.bin >got
same got truth "each call is in the log: form, address, size, alignment"
ok "the truth is more than nothing" [ "$(wc -l <truth)" -gt 30 ]

ok "cfree, free_sized and free_aligned_sized are there under the recorder" \
	recorded lookup.bin "$targets/entry_points" truth lookup
is "$(wc -l <truth)" 6 "all three were called"
between lookup.bin >got
same got truth "and are in the log under their own names"

ok "the program itself is the same without the recorder" "$targets/entry_points" truth calls
is "$(raw -i calls.bin | grep '^lost')" "" "nothing was lost"
is "$(raw -i calls.bin | grep '^end ')" "end 1" "the log knows that the program exited"
done_testing
