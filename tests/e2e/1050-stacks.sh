# SPDX-License-Identifier: Apache-2.0
# The stacks in the log equal libunwind's own, frame by frame.
. "$(dirname "$0")/lib.sh"

# judge LOG TRUTH: "compared different shortest longest"; the first differences as diagnostics.
# The leaf's two calls stand a few instructions apart; all frames outside it are the same.
judge() {
	raw -a "$1" | awk -F'\t' '
		NR == FNR { truth[$1] = $2; next }
		$3 == "malloc" && ($5 in truth) {
			n = split($8, ours, ",")
			# libunwind stops without a word where code has no unwind information
			if (ours[n] == "cut2") { n--; cut++ }
			m = split(truth[$5], theirs, ",")
			bad = n != m || !ours[1] || substr(ours[1], 1, 9) != substr(theirs[1], 1, 9)
			for (i = 2; i <= n && !bad; i++)
				bad = ours[i] != theirs[i]
			if (bad && shown++ < 3) {
				printf "# size %d: ours %.600s\n", $5, $8 >"/dev/stderr"
				printf "# size %d: unw  %.600s\n", $5, truth[$5] >"/dev/stderr"
			}
			different += bad
			compared++
			if (!least || m < least) least = m
			if (m > most) most = m
			delete truth[$5]
		}
		END {
			for (size in truth) missing++
			print compared + 0, different + 0, missing + 0, least + 0, most + 0, cut + 0
		}' "$2" - 2>&1
}

for target in walks walks_cxx; do
	recorded $target.bin "$targets/$target" truth 2>err
	code=$?
	[ $code -eq 77 ] && skip_all "no libunwind.so.8"
	is $code 0 "$target runs"
	judge $target.bin truth >result
	sed -n '/^#/p' result
	read -r compared different missing least most cut <<END
$(tail -n 1 result)
END
	is "$different" 0 "$target: $compared stacks of $least to $most frames are equal"
	[ $target = walks ] && ok "one is 10,000 frames deep" [ "$most" -gt 10000 ]
	is "$missing" 0 "$target: none is missing"
	ok "$target: enough of them" [ "$compared" -gt 300 ]
	ok "$target: $cut of them end in code without unwind information" [ "$cut" -le 40 ]
done
# a sabotaged truth must be noticed
sed '5s/,0x\([0-9a-f]*\)$/,0x1\1/' truth >wrong
is "$(judge walks_cxx.bin wrong | tail -n 1 | cut -d' ' -f2)" 1 "one wrong frame in all of it is noticed"
done_testing
