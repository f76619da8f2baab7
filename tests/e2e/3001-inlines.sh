# SPDX-License-Identifier: Apache-2.0
# Functions inlined into each other are told apart, with their files and lines.
. "$(dirname "$0")/lib.sh"
command -v addr2line >/dev/null || skip_all "no addr2line"

recorded in.bin "$targets/inlines"
for size in 970001 970002; do
	leaf=$(raw -m in.bin | awk -F'\t' -v size=$size '$5 == size { print $8 }' | cut -d, -f1)
	address=$(printf '%#x' $((${leaf##*+} - 1)))
	addr2line -fie "$targets/inlines" "$address" | sed 's/ (discriminator.*//' |
		paste - - | awk '{ n = split($2, p, "/"); print $1, p[n] }' >want
	"$analyze" summary --format json in.bin | jq -r --argjson size $size '
		[.sites[] | select(.allocated == $size)][0].stack[] | "\(.function) \(.file // "?" | split("/") | last):\(.line)"' |
		head -n "$(wc -l <want)" >got
	same got want "$size: the functions and lines of addr2line"
	ok "$size: at least two of them" [ "$(wc -l <want)" -ge 2 ]
done
done_testing
