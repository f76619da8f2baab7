# SPDX-License-Identifier: Apache-2.0
# Libraries that come, go and take each other's place.
. "$(dirname "$0")/lib.sh"

cp "$targets/libtwin_a.so" "$targets/libtwin_b.so" "$targets/loads" .
mkdir found && cp libtwin_a.so found/libfound.so

counted twins ./loads twins "$PWD/libtwin_a.so" "$PWD/libtwin_b.so"
code=$?
log=$(ls twins.*.bin)
if [ $code -eq 77 ]; then
	skip "the loader chose another address" "two libraries at one address"
else
	is $code 0 "two libraries at one address, in turn"
	raw -m "$log" | awk -F'\t' '$5 == 900001 || $5 == 900002 { print $5, $8 }' >stacks
	is "$(wc -l <stacks)" 20 "their allocations are in the log"
	is "$(awk '$1 == 900001' stacks | grep -c '/libtwin_a.so')" 10 "the first one's are filed under it"
	is "$(awk '$1 == 900002' stacks | grep -c '/libtwin_b.so')" 10 "the second one's under it"
	is "$(awk '$1 == 900001' stacks | grep -c '/libtwin_b.so')" 0 "and none under the other"
	is "$(raw -i "$log" | grep -c '^module.*gone 1.*/libtwin_[ab].so')" 20 "all 20 were seen to go"
	field "$log" '[.sites[] | .function] | unique | .[]' >functions
	ok "the analyzer names the function of the first" grep -q alpha_maker functions
	ok "and of the second" grep -q beta_maker functions
fi
ok "totals equal the counter's" equal_counts twins

ok "names found through the caller's RUNPATH" counted runpath ./loads runpath
ok "totals equal the counter's" equal_counts runpath
ok "a namespace of its own" recorded space.bin ./loads space "$PWD/libtwin_a.so"
is "$(count space.bin 900005)" 1 "and what comes after it"

raw -i space.bin >info
for file in loads libc.so.6 libtwin_a.so ld-linux; do
	path=$(sed -n "s/^module .* path \(.*$file.*\)/\1/p" info | head -n 1)
	want=$(readelf -n "$path" 2>/dev/null | sed -n 's/.*Build ID: //p')
	is "$(sed -n "s/^module .* build \([0-9a-f]*\) path .*$file.*/\1/p" info | head -n 1)" "$want" \
		"$file is known by its build-id"
done
done_testing
