# SPDX-License-Identifier: Apache-2.0
# MEMSCOPE_STACKS=fp: programs built with frame pointers have whole stacks.
. "$(dirname "$0")/lib.sh"

recorded full.bin "$targets/frame_pointers"
is $? 0 "full stacks"
recorded fp.bin MEMSCOPE_STACKS=fp "$targets/frame_pointers"
is $? 0 "frame pointers"
functions() { # the program's own frames up to main, where the walk by frame pointers may end
	raw -m "$1" | awk -F'\t' '$5 >= 990001 && $5 <= 990020 { print $5, $8 }' | tr , ' ' |
		awk '{ printf "%s", $1; for (i = 2; $i ~ /\/frame_pointers\+/; i++) printf " %s", $i; print "" }'
}
functions full.bin >want
functions fp.bin >got
same got want "the same frames"
ok "enough of them" [ "$(awk 'NF > m { m = NF } END { print m }' want)" -ge 12 ]
recorded real.bin MEMSCOPE_STACKS=fp perl -e 'my %h = map { $_ => [$_] } 1 .. 1000; print scalar(keys %h), "\n"' >out
is "$? $(cat out)" "0 1000" "a program without frame pointers still runs"
done_testing
